//! What a copy has to know about the database that it comes from or goes to, before a row is read or written.

use super::migrations;
use super::statement::{Row, Statement};
use super::transfer;
use super::transfer::tables::{TABLES, Table};
use super::{Database, DatabaseError};

/// The table that says that the database is the target of a copy that is not finished. Its one row says of which.
pub const MARK: &str = "duly_copy";

/// A database as a copy finds it.
#[derive(Debug)]
pub struct State {
    /// The newest migration that it has; `None` where it has none of ours.
    pub version: Option<i64>,
    /// What the copy that is not finished comes from; `None` where there is none.
    pub mark: Option<String>,
    /// Columns that another program has added to tables that are copied, as `"table"."column"`.
    pub foreign_columns: Vec<String>,
    /// A table that has rows, of those that are copied; `None` where all are empty or missing.
    pub filled: Option<&'static str>,
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
    let mut state = State { version: None, mark: None, foreign_columns: Vec::new(), filled: None };
    if !columns(database, migrations::HISTORY_TABLE).await?.is_empty() {
        state.version = Some(version(database).await?);
    }
    if !columns(database, MARK).await?.is_empty() {
        state.mark = Some(mark(database).await?);
    }
    for table in TABLES {
        let columns = columns(database, table.name).await?;
        if !columns.is_empty() && transfer::has_rows(database, table).await? {
            state.filled = state.filled.or(Some(table.name));
        }
        state.foreign_columns.extend(foreign(table, columns));
    }
    Ok(state)
}

/// Marks a database as the target of a copy that is not finished. `source` is the hexadecimal hash of what it is a
/// copy of.
///
/// # Errors
/// [`DatabaseError`].
pub async fn set_mark(database: &Database, source: &str) -> Result<(), DatabaseError> {
    // In one statement, so that there is no mark without its text. Parameters are not taken there.
    let hexadecimal = source.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal {
        return Err(DatabaseError::Failed("the mark of a copy is a hash".to_owned()));
    }
    let mut create = Statement::across_owners("CREATE TABLE ");
    create.push(MARK).push(" AS SELECT '").push(source).push("' AS source");
    database.write(vec![create]).await.map(drop)
}

/// Takes the mark away.
///
/// # Errors
/// [`DatabaseError`].
pub async fn clear_mark(database: &Database) -> Result<(), DatabaseError> {
    let mut drop_table = Statement::across_owners("DROP TABLE ");
    drop_table.push(MARK);
    database.write(vec![drop_table]).await.map(drop)
}

async fn columns(database: &Database, table: &str) -> Result<Vec<String>, DatabaseError> {
    let rows: Vec<Row> = database.read(database.dialect().columns_of(table)).await?;
    rows.into_iter().map(|mut row| row.take(0)).collect()
}

fn foreign(table: &'static Table, columns: Vec<String>) -> impl Iterator<Item = String> {
    let known = |column: &String| table.columns.iter().any(|(name, _)| name == column);
    let foreign = columns.into_iter().filter(move |column| !known(column));
    foreign.map(|column| format!("\"{}\".\"{column}\"", table.name))
}

async fn version(database: &Database) -> Result<i64, DatabaseError> {
    let mut newest = Statement::across_owners("SELECT COALESCE(max(version), 0) FROM ");
    newest.push(migrations::HISTORY_TABLE);
    let rows: Vec<Row> = database.read(newest).await?;
    rows.into_iter().next().map_or(Ok(0), |mut row| row.take(0))
}

async fn mark(database: &Database) -> Result<String, DatabaseError> {
    let mut select = Statement::across_owners("SELECT source FROM ");
    select.push(MARK);
    let rows: Vec<Row> = database.read(select).await?;
    rows.into_iter().next().map_or(Ok(String::new()), |mut row| row.take(0))
}
