//! Users: the table `"user"`, as Better Auth spells it.

use jiff::Timestamp;

use super::statement::{Constraint, FromRow, Row, Statement};
use super::verifications::{self, Claim};
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
    let insert_user = Statement::of(
        &user.id,
        r#"INSERT INTO "user" ("id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")
           VALUES ($1, $2, $3, $4, $5, $6, $7)"#,
    )
    .bind(user.name.as_str())
    .bind(user.email.as_str())
    .bind(user.email_verified)
    .bind(user.image.clone())
    .bind(user.created_at)
    .bind(user.updated_at);
    let insert_account = Statement::of(
        &user.id,
        r#"INSERT INTO "account" ("id", "accountId", "providerId", "userId", "password", "createdAt", "updatedAt")
           VALUES ($2, $1, 'credential', $1, $3, $4, $4)"#,
    )
    .bind(account_id)
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
    let found = Statement::without_owner(r#"SELECT 1 FROM "user" WHERE "email" = $1"#).bind(email);
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
    let statement = Statement::without_owner(concat!(
        "SELECT ",
        user_columns!(),
        r#", "account"."password" FROM "user"
           LEFT JOIN "account" ON "account"."userId" = "user"."id" AND "account"."providerId" = 'credential'
           WHERE "user"."email" = $1"#
    ))
    .bind(email);
    Ok(database.read(statement).await?.into_iter().next())
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
    let mut update = Statement::of(user, r#"UPDATE "user" SET "updatedAt" = "#);
    update.push_bind(now);
    if let Some(name) = change.name {
        update.push(r#", "name" = "#).push_bind(name);
    }
    if let Some(image) = change.image {
        update.push(r#", "image" = "#).push_bind(image);
    }
    update.push(r#" WHERE "id" = $1"#);
    database.write(vec![update]).await.map(drop)
}

/// The user with an id.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_user(database: &Database, id: &str) -> Result<Option<User>, DatabaseError> {
    let Some(id) = UserId::parse(id) else {
        return Ok(None);
    };
    let select = concat!("SELECT ", user_columns!(), r#" FROM "user" WHERE "id" = $1"#);
    Ok(database.read(Statement::of(&id, select)).await?.into_iter().next())
}

/// What became of a change of address.
#[derive(Debug)]
pub enum UpdateEmail {
    Updated(User),
    EmailTaken,
    /// The user is gone, or has another address by now than the one that was to be replaced.
    Missing,
}

/// Replaces a user's e-mail address (both in lower case). Links to a new password that were sent to the old one end.
///
/// # Errors
/// [`DatabaseError`].
pub async fn update_email(
    database: &Database,
    user: &UserId,
    current: &str,
    new: &str,
    verified: bool,
    now: Timestamp,
) -> Result<UpdateEmail, DatabaseError> {
    let update = Statement::of(
        user,
        concat!(
            r#"UPDATE "user" SET "email" = $3, "emailVerified" = $4, "updatedAt" = $5
           WHERE "id" = $1 AND lower("email") = $2 RETURNING "#,
            user_columns!()
        ),
    )
    .bind(current)
    .bind(new)
    .bind(verified)
    .bind(now);
    let end_links = Statement::of(
        user,
        r#"DELETE FROM "verification" WHERE "value" = $1 AND "identifier" LIKE 'reset-password:%'
           AND EXISTS (SELECT 1 FROM "user" WHERE "id" = $1 AND "email" = $2)"#,
    )
    .bind(new);
    match database.write(vec![update, end_links]).await {
        Ok(rows) => {
            let row = rows.into_iter().flatten().next();
            let user = row.map(User::from_row).transpose()?;
            Ok(user.map_or(UpdateEmail::Missing, UpdateEmail::Updated))
        }
        Err(DatabaseError::Unique(Constraint::UserEmail)) => Ok(UpdateEmail::EmailTaken),
        Err(error) => Err(error),
    }
}

/// Notes that a user reads the e-mail of this address (lower case).
///
/// # Errors
/// [`DatabaseError`].
pub async fn verify_email(
    database: &Database,
    email: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let update = Statement::without_owner(
        r#"UPDATE "user" SET "emailVerified" = $2, "updatedAt" = $3
           WHERE "email" = $1 AND "emailVerified" <> $2"#,
    )
    .bind(email)
    .bind(true)
    .bind(now);
    database.write(vec![update]).await.map(drop)
}

/// Deletes a user and everything of theirs, all or nothing: tasks, sessions, accounts, and what was sent to them.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_user(database: &Database, user: &UserId) -> Result<(), DatabaseError> {
    let batch = vec![
        delete_owner(user),
        verifications::delete_all_statement(user),
        Statement::of(user, r#"DELETE FROM "user" WHERE "id" = $1"#),
    ];
    database.write(batch).await.map(drop)
}

/// As [`delete_user`], for whoever holds a row of that name that was sent to the user. The row is used up whatever
/// comes of it. `false` where there is none, or it was sent to somebody else.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_user_with_token(
    database: &Database,
    user: &UserId,
    identifier: &str,
    claim_name: &str,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    const IF_CLAIMED: &str =
        r#" AND EXISTS (SELECT 1 FROM "verification" WHERE "identifier" = $2 AND "value" = $1)"#;
    let claim = Claim { identifier, name: claim_name, now };
    let claimed = |mut statement: Statement| {
        statement.push(IF_CLAIMED);
        statement.bind(claim_name)
    };
    let mut delete_user = claimed(Statement::of(user, r#"DELETE FROM "user" WHERE "id" = $1"#));
    delete_user.push(" RETURNING 1");
    let delete_rest = Statement::of(
        user,
        r#"DELETE FROM "verification"
           WHERE "value" = $1 AND NOT EXISTS (SELECT 1 FROM "user" WHERE "id" = $1)"#,
    );
    let batch =
        vec![claim.take(), claimed(delete_owner(user)), delete_user, delete_rest, claim.settle()];
    let rows = database.write(batch).await?;
    Ok(rows.get(2).is_some_and(|deleted| !deleted.is_empty()))
}

/// Also of a user who has been local only since their owner was made.
fn delete_owner(user: &UserId) -> Statement {
    Statement::of(user, "DELETE FROM owners WHERE user_id = $1")
}
