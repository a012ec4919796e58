//! The seam: statements, batches, values and rows.
//!
//! The rest of the program knows a database only through what is here. Nothing here talks to one.

use std::borrow::Cow;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use super::dialect::Dialect;
use super::scope::Scope;
pub use crate::error::Constraint;
use crate::error::DatabaseError;
use crate::models::timestamp;
use crate::models::user::UserId;

/// SQL text with `$1`, `$2`, … and the values that go there, and whose rows it is about.
///
/// The text is in the dialect that PostgreSQL and SQLite share; it never contains anything that came
/// from outside.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(super) sql: Cow<'static, str>,
    pub(super) values: Vec<Value>,
    pub(super) scope: Scope,
    /// Whether it may take so long that it should not be in the way of others.
    pub(super) is_long: bool,
}

impl Statement {
    /// A statement about the rows of one person, whose id is `$1`. Other values follow by [`Statement::bind`].
    pub fn of(owner: &UserId, sql: impl Into<Cow<'static, str>>) -> Self {
        Self::scoped(Scope::OneOwner, sql).bind(owner.as_str())
    }

    /// A statement about what is found by something else than whose it is, such as a token, or is nobody's. It cannot
    /// name `owners` or `tasks`.
    pub fn without_owner(sql: impl Into<Cow<'static, str>>) -> Self {
        Self::scoped(Scope::NoOwner, sql)
    }

    /// A statement about the rows of everybody, as no request needs one.
    pub fn across_owners(sql: impl Into<Cow<'static, str>>) -> Self {
        Self::scoped(Scope::AllOwners, sql)
    }

    fn scoped(scope: Scope, sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), scope, is_long: false }
    }

    /// Gives the next placeholder its value.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Appends text.
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.to_mut().push_str(sql);
        self
    }

    /// Appends the next placeholder and gives it its value.
    pub fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = self.values.len();
        write!(self.sql.to_mut(), "${number}").expect("writing to a String cannot fail");
        self
    }
}

/// A few statements that happen together, in order, or not at all.
pub type Batch = Vec<Statement>;

/// What a value is, where there is none to tell by: PostgreSQL wants to know the type of a NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Real,
    Boolean,
    Bytes,
    Uuid,
    Instant,
    Json,
}

/// A value on its way to or from a database.
///
/// SQLite has fewer types: it hands back a boolean or an instant (microseconds since 1970) as
/// [`Value::Integer`], a UUID as [`Value::Bytes`], JSON as [`Value::Text`]. [`Row`] accepts either form.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null(Kind),
    Text(String),
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    Instant(Timestamp),
    /// JSON text.
    Json(String),
}

impl Value {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Null(kind) => *kind,
            Self::Text(_) => Kind::Text,
            Self::Integer(_) => Kind::Integer,
            Self::Real(_) => Kind::Real,
            Self::Boolean(_) => Kind::Boolean,
            Self::Bytes(_) => Kind::Bytes,
            Self::Uuid(_) => Kind::Uuid,
            Self::Instant(_) => Kind::Instant,
            Self::Json(_) => Kind::Json,
        }
    }
}

/// A Rust type that has one form in the database.
pub trait Column: Sized {
    /// The kind of its NULL.
    const KIND: Kind;
    /// The value to store.
    fn into_value(self) -> Value;
    /// The value that was stored, or `None` where it is something else.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! column {
    ($type:ty, $kind:ident, $into:expr, $($pattern:pat => $from:expr),+ $(,)?) => {
        impl Column for $type {
            const KIND: Kind = Kind::$kind;
            fn into_value(self) -> Value {
                $into(self)
            }
            fn from_value(value: Value) -> Option<Self> {
                match value {
                    $($pattern => $from,)+
                    _ => None,
                }
            }
        }
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                value.into_value()
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                value.map_or(Value::Null(Kind::$kind), Column::into_value)
            }
        }
    };
}

column!(String, Text, Value::Text, Value::Text(text) => Some(text));
column!(i64, Integer, Value::Integer, Value::Integer(number) => Some(number));
column!(f64, Real, Value::Real, Value::Real(number) => Some(number));
column!(bool, Boolean, Value::Boolean,
    Value::Boolean(boolean) => Some(boolean),
    Value::Integer(0) => Some(false),
    Value::Integer(1) => Some(true),
);
column!(Vec<u8>, Bytes, Value::Bytes, Value::Bytes(bytes) => Some(bytes));
column!(Uuid, Uuid, Value::Uuid,
    Value::Uuid(uuid) => Some(uuid),
    Value::Bytes(bytes) => Uuid::from_slice(&bytes).ok(),
);
column!(Timestamp, Instant, Value::Instant,
    Value::Instant(instant) => Some(instant),
    Value::Integer(micros) => timestamp::from_micros(micros),
);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// What a statement gave back: values in the order of its columns.
#[derive(Clone, Debug)]
pub struct Row(pub(super) Vec<Option<Value>>);

impl Row {
    /// Takes the value of the column at `index` (from 0) out of the row.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] where it is NULL or not of that type.
    pub fn take<T: Column>(&mut self, index: usize) -> Result<T, DatabaseError> {
        self.take_optional(index)?.ok_or_else(|| DatabaseError::unreadable(index, "NULL"))
    }

    /// As [`Row::take`], for a column that may be NULL.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] where it is not of that type.
    pub fn take_optional<T: Column>(&mut self, index: usize) -> Result<Option<T>, DatabaseError> {
        match self.0.get_mut(index).and_then(Option::take) {
            None => Ok(None),
            Some(value) => match T::from_value(value) {
                Some(value) => Ok(Some(value)),
                None => Err(DatabaseError::unreadable(index, "another type")),
            },
        }
    }

    /// Whether the column at `index` (from 0) is NULL.
    pub fn is_null(&self, index: usize) -> bool {
        self.0.get(index).is_none_or(Option::is_none)
    }

    /// Takes a JSON column out of the row and reads it.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] where it is NULL, or does not read as a `T`.
    pub fn take_json<T: DeserializeOwned>(&mut self, index: usize) -> Result<T, DatabaseError> {
        match self.0.get_mut(index).and_then(Option::take) {
            Some(Value::Json(text) | Value::Text(text)) => serde_json::from_str(&text)
                .map_err(|_| DatabaseError::unreadable(index, "other JSON")),
            _ => Err(DatabaseError::unreadable(index, "no JSON")),
        }
    }
}

/// A checked type that a row is read as.
pub trait FromRow: Sized {
    /// Reads the columns in the order in which the statement names them.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] where the row is not of that shape.
    fn from_row(row: Row) -> Result<Self, DatabaseError>;
}

impl FromRow for Row {
    fn from_row(row: Row) -> Result<Self, DatabaseError> {
        Ok(row)
    }
}

impl Constraint {
    const ALL: [Self; 3] = [Self::UserEmail, Self::TaskId, Self::IdempotencyKey];

    /// By the name in the schema, which PostgreSQL reports.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|constraint| match constraint {
            Self::UserEmail => name == "user_email_key",
            Self::TaskId => name == "tasks_pkey",
            Self::IdempotencyKey => name == "idempotency_keys_pkey",
        })
    }

    /// By the columns, which SQLite reports.
    pub(super) fn by_columns(columns: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|constraint| match constraint {
            Self::UserEmail => columns == "user.email",
            Self::TaskId => columns == "tasks.user_id, tasks.id",
            Self::IdempotencyKey => columns == "idempotency_keys.user_id, idempotency_keys.key",
        })
    }
}
