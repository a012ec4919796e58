//! Reads of SQLite where they are asked for. Most take some microseconds, less than handing them to a thread and
//! waiting for it; one that turns out to be long is broken off, and a thread does it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::sqlite::{MAX_READERS, open_reader, run};
use super::statement::{Row, Statement};

/// How many steps of SQLite's machine lie between two looks, and how many looks find a read still short. Of a
/// thousand tasks, a page by due date with the total takes some 4,000 steps, one by title 15,000. The clock would count
/// what others do on the same cores.
const STEPS: i32 = 25_000;
const LOOKS: u32 = 3;

/// Connections for whoever comes, one read at a time each.
pub(super) struct ShortReads {
    connections: Vec<Mutex<Reader>>,
}

struct Reader {
    /// `None` once closed.
    connection: Option<Connection>,
    /// How often the read that runs has been looked at.
    looks: Arc<AtomicU32>,
}

impl ShortReads {
    /// As many as can run at once.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_READERS);
        let readers = (0..count).map(|_| Reader::open(file).map(Mutex::new));
        Ok(Self { connections: readers.collect::<rusqlite::Result<_>>()? })
    }

    /// The rows, or `None` where that takes too long or no connection is free.
    pub(super) fn read(&self, statement: &Statement) -> Option<rusqlite::Result<Vec<Row>>> {
        let reader = self.connections.iter().find_map(|reader| match reader.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })?;
        let connection = reader.connection.as_ref()?;
        // SQLite counts the steps of a statement over all of its runs, so the first look may come at once.
        reader.looks.store(0, Ordering::Relaxed);
        match run(connection, statement) {
            Err(error) if is_broken_off(&error) => None,
            outcome => Some(outcome),
        }
    }

    /// Waits for the reads that run.
    pub(super) fn close(&self) {
        for reader in &self.connections {
            drop(reader.lock().unwrap_or_else(PoisonError::into_inner).connection.take());
        }
    }
}

impl Reader {
    fn open(file: &Path) -> rusqlite::Result<Self> {
        let mut connection = open_reader(file)?;
        // Whoever would have to wait for the file waits elsewhere.
        connection.busy_timeout(Duration::ZERO)?;
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let is_too_long = move || counted.fetch_add(1, Ordering::Relaxed) >= LOOKS;
        connection.progress_handler(STEPS, Some(is_too_long))?;
        Ok(Self { connection: Some(connection), looks })
    }
}

fn is_broken_off(error: &rusqlite::Error) -> bool {
    let passing = [ErrorCode::OperationInterrupted, ErrorCode::DatabaseBusy];
    error.sqlite_error_code().is_some_and(|code| passing.contains(&code))
}
