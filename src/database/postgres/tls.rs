//! Encrypting the connection to PostgreSQL, and how far its certificate is looked at (libpq's `sslmode`).

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};
use tokio_postgres::config::SslNegotiation;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{Authorities, PostgresSettings, SslMode};
use crate::tls_roots;

/// How connections of these settings are encrypted, where they are.
///
/// # Errors
/// A sentence, where the authorities cannot be used.
pub(super) fn connector(settings: &PostgresSettings) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(default_provider());
    let verifier = verifier(settings, &provider)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    if settings.config.get_ssl_negotiation() == SslNegotiation::Direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn verifier(
    settings: &PostgresSettings,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let is_named = settings.authorities != Authorities::Known;
    Ok(match settings.ssl_mode {
        SslMode::VerifyFull => {
            let roots = Arc::new(roots(&settings.authorities));
            WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
                .build()
                .map_err(|error| format!("the certificate authorities cannot be used: {error}"))?
        }
        mode => {
            let looks_at_chain =
                mode == SslMode::VerifyCa || (mode == SslMode::Require && is_named);
            let roots = looks_at_chain.then(|| roots(&settings.authorities));
            Arc::new(Lenient { provider: Arc::clone(provider), roots })
        }
    })
}

fn roots(authorities: &Authorities) -> RootCertStore {
    let Authorities::Only(certificates) = authorities else {
        return tls_roots::all();
    };
    let mut roots = RootCertStore::empty();
    // Whether they can be used was looked at when the setting was read.
    roots.add_parsable_certificates(certificates.iter().cloned());
    roots
}

/// Looks at no name, and at the chain only where there are `roots`. That the server holds the key of the certificate
/// it shows is checked always: SCRAM's channel binding builds on it.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    roots: Option<RootCertStore>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(certificate)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What to do about a certificate that was refused.
pub(super) fn advice(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "its certificate is of an authority that is not known here. Name that authority's file as sslrootcert"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name. Connect by a name that is in it, or leave the name out of account \
             with sslmode=verify-ca"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired. Renew it on the server"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet. Look at the clocks of both machines"
        }
        _ => {
            "its certificate is not good. See what the server shows, or name its authority as sslrootcert"
        }
    }
}
