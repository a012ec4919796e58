//! Storage: the only place that names a driver.
//!
//! [`statement`] is the seam, `postgres` and `sqlite` are its two ends, and one file per concept
//! ([`tasks`], [`users`], [`sessions`], …) holds the SQL, written once for both. A decision that depends
//! on data is made in SQL and read off the rows that come back; there are no interactive transactions, so
//! no connection is ever held while something else is waited for.

pub mod accounts;
pub mod backup;
pub mod copies;
mod dialect;
pub mod idempotency;
pub mod keys;
pub mod migrations;
pub mod postgres;
mod scope;
pub mod sessions;
mod sqlite;
mod sqlite_lock;
mod sqlite_short_reads;
mod sqlite_values;
mod sqlite_writer;
pub mod statement;
pub mod task_list;
mod task_statements;
pub mod tasks;
pub mod transfer;
pub mod users;
pub mod verifications;

use std::time::Duration;

use statement::{Batch, Dialect, FromRow, Row, Statement};

use crate::config::Storage;
pub use crate::error::DatabaseError;
use migrations::MigrationError;
use postgres::Postgres;
use sqlite::Sqlite;

/// How long a request waits for a connection or a place in a queue before it is told that there is none.
const WAIT: Duration = Duration::from_secs(5);
/// How many may wait before the next one is told so at once.
const MAX_WAITING: usize = 4096;

/// An open database, of either engine.
pub struct Database {
    engine: Engine,
    users: Users,
}

/// Where the people live whose tasks are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// In the table `"user"`: only who is there may have tasks.
    Here,
    /// In somebody else's database, or in this one and in somebody else's care.
    Elsewhere,
}

enum Engine {
    Postgres(Postgres),
    Sqlite(Sqlite),
}

impl Database {
    /// Brings the schema up to date and opens the database.
    ///
    /// # Errors
    /// [`MigrationError`], in particular where the database is newer than this program, cannot be reached,
    /// or (embedded) is in use by another copy.
    pub async fn open(storage: &Storage) -> Result<Self, MigrationError> {
        let engine = match storage {
            Storage::Postgres(settings) => {
                migrations::run(storage).await?;
                Engine::Postgres(Postgres::open(settings)?)
            }
            Storage::Embedded(settings) => {
                // The lock is taken first and kept: the migrations run under it.
                let lock = sqlite_lock::lock(settings)?;
                migrations::run_embedded(settings)?;
                Engine::Sqlite(Sqlite::open(settings, lock)?)
            }
        };
        Ok(Self { engine, users: Users::Elsewhere })
    }

    /// Opens a database to look at it, without bringing it up to date. Nothing can be written to an embedded one, and
    /// nothing is: not even what a server that was killed has left in its log is moved into the file.
    ///
    /// # Errors
    /// [`MigrationError`], in particular where an embedded one is not there, or in use.
    pub async fn open_read_only(storage: &Storage) -> Result<Self, MigrationError> {
        let engine = match storage {
            Storage::Postgres(settings) => Engine::Postgres(Postgres::open(settings)?),
            Storage::Embedded(settings) => Engine::Sqlite(Sqlite::open_read_only(settings)?),
        };
        Ok(Self { engine, users: Users::Elsewhere })
    }

    /// Opens a database as it is, to copy into it: also one that is marked as an unfinished copy.
    ///
    /// # Errors
    /// [`MigrationError`].
    pub async fn open_unfinished(storage: &Storage) -> Result<Self, MigrationError> {
        let engine = match storage {
            Storage::Postgres(settings) => Engine::Postgres(Postgres::open(settings)?),
            Storage::Embedded(settings) => {
                Engine::Sqlite(Sqlite::open(settings, sqlite_lock::lock(settings)?)?)
            }
        };
        Ok(Self { engine, users: Users::Elsewhere })
    }

    /// The same database, in which only users of its own may have tasks.
    pub fn with_local_users(self) -> Self {
        Self { users: Users::Here, ..self }
    }

    /// Which SQL this database speaks where the two do not share it.
    pub fn dialect(&self) -> Dialect {
        match &self.engine {
            Engine::Postgres(_) => Dialect::Postgres,
            Engine::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Runs one statement that changes nothing, and reads its rows.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn read<T: FromRow>(&self, statement: Statement) -> Result<Vec<T>, DatabaseError> {
        scope::check(std::slice::from_ref(&statement))?;
        let rows = match &self.engine {
            // Without a box the futures of requests nest deeper than the compiler follows.
            Engine::Postgres(postgres) => Box::pin(postgres.read(statement)).await?,
            Engine::Sqlite(sqlite) => sqlite.read(statement).await?,
        };
        rows.into_iter().map(T::from_row).collect()
    }

    /// Runs the statements of a batch, which are about one person at the most, in one transaction and one round trip;
    /// gives each one's rows.
    ///
    /// When this returns `Ok` the change is durable. When it returns an error nothing of the batch has
    /// happened, except that after [`DatabaseError::Unavailable`] it may have (the connection broke before
    /// the answer came).
    ///
    /// # Errors
    /// [`DatabaseError`]; [`DatabaseError::Unique`] where a statement meets a taken key.
    pub async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, DatabaseError> {
        scope::check(&batch)?;
        match &self.engine {
            Engine::Postgres(postgres) => postgres.write(batch).await,
            Engine::Sqlite(sqlite) => sqlite.write(batch).await,
        }
    }

    /// Asks the database for a sign of life. A PostgreSQL that nobody has needed for a while is left asleep; then this
    /// tells how it was when last heard of.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        let statement = Statement::without_owner("SELECT 1");
        match &self.engine {
            Engine::Postgres(postgres) => postgres.ping(statement).await,
            Engine::Sqlite(sqlite) => sqlite.read(statement).await,
        }
        .map(drop)
    }

    /// Refuses new work and closes the connections. The embedded engine finishes what is queued first; with
    /// PostgreSQL every answer has been waited for by then.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Postgres(postgres) => postgres.close(),
            Engine::Sqlite(sqlite) => sqlite.close().await,
        }
    }

    /// Whether somebody who comes now, to change something or not, would be told that there is too much to do.
    pub fn is_rushed(&self, is_write: bool) -> bool {
        match &self.engine {
            Engine::Postgres(postgres) => postgres.is_rushed(),
            Engine::Sqlite(sqlite) => is_write && sqlite.is_full(),
        }
    }

    /// How busy the engine is now, for the metrics.
    pub fn load(&self) -> Load {
        match &self.engine {
            Engine::Postgres(postgres) => postgres.load(),
            Engine::Sqlite(sqlite) => sqlite.load(),
        }
    }
}

/// How busy an engine is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Open connections.
    pub connections: usize,
    /// Of those, the ones that nobody uses right now (PostgreSQL).
    pub idle: usize,
    /// Requests that wait for their turn.
    pub waiting: usize,
}
