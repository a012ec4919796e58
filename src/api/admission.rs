//! How much may be on the way at once: connections, what they have sent of requests that are not whole yet, and answers
//! that they do not take.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// What any connection may have sent of a request, in bytes: a head of 16 KiB, and a body.
const SMALL: usize = 80 * 1024;
/// How many connections may have sent more than that at a time. Heads with the tokens of a megabyte that nobody has but
/// that are answered 401 all the same; together they take 75 MB at the most.
const MAX_LARGE: usize = 64;
/// How long a client may take nothing of an answer that waits for it.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How many answers may wait for their clients at a time. Most fit into what the kernel keeps for a connection, and never
/// do; the largest, a hundred tasks with long descriptions, have a megabyte or a few.
const MAX_STALLED: usize = 256;

/// Bounds for all connections of a server.
#[derive(Clone)]
pub struct Admission {
    connections: Arc<Semaphore>,
    large: Arc<Semaphore>,
    stalled: Arc<Semaphore>,
}

impl Admission {
    pub fn new(max_connections: usize) -> Self {
        Self {
            connections: Arc::new(Semaphore::new(max_connections)),
            large: Arc::new(Semaphore::new(MAX_LARGE)),
            stalled: Arc::new(Semaphore::new(MAX_STALLED)),
        }
    }

    /// The place of a connection; `None` where there are as many as there may be.
    pub fn admit(&self) -> Option<Place> {
        let place = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        Some(Place { _place: place, bounds: self.clone(), unanswered: Arc::default() })
    }
}

/// A place among the connections, until it is dropped.
pub struct Place {
    _place: OwnedSemaphorePermit,
    bounds: Admission,
    unanswered: Arc<AtomicUsize>,
}

impl Place {
    /// Counts what is read from a stream, and how long it takes nothing.
    pub fn metered<T>(&self, stream: T) -> Metered<T> {
        let (bounds, unanswered) = (self.bounds.clone(), Arc::clone(&self.unanswered));
        Metered { stream, bounds, unanswered, large: None, stall: None }
    }

    /// To be called for each request whose head is there.
    pub fn on_request(&self) -> impl Fn() + use<> {
        let unanswered = Arc::clone(&self.unanswered);
        move || unanswered.store(0, Ordering::Relaxed)
    }
}

/// A stream that breaks where it has sent too much of a request, while too many others have as well; and where it takes
/// nothing of an answer for too long, or too many others take nothing as well.
pub struct Metered<T> {
    stream: T,
    bounds: Admission,
    unanswered: Arc<AtomicUsize>,
    large: Option<OwnedSemaphorePermit>,
    stall: Option<Stall>,
}

/// An answer waits for its client.
struct Stall {
    end: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        let sent = self.unanswered.fetch_add(read, Ordering::Relaxed) + read;
        if sent <= SMALL {
            self.large = None;
        } else if self.large.is_none() {
            let Ok(permit) = Arc::clone(&self.bounds.large).try_acquire_owned() else {
                return broken("too many requests with large heads at once");
            };
            self.large = Some(permit);
        }
        outcome
    }
}

impl<T> Metered<T> {
    /// What became of writing.
    fn note<O>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<O>>,
    ) -> Poll<io::Result<O>> {
        if outcome.is_ready() {
            self.stall = None;
            return outcome;
        }
        if self.stall.is_none() {
            let Ok(permit) = Arc::clone(&self.bounds.stalled).try_acquire_owned() else {
                return broken("too many answers that are not taken at once");
            };
            let end = Box::pin(tokio::time::sleep(STALL_TIMEOUT));
            self.stall = Some(Stall { end, _permit: permit });
        }
        let is_over = |stall: &mut Stall| stall.end.as_mut().poll(context).is_ready();
        if self.stall.as_mut().is_some_and(is_over) {
            return broken("an answer was not taken in time");
        }
        Poll::Pending
    }
}

fn broken<O>(reason: &'static str) -> Poll<io::Result<O>> {
    Poll::Ready(Err(io::Error::other(reason)))
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(context, outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
