//! Lists of tasks: one statement for a page, with the total where it is asked for.

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::statement::{Dialect, Row, Statement, Value};
use super::tasks::{TASK_COLUMNS, read_task};
use super::{Database, DatabaseError};
use crate::models::cursor::{Position, SortValue};
use crate::models::due_date::DueDate;
use crate::models::due_filter::{DueFilter, DueWindow};
use crate::models::sort::{Sort, SortField, SortKey};
use crate::models::task::Task;
use crate::models::task_query::{StatusFilter, TaskFilter, TaskQuery};
use crate::models::user::UserId;

/// One page of a list.
#[derive(Debug)]
pub struct TaskPage {
    pub tasks: Vec<Task>,
    /// Whether there are more behind these.
    pub has_more: bool,
    /// How many tasks match on all pages together, where that was asked for.
    pub total: Option<i64>,
}

/// The tasks of one owner that a query asks for.
///
/// # Errors
/// [`DatabaseError`].
pub async fn list_tasks(
    database: &Database,
    owner: &UserId,
    query: &TaskQuery,
) -> Result<TaskPage, DatabaseError> {
    let statement = list_statement(database.dialect(), owner, query);
    let mut rows: Vec<Row> = database.read(statement).await?;
    let first = usize::from(query.include_total);
    let total = match (query.include_total, rows.first_mut()) {
        (false, _) => None,
        (true, Some(row)) => Some(row.take(0)?),
        (true, None) if query.after.is_none() => Some(0),
        // Behind the last page there is no row to carry the total.
        (true, None) => Some(count(database, owner, query).await?),
    };
    let limit = query.limit as usize;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let tasks =
        rows.iter_mut().map(|row| read_task(row, first, owner)).collect::<Result<_, _>>()?;
    Ok(TaskPage { tasks, has_more, total })
}

async fn count(
    database: &Database,
    owner: &UserId,
    query: &TaskQuery,
) -> Result<i64, DatabaseError> {
    let mut count = Statement::of(owner, "");
    push_count(&mut count, database.dialect(), query);
    let rows: Vec<Row> = database.read(count).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take(0))
}

fn push_count(count: &mut Statement, dialect: Dialect, query: &TaskQuery) {
    count.push("SELECT count(*) FROM tasks");
    push_filter(count, dialect, &query.filter);
}

/// The statement of a list. One task more than the page holds is asked for: it says whether there is a next page.
pub fn list_statement(dialect: Dialect, owner: &UserId, query: &TaskQuery) -> Statement {
    let mut list = Statement::of(owner, "");
    list.push("SELECT ");
    if query.include_total {
        list.push("(");
        push_count(&mut list, dialect, query);
        list.push("), ");
    }
    list.push(TASK_COLUMNS).push(" FROM tasks");
    push_filter(&mut list, dialect, &query.filter);
    if let Some(position) = &query.after {
        list.push(" AND ");
        push_lead(&mut list, &query.sort, position);
        push_after(
            &mut list,
            query.sort.keys(),
            &position.keys,
            position.id,
            query.sort.tie_descending(),
        );
    }
    push_order(&mut list, &query.sort);
    list.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    list
}

fn push_filter(list: &mut Statement, dialect: Dialect, filter: &TaskFilter) {
    list.push(" WHERE user_id = $1");
    match filter.status {
        StatusFilter::All => {}
        StatusFilter::Pending => {
            list.push(" AND completed_at IS NULL");
        }
        StatusFilter::Completed => {
            list.push(" AND completed_at IS NOT NULL");
        }
    }
    if let Some(priorities) = filter.priorities {
        list.push(" AND priority IN (");
        for (index, priority) in priorities.iter().enumerate() {
            list.push(if index > 0 { ", " } else { "" }).push_bind(priority.rank());
        }
        list.push(")");
    }
    if !filter.tags.is_empty() {
        list.push(" AND ");
        dialect.push_contains_all(list, "tags", &filter.tags);
    }
    push_due(list, filter.due);
    // No index helps to find words.
    list.is_long |= !filter.words.is_empty();
    for word in &filter.words {
        list.push(" AND (");
        dialect.push_contains_text(list, "title_folded", word);
        list.push(" OR ");
        dialect.push_contains_text(list, "description_folded", word);
        list.push(")");
    }
}

fn push_due(list: &mut Statement, due: DueFilter) {
    match due {
        DueFilter::Any => {}
        DueFilter::Missing => {
            list.push(" AND due_at IS NULL");
        }
        DueFilter::Nothing => {
            list.push(" AND FALSE");
        }
        DueFilter::Within(window) => push_window(list, window),
    }
}

/// Days and instants are compared each with their own bounds. The wider pair stands in front of both, where
/// an index on `due_at` can use it; it also leaves out tasks without a due date.
fn push_window(list: &mut Statement, window: DueWindow) {
    let day_from = window.day_from.map(stored_day);
    let day_until = window.day_until.map(stored_day);
    push_range(list, day_from.min(window.at_from), day_until.max(window.at_until));
    list.push(" AND ((due_has_time");
    push_range(list, window.at_from, window.at_until);
    list.push(") OR (NOT due_has_time");
    push_range(list, day_from, day_until);
    list.push("))");
}

fn stored_day(day: Date) -> Timestamp {
    DueDate::Day(day).to_stored().0
}

fn push_range(list: &mut Statement, from: Option<Timestamp>, until: Option<Timestamp>) {
    if let Some(from) = from {
        list.push(" AND due_at >= ").push_bind(from);
    }
    if let Some(until) = until {
        list.push(" AND due_at < ").push_bind(until);
    }
}

fn column(field: SortField) -> &'static str {
    match field {
        SortField::Created => "created_at",
        SortField::Updated => "updated_at",
        SortField::Title => "title_folded",
        SortField::DueDate => "due_at",
        SortField::Priority => "priority",
    }
}

fn push_order(list: &mut Statement, sort: &Sort) {
    list.push(" ORDER BY ");
    for key in sort.keys() {
        list.push(column(key.field)).push(if key.descending { " DESC" } else { " ASC" });
        if key.field == SortField::DueDate {
            list.push(" NULLS LAST");
        }
        list.push(", ");
    }
    list.push(if sort.tie_descending() { "id DESC" } else { "id ASC" });
}

/// What follows from the condition of [`push_after`] for the first key alone: the range that an index on
/// that key can use.
fn push_lead(list: &mut Statement, sort: &Sort, position: &Position) {
    if let (Some(key), Some(value)) = (sort.keys().first(), position.keys.first())
        && let Some(value) = stored(value)
        && key.field != SortField::DueDate
    {
        list.push(column(key.field)).push(if key.descending { " <= " } else { " >= " });
        list.push_bind(value).push(" AND ");
    }
}

/// The condition that a task comes behind a position: greater in the first key, or equal there and behind
/// in the rest, and in the end by id.
fn push_after(
    list: &mut Statement,
    keys: &[SortKey],
    values: &[SortValue],
    id: Uuid,
    tie_descending: bool,
) {
    let (Some((key, keys)), Some((value, values))) = (keys.split_first(), values.split_first())
    else {
        list.push(if tie_descending { "id < " } else { "id > " }).push_bind(id);
        return;
    };
    let column = column(key.field);
    list.push("(");
    match stored(value) {
        Some(value) => {
            list.push(column).push(if key.descending { " < " } else { " > " });
            list.push_bind(value.clone());
            if key.field == SortField::DueDate {
                list.push(" OR due_at IS NULL");
            }
            list.push(" OR (").push(column).push(" = ").push_bind(value);
        }
        // Tasks without a due date are the last: only among themselves does anything come behind.
        None => {
            list.push("(").push(column).push(" IS NULL");
        }
    }
    list.push(" AND ");
    push_after(list, keys, values, id, tie_descending);
    list.push("))");
}

fn stored(value: &SortValue) -> Option<Value> {
    match value {
        SortValue::Instant(instant) => Some((*instant).into()),
        SortValue::Due(due) => due.map(Value::from),
        SortValue::Text(text) => Some(text.as_str().into()),
        SortValue::Integer(number) => Some((*number).into()),
    }
}
