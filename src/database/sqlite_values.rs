//! Values on their way to SQLite and back.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Type, ValueRef};

use super::statement::Value;

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null(_) => ValueRef::Null,
            Self::Text(text) | Self::Json(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Boolean(boolean) => ValueRef::Integer(i64::from(*boolean)),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
            Self::Instant(instant) => ValueRef::Integer(instant.as_microsecond()),
        }))
    }
}

/// SQLite takes any bytes as text. What is not UTF-8 was written by another program, and is not guessed at.
pub(super) fn read_value(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Option<Value>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(Value::Integer(number)),
        ValueRef::Real(number) => Some(Value::Real(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Some(Value::Text(text.to_owned())),
            Err(_) => {
                let name = row.as_ref().column_name(index)?;
                let problem = format!("the column {name} holds text that is not UTF-8").into();
                return Err(rusqlite::Error::FromSqlConversionFailure(index, Type::Text, problem));
            }
        },
        ValueRef::Blob(bytes) => Some(Value::Bytes(bytes.to_vec())),
    })
}
