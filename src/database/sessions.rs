//! Sessions: the table `session`, as Better Auth spells it.

use jiff::Timestamp;

use super::statement::{FromRow, Row, Statement};
use super::users::{read_user, read_user_id, user_columns};
use super::{Database, DatabaseError};
use crate::models::session::Session;
use crate::models::user::{User, UserId};

/// The most sessions that are listed, as in Better Auth.
const MAX_LISTED: i64 = 100;

/// The columns of a session in the order in which [`read_session`] takes them.
macro_rules! session_columns {
    () => {
        r#""session"."expiresAt", "session"."token", "session"."createdAt", "session"."updatedAt", "session"."ipAddress", "session"."userAgent", "session"."userId", "session"."id""#
    };
}

fn read_session(row: &mut Row) -> Result<Session, DatabaseError> {
    Ok(Session {
        expires_at: row.take(0)?,
        token: row.take(1)?,
        created_at: row.take(2)?,
        updated_at: row.take(3)?,
        ip_address: row.take_optional(4)?.unwrap_or_default(),
        user_agent: row.take_optional(5)?.unwrap_or_default(),
        user_id: read_user_id(row, 6)?,
        id: row.take(7)?,
    })
}

impl FromRow for Session {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        read_session(&mut row)
    }
}

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SessionWithUser {
    pub session: Session,
    pub user: User,
}

impl FromRow for SessionWithUser {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self { session: read_session(&mut row)?, user: read_user(&mut row, 8)? })
    }
}

pub(super) fn insert_statement(session: &Session) -> Statement {
    let insert = Statement::of(
        &session.user_id,
        r#"INSERT INTO "session"
               ("userId", "id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent")
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"#,
    );
    bind_session(insert, session)
}

/// Gives `$2` to `$8` the values of a session, in the order of those columns.
fn bind_session(statement: Statement, session: &Session) -> Statement {
    statement
        .bind(session.id.as_str())
        .bind(session.expires_at)
        .bind(session.token.as_str())
        .bind(session.created_at)
        .bind(session.updated_at)
        .bind(session.ip_address.as_str())
        .bind(session.user_agent.as_str())
}

pub(super) fn delete_all_statement(user: &UserId) -> Statement {
    Statement::of(user, r#"DELETE FROM "session" WHERE "userId" = $1"#)
}

/// The sessions of the user whom the row of `verification` with that identifier was sent to.
pub(super) fn delete_claimed(identifier: &str) -> Statement {
    Statement::without_owner(
        r#"DELETE FROM "session"
           WHERE "userId" = (SELECT "value" FROM "verification" WHERE "identifier" = $1)"#,
    )
    .bind(identifier)
}

/// Keeps a new session.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_session(database: &Database, session: &Session) -> Result<(), DatabaseError> {
    database.write(vec![insert_statement(session)]).await.map(drop)
}

/// Keeps a new session of a user whose password is still the one with this hash; `false` where it is not. The first
/// statement waits for whoever is replacing it, and whoever comes after waits for this batch.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_session_with_password(
    database: &Database,
    session: &Session,
    password_hash: &str,
) -> Result<bool, DatabaseError> {
    let hold = Statement::of(
        &session.user_id,
        r#"UPDATE "account" SET "updatedAt" = "updatedAt"
           WHERE "userId" = $1 AND "providerId" = 'credential' AND "password" = $2"#,
    )
    .bind(password_hash);
    let mut insert = Statement::of(
        &session.user_id,
        r#"INSERT INTO "session"
               ("userId", "id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent")
           SELECT $1, $2, $3, $4, $5, $6, $7, $8
           WHERE EXISTS (SELECT 1 FROM "account"
               WHERE "userId" = $1 AND "providerId" = 'credential' AND "password" = $9)
           RETURNING "id""#,
    );
    insert = bind_session(insert, session).bind(password_hash);
    let rows = database.write(vec![hold, insert]).await?;
    Ok(rows.get(1).is_some_and(|inserted| !inserted.is_empty()))
}

/// The session with a token, expired or not, and its user.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_session(
    database: &Database,
    token: &str,
) -> Result<Option<SessionWithUser>, DatabaseError> {
    let statement = Statement::without_owner(concat!(
        "SELECT ",
        session_columns!(),
        ", ",
        user_columns!(),
        r#" FROM "session" JOIN "user" ON "user"."id" = "session"."userId" WHERE "session"."token" = $1"#
    ))
    .bind(token);
    Ok(database.read(statement).await?.into_iter().next())
}

/// A user's sessions that are not over, the oldest first, at most a hundred.
///
/// # Errors
/// [`DatabaseError`].
pub async fn list_sessions(
    database: &Database,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<Session>, DatabaseError> {
    let statement = Statement::of(
        user,
        concat!(
            "SELECT ",
            session_columns!(),
            r#" FROM "session" WHERE "userId" = $1 AND "expiresAt" > $2 ORDER BY "createdAt", "id" LIMIT $3"#
        ),
    )
    .bind(now)
    .bind(MAX_LISTED);
    database.read(statement).await
}

/// Whether a user has a session that is not over and began at a client's address.
///
/// # Errors
/// [`DatabaseError`].
pub async fn user_has_session_at(
    database: &Database,
    user: &UserId,
    address: &str,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let found = Statement::of(
        user,
        r#"SELECT 1 FROM "session" WHERE "userId" = $1 AND "ipAddress" = $2 AND "expiresAt" > $3 LIMIT 1"#,
    )
    .bind(address)
    .bind(now);
    Ok(!database.read::<Row>(found).await?.is_empty())
}

/// As [`user_has_session_at`], of whoever has an e-mail address (lower case); `false` where nobody has it.
///
/// # Errors
/// [`DatabaseError`].
pub async fn email_has_session_at(
    database: &Database,
    email: &str,
    address: &str,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let found = Statement::without_owner(
        r#"SELECT 1 FROM "session" WHERE "userId" = (SELECT "id" FROM "user" WHERE "email" = $1)
           AND "ipAddress" = $2 AND "expiresAt" > $3 LIMIT 1"#,
    )
    .bind(email)
    .bind(address)
    .bind(now);
    Ok(!database.read::<Row>(found).await?.is_empty())
}

/// Extends a session; one that has been revoked meanwhile stays gone.
///
/// # Errors
/// [`DatabaseError`].
pub async fn update_expiry(
    database: &Database,
    token: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let update = Statement::without_owner(
        r#"UPDATE "session" SET "expiresAt" = $2, "updatedAt" = $3 WHERE "token" = $1"#,
    )
    .bind(token)
    .bind(expires_at)
    .bind(now);
    database.write(vec![update]).await.map(drop)
}

/// Ends the session with a token, whoever's it is: the token itself is the proof.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_session(database: &Database, token: &str) -> Result<(), DatabaseError> {
    let delete =
        Statement::without_owner(r#"DELETE FROM "session" WHERE "token" = $1"#).bind(token);
    database.write(vec![delete]).await.map(drop)
}

/// Ends one of a user's sessions; somebody else's is left alone.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_own_session(
    database: &Database,
    user: &UserId,
    token: &str,
) -> Result<(), DatabaseError> {
    let delete =
        Statement::of(user, r#"DELETE FROM "session" WHERE "userId" = $1 AND "token" = $2"#)
            .bind(token);
    database.write(vec![delete]).await.map(drop)
}

/// Ends all of a user's sessions.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_sessions(database: &Database, user: &UserId) -> Result<(), DatabaseError> {
    database.write(vec![delete_all_statement(user)]).await.map(drop)
}

/// Ends all of a user's running sessions but the one with this token.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_other_sessions(
    database: &Database,
    user: &UserId,
    kept_token: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let delete = Statement::of(
        user,
        r#"DELETE FROM "session" WHERE "userId" = $1 AND "token" <> $2 AND "expiresAt" > $3"#,
    )
    .bind(kept_token)
    .bind(now);
    database.write(vec![delete]).await.map(drop)
}
