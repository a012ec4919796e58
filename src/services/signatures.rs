//! Signed cookie values, as Better Auth signs them (BETTER-AUTH.md 1.3).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::models::secret::Secrets;

/// Signs values, and checks the signature of signed ones.
pub struct Signatures {
    current: hmac::Key,
    /// What was signed with these goes on being good.
    earlier: Vec<hmac::Key>,
}

impl Signatures {
    /// HMAC-SHA256 with the bytes of the secrets.
    pub fn new(secrets: &Secrets) -> Self {
        let mut keys =
            secrets.all().map(|(_, secret)| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
        let current = keys.next().expect("there is always a present secret");
        Self { current, earlier: keys.collect() }
    }

    /// `<value>.<signature in padded base64>`, not percent-encoded.
    pub fn sign(&self, value: &str) -> String {
        let signature = STANDARD.encode(hmac::sign(&self.current, value.as_bytes()));
        format!("{value}.{signature}")
    }

    /// The value of a signed text, or `None` where the signature does not fit.
    pub fn verify<'a>(&self, signed: &'a str) -> Option<&'a str> {
        let (value, signature) = signed.rsplit_once('.')?;
        let signature = STANDARD.decode(signature).ok()?;
        let fits = |key| hmac::verify(key, value.as_bytes(), &signature).is_ok();
        std::iter::once(&self.current).chain(&self.earlier).any(fits).then_some(value)
    }
}
