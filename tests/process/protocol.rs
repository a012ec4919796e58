//! What HTTP/1.1 asks of a server, whatever the route (RFC 9110, RFC 9112).

use super::client::Connection;
use super::server::Program;
use super::sign_up;

#[test]
fn a_request_names_one_host() {
    let server = Program::new().start();
    for (head, status) in [
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\n", 200),
        ("GET /healthz HTTP/1.0\r\n", 200),
        ("GET /healthz HTTP/1.1\r\n", 400),
        ("GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n", 400),
        ("GET /api/auth/ok HTTP/1.1\r\n", 400),
    ] {
        let answer =
            Connection::open(server.address).unwrap().send(&format!("{head}\r\n")).unwrap();
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        assert!(answer.header("x-request-id").is_some(), "{head}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{head}: {answer:?}");
    }
}

#[test]
fn a_body_that_is_too_long_is_not_asked_for() {
    let server = Program::new().start();
    let ada = sign_up(&server, "ada");
    for (length, status) in [(65_536, 100), (65_537, 413), (1_u64 << 40, 413)] {
        let head = format!(
            "POST /api/me/tasks HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nexpect: 100-continue\r\n\r\n",
            ada.session_token
        );
        let answer = Connection::open(server.address).unwrap().send(&head).unwrap();
        assert_eq!(answer.status, status, "{length}: {answer:?}");
    }
}
