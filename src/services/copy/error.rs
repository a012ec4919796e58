//! Why a copy is not made, or not finished.

use crate::database::DatabaseError;
use crate::database::migrations::MigrationError;
use crate::database::transfer::ReadError;
use crate::database::transfer::tables::Table;

/// Why a copy was not made, or not finished. Each is a sentence for people, and names no value but keys.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("--from and --to are the same database")]
    Same,
    #[error("there is no database at {0}")]
    NoSource(String),
    #[error(
        "{0} is in use by a running duly. Stop it, or copy from a backup: duly backup makes one while it runs."
    )]
    SourceInUse(String),
    #[error("the source cannot be opened: {0}")]
    Source(#[source] MigrationError),
    #[error("the target cannot be opened: {0}")]
    Target(#[source] MigrationError),
    #[error("{0} has no tables of duly's")]
    NotOurs(String),
    #[error(
        "the source is at version {found} of the tables, this duly copies version {newest}. \
         Start this duly on it once (duly migrate is enough)."
    )]
    OlderSource { found: i64, newest: i64 },
    #[error(
        "the database is at version {found} of the tables, this duly knows versions up to {newest}. Use the newer duly."
    )]
    Newer { found: i64, newest: i64 },
    #[error("the source is itself a copy that was not finished")]
    UnfinishedSource,
    #[error(
        "the {end} is damaged, or another program has changed its tables: {what} is missing. Nothing was copied."
    )]
    Missing { end: &'static str, what: String },
    #[error(
        "row-level security may hide rows of the {end}'s table {table} from this role. Nothing was copied. \
         Use a role that sees every row: the owner of the table, or one with BYPASSRLS."
    )]
    Hidden { end: &'static str, table: &'static str },
    #[error(
        "another program has added columns, which would be left behind: {}. \
         Between two PostgreSQL databases pg_dump takes them along. To copy without them: --leave-behind.",
        .0.join(", ")
    )]
    ForeignColumns(Vec<String>),
    #[error("an embedded target must be a data directory, or duly.db in one")]
    NotADataDirectory,
    #[error("the target is not empty: there are rows in its table {0}. Nothing was changed.")]
    NotEmpty(&'static str),
    #[error(
        "the target has a table {0} of another program. Nothing was changed. Use a database of duly's own."
    )]
    ForeignTable(&'static str),
    #[error(
        "the target has columns of another program that must not be empty, and nothing is known to put there: {}. \
         Nothing was changed. Give them a default, or let them be NULL.",
        .0.join(", ")
    )]
    RequiredColumns(Vec<String>),
    #[error(
        "the target holds the unfinished copy of another source. Nothing was changed. \
         Copy from that one again to finish it, or delete the database to give it up."
    )]
    OtherCopy,
    #[error(
        "the unfinished copy in the target was begun by another version of duly. Nothing was changed. \
         Finish it with that one, or delete the database to give it up."
    )]
    OtherVersion,
    #[error(
        "another duly copy into this target has begun at the same moment. This one has copied nothing."
    )]
    BegunElsewhere,
    #[error(
        "another duly copy has taken over this target. This one stops, and writes nothing more."
    )]
    TakenOver,
    #[error(
        "the copy in this target is finished, and not by this duly copy: another one has taken it over. This one stops, \
         and writes nothing more."
    )]
    FinishedElsewhere,
    #[error("{0}")]
    DataDirectory(String),
    #[error("stopped, and not finished: the same command goes on where it was")]
    Stopped,
    #[error("table {table}: {error}")]
    Table { table: &'static str, error: DatabaseError },
    #[error(
        "this does not read, and cannot be copied: {0}. Put it right in the database, and start the copy again."
    )]
    Unreadable(String),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(
        "the copy is not equal to its source: {0}. It is not finished; starting it again looks for what differs."
    )]
    Differs(String),
    #[error(
        "the source is being written to, faster than it can be followed: {0}. Stop whatever writes to it, \
         and start the copy again: it goes on where it is."
    )]
    SourceChanges(String),
}

impl CopyError {
    /// Says which table it was, where a statement failed.
    pub(super) fn of<E: Into<Self>>(table: &'static Table) -> impl Fn(E) -> Self {
        |error| match error.into() {
            Self::Database(error) => Self::Table { table: table.name, error },
            error => error,
        }
    }
}

impl From<ReadError> for CopyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Database(error) => Self::Database(error),
            ReadError::Unreadable(what) => Self::Unreadable(what),
        }
    }
}
