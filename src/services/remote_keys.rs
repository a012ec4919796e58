//! The keys of an issuer elsewhere, as it publishes them (RFC 7517, section 5; BETTER-AUTH.md 3).
//!
//! Who sends a token with a known key does not wait for the network: keys that have become old are read again in the
//! background, and are used until then, also while the issuer is down. (After a quiet time the first are made to wait
//! once.) A key that is not known is asked for, by one fetch at a time, and not more often than every ten seconds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::sync::watch;
use url::Url;

use super::key_set::{KeySet, KeySetError, is_within};
use crate::clock::Clock;
use crate::tls_roots;

/// How old keys may become before they are read again: the bound within which a key that was withdrawn stops working.
const REFRESH_INTERVAL: SignedDuration = SignedDuration::from_mins(5);
/// How far apart attempts are at the least, also those that fail.
const MIN_INTERVAL: SignedDuration = SignedDuration::from_secs(10);
/// How long an attempt may take in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How old they may become without anybody asking: whoever comes then waits for the attempt, so that a key that was
/// withdrawn during a quiet time lets nobody in.
const MAX_UNSEEN: SignedDuration = SignedDuration::from_mins(10);
/// The largest set that is read, in bytes. An issuer that makes a key every hour and keeps them for thirty days
/// publishes 720.
const MAX_BYTES: usize = 1024 * 1024;

/// Keys that are fetched. Clones share them.
#[derive(Clone)]
pub struct RemoteKeys(Arc<State>);

struct State {
    client: Client,
    url: Url,
    clock: Clock,
    keys: RwLock<Arc<KeySet>>,
    attempt: Mutex<Attempt>,
}

/// The last attempt.
#[derive(Default)]
struct Attempt {
    began: Option<Timestamp>,
    /// Closed when it is over.
    running: Option<watch::Receiver<()>>,
    /// Whether it failed: an outage is logged once.
    failed: bool,
}

/// Why the keys could not be read.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("{}", with_causes(.0))]
    Http(#[from] reqwest::Error),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("the answer has more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    KeySet(#[from] KeySetError),
}

impl RemoteKeys {
    /// Keys that are published at `url`. A first attempt begins at once; it need not succeed.
    ///
    /// # Errors
    /// A sentence, where no connection could ever be made.
    pub fn fetched_from(url: Url, clock: Clock) -> Result<Self, String> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_roots::client_config())
            .timeout(TIMEOUT)
            .redirect(Policy::none()) // whoever answers for the issuer is named in the settings
            .user_agent("duly")
            .build()
            .map_err(|error| format!("the keys of {url} cannot be fetched: {error}"))?;
        let now = clock.now();
        let keys = Self(Arc::new(State {
            client,
            url,
            clock,
            keys: RwLock::default(),
            attempt: Mutex::default(),
        }));
        keys.attempt(now);
        Ok(keys)
    }

    /// The keys as they are known, read again in the background where they have become old. Only where nobody has
    /// asked for long is that waited for, and not while the issuer is down.
    pub(super) async fn known(&self, now: Timestamp) -> Arc<KeySet> {
        let keys = self.current();
        if keys.is_younger_than(REFRESH_INTERVAL, now) {
            return keys;
        }
        let was_quiet = keys.loaded_at.is_some() && !keys.is_younger_than(MAX_UNSEEN, now);
        let is_down = self.0.last_attempt().failed;
        let running = self.attempt(now);
        if !was_quiet || is_down {
            return keys;
        }
        wait_for(running).await;
        self.current()
    }

    /// The keys as they were last read; empty before that.
    fn current(&self) -> Arc<KeySet> {
        // The set is replaced whole, so a panic elsewhere cannot have left half of one.
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys. Where `key_id` is not among them, they are asked for once more, if that is not too early.
    pub(super) async fn with(&self, key_id: &str, now: Timestamp) -> Arc<KeySet> {
        let keys = self.known(now).await;
        if keys.verifying.contains_key(key_id) {
            return keys;
        }
        wait_for(self.attempt(now)).await;
        self.current()
    }

    /// The attempt that is running, begun now where none is; `None` where it is too early for one.
    fn attempt(&self, now: Timestamp) -> Option<watch::Receiver<()>> {
        let mut attempt = self.0.last_attempt();
        if let Some(running) = attempt.running.as_ref().filter(|one| one.has_changed().is_ok()) {
            return Some(running.clone());
        }
        if attempt.began.is_some_and(|began| is_within(MIN_INTERVAL, began, now)) {
            return None;
        }
        let (sender, running) = watch::channel(());
        (attempt.began, attempt.running) = (Some(now), Some(running.clone()));
        let keys = self.clone();
        // In a task of its own: whoever waits for it may go away.
        tokio::spawn(async move {
            keys.fetch().await;
            drop(sender);
        });
        Some(running)
    }

    async fn fetch(&self) {
        let outcome = self.0.read().await;
        let mut attempt = self.0.last_attempt();
        match outcome {
            Ok(keys) => {
                if std::mem::take(&mut attempt.failed) {
                    tracing::info!("the keys of the issuer were read again");
                }
                *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
            }
            Err(error) if !attempt.failed => {
                attempt.failed = true;
                let url = self.0.url.as_str();
                tracing::warn!(%error, url, "the keys of the issuer cannot be read; those that are known stay");
            }
            Err(error) => tracing::debug!(%error, "the keys of the issuer still cannot be read"),
        }
    }
}

impl State {
    fn last_attempt(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<KeySet, FetchError> {
        let mut response = self.client.get(self.url.clone()).send().await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(KeySet::parse(&body, self.clock.now())?)
    }
}

/// Waits for the end of an attempt, where one is running.
async fn wait_for(running: Option<watch::Receiver<()>>) {
    if let Some(mut running) = running {
        // An error is the end of it.
        while running.changed().await.is_ok() {}
    }
}

/// An error with its causes, which reqwest keeps apart.
fn with_causes(error: &reqwest::Error) -> String {
    let first = std::error::Error::source(error);
    let causes = std::iter::successors(first, |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
