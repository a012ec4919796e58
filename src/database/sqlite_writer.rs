//! The thread that writes to SQLite, with group commit.
//!
//! It takes whatever is waiting, runs each batch in a savepoint of one transaction, and answers nobody before
//! the `COMMIT` is on disk. A batch that fails takes only itself down.

use crossbeam_channel::Receiver;
use rusqlite::Connection;

use super::DatabaseError;
use super::sqlite::{Write, classify, run};
use super::statement::Row;

/// How many batches share one `COMMIT` at the most.
const MAX_GROUP: usize = 512;

/// Commits what is queued, until nobody can queue any more.
pub(super) fn write_all(connection: &Connection, queue: &Receiver<Write>) {
    while let Ok(first) = queue.recv() {
        let group: Vec<Write> = std::iter::once(first)
            .chain(queue.try_iter().take(MAX_GROUP - 1))
            .filter(|job| !job.reply.is_closed())
            .collect();
        commit_group(connection, group);
    }
}

/// Runs the batches in one transaction, and answers when it is on disk.
fn commit_group(connection: &Connection, group: Vec<Write>) {
    let mut outcomes = Vec::with_capacity(group.len());
    let committed = run_group(connection, &group, &mut outcomes);
    if committed.is_err() && !connection.is_autocommit() {
        // The transaction is still open; without this the next group could not begin.
        if let Err(error) = connection.execute_batch("ROLLBACK") {
            tracing::error!(%error, "a failed transaction could not be rolled back");
        }
    }
    let mut outcomes = outcomes.into_iter();
    for job in group {
        let outcome = match &committed {
            Ok(()) => outcomes.next().unwrap_or_else(|| Err(DatabaseError::closed())),
            Err(error) => Err(classify(error)),
        };
        let _ = job.reply.send(outcome);
    }
}

type BatchOutcome = Result<Vec<Vec<Row>>, DatabaseError>;

/// # Errors
/// Where the transaction as a whole failed, and with it every batch in it.
fn run_group(
    connection: &Connection,
    group: &[Write],
    outcomes: &mut Vec<BatchOutcome>,
) -> rusqlite::Result<()> {
    run_cached(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        run_cached(connection, "SAVEPOINT batch")?;
        let outcome: rusqlite::Result<_> =
            job.batch.iter().map(|statement| run(connection, statement)).collect();
        if let Err(error) = &outcome {
            if connection.is_autocommit() {
                // SQLite itself has rolled the whole transaction back, as it does on a full disk.
                return outcome.map(drop);
            }
            tracing::debug!(%error, "a batch was rolled back");
            run_cached(connection, "ROLLBACK TO batch")?;
        }
        run_cached(connection, "RELEASE batch")?;
        outcomes.push(outcome.map_err(|error| classify(&error)));
    }
    run_cached(connection, "COMMIT")
}

fn run_cached(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
