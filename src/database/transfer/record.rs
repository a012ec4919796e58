//! A row on its way, and its one form whichever engine it comes from: two are equal exactly where they are the same.

use jiff::Timestamp;
use uuid::Uuid;

use super::tables::Table;
use crate::database::DatabaseError;
use crate::database::statement::{Column, Kind, Row, Value};

/// A row of a table: a value for each of its columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Record(pub(super) Vec<Value>);

/// The values of a primary key.
pub type Key = Vec<Value>;

/// Owners from one to another, both included, in the order of their ids.
#[derive(Clone, Debug)]
pub struct Range {
    pub first: String,
    pub last: String,
}

impl Record {
    pub fn key(&self, table: &Table) -> Key {
        self.0.iter().take(table.key_length).cloned().collect()
    }

    /// Who or what the row is about: the first column, a user's id in `owners` and `tasks`.
    pub fn id(&self) -> &str {
        match self.0.first() {
            Some(Value::Text(id)) => id,
            _ => "",
        }
    }

    /// Gives the bytes of the row to `take`, piece by piece. Rows that differ give different bytes.
    pub fn encode(&self, take: &mut impl FnMut(&[u8])) {
        for value in &self.0 {
            encode(value, take);
        }
    }

    /// An owner whose version is none that a change ever has: their tasks are on the way.
    pub fn unfinished_owner(mut self) -> Self {
        if let Some(version) = self.0.get_mut(1) {
            *version = Value::Integer(UNFINISHED);
        }
        self
    }
}

/// The version of an owner whose tasks are not all there.
pub(super) const UNFINISHED: i64 = -1;

/// A value as bytes that no other value has: its kind, its length, itself.
fn encode(value: &Value, take: &mut impl FnMut(&[u8])) {
    let mut tagged = |tag: u8, bytes: &[u8]| {
        take(&[tag]);
        take(&(bytes.len() as u64).to_be_bytes());
        take(bytes);
    };
    match value {
        Value::Null(_) => tagged(0, &[]),
        Value::Text(text) => tagged(1, text.as_bytes()),
        Value::Integer(number) => tagged(2, &number.to_be_bytes()),
        Value::Real(number) => tagged(3, &number.to_be_bytes()),
        Value::Boolean(boolean) => tagged(4, &[u8::from(*boolean)]),
        Value::Bytes(bytes) => tagged(5, bytes),
        Value::Uuid(uuid) => tagged(6, uuid.as_bytes()),
        Value::Instant(instant) => tagged(7, &instant.as_microsecond().to_be_bytes()),
        Value::Json(text) => tagged(8, text.as_bytes()),
    }
}

/// A key as something to look up by.
pub(super) fn name_of(key: &[Value]) -> Vec<u8> {
    let mut name = Vec::new();
    for value in key {
        encode(value, &mut |bytes| name.extend_from_slice(bytes));
    }
    name
}

/// A row as the table's columns say, or as far as it goes.
pub(super) fn typed(table: &Table, row: Row) -> Result<Record, DatabaseError> {
    let values = row.0.into_iter().take(table.columns.len()).enumerate();
    values
        .map(|(index, value)| typed_value(table, index, value))
        .collect::<Result<_, _>>()
        .map(Record)
}

/// The value of the column at `index` (from 0).
pub(super) fn typed_value(
    table: &Table,
    index: usize,
    value: Option<Value>,
) -> Result<Value, DatabaseError> {
    let (name, kind) = table.columns[index];
    match value {
        None => Ok(Value::Null(kind)),
        Some(value) => one_form(kind, value).ok_or_else(|| {
            DatabaseError::Failed(format!("{}.{name} holds what does not read", table.name))
        }),
    }
}

fn one_form(kind: Kind, value: Value) -> Option<Value> {
    fn as_is<T: Column>(value: Value) -> Option<Value> {
        T::from_value(value).map(Column::into_value)
    }
    match kind {
        // PostgreSQL keeps no U+0000, and nothing of ours writes one.
        Kind::Text => as_is::<String>(value).filter(|value| match value {
            Value::Text(text) => !text.contains('\0'),
            _ => true,
        }),
        Kind::Integer => as_is::<i64>(value),
        Kind::Real => as_is::<f64>(value),
        Kind::Boolean => as_is::<bool>(value),
        Kind::Bytes => as_is::<Vec<u8>>(value),
        Kind::Uuid => as_is::<Uuid>(value),
        Kind::Instant => as_is::<Timestamp>(value),
        Kind::Json => match value {
            // Tags, the only JSON there is. PostgreSQL writes it with spaces of its own, and keeps no U+0000.
            Value::Json(text) | Value::Text(text) => {
                let tags: Vec<String> = serde_json::from_str(&text).ok()?;
                let is_kept = tags.iter().all(|tag| !tag.contains('\0'));
                is_kept.then(|| Value::Json(serde_json::Value::from(tags).to_string()))
            }
            _ => None,
        },
    }
}
