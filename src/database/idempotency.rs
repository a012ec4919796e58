//! Writes that happen once, however often they are asked for: the key, what was asked and what was answered are kept in
//! the transaction of the change itself.
//!
//! A key that is there already breaks the whole transaction, whatever else is in it; then what it was answered is read.
//! A write that changes nothing (there is no such task, the quota is reached) leaves no key: asking again is no harm.
//!
//! A batch claims the key first, and fills in the answer at its end (`write`). One statement that does everything, as
//! PostgreSQL takes it, makes the key with the answer (`write_keeping`).

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::statement::{Batch, Constraint, Row, Statement};
use super::tasks::{TASK_COLUMNS, read_task};
use super::{Database, DatabaseError};
use crate::models::idempotency_key::IdempotencyKey;
use crate::models::task::Task;
use crate::models::user::UserId;

/// How long an answer is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// After how many further changes of its owner an answer is kept no more, so that nobody keeps more than so many.
const KEPT_CHANGES: i64 = 10_000;
/// How many of the keys that are of too many changes ago a single statement deletes at the most: as many as one person
/// may write at once, and more.
const PRUNED_AT_ONCE: u16 = 256;
/// How many keys that have run out are deleted at a time.
const SWEPT_AT_ONCE: usize = 1_000;
/// A condition on keys in statements whose `$3` is the time and `$4` is [`KEPT_CHANGES`], or one less where the write has
/// not taken its own number.
const HAS_RUN_OUT: &str = "(expires_at <= $3 \
     OR change_number <= (SELECT version FROM owners WHERE user_id = $1) - $4)";

/// Whoever asks again finds nothing in the way.
const JUST_RUN_OUT: DatabaseError = DatabaseError::Busy("a key has just run out");

/// A write under a key.
#[derive(Debug)]
pub struct Once {
    pub key: IdempotencyKey,
    /// SHA-256 of what is asked for.
    pub fingerprint: [u8; 32],
}

/// An attempt at a write: when, and under which key, if any.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    pub now: Timestamp,
    pub once: Option<&'a Once>,
}

impl From<Timestamp> for Attempt<'_> {
    fn from(now: Timestamp) -> Self {
        Self { now, once: None }
    }
}

/// What a key was used for before.
#[derive(Debug)]
pub enum Before {
    /// For the same: this was the answer.
    Created(Task),
    Updated(Task),
    Deleted,
    /// For something else.
    OtherRequest,
}

/// Runs a batch that begins by taking the owner's version and changes, makes or deletes one task. Gives each statement's
/// rows, or what the key was used for before; then nothing has happened.
pub(super) async fn write(
    database: &Database,
    owner: &UserId,
    id: Uuid,
    attempt: Attempt<'_>,
    mut batch: Batch,
) -> Result<Result<Vec<Vec<Row>>, Before>, DatabaseError> {
    let Some(once) = attempt.once else { return database.write(batch).await.map(Ok) };
    let length = batch.len();
    let before = [
        free(owner, once, attempt.now, KEPT_CHANGES),
        prune(owner),
        claim(owner, once, id, attempt.now),
    ];
    let claimed = 1..1 + before.len();
    // Behind the first one: the key refers to the owner, whom that makes.
    batch.splice(1..1, before);
    batch.extend([
        keep_task(owner, once, id),
        keep_deletion(owner, once, id),
        release(owner, once),
    ]);
    match database.write(batch).await {
        Ok(mut rows) => {
            rows.drain(claimed);
            rows.truncate(length);
            Ok(Ok(rows))
        }
        Err(DatabaseError::Unique(Constraint::IdempotencyKey)) => {
            let before = find(database, owner, once, attempt.now).await?;
            before.map(Err).ok_or(JUST_RUN_OUT)
        }
        Err(error) => Err(error),
    }
}

/// As [`write()`], with one statement that [`push_keeping`] has made.
///
/// Whoever finds nothing to change, or the id taken, may be asking again: what they want has been done.
pub(super) async fn write_keeping(
    database: &Database,
    owner: &UserId,
    attempt: Attempt<'_>,
    statement: Statement,
) -> Result<Result<Vec<Vec<Row>>, Before>, DatabaseError> {
    let Some(once) = attempt.once else { return database.write(vec![statement]).await.map(Ok) };
    let outcome = database.write(vec![statement.clone()]).await;
    let may_be_repeated = match &outcome {
        Ok(rows) => rows[0].is_empty(),
        Err(error) => matches!(error, DatabaseError::Unique(_)),
    };
    if !may_be_repeated {
        return outcome.map(Ok);
    }
    if let Some(before) = find(database, owner, once, attempt.now).await? {
        return Ok(Err(before));
    }
    if !matches!(outcome, Err(DatabaseError::Unique(Constraint::IdempotencyKey))) {
        return outcome.map(Ok);
    }
    database.write(vec![free(owner, once, attempt.now, KEPT_CHANGES - 1)]).await?;
    match database.write(vec![statement]).await {
        Err(DatabaseError::Unique(Constraint::IdempotencyKey)) => Err(JUST_RUN_OUT),
        outcome => outcome.map(Ok),
    }
}

/// Nothing, where the key has run out.
async fn find(
    database: &Database,
    owner: &UserId,
    once: &Once,
    now: Timestamp,
) -> Result<Option<Before>, DatabaseError> {
    let sql = format!(
        "SELECT fingerprint, status, {TASK_COLUMNS} FROM idempotency_keys \
         WHERE user_id = $1 AND key = $2 AND {HAS_RUN_OUT} IS NOT TRUE"
    );
    let find = of(owner, once, sql).bind(now).bind(KEPT_CHANGES - 1);
    let found = database.read::<Row>(find).await?.into_iter().next();
    found.map(|row| read_before(row, owner, once)).transpose()
}

fn read_before(mut row: Row, owner: &UserId, once: &Once) -> Result<Before, DatabaseError> {
    if row.take::<Vec<u8>>(0)? != once.fingerprint {
        return Ok(Before::OtherRequest);
    }
    match row.take::<i64>(1)? {
        201 => Ok(Before::Created(read_task(&mut row, 2, owner)?)),
        200 => Ok(Before::Updated(read_task(&mut row, 2, owner)?)),
        _ => Ok(Before::Deleted),
    }
}

/// A statement whose `$2` is the key.
fn of(owner: &UserId, once: &Once, sql: impl Into<std::borrow::Cow<'static, str>>) -> Statement {
    Statement::of(owner, sql).bind(once.key.as_str())
}

/// Frees the key where it has run out.
pub fn free(owner: &UserId, once: &Once, now: Timestamp, kept_changes: i64) -> Statement {
    let sql =
        format!("DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND {HAS_RUN_OUT}");
    of(owner, once, sql).bind(now).bind(kept_changes)
}

/// Deletes the oldest key where it is of too many changes ago. With one that goes for each that comes, there are never
/// more than that many. PostgreSQL knows that it is one, and so keeps the plan.
pub fn prune(owner: &UserId) -> Statement {
    let mut prune =
        Statement::of(owner, "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = (");
    push_oldest(&mut prune, "SELECT version FROM owners WHERE user_id = $1", 1);
    prune.push(")");
    prune
}

/// Appends the selection of the oldest keys that are of too many changes ago.
fn push_oldest(statement: &mut Statement, version: &str, count: u16) {
    statement.push("SELECT key FROM idempotency_keys WHERE user_id = $1 AND change_number <= (");
    statement.push(version).push(") - ").push_bind(KEPT_CHANGES);
    // In the text, so that PostgreSQL takes no plan for better that knows it.
    statement.push(&format!(" ORDER BY change_number LIMIT {count}"));
}

/// Appends a change that gives the task back, behind a `WITH taken` whose `number` is the owner's version, and under a key
/// the insertion that keeps what it gives, and gives it back as well.
pub(super) fn push_keeping(
    statement: &mut Statement,
    attempt: Attempt<'_>,
    status: i64,
    push_change: impl FnOnce(&mut Statement),
) {
    let Some(once) = attempt.once else { return push_change(statement) };
    statement.push(", changed AS (");
    push_change(statement);
    // Those that wait for one another have all seen the same ones as the oldest, so each takes as many as may wait.
    statement.push(
        "), pruned AS (DELETE FROM idempotency_keys WHERE user_id = $1 AND key = ANY (ARRAY(",
    );
    push_oldest(statement, "SELECT number FROM taken", PRUNED_AT_ONCE);
    statement
        .push("))) INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, existed, ");
    statement.push("status, change_number, ").push(TASK_COLUMNS).push(") SELECT $1, ");
    statement.push_bind(once.key.as_str()).push(", ");
    statement.push_bind(once.fingerprint.to_vec()).push(", ");
    statement.push_bind(expires_at(attempt.now)).push(", ");
    statement.push_bind(status == 200).push(", ").push_bind(status).push(", version, ");
    statement.push(TASK_COLUMNS).push(" FROM changed RETURNING ").push(TASK_COLUMNS);
}

fn expires_at(now: Timestamp) -> Timestamp {
    now.saturating_add(KEPT_FOR).unwrap_or(Timestamp::MAX)
}

fn claim(owner: &UserId, once: &Once, id: Uuid, now: Timestamp) -> Statement {
    // Citus refuses a subselect among VALUES.
    let sql = "INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, existed, change_number) \
         SELECT $1, $2, $3, $4, EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $5), \
         (SELECT version FROM owners WHERE user_id = $1)";
    of(owner, once, sql).bind(once.fingerprint.to_vec()).bind(expires_at(now)).bind(id)
}

/// Keeps the task as this transaction has made or changed it: it alone has stamped the owner's version on one.
fn keep_task(owner: &UserId, once: &Once, id: Uuid) -> Statement {
    let mut keep = of(owner, once, "UPDATE idempotency_keys SET ").bind(id);
    keep.push("status = CASE WHEN existed THEN 200 ELSE 201 END");
    for column in TASK_COLUMNS.split(", ") {
        keep.push(", ").push(column).push(" = task.").push(column);
    }
    keep.push(
        " FROM tasks AS task WHERE idempotency_keys.user_id = $1 AND key = $2 AND task.user_id = $1 \
         AND task.id = $3 AND task.version = (SELECT version FROM owners WHERE user_id = $1)",
    );
    keep
}

fn keep_deletion(owner: &UserId, once: &Once, id: Uuid) -> Statement {
    let sql = "UPDATE idempotency_keys SET status = 204 WHERE user_id = $1 AND key = $2 AND existed \
         AND NOT EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $3)";
    of(owner, once, sql).bind(id)
}

/// Gives the key up where nothing was changed.
fn release(owner: &UserId, once: &Once) -> Statement {
    let sql = "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND status IS NULL";
    of(owner, once, sql)
}

/// Deletes everybody's keys that have run out, some at a time.
///
/// # Errors
/// [`DatabaseError`].
pub async fn sweep(database: &Database, now: Timestamp) -> Result<(), DatabaseError> {
    loop {
        let sweep = Statement::across_owners(
            "DELETE FROM idempotency_keys WHERE (user_id, key) IN \
             (SELECT user_id, key FROM idempotency_keys WHERE expires_at <= $1 LIMIT $2) RETURNING key",
        );
        let batch = vec![sweep.bind(now).bind(SWEPT_AT_ONCE as i64)];
        let deleted =
            database.write(batch).await?.into_iter().map(|rows| rows.len()).sum::<usize>();
        if deleted < SWEPT_AT_ONCE {
            return Ok(());
        }
    }
}
