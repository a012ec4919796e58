//! Certificate authorities that this machine trusts, beside the public ones that are in the binary: those of a company,
//! or the one that `SSL_CERT_FILE` names.

/// The certificates in DER. Empty in a container that has none.
pub fn of_this_machine() -> Vec<Vec<u8>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::debug!(%error, "a certificate of this machine does not read");
    }
    found.certs.into_iter().map(|certificate| certificate.to_vec()).collect()
}
