//! An issuer that publishes its keys by https, with a certificate of an authority of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::issuer::TestKey;

/// A server on loopback that lasts as long as its runtime.
pub struct TlsIssuer {
    pub address: SocketAddr,
    /// The authority's certificate as PEM.
    pub authority: String,
}

impl TlsIssuer {
    pub async fn start(key: &TestKey) -> Self {
        let (config, authority) = certified();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let body = json!({"keys": [key.jwk()]}).to_string();
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that does not trust us hangs up; the next one may.
                tokio::spawn(respond(acceptor.clone(), stream, answer.clone()));
            }
        });
        Self { address, authority }
    }
}

async fn respond(acceptor: TlsAcceptor, stream: TcpStream, answer: String) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// What a server on loopback needs, and the authority that vouches for it.
fn certified() -> (ServerConfig, String) {
    let authority_key = KeyPair::generate().expect("a key is made");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = authority.self_signed(&authority_key).expect("it is signed");
    let authority = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key is made");
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).expect("they are names");
    let server = server.signed_by(&key, &authority).expect("it is signed");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(
            vec![server.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("they belong together");
    (config, certificate.pem())
}
