//! The statements that the writes of a task are made of.

use jiff::Timestamp;
use uuid::Uuid;

use super::Users;
use super::idempotency::{Attempt, push_keeping};
use super::statement::{Dialect, Statement, Value};
use super::tasks::{Completion, Precondition, TASK_COLUMNS};
use crate::models::due_date::DueDate;
use crate::models::folding::fold;
use crate::models::task_fields::{TaskCreate, TaskFields};
use crate::models::task_text::Tags;
use crate::models::user::UserId;

/// A condition in statements whose `$2` is the id of a task: the owner has no such task.
const ABSENT: &str = "NOT EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $2)";

/// The beginning of an insert. Values follow behind ") SELECT ".
const INSERT: &str = "INSERT INTO tasks (user_id, id, title, title_folded, description, description_folded, \
     completed_at, priority, due_at, due_has_time, tags, version, created_at, updated_at";

/// What it means for an insert that the id is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfTaken {
    /// The batch fails.
    Fail,
    /// The insert does nothing.
    Nothing,
}

/// What becomes of a task; `completion` beats the field.
pub(super) struct Change<'a> {
    pub(super) fields: &'a TaskFields,
    pub(super) completion: Option<Completion>,
}

impl Precondition {
    /// Appends the condition on the version, where there is one.
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

pub(super) fn select_task(owner: &UserId, id: Uuid) -> Statement {
    let sql = format!("SELECT {TASK_COLUMNS} FROM tasks WHERE user_id = $1 AND id = $2");
    Statement::of(owner, sql).bind(id)
}

/// Takes the next change number of an owner, who may be new, and counts `added` tasks more. Also a write that
/// finds nothing begins with this: it must wait for the one that is making its owner.
pub(super) fn take_version(users: Users, owner: &UserId, now: Timestamp, added: i64) -> Statement {
    let mut statement = Statement::of(owner, "");
    push_take_version(&mut statement, users, now, added);
    statement
}

/// As [`take_version`], in a statement that has no other values yet.
///
/// Where users live here, an owner who is not (or no longer) one of them is refused by the foreign key. Where they live
/// elsewhere, that may still be a server on this very database.
fn push_take_version(statement: &mut Statement, users: Users, now: Timestamp, added: i64) {
    statement.push("INSERT INTO owners (user_id, version, task_count, created_at, local_user_id) ");
    statement.push(match users {
        Users::Here => "VALUES ($1, 1, $3, $2, $1)",
        // One row, also where there is no such user. Citus refuses a subselect among VALUES.
        Users::Elsewhere => r#"SELECT $1, 1, $3, $2, max("id") FROM "user" WHERE "id" = $1"#,
    });
    statement.push(
        " ON CONFLICT (user_id) DO UPDATE \
         SET version = owners.version + 1, task_count = owners.task_count + $3, \
         local_user_id = COALESCE(excluded.local_user_id, owners.local_user_id)",
    );
    statement.values.extend([now.into(), added.into()]);
}

/// Does what [`take_version`], [`insert_statement`] and [`uncount_above`] do together, in one statement that PostgreSQL
/// takes and SQLite does not. Without a row the quota is reached, and nothing has happened.
pub(super) fn create_statement(
    users: Users,
    owner: &UserId,
    id: Uuid,
    task: &TaskCreate,
    attempt: Attempt<'_>,
    max_tasks: i64,
) -> Statement {
    let now = attempt.now;
    let mut create = Statement::of(owner, "WITH taken AS (");
    push_take_version(&mut create, users, now, 1);
    create.push(" WHERE owners.task_count < ").push_bind(max_tasks);
    create.push(" RETURNING version AS number) ");
    push_keeping(&mut create, attempt, 201, |create| {
        create.push(INSERT).push(") SELECT $1, ").push_bind(id).push(", ");
        push_new_values(create, task, now);
        create.push("number, ").push_bind(now).push(", ").push_bind(now).push(" FROM taken");
        create.push(" RETURNING ").push(TASK_COLUMNS);
    });
    create
}

/// Inserts where the count, with this task in it, is within the quota; `IfTaken` says what a taken id means.
pub(super) fn insert_statement(
    dialect: Dialect,
    owner: &UserId,
    id: Uuid,
    task: &TaskCreate,
    now: Timestamp,
    max_tasks: i64,
    if_taken: IfTaken,
) -> Statement {
    let (place_column, place) = dialect.place();
    let mut insert = Statement::of(owner, INSERT).bind(id);
    insert.push(place_column).push(") SELECT user_id, $2, ");
    push_new_values(&mut insert, task, now);
    insert.push("version, ").push_bind(now).push(", ").push_bind(now).push(place);
    insert.push(" FROM owners WHERE user_id = $1 AND task_count <= ").push_bind(max_tasks);
    if if_taken == IfTaken::Nothing {
        insert.push(" AND ").push(ABSENT);
    }
    insert.push(" RETURNING ").push(TASK_COLUMNS);
    insert
}

/// Appends what a new task holds, from the title to the tags.
fn push_new_values(insert: &mut Statement, task: &TaskCreate, now: Timestamp) {
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
}

/// Takes back the count of a task that was one too many.
pub(super) fn uncount_above(owner: &UserId, max_tasks: i64) -> Statement {
    Statement::of(
        owner,
        "UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 AND task_count > $2",
    )
    .bind(max_tasks)
}

/// Counts one more task where there is none with this id.
pub(super) fn count_if_absent(owner: &UserId, id: Uuid) -> Statement {
    let sql =
        format!("UPDATE owners SET task_count = task_count + 1 WHERE user_id = $1 AND {ABSENT}");
    Statement::of(owner, sql).bind(id)
}

/// Takes back the count of a task that was not inserted after all.
pub(super) fn uncount_if_absent(owner: &UserId, id: Uuid) -> Statement {
    let sql =
        format!("UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 AND {ABSENT}");
    Statement::of(owner, sql).bind(id)
}

/// Takes back the count of a task that is about to be deleted.
pub(super) fn uncount_if_present(
    owner: &UserId,
    id: Uuid,
    precondition: &Precondition,
) -> Statement {
    let mut uncount = Statement::of(
        owner,
        "UPDATE owners SET task_count = task_count - 1 WHERE user_id = $1 \
         AND EXISTS (SELECT 1 FROM tasks WHERE user_id = $1 AND id = $2",
    )
    .bind(id);
    precondition.push_onto(&mut uncount);
    uncount.push(")");
    uncount
}

pub(super) fn delete_task_statement(
    owner: &UserId,
    id: Uuid,
    precondition: &Precondition,
) -> Statement {
    let mut delete =
        Statement::of(owner, "DELETE FROM tasks WHERE user_id = $1 AND id = $2").bind(id);
    precondition.push_onto(&mut delete);
    delete.push(" RETURNING id");
    delete
}

/// Changes a task behind a statement that has taken the version.
pub(super) fn update_statement(
    owner: &UserId,
    id: Uuid,
    change: &Change<'_>,
    precondition: &Precondition,
    now: Timestamp,
) -> Statement {
    let mut update = Statement::of(owner, "UPDATE tasks SET ");
    update.push("version = (SELECT version FROM owners WHERE user_id = $1)");
    push_change(&mut update, change, now);
    push_found(&mut update, "", id, precondition);
    update
}

/// Does what [`take_version`] and [`update_statement`] do together, in one statement that PostgreSQL takes and SQLite
/// does not. Whoever waits for the owner's row finds the task as the one before has left it.
pub(super) fn change_statement(
    users: Users,
    owner: &UserId,
    id: Uuid,
    change: &Change<'_>,
    precondition: &Precondition,
    attempt: Attempt<'_>,
) -> Statement {
    let mut update = Statement::of(owner, "WITH taken AS (");
    push_take_version(&mut update, users, attempt.now, 0);
    update.push(" RETURNING version AS number) ");
    push_keeping(&mut update, attempt, 200, |update| {
        update.push("UPDATE tasks SET version = number");
        push_change(update, change, attempt.now);
        push_found(update, " FROM taken", id, precondition);
    });
    update
}

/// The end of an update: which task, and that it is wanted back.
fn push_found(update: &mut Statement, from: &str, id: Uuid, precondition: &Precondition) {
    update.push(from).push(" WHERE user_id = $1 AND id = ").push_bind(id);
    precondition.push_onto(update);
    update.push(" RETURNING ").push(TASK_COLUMNS);
}

/// Appends an assignment for each field that was sent.
fn push_change(update: &mut Statement, change: &Change<'_>, now: Timestamp) {
    let Change { fields, completion } = change;
    update.push(", updated_at = ").push_bind(now);
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
