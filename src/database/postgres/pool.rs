//! The connections that are open, who waits for one, and what is done when the database does not answer.
//!
//! Nothing here asks the database anything on its own. A connection that nobody uses is closed after a while, and
//! with the last one gone the database can sleep; whoever needs one then waits while it wakes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::connection::Connection;
use super::connector::Connector;
use super::hosts::Miss;
use super::lanes::Lanes;
use super::lease::Lease;
use super::liveness::{Liveness, SILENCE, Trust};
use super::rush::{Rush, Waiting};
use crate::config::PostgresSettings;
use crate::database::{DatabaseError, Load, WAIT};

/// How long whoever needs a connection waits for a database that cannot be reached: shorter than a request may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
/// How long attempts to connect to a host may take, one after the other. One that got lost on the way is soon followed
/// by another; one that is only slow gets there all the same.
pub(super) const ATTEMPT_TIMEOUTS: [Duration; 3] =
    [Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];
/// The pause after an attempt that failed at once: the first one, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_millis(500)];
/// How often those who wait look whether it has come to that.
const LOOK: Duration = Duration::from_millis(250);

pub(super) struct Pool {
    connector: Connector,
    /// One for each connection that may be in use.
    slots: Arc<Semaphore>,
    max_connections: usize,
    idle_timeout: Duration,
    waiting: AtomicUsize,
    rush: Mutex<Rush>,
    idlers: Mutex<Idlers>,
    liveness: Liveness,
    pub(super) lanes: Lanes,
}

/// The connections that nobody uses right now.
#[derive(Default)]
struct Idlers {
    /// The one used last is at the end, and is the next to be used, so that those nobody needs grow old.
    connections: Vec<Idle>,
    /// Whether somebody closes those that have become old.
    are_swept: bool,
}

pub(super) struct Idle {
    pub(super) connection: Arc<Connection>,
    pub(super) since: Instant,
}

impl Pool {
    /// No connection is made before one is needed.
    pub(super) fn new(connector: Connector, settings: &PostgresSettings) -> Arc<Self> {
        Arc::new(Self {
            connector,
            slots: Arc::new(Semaphore::new(settings.max_connections)),
            max_connections: settings.max_connections,
            idle_timeout: settings.idle_timeout,
            waiting: AtomicUsize::new(0),
            rush: Mutex::new(Rush::new(settings.max_wait.map(|wait| wait / 2))),
            idlers: Mutex::default(),
            liveness: Liveness::new(),
            lanes: Lanes::new(settings.max_connections),
        })
    }

    /// A connection of one's own, when there is one.
    ///
    /// # Errors
    /// [`DatabaseError::Busy`] where none becomes free in time, [`DatabaseError::Unavailable`] where none can be made.
    pub(super) async fn lease(self: &Arc<Self>, trust: Trust) -> Result<Lease, DatabaseError> {
        let deadline = Instant::now() + PATIENCE;
        let slot = self.slot(deadline).await?;
        self.lease_with(slot, trust, deadline).await
    }

    /// As [`Pool::lease`], for whoever has a place.
    pub(super) async fn lease_with(
        self: &Arc<Self>,
        slot: OwnedSemaphorePermit,
        trust: Trust,
        deadline: Instant,
    ) -> Result<Lease, DatabaseError> {
        let (mut timeouts, mut pause) = (ATTEMPT_TIMEOUTS.into_iter(), PAUSES[0]);
        let mut timeout = timeouts.next().expect("there are three");
        loop {
            if let Some(Idle { connection, since }) = self.take_idle(trust).await {
                return Ok(Lease::new(connection, since, slot, Arc::clone(self)));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let miss = match self.connect(timeout.min(left)).await {
                Ok(connection) => {
                    return Ok(Lease::new(connection, Instant::now(), slot, Arc::clone(self)));
                }
                Err(miss) => miss,
            };
            match miss {
                Miss::Passing(_) => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 3 / 2).min(PAUSES[1]);
                }
                Miss::Slow => timeout = timeouts.next().unwrap_or(timeout),
                Miss::Lasting(why) => return Err(self.liveness.unreachable(why)),
            }
            if Instant::now() >= deadline {
                return Err(self.liveness.unreachable(miss.why()));
            }
        }
    }

    /// A place among those who may use a connection.
    pub(super) async fn slot(
        &self,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, DatabaseError> {
        self.place_among(&self.slots, deadline).await
    }

    /// A place, as soon as there is one.
    pub(super) async fn place_among(
        &self,
        places: &Arc<Semaphore>,
        deadline: Instant,
    ) -> Result<OwnedSemaphorePermit, DatabaseError> {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::among(&self.waiting)?;
        let began = Instant::now();
        let mut free = std::pin::pin!(Arc::clone(places).acquire_owned());
        loop {
            if let Ok(place) = tokio::time::timeout(LOOK, &mut free).await {
                let place = place.map_err(|_| DatabaseError::closed())?;
                return if self.rush().lets_through(began, Instant::now()) {
                    Ok(place)
                } else {
                    Err(DatabaseError::Busy("the database has more to do than it can"))
                };
            }
            let silence = self.liveness.silence();
            if silence > SILENCE {
                self.liveness.give_up();
            }
            // While the database wakes, those who wait for a place wait as long as those who have one. From then on
            // they have as much time as anybody.
            let waited = began.elapsed().min(self.liveness.answers_for());
            if Instant::now() >= deadline || (silence < WAIT && waited >= WAIT) {
                return Err(DatabaseError::Busy("no connection became free in time"));
            }
        }
    }

    /// A connection that is open, and alive as far as can be told.
    async fn take_idle(&self, trust: Trust) -> Option<Idle> {
        loop {
            let idle = self.idlers().connections.pop()?;
            if idle.connection.is_closed() {
                continue;
            }
            if trust.covers(idle.since, Instant::now()) || idle.connection.check().await {
                return Some(idle);
            }
            // What has happened to this one has happened to those that were idle for longer.
            self.close_idle();
        }
    }

    /// One to any of the hosts, each of which may take so long.
    async fn connect(&self, timeout: Duration) -> Result<Arc<Connection>, Miss> {
        let mut round = self.connector.hosts().round();
        while let Some(host) = round.next() {
            let began = Instant::now();
            let connected = tokio::select! {
                connected = self.connector.connect(host, timeout) => connected,
                () = self.liveness.until_given_up(began) => Err(Miss::Slow),
            };
            match connected {
                Ok(connection) => {
                    self.liveness.hear();
                    return Ok(Arc::new(connection));
                }
                Err(miss) => round.miss(miss),
            }
        }
        Err(round.misses())
    }

    /// Takes back a connection that can be used again. `since` is when it was last of use.
    pub(super) fn put_back(self: &Arc<Self>, connection: Arc<Connection>, since: Instant) {
        let mut idlers = self.idlers();
        if connection.is_closed() || self.slots.is_closed() {
            return;
        }
        idlers.connections.push(Idle { connection, since });
        if !idlers.are_swept {
            idlers.are_swept = true;
            tokio::spawn(sweep(Arc::clone(self)));
        }
    }

    /// Closes what nobody uses. What is in use is not put back where it is found to be closed.
    pub(super) fn close_idle(&self) {
        let idle = std::mem::take(&mut self.idlers().connections);
        drop(idle);
    }

    /// Takes no more work, and closes what is idle.
    pub(super) fn close(&self) {
        self.slots.close();
        self.lanes.close();
        self.close_idle();
    }

    pub(super) fn load(&self) -> Load {
        let idle = self.idlers().connections.len();
        let in_use = self.max_connections.saturating_sub(self.slots.available_permits());
        Load { connections: idle + in_use, idle, waiting: self.waiting.load(Ordering::Relaxed) }
    }

    /// Whether nobody has needed the database for so long that it may be asleep.
    pub(super) fn may_sleep(&self) -> bool {
        self.liveness.is_unused_for(self.idle_timeout)
    }

    pub(super) fn has_free_slot(&self) -> bool {
        self.slots.available_permits() > 0
    }

    /// Whether reads share connections: where there is a single one, they would never leave it to a write.
    pub(super) fn shares_reads(&self) -> bool {
        self.max_connections > 1 && self.connector.makes_own_sessions()
    }

    pub(super) fn connector(&self) -> &Connector {
        &self.connector
    }

    pub(super) fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// Whether somebody who comes now would have to wait for too long.
    pub(super) fn is_rushed(&self) -> bool {
        let waiting = self.waiting.load(Ordering::Relaxed);
        // Reads that are on their way come first as well.
        let before = waiting + self.lanes.reads();
        waiting > 0 && self.rush().is_too_long(before, Instant::now())
    }

    fn rush(&self) -> MutexGuard<'_, Rush> {
        self.rush.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn idlers(&self) -> MutexGuard<'_, Idlers> {
        self.idlers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections that have been idle for too long, as long as there are any that are idle.
async fn sweep(pool: Arc<Pool>) {
    loop {
        let (expired, next) = {
            let mut idlers = pool.idlers();
            let is_old = |idle: &mut Idle| idle.since.elapsed() >= pool.idle_timeout;
            let expired: Vec<Idle> = idlers.connections.extract_if(.., is_old).collect();
            let next = idlers.connections.iter().map(|idle| idle.since).min();
            idlers.are_swept = next.is_some();
            (expired, next)
        };
        drop(expired);
        let Some(next) = next else { return };
        tokio::time::sleep_until(next + pool.idle_timeout).await;
    }
}
