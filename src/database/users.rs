//! Users and their passwords: the tables `"user"` and `account`, as Better Auth spells them.

use jiff::Timestamp;

use super::statement::{Constraint, FromRow, Row, Statement};
use super::{Database, DatabaseError, sessions};
use crate::models::session::Session;
use crate::models::user::{User, UserId};

/// The columns of a user in the order in which [`read_user`] takes them.
macro_rules! user_columns {
    () => {
        r#""user"."name", "user"."email", "user"."emailVerified", "user"."image", "user"."createdAt", "user"."updatedAt", "user"."id""#
    };
}
pub(super) use user_columns;

/// Takes the seven columns of `user_columns!` from `start` on.
pub(super) fn read_user(row: &mut Row, start: usize) -> Result<User, DatabaseError> {
    Ok(User {
        name: row.take(start)?,
        email: row.take(start + 1)?,
        email_verified: row.take(start + 2)?,
        image: row.take_optional(start + 3)?,
        created_at: row.take(start + 4)?,
        updated_at: row.take(start + 5)?,
        id: read_user_id(row, start + 6)?,
    })
}

pub(super) fn read_user_id(row: &mut Row, index: usize) -> Result<UserId, DatabaseError> {
    UserId::parse(&row.take::<String>(index)?)
        .ok_or_else(|| DatabaseError::unreadable(index, "no user id"))
}

impl FromRow for User {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        read_user(&mut row, 0)
    }
}

/// A user with the hash of their password; `None` where they have no password.
pub struct UserWithPassword {
    pub user: User,
    pub password_hash: Option<String>,
}

impl FromRow for UserWithPassword {
    fn from_row(mut row: Row) -> Result<Self, DatabaseError> {
        Ok(Self { user: read_user(&mut row, 0)?, password_hash: row.take_optional(7)? })
    }
}

/// Whether a new user could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertUser {
    Inserted,
    EmailTaken,
}

/// Keeps a new user, their password and their first session, all or nothing.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_user(
    database: &Database,
    user: &User,
    account_id: &str,
    password_hash: &str,
    session: &Session,
) -> Result<InsertUser, DatabaseError> {
    let insert_user = Statement::new(
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")
           VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
    )
    .bind(user.id.as_str())
    .bind(user.name.as_str())
    .bind(user.email.as_str())
    .bind(user.email_verified)
    .bind(user.image.clone())
    .bind(user.created_at)
    .bind(user.updated_at);
    let insert_account = Statement::new(
        r#"INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
           VALUES ($1, $2, 'credential', $2, $3, $4, $4)"#,
    )
    .bind(account_id)
    .bind(user.id.as_str())
    .bind(password_hash)
    .bind(user.created_at);
    let batch = vec![insert_user, insert_account, sessions::insert_statement(session)];
    match database.write(batch).await {
        Ok(_) => Ok(InsertUser::Inserted),
        Err(DatabaseError::Unique(Constraint::UserEmail)) => Ok(InsertUser::EmailTaken),
        Err(error) => Err(error),
    }
}

/// Whether somebody has this e-mail address (lower case) already.
///
/// # Errors
/// [`DatabaseError`].
pub async fn email_is_taken(database: &Database, email: &str) -> Result<bool, DatabaseError> {
    let found = Statement::new(r#"SELECT 1 FROM "user" WHERE "email" = $1"#).bind(email);
    Ok(!database.read::<Row>(found).await?.is_empty())
}

/// The user with an e-mail address (lower case), and their password.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_by_email(
    database: &Database,
    email: &str,
) -> Result<Option<UserWithPassword>, DatabaseError> {
    let statement = Statement::new(concat!(
        "SELECT ",
        user_columns!(),
        r#", "account"."password" FROM "user"
           LEFT JOIN "account" ON "account"."userId" = "user"."id" AND "account"."providerId" = 'credential'
           WHERE "user"."email" = $1"#
    ))
    .bind(email);
    Ok(database.read(statement).await?.into_iter().next())
}

/// The hash of a user's password, or `None` where they have none.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_password_hash(
    database: &Database,
    user: &UserId,
) -> Result<Option<String>, DatabaseError> {
    let statement = Statement::new(
        r#"SELECT "password" FROM "account" WHERE "userId" = $1 AND "providerId" = 'credential'"#,
    )
    .bind(user.as_str());
    match database.read::<Row>(statement).await?.into_iter().next() {
        Some(mut row) => row.take_optional(0),
        None => Ok(None),
    }
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
    let update = Statement::new(
        r#"UPDATE "account" SET "password" = $2, "updatedAt" = $3
           WHERE "userId" = $1 AND "providerId" = 'credential'"#,
    )
    .bind(user.as_str())
    .bind(password_hash)
    .bind(now);
    let mut batch = vec![update];
    if let Some(session) = only_session {
        batch.push(sessions::delete_all_statement(user));
        batch.push(sessions::insert_statement(session));
    }
    database.write(batch).await.map(drop)
}

/// What a person may change about themselves; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    pub name: Option<String>,
    pub image: Option<Option<String>>,
}

/// Changes a user. A user who is gone is left alone.
///
/// # Errors
/// [`DatabaseError`].
pub async fn update_user(
    database: &Database,
    user: &UserId,
    change: UserChange,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mut update = Statement::new(r#"UPDATE "user" SET "updatedAt" = "#);
    update.push_bind(now);
    if let Some(name) = change.name {
        update.push(r#", "name" = "#).push_bind(name);
    }
    if let Some(image) = change.image {
        update.push(r#", "image" = "#).push_bind(image);
    }
    update.push(r#" WHERE "id" = "#).push_bind(user.as_str());
    database.write(vec![update]).await.map(drop)
}
