//! Which value of which row it is that does not read: text that is not UTF-8, an instant beyond the years that exist.
//! Looked for when that has happened, and not before.

use super::record::{typed, typed_value};
use super::tables::Table;
use super::{Key, push_has_key, select};
use crate::database::statement::{Row, Statement, Value};
use crate::database::{Database, DatabaseError};

/// Why rows were not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Another program has written what cannot be kept.
    #[error("{0}")]
    Unreadable(String),
}

/// Says which value it is, if it is one. `keys` asks for the keys of the rows that were to be read.
pub(super) async fn explain(
    database: &Database,
    table: &Table,
    keys: Statement,
    error: DatabaseError,
) -> ReadError {
    if !matches!(error, DatabaseError::Failed(_)) {
        return error.into();
    }
    match find_value(database, table, keys).await {
        Ok(Some(sentence)) => ReadError::Unreadable(sentence),
        Ok(None) | Err(_) => error.into(),
    }
}

async fn find_value(
    database: &Database,
    table: &Table,
    keys: Statement,
) -> Result<Option<String>, DatabaseError> {
    for row in database.read::<Row>(keys).await? {
        let key = typed(table, row)?.key(table);
        let whole = only(select(table, table.columns.len()), table, &key);
        if read_one(database, whole).await.and_then(|row| typed(table, row)).is_ok() {
            continue;
        }
        for (index, (column, _)) in table.columns.iter().enumerate() {
            let mut alone = Statement::across_owners("SELECT ");
            alone.push(&format!("\"{column}\" FROM \"{}\" WHERE TRUE", table.name));
            let value = read_one(database, only(alone, table, &key)).await;
            let value = value.map(|row| row.0.into_iter().next().flatten());
            if let Err(DatabaseError::Failed(why)) =
                value.and_then(|value| typed_value(table, index, value))
            {
                let (table, key) = (table.name, named(table, &key));
                return Ok(Some(format!("{table}.{column} of the row with {key}: {why}")));
            }
        }
    }
    Ok(None)
}

fn only(mut select: Statement, table: &Table, key: &Key) -> Statement {
    select.push(" AND ");
    push_has_key(&mut select, table, std::slice::from_ref(key));
    select
}

async fn read_one(database: &Database, select: Statement) -> Result<Row, DatabaseError> {
    let rows: Vec<Row> = database.read(select).await?;
    rows.into_iter().next().ok_or_else(|| DatabaseError::Failed("the row is gone".to_owned()))
}

fn named(table: &Table, key: &Key) -> String {
    let parts = table.columns.iter().zip(key).map(|((name, _), value)| match value {
        Value::Text(text) => format!("{name} {text:?}"),
        Value::Uuid(uuid) => format!("{name} {uuid}"),
        other => format!("{name} {other:?}"),
    });
    parts.collect::<Vec<_>>().join(" and ")
}
