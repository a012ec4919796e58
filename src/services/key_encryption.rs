//! Encryption of private keys at rest, as Better Auth does it (BETTER-AUTH.md 1.7): XChaCha20-Poly1305 under
//! SHA-256 of the secret, `nonce ‖ ciphertext ‖ tag` in hex, as a JSON string.

use aws_lc_rs::digest::{SHA256, digest};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::random;
use crate::models::secret::Secret;

const NONCE_BYTES: usize = 24;

/// Encrypts and decrypts private keys.
pub struct KeyEncryption(XChaCha20Poly1305);

impl KeyEncryption {
    /// The cipher that a secret stands for.
    pub fn new(secret: &Secret) -> Self {
        let key: [u8; 32] =
            digest(&SHA256, secret.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
        Self(XChaCha20Poly1305::new(&key.into()))
    }

    /// A text as it is stored.
    pub fn encrypt(&self, plain: &str) -> String {
        let nonce = random::bytes::<NONCE_BYTES>();
        let sealed = self
            .0
            .encrypt(&XNonce::from(nonce), plain.as_bytes())
            .expect("a key is far below the cipher's limit of 256 GiB");
        format!("\"{}{}\"", hex::encode(nonce), hex::encode(sealed))
    }

    /// The text that was encrypted, or `None` where it was not with this secret. A key that Better Auth was
    /// told not to encrypt is plain JSON, and comes back as it is.
    pub fn decrypt(&self, stored: &str) -> Option<String> {
        if stored.starts_with('{') {
            return Some(stored.to_owned());
        }
        let sealed = hex::decode(stored.trim_matches('"')).ok()?;
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let plain = self.0.decrypt(&XNonce::from(nonce), sealed).ok()?;
        String::from_utf8(plain).ok()
    }
}
