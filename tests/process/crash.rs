use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::client;
use super::server::Program;
use super::{ran, sign_up, titles};

/// Kills a server while eight threads write, and compares what was acknowledged with what is there.
fn survives_kill(program: &Program) {
    let server = program.start();
    let ada = sign_up(&server, "ada");
    let (address, token) = (server.address, ada.session_token.as_str());
    let acknowledged = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (acknowledged, stop) = (&acknowledged, &stop);
            scope.spawn(move || {
                for number in 0.. {
                    let title = format!("task {writer} {number}");
                    let body = json!({"title": &title});
                    let request = client::request("POST", "/api/me/tasks", token, Some(&body));
                    match client::send(address, &request) {
                        Ok(answer) => {
                            assert_eq!(answer.status, 201, "{answer:?}");
                            acknowledged.lock().unwrap().push(title);
                        }
                        Err(_) if stop.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        while acknowledged.lock().unwrap().len() < 200 {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::SeqCst);
        server.kill();
    });
    let server = program.start();
    let mut found = titles(&server, token);
    found.sort();
    let count = found.len();
    found.dedup();
    assert_eq!(found.len(), count, "a task is there twice");
    let acknowledged = acknowledged.into_inner().unwrap();
    for title in &acknowledged {
        assert!(found.binary_search(title).is_ok(), "{title} was acknowledged and is lost");
    }
    // Each writer has had at the most one request on the way.
    assert!(count <= acknowledged.len() + 8, "{count} tasks of {}", acknowledged.len());
    let total = server.call("GET", "/api/me/tasks?include=total&limit=1", token, None).json();
    assert_eq!(total["total"], count);
}

#[test]
fn what_was_acknowledged_survives_kill_on_the_embedded_database() {
    survives_kill(&Program::new());
}

#[test]
fn what_was_acknowledged_survives_kill_on_postgres() {
    if let Some(program) = Program::on_postgres() {
        survives_kill(&program);
    }
}

/// A database that is half migrated must not be one that nothing can be done with any more.
#[test]
fn migrating_may_be_killed_at_any_moment() {
    for milliseconds in (0..120).step_by(6) {
        for program in Program::on_every_engine() {
            let mut child = program.child(&["migrate"]);
            std::thread::sleep(Duration::from_millis(milliseconds));
            let _ = child.kill();
            let _ = child.wait_with_output();
            ran(&program, &["migrate"]);
            assert!(!ran(&program, &["migrate", "--status"]).contains("pending"));
        }
    }
}
