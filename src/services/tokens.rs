//! Issuing JWTs, as Better Auth's `jwt` plugin does (BETTER-AUTH.md 1.6).

use std::sync::Arc;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use serde_json::Value;

use super::stored_keys::StoredKeys;
use crate::database::DatabaseError;
use crate::models::timestamp;
use crate::models::user::{User, UserId};

/// How long a token lives.
const LIFETIME_SECONDS: i64 = 900;

/// Issues tokens.
pub struct Tokens {
    keys: Arc<StoredKeys>,
    origin: String,
}

/// The claims, in the order in which Better Auth writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claims<'a> {
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

impl Tokens {
    /// Tokens from and for `origin`.
    pub fn new(keys: Arc<StoredKeys>, origin: &str) -> Self {
        Self { keys, origin: origin.to_owned() }
    }

    /// A token for a user, valid for fifteen minutes. Makes the first key where there is none that signs.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn issue(&self, user: &User, now: Timestamp) -> Result<String, DatabaseError> {
        let signing = self.keys.signing(now).await?;
        let iat = now.as_second();
        let claims = Claims {
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
            iss: &self.origin,
            aud: &self.origin,
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
    pub async fn published(&self, now: Timestamp) -> Result<Vec<Value>, DatabaseError> {
        self.keys.signing(now).await?;
        Ok(self.keys.current().published.clone())
    }
}
