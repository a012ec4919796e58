//! Bringing a schema up to date: refinery's migrations, embedded in the binary, run under a lock.

mod on_postgres;

use std::path::PathBuf;

use refinery::error::Kind;
use refinery::{Report, Runner, SchemaVersion};

use super::{copies, postgres, sqlite, sqlite_lock};
use crate::config::{EmbeddedSettings, Storage};

mod embedded_sqlite {
    refinery::embed_migrations!("migrations/sqlite");
}

/// Where refinery notes what it has run.
pub(super) const HISTORY_TABLE: &str = "duly_schema_history";

/// What keeps a database from being used.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The database has migrations that this program does not know.
    #[error(
        "the database is at version {found}, this program knows versions up to {known}: \
         it was used by a newer duly. Start that one, or restore a backup from before."
    )]
    Newer { found: SchemaVersion, known: SchemaVersion },
    /// Another copy of the program has the embedded database open.
    #[error("{} is in use by another running duly. Stop that one first, or set another DATA_DIR.", .0.display())]
    InUse(PathBuf),
    /// It is the target of a copy that is not finished.
    #[error(
        "this database is a copy that was not finished. Start the same duly copy again: it goes on where it stopped. \
         To give the copy up, delete the database."
    )]
    Unfinished,
    /// It cannot be opened or connected to.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// The two connection strings do not lead to one database.
    #[error(
        "DATABASE_DIRECT_URL leads to another database than DATABASE_URL: it must be the same one, without the pooler"
    )]
    OtherDatabase,
    /// A migration failed; it was rolled back.
    #[error("the database could not be brought up to date: {0}")]
    Failed(String),
}

impl From<rusqlite::Error> for MigrationError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl From<tokio_postgres::Error> for MigrationError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unreachable(postgres::describe(&error))
    }
}

impl From<refinery::Error> for MigrationError {
    fn from(error: refinery::Error) -> Self {
        Self::Failed(match error.kind() {
            Kind::Connection(step, cause) => {
                let reported = cause.downcast_ref().map(postgres::describe);
                format!("{step}: {}", reported.unwrap_or_else(|| cause.to_string()))
            }
            kind => kind.to_string(),
        })
    }
}

/// A migration that this program knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    pub version: SchemaVersion,
    pub name: String,
    pub applied: bool,
}

/// Runs what is pending; the migrations that were run now come back with `applied` set.
///
/// # Errors
/// [`MigrationError`].
pub async fn run(storage: &Storage) -> Result<Vec<Migration>, MigrationError> {
    match storage {
        Storage::Postgres(settings) => on_postgres::run(settings).await,
        Storage::Embedded(settings) => {
            let _lock = sqlite_lock::lock(settings)?;
            run_embedded(settings)
        }
    }
}

/// Every migration that this program knows, in order, and whether the database has it. Changes nothing,
/// except that it makes an embedded file that is not there yet.
///
/// # Errors
/// [`MigrationError`].
pub async fn status(storage: &Storage) -> Result<Vec<Migration>, MigrationError> {
    let (runner, last) = match storage {
        Storage::Postgres(settings) => {
            (on_postgres::runner(), on_postgres::last_applied(settings).await?)
        }
        Storage::Embedded(settings) => {
            let mut connection = sqlite::open_connection(&settings.file)?;
            (sqlite_runner(), last_applied_sqlite(&mut connection)?)
        }
    };
    let mut migrations: Vec<Migration> = runner
        .get_migrations()
        .iter()
        .map(|migration| describe(migration, migration.version() <= last))
        .collect();
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

/// The newest migration that this program knows.
pub(super) fn newest() -> SchemaVersion {
    newest_of(&sqlite_runner())
}

fn newest_of(runner: &Runner) -> SchemaVersion {
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or(0)
}

/// Runs what is pending on the embedded file; the caller holds its lock.
pub(super) fn run_embedded(settings: &EmbeddedSettings) -> Result<Vec<Migration>, MigrationError> {
    let mut connection = sqlite::open_connection(&settings.file).map_err(|error| {
        MigrationError::Unreachable(format!("{}: {error}", settings.file.display()))
    })?;
    if connection.table_exists(None, copies::MARK)? {
        return Err(MigrationError::Unfinished);
    }
    let runner = sqlite_runner();
    let report = runner.run(&mut connection).map_err(|error| explain(error, &runner))?;
    Ok(applied(&report))
}

fn last_applied_sqlite(
    connection: &mut rusqlite::Connection,
) -> Result<SchemaVersion, MigrationError> {
    if !connection.table_exists(None, HISTORY_TABLE)? {
        return Ok(0);
    }
    let last = sqlite_runner().get_last_applied_migration(connection)?;
    Ok(last.map_or(0, |migration| migration.version()))
}

fn sqlite_runner() -> Runner {
    configured(embedded_sqlite::migrations::runner())
}

fn configured(mut runner: Runner) -> Runner {
    runner.set_migration_table_name(HISTORY_TABLE);
    // One transaction for all that is pending, with what says that it was done: by itself refinery writes that in a second
    // one, and a program that is killed in between can never start again.
    runner.set_grouped(true)
}

/// Tells a database that is newer than this program from a migration that failed.
fn explain(error: refinery::Error, runner: &Runner) -> MigrationError {
    let known = newest_of(runner);
    match error.kind() {
        Kind::MissingVersion(migration) if migration.version() > known => {
            MigrationError::Newer { found: migration.version(), known }
        }
        _ => error.into(),
    }
}

fn applied(report: &Report) -> Vec<Migration> {
    report.applied_migrations().iter().map(|migration| describe(migration, true)).collect()
}

fn describe(migration: &refinery::Migration, applied: bool) -> Migration {
    Migration { version: migration.version(), name: migration.name().to_owned(), applied }
}
