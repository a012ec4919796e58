//! What was sent to somebody and waits to come back once: the table `verification`, as Better Auth spells it.

use jiff::Timestamp;

use super::statement::{FromRow, Row, Statement};
use super::{Database, DatabaseError, sessions};
use crate::models::user::UserId;

/// A row that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// What it is for, and the secret part: `reset-password:…`, `delete-account-…`.
    pub identifier: String,
    /// Whom it was sent to.
    pub user: String,
    pub expires_at: Timestamp,
}

impl FromRow for Verification {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self { identifier: row.take(0)?, user: row.take(1)?, expires_at: row.take(2)? })
    }
}

/// Keeps a row, and drops those that have run out.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_verification(
    database: &Database,
    id: &str,
    verification: &Verification,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let sweep =
        Statement::without_owner(r#"DELETE FROM "verification" WHERE "expiresAt" < $1"#).bind(now);
    let insert = Statement::without_owner(
        r#"INSERT INTO "verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
           VALUES ($1, $2, $3, $4, $5, $5)"#,
    )
    .bind(id)
    .bind(verification.identifier.as_str())
    .bind(verification.user.as_str())
    .bind(verification.expires_at)
    .bind(now);
    database.write(vec![sweep, insert]).await.map(drop)
}

/// The latest row of that name that has not run out.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_verification(
    database: &Database,
    identifier: &str,
    now: Timestamp,
) -> Result<Option<Verification>, DatabaseError> {
    let select = Statement::without_owner(
        r#"SELECT "identifier", "value", "expiresAt" FROM "verification"
           WHERE "identifier" = $1 AND "expiresAt" >= $2 ORDER BY "createdAt" DESC LIMIT 1"#,
    )
    .bind(identifier)
    .bind(now);
    Ok(database.read(select).await?.into_iter().next())
}

/// A row that is used up by a batch, and what the batch does for the one who holds it.
///
/// The first statement renames the row to something that only this batch knows. Of two batches that want the same
/// row the second finds none, and everything behind it looks for the new name.
pub(super) struct Claim<'a> {
    pub(super) identifier: &'a str,
    /// Known to nobody else.
    pub(super) name: &'a str,
    pub(super) now: Timestamp,
}

impl Claim<'_> {
    /// To stand first.
    pub(super) fn take(&self) -> Statement {
        Statement::without_owner(
            r#"UPDATE "verification" SET "identifier" = $2 WHERE "identifier" = $1 AND "expiresAt" >= $3"#,
        )
        .bind(self.identifier)
        .bind(self.name)
        .bind(self.now)
    }

    /// To stand last. Gives a row where the claim was good.
    pub(super) fn settle(&self) -> Statement {
        Statement::without_owner(r#"DELETE FROM "verification" WHERE "identifier" IN ($1, $2) RETURNING "identifier" = $2"#)
            .bind(self.identifier)
            .bind(self.name)
    }
}

/// Replaces the password of the user whom a row was sent to, ends all their sessions, and uses the row up. Makes the
/// account that holds the password where there is none. `false` where the row is not there (any more).
///
/// # Errors
/// [`DatabaseError::UserGone`] where the user is.
pub async fn reset_password(
    database: &Database,
    identifier: &str,
    claim_name: &str,
    password_hash: &str,
    account_id: &str,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let claim = Claim { identifier, name: claim_name, now };
    let insert = Statement::without_owner(
        r#"INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
           SELECT $2, "value", 'credential', "value", $3, $4, $4 FROM "verification"
           WHERE "identifier" = $1 AND NOT EXISTS (
               SELECT 1 FROM "account" WHERE "userId" = "verification"."value" AND "providerId" = 'credential')"#,
    )
    .bind(claim_name)
    .bind(account_id)
    .bind(password_hash)
    .bind(now);
    let update = Statement::without_owner(
        r#"UPDATE "account" SET "password" = $2, "updatedAt" = $3 WHERE "providerId" = 'credential'
           AND "userId" = (SELECT "value" FROM "verification" WHERE "identifier" = $1)"#,
    )
    .bind(claim_name)
    .bind(password_hash)
    .bind(now);
    let batch =
        vec![claim.take(), insert, update, sessions::delete_claimed(claim_name), claim.settle()];
    let rows = database.write(batch).await?;
    settled(rows)
}

/// Whether the last statement of a batch, [`Claim::settle`], found what the first had taken.
pub(super) fn settled(mut rows: Vec<Vec<Row>>) -> Result<bool, DatabaseError> {
    let found = rows.pop().unwrap_or_default();
    found.into_iter().try_fold(false, |any, mut row| Ok(any | row.take::<bool>(0)?))
}

/// The rows that were sent to a user.
pub(super) fn delete_all_statement(user: &UserId) -> Statement {
    Statement::of(user, r#"DELETE FROM "verification" WHERE "value" = $1"#)
}
