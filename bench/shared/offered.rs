//! HTTP load that does not wait: requests become due at random moments of a given mean rate, and a request's time counts
//! from when it was due. So a server that is too slow is not asked less.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::LocalSet;

use super::client::Client;
use super::load::{Requests, share_of};
use super::random::Random;

/// How often requests become due.
const TICK: Duration = Duration::from_millis(1);
/// After how long a client has given up.
const PATIENCE: Duration = Duration::from_secs(5);
const OVERLOADED: u16 = 503;

/// What those do who are told to come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// What becomes due takes any connection, whatever has become of that before.
    Careless,
    /// Each connection is somebody's, who asks for nothing for as long as the answer says (RFC 9110, section 10.2.3), and
    /// for up to as long again: as the page does.
    Patient,
}

/// What is to be offered.
pub struct Offer {
    pub address: SocketAddr,
    /// How many requests may be on their way at once.
    pub connections: usize,
    /// By all of them, as long as nobody waits.
    pub per_second: f64,
    pub callers: Callers,
    pub requests: Requests,
}

/// What became of the requests that were due in the time that counts. Latencies are in microseconds, sorted.
#[derive(Default)]
pub struct Outcome {
    pub offered: u64,
    /// Of those with the answer that is right.
    pub accepted: Vec<u32>,
    /// Of those that were told to come again.
    pub refused: Vec<u32>,
    /// Any other answer, a connection that broke, no answer in time.
    pub errors: BTreeMap<String, u64>,
}

/// What the connections share.
struct Offering {
    address: SocketAddr,
    requests: Requests,
    due: RefCell<VecDeque<Instant>>,
    is_due: Notify,
    counts_from: Instant,
    counts_until: Instant,
    outcome: RefCell<Outcome>,
}

impl Offer {
    /// Offers for so long, after some time to warm up.
    pub fn run(self, warm_up: Duration, time: Duration) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            // A set of local tasks takes turns of its own: what has come is looked for between any two.
            .event_interval(1)
            .build();
        LocalSet::new().block_on(&runtime.expect("a runtime starts"), self.send(warm_up, time))
    }

    async fn send(self, warm_up: Duration, time: Duration) -> Outcome {
        let mut clients = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            clients.push(Client::connect(self.address).await);
        }
        let began = Instant::now();
        let offering = Rc::new(Offering {
            address: self.address,
            requests: self.requests,
            due: RefCell::default(),
            is_due: Notify::new(),
            counts_from: began + warm_up,
            counts_until: began + warm_up + time,
            outcome: RefCell::default(),
        });
        let moments =
            |seed, per_second| Moments { random: Random::new(seed), per_second, next: began };
        let each = self.per_second / self.connections as f64;
        let connections = clients.into_iter().enumerate().map(|(index, client)| {
            let own = (self.callers == Callers::Patient).then(|| moments(!(index as u64), each));
            tokio::task::spawn_local(Rc::clone(&offering).ask_all(client, index, own))
        });
        let connections: Vec<_> = connections.collect();
        if self.callers == Callers::Careless {
            offering.make_due(moments(1, self.per_second)).await;
        }
        tokio::time::sleep_until((offering.counts_until + PATIENCE).into()).await;
        for connection in connections {
            connection.abort();
        }
        offering.outcome.take().completed()
    }
}

impl Outcome {
    /// Whatever has no answer by now has none.
    fn completed(mut self) -> Self {
        self.accepted.sort_unstable();
        self.refused.sort_unstable();
        let answered = self.accepted.len() + self.refused.len();
        let other: u64 = self.errors.values().sum();
        let left = self.offered.saturating_sub(answered as u64 + other);
        if left > 0 {
            self.errors.insert("no answer".to_owned(), left);
        }
        self
    }
}

/// Random moments: the pauses between them are exponentially distributed.
struct Moments {
    random: Random,
    per_second: f64,
    next: Instant,
}

impl Moments {
    fn take(&mut self) -> Instant {
        let chance = (self.random.below(1 << 32) + 1) as f64 / (1_u64 << 32) as f64;
        let pause = Duration::from_secs_f64(-chance.ln() / self.per_second);
        let now = self.next;
        self.next += pause;
        now
    }
}

impl Offering {
    async fn make_due(&self, mut moments: Moments) {
        let mut tick = tokio::time::interval(TICK);
        while moments.next < self.counts_until {
            tick.tick().await;
            while moments.next <= Instant::now() && moments.next < self.counts_until {
                let due = moments.take();
                self.note_offer(due);
                self.due.borrow_mut().push_back(due);
                self.is_due.notify_one();
            }
        }
    }

    /// One connection: the request that has been due for longest, or that of its own next moment, and then the next.
    async fn ask_all(self: Rc<Self>, mut client: Client, index: usize, mut own: Option<Moments>) {
        let mut random = Random::new(index as u64);
        let mut request = Vec::with_capacity(2 * 1024);
        loop {
            let due = match &mut own {
                Some(moments) if moments.next >= self.counts_until => return,
                Some(moments) => self.wait_for(moments).await,
                None => self.next_due().await,
            };
            request.clear();
            let expected = (self.requests)(&mut random, &mut request);
            let answer = tokio::time::timeout(PATIENCE, client.exchange(&request)).await;
            let status = match answer {
                Ok(Ok(status)) => Ok(status),
                Ok(Err(error)) => Err(error.kind().to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            };
            let (is_broken, is_refused) = (status.is_err(), status == Ok(OVERLOADED));
            self.count(due, expected, status);
            if is_broken && let Ok(new) = Client::try_connect(self.address).await {
                client = new;
            }
            if is_refused && let Some(moments) = &mut own {
                let longer = 1.0 + random.below(1_000) as f64 / 1e3;
                let pause = client.retry_after().mul_f64(longer);
                moments.next = moments.next.max(Instant::now() + pause);
            }
        }
    }

    async fn wait_for(&self, moments: &mut Moments) -> Instant {
        tokio::time::sleep_until(moments.next.into()).await;
        let due = moments.take();
        self.note_offer(due);
        due
    }

    async fn next_due(&self) -> Instant {
        loop {
            let due = self.due.borrow_mut().pop_front();
            match due {
                Some(due) => return due,
                None => self.is_due.notified().await,
            }
        }
    }

    fn note_offer(&self, due: Instant) {
        self.outcome.borrow_mut().offered += u64::from(due >= self.counts_from);
    }

    fn count(&self, due: Instant, expected: u16, status: Result<u16, String>) {
        if due < self.counts_from {
            return;
        }
        let micros = u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX);
        let mut outcome = self.outcome.borrow_mut();
        match status {
            Ok(status) if status == expected => outcome.accepted.push(micros),
            Ok(OVERLOADED) => outcome.refused.push(micros),
            Ok(status) => {
                *outcome.errors.entry(format!("{status} for {expected}")).or_default() += 1;
            }
            Err(problem) => *outcome.errors.entry(problem).or_default() += 1,
        }
    }
}

/// The milliseconds within which that share was answered.
pub fn milliseconds(latencies: &[u32], share: f64) -> f64 {
    share_of(latencies, share).as_secs_f64() * 1e3
}
