//! Whole copies of the embedded file: taking one while a server writes, and looking at one before it is brought back.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::migrations::{self, MigrationError};
use super::transfer::tables::{AUTH_TABLES, OWNERS, TABLES, TASKS, Table};
use super::{copies, sqlite, sqlite_lock};
use crate::config::EmbeddedSettings;

/// Why a file is no backup that can be brought back.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("it is not an SQLite database")]
    NotSqlite,
    #[error("it is not a database of duly")]
    NotOurs,
    #[error("it is a copy that was not finished")]
    Unfinished,
    #[error(
        "it is of version {found}, and this program knows versions up to {known}: use a newer duly"
    )]
    Newer { found: i64, known: i64 },
    #[error("it has the {kind} {name}, and duly makes none: it was changed by somebody")]
    Foreign { kind: String, name: String },
    #[error("it is damaged: {0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => Self::NotSqlite,
            _ => Self::Damaged(error.to_string()),
        }
    }
}

/// What keeps a second program off the embedded file, as long as it is kept.
#[derive(Debug)]
pub struct Lock {
    _file: std::fs::File,
}

/// Takes the lock of the embedded database.
///
/// # Errors
/// [`MigrationError::InUse`] where a server has it.
pub fn lock(settings: &EmbeddedSettings) -> Result<Lock, MigrationError> {
    Ok(Lock { _file: sqlite_lock::lock(settings)? })
}

/// Takes the lock where there is one: a backup has none beside it.
///
/// # Errors
/// [`MigrationError::InUse`] where a server has it.
pub fn lock_if_there(settings: &EmbeddedSettings) -> Result<Option<Lock>, MigrationError> {
    Ok(sqlite_lock::lock_if_there(settings)?.map(|file| Lock { _file: file }))
}

/// Writes the database as it is at this moment into `target`, an empty file. Whoever writes to the database goes on
/// doing so. Blocks.
///
/// # Errors
/// A sentence.
pub fn write(settings: &EmbeddedSettings, target: &Path) -> Result<(), String> {
    let target = target.to_str().ok_or("the name of the file must be UTF-8")?;
    match write_into(settings, target) {
        Ok(Written::Whole) => Ok(()),
        Ok(Written::Unfinished) => Err(MigrationError::Unfinished.to_string()),
        Err(error) => Err(format!("the backup failed: {error}")),
    }
}

enum Written {
    Whole,
    /// Nothing was: the database is a copy that is not finished.
    Unfinished,
}

fn write_into(settings: &EmbeddedSettings, target: &str) -> rusqlite::Result<Written> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&settings.file, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;")?;
    if connection.table_exists(None, copies::MARK)? {
        return Ok(Written::Unfinished);
    }
    connection.execute("VACUUM INTO ?1", [target]).map(|_| Written::Whole)
}

/// Looks at every page and row of a file that nobody else has open. Blocks.
///
/// # Errors
/// [`Unfit`].
pub fn check(file: &Path) -> Result<(), Unfit> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch("PRAGMA trusted_schema = OFF;")?;
    if !connection.table_exists(None, migrations::HISTORY_TABLE)? {
        return Err(Unfit::NotOurs);
    }
    let version = format!("SELECT COALESCE(max(version), 0) FROM {}", migrations::HISTORY_TABLE);
    let found: i64 = connection.query_row(&version, [], |row| row.get(0))?;
    let known = copies::newest_version();
    if found > known {
        return Err(Unfit::Newer { found, known });
    }
    if connection.table_exists(None, copies::MARK)? {
        return Err(Unfit::Unfinished);
    }
    if let Some((kind, name)) = foreign_object(&connection)? {
        return Err(Unfit::Foreign { kind, name });
    }
    let complaint: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if complaint != "ok" {
        return Err(Unfit::Damaged(complaint));
    }
    if found == known
        && let Some(missing) = missing_column(&connection)?
    {
        return Err(Unfit::Damaged(format!("{missing} is missing")));
    }
    let mut foreign_keys = connection.prepare("PRAGMA foreign_key_check")?;
    if foreign_keys.exists([])? {
        return Err(Unfit::Damaged("a row refers to one that is not there".to_owned()));
    }
    Ok(())
}

/// Something in the schema that runs along with our statements or takes a table's place: a trigger, a view, a virtual
/// table. SQLite writes the beginning of each text itself; what another program has written into the schema does not
/// pass for a table or an index either.
fn foreign_object(connection: &Connection) -> rusqlite::Result<Option<(String, String)>> {
    let select = "SELECT CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 'virtual table' \
                              WHEN type IN ('trigger', 'view') THEN type ELSE 'entry' END, \
                         COALESCE(name, '') FROM sqlite_schema \
                  WHERE NOT COALESCE(type = 'table' AND sql GLOB 'CREATE TABLE *' \
                      OR type = 'index' AND (sql IS NULL OR sql GLOB 'CREATE INDEX *' \
                                             OR sql GLOB 'CREATE UNIQUE INDEX *'), FALSE) LIMIT 1";
    let found = connection.query_row(select, [], |row| {
        let name: String = row.get(1)?;
        let shown = name.chars().filter(|char| !char.is_control()).take(60).collect();
        Ok((row.get(0)?, shown))
    });
    found.optional()
}

/// The first table or column that should be there and is not.
fn missing_column(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let copied = TABLES
        .iter()
        .flat_map(|table| table.columns.iter().map(|(column, _)| (table.name, *column)));
    for (table, column) in copied.chain([("owners", "number"), ("tasks", "place")]) {
        if !connection.column_exists(None, table, column)? {
            return Ok(Some(format!("{table}.{column}")));
        }
    }
    Ok(None)
}

/// Whether there is anybody's data in the embedded file; signing keys alone are nobody's. The caller holds the lock.
///
/// # Errors
/// Where it does not read as a database.
pub fn holds_data(settings: &EmbeddedSettings) -> Result<bool, MigrationError> {
    let reader = sqlite::open_reader(&settings.file)?;
    let keys = |table: &&&Table| table.name != "jwks";
    for table in AUTH_TABLES.iter().filter(keys).chain([&&OWNERS, &&TASKS]) {
        let any = format!("SELECT 1 FROM \"{}\"", table.name);
        if reader.table_exists(None, table.name)? && reader.prepare(&any)?.exists([])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Moves what is in the log of the embedded file into the file, so that nothing of it is left beside. The caller holds
/// the lock.
///
/// # Errors
/// Where that fails.
pub fn fold_log(settings: &EmbeddedSettings) -> Result<(), MigrationError> {
    let connection = sqlite::open_connection(&settings.file)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}
