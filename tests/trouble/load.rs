//! People who go on writing and reading while something happens, and what they can expect of it.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::client::{self, Answer};
use crate::process::server::{Program, Server};
use crate::process::{Person, sign_up, titles};
use crate::support::cluster::until;

const WRITERS: usize = 4;
const READERS: usize = 4;
/// What a person does between two requests.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a request may take, and what a busy machine adds.
const DEADLINE: Duration = Duration::from_secs(20 + 4);
/// How long after the database service returns, and what a busy machine adds.
const RETURN: Duration = Duration::from_secs(2 + 3);
/// How often it is tried whether it has.
const TRY: Duration = Duration::from_millis(250);

/// People at work, who do not stop when they get no answer.
pub struct Load {
    server: Server,
    person: Person,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    is_over: AtomicBool,
    served: AtomicUsize,
    sent: Mutex<Vec<Sent>>,
    next: AtomicUsize,
}

/// A request, and what came of it.
struct Sent {
    /// Of the task that was to be made; a request without one reads.
    title: Option<String>,
    began: Instant,
    ended: Instant,
    answer: Result<Answer, String>,
}

impl Sent {
    fn is_done(&self) -> bool {
        matches!(&self.answer, Ok(answer) if answer.status < 300)
    }
}

/// What they have seen.
pub struct Seen {
    pub server: Server,
    pub person: Person,
    sent: Vec<Sent>,
    recovered: Instant,
}

impl Load {
    /// At a server of this program. Comes back when they have had their first answers.
    pub fn start(program: &Program) -> Self {
        // A line for each request would be all that is seen of a test that fails.
        let server = program.clone().with("RUST_LOG", "warn").start();
        let person = sign_up(&server, "ada");
        let shared = Arc::new(Shared {
            address: server.address,
            is_over: AtomicBool::new(false),
            served: AtomicUsize::new(0),
            sent: Mutex::default(),
            next: AtomicUsize::new(0),
        });
        let mut threads = Vec::new();
        for number in 0..WRITERS + READERS {
            // Half of each kind comes with a session, which is looked up, half with a token, which is not.
            let token = if number % 2 == 0 { &person.jwt } else { &person.session_token };
            let (shared, token) = (Arc::clone(&shared), token.clone());
            threads.push(std::thread::spawn(move || {
                while !shared.is_over.load(Ordering::SeqCst) {
                    shared.send(&token, number < WRITERS);
                    std::thread::sleep(PAUSE);
                }
            }));
        }
        let load = Self { server, person, shared, threads };
        load.go_on();
        load
    }

    /// Lets them have some more answers.
    pub fn go_on(&self) {
        let before = self.shared.served.load(Ordering::SeqCst);
        until("requests are answered", || self.shared.served.load(Ordering::SeqCst) >= before + 50);
    }

    /// The database is well again, since now. Watches service return, and the last of those who were at work.
    pub fn recovered(self) -> Seen {
        let (recovered, deadline) = (Instant::now(), Instant::now() + DEADLINE);
        // Somebody new every now and then: those who were there may wait for an answer that got lost.
        let mut tries = Vec::new();
        let is_back = |shared: &Shared| {
            let sent = shared.sent.lock().unwrap();
            sent.iter().any(|sent| sent.title.is_some() && sent.began > recovered && sent.is_done())
        };
        while !is_back(&self.shared) && Instant::now() < deadline {
            let (shared, token) = (Arc::clone(&self.shared), self.person.jwt.clone());
            tries.push(std::thread::spawn(move || shared.send(&token, true)));
            std::thread::sleep(TRY);
        }
        std::thread::sleep(
            (recovered + RETURN + Duration::from_secs(1)).saturating_duration_since(Instant::now()),
        );
        self.shared.is_over.store(true, Ordering::SeqCst);
        for thread in self.threads.into_iter().chain(tries) {
            thread.join().unwrap();
        }
        let sent = std::mem::take(&mut *self.shared.sent.lock().unwrap());
        let seen = Seen { server: self.server, person: self.person, sent, recovered };
        seen.check();
        seen
    }
}

impl Shared {
    fn send(&self, token: &str, writes: bool) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let title = writes.then(|| format!("task {number}"));
        let body = title.as_ref().map(|title| json!({ "title": title }));
        let request = match &body {
            Some(body) => client::request("POST", "/api/me/tasks", token, Some(body)),
            None => client::request("GET", "/api/me/tasks?limit=5", token, None),
        };
        let began = Instant::now();
        let answer = client::send(self.address, &request).map_err(|error| error.to_string());
        let sent = Sent { title, began, ended: Instant::now(), answer };
        if sent.is_done() {
            self.served.fetch_add(1, Ordering::SeqCst);
        }
        self.sent.lock().unwrap().push(sent);
    }
}

impl Seen {
    /// How many requests were turned away: writes, and reads.
    pub fn turned_away(&self) -> (usize, usize) {
        let away = self.sent.iter().filter(|sent| !sent.is_done());
        let (writes, reads): (Vec<_>, Vec<_>) = away.partition(|sent| sent.title.is_some());
        (writes.len(), reads.len())
    }

    /// How many requests that began within this span were answered as if nothing were the matter: writes, and reads.
    pub fn served_between(&self, from: Instant, to: Instant) -> (usize, usize) {
        let served =
            self.sent.iter().filter(|sent| sent.is_done() && sent.began > from && sent.ended < to);
        let (writes, reads): (Vec<_>, Vec<_>) = served.partition(|sent| sent.title.is_some());
        (writes.len(), reads.len())
    }

    fn check(&self) {
        self.check_answers();
        self.check_return();
        self.check_tasks();
        let longest = self.sent.iter().map(|sent| sent.ended - sent.began).max();
        let (writes, reads) = self.turned_away();
        eprintln!(
            "{} requests, turned away {writes} writes and {reads} reads, the longest took {longest:?}",
            self.sent.len()
        );
    }

    /// Each has its answer in time, or is told to come again.
    fn check_answers(&self) {
        for sent in &self.sent {
            let took = sent.ended - sent.began;
            let answer = sent.answer.as_ref();
            let answer = answer.unwrap_or_else(|error| panic!("no answer after {took:?}: {error}"));
            assert!(took < DEADLINE, "{took:?}: {answer:?}");
            let good = if sent.title.is_some() { 201 } else { 200 };
            if answer.status != good {
                assert_eq!(answer.status, 503, "{answer:?}");
                let seconds = answer.header("retry-after").expect("it says when to come again");
                assert!(seconds.parse::<u64>().is_ok(), "{answer:?}");
            }
        }
    }

    fn check_return(&self) {
        let writes = self.sent.iter().filter(|sent| sent.title.is_some() && sent.is_done());
        let first = writes.filter(|sent| sent.began > self.recovered).map(|sent| sent.ended).min();
        let first = first.expect("a write succeeds again") - self.recovered;
        eprintln!("the first write succeeded {first:?} after the database");
        assert!(first < RETURN, "{first:?}");
        for sent in &self.sent {
            let late = sent.began.saturating_duration_since(self.recovered);
            assert!(late < RETURN || sent.is_done(), "{late:?} later: {:?}", sent.answer);
        }
    }

    /// What was acknowledged is there, everything is there once, and nothing that nobody sent.
    fn check_tasks(&self) {
        let all = titles(&self.server, &self.person.jwt);
        let kept: HashSet<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(kept.len(), all.len(), "a task is there twice");
        let mut sent = HashSet::new();
        for (title, is_done) in
            self.sent.iter().filter_map(|one| Some((one.title.as_deref()?, one.is_done())))
        {
            assert!(!is_done || kept.contains(title), "{title} was acknowledged and is lost");
            sent.insert(title);
        }
        assert!(kept.is_subset(&sent));
        let total = "/api/me/tasks?include=total&limit=1";
        let total = self.server.call("GET", total, &self.person.jwt, None).json();
        assert_eq!(total["total"], all.len());
    }
}
