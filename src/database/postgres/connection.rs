//! One connection: statements in one round trip, prepared where that holds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CancelToken, Client, Error};

use super::driver::Driver;
use super::values::{postgres_type, read_row};
use crate::database::statement::{Kind, Row, Statement};

/// How many prepared statements a connection keeps. Lists are put together from what is asked for, and nobody may
/// fill the server's memory with shapes.
const MAX_PREPARED: usize = 256;
/// How long a prepared statement holds at first; twice as long each time that it is prepared anew. The server keeps the
/// plan that it made when there was little in a table, or nothing, until it next counts what is in it, which may be
/// minutes later.
const FIRST_VALIDITY: Duration = Duration::from_secs(1);
const LONGEST_VALIDITY: Duration = Duration::from_mins(1);
/// How long a connection that has been idle may take for a sign of life.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// What holds from one transaction on a connection to the next.
#[derive(Clone, Copy)]
pub(super) struct Session {
    /// The settings that it began with: the time-outs among them.
    pub(super) keeps_settings: bool,
    /// Statements that were prepared on it.
    pub(super) keeps_statements: bool,
}

impl Session {
    /// Everything: nobody else has it in between.
    pub(super) const OWN: Self = Self { keeps_settings: true, keeps_statements: true };
    /// Nothing: a pooler hands it on after each transaction.
    pub(super) const SHARED: Self = Self { keeps_settings: false, keeps_statements: false };
}

/// What the statements do, as far as it matters to how they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Read,
    /// A read for nobody: it does not count as use.
    Probe,
    Write,
}

type Rows = Vec<Row>;

pub(super) struct Connection {
    client: Client,
    session: Session,
    /// What begins a transaction.
    begin: String,
    statements: Mutex<HashMap<String, Arc<Prepared>>>,
    /// At work until either end closes.
    driver: Driver,
    /// How many wait for answers, or were dropped while they did.
    at_work: AtomicUsize,
}

struct Prepared {
    kinds: Vec<Kind>,
    statement: tokio_postgres::Statement,
    /// When it is prepared anew, and how long it holds from now on.
    until: Instant,
    validity: Duration,
}

impl Connection {
    /// `timeouts` are statements that set them for one transaction, for sessions that keep none.
    pub(super) fn new(client: Client, driver: Driver, session: Session, timeouts: &str) -> Self {
        let begin =
            if session.keeps_settings { "BEGIN".to_owned() } else { format!("BEGIN; {timeouts}") };
        let (statements, at_work) = (Mutex::default(), AtomicUsize::new(0));
        Self { client, session, begin, statements, driver, at_work }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// How what runs is cancelled. Not through a pooler: PgBouncer 1.18 crashes where whoever asks for it does not wait,
    /// and ends by itself what a client that is gone has left.
    pub(super) fn cancel_token(&self) -> Option<CancelToken> {
        self.session.keeps_settings.then(|| self.client.cancel_token())
    }

    /// Whether the other end is still there.
    pub(super) async fn check(&self) -> bool {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let answered = tokio::time::timeout(CHECK_TIMEOUT, self.client.check_connection()).await;
        let is_alive = matches!(answered, Ok(Ok(())));
        if is_alive {
            self.at_work.fetch_sub(1, Ordering::Relaxed);
        }
        is_alive
    }

    /// Waits until a run that was dropped half-way has been answered: the answer to what is asked last comes behind it.
    /// Whether it came.
    pub(super) async fn settle(&self) -> bool {
        let is_settled = self.client.check_connection().await.is_ok();
        if is_settled {
            self.at_work.fetch_sub(1, Ordering::Relaxed);
        }
        is_settled
    }

    /// Sends the statements in one flight, and waits for every answer. Several are one transaction.
    ///
    /// # Errors
    /// Those of the driver. Then nothing has happened, unless the connection was lost: then it may have.
    pub(super) async fn run(
        &self,
        statements: &[Statement],
        work: Work,
    ) -> Result<Vec<Rows>, Error> {
        self.at_work.fetch_add(1, Ordering::Relaxed);
        let outcome = self.send(statements, work).await;
        self.at_work.fetch_sub(1, Ordering::Relaxed);
        outcome
    }

    /// Joined futures are first polled in order, and the first poll of each puts its message on the wire, so nothing
    /// waits for the answer before it. A statement goes unnamed the first time, and an old one as it is, with the order to
    /// prepare it behind it, so that this costs no round trip either.
    async fn send(&self, statements: &[Statement], work: Work) -> Result<Vec<Rows>, Error> {
        let client = &self.client;
        let prepared = self.prepared(statements);
        let queries = statements.iter().zip(&prepared).map(|(statement, known)| {
            let fits =
                known.as_ref().filter(|known| known.kinds.iter().copied().eq(kinds(statement)));
            query(client, fits.map(|known| &known.statement), statement)
        });
        let now = Instant::now();
        let orders = statements.iter().zip(&prepared).filter_map(|(statement, known)| {
            let validity = match known {
                None => FIRST_VALIDITY,
                Some(known) if known.until <= now => LONGEST_VALIDITY.min(known.validity * 2),
                Some(_) => return None,
            };
            self.session.keeps_statements.then(|| prepare(client, statement, validity))
        });
        // One statement is a transaction as it is; where the time-outs have to be set, it needs one around it.
        let is_alone =
            statements.len() == 1 && (self.session.keeps_settings || work != Work::Write);
        let answers = async {
            if is_alone {
                return join_all(queries).await.into_iter().collect();
            }
            let (begin, commit) =
                (client.batch_execute(&self.begin), client.batch_execute("COMMIT"));
            let (begun, rows, committed) = join3(begin, join_all(queries), commit).await;
            begun?;
            // When a statement fails the server refuses those behind it, and the COMMIT becomes a rollback.
            let rows = rows.into_iter().collect::<Result<_, _>>()?;
            committed.map(|()| rows)
        };
        let (rows, prepared) = self.driver.in_one_flight(join(answers, join_all(orders))).await;
        if !prepared.is_empty() {
            self.remember(prepared);
        }
        rows
    }

    /// Of each statement, what is prepared.
    fn prepared(&self, statements: &[Statement]) -> Vec<Option<Arc<Prepared>>> {
        let known = self.statements();
        statements.iter().map(|statement| known.get(statement.sql.as_ref()).cloned()).collect()
    }

    /// What could not be prepared is tried again with its next use.
    fn remember(&self, prepared: Vec<Result<(String, Arc<Prepared>), Error>>) {
        let mut statements = self.statements();
        if statements.len() + prepared.len() > MAX_PREPARED {
            statements.clear();
        }
        statements.extend(prepared.into_iter().flatten());
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn statements(&self) -> MutexGuard<'_, HashMap<String, Arc<Prepared>>> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connection {
    /// Without work in flight the driver says goodbye by itself. With it, it would wait for answers that may never come.
    fn drop(&mut self) {
        if *self.at_work.get_mut() > 0 {
            self.driver.abort();
        }
    }
}

fn kinds(statement: &Statement) -> impl Iterator<Item = Kind> {
    statement.values.iter().map(|value| value.kind())
}

async fn prepare(
    client: &Client,
    statement: &Statement,
    validity: Duration,
) -> Result<(String, Arc<Prepared>), Error> {
    let kinds: Vec<Kind> = kinds(statement).collect();
    let types: Vec<Type> = kinds.iter().copied().map(postgres_type).collect();
    let prepared = client.prepare_typed(&statement.sql, &types).await?;
    let until = Instant::now() + validity;
    let prepared = Prepared { kinds, statement: prepared, until, validity };
    Ok((statement.sql.to_string(), Arc::new(prepared)))
}

async fn query(
    client: &Client,
    prepared: Option<&tokio_postgres::Statement>,
    statement: &Statement,
) -> Result<Rows, Error> {
    let values = statement.values.iter().map(|value| value as &(dyn ToSql + Sync));
    let rows = if let Some(prepared) = prepared {
        client.query(prepared, &values.collect::<Vec<_>>()).await?
    } else {
        let types = kinds(statement).map(postgres_type);
        client.query_typed(&statement.sql, &values.zip(types).collect::<Vec<_>>()).await?
    };
    rows.iter().map(read_row).collect()
}
