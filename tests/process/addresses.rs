//! Whom the real server takes for its client.

use std::io::Write;
use std::net::SocketAddr;

use tokio::net::TcpSocket;

use super::client::{self, Answer};
use super::server::{Program, Server};

/// A server that limits, which [`Program`] otherwise switches off.
fn limited() -> Program {
    Program::new().with("AUTH_RATE_LIMIT", "on")
}

/// A sign-in from an address of this machine, refused before a password is hashed. With no limit it is a 400.
fn sign_in(server: &Server, from: &str, headers: &str) -> Answer {
    let body = serde_json::json!({"email": "nobody", "password": "x"});
    let request = client::request("POST", "/api/auth/sign-in/email", "", Some(&body));
    let request = request.replacen("\r\n", &format!("\r\n{headers}"), 1);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
        socket.connect(server.address).await.unwrap().into_std().unwrap()
    });
    let mut stream = stream;
    stream.set_nonblocking(false).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    client::read_answer(&mut stream).unwrap()
}

fn statuses(server: &Server, from: &str, headers: &[&str]) -> Vec<u16> {
    headers.iter().map(|headers| sign_in(server, from, headers).status).collect()
}

fn forwarded_for(address: &str) -> String {
    format!("X-Forwarded-For: {address}\r\n")
}

#[test]
fn a_server_counts_by_the_peer_of_the_connection() {
    let server = limited().start();
    assert_eq!(statuses(&server, "127.0.0.1", &[""; 4]), [400, 400, 400, 429]);
    // Another peer has its own window, and a name that anybody may send gives nobody a new one.
    let named: Vec<_> = (1..=4).map(|number| forwarded_for(&format!("1.1.1.{number}"))).collect();
    let named: Vec<_> = named.iter().map(String::as_str).collect();
    assert_eq!(statuses(&server, "127.0.0.2", &named), [400, 400, 400, 429]);
    assert_eq!(statuses(&server, "127.0.0.2", &["Forwarded: for=1.1.1.9\r\n"]), [429]);
    let log = server.stop().log;
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("TRUSTED_PROXIES")).collect();
    assert!(warnings.len() == 1 && warnings[0].contains("127.0.0.2"), "{warnings:?}");
}

#[test]
fn behind_a_trusted_proxy_a_server_counts_by_whom_it_names() {
    let server = limited().with("TRUSTED_PROXIES", "127.0.0.2, 10.0.0.0/8").start();
    let named: Vec<_> = (1..=4).map(|number| forwarded_for(&format!("1.1.1.{number}"))).collect();
    let named: Vec<_> = named.iter().map(String::as_str).collect();
    assert_eq!(statuses(&server, "127.0.0.2", &named), [400; 4]);
    let one = forwarded_for("6.6.6.6, 1.1.1.1, 10.0.0.9");
    assert_eq!(statuses(&server, "127.0.0.2", &[one.as_str(); 3]), [400, 400, 429]);
    assert_eq!(statuses(&server, "127.0.0.1", &[""; 4]), [400, 400, 400, 429]);
    assert!(!server.stop().log.contains("TRUSTED_PROXIES"));
}

#[test]
fn a_server_limits_unless_it_is_told_not_to() {
    let mut program = Program::new();
    program.settings.retain(|(name, _)| name != "AUTH_RATE_LIMIT");
    let server = program.start();
    assert_eq!(statuses(&server, "127.0.0.1", &[""; 4]), [400, 400, 400, 429]);
    server.stop();
    let server = program.with("AUTH_RATE_LIMIT", "off").start();
    assert_eq!(statuses(&server, "127.0.0.1", &[""; 9]), [400; 9]);
}
