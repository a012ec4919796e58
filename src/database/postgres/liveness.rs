//! When the database was last heard of, and what is given up when it says nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::database::DatabaseError;

/// How long the database may say nothing at all, to anybody, before what it was asked longer ago is given up for those
/// who wait: the connections may be dead, and new ones may not.
pub(super) const SILENCE: Duration = Duration::from_secs(2);

/// After how long without use a connection has to give a sign of life first.
const CHECK_AFTER: Duration = Duration::from_secs(10);

/// Which connections are taken for alive without a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Those that were used a moment ago.
    Recent,
    /// Those that have answered since then, when one of them was found dead.
    AnsweredSince(Instant),
}

impl Trust {
    /// Whether a connection counts as alive that was last of use then.
    pub(super) fn covers(self, since: Instant, now: Instant) -> bool {
        match self {
            Self::Recent => now.duration_since(since) < CHECK_AFTER,
            Self::AnsweredSince(found_dead) => since > found_dead,
        }
    }
}

pub(super) struct Liveness {
    state: Mutex<State>,
    /// What began before this instant is given up.
    given_up: watch::Sender<Instant>,
}

struct State {
    /// When the database last said something.
    heard: Instant,
    /// Since when it has not been silent for long.
    answers_since: Instant,
    /// When a request last used it.
    used: Instant,
    is_reachable: bool,
}

impl Liveness {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let state =
            Mutex::new(State { heard: now, answers_since: now, used: now, is_reachable: true });
        Self { state, given_up: watch::Sender::new(now) }
    }

    /// The database has said something.
    pub(super) fn hear(&self) {
        let mut state = self.state();
        let now = Instant::now();
        if now.duration_since(state.heard) > SILENCE {
            state.answers_since = now;
        }
        state.heard = now;
        if !state.is_reachable {
            state.is_reachable = true;
            tracing::info!("the database can be reached again");
        }
    }

    /// For how long the database has said nothing, to anybody.
    pub(super) fn silence(&self) -> Duration {
        self.state().heard.elapsed()
    }

    /// For how long it has been answering, up to now or to the silence that has begun.
    pub(super) fn answers_for(&self) -> Duration {
        self.state().answers_since.elapsed()
    }

    /// The database could not be reached. Logged once, until it is heard of again.
    pub(super) fn unreachable(&self, why: String) -> DatabaseError {
        let mut state = self.state();
        if state.is_reachable {
            state.is_reachable = false;
            tracing::warn!(why, "the database cannot be reached");
        }
        DatabaseError::Unavailable(why)
    }

    /// A request has used the database.
    pub(super) fn note_use(&self) {
        self.state().used = Instant::now();
    }

    /// Whether no request has used the database for so long, and it was well when last heard of.
    pub(super) fn is_unused_for(&self, span: Duration) -> bool {
        let state = self.state();
        state.is_reachable && state.used.elapsed() >= span
    }

    /// Gives up what has been waiting for an answer for as long as a silence takes.
    pub(super) fn give_up(&self) {
        let Some(then) = Instant::now().checked_sub(SILENCE) else { return };
        self.given_up.send_if_modified(|before| {
            let is_later = then > *before;
            *before = then.max(*before);
            is_later
        });
    }

    /// Ready when what began then is given up.
    pub(super) async fn until_given_up(&self, began: Instant) {
        let mut given_up = self.given_up.subscribe();
        // The sender lives as long as `self`, so there is no error.
        let _ = given_up.wait_for(|before| began < *before).await;
    }

    /// What is guarded is never left half-changed, so a panic elsewhere does not spoil it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
