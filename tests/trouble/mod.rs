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

use serde_json::json;

use crate::process::server::{Program, Server};
use crate::process::{Person, SECRET, client, titles};

/// A program that keeps everything behind a URL.
pub fn program(url: &str) -> Program {
    Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET)
}

/// Somebody makes so many tasks at once, or a little one after the other, while something else happens. Each is made at the
/// first try, with an `Idempotency-Key` and without.
fn create_many(
    server: &Server,
    person: &Person,
    count: u32,
    pause: Duration,
    meanwhile: impl FnOnce(),
) {
    std::thread::scope(|scope| {
        for number in 0..count {
            scope.spawn(move || {
                std::thread::sleep(pause * number);
                let task = json!({"title": format!("task {number}")});
                let mut request =
                    client::request("POST", "/api/me/tasks", &person.jwt, Some(&task));
                if number % 2 == 0 {
                    request =
                        client::with_header(&request, &format!("idempotency-key: \"{number}\""));
                }
                let answer = client::send(server.address, &request).expect("an answer");
                assert_eq!(answer.status, 201, "{answer:?}");
            });
        }
        meanwhile();
    });
    assert_eq!(titles(server, &person.jwt).len(), count as usize);
}
