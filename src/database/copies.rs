//! What a copy has to know about the database that it comes from or goes to, before a row is read or written.

mod catalogue;
mod claim;

use super::migrations;
use super::statement::{Row, Statement};
use super::transfer;
use super::transfer::tables::{AUTH_TABLES, TABLES, Table};
use super::{Database, DatabaseError};
use catalogue::{Column, columns, hides_rows};
pub use claim::{Claim, Holder};

/// The table that says that the database is the target of a copy that is not finished. Its one row says of which, and
/// who is at it.
pub const MARK: &str = "duly_copy";

/// A database as a copy finds it.
#[derive(Debug, Default)]
pub struct State {
    /// The newest migration that it has; `None` where it has none of ours.
    pub version: Option<i64>,
    /// The copy that is not finished; `None` where there is none.
    pub mark: Option<Mark>,
    /// What lacks of the tables that are copied: a table, or `table.column`.
    pub missing: Vec<String>,
    /// Columns that another program has added to tables that are copied, as `"table"."column"`.
    pub foreign_columns: Vec<String>,
    /// Of those, the ones without which a row is refused.
    pub required_columns: Vec<String>,
    /// A table with a name of ours that no migration of ours, nor Better Auth, has made.
    pub foreign_table: Option<&'static str>,
    /// A table of which rows are kept from this role by row-level security.
    pub hidden: Option<&'static str>,
    /// A table that has rows, of those that are copied; `None` where all are empty or missing.
    pub filled: Option<&'static str>,
}

/// What is known of a copy that is not finished.
#[derive(Debug)]
pub struct Mark {
    /// The hash of what it comes from.
    pub source: String,
    /// Whether it can be taken over: it was made as this version makes them.
    pub can_be_claimed: bool,
}

/// The version that this program brings databases to.
pub fn newest_version() -> i64 {
    migrations::newest().into()
}

/// Looks at a database, and changes nothing.
///
/// # Errors
/// [`DatabaseError`].
pub async fn inspect(database: &Database) -> Result<State, DatabaseError> {
    let mut state = State::default();
    if !columns(database, migrations::HISTORY_TABLE).await?.is_empty() {
        state.version = Some(version(database).await?);
    }
    let mark_columns = columns(database, MARK).await?;
    if !mark_columns.is_empty() {
        let can_be_claimed = mark_columns.iter().any(|column| column.name == "token");
        state.mark = Some(Mark { source: source(database).await?, can_be_claimed });
    }
    for table in TABLES {
        let there = columns(database, table.name).await?;
        if there.is_empty() {
            state.missing.push(table.name.to_owned());
            continue;
        }
        if hides_rows(database, table.name).await? {
            state.hidden = state.hidden.or(Some(table.name));
        }
        if transfer::has_rows(database, table).await? {
            state.filled = state.filled.or(Some(table.name));
        }
        state.note_columns(table, &there);
    }
    Ok(state)
}

impl State {
    fn note_columns(&mut self, table: &'static Table, there: &[Column]) {
        let lacks = |(name, _): &&(&str, _)| there.iter().all(|column| column.name != *name);
        let missing = table.columns.iter().filter(lacks);
        let missing: Vec<String> =
            missing.map(|(name, _)| format!("{}.{name}", table.name)).collect();
        // Better Auth makes its own tables, too.
        let is_shared = AUTH_TABLES.contains(&table) && missing.is_empty();
        if self.version.is_none() && !is_shared {
            self.foreign_table = self.foreign_table.or(Some(table.name));
        }
        self.missing.extend(missing);
        let known = |column: &Column| table.columns.iter().any(|(name, _)| *name == column.name);
        for column in there.iter().filter(|column| !known(column)) {
            let name = format!("\"{}\".\"{}\"", table.name, column.name);
            if column.is_required {
                self.required_columns.push(name.clone());
            }
            self.foreign_columns.push(name);
        }
    }
}

async fn version(database: &Database) -> Result<i64, DatabaseError> {
    let mut newest = Statement::across_owners("SELECT COALESCE(max(version), 0) FROM ");
    newest.push(migrations::HISTORY_TABLE);
    let rows: Vec<Row> = database.read(newest).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take(0))
}

async fn source(database: &Database) -> Result<String, DatabaseError> {
    let mut select = Statement::across_owners("SELECT source FROM ");
    select.push(MARK);
    let rows: Vec<Row> = database.read(select).await?;
    rows.into_iter().next().map_or(Ok(String::new()), |mut row| row.take(0))
}
