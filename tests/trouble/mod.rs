//! What becomes of the program when PostgreSQL, or the way to it, misbehaves: each test has a PostgreSQL of its own.

mod hosts;
mod load;
mod migrating;
mod network;
mod outage;
mod pooler;
mod sleep;
mod tls;

use crate::process::SECRET;
use crate::process::server::Program;

/// A program that keeps everything behind a URL.
fn program(url: &str) -> Program {
    Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET)
}
