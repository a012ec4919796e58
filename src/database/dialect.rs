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

    /// A condition: the text in a column, where there is one, contains another.
    pub(super) fn push_contains_text(self, statement: &mut Statement, column: &str, wanted: &str) {
        let function = match self {
            Self::Postgres => "strpos(",
            Self::Sqlite => "instr(",
        };
        statement.push(function).push(column).push(", ").push_bind(wanted).push(") > 0");
    }

    /// A condition: the JSON array of texts in a column holds every one of these.
    pub fn push_contains_all(self, statement: &mut Statement, array: &str, wanted: &[String]) {
        let json = serde_json::Value::from(wanted).to_string();
        match self {
            Self::Postgres => {
                statement.push(array).push(" @> ").push_bind(Value::Json(json));
            }
            Self::Sqlite => {
                // Few arrays even contain the text: the others need not be read as JSON.
                for text in wanted {
                    let text = serde_json::Value::from(text.as_str()).to_string();
                    self.push_contains_text(statement, array, &text);
                    statement.push(" AND ");
                }
                statement
                    .push("NOT EXISTS (SELECT 1 FROM json_each(")
                    .push_bind(Value::Json(json))
                    .push(") AS wanted WHERE wanted.value NOT IN (SELECT value FROM json_each(")
                    .push(array)
                    .push(")))");
            }
        }
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
