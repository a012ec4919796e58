//! Issuing and verifying JWTs, as Better Auth's `jwt` plugin does (BETTER-AUTH.md 1.6 and 3).
//!
//! Keys live in the database, where other copies and a TypeScript Better Auth find them too. They are read
//! again when they have become old, and when a token names one that is not known.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::key_encryption::KeyEncryption;
use super::key_set::{KeySet, SigningKey, mint_key};
use crate::database::keys;
use crate::database::{Database, DatabaseError};
use crate::error::{Error, Unauthorized};
use crate::models::secret::Secret;
use crate::models::timestamp;
use crate::models::user::{User, UserId};

/// How long a token lives.
const LIFETIME_SECONDS: i64 = 900;
/// How far apart the clocks of an issuer and ours may be.
const LEEWAY_SECONDS: i64 = 30;
/// How long keys are used before they are read again: the bound within which a rotation elsewhere shows here.
const KEYS_FRESH_FOR: SignedDuration = SignedDuration::from_secs(30);
/// How often an unknown `kid` may make the keys be read again.
const RELOAD_INTERVAL: SignedDuration = SignedDuration::from_secs(10);
/// The longest token that is looked at, in bytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// How many verified tokens are remembered.
const MAX_VERIFIED: usize = 10_000;

/// Issues and verifies tokens.
pub struct Tokens {
    issuer: String,
    encryption: KeyEncryption,
    keys: RwLock<Arc<KeySet>>,
    /// Held by the one request that reads or makes keys while the others wait for it.
    loading: tokio::sync::Mutex<()>,
    verified: Cache<[u8; 32], Verified>,
}

#[derive(Clone)]
struct Verified {
    owner: UserId,
    expires_at_seconds: i64,
    key_id: String,
}

/// The claims, in the order in which Better Auth writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IssuedClaims<'a> {
    iat: i64,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
    image: Option<&'a str>,
    #[serde(serialize_with = "timestamp::serialize")]
    created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    updated_at: Timestamp,
    id: &'a UserId,
    sub: &'a UserId,
    exp: i64,
    iss: &'a str,
    aud: &'a str,
}

#[derive(Deserialize)]
struct VerifiedClaims {
    sub: String,
    exp: i64,
    nbf: Option<i64>,
}

impl Tokens {
    /// No key is read or made before one is needed.
    pub fn new(secret: &Secret, issuer: &str) -> Self {
        Self {
            issuer: issuer.to_owned(),
            encryption: KeyEncryption::new(secret),
            keys: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
            verified: Cache::new(MAX_VERIFIED),
        }
    }

    /// A token for a user, valid for fifteen minutes. Makes the first key where there is none that signs.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn issue(
        &self,
        database: &Database,
        user: &User,
        now: Timestamp,
    ) -> Result<String, DatabaseError> {
        let signing = self.signing_key(database, now).await?;
        let iat = now.as_second();
        let claims = IssuedClaims {
            iat,
            name: &user.name,
            email: &user.email,
            email_verified: user.email_verified,
            image: user.image.as_deref(),
            created_at: user.created_at,
            updated_at: user.updated_at,
            id: &user.id,
            sub: &user.id,
            exp: iat + LIFETIME_SECONDS,
            iss: &self.issuer,
            aud: &self.issuer,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = None;
        header.kid = Some(signing.id);
        jsonwebtoken::encode(&header, &claims, &signing.key)
            .map_err(|error| DatabaseError::Failed(format!("signing a token: {error}")))
    }

    /// The public keys, as `/jwks` answers them. Makes the first where there is none.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn published(
        &self,
        database: &Database,
        now: Timestamp,
    ) -> Result<Vec<Value>, DatabaseError> {
        self.signing_key(database, now).await?;
        Ok(self.current().published.clone())
    }

    /// The user that a token is about.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] with the reason; [`Error::Unavailable`] where the keys cannot be read.
    pub async fn verify(
        &self,
        database: &Database,
        token: &str,
        now: Timestamp,
    ) -> Result<UserId, Error> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Unauthorized::InvalidToken.into());
        }
        let fingerprint: [u8; 32] =
            digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some(verified) = self.verified.get(&fingerprint)
            && self.fresh(now).is_some_and(|keys| keys.verifying.contains_key(&verified.key_id))
        {
            return verified.owner_at(now);
        }
        let verified = self.verify_signature(database, token, now).await?;
        let owner = verified.owner_at(now)?;
        self.verified.insert(fingerprint, verified);
        Ok(owner)
    }

    async fn verify_signature(
        &self,
        database: &Database,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified, Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Unauthorized::InvalidToken)?;
        let key_id = header.kid.ok_or(Unauthorized::InvalidToken)?;
        let keys = self.keys_with(database, &key_id, now).await?;
        let key = keys.verifying.get(&key_id).ok_or(Unauthorized::BadSignature)?;
        // The algorithm is the key's; the token's own word for it must only agree.
        let mut validation = Validation::new(key.algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.issuer]);
        validation.validate_exp = false; // by our own clock, below
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<VerifiedClaims>(token, &key.key, &validation)
            .map_err(|error| match error.kind() {
                jsonwebtoken::errors::ErrorKind::InvalidSignature => Unauthorized::BadSignature,
                _ => Unauthorized::InvalidToken,
            })?
            .claims;
        if claims.nbf.is_some_and(|nbf| nbf > now.as_second() + LEEWAY_SECONDS) {
            return Err(Unauthorized::InvalidToken.into());
        }
        let owner = UserId::parse(&claims.sub).ok_or(Unauthorized::InvalidToken)?;
        Ok(Verified { owner, expires_at_seconds: claims.exp, key_id })
    }

    fn current(&self) -> Arc<KeySet> {
        // The set is replaced whole, so a panic elsewhere cannot have left half of one.
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<KeySet>> {
        let keys = self.current();
        keys.is_younger_than(KEYS_FRESH_FOR, now).then_some(keys)
    }

    /// The keys, read again where they are old, or where `key_id` is not among them.
    async fn keys_with(
        &self,
        database: &Database,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, DatabaseError> {
        let serves = |keys: &KeySet| {
            let age =
                if keys.verifying.contains_key(key_id) { KEYS_FRESH_FOR } else { RELOAD_INTERVAL };
            keys.is_younger_than(age, now)
        };
        let keys = self.current();
        if serves(&keys) {
            return Ok(keys);
        }
        let _loading = self.loading.lock().await;
        let keys = self.current();
        if serves(&keys) { Ok(keys) } else { self.load(database, now).await }
    }

    async fn signing_key(
        &self,
        database: &Database,
        now: Timestamp,
    ) -> Result<SigningKey, DatabaseError> {
        if let Some(key) = self.fresh(now).and_then(|keys| keys.signing.clone()) {
            return Ok(key);
        }
        let _loading = self.loading.lock().await;
        if let Some(key) = self.fresh(now).and_then(|keys| keys.signing.clone()) {
            return Ok(key);
        }
        if let Some(key) = &self.load(database, now).await?.signing {
            return Ok(key.clone());
        }
        keys::insert_key(database, &mint_key(&self.encryption, now)).await?;
        self.load(database, now)
            .await?
            .signing
            .clone()
            .ok_or_else(|| DatabaseError::Failed("the new signing key does not read".to_owned()))
    }

    async fn load(
        &self,
        database: &Database,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, DatabaseError> {
        let stored = keys::list_keys(database).await?;
        let keys = Arc::new(KeySet::read(&stored, &self.encryption, now));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&keys);
        Ok(keys)
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
