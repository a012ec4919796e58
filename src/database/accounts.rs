//! How users sign in: the table `account`, as Better Auth spells it. A password is the account `credential`.

use jiff::Timestamp;
use serde::Serialize;

use super::statement::{FromRow, Row, Statement};
use super::users::read_user_id;
use super::{Database, DatabaseError, sessions};
use crate::models::session::Session;
use crate::models::timestamp;
use crate::models::user::UserId;

/// The most accounts that are listed, as in Better Auth.
const MAX_LISTED: i64 = 100;

/// An account without its secrets: the field order is that of Better Auth's answers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub account_id: String,
    pub provider_id: String,
    pub user_id: UserId,
    #[serde(serialize_with = "timestamp::serialize")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "timestamp::serialize")]
    pub updated_at: Timestamp,
    pub id: String,
    pub scopes: Vec<String>,
}

impl FromRow for Account {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        let scopes: String = row.take_optional(6)?.unwrap_or_default();
        let scopes = scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty());
        Ok(Self {
            account_id: row.take(0)?,
            provider_id: row.take(1)?,
            user_id: read_user_id(&mut row, 2)?,
            created_at: row.take(3)?,
            updated_at: row.take(4)?,
            id: row.take(5)?,
            scopes: scopes.map(str::to_owned).collect(),
        })
    }
}

/// A user's accounts, the oldest first, at most a hundred.
///
/// # Errors
/// [`DatabaseError`].
pub async fn list_accounts(
    database: &Database,
    user: &UserId,
) -> Result<Vec<Account>, DatabaseError> {
    let statement = Statement::of(
        user,
        r#"SELECT "accountId", "providerId", "userId", "createdAt", "updatedAt", "id", "scope" FROM "account"
           WHERE "userId" = $1 ORDER BY "createdAt", "id" LIMIT $2"#,
    )
    .bind(MAX_LISTED);
    database.read(statement).await
}

/// The hash of a user's password, or `None` where they have none.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_password_hash(
    database: &Database,
    user: &UserId,
) -> Result<Option<String>, DatabaseError> {
    let statement = Statement::of(
        user,
        r#"SELECT "password" FROM "account" WHERE "userId" = $1 AND "providerId" = 'credential'"#,
    );
    match database.read::<Row>(statement).await?.into_iter().next() {
        Some(mut row) => row.take_optional(0),
        None => Ok(None),
    }
}

/// When a user's password was last set; `None` where they have none.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_password_time(
    database: &Database,
    user: &UserId,
) -> Result<Option<Timestamp>, DatabaseError> {
    let statement = Statement::of(
        user,
        r#"SELECT "updatedAt" FROM "account" WHERE "userId" = $1 AND "providerId" = 'credential'"#,
    );
    let found = database.read::<Row>(statement).await?.into_iter().next();
    found.map(|mut row| row.take(0)).transpose()
}

/// Replaces a user's password. With `only_session` every session of theirs ends in the same batch, and
/// that one begins.
///
/// # Errors
/// [`DatabaseError`].
pub async fn update_password(
    database: &Database,
    user: &UserId,
    password_hash: &str,
    now: Timestamp,
    only_session: Option<&Session>,
) -> Result<(), DatabaseError> {
    let update = Statement::of(
        user,
        r#"UPDATE "account" SET "password" = $2, "updatedAt" = $3
           WHERE "userId" = $1 AND "providerId" = 'credential'"#,
    )
    .bind(password_hash)
    .bind(now);
    let mut batch = vec![update];
    if let Some(session) = only_session {
        batch.push(sessions::delete_all_statement(user));
        batch.push(sessions::insert_statement(session));
    }
    database.write(batch).await.map(drop)
}
