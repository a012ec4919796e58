//! Values on their way to PostgreSQL and back, in its binary forms.

use std::error::Error as StdError;

use bytes::{BufMut, BytesMut};
use jiff::Timestamp;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::database::statement::{Kind, Row, Value};
use crate::models::timestamp;

/// Microseconds between 1970 and 2000, where PostgreSQL counts from.
const EPOCH_OFFSET_MICROS: i64 = 946_684_800_000_000;

pub(super) fn read_row(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    (0..row.len())
        .map(|index| row.try_get::<_, Option<Value>>(index))
        .collect::<Result<_, _>>()
        .map(Row)
}

pub(super) fn postgres_type(kind: Kind) -> Type {
    match kind {
        Kind::Text => Type::TEXT,
        Kind::Integer => Type::INT8,
        Kind::Real => Type::FLOAT8,
        Kind::Boolean => Type::BOOL,
        Kind::Bytes => Type::BYTEA,
        Kind::Uuid => Type::UUID,
        Kind::Instant => Type::TIMESTAMPTZ,
        Kind::Json => Type::JSONB,
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null(_) => return Ok(IsNull::Yes),
            Self::Text(text) => out.put_slice(text.as_bytes()),
            Self::Integer(number) => out.put_i64(*number),
            Self::Real(number) => out.put_f64(*number),
            Self::Boolean(boolean) => out.put_u8(u8::from(*boolean)),
            Self::Bytes(bytes) => out.put_slice(bytes),
            Self::Uuid(uuid) => out.put_slice(uuid.as_bytes()),
            Self::Instant(instant) => out.put_i64(instant.as_microsecond() - EPOCH_OFFSET_MICROS),
            Self::Json(text) => {
                out.put_u8(1); // the version of the binary form of jsonb
                out.put_slice(text.as_bytes());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true // every statement is prepared with the types of its values
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(match *kind {
            Type::TEXT | Type::VARCHAR | Type::NAME => Self::Text(String::from_sql(kind, raw)?),
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Integer(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Integer(i16::from_sql(kind, raw)?.into()),
            Type::FLOAT8 => Self::Real(f64::from_sql(kind, raw)?),
            Type::BOOL => Self::Boolean(bool::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::UUID => Self::Uuid(Uuid::from_slice(raw)?),
            Type::TIMESTAMPTZ => Self::Instant(read_instant(i64::from_be_bytes(raw.try_into()?))?),
            Type::JSONB => {
                Self::Json(String::from_utf8(raw.get(1..).unwrap_or_default().to_vec())?)
            }
            ref other => return Err(format!("the type {other} does not cross the seam").into()),
        })
    }

    fn accepts(_: &Type) -> bool {
        true // from_sql says so itself where it does not
    }
}

fn read_instant(micros_since_2000: i64) -> Result<Timestamp, &'static str> {
    timestamp::from_micros(micros_since_2000.saturating_add(EPOCH_OFFSET_MICROS))
        .ok_or("an instant beyond the years that exist")
}
