//! More requests than can be answered: those that would wait for too long are told at once to come again.
//!
//! How long a request has waited before it is looked at cannot be seen on it. So a byte is sent through a socket of our
//! own from time to time, which stands in the queues in which requests stand: the kernel's, until we ask what has come,
//! and the runtime's, until it is its turn. As long as the byte takes, requests take. None is sent while nobody asks for
//! anything.

use std::convert::Infallible;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{Method, Request};
use axum::response::Response;
use metrics::counter;
use tower::{Layer, ServiceExt, service_fn};

use super::{App, failures};
use crate::error::Error;

/// How long after one has come the next is sent.
const INTERVAL: Duration = Duration::from_millis(5);
/// For how long a byte that was late, and a refusal, are remembered.
const MEMORY: Duration = Duration::from_secs(1);
/// How many bytes in a row are in time when it is over.
const ENOUGH_IN_TIME: u32 = 3;
/// How often it is logged how many were refused.
const LOG_INTERVAL: Duration = Duration::from_secs(10);
/// The longest that anybody is told to wait, in seconds.
const LONGEST_RETRY_AFTER: i64 = 3;

/// When it was logged how many were refused, and how many have been since.
static REFUSED: Mutex<(Option<Instant>, u64)> = Mutex::new((None, 0));

/// Whether a request is one too many, to be asked for each. Never what load balancers ask: the program is well, it is
/// only busy.
pub fn refuses<B>(app: &App, request: &Request<B>) -> bool {
    let Some(overload) = &app.overload else { return false };
    let (method, path) = (request.method(), request.uri().path());
    let is_work = path.starts_with("/api/") && method != Method::OPTIONS;
    is_work && (overload.refuses() || app.services.database.is_rushed(!method.is_safe()))
}

/// The answer to one too many, past the router and its layers: the less it takes, the more is left for the others.
pub async fn refuse<B>(app: &App, request: Request<B>) -> Response {
    counter!("http_requests_shed_total").increment(1);
    log_refusal("requests wait for longer than they may (MAX_WAIT_MS)");
    let Some(cors) = &app.cors else { return refusal(&request) };
    let refusing = cors.layer(service_fn(async |request| Ok::<_, Infallible>(refusal(&request))));
    refusing.oneshot(request).await.unwrap_or_else(|never| match never {})
}

fn refusal<B>(request: &Request<B>) -> Response {
    failures::refusal(request, Error::Overloaded(None))
}

/// How many seconds one who is refused should wait: not as many as the one before, since those who come again together
/// are too many again.
pub fn retry_after() -> i64 {
    static TURN: AtomicI64 = AtomicI64::new(0);
    1 + TURN.fetch_add(1, Ordering::Relaxed).rem_euclid(LONGEST_RETRY_AFTER)
}

/// At most one line in ten seconds: there is too much to do already.
pub fn log_refusal(reason: &str) {
    let mut refused = lock(&REFUSED);
    let (logged, requests) = &mut *refused;
    *requests += 1;
    if logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL) {
        tracing::warn!(requests = *requests, reason, "told to come again");
        *refused = (Some(Instant::now()), 0);
    }
}

/// Whether there is more to do than can be done.
pub struct Overload {
    /// Where the bytes are sent; `None` where that cannot be.
    way: OnceLock<Option<UnixStream>>,
    lateness: Arc<Mutex<Lateness>>,
}

impl Overload {
    /// `max_wait` is how long requests may wait before they are looked at.
    pub fn new(max_wait: Duration) -> Self {
        let lateness = Arc::new(Mutex::new(Lateness::new(max_wait)));
        Self { way: OnceLock::new(), lateness }
    }

    /// To be asked for each request, within a runtime.
    fn refuses(&self) -> bool {
        let Answer { refuses, sends } = lock(&self.lateness).ask(Instant::now());
        if sends {
            self.send();
        }
        refuses
    }

    fn send(&self) {
        let way = self.way.get_or_init(|| {
            let way = open(Arc::clone(&self.lateness));
            way.inspect_err(|error| tracing::warn!(%error, "overload will not be noticed")).ok()
        });
        // Not by the runtime, which would first want to be told that it can be written to.
        if way.as_ref().is_none_or(|mut way| way.write(&[0]).is_err()) {
            lock(&self.lateness).note_loss();
        }
    }
}

/// Where to send bytes. Whoever receives them notes when, until this end is gone.
fn open(lateness: Arc<Mutex<Lateness>>) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    theirs.set_nonblocking(true)?;
    let theirs = tokio::net::UnixStream::from_std(theirs)?;
    tokio::spawn(async move {
        let mut byte = [0];
        while theirs.readable().await.is_ok() {
            match theirs.try_read(&mut byte) {
                Ok(0) => return,
                Ok(_) => lock(&lateness).note_arrival(Instant::now()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    });
    Ok(ours)
}

/// No half-changed state is ever left behind, so a panic elsewhere does not spoil it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of how long things wait.
///
/// One byte that is late can come of the machine having stood still for a moment, after which all is well: it takes two
/// within a second, or one that does not come while requests are looked at all the time. Nor does one that is in time
/// say that it is over, since the runtime does not take everything in its turn: it takes a few in a row.
#[derive(Debug)]
pub struct Lateness {
    max_wait: Duration,
    /// When the byte was sent that is on its way.
    sent: Option<Instant>,
    /// When it was seen to be late.
    late: Option<Instant>,
    /// When the last one came.
    came: Option<Instant>,
    /// When the last one came that was late.
    came_late: Option<Instant>,
    /// How many have been in time since.
    in_time: u32,
    refused: Option<Instant>,
}

/// What is to become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub refuses: bool,
    /// Whether a byte is to be sent now.
    pub sends: bool,
}

impl Lateness {
    pub fn new(max_wait: Duration) -> Self {
        Self {
            max_wait,
            sent: None,
            late: None,
            came: None,
            came_late: None,
            in_time: 0,
            refused: None,
        }
    }

    /// Somebody asks for something.
    pub fn ask(&mut self, now: Instant) -> Answer {
        let within = |time: Duration, at: Option<Instant>| {
            at.is_some_and(|at| now.duration_since(at) <= time)
        };
        let is_late = self.sent.is_some() && !within(self.max_wait, self.sent);
        if is_late && self.late.is_none() {
            self.late = Some(now);
        }
        // Where nobody has asked for a while, what there was to do is done.
        let is_current = self.sent.is_some() || within(self.max_wait, self.came);
        self.came_late = self.came_late.filter(|_| is_current);
        let was_late = within(MEMORY, self.came_late);
        let goes_on = was_late && self.in_time < ENOUGH_IN_TIME;
        let refuses = if within(MEMORY, self.refused) {
            is_late || goes_on
        } else {
            is_late && (was_late || !within(self.max_wait, self.late))
        };
        if refuses {
            self.refused = Some(now);
        }
        let sends = self.sent.is_none() && (goes_on || !within(INTERVAL, self.came));
        if sends {
            (self.sent, self.late) = (Some(now), None);
        }
        Answer { refuses, sends }
    }

    /// The byte could not be sent.
    pub fn note_loss(&mut self) {
        self.sent = None;
    }

    /// The byte has come.
    pub fn note_arrival(&mut self, now: Instant) {
        let Some(sent) = self.sent.take() else { return };
        self.came = Some(now);
        if now.duration_since(sent) > self.max_wait {
            self.came_late = Some(now);
            self.in_time = 0;
        } else {
            self.in_time += 1;
        }
    }
}
