//! A real SMTP server on loopback, and what it has received.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value as Json;

use super::client;

/// A mailbox that ends with the test.
pub struct Mailbox {
    child: Child,
    /// Host and port.
    pub smtp: SocketAddr,
    http: SocketAddr,
    /// The authority that signed its certificate, where it has one.
    pub certificate: Option<String>,
}

impl Mailbox {
    /// Starts one; `settings` are those of mailbox.mjs. `None` where its packages are not installed.
    pub fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/better-auth");
        if !folder.join("node_modules/smtp-server").is_dir() {
            assert!(std::env::var("CI").is_err(), "npm install must have run in CI");
            eprintln!("skipped: npm install has not run in tests/better-auth; script/test does it");
            return None;
        }
        let mut child = Command::new("node")
            .arg("mailbox.mjs")
            .current_dir(folder)
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("it says where it listens");
        let said: Json = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let http = said["http"].as_str().expect("an address").trim_start_matches("http://");
        Some(Self {
            child,
            smtp: said["smtp"].as_str().expect("an address").parse().expect("host and port"),
            http: http.parse().expect("host and port"),
            certificate: said["certificate"].as_str().map(str::to_owned),
        })
    }

    /// The e-mails to an address, once there are `count` of them, or ten seconds are over.
    pub fn messages_to(&self, address: &str, count: usize) -> Vec<Json> {
        // HTTP/1.0, so that the answer comes in one piece.
        let request = format!("GET /messages?to={address}&count={count} HTTP/1.0\r\n\r\n");
        let answer = client::send(self.http, &request).expect("the mailbox answers");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json().as_array().expect("an array").clone()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // It ends, and cleans up, when nobody holds its standard input any more.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
