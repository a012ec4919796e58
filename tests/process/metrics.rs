use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::client;
use super::server::{Program, free_address};
use super::{create_task, sign_up};

fn scrape(address: SocketAddr) -> String {
    let answer = client::send(address, &client::request("GET", "/metrics", "", None));
    let answer = answer.expect("the metrics are served");
    assert_eq!(answer.status, 200);
    answer.body
}

fn value(metrics: &str, series: &str) -> Option<f64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

#[test]
fn metrics_count_and_time_requests() {
    for program in Program::on_every_engine() {
        let address = free_address();
        let server = program.with("METRICS_ADDR", &address.to_string()).start();
        let ada = sign_up(&server, "ada");
        for _ in 0..3 {
            create_task(&server, &ada.jwt, "counted");
        }
        for number in 0..5 {
            server.call("GET", &format!("/no/such/{number}"), "", None);
        }
        let open = TcpStream::connect(server.address).unwrap();
        let started = Instant::now();
        let metrics = loop {
            let metrics = scrape(address);
            let complete = metrics.contains("\ndatabase_connections ")
                && value(&metrics, "http_connections_open ").is_some_and(|open| open >= 1.0);
            if complete || started.elapsed() > Duration::from_secs(10) {
                break metrics;
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        drop(open);
        let created =
            r#"http_requests_total{method="POST",route="/api/{user_id}/tasks",status="201"}"#;
        assert_eq!(value(&metrics, created), Some(3.0), "{metrics}");
        let unmatched = r#"http_requests_total{method="GET",route="unmatched",status="404"}"#;
        assert_eq!(value(&metrics, unmatched), Some(5.0), "{metrics}");
        let buckets = r#"http_request_duration_seconds_bucket{method="POST",route="/api/{user_id}/tasks",status="201",le="+Inf"}"#;
        assert_eq!(value(&metrics, buckets), Some(3.0), "{metrics}");
        assert!(metrics.contains(r#"le="0.005""#), "{metrics}");
        for gauge in ["database_connections", "database_waiting", "http_connections_open"] {
            assert!(value(&metrics, &format!("{gauge} ")).is_some(), "{gauge}: {metrics}");
            assert!(metrics.contains(&format!("# TYPE {gauge} gauge")), "{gauge}");
        }
        assert!(!metrics.contains("no/such") && !metrics.contains(&ada.jwt));
        // The application itself serves no metrics, and the metrics' listener nothing of the application.
        assert_eq!(server.call("GET", "/metrics", "", None).status, 404);
        assert_eq!(server.stop().status.code(), Some(0));
    }
}

/// The same time for both needs the same work, and next to a password hash everything else is nothing.
#[test]
fn an_address_that_nobody_has_costs_as_many_password_hashes_as_one_that_somebody_has() {
    for program in Program::on_every_engine() {
        let address = free_address();
        let server = program.with("METRICS_ADDR", &address.to_string()).start();
        sign_up(&server, "ada");
        let hashes = || value(&scrape(address), "password_hashes_total ").expect("it is counted");
        assert_eq!(hashes(), 1.0);
        let costs = |path: &str, body: Json, status: u16| {
            let before = hashes();
            assert_eq!(server.call("POST", path, "", Some(&body)).status, status, "{body}");
            hashes() - before
        };
        for (email, password, status) in [
            ("ada@example.com", "password of ada", 200),
            ("ada@example.com", "a wrong password", 401),
            ("nobody@example.com", "a wrong password", 401),
            ("ada@example.com", "short", 401),
            ("nobody@example.com", "short", 401),
        ] {
            let body = json!({"email": email, "password": password});
            assert_eq!(costs("/api/auth/sign-in/email", body, status), 1.0, "{email} {password}");
        }
        for email in ["ada@example.com", "nobody@example.com"] {
            let body = json!({"email": email, "redirectTo": "/reset"});
            assert_eq!(costs("/api/auth/request-password-reset", body, 200), 0.0, "{email}");
        }
    }
}

#[test]
fn an_address_for_metrics_that_is_taken_is_named() {
    let server = Program::new().start();
    let end = Program::new().with("METRICS_ADDR", &server.address.to_string()).spawn().end();
    assert_eq!(end.status.code(), Some(1));
    assert!(end.log.contains("METRICS_ADDR"), "{}", end.log);
}
