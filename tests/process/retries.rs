//! A client that gives up, connects again and asks again, on a way that breaks: with `Idempotency-Key` every change that
//! it intends happens once.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::client::{self, Answer};
use super::server::{Program, Server};
use super::{create_task, sign_up, titles};
use crate::support::database::Dice;
use crate::support::fault_proxy::{FaultProxy, Way};

const CLIENTS: u64 = 4;
/// Tasks of each client; each is made, toggled three times and given a name, and every third is deleted.
const TASKS: u64 = 12;

/// Somebody whose every write comes through in the end.
pub struct Client<'a> {
    address: SocketAddr,
    token: String,
    dice: Dice,
    /// Names its keys.
    pub name: String,
    /// How many changes it has intended.
    pub writes: u64,
    /// How often it has asked for them.
    attempts: u64,
    /// How many have been answered, to all clients together.
    answered: &'a AtomicU64,
}

impl<'a> Client<'a> {
    pub fn new(address: SocketAddr, token: &str, number: u64, answered: &'a AtomicU64) -> Self {
        let (dice, name) = (Dice(number), format!("client {number}"));
        Self { address, token: token.to_owned(), dice, name, writes: 0, attempts: 0, answered }
    }

    /// One intended change: asked for under one key until an answer comes through.
    pub fn write(&mut self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.writes += 1;
        let request = client::request(method, path, &self.token, body);
        let key = format!("idempotency-key: \"{} {}\"", self.name, self.writes);
        let request = client::with_header(&request, &key);
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.try_once(&request, attempt) {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    self.answered.fetch_add(1, Ordering::SeqCst);
                    return answer;
                }
                // The one before is still running, though nobody waits for it.
                Ok(answer) if answer.status == 409 => {
                    assert_eq!(answer.json()["code"], "still_running", "{answer:?}");
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                Err(_) => {}
            }
            std::thread::sleep(Duration::from_millis(self.dice.roll(4) as u64));
        }
    }

    fn try_once(&mut self, request: &str, attempt: u32) -> io::Result<Answer> {
        self.attempts += 1;
        let mut stream = TcpStream::connect(self.address)?;
        // More of it with each attempt, for also a slow machine is to answer in the end.
        let patience = attempt * Duration::from_millis(2 + self.dice.roll(60) as u64);
        stream.set_read_timeout(Some(patience))?;
        stream.write_all(request.as_bytes())?;
        client::read_answer(&mut stream)
    }

    /// Everything it intends. Gives the titles that are left.
    fn work(&mut self) -> Vec<String> {
        let mut left = Vec::new();
        for number in 0..TASKS {
            let made = self.write("POST", "/api/me/tasks", Some(&json!({"title": "new"}))).json();
            let path = format!("/api/me/tasks/{}", made["id"].as_str().expect("an id"));
            for _ in 0..3 {
                self.write("PATCH", &format!("{path}/complete"), None);
            }
            let title = format!("{} {number}", self.name);
            let named = self.write("PATCH", &path, Some(&json!({"title": title}))).json();
            assert_eq!(named["completed"], true, "toggled three times: {named}");
            match number % 3 {
                0 => assert_eq!(self.write("DELETE", &path, None).status, 204),
                _ => left.push(title),
            }
        }
        left
    }
}

/// Breaks the way again and again, until it is over. In between it is open until somebody has got an answer, whatever
/// time the machine takes for one.
fn trouble(proxy: &FaultProxy, answered: &AtomicU64, is_over: &AtomicBool) {
    let mut dice = Dice(7);
    let is_over = || is_over.load(Ordering::SeqCst);
    while !is_over() {
        proxy.set(match dice.roll(5) {
            0 | 1 => Way::CutAfter(1 + dice.roll(1_500) as u64),
            2 => Way::Reset,
            3 => Way::Slow(Duration::from_millis(dice.roll(30) as u64)),
            _ => Way::Swallowed,
        });
        std::thread::sleep(Duration::from_millis(20));
        proxy.set(Way::Open);
        let before = answered.load(Ordering::SeqCst);
        while answered.load(Ordering::SeqCst) == before && !is_over() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn every_change_happens_once(program: &Program) {
    let server = program.start();
    let ada = sign_up(&server, "ada");
    let proxy = FaultProxy::start(server.address);
    let (answered, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    let clients = std::thread::scope(|scope| {
        scope.spawn(|| trouble(&proxy, &answered, &is_over));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let mut client = Client::new(proxy.address, &ada.session_token, number, &answered);
                scope.spawn(move || (client.work(), client.writes, client.attempts))
            })
            .collect();
        let clients: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
        is_over.store(true, Ordering::SeqCst);
        clients
    });
    let (mut wanted, mut writes, mut attempts) = (Vec::new(), 0, 0);
    for client in clients {
        let (left, intended, tried) = client.expect("it has done what it intended");
        wanted.extend(left);
        writes += intended;
        attempts += tried;
    }
    assert!(attempts > writes, "nothing was ever asked for twice");
    assert_each_once(&server, &ada.session_token, wanted, writes);
}

/// Whether so many changes have left these titles: each has taken one number of the person's, and nothing else has.
pub fn assert_each_once(server: &Server, token: &str, mut wanted: Vec<String>, writes: u64) {
    let mut found = titles(server, token);
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    assert_eq!(create_task(server, token, "last").json()["version"], writes + 1);
}

#[test]
fn every_change_happens_once_on_the_embedded_database() {
    every_change_happens_once(&Program::new());
}

#[test]
fn every_change_happens_once_on_postgres() {
    if let Some(program) = Program::on_postgres() {
        every_change_happens_once(&program);
    }
}
