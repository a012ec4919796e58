//! The real binary, in a directory of its own, seen from outside: what it prints, keeps, logs and survives.

mod addresses;
mod backups;
mod change_numbers;
pub mod client;
mod commands;
mod copies;
mod crash;
mod disk_trouble;
mod draining;
mod ended_sessions;
mod first_start;
mod key_rotation;
mod logging;
mod mail;
mod mailbox;
mod metrics;
mod overload;
mod protocol;
mod remote;
mod remote_issuer;
mod restores;
pub mod retries;
mod rolling_restart;
mod round_robin;
mod secrets;
pub mod server;
mod settings;
mod several_copies;
mod stopping;
mod stored;
mod too_much;

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Value as Json, json};

use client::Answer;
use server::{Program, Server, text};

/// Long enough to be a secret, and easy to find in what should not hold it.
pub const SECRET: &str = "f1nd-me-in-the-logs-f1nd-me-in-the-logs";

/// Somebody who has signed up at a server.
pub struct Person {
    pub session_token: String,
    pub jwt: String,
}

pub fn sign_up(server: &Server, name: &str) -> Person {
    let body = json!({"name": name, "email": format!("{name}@example.com"), "password": format!("password of {name}")});
    let answer = server.call("POST", "/api/auth/sign-up/email", "", Some(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
    let session_token = answer.json()["token"].as_str().expect("a token").to_owned();
    let jwt = jwt(server, &session_token);
    Person { session_token, jwt }
}

/// Runs a command that must go well; gives what it prints.
fn ran(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs a command that must not, and must print nothing; gives what it says instead.
fn refused(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    said
}

pub fn jwt(server: &Server, session_token: &str) -> String {
    let answer = server.call("GET", "/api/auth/token", session_token, None);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["token"].as_str().expect("a JWT").to_owned()
}

/// The names in a directory.
pub fn names(directory: &Path) -> HashSet<String> {
    let entries = std::fs::read_dir(directory).expect("it is read");
    entries.map(|entry| entry.expect("it is read").file_name().into_string().unwrap()).collect()
}

pub fn create_task(server: &Server, token: &str, title: &str) -> Answer {
    server.call("POST", "/api/me/tasks", token, Some(&json!({ "title": title })))
}

/// Every title that somebody's list holds, page by page.
pub fn titles(server: &Server, token: &str) -> Vec<String> {
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = server.call("GET", &format!("/api/me/tasks?limit=100{cursor}"), token, None);
        assert_eq!(page.status, 200, "{page:?}");
        let page: Json = page.json();
        let tasks = page["tasks"].as_array().expect("tasks");
        titles.extend(tasks.iter().map(|task| task["title"].as_str().expect("a title").to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return titles,
        }
    }
}
