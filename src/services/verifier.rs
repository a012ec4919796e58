//! Verifying JWTs (BETTER-AUTH.md 3), whoever issued them: the key by its `kid` alone, the algorithm from the key,
//! `exp`, `iss`, `aud` and `sub` required.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::Deserialize;

use super::hashes::sha256;
use super::key_set::{KeySet, VerifyingKey};
use super::remote_keys::RemoteKeys;
use super::stored_keys::StoredKeys;
use crate::config::Accepted;
use crate::error::{Error, Unauthorized};
use crate::models::secret::Secret;
use crate::models::user::UserId;

/// How far apart the clocks of an issuer and ours may be.
const LEEWAY_SECONDS: i64 = 30;
/// The longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// What the one shared key is called here.
const SHARED_KEY_ID: &str = "";
/// How many verified tokens are remembered.
const MAX_VERIFIED: usize = 10_000;

/// Verifies tokens, and remembers those that it has verified.
pub struct Verifier {
    keys: Keys,
    accepted: Accepted,
    verified: Cache<[u8; 32], Verified>,
}

/// Where the keys come from.
pub enum Keys {
    /// Our own, in the database.
    Stored(Arc<StoredKeys>),
    /// An issuer's elsewhere, which it publishes.
    Remote(RemoteKeys),
    /// One that was agreed on, whatever a token calls it.
    Shared(Arc<KeySet>),
}

#[derive(Clone)]
struct Verified {
    owner: UserId,
    expires_at_seconds: i64,
    key_id: String,
    key_fingerprint: [u8; 32],
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// One text; jsonwebtoken would take a list with one of ours in it as well.
    iss: String,
    exp: NumericDate,
    nbf: Option<NumericDate>,
}

/// Whole seconds since 1970. What is written may have a fraction (RFC 7519, section 2).
#[derive(Clone, Copy, Deserialize)]
#[serde(from = "serde_json::Number")]
struct NumericDate(i64);

impl From<serde_json::Number> for NumericDate {
    fn from(number: serde_json::Number) -> Self {
        // What no i64 holds becomes the nearest that one does.
        let rounded = || number.as_f64().map_or(i64::MIN, |seconds| seconds.floor() as i64);
        Self(number.as_i64().unwrap_or_else(rounded))
    }
}

impl Keys {
    /// The secret that tokens are signed with by HS256.
    pub fn shared(secret: &Secret) -> Self {
        let key = VerifyingKey {
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret.as_bytes()),
            fingerprint: [0; 32],
        };
        let verifying = HashMap::from([(SHARED_KEY_ID.to_owned(), key)]);
        Self::Shared(Arc::new(KeySet { verifying, ..KeySet::default() }))
    }

    /// Which key a token names.
    fn id_in(&self, header: Header) -> Option<String> {
        match self {
            Self::Stored(_) | Self::Remote(_) => header.kid,
            Self::Shared(_) => Some(SHARED_KEY_ID.to_owned()),
        }
    }

    /// The keys, if a token that was verified by one of them need not be looked at again.
    async fn settled(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        match self {
            Self::Stored(keys) => keys.fresh(now),
            Self::Remote(keys) => Some(keys.known(now).await),
            Self::Shared(keys) => Some(Arc::clone(keys)),
        }
    }

    /// The keys, looked for anew where `key_id` is not known.
    async fn with(&self, key_id: &str, now: Timestamp) -> Result<Arc<KeySet>, Error> {
        match self {
            Self::Stored(keys) => Ok(keys.with(key_id, now).await?),
            Self::Remote(keys) => {
                let keys = keys.with(key_id, now).await;
                if keys.loaded_at.is_some() { Ok(keys) } else { Err(Unauthorized::NoKeys.into()) }
            }
            Self::Shared(keys) => Ok(Arc::clone(keys)),
        }
    }
}

impl Verifier {
    /// A verifier that has verified nothing yet.
    pub fn new(keys: Keys, accepted: Accepted) -> Self {
        Self { keys, accepted, verified: Cache::new(MAX_VERIFIED) }
    }

    /// The user that a token is about.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] with the reason; [`Error::Unavailable`] where the keys cannot be read.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<UserId, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unauthorized::TokenTooLong.into());
        }
        let fingerprint = sha256(token.as_bytes());
        if let Some(verified) = self.verified.get(&fingerprint)
            && self.keys.settled(now).await.is_some_and(|keys| verified.is_by_one_of(&keys))
        {
            return verified.owner_at(now);
        }
        let verified = self.verify_anew(token, now).await?;
        let owner = verified.owner_at(now)?;
        self.verified.insert(fingerprint, verified);
        Ok(owner)
    }

    async fn verify_anew(&self, token: &str, now: Timestamp) -> Result<Verified, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthorized::InvalidToken)?;
        // Whatever is critical must be understood (RFC 7515, section 4.1.11), and we know no extension.
        if header.crit.is_some() {
            return Err(Unauthorized::InvalidToken.into());
        }
        let key_id = self.keys.id_in(header).ok_or(Unauthorized::InvalidToken)?;
        let keys = self.keys.with(&key_id, now).await?;
        let key = keys.verifying.get(&key_id).ok_or(Unauthorized::UnknownKey)?;
        let claims = self.claims(token, key)?;
        let latest = now.as_second().saturating_add(LEEWAY_SECONDS);
        let is_early = claims.nbf.is_some_and(|NumericDate(nbf)| nbf > latest);
        if is_early {
            return Err(Unauthorized::InvalidToken.into());
        }
        if !self.accepted.issuers.contains(&claims.iss) {
            return Err(Unauthorized::Foreign.into());
        }
        let owner = UserId::parse(&claims.sub).ok_or(Unauthorized::InvalidToken)?;
        let key_fingerprint = key.fingerprint;
        Ok(Verified { owner, expires_at_seconds: claims.exp.0, key_id, key_fingerprint })
    }

    fn claims(&self, token: &str, key: &VerifyingKey) -> Result<Claims, Unauthorized> {
        // The algorithm is the key's; the token's own word for it must only agree.
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_audience(&self.accepted.audiences);
        validation.validate_exp = false; // by our own clock, in `owner_at`
        validation.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.key, &validation);
        decoded.map(|decoded| decoded.claims).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Unauthorized::BadSignature,
            jsonwebtoken::errors::ErrorKind::InvalidAudience => Unauthorized::Foreign,
            _ => Unauthorized::InvalidToken,
        })
    }
}

impl Verified {
    /// Whether the key is still there, and still the same.
    fn is_by_one_of(&self, keys: &KeySet) -> bool {
        let key = keys.verifying.get(&self.key_id);
        key.is_some_and(|key| key.fingerprint == self.key_fingerprint)
    }

    fn owner_at(&self, now: Timestamp) -> Result<UserId, Error> {
        if self.expires_at_seconds.saturating_add(LEEWAY_SECONDS) <= now.as_second() {
            return Err(Unauthorized::Expired.into());
        }
        Ok(self.owner.clone())
    }
}
