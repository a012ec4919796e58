//! Leaving without a failed request: what has come is answered, and load balancers are given the time to notice.

use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{self, Connection, keeping_alive};
use super::server::{Program, Server};
use super::{create_task, sign_up, titles};

fn draining(seconds: &str) -> Program {
    Program::new().with("DRAIN_SECONDS", seconds)
}

/// Waits until the server says to new connections that it is not ready.
fn wait_until_not_ready(server: &Server) {
    let started = Instant::now();
    while server.call("GET", "/readyz", "", None).status != 503 {
        assert!(started.elapsed() < Duration::from_secs(20), "it is still ready");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The process sleeps while connections and requests come and the signal after them, so that it finds all at once.
#[test]
fn whoever_came_before_the_signal_is_served() {
    for program in Program::on_every_engine() {
        let server = program.start();
        let ada = sign_up(&server, "ada");
        let create = |number: usize| {
            let body = json!({"title": format!("task {number:03}")});
            keeping_alive(&client::request(
                "POST",
                "/api/me/tasks",
                &ada.session_token,
                Some(&body),
            ))
        };
        let mut connections: Vec<Connection> = Vec::new();
        // Connections that have carried a request, and are idle now.
        for _ in 0..20 {
            let mut connection = Connection::open(server.address).unwrap();
            let health = keeping_alive(&client::request("GET", "/healthz", "", None));
            assert_eq!(connection.send(&health).unwrap().status, 200);
            connections.push(connection);
        }
        server.signal("-STOP");
        // Connections that wait in the kernel's queue.
        connections.extend((20..100).map(|_| Connection::open(server.address).unwrap()));
        for (number, connection) in connections.iter_mut().enumerate().filter(|(n, _)| n % 4 != 0) {
            connection.write(&create(number)).unwrap();
        }
        server.signal("-TERM");
        server.signal("-CONT");
        // For some the request is still on its way when the server stops.
        for (number, connection) in connections.iter_mut().enumerate().step_by(4) {
            connection.write(&create(number)).unwrap();
        }
        let mut asked_to_leave = 0;
        for connection in &mut connections {
            let answer = connection.read().unwrap();
            assert_eq!(answer.status, 201, "{answer:?}");
            asked_to_leave += usize::from(answer.header("connection") == Some("close"));
            assert!(connection.ends());
        }
        // A few may be answered before the signal is seen; they are not asked, and end all the same.
        assert!(asked_to_leave > 0);
        let end = server.end();
        assert_eq!(end.status.code(), Some(0), "{}", end.log);
        let mut found = titles(&program.start(), &ada.session_token);
        found.sort();
        let sent: Vec<String> = (0..100).map(|number| format!("task {number:03}")).collect();
        assert_eq!(found, sent);
    }
}

#[test]
fn a_draining_server_is_not_ready_and_serves_whoever_comes() {
    let server = draining("300").start();
    let ada = sign_up(&server, "ada");
    let list = keeping_alive(&client::request("GET", "/api/me/tasks", &ada.session_token, None));
    let (mut used, mut idle) = [(); 2].map(|()| Connection::open(server.address).unwrap()).into();
    for connection in [&mut used, &mut idle] {
        let answer = connection.send(&list).unwrap();
        assert_eq!((answer.status, answer.header("connection")), (200, None));
    }
    let mut silent = Connection::open(server.address).unwrap();
    server.signal("-TERM");
    wait_until_not_ready(&server);
    for number in 0..5 {
        assert_eq!(create_task(&server, &ada.jwt, &number.to_string()).status, 201);
    }
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    // Whoever has a connection is asked to leave by the next answer, and not cut off before.
    let answer = used.send(&list).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(used.ends());
    // A second signal ends the waiting, and idle connections with it.
    let started = Instant::now();
    let end = server.stop();
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(end.status.code(), Some(0), "{}", end.log);
    assert!(idle.ends() && silent.ends());
}

#[test]
fn draining_ends_by_itself() {
    let server = draining("1").start();
    let mut idle = Connection::open(server.address).unwrap();
    let started = Instant::now();
    server.signal("-INT");
    wait_until_not_ready(&server);
    let end = server.end();
    assert_eq!(end.status.code(), Some(0), "{}", end.log);
    assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(idle.ends());
}
