use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::client::{self, read_answer};
use super::server::Program;
use super::{create_task, sign_up, titles};

#[test]
fn sigterm_and_sigint_end_it_with_success() {
    for signal in ["-TERM", "-INT"] {
        let server = Program::new().start();
        server.signal(signal);
        let end = server.end();
        assert_eq!(end.status.code(), Some(0), "{signal}: {}", end.log);
    }
}

#[test]
fn requests_in_flight_are_finished() {
    for program in Program::on_every_engine() {
        let server = program.start();
        let ada = sign_up(&server, "ada");
        // The server has the head and half of the body when it is told to stop.
        let body = json!({"title": "in flight"});
        let request = client::request("POST", "/api/me/tasks", &ada.jwt, Some(&body));
        let (first, rest) = request.split_at(request.len() - 5);
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(first.as_bytes()).unwrap();
        // A later request is answered, so the earlier one has been taken up.
        assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
        server.signal("-TERM");
        let patience = Instant::now();
        while TcpStream::connect(server.address).is_ok() {
            assert!(patience.elapsed() < Duration::from_secs(20), "it still takes connections");
            std::thread::sleep(Duration::from_millis(10));
        }
        stream.write_all(rest.as_bytes()).unwrap();
        assert_eq!(read_answer(&mut stream).unwrap().status, 201);
        let end = server.end();
        assert_eq!(end.status.code(), Some(0), "{}", end.log);
        let server = program.start();
        assert_eq!(titles(&server, &ada.session_token), ["in flight"]);
    }
}

#[test]
fn an_idle_connection_does_not_hold_it_up() {
    let server = Program::new().start();
    let mut idle = TcpStream::connect(server.address).unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut some = [0; 12];
    idle.read_exact(&mut some).unwrap();
    let _silent = TcpStream::connect(server.address).unwrap();
    let started = Instant::now();
    assert_eq!(server.stop().status.code(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[test]
fn clients_that_hang_up_do_no_harm() {
    for program in Program::on_every_engine() {
        let server = program.start();
        let ada = sign_up(&server, "ada");
        let request =
            client::request("POST", "/api/me/tasks", &ada.jwt, Some(&json!({"title": "cut"})));
        for length in (1..=request.len()).step_by(23).chain([request.len()]) {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(&request.as_bytes()[..length]).unwrap();
            drop(stream);
        }
        for garbage in
            [&b"\0\0\0\0"[..], b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
        {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(garbage).unwrap();
        }
        assert_eq!(create_task(&server, &ada.jwt, "after").status, 201);
        // At the most the one whose request was whole has been carried out.
        let titles = titles(&server, &ada.jwt);
        assert!(titles.contains(&"after".to_owned()) && titles.len() <= 2, "{titles:?}");
        let end = server.stop();
        assert_eq!(end.status.code(), Some(0), "{}", end.log);
        assert!(!end.log.contains("panic"), "{}", end.log);
    }
}
