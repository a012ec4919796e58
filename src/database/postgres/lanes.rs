//! Reads share connections: several are on their way on each, and the server goes from one to the next without a pause.
//! A few connections that are busy carry more than many that wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::{Connection, Work};
use super::lease::{Trouble, WORK_TIMEOUT};
use super::pool::{PATIENCE, Pool, Trust};
use crate::database::DatabaseError;
use crate::database::statement::{Row, Statement};

/// How many connections carry reads before any of them carries two at once.
const BASE: usize = 4;
/// How many reads a connection carries before another one is taken for them; and on all there may be, together, so many
/// for each.
const DEPTH: usize = 8;

pub(super) struct Lanes {
    lanes: Mutex<Vec<Lane>>,
    /// How many there may be. The others are left to writes.
    max: usize,
    /// One for each read that may be on its way.
    places: Arc<Semaphore>,
    /// Tells those who wait for a connection that there is one to share.
    opened: Notify,
}

/// A connection that carries reads.
struct Lane {
    connection: Arc<Connection>,
    reads: usize,
    /// The place of the connection.
    _slot: OwnedSemaphorePermit,
}

impl Lanes {
    pub(super) fn new(max_connections: usize) -> Self {
        let max = (max_connections * 3 / 4).max(1);
        Self {
            lanes: Mutex::default(),
            max,
            places: Arc::new(Semaphore::new(max * DEPTH)),
            opened: Notify::new(),
        }
    }

    pub(super) fn close(&self) {
        self.places.close();
    }

    /// How many are on their way.
    pub(super) fn reads(&self) -> usize {
        (self.max * DEPTH).saturating_sub(self.places.available_permits())
    }

    /// The connection that carries the fewest reads, unless it is better to take another one.
    fn join(&self, another_is_free: bool) -> Option<Arc<Connection>> {
        let mut lanes = self.lanes();
        let count = lanes.len();
        let lane = lanes.iter_mut().min_by_key(|lane| lane.reads)?;
        let wants_another = count < BASE || lane.reads >= DEPTH;
        if wants_another && another_is_free && count < self.max {
            return None;
        }
        lane.reads += 1;
        Some(Arc::clone(&lane.connection))
    }

    fn open(&self, connection: &Arc<Connection>, slot: OwnedSemaphorePermit) {
        let lane = Lane { connection: Arc::clone(connection), reads: 1, _slot: slot };
        self.lanes().push(lane);
        self.opened.notify_waiters();
    }

    /// A read is over. Gives the lane when that was the last one.
    fn leave(&self, connection: &Arc<Connection>) -> Option<Lane> {
        let mut lanes = self.lanes();
        let is_this = |lane: &Lane| Arc::ptr_eq(&lane.connection, connection);
        let index = lanes.iter().position(is_this)?;
        lanes[index].reads -= 1;
        (lanes[index].reads == 0).then(|| lanes.swap_remove(index))
    }

    /// Nobody joins any more.
    fn give_up(&self, connection: &Arc<Connection>) {
        self.lanes().retain(|lane| !Arc::ptr_eq(&lane.connection, connection));
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A read's part of a connection.
struct Share {
    connection: Arc<Connection>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Share {
    /// Also where a request is dropped: what comes for it is read and thrown away.
    fn drop(&mut self) {
        if let Some(Lane { connection, _slot, .. }) = self.pool.lanes.leave(&self.connection) {
            self.pool.put_back(connection, Instant::now());
        }
    }
}

impl Pool {
    /// Reads on a connection that others may be using.
    pub(super) async fn read_shared(
        self: &Arc<Self>,
        statement: &Statement,
        trust: Trust,
    ) -> Result<Vec<Vec<Row>>, Trouble> {
        let share = self.share(trust).await.map_err(Trouble::Refused)?;
        let began = Instant::now();
        let statements = std::slice::from_ref(statement);
        let outcome = tokio::select! {
            outcome = share.connection.run(statements, Work::Read) => {
                outcome.map_err(|error| Trouble::of(&error))
            }
            () = self.liveness().until_given_up(began) => Err(Trouble::silence()),
            () = tokio::time::sleep(WORK_TIMEOUT) => Err(Trouble::silence()),
        };
        match &outcome {
            Ok(_) | Err(Trouble::Refused(_)) => {
                self.liveness().hear();
                self.liveness().note_use();
            }
            Err(Trouble::Lost(_) | Trouble::NotBegun(_)) => self.lanes.give_up(&share.connection),
        }
        outcome
    }

    async fn share(self: &Arc<Self>, trust: Trust) -> Result<Share, DatabaseError> {
        let deadline = Instant::now() + PATIENCE;
        let place = self.place_among(&self.lanes.places, deadline).await?;
        let share = |connection| Share { connection, pool: Arc::clone(self), _place: place };
        let slot = loop {
            let mut opened = std::pin::pin!(self.lanes.opened.notified());
            opened.as_mut().enable();
            if trust == Trust::Recent
                && let Some(connection) = self.lanes.join(self.has_free_slot())
            {
                return Ok(share(connection));
            }
            tokio::select! {
                biased;
                slot = self.slot(deadline) => break slot?,
                () = opened => {}
            }
        };
        let (connection, slot) = self.lease_with(slot, trust, deadline).await?.into_parts();
        self.lanes.open(&connection, slot);
        Ok(share(connection))
    }
}
