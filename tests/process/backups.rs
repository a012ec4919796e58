//! `duly backup`, while a server writes and otherwise; `restores` brings back what it makes.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use duly::config::Place;
use duly::database::Database;
use duly::database::statement::{Row, Statement};
use serde_json::json;

use super::restores::change;
use super::server::{Program, mode};
use super::{SECRET, client, create_task, names, ran, refused, sign_up, titles};

/// A number that a query on a file gives.
fn number(file: &Path, sql: &'static str) -> i64 {
    let place = Place::parse(file.to_str().expect("it is UTF-8")).expect("it reads");
    tokio::runtime::Runtime::new().expect("a runtime starts").block_on(async {
        let database = Database::open_read_only(&place.storage).await.expect("it opens");
        let rows: Result<Vec<Row>, _> = database.read(Statement::across_owners(sql)).await;
        database.close().await;
        rows.expect("it is read")[0].take(0).expect("a number")
    })
}

const WRITERS: usize = 4;

#[test]
fn a_backup_of_a_server_that_writes_holds_what_was_acknowledged_and_is_of_one_moment() {
    let program = Program::new()
        .with("BETTER_AUTH_SECRET", SECRET)
        .with("BETTER_AUTH_URL", "http://duly.test");
    let server = program.start();
    let people: Vec<_> =
        (0..WRITERS).map(|writer| sign_up(&server, &format!("writer{writer}"))).collect();
    let acknowledged: Vec<Mutex<Vec<String>>> = (0..WRITERS).map(|_| Mutex::default()).collect();
    let stop = AtomicBool::new(false);
    let mut before = Vec::new();
    std::thread::scope(|scope| {
        for (writer, person) in people.iter().enumerate() {
            let (acknowledged, stop, address) = (&acknowledged[writer], &stop, server.address);
            scope.spawn(move || {
                for number in 0.. {
                    let title = format!("task {number}");
                    let body = json!({ "title": &title });
                    let request = client::request(
                        "POST",
                        "/api/me/tasks",
                        &person.session_token,
                        Some(&body),
                    );
                    assert_eq!(client::send(address, &request).expect("an answer").status, 201);
                    acknowledged.lock().unwrap().push(title);
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        for round in 0..3 {
            while acknowledged.iter().any(|titles| titles.lock().unwrap().len() < 50 * (round + 1))
            {
                std::thread::yield_now();
            }
            before = acknowledged.iter().map(|titles| titles.lock().unwrap().clone()).collect();
            let said = ran(&program, &["backup", &format!("backup {round}.db")]);
            assert!(said.contains("secret") && !said.contains(SECRET), "{said}");
        }
        stop.store(true, Ordering::SeqCst);
    });
    let file = program.directory.join("backup 2.db");
    assert_eq!(mode(&file), 0o600);
    assert!(names(&program.directory).iter().all(|name| !name.contains("partial")));
    let differing = "SELECT count(*) FROM owners o \
                     WHERE task_count <> (SELECT count(*) FROM tasks t WHERE t.user_id = o.user_id)";
    assert_eq!(number(&file, differing), 0);
    assert_eq!(number(&file, "SELECT count(*) FROM owners"), WRITERS as i64);
    server.stop();

    let restored = program.with("DATA_DIR", "restored");
    ran(&restored, &["restore", "backup 2.db"]);
    assert_eq!(mode(&restored.directory.join("restored/duly.db")), 0o600);
    let server = restored.start();
    for (writer, before) in before.iter().enumerate() {
        let body = json!({
            "email": format!("writer{writer}@example.com"),
            "password": format!("password of writer{writer}"),
        });
        let answer = server.call("POST", "/api/auth/sign-in/email", "", Some(&body));
        assert_eq!(answer.status, 200, "{answer:?}");
        let found: HashSet<String> =
            titles(&server, &people[writer].session_token).into_iter().collect();
        for title in before {
            assert!(found.contains(title), "{title} was acknowledged and is lost");
        }
        // A token that was signed before is good: the key and the secret are the same.
        assert_eq!(server.call("GET", "/api/me/tasks", &people[writer].jwt, None).status, 200);
        create_task(&server, &people[writer].session_token, "goes on");
    }
    server.stop();
}

#[test]
fn a_backup_does_not_overwrite_and_leaves_nothing_behind_when_it_fails() {
    let program = Program::new();
    assert!(refused(&program, &["backup", "new.db"]).contains("no database"));
    assert!(!program.directory.join("data").exists());
    ran(&program, &["migrate"]);
    fs::write(program.directory.join("taken"), "somebody's").unwrap();
    assert!(refused(&program, &["backup", "taken"]).contains("is there already"));
    assert_eq!(fs::read_to_string(program.directory.join("taken")).unwrap(), "somebody's");
    refused(&program, &["backup", "no such directory/new.db"]);
    fs::write(program.directory.join("data/duly.db"), "no database at all".repeat(1000)).unwrap();
    refused(&program, &["backup", "new.db"]);
    assert_eq!(names(&program.directory), HashSet::from(["data".to_owned(), "taken".to_owned()]));
    let postgres = program
        .with("DATABASE_URL", "postgresql://127.0.0.1:9/duly")
        .with("BETTER_AUTH_SECRET", SECRET);
    assert!(refused(&postgres, &["backup", "new.db"]).contains("pg_dump"));
    assert!(refused(&postgres, &["restore", "taken"]).contains("pg_restore"));
}

#[test]
fn a_database_that_is_a_link_keeps_its_log_and_its_lock_where_it_leads() {
    let real = Program::new();
    let program = Program::new();
    ran(&real, &["migrate"]);
    fs::create_dir(program.directory.join("data")).unwrap();
    let (file, link) =
        (real.directory.join("data/duly.db"), program.directory.join("data/duly.db"));
    symlink(&file, &link).unwrap();
    let server = program.start();
    assert!(refused(&real, &["migrate"]).contains("in use"));
    let ada = sign_up(&server, "ada");
    ran(&program, &["backup", "ada.db"]);
    server.kill();
    assert!(real.directory.join("data/duly.db-wal").exists());
    assert!(refused(&program, &["restore", "ada.db"]).contains("holds somebody's data"));
    for name in names(&real.directory.join("data")) {
        fs::remove_file(real.directory.join("data").join(name)).unwrap();
    }
    assert!(refused(&program, &["restore", "ada.db"]).contains("leads nowhere"));
    assert!(refused(&program, &["backup", "new.db"]).contains("leads nowhere"));
    fs::write(&file, "").unwrap();
    ran(&program, &["restore", "ada.db"]);
    assert!(link.is_symlink() && !file.is_symlink());
    assert_eq!(mode(&file), 0o600);
    let server = real.start();
    assert!(titles(&server, &ada.session_token).is_empty());
    server.stop();
}

#[test]
fn a_copy_that_is_not_finished_is_not_backed_up() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    ran(&program, &["backup", "good.db"]);
    let good = fs::read(program.directory.join("good.db")).unwrap();
    for (name, sql) in [
        ("unfinished", "CREATE TABLE duly_copy AS SELECT 'x' AS source"),
        ("odd", "CREATE TABLE duly_copy (something_else INTEGER)"),
    ] {
        change(&program, &good, name, sql);
        fs::copy(program.directory.join(name), program.directory.join("data/duly.db")).unwrap();
        let said = refused(&program, &["backup", "new.db"]);
        assert!(said.contains("a copy that was not finished"), "{said}");
        assert!(!program.directory.join("new.db").exists());
    }
}

#[test]
fn a_database_that_is_no_file_is_called_that() {
    let program = Program::new();
    fs::create_dir_all(program.directory.join("data/duly.db")).unwrap();
    fs::write(program.directory.join("some.db"), "").unwrap();
    for command in [["backup", "new.db"], ["restore", "some.db"]] {
        let said = refused(&program, &command);
        assert!(said.contains("data/duly.db is not a file"), "{said}");
    }
}

#[test]
fn with_a_database_url_both_point_to_postgresqls_own_programs_whatever_else_is_set() {
    let program = Program::new().with("DATABASE_URL", "postgresql://127.0.0.1:9/duly");
    assert!(refused(&program, &["backup", "new.db"]).contains("pg_dump"));
    assert!(refused(&program, &["restore", "new.db"]).contains("pg_restore"));
}

#[test]
fn a_connection_string_is_not_taken_for_the_name_of_a_backup() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    for command in ["backup", "restore"] {
        let said = refused(&program, &[command, "postgresql://duly:pa55phrase@localhost/tasks"]);
        assert!(said.contains("a file") && !said.contains("pa55phrase"), "{said}");
    }
}
