//! Certificate authorities: the public ones, which are in the binary, and those that this machine trusts beside them,
//! such as a company's own, or the one that `SSL_CERT_FILE` names.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};

/// The certificates of this machine in DER. Empty in a container that has none.
pub fn of_this_machine() -> Vec<Vec<u8>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "a certificate of this machine does not read");
    }
    found.certs.into_iter().map(|certificate| certificate.to_vec()).collect()
}

/// All of them.
pub fn all() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(of_this_machine().into_iter().map(Into::into));
    roots
}

/// What a client that trusts all of them connects with.
pub fn client_config() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(all())
        .with_no_client_auth()
}
