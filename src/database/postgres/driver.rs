//! The task that moves what comes and goes on a connection.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::Connection;

use super::errors;

pub(super) struct Driver {
    task: JoinHandle<()>,
    /// Held by whoever hands messages over, and by the task while it works.
    turn: Arc<Mutex<()>>,
}

impl Driver {
    pub(super) fn spawn<S, T>(mut connection: Connection<S, T>) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let turn = Arc::default();
        let own = Arc::clone(&turn);
        let task = tokio::spawn(async move {
            let ended = poll_fn(|context| {
                let _turn = take(&own);
                Pin::new(&mut connection).poll(context)
            });
            if let Err(error) = ended.await {
                tracing::debug!(error = errors::describe(&error), "a connection ended");
            }
        });
        Self { task, turn }
    }

    /// Sends together what the future hands over when it is first polled. A pooler that has no database answers the first
    /// message and closes: with others still to be sent, sending them would fail before that answer has been read.
    pub(super) async fn in_one_flight<F: Future>(&self, messages: F) -> F::Output {
        let mut messages = pin!(messages);
        let mut is_first = true;
        poll_fn(|context| {
            let _turn = std::mem::take(&mut is_first).then(|| take(&self.turn));
            messages.as_mut().poll(context)
        })
        .await
    }

    pub(super) fn abort(&self) {
        self.task.abort();
    }
}

/// It guards nothing that a panic could spoil.
fn take(turn: &Mutex<()>) -> MutexGuard<'_, ()> {
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}
