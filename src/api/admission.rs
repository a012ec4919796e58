//! How much may be on the way at once: connections, and what they have sent of requests that are not whole yet.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What any connection may have sent of a request, in bytes: a head of 16 KiB, and a body.
const SMALL: usize = 80 * 1024;
/// How many connections may have sent more than that at a time. Heads with the tokens of a megabyte that nobody has but
/// that are answered 401 all the same; together they take 75 MB at the most.
const MAX_LARGE: usize = 64;

/// Bounds for all connections of a server.
#[derive(Clone)]
pub struct Admission {
    connections: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Admission {
    pub fn new(max_connections: usize) -> Self {
        Self {
            connections: Arc::new(Semaphore::new(max_connections)),
            large: Arc::new(Semaphore::new(MAX_LARGE)),
        }
    }

    /// The place of a connection; `None` where there are as many as there may be.
    pub fn admit(&self) -> Option<Place> {
        let place = Arc::clone(&self.connections).try_acquire_owned().ok()?;
        Some(Place { _place: place, large: Arc::clone(&self.large), unanswered: Arc::default() })
    }
}

/// A place among the connections, until it is dropped.
pub struct Place {
    _place: OwnedSemaphorePermit,
    large: Arc<Semaphore>,
    unanswered: Arc<AtomicUsize>,
}

impl Place {
    /// Counts what is read from a stream.
    pub fn metered<T>(&self, stream: T) -> Metered<T> {
        let (unanswered, large) = (Arc::clone(&self.unanswered), Arc::clone(&self.large));
        Metered { stream, unanswered, large, permit: None }
    }

    /// To be called for each request whose head is there.
    pub fn on_request(&self) -> impl Fn() + use<> {
        let unanswered = Arc::clone(&self.unanswered);
        move || unanswered.store(0, Ordering::Relaxed)
    }
}

/// A stream that breaks where it has sent too much of a request, while too many others have as well.
pub struct Metered<T> {
    stream: T,
    unanswered: Arc<AtomicUsize>,
    large: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
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
            self.permit = None;
        } else if self.permit.is_none() {
            match Arc::clone(&self.large).try_acquire_owned() {
                Ok(permit) => self.permit = Some(permit),
                Err(_) => {
                    let reason = "too many requests with large heads at once";
                    return Poll::Ready(Err(io::Error::other(reason)));
                }
            }
        }
        outcome
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
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
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
