//! What becomes of the program when PostgreSQL, or the way to it, misbehaves: each test has a PostgreSQL of its own.

mod hosts;
mod load;
mod migrating;
mod network;
mod outage;
mod pooler;
mod sleep;
mod tls;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::process::server::{Program, Server};
use crate::process::{Person, SECRET, create_task, titles};

/// A program that keeps everything behind a URL.
pub fn program(url: &str) -> Program {
    Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET)
}

/// Somebody makes so many tasks at once, or a little one after the other, while something else happens. Each is made, once.
/// Gives how often somebody was told to come again, and did.
fn create_many(
    server: &Server,
    person: &Person,
    count: u32,
    pause: Duration,
    meanwhile: impl FnOnce(),
) -> usize {
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..count {
            let (token, refused) = (&person.jwt, &refused);
            scope.spawn(move || {
                std::thread::sleep(pause * number);
                loop {
                    let answer = create_task(server, token, &format!("task {number}"));
                    if answer.status == 201 {
                        return;
                    }
                    assert_eq!(answer.json()["code"], "unavailable", "{answer:?}");
                    let before = refused.fetch_add(1, Ordering::Relaxed);
                    assert!(before < count as usize, "{answer:?}");
                }
            });
        }
        meanwhile();
    });
    assert_eq!(titles(server, &person.jwt).len(), count as usize);
    refused.into_inner()
}
