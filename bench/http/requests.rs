//! What is asked: requests that are put together from ready parts.

use std::sync::Arc;

use crate::shared::load::Requests;
use crate::shared::people::{Scale, task_id};
use crate::shared::random::Random;

/// A kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Mode {
    /// One random task of a random person.
    Get,
    /// 50 tasks of 1,000, filtered by status and priority, sorted by due date, with the total.
    List,
    /// Everything, as many of each as in [`MIX`].
    Mixed,
    /// As mixed, with a second between an answer and the next request.
    Think,
    /// A new task.
    Create,
    /// The same with an `Idempotency-Key`.
    Once,
}

/// In the order in which they are measured: what makes the lists longer comes last.
pub const MODES: [Mode; 6] =
    [Mode::Get, Mode::List, Mode::Think, Mode::Mixed, Mode::Create, Mode::Once];

/// Percent of each operation in [`Mode::Mixed`].
pub const MIX: [(Operation, u64); 5] = [
    (Operation::Get, 50),
    (Operation::List, 30),
    (Operation::Create, 10),
    (Operation::Update, 5),
    (Operation::Toggle, 5),
];

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Get,
    List,
    Create,
    Update,
    Toggle,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Mixed => "mixed",
            Self::Think => "think",
            Self::Create => "create",
            Self::Once => "once",
        }
    }

    /// The operations, and how many in a hundred each is.
    pub fn operations(self) -> &'static [(Operation, u64)] {
        match self {
            Self::Get => &[(Operation::Get, 100)],
            Self::List => &[(Operation::List, 100)],
            Self::Create | Self::Once => &[(Operation::Create, 100)],
            Self::Mixed | Self::Think => &MIX,
        }
    }
}

pub const LIST_PATH: &str =
    "/api/me/tasks?status=pending&priority=high,urgent&sort=due_date&limit=50&include=total";
pub const NEW_TASK: &str = concat!(
    r#"{"title":"Call the dentist about the café invoice","#,
    r#""description":"Ask for the price first, and for how long the offer holds.","#,
    r#""priority":"high","due_date":"2026-12-24","tags":["home","phone"]}"#
);
const CHANGES: [&str; 4] = [
    r#"{"priority":"low"}"#,
    r#"{"priority":"urgent"}"#,
    r#"{"due_date":"2027-01-15"}"#,
    r#"{"title":"Write to the landlord again"}"#,
];

/// The parts of everybody's requests.
struct Parts {
    scale: Scale,
    has_keys: bool,
    /// Of each person: the headers from the one with the token on.
    headers: Vec<String>,
}

/// Requests of a mode, by people at random.
pub fn requests(mode: Mode, scale: Scale, tokens: &[String]) -> Requests {
    let headers = tokens.iter().take(scale.users as usize).map(|token| headers(token));
    let parts = Parts { scale, has_keys: mode == Mode::Once, headers: headers.collect() };
    Arc::new(move |random, request| {
        let mut left = random.below(100);
        let operations = mode.operations().iter();
        let drawn = operations.copied().find(|(_, percent)| {
            let is_drawn = left < *percent;
            left = left.saturating_sub(*percent);
            is_drawn
        });
        let (operation, _) = drawn.expect("they make a hundred");
        parts.write(operation, random, request)
    })
}

/// One GET by that token.
pub fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\n{}\r\n", headers(token))
}

pub fn task_path(person: u64, task: u64) -> String {
    format!("/api/me/tasks/{}", task_id(person, task))
}

fn headers(token: &str) -> String {
    format!("host: duly.bench\r\nauthorization: Bearer {token}\r\n")
}

impl Parts {
    fn write(&self, operation: Operation, random: &mut Random, request: &mut Vec<u8>) -> u16 {
        let person = random.below(self.scale.users);
        let (method, suffix, body, status) = match operation {
            Operation::Get => ("GET ", "", None, 200),
            Operation::List => ("GET ", "", None, 200),
            Operation::Create => ("POST ", "", Some(NEW_TASK), 201),
            Operation::Update => ("PATCH ", "", Some(*random.pick(&CHANGES)), 200),
            Operation::Toggle => ("PATCH ", "/complete", None, 200),
        };
        request.extend_from_slice(method.as_bytes());
        match operation {
            Operation::List => request.extend_from_slice(LIST_PATH.as_bytes()),
            Operation::Create => request.extend_from_slice(b"/api/me/tasks"),
            Operation::Get | Operation::Update | Operation::Toggle => {
                request.extend_from_slice(b"/api/me/tasks/");
                let id = task_id(person, random.below(self.scale.tasks));
                let mut text = uuid::Uuid::encode_buffer();
                request.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
            }
        }
        request.extend_from_slice(suffix.as_bytes());
        request.extend_from_slice(b" HTTP/1.1\r\n");
        request.extend_from_slice(self.headers[person as usize].as_bytes());
        if self.has_keys {
            let (one, other) = (random.below(u64::MAX), random.below(u64::MAX));
            let key = format!("idempotency-key: \"{one:016x}{other:016x}\"\r\n");
            request.extend_from_slice(key.as_bytes());
        }
        if let Some(body) = body {
            let length = body.len();
            let head = format!("content-type: application/json\r\ncontent-length: {length}\r\n");
            request.extend_from_slice(head.as_bytes());
        }
        request.extend_from_slice(b"\r\n");
        request.extend_from_slice(body.unwrap_or_default().as_bytes());
        status
    }
}
