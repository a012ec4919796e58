//! The few places where the two dialects of SQL differ.

use super::statement::{Statement, Value};

/// Where PostgreSQL and SQLite do not share a way to say something, this says it for either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Postgres,
    Sqlite,
}

impl Dialect {
    /// A query for how a statement would be carried out. Its last column says so in words.
    pub fn explain(self, mut statement: Statement) -> Statement {
        let explain = match self {
            Self::Postgres => "EXPLAIN ",
            Self::Sqlite => "EXPLAIN QUERY PLAN ",
        };
        statement.sql.to_mut().insert_str(0, explain);
        statement
    }

    /// A condition: the JSON array in the column `array` holds every element of the JSON array that the
    /// next placeholder carries.
    pub fn push_contains_all(self, statement: &mut Statement, array: &str, wanted: &[String]) {
        let json = Value::Json(serde_json::Value::from(wanted).to_string());
        match self {
            Self::Postgres => statement.push(array).push(" @> ").push_bind(json),
            Self::Sqlite => statement
                .push("NOT EXISTS (SELECT 1 FROM json_each(")
                .push_bind(json)
                .push(") AS wanted WHERE wanted.value NOT IN (SELECT value FROM json_each(")
                .push(array)
                .push(")))"),
        };
    }

    /// What an insert of a task appends to its columns and to its values, which come from the row of its owner: where
    /// the new row is to lie. SQLite keeps a table in the order of a number; the rows of one person lie side by side
    /// where their numbers follow each other (`migrations/sqlite/V5__places.sql`).
    pub(super) fn place(self) -> (&'static str, &'static str) {
        match self {
            Self::Postgres => ("", ""),
            Self::Sqlite => (
                ", place",
                ", (SELECT COALESCE(max(place), number << 32) + 1 FROM tasks \
                 WHERE place BETWEEN number << 32 AND (number << 32) + 4294967295)",
            ),
        }
    }
}
