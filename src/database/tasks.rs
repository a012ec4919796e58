//! One task at a time: finding, inserting, changing and deleting it.
//!
//! Every write is one batch that begins by taking the owner's next change number. That locks the owner's
//! row, so the writes of one person happen one after the other and always lock in the same order; the
//! statements behind it see what the writes before have left.

use uuid::Uuid;

use super::idempotency::{self, Attempt, Before};
use super::statement::{Batch, Constraint, Dialect, Row, Statement};
use super::task_statements::{
    Change, IfTaken, change_statement, count_if_absent, create_statement, delete_task_statement,
    insert_statement, select_task, take_version, uncount_above, uncount_if_absent,
    uncount_if_present, update_statement,
};
use super::{Database, DatabaseError};
use crate::models::due_date::DueDate;
use crate::models::priority::Priority;
use crate::models::task::Task;
use crate::models::task_fields::{TaskCreate, TaskFields};
use crate::models::user::UserId;

/// The columns of a task in the order in which [`read_task`] takes them.
pub(super) const TASK_COLUMNS: &str = "id, title, description, completed_at, priority, due_at, \
     due_has_time, tags, version, created_at, updated_at";

/// Takes the columns of [`TASK_COLUMNS`] from `start` on.
pub(super) fn read_task(
    row: &mut Row,
    start: usize,
    owner: &UserId,
) -> Result<Task, DatabaseError> {
    let priority = Priority::from_rank(row.take(start + 4)?)
        .ok_or_else(|| DatabaseError::unreadable(start + 4, "no priority"))?;
    let due_at = row.take_optional(start + 5)?;
    let due_has_time = row.take(start + 6)?;
    Ok(Task {
        id: row.take(start)?,
        user_id: owner.clone(),
        title: row.take(start + 1)?,
        description: row.take_optional(start + 2)?,
        completed_at: row.take_optional(start + 3)?,
        priority,
        due_date: due_at.map(|instant| DueDate::from_stored(instant, due_has_time)),
        tags: row.take_json(start + 7)?,
        version: row.take(start + 8)?,
        created_at: row.take(start + 9)?,
        updated_at: row.take(start + 10)?,
    })
}

/// Which versions of a task a write may replace (RFC 9110, section 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No `If-Match`: the last writer wins.
    None,
    /// `If-Match: *`: any version, but there must be one.
    Exists,
    /// `If-Match` with entity tags: one of these.
    Versions(Vec<i64>),
    /// `If-None-Match: *`: there must be none.
    Absent,
}

/// How a task's `completed` is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    Set(bool),
    Toggle,
}

/// What became of an insert.
#[derive(Debug)]
pub enum Insert {
    Created(Task),
    Before(Before),
    IdTaken,
    QuotaExceeded,
}

/// What became of a put.
#[derive(Debug)]
pub enum Put {
    Created(Task),
    Updated(Task),
    Before(Before),
    /// The precondition failed; the task as it is now, if there is one.
    Stale(Option<Task>),
    /// The task is new, and has no title.
    TitleMissing,
    QuotaExceeded,
}

/// What became of a change.
#[derive(Debug)]
pub enum Update {
    Updated(Task),
    Before(Before),
    /// The precondition failed; the task as it is now.
    Stale(Task),
    Missing,
}

/// What became of a deletion.
#[derive(Debug)]
pub enum Delete {
    Deleted,
    Before(Before),
    /// The precondition failed; the task as it is now.
    Stale(Task),
    Missing,
}

/// An owner's task, or `None` where they have none with this id.
///
/// # Errors
/// [`DatabaseError`].
pub async fn find_task(
    database: &Database,
    owner: &UserId,
    id: Uuid,
) -> Result<Option<Task>, DatabaseError> {
    read_first(database.read(select_task(owner, id)).await?, owner)
}

/// Adds a task to an owner's, who may keep `max_tasks` of them.
///
/// # Errors
/// [`DatabaseError`].
pub async fn insert_task(
    database: &Database,
    owner: &UserId,
    id: Uuid,
    task: &TaskCreate,
    attempt: impl Into<Attempt<'_>>,
    max_tasks: i64,
) -> Result<Insert, DatabaseError> {
    let attempt = attempt.into();
    let now = attempt.now;
    let (insert, outcome) = if database.dialect() == Dialect::Postgres {
        let create = create_statement(database.users, owner, id, task, attempt, max_tasks);
        (0, idempotency::write_keeping(database, owner, attempt, create).await)
    } else {
        // The task is counted first and uncounted if that made one too many: the count is right either way,
        // and the insert in between can tell.
        let batch = vec![
            take_version(database.users, owner, now, 1),
            insert_statement(database.dialect(), owner, id, task, now, max_tasks, IfTaken::Fail),
            uncount_above(owner, max_tasks),
        ];
        (1, idempotency::write(database, owner, id, attempt, batch).await)
    };
    let created = match outcome {
        Ok(Ok(mut rows)) => read_first(rows.swap_remove(insert), owner)?,
        Ok(Err(before)) => return Ok(Insert::Before(before)),
        Err(DatabaseError::Unique(Constraint::TaskId)) => return Ok(Insert::IdTaken),
        Err(error) => return Err(error),
    };
    Ok(created.map_or(Insert::QuotaExceeded, Insert::Created))
}

/// Changes the fields that are named of a task that is there, or makes it.
///
/// # Errors
/// [`DatabaseError`].
pub async fn put_task(
    database: &Database,
    owner: &UserId,
    id: Uuid,
    fields: &TaskFields,
    precondition: &Precondition,
    attempt: impl Into<Attempt<'_>>,
    max_tasks: i64,
) -> Result<Put, DatabaseError> {
    let attempt = attempt.into();
    let now = attempt.now;
    let may_update = *precondition != Precondition::Absent;
    let may_create = matches!(precondition, Precondition::None | Precondition::Absent);
    let create = fields.to_create().filter(|_| may_create);

    let dialect = database.dialect();
    let change = Change { fields, completion: None };
    let mut batch: Batch =
        vec![take_version(database.users, owner, now, 0), select_task(owner, id)];
    let update = may_update
        .then(|| push(&mut batch, update_statement(owner, id, &change, precondition, now)));
    let insert = create.map(|task| {
        push(&mut batch, count_if_absent(owner, id));
        let insert = insert_statement(dialect, owner, id, &task, now, max_tasks, IfTaken::Nothing);
        let insert = push(&mut batch, insert);
        push(&mut batch, uncount_if_absent(owner, id));
        insert
    });

    let mut rows = match idempotency::write(database, owner, id, attempt, batch).await? {
        Ok(rows) => rows,
        Err(before) => return Ok(Put::Before(before)),
    };
    let mut outcome = |index: Option<usize>| match index {
        Some(index) => read_first(std::mem::take(&mut rows[index]), owner),
        None => Ok(None),
    };
    let before = outcome(Some(1))?;
    if let Some(task) = outcome(update)? {
        return Ok(Put::Updated(task));
    }
    if let Some(task) = outcome(insert)? {
        return Ok(Put::Created(task));
    }
    Ok(match before {
        Some(current) => Put::Stale(Some(current)),
        None if !may_create => Put::Stale(None),
        None if insert.is_none() => Put::TitleMissing,
        None => Put::QuotaExceeded,
    })
}

/// Changes the fields that are named of a task that is there; `completion` beats the field.
///
/// # Errors
/// [`DatabaseError`].
pub async fn update_task(
    database: &Database,
    owner: &UserId,
    id: Uuid,
    fields: &TaskFields,
    completion: Option<Completion>,
    precondition: &Precondition,
    attempt: impl Into<Attempt<'_>>,
) -> Result<Update, DatabaseError> {
    let attempt = attempt.into();
    let now = attempt.now;
    let change = Change { fields, completion };
    let users = database.users;
    let outcome = if database.dialect() == Dialect::Postgres {
        let update = change_statement(users, owner, id, &change, precondition, attempt);
        idempotency::write_keeping(database, owner, attempt, update).await?
    } else {
        let update = update_statement(owner, id, &change, precondition, now);
        let batch = vec![take_version(users, owner, now, 0), update];
        idempotency::write(database, owner, id, attempt, batch).await?
    };
    let rows = match outcome {
        Ok(rows) => rows,
        Err(before) => return Ok(Update::Before(before)),
    };
    let updated = rows.into_iter().next_back().unwrap_or_default();
    if let Some(task) = read_first(updated, owner)? {
        return Ok(Update::Updated(task));
    }
    if !matches!(precondition, Precondition::Versions(_)) {
        return Ok(Update::Missing);
    }
    let current = find_task(database, owner, id).await?;
    Ok(current.map_or(Update::Missing, Update::Stale))
}

/// Deletes a task.
///
/// # Errors
/// [`DatabaseError`].
pub async fn delete_task(
    database: &Database,
    owner: &UserId,
    id: Uuid,
    precondition: &Precondition,
    attempt: impl Into<Attempt<'_>>,
) -> Result<Delete, DatabaseError> {
    let attempt = attempt.into();
    let now = attempt.now;
    let batch = vec![
        take_version(database.users, owner, now, 0),
        uncount_if_present(owner, id, precondition),
        delete_task_statement(owner, id, precondition),
        select_task(owner, id),
    ];
    let mut rows = match idempotency::write(database, owner, id, attempt, batch).await? {
        Ok(rows) => rows,
        Err(before) => return Ok(Delete::Before(before)),
    };
    if !rows[2].is_empty() {
        return Ok(Delete::Deleted);
    }
    let current = read_first(std::mem::take(&mut rows[3]), owner)?;
    Ok(current.map_or(Delete::Missing, Delete::Stale))
}

fn push(batch: &mut Batch, statement: Statement) -> usize {
    batch.push(statement);
    batch.len() - 1
}

fn read_first(rows: Vec<Row>, owner: &UserId) -> Result<Option<Task>, DatabaseError> {
    rows.into_iter().next().map(|mut row| read_task(&mut row, 0, owner)).transpose()
}
