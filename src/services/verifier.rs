//! Verifying JWTs (BETTER-AUTH.md 3), whoever issued them: the key by its `kid` alone, the algorithm from the key,
//! `exp`, `iss`, `aud` and `sub` required.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use jsonwebtoken::Validation;
use quick_cache::sync::Cache;
use serde::Deserialize;

use super::key_set::{KeySet, VerifyingKey};
use super::stored_keys::StoredKeys;
use crate::config::Accepted;
use crate::error::{Error, Unauthorized};
use crate::models::user::UserId;

/// How far apart the clocks of an issuer and ours may be.
const LEEWAY_SECONDS: i64 = 30;
/// The longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
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
}

#[derive(Clone)]
struct Verified {
    owner: UserId,
    expires_at_seconds: i64,
    key_id: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
}

impl Keys {
    /// The keys, if a token that was verified by one of them need not be looked at again.
    fn settled(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        match self {
            Self::Stored(keys) => keys.fresh(now),
        }
    }

    /// The keys, looked for anew where `key_id` is not known.
    async fn with(&self, key_id: &str, now: Timestamp) -> Result<Arc<KeySet>, Error> {
        match self {
            Self::Stored(keys) => Ok(keys.with(key_id, now).await?),
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
            return Err(Unauthorized::InvalidToken.into());
        }
        let fingerprint: [u8; 32] =
            digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some(verified) = self.verified.get(&fingerprint)
            && self
                .keys
                .settled(now)
                .is_some_and(|keys| keys.verifying.contains_key(&verified.key_id))
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
        let key_id = header.kid.ok_or(Unauthorized::InvalidToken)?;
        let keys = self.keys.with(&key_id, now).await?;
        let key = keys.verifying.get(&key_id).ok_or(Unauthorized::BadSignature)?;
        let claims = self.claims(token, key)?;
        if claims.nbf.is_some_and(|nbf| nbf > now.as_second().saturating_add(LEEWAY_SECONDS)) {
            return Err(Unauthorized::InvalidToken.into());
        }
        let owner = UserId::parse(&claims.sub).ok_or(Unauthorized::InvalidToken)?;
        Ok(Verified { owner, expires_at_seconds: claims.exp, key_id })
    }

    fn claims(&self, token: &str, key: &VerifyingKey) -> Result<Claims, Unauthorized> {
        // The algorithm is the key's; the token's own word for it must only agree.
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&self.accepted.issuers);
        validation.set_audience(&self.accepted.audiences);
        validation.validate_exp = false; // by our own clock, in `owner_at`
        validation.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &key.key, &validation);
        decoded.map(|decoded| decoded.claims).map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::InvalidSignature => Unauthorized::BadSignature,
            _ => Unauthorized::InvalidToken,
        })
    }
}

impl Verified {
    fn owner_at(&self, now: Timestamp) -> Result<UserId, Error> {
        if self.expires_at_seconds.saturating_add(LEEWAY_SECONDS) <= now.as_second() {
            return Err(Unauthorized::Expired.into());
        }
        Ok(self.owner.clone())
    }
}
