//! One task at a time: finding, inserting, changing and deleting it.
//!
//! Every write is one batch that begins by taking the owner's next change number. That locks the owner's
//! row, so the writes of one person happen one after the other and always lock in the same order; the
//! statements behind it see what the writes before have left.

use jiff::Timestamp;
use uuid::Uuid;

use super::statement::{Batch, Constraint, Row, Statement, Value};
use super::{Database, DatabaseError};
use crate::models::due_date::DueDate;
use crate::models::folding::fold;
use crate::models::priority::Priority;
use crate::models::task::Task;
use crate::models::task_fields::{TaskCreate, TaskFields};
use crate::models::task_text::Tags;
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

impl Precondition {
    fn push_onto(&self, statement: &mut Statement) {
        let Self::Versions(versions) = self else {
            return;
        };
        // FALSE first: an If-Match that holds nothing of ours matches nothing.
        statement.push(" AND (FALSE");
        for version in versions {
            statement.push(" OR version = ").push_bind(*version);
        }
        statement.push(")");
    }
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
    IdTaken,
    QuotaExceeded,
}

/// What became of a put.
#[derive(Debug)]
pub enum Put {
    Created(Task),
    Updated(Task),
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
    /// The precondition failed; the task as it is now.
    Stale(Task),
    Missing,
}

/// What became of a deletion.
#[derive(Debug)]
pub enum Delete {
    Deleted,
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
    now: Timestamp,
    max_tasks: i64,
) -> Result<Insert, DatabaseError> {
    // The task is counted first and uncounted if that made one too many: the count is right either way,
    // and the insert in between can tell.
    let batch = vec![
        take_version_and_count(owner, now),
        insert_if(owner, id, task, now, max_tasks, ""),
        uncount_above(owner, max_tasks),
    ];
    let mut rows = match database.write(batch).await {
        Ok(rows) => rows,
        Err(DatabaseError::Unique(Constraint::TaskId)) => return Ok(Insert::IdTaken),
        Err(error) => return Err(error),
    };
    let created = read_first(std::mem::take(&mut rows[1]), owner)?;
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
    now: Timestamp,
    max_tasks: i64,
) -> Result<Put, DatabaseError> {
    const WHERE_ABSENT: &str = "NOT EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $2)";
    let may_update = *precondition != Precondition::Absent;
    let may_create = matches!(precondition, Precondition::None | Precondition::Absent);
    let create = fields.to_create().filter(|_| may_create);

    let mut batch: Batch = vec![take_version(owner, now), select_task(owner, id)];
    let update = may_update
        .then(|| push(&mut batch, update_statement(owner, id, fields, None, precondition, now)));
    let insert = create.map(|task| {
        let count = format!(
            "UPDATE owners SET task_count = task_count + 1 WHERE user_id = $1 AND {WHERE_ABSENT}"
        );
        push(&mut batch, keyed(&count, owner, id));
        let insert = push(&mut batch, insert_if(owner, id, &task, now, max_tasks, WHERE_ABSENT));
        push(&mut batch, uncount_unless_inserted(owner, id, WHERE_ABSENT));
        insert
    });

    let mut rows = database.write(batch).await?;
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
    now: Timestamp,
) -> Result<Update, DatabaseError> {
    let batch = vec![
        take_existing_version(owner),
        update_statement(owner, id, fields, completion, precondition, now),
        select_task(owner, id),
    ];
    let mut rows = database.write(batch).await?;
    if let Some(task) = read_first(std::mem::take(&mut rows[1]), owner)? {
        return Ok(Update::Updated(task));
    }
    let current = read_first(std::mem::take(&mut rows[2]), owner)?;
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
) -> Result<Delete, DatabaseError> {
    let mut uncount = keyed(
        "UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 \
         AND EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $2",
        owner,
        id,
    );
    precondition.push_onto(&mut uncount);
    uncount.push(")");
    let mut delete = keyed("DELETE FROM tasks WHERE user_id = $1 AND id = $2", owner, id);
    precondition.push_onto(&mut delete);
    delete.push(" RETURNING id");

    let batch = vec![take_existing_version(owner), uncount, delete, select_task(owner, id)];
    let mut rows = database.write(batch).await?;
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

/// A statement whose `$1` is the owner and whose `$2` is the id of a task.
fn keyed(sql: &str, owner: &UserId, id: Uuid) -> Statement {
    let mut statement = Statement::new("").bind(owner.as_str()).bind(id);
    statement.push(sql);
    statement
}

fn select_task(owner: &UserId, id: Uuid) -> Statement {
    keyed(&format!("SELECT {TASK_COLUMNS} FROM tasks WHERE user_id = $1 AND id = $2"), owner, id)
}

/// Takes the next change number of an owner who may be new.
fn take_version(owner: &UserId, now: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO owners (user_id, version, task_count, created_at) VALUES ($1, 1, 0, $2) \
         ON CONFLICT (user_id) DO UPDATE SET version = owners.version + 1",
    )
    .bind(owner.as_str())
    .bind(now)
}

/// As [`take_version`], and counts one more task.
fn take_version_and_count(owner: &UserId, now: Timestamp) -> Statement {
    Statement::new(
        "INSERT INTO owners (user_id, version, task_count, created_at) VALUES ($1, 1, 1, $2) \
         ON CONFLICT (user_id) DO UPDATE \
         SET version = owners.version + 1, task_count = owners.task_count + 1",
    )
    .bind(owner.as_str())
    .bind(now)
}

/// Takes the next change number where the owner is known; one who is not has no task to change.
fn take_existing_version(owner: &UserId) -> Statement {
    Statement::new("UPDATE owners SET version = version + 1 WHERE user_id = $1")
        .bind(owner.as_str())
}

/// Inserts where the count, with this task in it, is within the quota.
fn insert_if(
    owner: &UserId,
    id: Uuid,
    task: &TaskCreate,
    now: Timestamp,
    max_tasks: i64,
    condition: &str,
) -> Statement {
    let mut insert = keyed(
        "INSERT INTO tasks (user_id, id, title, title_folded, description, description_folded, completed_at, \
         priority, due_at, due_has_time, tags, version, created_at, updated_at) SELECT user_id, $2, ",
        owner,
        id,
    );
    let title = task.title.as_str();
    let description = task.description.as_ref().map(|text| text.as_str().to_owned());
    let (due_at, due_has_time) = stored_due_date(task.due_date);
    let values = [
        Value::from(title),
        fold(title).into(),
        description.clone().into(),
        description.as_deref().map(fold).into(),
        task.completed.then_some(now).into(),
        task.priority.rank().into(),
        due_at.into(),
        due_has_time.into(),
        stored_tags(&task.tags),
    ];
    for value in values {
        insert.push_bind(value).push(", ");
    }
    insert.push("version, ").push_bind(now).push(", ").push_bind(now);
    insert.push(" FROM owners WHERE user_id = $1 AND task_count <= ").push_bind(max_tasks);
    if !condition.is_empty() {
        insert.push(" AND ").push(condition);
    }
    insert.push(" RETURNING ").push(TASK_COLUMNS);
    insert
}

/// Takes back the count of a task that was one too many.
fn uncount_above(owner: &UserId, max_tasks: i64) -> Statement {
    Statement::new(
        "UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 AND task_count > $2",
    )
    .bind(owner.as_str())
    .bind(max_tasks)
}

fn uncount_unless_inserted(owner: &UserId, id: Uuid, absent: &str) -> Statement {
    keyed(
        &format!("UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 AND {absent}"),
        owner,
        id,
    )
}

fn update_statement(
    owner: &UserId,
    id: Uuid,
    fields: &TaskFields,
    completion: Option<Completion>,
    precondition: &Precondition,
    now: Timestamp,
) -> Statement {
    let mut update = keyed(
        "UPDATE tasks SET version = (SELECT version FROM owners WHERE user_id = $1), updated_at = ",
        owner,
        id,
    );
    update.push_bind(now);
    if let Some(title) = &fields.title {
        update.push(", title = ").push_bind(title.as_str());
        update.push(", title_folded = ").push_bind(fold(title.as_str()));
    }
    if let Some(description) = &fields.description {
        let description = description.as_ref().map(|text| text.as_str().to_owned());
        update.push(", description_folded = ").push_bind(description.as_deref().map(fold));
        update.push(", description = ").push_bind(description);
    }
    match completion.or(fields.completed.map(Completion::Set)) {
        Some(Completion::Set(true)) => {
            update.push(", completed_at = COALESCE(completed_at, ").push_bind(now).push(")");
        }
        Some(Completion::Set(false)) => {
            update.push(", completed_at = NULL");
        }
        Some(Completion::Toggle) => {
            update
                .push(", completed_at = CASE WHEN completed_at IS NULL THEN ")
                .push_bind(now)
                .push(" END");
        }
        None => {}
    }
    if let Some(priority) = fields.priority {
        update.push(", priority = ").push_bind(priority.rank());
    }
    if let Some(due_date) = fields.due_date {
        let (due_at, due_has_time) = stored_due_date(due_date);
        update.push(", due_at = ").push_bind(due_at);
        update.push(", due_has_time = ").push_bind(due_has_time);
    }
    if let Some(tags) = &fields.tags {
        update.push(", tags = ").push_bind(stored_tags(tags));
    }
    update.push(" WHERE user_id = $1 AND id = $2");
    precondition.push_onto(&mut update);
    update.push(" RETURNING ").push(TASK_COLUMNS);
    update
}

fn stored_due_date(due_date: Option<DueDate>) -> (Option<Timestamp>, bool) {
    match due_date.map(|due_date| due_date.to_stored()) {
        Some((instant, has_time)) => (Some(instant), has_time),
        None => (None, false),
    }
}

fn stored_tags(tags: &Tags) -> Value {
    Value::Json(serde_json::Value::from(tags.clone().into_strings()).to_string())
}
