//! What becomes of the program when PostgreSQL, or the way to it, misbehaves: each test has a PostgreSQL of its own.

mod hosts;
mod load;
mod migrating;
mod network;
mod outage;
mod pooler;
mod sleep;
mod tls;

use std::time::Duration;

use crate::process::server::{Program, Server};
use crate::process::{Person, SECRET, create_task, titles};

/// A program that keeps everything behind a URL.
pub fn program(url: &str) -> Program {
    Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET)
}

/// Somebody makes so many tasks at once, or a little one after the other, while something else happens. Each is made.
fn create_many(
    server: &Server,
    person: &Person,
    count: u32,
    pause: Duration,
    meanwhile: impl FnOnce(),
) {
    std::thread::scope(|scope| {
        for number in 0..count {
            let token = &person.jwt;
            scope.spawn(move || {
                std::thread::sleep(pause * number);
                let answer = create_task(server, token, &format!("task {number}"));
                assert_eq!(answer.status, 201, "{answer:?}");
            });
        }
        meanwhile();
    });
    assert_eq!(titles(server, &person.jwt).len(), count as usize);
}
