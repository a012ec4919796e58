//! Rows on their way from one database into another: every column of every table, as it is, page by page.
//!
//! What a row means is not looked at here.

mod record;
pub mod tables;
mod unreadable;

use std::collections::HashMap;

use super::statement::{Batch, Row, Statement, Value};
use super::{Database, DatabaseError};
pub use record::{Key, Range, Record};
use record::{name_of, typed};
use tables::{OWNERS, Table};
pub use unreadable::ReadError;
use unreadable::explain;

/// How many rows are read, compared or written at once. A row of tasks may have 100 kB; most have less than one.
pub const PAGE: usize = 256;
/// How many rows one statement inserts. SQLite looks parameters up by name, which more would make slow.
const ROWS_PER_INSERT: usize = 32;

/// Rows by their keys.
#[derive(Debug, Default)]
pub struct Found(HashMap<Vec<u8>, Record>);

impl Found {
    pub fn get(&self, key: &[Value]) -> Option<&Record> {
        self.0.get(&name_of(key))
    }
}

/// The next [`PAGE`] rows behind `after`, in the order of the primary key, of the owners in `range` where there is one.
///
/// # Errors
/// [`ReadError`], which names the value where one does not read.
pub async fn read_page(
    database: &Database,
    table: &Table,
    range: Option<&Range>,
    after: Option<&Key>,
) -> Result<Vec<Record>, ReadError> {
    let page = |columns| page_of(table, columns, range, after);
    match read(database, table, page(table.columns.len())).await {
        Ok(records) => Ok(records),
        Err(error) => Err(explain(database, table, page(table.key_length), error).await),
    }
}

/// The rows that have these keys.
///
/// # Errors
/// As [`read_page`].
pub async fn find(database: &Database, table: &Table, keys: &[Key]) -> Result<Found, ReadError> {
    find_columns(database, table, keys, table.columns.len()).await
}

/// As [`find`], with only the columns of the key in the rows.
///
/// # Errors
/// As [`read_page`].
pub async fn find_keys(
    database: &Database,
    table: &Table,
    keys: &[Key],
) -> Result<Found, ReadError> {
    find_columns(database, table, keys, table.key_length).await
}

async fn find_columns(
    database: &Database,
    table: &Table,
    keys: &[Key],
    columns: usize,
) -> Result<Found, ReadError> {
    if keys.is_empty() {
        return Ok(Found::default());
    }
    let with_keys = |columns| {
        let mut select = select(table, columns);
        select.push(" AND ");
        push_has_key(&mut select, table, keys);
        select
    };
    let records = match read(database, table, with_keys(columns)).await {
        Ok(records) => records,
        Err(error) => {
            return Err(explain(database, table, with_keys(table.key_length), error).await);
        }
    };
    let by_key = records.into_iter().map(|record| (name_of(&record.key(table)), record));
    Ok(Found(by_key.collect()))
}

async fn read(
    database: &Database,
    table: &Table,
    select: Statement,
) -> Result<Vec<Record>, DatabaseError> {
    let rows: Vec<Row> = database.read(select).await?;
    rows.into_iter().map(|row| typed(table, row)).collect()
}

/// Adds rows. One that meets another with its key, or with something else that must be unique, is left out: what a
/// copy that was killed had sent may still arrive.
pub fn insert(table: &Table, records: Vec<Record>) -> Batch {
    in_chunks(records, |records| {
        let mut insert = insert_statement(table, records);
        insert.push(" ON CONFLICT DO NOTHING");
        insert
    })
}

/// Adds owners, or gives those that are there these values.
pub fn put_owners(records: Vec<Record>) -> Batch {
    in_chunks(records, |records| {
        let mut put = insert_statement(&OWNERS, records);
        put.push(" ON CONFLICT (\"user_id\") DO UPDATE SET ");
        for (index, (name, _)) in OWNERS.columns.iter().enumerate().skip(1) {
            put.push(if index > 1 { ", " } else { "" });
            put.push(&format!("\"{name}\" = excluded.\"{name}\""));
        }
        put
    })
}

/// Deletes the rows that have these keys, and with them those that refer to them.
pub fn delete(table: &Table, keys: &[Key]) -> Batch {
    let mut delete = Statement::across_owners("DELETE FROM ");
    delete.push(&format!("\"{}\" WHERE ", table.name));
    push_has_key(&mut delete, table, keys);
    vec![delete]
}

/// Has the tasks of these owners looked at again, whatever the owners' versions say.
pub fn doubt_owners(ids: &[String]) -> Batch {
    let mut update = Statement::across_owners("UPDATE owners SET version = ");
    update.push_bind(record::UNFINISHED).push(" WHERE user_id IN (");
    push_values(&mut update, ids.iter().map(|id| Value::from(id.as_str())));
    update.push(")");
    vec![update]
}

/// How many rows a table has.
///
/// # Errors
/// [`DatabaseError`].
pub async fn count(database: &Database, table: &Table) -> Result<i64, DatabaseError> {
    let mut count = Statement::across_owners("SELECT count(*) FROM ");
    count.push(&format!("\"{}\"", table.name));
    let rows: Vec<Row> = database.read(count).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take(0))
}

/// Whether a table has a row.
///
/// # Errors
/// [`DatabaseError`].
pub async fn has_rows(database: &Database, table: &Table) -> Result<bool, DatabaseError> {
    let mut any = Statement::across_owners("SELECT 1 FROM ");
    any.push(&format!("\"{}\" LIMIT 1", table.name));
    Ok(!database.read::<Row>(any).await?.is_empty())
}

fn in_chunks(records: Vec<Record>, statement: impl Fn(Vec<Record>) -> Statement) -> Batch {
    let mut records = records.into_iter();
    let mut batch = Batch::new();
    loop {
        let chunk: Vec<Record> = records.by_ref().take(ROWS_PER_INSERT).collect();
        if chunk.is_empty() {
            return batch;
        }
        batch.push(statement(chunk));
    }
}

fn insert_statement(table: &Table, records: Vec<Record>) -> Statement {
    let mut insert = Statement::across_owners("INSERT INTO ");
    insert.push(&format!("\"{}\" (", table.name));
    push_names(&mut insert, table, table.columns.len());
    insert.push(") VALUES ");
    for (index, record) in records.into_iter().enumerate() {
        insert.push(if index > 0 { ", (" } else { "(" });
        push_values(&mut insert, record.0);
        insert.push(")");
    }
    insert
}

/// The beginning of a query that reads the first so many columns. A condition follows behind `AND`.
fn select(table: &Table, columns: usize) -> Statement {
    let mut select = Statement::across_owners("SELECT ");
    push_names(&mut select, table, columns);
    select.push(&format!(" FROM \"{}\" WHERE TRUE", table.name));
    select
}

fn page_of(table: &Table, columns: usize, range: Option<&Range>, after: Option<&Key>) -> Statement {
    let mut select = select(table, columns);
    if let Some(range) = range {
        select.push(" AND \"user_id\" >= ").push_bind(range.first.as_str());
        select.push(" AND \"user_id\" <= ").push_bind(range.last.as_str());
    }
    if let Some(after) = after {
        select.push(" AND (");
        push_names(&mut select, table, table.key_length);
        select.push(") > (");
        push_values(&mut select, after.clone());
        select.push(")");
    }
    select.push(" ORDER BY ");
    push_names(&mut select, table, table.key_length);
    select.push(" LIMIT ").push_bind(PAGE as i64);
    select
}

fn push_names(statement: &mut Statement, table: &Table, columns: usize) {
    for (index, (name, _)) in table.columns.iter().take(columns).enumerate() {
        statement.push(if index > 0 { ", " } else { "" });
        statement.push(&format!("\"{name}\""));
    }
}

fn push_values(statement: &mut Statement, values: impl IntoIterator<Item = Value>) {
    for (index, value) in values.into_iter().enumerate() {
        statement.push(if index > 0 { ", " } else { "" });
        statement.push_bind(value);
    }
}

/// A condition: the row's key is one of these. Keys of two columns are grouped by the first, so that either engine
/// finds each of them in the index.
fn push_has_key(statement: &mut Statement, table: &Table, keys: &[Key]) {
    let last_name = |statement: &mut Statement| {
        let name = table.columns[table.key_length - 1].0;
        statement.push(&format!("\"{name}\" IN ("));
    };
    let last_values = |keys: &[Key]| -> Vec<Value> {
        keys.iter().filter_map(|key| key.last().cloned()).collect()
    };
    if table.key_length == 1 {
        last_name(statement);
        push_values(statement, last_values(keys));
        statement.push(")");
        return;
    }
    for (index, group) in keys.chunk_by(|one, next| one.first() == next.first()).enumerate() {
        statement.push(if index > 0 { " OR " } else { "(" });
        let owner = group.iter().find_map(|key| key.first().cloned());
        statement.push("(\"user_id\" = ");
        push_values(statement, owner);
        statement.push(" AND ");
        last_name(statement);
        push_values(statement, last_values(group));
        statement.push("))");
    }
    statement.push(")");
}
