//! The PostgreSQL end of the seam: statements on a connection of their own, in one round trip.
//!
//! Short reads share connections (`lanes`). Other work runs in a task that owns its connection until every answer has
//! arrived, so a request that is dropped half-way never hands on a connection with work in flight. What is sent again
//! when a connection is lost is reads, and nothing else: a write may have happened.

mod connection;
mod connector;
mod driver;
mod errors;
mod hosts;
mod lanes;
mod lease;
mod liveness;
mod pool;
pub mod rush;
mod tls;
mod values;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::migrations::MigrationError;
use super::statement::{Batch, Row, Statement};
use super::{DatabaseError, Load};
use crate::config::PostgresSettings;
use connection::Work;
pub(super) use connector::Connector;
pub(super) use errors::describe;
use lease::Trouble;
use liveness::Trust;
use pool::{PATIENCE, Pool};

/// How long work that found no connection behind a pooler waits before it is sent again.
const PAUSE: Duration = Duration::from_millis(200);
/// How often a read is sent at the most. One that takes its connection with it must not take them all.
const MAX_SENT: usize = 3;

pub(super) struct Postgres {
    pool: Arc<Pool>,
}

impl Postgres {
    /// Connections are made when they are first needed.
    pub(super) fn open(settings: &PostgresSettings) -> Result<Self, MigrationError> {
        let connector = Connector::new(settings).map_err(MigrationError::Unreachable)?;
        Ok(Self { pool: Pool::new(connector, settings) })
    }

    pub(super) async fn read(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.query(statement, Work::Read).await
    }

    /// Asks for a sign of life, unless the database may be asleep: nobody should wake it to learn that it sleeps.
    pub(super) async fn ping(&self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        if self.pool.may_sleep() {
            return Ok(Vec::new());
        }
        self.query(statement, Work::Probe).await
    }

    pub(super) async fn write(&self, batch: Batch) -> Result<Vec<Vec<Row>>, DatabaseError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.run(batch.into(), Work::Write).await
    }

    pub(super) fn close(&self) {
        self.pool.close();
    }

    pub(super) fn is_rushed(&self) -> bool {
        self.pool.is_rushed()
    }

    pub(super) fn load(&self) -> Load {
        self.pool.load()
    }

    async fn query(&self, statement: Statement, work: Work) -> Result<Vec<Row>, DatabaseError> {
        let rows = self.run([statement].into(), work).await?;
        Ok(rows.into_iter().next().unwrap_or_default())
    }

    async fn run(
        &self,
        statements: Arc<[Statement]>,
        work: Work,
    ) -> Result<Vec<Vec<Row>>, DatabaseError> {
        let deadline = Instant::now() + PATIENCE;
        let (mut sent, mut trust) = (1, Trust::Recent);
        loop {
            let trouble = match self.perform(&statements, work, trust).await {
                Ok(rows) => return Ok(rows),
                Err(trouble) => trouble,
            };
            let is_late = Instant::now() >= deadline;
            match trouble {
                Trouble::NotBegun(_) if !is_late => tokio::time::sleep(PAUSE).await,
                Trouble::Lost(why) if work != Work::Write && sent < MAX_SENT && !is_late => {
                    tracing::debug!(why, "a connection was lost: the read is sent again");
                    (sent, trust) = (sent + 1, Trust::AnsweredSince(Instant::now()));
                }
                trouble => return Err(trouble.into()),
            }
        }
    }

    async fn perform(
        &self,
        statements: &Arc<[Statement]>,
        work: Work,
        trust: Trust,
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        if let [statement] = statements.as_ref()
            && work == Work::Read
            && !statement.is_long
            && self.pool.shares_reads()
        {
            return self.pool.read_shared(statement, trust).await;
        }
        let lease = self.pool.lease(trust).await.map_err(Trouble::Refused)?;
        let performed = tokio::spawn(lease.perform(Arc::clone(statements), work)).await;
        performed
            .unwrap_or_else(|panic| Err(Trouble::Refused(DatabaseError::Failed(panic.to_string()))))
    }
}
