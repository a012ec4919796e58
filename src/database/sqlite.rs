//! The SQLite end of the seam: one writer thread (`sqlite_writer`), and a few readers on WAL snapshots, each
//! behind a queue that tells when it is full. Nothing here blocks the async runtime.

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Mutex;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, ffi};
use tokio::sync::oneshot;

use super::migrations::MigrationError;
use super::sqlite_lock;
use super::sqlite_short_reads::ShortReads;
use super::sqlite_values::read_value;
use super::sqlite_writer::write_all;
use super::statement::{Batch, Constraint, Row, Statement};
use super::{DatabaseError, Load};
use crate::config::EmbeddedSettings;

/// How many prepared statements a connection keeps.
const MAX_PREPARED: usize = 256;
/// How many reads, and how many writes, may wait before the next one is told so at once: two commits of writes.
const MAX_QUEUED: usize = 1024;
pub(super) const MAX_READERS: usize = 8;

/// Where the answer to a queued job goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, DatabaseError>>;

struct Read {
    statement: Statement,
    reply: Reply<Vec<Row>>,
}

pub(super) struct Write {
    pub(super) batch: Batch,
    pub(super) reply: Reply<Vec<Vec<Row>>>,
}

pub(super) struct Sqlite {
    /// `None` once closed.
    queues: Mutex<Option<Queues>>,
    /// The writer, where there is one, comes first.
    threads: Mutex<Vec<JoinHandle<()>>>,
    short_reads: ShortReads,
    connections: usize,
    /// Held as long as the database is open, so that no second copy opens it.
    lock: Mutex<Option<File>>,
}

#[derive(Clone)]
struct Queues {
    reads: Sender<Read>,
    writes: Sender<Write>,
}

/// Opens a connection that keeps its promises: durable commits, checked foreign keys.
pub(super) fn open_connection(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;",
    )?;
    keep_prepared(&connection)?;
    Ok(connection)
}

/// Opens the connection that all writes go through. What it changes lies scattered over the file, many pages for each
/// task: it keeps more of them at hand, 16 MB, and lets as much gather in the log, so that a page that changes several
/// times is moved into the file once.
fn open_writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = open_connection(file)?;
    connection.execute_batch("PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000;")?;
    Ok(connection)
}

pub(super) fn open_reader(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF;")?;
    keep_prepared(&connection)?;
    Ok(connection)
}

/// Keeps statements, and their plans: SQLite would make a new one each time for another number behind `LIMIT`.
fn keep_prepared(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(MAX_PREPARED);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

impl Sqlite {
    pub(super) fn open(settings: &EmbeddedSettings, lock: File) -> Result<Self, MigrationError> {
        let file = &settings.file;
        let (reads, read_queue) = bounded::<Read>(MAX_QUEUED);
        let (writes, write_queue) = bounded::<Write>(MAX_QUEUED);
        let writer = open_writer(file)?;
        let mut threads = vec![spawn("duly-writer", move || write_all(&writer, &write_queue))?];
        spawn_readers(file, &read_queue, &mut threads)?;
        let short_reads = ShortReads::open(file)?;
        Ok(Self::assemble(Queues { reads, writes }, threads, short_reads, Some(lock)))
    }

    /// Without a writer: what wants to write is told that the database is closed.
    pub(super) fn open_read_only(settings: &EmbeddedSettings) -> Result<Self, MigrationError> {
        let lock = sqlite_lock::lock_if_there(settings)?;
        let (reads, read_queue) = bounded::<Read>(MAX_QUEUED);
        let (writes, _) = bounded::<Write>(0);
        let mut threads = Vec::new();
        spawn_readers(&settings.file, &read_queue, &mut threads)?;
        let short_reads = ShortReads::open(&settings.file)?;
        Ok(Self::assemble(Queues { reads, writes }, threads, short_reads, lock))
    }

    fn assemble(
        queues: Queues,
        threads: Vec<JoinHandle<()>>,
        short_reads: ShortReads,
        lock: Option<File>,
    ) -> Self {
        Self {
            queues: Mutex::new(Some(queues)),
            connections: threads.len(),
            threads: Mutex::new(threads),
            short_reads,
            lock: Mutex::new(lock),
        }
    }

    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        if !statement.is_long
            && let Some(outcome) = self.short_reads.read(&statement)
        {
            return outcome.map_err(|error| classify(&error));
        }
        let (reply, answer) = oneshot::channel();
        enqueue(&self.queues()?.reads, Read { statement, reply })?;
        answer.await.unwrap_or_else(|_| Err(DatabaseError::closed()))
    }

    pub(super) async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, DatabaseError> {
        let (reply, answer) = oneshot::channel();
        enqueue(&self.queues()?.writes, Write { batch, reply })?;
        answer.await.unwrap_or_else(|_| Err(DatabaseError::closed()))
    }

    /// Lets the threads finish what is queued, waits for them, and lets go of the lock. The writer goes last: whoever
    /// closes last moves the log into the file, and a reader may not.
    pub(super) async fn close(&self) {
        let queues = lock_unpoisoned(&self.queues).take();
        let threads = std::mem::take(&mut *lock_unpoisoned(&self.threads));
        self.short_reads.close();
        let joined = tokio::task::spawn_blocking(move || {
            let writes = queues.map(|queues| queues.writes);
            let mut threads = threads.into_iter();
            let first = threads.next();
            threads.for_each(join);
            drop(writes);
            first.map(join)
        });
        if joined.await.is_err() {
            tracing::error!("closing the database was cut short");
        }
        lock_unpoisoned(&self.lock).take();
    }

    pub(super) fn load(&self) -> Load {
        let waiting = lock_unpoisoned(&self.queues)
            .as_ref()
            .map_or(0, |queues| queues.reads.len() + queues.writes.len());
        Load { connections: self.connections, idle: 0, waiting }
    }

    /// Whether a write that comes now would find no place.
    pub(super) fn is_full(&self) -> bool {
        lock_unpoisoned(&self.queues).as_ref().is_some_and(|queues| queues.writes.is_full())
    }

    fn queues(&self) -> Result<Queues, DatabaseError> {
        lock_unpoisoned(&self.queues).clone().ok_or_else(DatabaseError::closed)
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a database thread ended in a panic");
    }
}

/// The guarded values are replaced whole, never left half-changed, so a panic elsewhere does not spoil them.
fn lock_unpoisoned<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn spawn_readers(
    file: &Path,
    queue: &Receiver<Read>,
    threads: &mut Vec<JoinHandle<()>>,
) -> Result<(), MigrationError> {
    let readers =
        thread::available_parallelism().map_or(1, NonZeroUsize::get).clamp(2, MAX_READERS);
    for _ in 0..readers {
        let reader = open_reader(file)?;
        let queue = queue.clone();
        threads.push(spawn("duly-reader", move || read_all(&reader, &queue))?);
    }
    Ok(())
}

fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, MigrationError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| MigrationError::Unreachable(error.to_string()))
}

fn enqueue<T>(queue: &Sender<T>, job: T) -> Result<(), DatabaseError> {
    queue.try_send(job).map_err(|error| match error {
        TrySendError::Full(_) => DatabaseError::Busy("the queue is full"),
        TrySendError::Disconnected(_) => DatabaseError::closed(),
    })
}

fn read_all(connection: &Connection, queue: &Receiver<Read>) {
    while let Ok(job) = queue.recv() {
        if !job.reply.is_closed() {
            let outcome = run(connection, &job.statement).map_err(|error| classify(&error));
            // Nobody waits any more: the request was dropped.
            let _ = job.reply.send(outcome);
        }
    }
}

/// Runs one statement and reads all of its rows.
pub(super) fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<Row>> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    // `$2` is a name to SQLite, numbered by where it first stands in the text: ask it for the number.
    let mut name = String::with_capacity(4);
    for (index, value) in statement.values.iter().enumerate() {
        name.clear();
        name.push('$');
        name.push_str(&(index + 1).to_string());
        let position = prepared
            .parameter_index(&name)?
            .ok_or_else(|| rusqlite::Error::InvalidParameterName(name.clone()))?;
        prepared.raw_bind_parameter(position, value)?;
    }
    let columns = prepared.column_count();
    let mut rows = prepared.raw_query();
    let mut read = Vec::new();
    while let Some(row) = rows.next()? {
        read.push(Row((0..columns)
            .map(|index| read_value(row, index))
            .collect::<Result<_, _>>()?));
    }
    Ok(read)
}

pub(super) fn classify(error: &rusqlite::Error) -> DatabaseError {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (code, message),
        rusqlite::Error::FromSqlConversionFailure(_, _, problem) => {
            return DatabaseError::Failed(problem.to_string());
        }
        _ => return DatabaseError::Failed(error.to_string()),
    };
    let unique = [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    let columns =
        message.as_deref().and_then(|text| text.strip_prefix("UNIQUE constraint failed: "));
    if unique.contains(&code.extended_code)
        && let Some(constraint) = columns.and_then(Constraint::by_columns)
    {
        return DatabaseError::Unique(constraint);
    }
    if code.extended_code == ffi::SQLITE_CONSTRAINT_FOREIGNKEY {
        // SQLite does not say which key. The others refer to rows that the same batch makes.
        return DatabaseError::UserGone;
    }
    match code.code {
        rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
            DatabaseError::Busy("the file is locked")
        }
        // Damage is nothing that a statement of ours could be blamed for.
        rusqlite::ErrorCode::DatabaseCorrupt
        | rusqlite::ErrorCode::NotADatabase
        | rusqlite::ErrorCode::DiskFull
        | rusqlite::ErrorCode::SystemIoFailure
        | rusqlite::ErrorCode::ReadOnly
        | rusqlite::ErrorCode::CannotOpen => DatabaseError::Unavailable(error.to_string()),
        _ => DatabaseError::Failed(error.to_string()),
    }
}
