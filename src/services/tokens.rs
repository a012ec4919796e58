//! Issuing and verifying JWTs, as Better Auth's `jwt` plugin does (BETTER-AUTH.md 1.6 and 3).
//!
//! Keys live in the database, where other copies and a TypeScript Better Auth find them too. They are read
//! again when they have become old, and when a token names one that is not known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::key_encryption::KeyEncryption;
use super::random;
use crate::config::Secret;
use crate::database::keys::{self, StoredKey};
use crate::database::{Database, DatabaseError};
use crate::error::{Error, Unauthorized};
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

/// The keys as they were at one time.
#[derive(Default)]
struct KeySet {
    /// `None` before the first reading.
    loaded_at: Option<Timestamp>,
    signing: Option<SigningKey>,
    verifying: HashMap<String, VerifyingKey>,
    published: Vec<Value>,
}

#[derive(Clone)]
struct SigningKey {
    id: String,
    key: EncodingKey,
}

struct VerifyingKey {
    algorithm: Algorithm,
    key: DecodingKey,
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
        keys::insert_key(database, &self.mint(now)).await?;
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

    /// A new Ed25519 key, its private half encrypted.
    fn mint(&self, now: Timestamp) -> StoredKey {
        let seed = random::bytes::<32>();
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any 32 bytes are a seed");
        let public = URL_SAFE_NO_PAD.encode(pair.public_key());
        let private = URL_SAFE_NO_PAD.encode(seed);
        StoredKey {
            id: random::id(),
            public_key: format!(r#"{{"crv":"Ed25519","x":"{public}","kty":"OKP"}}"#),
            private_key: self.encryption.encrypt(&format!(
                r#"{{"crv":"Ed25519","d":"{private}","x":"{public}","kty":"OKP"}}"#
            )),
            created_at: now,
            expires_at: None,
            algorithm: Some("EdDSA".to_owned()),
            curve: Some("Ed25519".to_owned()),
        }
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

impl KeySet {
    fn read(stored: &[StoredKey], encryption: &KeyEncryption, now: Timestamp) -> Self {
        let mut keys = Self { loaded_at: Some(now), ..Self::default() };
        for stored in stored {
            let Some((published, verifying)) = read_public(stored) else {
                tracing::warn!(kid = stored.id, "a key in the table jwks does not read");
                continue;
            };
            keys.published.push(published);
            let signs = stored.expires_at.is_none_or(|expires_at| expires_at > now);
            if keys.signing.is_none() && signs && verifying.algorithm == Algorithm::EdDSA {
                keys.signing = read_private(stored, encryption);
            }
            keys.verifying.insert(stored.id.clone(), verifying);
        }
        keys
    }

    fn is_younger_than(&self, age: SignedDuration, now: Timestamp) -> bool {
        self.loaded_at.is_some_and(|loaded_at| now.duration_since(loaded_at) < age)
    }
}

/// The key as it is published (`alg` first, `kid` last, as Better Auth does), and as it verifies.
fn read_public(stored: &StoredKey) -> Option<(Value, VerifyingKey)> {
    let jwk: Map<String, Value> = serde_json::from_str(&stored.public_key).ok()?;
    let name = stored.algorithm.as_deref().unwrap_or("EdDSA");
    let algorithm = match name {
        "EdDSA" => Algorithm::EdDSA,
        "ES256" => Algorithm::ES256,
        "RS256" => Algorithm::RS256,
        "PS256" => Algorithm::PS256,
        _ => return None,
    };
    let key =
        DecodingKey::from_jwk(&serde_json::from_value(Value::Object(jwk.clone())).ok()?).ok()?;
    let mut published = Map::new();
    published.insert("alg".to_owned(), name.into());
    published.extend(jwk);
    published.insert("kid".to_owned(), stored.id.as_str().into());
    Some((Value::Object(published), VerifyingKey { algorithm, key }))
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
