//! Everybody writes to one person's tasks, through every copy at once.

use std::collections::HashSet;
use std::sync::{Barrier, Mutex};

use serde_json::{Value as Json, json};

use super::client::{self, Answer, with_header};
use super::server::{Program, Server, Starting};
use super::stored::number;
use super::{create_task, sign_up};

const WRITERS: usize = 12;
const ROUNDS: usize = 15;

fn three_copies() -> Option<(Program, [Server; 3])> {
    let program = Program::on_postgres()?.with("BETTER_AUTH_URL", "http://duly.test");
    let program = program.with("RUST_LOG", "warn");
    let copies = [(); 3].map(|()| program.spawn()).map(Starting::ready);
    Some((program, copies))
}

fn etag(answer: &Answer) -> String {
    answer.header("etag").unwrap_or_else(|| panic!("no ETag: {answer:?}")).to_owned()
}

/// Creates, puts, changes, completes, and now and then deletes, each at the next copy. The `ETag` of every answer.
fn write(copies: &[Server; 3], token: &str, writer: usize) -> Vec<String> {
    let mut next = writer;
    let mut call = |status: u16, method: &str, path: &str, body: Option<&Json>| {
        next += 1;
        let answer = copies[next % copies.len()].call(method, path, token, body);
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        answer
    };
    let mut etags = Vec::new();
    for round in 0..ROUNDS {
        let title = json!({"title": format!("{writer} {round}")});
        let created = call(201, "POST", "/api/me/tasks", Some(&title));
        let path = format!("/api/me/tasks/{}", created.json()["id"].as_str().expect("an id"));
        etags.push(etag(&created));
        etags.push(etag(&call(200, "PUT", &path, Some(&title))));
        etags.push(etag(&call(200, "PATCH", &path, Some(&json!({"priority": "high"})))));
        etags.push(etag(&call(200, "PATCH", &format!("{path}/complete"), None)));
        if round % 3 == 0 {
            call(204, "DELETE", &path, None);
        }
    }
    etags
}

#[test]
fn change_numbers_never_collide() {
    let Some((program, copies)) = three_copies() else { return };
    let ada = sign_up(&copies[0], "ada");
    let etags: Vec<String> = std::thread::scope(|scope| {
        let writers = (0..WRITERS).map(|writer| {
            let (copies, token) = (&copies, &ada.session_token);
            scope.spawn(move || write(copies, token, writer))
        });
        let writers: Vec<_> = writers.collect();
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(etags.len(), WRITERS * ROUNDS * 4);
    assert_eq!(etags.iter().collect::<HashSet<_>>().len(), etags.len(), "an ETag was given twice");
    let left = (WRITERS * (ROUNDS - ROUNDS.div_ceil(3))) as i64;
    assert_eq!(number(&program, "SELECT count(*) FROM tasks"), left);
    assert_eq!(number(&program, "SELECT count(DISTINCT version) FROM tasks"), left);
    assert_eq!(number(&program, "SELECT task_count FROM owners"), left);
    // One number for each write, deletions among them, and none that no write has taken.
    let writes = (etags.len() + WRITERS * ROUNDS.div_ceil(3)) as i64;
    assert_eq!(number(&program, "SELECT version FROM owners"), writes);
    assert!(number(&program, "SELECT max(version) FROM tasks") <= writes);
}

#[test]
fn of_many_changes_with_one_etag_exactly_one_is_made() {
    let Some((program, copies)) = three_copies() else { return };
    let ada = sign_up(&copies[0], "ada");
    let created = create_task(&copies[0], &ada.session_token, "contended");
    let path = format!("/api/me/tasks/{}", created.json()["id"].as_str().expect("an id"));
    let mut current = etag(&created);
    for round in 0..10 {
        let together = Barrier::new(WRITERS);
        let winners = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (copies, together, winners) = (&copies, &together, &winners);
                let (path, current, token) = (&path, &current, &ada.session_token);
                scope.spawn(move || {
                    let body = json!({"description": format!("{round} by {writer}")});
                    let request = client::request("PATCH", path, token, Some(&body));
                    let request = with_header(&request, &format!("if-match: {current}"));
                    together.wait();
                    let address = copies[writer % copies.len()].address;
                    let answer = client::send(address, &request).unwrap();
                    match answer.status {
                        200 => winners.lock().unwrap().push(answer),
                        412 => {}
                        _ => panic!("{answer:?}"),
                    }
                });
            }
        });
        let winners = winners.into_inner().unwrap();
        assert_eq!(winners.len(), 1, "{winners:?}");
        let won = winners[0].json();
        // What was acknowledged is what everybody sees.
        for copy in &copies {
            let seen = copy.call("GET", &path, &ada.session_token, None);
            assert_eq!((etag(&seen), seen.json()), (etag(&winners[0]), won.clone()));
        }
        current = etag(&winners[0]);
    }
    assert_eq!(number(&program, "SELECT task_count FROM owners"), 1);
}
