//! More requests than can be answered.

use std::collections::BTreeSet;

use serde_json::json;

use super::client::{self, Answer, Connection};
use super::server::Program;
use super::sign_up;

const PAGE: &str = "http://page.example";
/// What a refusal has as any other answer.
const HEADERS: [&str; 5] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "content-security-policy",
    "referrer-policy",
    "x-content-type-options",
];
const HEALTH: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Everybody asks before anybody is answered.
fn all_at_once(connections: &mut [Connection], request: &str) -> Vec<Answer> {
    for connection in connections.iter_mut() {
        connection.write(request).unwrap();
    }
    connections.iter_mut().map(|connection| connection.read().unwrap()).collect()
}

#[test]
fn what_would_wait_too_long_is_told_to_come_again_and_nothing_of_it_is_done() {
    for program in Program::on_every_engine() {
        let server = program.with("MAX_WAIT_MS", "60").with("CORS_ORIGINS", PAGE).start();
        let ada = sign_up(&server, "ada");
        let task = json!({"title": "one of many"});
        let create = client::request("POST", "/api/me/tasks", &ada.session_token, Some(&task));
        let create =
            client::with_header(&client::keeping_alive(&create), &format!("origin: {PAGE}"));
        let mut connections: Vec<Connection> =
            (0..400).map(|_| Connection::open(server.address).unwrap()).collect();
        let mut health = Connection::open(server.address).unwrap();
        let mut created = Vec::new();
        let mut refused = Vec::new();
        for _ in 0..20 {
            // It is well all the time: a load balancer must not take it for dead.
            assert_eq!(health.send(HEALTH).unwrap().status, 200);
            for answer in all_at_once(&mut connections, &create) {
                match answer.status {
                    201 => created.push(answer),
                    503 => refused.push(answer),
                    _ => panic!("{answer:?}"),
                }
            }
            if refused.len() > 100 {
                break;
            }
        }
        assert!(server.logs("told to come again"));
        assert!(refused.len() > 100, "{} of {}", refused.len(), refused.len() + created.len());
        let told: BTreeSet<_> = refused.iter().map(|answer| answer.header("retry-after")).collect();
        // Not all at once.
        assert_eq!(told, BTreeSet::from([Some("1"), Some("2"), Some("3")]));
        for answer in &refused {
            assert_eq!(answer.json()["code"], "overloaded", "{answer:?}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_eq!(answer.json()["request_id"], answer.header("x-request-id").unwrap());
            for name in HEADERS {
                let as_any_other = created[0].header(name);
                assert!(
                    as_any_other.is_some() && answer.header(name) == as_any_other,
                    "{answer:?}"
                );
            }
        }
        let list =
            client::request("GET", "/api/me/tasks?limit=1&include=total", &ada.session_token, None);
        let list = client::keeping_alive(&list);
        // With the rush over, nobody is refused, soon.
        let mut in_a_row = 0;
        for _ in 0..10_000 {
            let total = health.send(&list).unwrap();
            in_a_row = if total.status == 200 { in_a_row + 1 } else { 0 };
            if in_a_row == 200 {
                assert_eq!(total.json()["total"], created.len(), "{total:?}");
                break;
            }
        }
        assert_eq!(in_a_row, 200);
    }
}

#[test]
fn who_signs_in_hears_it_as_better_auth_would_say_it() {
    let server = Program::new().with("MAX_WAIT_MS", "60").start();
    let ada = sign_up(&server, "ada");
    let session = client::request("GET", "/api/auth/get-session", &ada.session_token, None);
    let session = client::keeping_alive(&session);
    let mut connections: Vec<Connection> =
        (0..400).map(|_| Connection::open(server.address).unwrap()).collect();
    let mut rounds = (0..50).map(|_| all_at_once(&mut connections, &session));
    let refused =
        rounds.find_map(|answers| answers.into_iter().find(|answer| answer.status == 503));
    let refused = refused.expect("400 at once are more than it can do in 60 ms");
    assert_eq!(
        refused.json(),
        json!({"message": "Not available at the moment", "code": "SERVICE_UNAVAILABLE"})
    );
    assert!(matches!(refused.header("retry-after"), Some("1" | "2" | "3")), "{refused:?}");
}
