//! Reads share connections: several are on their way on each, and the server goes from one to the next without a pause.
//! A few connections that are busy carry more than many that wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::{Connection, Work};
use super::lease::{Trouble, WORK_TIMEOUT};
use super::liveness::Trust;
use super::pool::{PATIENCE, Pool};
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
    /// One for each of them.
    openings: Arc<Semaphore>,
    /// One for each read that may be on its way.
    places: Arc<Semaphore>,
    /// Tells those who wait for a connection that there is one to share.
    opened: Notify,
}

/// A connection that carries reads.
struct Lane {
    connection: Arc<Connection>,
    reads: usize,
    /// When it last gave an answer.
    since: Instant,
    /// What it takes up among the connections, and among those that carry reads.
    _slots: [OwnedSemaphorePermit; 2],
}

impl Lanes {
    pub(super) fn new(max_connections: usize) -> Self {
        let max = (max_connections * 3 / 4).max(1);
        Self {
            lanes: Mutex::default(),
            max,
            openings: Arc::new(Semaphore::new(max)),
            places: Arc::new(Semaphore::new(max * DEPTH)),
            opened: Notify::new(),
        }
    }

    pub(super) fn close(&self) {
        self.places.close();
        self.openings.close();
    }

    /// How many are on their way.
    pub(super) fn reads(&self) -> usize {
        (self.max * DEPTH).saturating_sub(self.places.available_permits())
    }

    /// The connection that carries the fewest reads, unless it is better to take another one.
    fn join(&self, trust: Trust, another_is_free: bool) -> Option<Arc<Connection>> {
        let (mut lanes, now) = (self.lanes(), Instant::now());
        let count = lanes.len();
        let trusted = lanes.iter_mut().filter(|lane| trust.covers(lane.since, now));
        let lane = trusted.min_by_key(|lane| lane.reads)?;
        let wants_another = count < BASE || lane.reads >= DEPTH;
        if wants_another && another_is_free && count < self.max {
            return None;
        }
        lane.reads += 1;
        Some(Arc::clone(&lane.connection))
    }

    fn open(&self, lane: Lane) {
        self.lanes().push(lane);
        self.opened.notify_waiters();
    }

    /// An answer has come.
    fn hear(&self, connection: &Arc<Connection>) {
        if let Some(lane) = self.lanes().iter_mut().find(|lane| lane.is_of(connection)) {
            lane.since = Instant::now();
        }
    }

    /// A read is over. Gives the lane when that was the last one.
    fn leave(&self, connection: &Arc<Connection>) -> Option<Lane> {
        let mut lanes = self.lanes();
        let index = lanes.iter().position(|lane| lane.is_of(connection))?;
        lanes[index].reads -= 1;
        (lanes[index].reads == 0).then(|| lanes.swap_remove(index))
    }

    /// Nobody joins any more.
    fn give_up(&self, connection: &Arc<Connection>) {
        self.lanes().retain(|lane| !lane.is_of(connection));
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn is_of(&self, connection: &Arc<Connection>) -> bool {
        Arc::ptr_eq(&self.connection, connection)
    }
}

/// A read's part of a connection.
struct Share {
    connection: Arc<Connection>,
    pool: Arc<Pool>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(Lane { connection, since, .. }) = self.pool.lanes.leave(&self.connection) {
            self.pool.put_back(connection, since);
        }
    }
}

impl Share {
    /// Lets what comes for nobody pass, and keeps its part of the connection until then.
    async fn wait_for_nobody(self) {
        let is_settled = tokio::select! {
            is_settled = self.connection.settle() => is_settled,
            () = self.pool.liveness().until_given_up(Instant::now()) => false,
            () = tokio::time::sleep(WORK_TIMEOUT) => false,
        };
        if !is_settled {
            self.pool.lanes.give_up(&self.connection);
        }
    }
}

/// A share whose read has no answer yet. Where the request is dropped meanwhile, the connection still has it to answer.
struct Asking(Option<Share>);

impl Asking {
    fn share(&self) -> &Share {
        self.0.as_ref().expect("it is taken at the end only")
    }

    fn end(mut self) -> Share {
        self.0.take().expect("it is taken at the end only")
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(share) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(share.wait_for_nobody());
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
        let asking = Asking(Some(self.share(trust).await.map_err(Trouble::Refused)?));
        let began = Instant::now();
        let statements = std::slice::from_ref(statement);
        let outcome = tokio::select! {
            outcome = asking.share().connection.run(statements, Work::Read) => {
                outcome.map_err(|error| Trouble::of(&error))
            }
            () = self.liveness().until_given_up(began) => Err(Trouble::silence()),
            () = tokio::time::sleep(WORK_TIMEOUT) => Err(Trouble::silence()),
        };
        let share = asking.end();
        match &outcome {
            Ok(_) | Err(Trouble::Refused(_)) => {
                self.liveness().hear();
                self.liveness().note_use();
                self.lanes.hear(&share.connection);
            }
            Err(Trouble::Lost(_) | Trouble::NotBegun(_)) => self.lanes.give_up(&share.connection),
        }
        outcome
    }

    async fn share(self: &Arc<Self>, trust: Trust) -> Result<Share, DatabaseError> {
        let deadline = Instant::now() + PATIENCE;
        let place = self.place_among(&self.lanes.places, deadline).await?;
        let share = |connection| Share { connection, pool: Arc::clone(self), _place: place };
        let (opening, slot) = loop {
            let mut opened = std::pin::pin!(self.lanes.opened.notified());
            opened.as_mut().enable();
            if let Some(connection) = self.lanes.join(trust, self.has_free_slot()) {
                return Ok(share(connection));
            }
            tokio::select! {
                biased;
                slots = self.slots_of_a_lane(deadline) => break slots?,
                () = opened => {}
            }
        };
        let lease = self.lease_with(slot, trust, deadline).await?;
        let (connection, since, slot) = lease.into_parts();
        // Where those of before are not trusted, this one has just given a sign of life.
        let since = if trust == Trust::Recent { since } else { Instant::now() };
        let (shared, _slots) = (Arc::clone(&connection), [slot, opening]);
        self.lanes.open(Lane { connection: shared, reads: 1, since, _slots });
        Ok(share(connection))
    }

    /// Whether this is one lane too many comes first, so that those who wait for that leave the connections to writes.
    async fn slots_of_a_lane(
        &self,
        deadline: Instant,
    ) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), DatabaseError> {
        let opening = self.place_among(&self.lanes.openings, deadline).await?;
        Ok((opening, self.slot(deadline).await?))
    }
}
