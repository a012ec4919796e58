//! Encryption of private keys at rest, as Better Auth does it (BETTER-AUTH.md 1.7): XChaCha20-Poly1305 under
//! SHA-256 of the secret, `nonce ‖ ciphertext ‖ tag` in hex, as a JSON string. Where secrets are numbered, the number
//! stands before it: `$ba$<number>$`.

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::hashes::sha256;
use super::random;
use crate::models::secret::{Secret, Secrets};

const NONCE_BYTES: usize = 24;
const NUMBERED: &str = "$ba$";

/// Encrypts and decrypts private keys.
pub struct KeyEncryption {
    /// With their numbers, the present one first.
    ciphers: Vec<(Option<u32>, XChaCha20Poly1305)>,
}

impl KeyEncryption {
    /// The ciphers that the secrets stand for.
    pub fn new(secrets: &Secrets) -> Self {
        let ciphers = secrets.all().map(|(version, secret)| (version, cipher(secret)));
        Self { ciphers: ciphers.collect() }
    }

    /// A text as it is stored.
    pub fn encrypt(&self, plain: &str) -> String {
        let (version, cipher) = self.ciphers.first().expect("there is always a present secret");
        let nonce = random::bytes::<NONCE_BYTES>();
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), plain.as_bytes())
            .expect("a key is far below the cipher's limit of 256 GiB");
        let prefix = version.map(|version| format!("{NUMBERED}{version}$")).unwrap_or_default();
        format!("\"{prefix}{}{}\"", hex::encode(nonce), hex::encode(sealed))
    }

    /// The text that was encrypted, or `None` where it was with none of the secrets. A key that Better Auth was
    /// told not to encrypt is plain JSON, and comes back as it is.
    pub fn decrypt(&self, stored: &str) -> Option<String> {
        if stored.starts_with('{') {
            return Some(stored.to_owned());
        }
        let text = stored.trim_matches('"');
        let (number, sealed) = match text.strip_prefix(NUMBERED) {
            Some(numbered) => {
                let (number, sealed) = numbered.split_once('$')?;
                (Some(number.parse::<u32>().ok()?), sealed)
            }
            None => (None, text),
        };
        let sealed = hex::decode(sealed).ok()?;
        // What has no number may have been encrypted before there were any: with any of them.
        let mut eligible =
            self.ciphers.iter().filter(|(version, _)| number.is_none() || *version == number);
        eligible.find_map(|(_, cipher)| open(cipher, &sealed))
    }
}

fn cipher(secret: &Secret) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&sha256(secret.as_bytes()).into())
}

fn open(cipher: &XChaCha20Poly1305, sealed: &[u8]) -> Option<String> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    String::from_utf8(cipher.decrypt(&XNonce::from(nonce), sealed).ok()?).ok()
}
