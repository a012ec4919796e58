//! Clients that are slow, too many, or send too much: each is bounded, and the others are served.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;

use super::client::{self, Connection};
use super::server::{Program, Server};
use super::sign_up;

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

fn healthy(server: &Server) {
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
}

#[test]
fn a_body_that_does_not_come_is_408_and_the_end_of_the_connection() {
    let server = Program::new().start();
    let ada = sign_up(&server, "ada");
    for (path, token) in
        [("/api/me/tasks", ada.session_token.as_str()), ("/api/auth/sign-in/email", "")]
    {
        let whole = client::request("POST", path, token, Some(&json!({"title": "never whole"})));
        let part = client::keeping_alive(&whole[..whole.len() - 5]);
        let mut connection = Connection::open(server.address).unwrap();
        connection.write(&part).unwrap();
        let answer = connection.read().unwrap();
        assert_eq!(answer.status, 408, "{answer:?}");
        assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
        assert!(connection.ends(), "{path}");
    }
    assert_eq!(
        server.call("GET", "/api/me/tasks", &ada.session_token, None).json()["tasks"],
        json!([])
    );
}

#[test]
fn a_head_that_does_not_come_is_the_end_of_the_connection() {
    let server = Program::new().start();
    let silent = TcpStream::connect(server.address).unwrap();
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    for mut stream in [silent, slow] {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut rest = Vec::new();
        // An end, or a reset: anything but waiting.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        let said = String::from_utf8_lossy(&rest);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    healthy(&server);
}

#[test]
fn one_connection_too_many_hears_503_and_there_is_room_when_another_ends() {
    let server = Program::new().with("MAX_CONNECTIONS", "100").start();
    let mut open: Vec<Connection> = (0..100)
        .map(|_| {
            let mut connection = Connection::open(server.address).unwrap();
            assert_eq!(connection.send(HEALTH).unwrap().status, 200);
            connection
        })
        .collect();
    // It is told at once, before it has asked for anything.
    let mut refused = Connection::open(server.address).unwrap();
    let answer = refused.read().unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")), "{answer:?}");
    assert!(refused.ends());
    for connection in &mut open {
        assert_eq!(connection.send(HEALTH).unwrap().status, 200);
    }
    drop(open.pop());
    let is_served = || {
        std::thread::sleep(Duration::from_millis(20));
        Connection::open(server.address)
            .and_then(|mut new| new.send(HEALTH))
            .is_ok_and(|answer| answer.status == 200)
    };
    assert!((0..250).any(|_| is_served()), "no place becomes free");
}

#[test]
fn who_comes_while_it_stands_still_is_kept_until_it_goes_on() {
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    let server = Program::new().start();
    server.signal("-STOP");
    let mut open: Vec<Connection> =
        (0..2_000).map(|_| Connection::open(server.address).unwrap()).collect();
    server.signal("-CONT");
    for connection in &mut open {
        assert_eq!(connection.send(HEALTH).unwrap().status, 200);
    }
}

#[test]
fn there_are_as_many_connections_as_the_system_has_files_for() {
    let server = Program::new().with_open_files("64:200").start();
    // What is left when the program has its own, and more than it may have without asking.
    assert!(server.logs("at most 72 connections instead of 20000"));
    let open = |_| Connection::open(server.address).unwrap();
    let mut open: Vec<Connection> = (0..73).map(open).collect();
    assert_eq!(open[72].read().unwrap().status, 503);
    for connection in &mut open[..72] {
        assert_eq!(connection.send(HEALTH).unwrap().status, 200);
    }
}

/// A head that is large, and not whole.
fn large_head(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(20))).unwrap();
    let head =
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-large: {}", "x".repeat(300_000));
    // Where it is broken off while it writes, reading tells as well.
    let _ = stream.write_all(head.as_bytes());
    stream
}

/// Whether the other side has ended it by now.
fn is_broken_off(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    // No answer is on its way before the head is whole.
    let error = stream.read_exact(&mut [0]).expect_err("nothing was asked");
    !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[test]
fn large_heads_are_taken_from_a_few_at_a_time_and_small_ones_from_everybody() {
    let server = Program::new().start();
    let large: Vec<TcpStream> = (0..100).map(|_| large_head(server.address)).collect();
    let broken_off = || large.iter().filter(|stream| is_broken_off(stream)).count();
    assert!((0..20).any(|_| broken_off() >= 36), "{} of 100 are broken off", broken_off());
    assert_eq!(broken_off(), 36);
    healthy(&server);
    // Those that were taken become requests, and make room.
    for stream in large.iter().filter(|stream| !is_broken_off(stream)) {
        let mut stream = stream;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(b"\r\nconnection: close\r\n\r\n").unwrap();
        let answer = client::read_answer(&mut stream.try_clone().unwrap()).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let again = large_head(server.address);
    assert!(!is_broken_off(&again));
    healthy(&server);
}

/// Asks for an answer that it does not take: it has room for a few kilobytes of it.
fn asks_and_takes_nothing(address: SocketAddr, request: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        socket.connect(address).await.unwrap()
    });
    let mut stream = stream.into_std().unwrap();
    stream.set_nonblocking(false).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Whether the other side has given it up: what is sent then is answered by a reset.
fn is_given_up(mut stream: &TcpStream) -> bool {
    stream.write_all(b" ").is_err()
}

#[test]
fn who_does_not_take_an_answer_is_given_up_and_few_may_take_their_time() {
    let server = Program::new().start();
    let ada = sign_up(&server, "ada");
    for number in 0..60 {
        let long = json!({"title": number.to_string(), "description": "long ".repeat(2_000)});
        let answer = server.call("POST", "/api/me/tasks", &ada.session_token, Some(&long));
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let list = client::request("GET", "/api/me/tasks?limit=100", &ada.session_token, None);
    let list = client::keeping_alive(&list);
    let stalled: Vec<TcpStream> =
        (0..280).map(|_| asks_and_takes_nothing(server.address, &list)).collect();
    let given_up = || stalled.iter().filter(|stream| is_given_up(stream)).count();
    let comes_to = |least: usize| {
        (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(200));
            given_up() >= least
        })
    };
    // There are places for 256 of them.
    assert!(comes_to(24), "{} of 280 are given up", given_up());
    healthy(&server);
    assert!(comes_to(280), "{} of 280 are given up", given_up());
    let whole = server.call("GET", "/api/me/tasks?limit=100", &ada.session_token, None);
    assert_eq!(whole.json()["tasks"].as_array().unwrap().len(), 60);
}
