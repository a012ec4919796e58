//! A connection in the hands of one request, and what its work comes to.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::connection::{Connection, Work};
use super::errors;
use super::pool::Pool;
use crate::database::DatabaseError;
use crate::database::statement::{Row, Statement};

/// How long work may take: longer than the server's own time-outs, after which it has answered if it can.
pub(super) const WORK_TIMEOUT: Duration = Duration::from_secs(14);

/// A connection in use. One that is not put back is closed.
pub(super) struct Lease {
    connection: Arc<Connection>,
    /// When it was last of use to a request.
    since: Instant,
    pool: Arc<Pool>,
    /// Dropped last, when the connection is back.
    _slot: OwnedSemaphorePermit,
}

/// Why work has no rows to show.
pub(super) enum Trouble {
    /// The connection is gone; what was sent on it may have happened.
    Lost(String),
    /// A pooler had no connection for it: it has not begun, and may do so in a moment.
    NotBegun(String),
    /// It has not happened.
    Refused(DatabaseError),
}

impl From<Trouble> for DatabaseError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Lost(why) | Trouble::NotBegun(why) => Self::Unavailable(why),
            Trouble::Refused(error) => error,
        }
    }
}

impl Trouble {
    pub(super) fn silence() -> Self {
        Self::Lost("it did not answer in time".to_owned())
    }

    pub(super) fn of(error: &tokio_postgres::Error) -> Self {
        if errors::had_no_connection(error) {
            Self::NotBegun(errors::describe(error))
        } else if errors::is_lost(error) || errors::is_out_of_date(error) {
            Self::Lost(errors::describe(error))
        } else {
            Self::Refused(errors::classify(error))
        }
    }
}

impl Lease {
    pub(super) fn new(
        connection: Arc<Connection>,
        since: Instant,
        slot: OwnedSemaphorePermit,
        pool: Arc<Pool>,
    ) -> Self {
        Self { connection, since, pool, _slot: slot }
    }

    /// The connection, when it was last of use, and the place that goes with it. Whoever takes them puts the connection
    /// back.
    pub(super) fn into_parts(self) -> (Arc<Connection>, Instant, OwnedSemaphorePermit) {
        (self.connection, self.since, self._slot)
    }

    /// Does the work, and puts the connection back if it is still good.
    pub(super) async fn perform(
        self,
        statements: Arc<[Statement]>,
        work: Work,
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        let (began, pool) = (Instant::now(), Arc::clone(&self.pool));
        let is_alone = statements.len() == 1;
        let outcome = tokio::select! {
            outcome = self.connection.run(&statements, work) => outcome,
            () = pool.liveness().until_given_up(began) => return Err(self.give_up(is_alone)),
            () = tokio::time::sleep(WORK_TIMEOUT) => return Err(self.give_up(is_alone)),
        };
        let error = match outcome {
            Ok(rows) => {
                self.put_back(work);
                return Ok(rows);
            }
            Err(error) => error,
        };
        let trouble = Trouble::of(&error);
        if !matches!(trouble, Trouble::Refused(_)) {
            return Err(trouble);
        }
        if errors::is_read_only(&error) {
            // Another server takes the writes now; the other connections lead to this one, too.
            pool.close_idle();
        } else {
            self.put_back(work);
        }
        Err(trouble)
    }

    fn put_back(self, work: Work) {
        let Self { connection, since, pool, _slot } = self;
        pool.liveness().hear();
        let since = match work {
            Work::Probe => since,
            Work::Read | Work::Write => {
                pool.liveness().note_use();
                Instant::now()
            }
        };
        pool.put_back(connection, since);
    }

    /// The server is told, so that it does not go on for nobody. Not in the middle of several statements: what
    /// cancelled the BEGIN would leave each of the others to itself.
    fn give_up(self, is_alone: bool) -> Trouble {
        if let Some(token) = self.connection.cancel_token().filter(|_| is_alone) {
            let pool = Arc::clone(&self.pool);
            tokio::spawn(async move { pool.connector().cancel(token).await });
        }
        Trouble::silence()
    }
}
