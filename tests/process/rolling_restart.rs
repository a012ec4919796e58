//! Copies are replaced one after the other while people work, and nobody notices.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::client::{self, Answer, Connection, keeping_alive};
use super::round_robin::{Balance, RoundRobin};
use super::server::{Program, Server};
use super::{Person, sign_up};

const COPIES: usize = 3;
const CLIENTS: usize = 9;
/// How many requests are answered between one restart and the next, at the least.
const REQUESTS_BETWEEN: usize = 100;

/// Sends everybody home, also where the test fails: a scope waits for its threads.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How a client treats its connections.
#[derive(Clone, Copy, PartialEq)]
enum Habit {
    OneForAll,
    OneForEach,
}

/// Somebody who works without a break.
struct Client<'a> {
    proxy: &'a RoundRobin,
    token: &'a str,
    habit: Habit,
    connection: Option<Connection>,
    /// Each task that was acknowledged, with the description that was acknowledged last.
    tasks: BTreeMap<String, Option<String>>,
}

impl Client<'_> {
    /// One request, sent once. A connection is given up where the answer says so, or after it.
    fn call(&mut self, method: &str, path: &str, body: Option<&Json>) -> io::Result<Answer> {
        let mut request = client::request(method, path, self.token, body);
        if self.habit == Habit::OneForAll {
            request = keeping_alive(&request);
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.proxy.address)?,
        };
        let answer = connection.send(&request)?;
        let stays = answer.header("connection") != Some("close");
        self.connection = (stays && self.habit == Habit::OneForAll).then_some(connection);
        Ok(answer)
    }

    /// Creates a task, lists, and changes the task: three requests.
    fn work(&mut self, title: &str) -> Result<(), String> {
        let body = json!({"title": title});
        let created = self.expect(201, "POST", "/api/me/tasks", Some(&body))?;
        self.tasks.insert(title.to_owned(), None);
        self.expect(200, "GET", "/api/me/tasks?limit=5&include=total", None)?;
        let path = format!("/api/me/tasks/{}", created["id"].as_str().unwrap_or_default());
        let description = format!("about {title}");
        self.expect(200, "PATCH", &path, Some(&json!({"description": &description})))?;
        self.tasks.insert(title.to_owned(), Some(description));
        Ok(())
    }

    fn expect(
        &mut self,
        status: u16,
        method: &str,
        path: &str,
        body: Option<&Json>,
    ) -> Result<Json, String> {
        match self.call(method, path, body) {
            Ok(answer) if answer.status == status => Ok(answer.json()),
            Ok(answer) => Err(format!("{method} {path}: {answer:?}")),
            Err(error) => Err(format!("{method} {path}: {error}")),
        }
    }
}

/// Every task of somebody, as it is now.
fn stored(server: &Server, token: &str) -> Vec<(String, Option<String>)> {
    let (mut tasks, mut cursor) = (Vec::new(), String::new());
    loop {
        let page =
            server.call("GET", &format!("/api/me/tasks?limit=100{cursor}"), token, None).json();
        tasks.extend(page["tasks"].as_array().expect("tasks").iter().map(|task| {
            let description = task["description"].as_str().map(str::to_owned);
            (task["title"].as_str().expect("a title").to_owned(), description)
        }));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return tasks,
        }
    }
}

/// Waits for so many more answers, or for a failure.
fn wait_for_more(answered: &AtomicUsize, failures: &Mutex<Vec<String>>) {
    let (started, before) = (Instant::now(), answered.load(Ordering::SeqCst));
    while answered.load(Ordering::SeqCst) < before + REQUESTS_BETWEEN {
        if !failures.lock().unwrap().is_empty() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "nothing is answered");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn restart_one_after_the_other(balance: Balance) {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test").with("RUST_LOG", "warn");
    let program = program.with("DRAIN_SECONDS", "2");
    let proxy = RoundRobin::start(balance);
    let mut copies: Vec<Server> = (0..COPIES).map(|_| program.start()).collect();
    copies.iter().for_each(|copy| proxy.add(copy.address));
    let people: Vec<Person> =
        (0..CLIENTS).map(|number| sign_up(&copies[0], &format!("person{number}"))).collect();
    let (stop, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let kept: Vec<_> = std::thread::scope(|scope| {
        let workers = people.iter().enumerate().map(|(number, person)| {
            let (proxy, stop, answered, failures) = (&proxy, &stop, &answered, &failures);
            scope.spawn(move || {
                let token = if number % 2 == 0 { &person.session_token } else { &person.jwt };
                let habit = if number % 3 == 0 { Habit::OneForEach } else { Habit::OneForAll };
                let (connection, tasks) = (None, BTreeMap::new());
                let mut client = Client { proxy, token, habit, connection, tasks };
                for round in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    match client.work(&format!("task {round}")) {
                        Ok(()) => answered.fetch_add(3, Ordering::SeqCst),
                        Err(failure) => {
                            failures.lock().unwrap().push(failure);
                            break;
                        }
                    };
                }
                client.tasks
            })
        });
        let workers: Vec<_> = workers.collect();
        let at_the_end = Stop(&stop);
        for _ in 0..COPIES {
            wait_for_more(&answered, &failures);
            let old = copies.remove(0);
            let address = old.address;
            assert_eq!(old.stop().status.code(), Some(0));
            proxy.remove(address);
            copies.push(program.start());
            proxy.add(copies[COPIES - 1].address);
        }
        wait_for_more(&answered, &failures);
        drop(at_the_end);
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let (failures, answered) = (failures.into_inner().unwrap(), answered.into_inner());
    assert!(failures.is_empty(), "after {answered} answers: {failures:#?}");
    eprintln!("{answered} requests were answered, none failed");
    // Each copy went on serving until the proxy had noticed.
    assert_eq!(proxy.refused(), 0);
    for (person, kept) in people.iter().zip(kept) {
        let mut stored = stored(&copies[0], &person.session_token);
        stored.sort();
        assert_eq!(stored, kept.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn no_request_fails_where_requests_are_balanced() {
    restart_one_after_the_other(Balance::Requests);
}

#[test]
fn no_request_fails_where_connections_are_balanced() {
    restart_one_after_the_other(Balance::Connections);
}
