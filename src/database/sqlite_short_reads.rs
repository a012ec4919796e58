//! Reads of SQLite where they are asked for. Most take some microseconds, less than handing them to a thread and
//! waiting for it; one that turns out to be long is broken off, and a thread does it.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use super::sqlite::{MAX_READERS, open_reader, run};
use super::statement::{Row, Statement};

/// How long a read may keep the others of its thread waiting.
const BUDGET: Duration = Duration::from_micros(500);
/// How many steps of SQLite's machine lie between two looks at the clock.
const STEPS: i32 = 250;

/// Connections for whoever comes, one read at a time each.
pub(super) struct ShortReads {
    /// `None` once closed.
    connections: Vec<Mutex<Option<Connection>>>,
}

impl ShortReads {
    /// As many as can run at once.
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MAX_READERS);
        let open = || {
            let connection = open_reader(file)?;
            // Whoever would have to wait for the file waits elsewhere.
            connection.busy_timeout(Duration::ZERO)?;
            Ok(Mutex::new(Some(connection)))
        };
        Ok(Self { connections: (0..count).map(|_| open()).collect::<rusqlite::Result<_>>()? })
    }

    /// The rows, or `None` where that takes too long or no connection is free.
    pub(super) fn read(&self, statement: &Statement) -> Option<rusqlite::Result<Vec<Row>>> {
        let mut free =
            self.connections.iter().find_map(|connection| match connection.try_lock() {
                Ok(free) => Some(free),
                Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            })?;
        let connection = free.as_mut()?;
        let began = Instant::now();
        let is_too_long = move || began.elapsed() > BUDGET;
        if let Err(error) = connection.progress_handler(STEPS, Some(is_too_long)) {
            return Some(Err(error));
        }
        match run(connection, statement) {
            Err(error) if is_broken_off(&error) => None,
            outcome => Some(outcome),
        }
    }

    /// Waits for the reads that run.
    pub(super) fn close(&self) {
        for connection in &self.connections {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

fn is_broken_off(error: &rusqlite::Error) -> bool {
    let passing = [ErrorCode::OperationInterrupted, ErrorCode::DatabaseBusy];
    error.sqlite_error_code().is_some_and(|code| passing.contains(&code))
}
