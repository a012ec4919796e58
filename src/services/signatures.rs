//! Signed cookie values, as Better Auth signs them (BETTER-AUTH.md 1.3).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::models::secret::Secret;

/// Signs values, and checks the signature of signed ones.
pub struct Signatures(hmac::Key);

impl Signatures {
    /// HMAC-SHA256 with the bytes of the secret.
    pub fn new(secret: &Secret) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// `<value>.<signature in padded base64>`, not percent-encoded.
    pub fn sign(&self, value: &str) -> String {
        let signature = STANDARD.encode(hmac::sign(&self.0, value.as_bytes()));
        format!("{value}.{signature}")
    }

    /// The value of a signed text, or `None` where the signature does not fit.
    pub fn verify<'a>(&self, signed: &'a str) -> Option<&'a str> {
        let (value, signature) = signed.rsplit_once('.')?;
        let signature = STANDARD.decode(signature).ok()?;
        hmac::verify(&self.0, value.as_bytes(), &signature).ok().map(|()| value)
    }
}
