//! The keys that sign tokens: the table `jwks`, as Better Auth spells it.

use jiff::Timestamp;

use super::statement::{FromRow, Row, Statement};
use super::{Database, DatabaseError};

/// A key as it is stored. `Debug` is left out: the private half is only as safe as its encryption.
#[derive(Clone)]
pub struct StoredKey {
    /// The `kid` of the tokens that it signs.
    pub id: String,
    /// A public JWK as JSON text, without `kid` and `alg`.
    pub public_key: String,
    /// The private half, encrypted as Better Auth does, or plain JSON where it was told not to.
    pub private_key: String,
    pub created_at: Timestamp,
    /// When it stops signing; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// `None` is read as `EdDSA`.
    pub algorithm: Option<String>,
    pub curve: Option<String>,
}

impl FromRow for StoredKey {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: row.take(0)?,
            public_key: row.take(1)?,
            private_key: row.take(2)?,
            created_at: row.take(3)?,
            expires_at: row.take_optional(4)?,
            algorithm: row.take_optional(5)?,
            curve: row.take_optional(6)?,
        })
    }
}

/// Every key, the newest first.
///
/// # Errors
/// [`DatabaseError`].
pub async fn list_keys(database: &Database) -> Result<Vec<StoredKey>, DatabaseError> {
    let statement = Statement::without_owner(
        r#"SELECT "id", "publicKey", "privateKey", "createdAt", "expiresAt", "alg", "crv"
           FROM "jwks" ORDER BY "createdAt" DESC, "id""#,
    );
    database.read(statement).await
}

/// Keeps a new key.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_key(database: &Database, key: &StoredKey) -> Result<(), DatabaseError> {
    let insert = Statement::without_owner(
        r#"INSERT INTO "jwks" ("id", "publicKey", "privateKey", "createdAt", "expiresAt", "alg", "crv")
           VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
    )
    .bind(key.id.as_str())
    .bind(key.public_key.as_str())
    .bind(key.private_key.as_str())
    .bind(key.created_at)
    .bind(key.expires_at)
    .bind(key.algorithm.clone())
    .bind(key.curve.clone());
    database.write(vec![insert]).await.map(drop)
}
