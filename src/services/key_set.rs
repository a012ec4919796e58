//! The keys that sign and verify tokens: how they are made, stored and read (BETTER-AUTH.md 1.6 and 1.7).

use std::collections::HashMap;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::jwk::{natural_algorithm, verifying_key};
use super::key_encryption::KeyEncryption;
use super::random;
use crate::database::keys::StoredKey;

/// How long a key that signs no more goes on verifying, as in Better Auth.
const GRACE_PERIOD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The keys as they were at one time.
#[derive(Default)]
pub struct KeySet {
    /// `None` before the first reading.
    pub(super) loaded_at: Option<Timestamp>,
    pub(super) signing: Option<SigningKey>,
    pub(super) verifying: HashMap<String, VerifyingKey>,
    pub(super) published: Vec<Value>,
}

#[derive(Clone)]
pub struct SigningKey {
    pub(super) id: String,
    pub(super) key: EncodingKey,
}

pub struct VerifyingKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// Tells it from another that has its place.
    pub(super) fingerprint: [u8; 32],
}

/// Why nothing can be verified with what an issuer has published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    #[error("the answer is no JSON Web Key Set")]
    Malformed,
    #[error("none of the keys is one for EdDSA, ES256, RS256 or PS256")]
    NoUsableKey,
}

impl KeySet {
    /// The keys in a JSON Web Key Set (RFC 7517, section 5). Those of other kinds, and those without a name, are passed
    /// over; of two with one name the first counts.
    ///
    /// # Errors
    /// [`KeySetError`].
    pub fn parse(document: &[u8], now: Timestamp) -> Result<Self, KeySetError> {
        let document: Value =
            serde_json::from_slice(document).map_err(|_| KeySetError::Malformed)?;
        let listed = document.get("keys").and_then(Value::as_array);
        let mut keys = Self { loaded_at: Some(now), ..Self::default() };
        for jwk in listed.ok_or(KeySetError::Malformed)?.iter().filter_map(Value::as_object) {
            let key_id = jwk.get("kid").and_then(Value::as_str).filter(|id| !id.is_empty());
            match (key_id, verifying_key(jwk)) {
                (Some(key_id), Some(key)) => {
                    keys.verifying.entry(key_id.to_owned()).or_insert(key);
                }
                _ => {
                    tracing::debug!(kid = key_id, "a key of the issuer is of no kind that is used")
                }
            }
        }
        if keys.verifying.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(keys) }
    }

    /// The keys as they are stored, the newest first.
    pub(super) fn read(stored: &[StoredKey], encryption: &KeyEncryption, now: Timestamp) -> Self {
        let mut keys = Self { loaded_at: Some(now), ..Self::default() };
        let retired = |key: &StoredKey| key.expires_at.is_some_and(|at| at + GRACE_PERIOD <= now);
        for stored in stored.iter().filter(|key| !retired(key)) {
            let Some(published) = read_public(stored) else {
                tracing::debug!(kid = stored.id, "a key in the table jwks does not read");
                continue;
            };
            let verifying = verifying_key(&published);
            keys.published.push(published.into());
            let Some(verifying) = verifying else {
                tracing::debug!(
                    kid = stored.id,
                    "a key in the table jwks is of no kind that is used"
                );
                continue;
            };
            let signs = stored.expires_at.is_none_or(|expires_at| expires_at > now);
            if keys.signing.is_none() && signs && verifying.algorithm == Algorithm::EdDSA {
                keys.signing = read_private(stored, encryption);
            }
            keys.verifying.insert(stored.id.clone(), verifying);
        }
        keys
    }

    /// Whether they were read less than `age` ago.
    pub(super) fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        self.loaded_at.is_some_and(|loaded_at| is_within(age, loaded_at, now))
    }
}

/// Whether two times are less than that apart. Either way round: a clock that is set back must not keep things fresh.
pub(super) fn is_within(span: SignedDuration, one: Timestamp, other: Timestamp) -> bool {
    other.duration_since(one).abs() < span
}

/// The key as it is published: `alg` first, `kid` last, as Better Auth does. A server beside us may sign with kinds of
/// keys that do not verify here; whoever asks us for the keys is told of those as well.
fn read_public(stored: &StoredKey) -> Option<Map<String, Value>> {
    let jwk: Map<String, Value> = serde_json::from_str(&stored.public_key).ok()?;
    let mut published = Map::new();
    let natural = || natural_algorithm(&jwk).unwrap_or("EdDSA");
    let algorithm = stored.algorithm.as_deref().unwrap_or_else(natural);
    published.insert("alg".to_owned(), algorithm.into());
    published.extend(jwk);
    published.insert("kid".to_owned(), stored.id.as_str().into());
    Some(published)
}

/// The private half, or `None` where it was encrypted with another secret: then a new key is made, and the
/// old one goes on verifying.
fn read_private(stored: &StoredKey, encryption: &KeyEncryption) -> Option<SigningKey> {
    #[derive(Deserialize)]
    struct PrivateJwk {
        d: String,
    }
    let signing = encryption.decrypt(&stored.private_key).and_then(|plain| {
        let jwk: PrivateJwk = serde_json::from_str(&plain).ok()?;
        let seed = URL_SAFE_NO_PAD.decode(jwk.d).ok()?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        let der = pair.to_pkcs8().ok()?;
        Some(SigningKey { id: stored.id.clone(), key: EncodingKey::from_ed_der(der.as_ref()) })
    });
    if signing.is_none() {
        tracing::warn!(
            kid = stored.id,
            "a signing key cannot be decrypted with the present secret"
        );
    }
    signing
}

/// A new Ed25519 key, its private half encrypted.
pub(super) fn mint_key(encryption: &KeyEncryption, now: Timestamp) -> StoredKey {
    let seed = random::bytes::<32>();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
    let public = URL_SAFE_NO_PAD.encode(pair.public_key());
    let private = URL_SAFE_NO_PAD.encode(seed);
    StoredKey {
        id: random::id(),
        public_key: format!(r#"{{"crv":"Ed25519","x":"{public}","kty":"OKP"}}"#),
        private_key: encryption
            .encrypt(&format!(r#"{{"crv":"Ed25519","d":"{private}","x":"{public}","kty":"OKP"}}"#)),
        created_at: now,
        expires_at: None,
        algorithm: Some("EdDSA".to_owned()),
        curve: Some("Ed25519".to_owned()),
    }
}
