//! The queue of letters, and the task that writes and sends them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{self, OwnedPermit, Receiver, Sender};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::letters::{Letter, Writer};
use super::transport::{SendError, Transport};
use crate::database::DatabaseError;

/// How many letters may wait. One more is refused, and with it the request.
const QUEUE_LENGTH: usize = 1_000;
/// How long a letter waits before anything is done about it. By then the answer has left, and what there is to do for an
/// address that is known does not make it slower, not even on a busy machine.
const PAUSE: Duration = Duration::from_millis(100);
/// How many are being written and sent at a time.
const MAX_SENDING: usize = 4;
/// How long to wait before each further attempt. After the last one the letter is given up, and the log says so.
const RETRIES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];
/// How long letters that wait may take when the server stops.
const FINISH: Duration = Duration::from_secs(5);

/// Takes letters, and sends them after the answer.
pub struct Outbox {
    /// `None` once it is closed.
    queue: Mutex<Option<Sender<Due>>>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// A letter, and when it is its turn.
type Due = (Instant, Letter);

/// A place in the queue.
pub struct Place(OwnedPermit<Due>);

impl Place {
    /// Puts a letter there.
    pub fn post(self, letter: Letter) {
        self.0.send((Instant::now() + PAUSE, letter));
    }
}

impl Outbox {
    /// An outbox whose letters `writer` writes and `transport` sends. Must be called within the runtime.
    pub fn open(writer: Writer, transport: Transport) -> Self {
        let (queue, letters) = mpsc::channel(QUEUE_LENGTH);
        let worker = tokio::spawn(work_off(letters, Arc::new(writer), Arc::new(transport)));
        Self { queue: Mutex::new(Some(queue)), worker: Mutex::new(Some(worker)) }
    }

    /// A place in the queue, to be taken before it is known whether there is anything to send: whether it is full
    /// then tells nothing.
    ///
    /// # Errors
    /// [`DatabaseError::Busy`] where too many letters wait, or the server is stopping.
    pub fn reserve(&self) -> Result<Place, DatabaseError> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(DatabaseError::Busy("the server is stopping"))?;
        let place = queue.try_reserve_owned();
        place.map(Place).map_err(|_| DatabaseError::Busy("too many e-mails wait"))
    }

    /// Takes no more letters, and waits a few seconds for those that are there.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker
            && tokio::time::timeout(FINISH, worker).await.is_err()
        {
            tracing::warn!("e-mails were still waiting when the time to send them was over");
        }
    }
}

async fn work_off(mut letters: Receiver<Due>, writer: Arc<Writer>, transport: Arc<Transport>) {
    let turns = Arc::new(Semaphore::new(MAX_SENDING));
    let mut running = JoinSet::new();
    while let Some((due, letter)) = letters.recv().await {
        tokio::time::sleep_until(due).await;
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let (writer, transport) = (Arc::clone(&writer), Arc::clone(&transport));
        running.spawn(async move {
            deliver(&letter, &writer, &transport).await;
            drop(turn);
        });
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

async fn deliver(letter: &Letter, writer: &Writer, transport: &Transport) {
    let written = with_retries(|| async move {
        writer.write(letter).await.map_err(|error| match error {
            DatabaseError::Unavailable(_) | DatabaseError::Busy(_) => {
                SendError::Temporary(error.to_string())
            }
            other => SendError::Permanent(other.to_string()),
        })
    });
    let outcome = match written.await {
        Ok(Some(message)) => with_retries(|| transport.send(&message)).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        // Whom it was for is not for the log.
        tracing::error!(%error, "an e-mail was not sent");
    }
}

async fn with_retries<T, F: Future<Output = Result<T, SendError>>>(
    attempt: impl Fn() -> F,
) -> Result<T, SendError> {
    for pause in RETRIES {
        match attempt().await {
            Err(SendError::Temporary(reason)) => {
                tracing::warn!(reason, "an e-mail is tried again in {} s", pause.as_secs());
                tokio::time::sleep(pause).await;
            }
            outcome => return outcome,
        }
    }
    attempt().await
}
