//! HTTP load: connections that send one request after the other, and how long each took.
//!
//! It shares the processors with what it measures, so it does as little as it can: one thread (or a few), requests
//! that are copied together from ready parts, and of an answer it looks at status and length alone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use super::client::Client;
use super::random::Random;

/// How long answers are waited for when a load is over.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it is looked whether a load is over.
const LOOK_PAUSE: Duration = Duration::from_millis(20);
/// How long a connection that broke waits before it is made again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(20);

/// Appends one request, chosen by chance, and gives the status that is the right answer.
pub type Requests = Arc<dyn Fn(&mut Random, &mut Vec<u8>) -> u16 + Send + Sync>;

/// What is to be sent.
#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    /// Threads of the generator.
    pub threads: usize,
    /// How long each connection waits between an answer and its next request.
    pub thinking: Duration,
    pub requests: Requests,
}

/// What a load came to.
pub struct Outcome {
    pub requests: u64,
    pub elapsed: Duration,
    /// How often what was not expected: an answer with another status, a connection that broke.
    pub errors: BTreeMap<String, u64>,
    /// Microseconds, sorted.
    latencies: Vec<u32>,
}

impl Outcome {
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which that share of requests was answered. Zero where none was.
    pub fn percentile(&self, share: f64) -> Duration {
        share_of(&self.latencies, share)
    }
}

/// The time within which that share of sorted latencies lies, in microseconds. Zero where there are none.
pub fn share_of(latencies: &[u32], share: f64) -> Duration {
    let Some(last) = latencies.len().checked_sub(1) else { return Duration::ZERO };
    let index = (last as f64 * share).round() as usize;
    Duration::from_micros(latencies[index].into())
}

/// How far a load has come.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    WarmingUp,
    Measuring,
    Over,
}

/// A load that is being sent.
struct Running {
    phase: Arc<AtomicU8>,
    began: Instant,
    elapsed: Duration,
    threads: Vec<JoinHandle<Tally>>,
}

#[derive(Default)]
struct Tally {
    latencies: Vec<u32>,
    errors: BTreeMap<String, u64>,
}

impl Load {
    /// Makes the connections, and begins to send.
    fn start(&self) -> Running {
        let phase = Arc::new(AtomicU8::new(Phase::WarmingUp as u8));
        let (ready, all_ready) = std::sync::mpsc::channel();
        let threads = (0..self.threads).map(|index| {
            let (mut load, phase, ready) = (self.clone(), Arc::clone(&phase), ready.clone());
            load.connections = self.connections / self.threads
                + usize::from(index < self.connections % self.threads);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let local = LocalSet::new();
                let all = load.send(&phase, index as u64, || drop(ready));
                local.block_on(&runtime.expect("a runtime starts"), all)
            })
        });
        let threads = threads.collect();
        drop(ready);
        let _: Result<(), _> = all_ready.recv(); // an error, when the last has dropped its end
        Running { phase, began: Instant::now(), elapsed: Duration::ZERO, threads }
    }

    /// Sends for so long, after some time to warm up; counts only what is behind that. `look` is called as counting
    /// begins and as it ends.
    pub fn run<T>(
        &self,
        warm_up: Duration,
        time: Duration,
        look: impl Fn() -> T,
    ) -> (Outcome, [T; 2]) {
        let mut running = self.start();
        std::thread::sleep(warm_up);
        let before = look();
        running.measure();
        std::thread::sleep(time);
        running.count_no_more();
        let after = look();
        (running.stop(), [before, after])
    }

    /// On this thread, all connections.
    async fn send(self, phase: &Arc<AtomicU8>, seed: u64, is_ready: impl FnOnce()) -> Tally {
        let mut clients = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            clients.push(Client::connect(self.address).await);
        }
        is_ready();
        let tally = Rc::new(RefCell::new(Tally::default()));
        let open = clients.into_iter().enumerate().map(|(index, client)| {
            let (load, phase, tally) = (self.clone(), Arc::clone(phase), Rc::clone(&tally));
            let random = Random::new((seed << 32) + index as u64);
            tokio::task::spawn_local(load.repeat(client, random, phase, tally))
        });
        let open: Vec<_> = open.collect();
        while phase.load(Ordering::Relaxed) != Phase::Over as u8 {
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for connection in open {
            if tokio::time::timeout_at(deadline, connection).await.is_err() {
                *tally.borrow_mut().errors.entry("no answer".to_owned()).or_default() += 1;
            }
        }
        tally.take()
    }

    /// One connection.
    async fn repeat(
        self,
        mut client: Client,
        mut random: Random,
        phase: Arc<AtomicU8>,
        tally: Rc<RefCell<Tally>>,
    ) {
        let is_in = |wanted: Phase| phase.load(Ordering::Relaxed) == wanted as u8;
        let mut request = Vec::with_capacity(2 * 1024);
        // Not all at the same moment.
        let first = self.thinking.mul_f64(random.below(1_000) as f64 / 1_000.0);
        let mut pause = first;
        loop {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            pause = self.thinking;
            if is_in(Phase::Over) {
                return;
            }
            request.clear();
            let expected = (self.requests)(&mut random, &mut request);
            let counts = is_in(Phase::Measuring);
            let sent = Instant::now();
            let problem = match client.exchange(&request).await {
                Ok(status) if status == expected => {
                    if counts && is_in(Phase::Measuring) {
                        let micros = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
                        tally.borrow_mut().latencies.push(micros);
                    }
                    continue;
                }
                Ok(status) => format!("{status} for {expected}"),
                Err(error) => {
                    tokio::time::sleep(RECONNECT_PAUSE).await;
                    if let Ok(new) = Client::try_connect(self.address).await {
                        client = new;
                    }
                    error.kind().to_string()
                }
            };
            *tally.borrow_mut().errors.entry(problem).or_default() += 1;
        }
    }
}

impl Running {
    /// From now on requests are counted.
    fn measure(&mut self) {
        self.began = Instant::now();
        self.phase.store(Phase::Measuring as u8, Ordering::Relaxed);
    }

    fn count_no_more(&mut self) {
        self.phase.store(Phase::Over as u8, Ordering::Relaxed);
        self.elapsed = self.began.elapsed();
    }

    /// Waits for what is on its way. Errors are those from the very beginning.
    fn stop(self) -> Outcome {
        let mut errors = BTreeMap::new();
        let mut latencies = Vec::new();
        for thread in self.threads {
            let tally = thread.join().expect("the load does not panic");
            latencies.extend(tally.latencies);
            for (problem, times) in tally.errors {
                *errors.entry(problem).or_default() += times;
            }
        }
        latencies.sort_unstable();
        let requests = latencies.len() as u64;
        Outcome { requests, elapsed: self.elapsed, errors, latencies }
    }
}
