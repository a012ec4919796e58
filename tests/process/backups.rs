//! `duly backup` while a server writes, and `duly restore`.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use duly::config::Place;
use duly::database::Database;
use duly::database::statement::{Row, Statement};
use serde_json::json;

use super::server::{Program, mode};
use super::{SECRET, client, create_task, ran, refused, sign_up, titles};

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

/// The names in a directory.
fn names(directory: &Path) -> HashSet<String> {
    let entries = fs::read_dir(directory).expect("it is read");
    entries.map(|entry| entry.expect("it is read").file_name().into_string().unwrap()).collect()
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
fn what_is_no_backup_is_not_brought_back() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    ran(&program, &["backup", "good.db"]);
    let good = fs::read(program.directory.join("good.db")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(program.directory.join(name), bytes).unwrap();
    write("text", b"this is a text and not a database, and long enough to be told from one by its first bytes");
    write("short", b"SQLite format 3\0");
    write("empty", b"");
    write("torn", &good[..good.len() / 2]);
    let mut spoiled = good.clone();
    let middle = spoiled.len() / 2;
    spoiled[middle - 20_000..middle + 20_000].fill(0xa5);
    write("spoiled", &spoiled);
    write("open", &good);
    write("open-wal", b"what was not moved into the file");
    change(
        &program,
        &good,
        "newer",
        "UPDATE duly_schema_history SET version = 4711 WHERE version = 1",
    );
    change(&program, &good, "foreign", "DROP TABLE duly_schema_history");
    change(&program, &good, "unfinished", "CREATE TABLE duly_copy AS SELECT 'x' AS source");
    change(&program, &good, "tableless", "DROP TABLE tasks");
    change(&program, &good, "columnless", "ALTER TABLE tasks DROP COLUMN description_folded");
    let elsewhere = program.with("DATA_DIR", "elsewhere");
    for (name, why) in [
        ("missing", "there is no file"),
        ("text", "not an SQLite database"),
        ("short", ""),
        ("empty", "not a database of duly"),
        ("torn", "damaged"),
        ("spoiled", ""),
        ("open", "was not closed"),
        ("newer", "4711"),
        ("foreign", "not a database of duly"),
        ("unfinished", "not finished"),
        ("tableless", "tasks.user_id is missing"),
        ("columnless", "tasks.description_folded is missing"),
    ] {
        let said = refused(&elsewhere, &["restore", name]);
        assert!(said.contains(why), "{name}: {said}");
        let directory = elsewhere.directory.join("elsewhere");
        let left = if directory.exists() { names(&directory) } else { HashSet::new() };
        assert!(left.iter().all(|name| name == "duly.lock"), "{name}: {left:?}");
    }
    ran(&elsewhere, &["restore", "good.db"]);
    assert_eq!(
        fs::read(elsewhere.directory.join("good.db")).unwrap(),
        good,
        "the backup is as it was"
    );
    elsewhere.start().stop();
}

/// A file like `good` in which something was changed.
fn change(program: &Program, good: &[u8], name: &str, sql: &str) {
    let settings =
        duly::config::EmbeddedSettings::within(program.directory.join(format!("{name} data")));
    fs::create_dir(&settings.directory).unwrap();
    fs::write(&settings.file, good).unwrap();
    let storage = duly::config::Storage::Embedded(settings.clone());
    tokio::runtime::Runtime::new().expect("a runtime starts").block_on(async {
        let database = Database::open_unfinished(&storage).await.expect("it opens");
        database
            .write(vec![crate::support::database::statement(sql)])
            .await
            .expect("it is changed");
        database.close().await;
    });
    fs::rename(&settings.file, program.directory.join(name)).unwrap();
}

#[test]
fn a_database_with_anybodys_data_is_not_replaced_and_an_empty_one_is() {
    let source = Program::new();
    let server = source.start();
    let ada = sign_up(&server, "ada");
    create_task(&server, &ada.session_token, "kept");
    let file = source.directory.join("ada.db");
    ran(&source, &["backup", file.to_str().unwrap()]);
    server.stop();
    let restore = ["restore", file.to_str().unwrap()];

    // A server that is killed leaves its log beside the file.
    let program = Program::new();
    program.start().kill();
    assert!(program.directory.join("data/duly.db-wal").exists());
    let server = program.start();
    assert!(refused(&program, &restore).contains("in use"));
    server.kill();
    ran(&program, &restore);
    assert!(!program.directory.join("data/duly.db-wal").exists());
    let server = program.start();
    assert_eq!(titles(&server, &ada.session_token), ["kept"]);
    create_task(&server, &ada.session_token, "in the log");
    server.kill();

    let before = fs::read(program.directory.join("data/duly.db")).unwrap();
    let said = refused(&program, &restore);
    assert!(said.contains("holds somebody's data"), "{said}");
    assert_eq!(fs::read(program.directory.join("data/duly.db")).unwrap(), before);
    // The log alone may be all that is left of somebody.
    fs::remove_file(program.directory.join("data/duly.db")).unwrap();
    let said = refused(&program, &restore);
    assert!(said.contains("duly.db-wal"), "{said}");
    fs::remove_file(program.directory.join("data/duly.db-wal")).unwrap();
    fs::write(program.directory.join("data/duly.db"), "somebody's own notes").unwrap();
    assert!(refused(&program, &restore).contains("holds somebody's data"));
    assert_eq!(
        fs::read_to_string(program.directory.join("data/duly.db")).unwrap(),
        "somebody's own notes"
    );
}

#[test]
fn a_link_to_a_database_that_was_not_closed_or_is_in_use_is_found_out() {
    let source = Program::new();
    let server = source.start();
    let ada = sign_up(&server, "ada");
    create_task(&server, &ada.session_token, "in the log");
    let folder = source.directory.join("links");
    fs::create_dir(&folder).unwrap();
    let link = folder.join("link.db");
    symlink(source.directory.join("data/duly.db"), &link).unwrap();
    let link = link.to_str().unwrap();
    let elsewhere = Program::new();
    let copy = ["copy", "--from", link, "--to", "copied"];

    assert!(refused(&elsewhere, &["restore", link]).contains("in use"));
    assert!(refused(&elsewhere, &copy).contains("use"));
    server.kill();
    assert!(refused(&elsewhere, &["restore", link]).contains("duly.db-wal"));
    // A server that has just been started has written nothing yet.
    let server = source.start();
    assert!(refused(&elsewhere, &copy).contains("use"));
    server.stop();
    let server = source.start();
    fs::remove_file(source.directory.join("data/duly.db-wal")).unwrap();
    assert!(refused(&elsewhere, &["restore", link]).contains("in use"));
    server.kill();
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
fn what_is_restored_is_for_its_owner_alone_whatever_the_backup_was() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    ran(&program, &["backup", "good.db"]);
    for permissions in [0o644, 0o400, 0o777] {
        let file = program.directory.join("good.db");
        fs::set_permissions(&file, fs::Permissions::from_mode(permissions)).unwrap();
        let name = format!("restored {permissions:o}");
        let restored = program.clone().with("DATA_DIR", &name);
        ran(&restored, &["restore", "good.db"]);
        assert_eq!(mode(&restored.directory.join(name).join("duly.db")), 0o600);
        restored.start().stop();
    }
}

#[test]
fn a_file_with_something_in_its_schema_that_we_did_not_make_is_not_brought_back() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    ran(&program, &["backup", "good.db"]);
    let good = fs::read(program.directory.join("good.db")).unwrap();
    let elsewhere = program.clone().with("DATA_DIR", "elsewhere");
    for (name, sql) in [
        ("trigger spy", "CREATE TRIGGER spy AFTER INSERT ON tasks BEGIN DELETE FROM owners; END"),
        ("view spy", "CREATE VIEW spy AS SELECT * FROM \"user\""),
        ("virtual table spy", "CREATE VIRTUAL TABLE spy USING rtree(id, low, high)"),
    ] {
        change(&program, &good, name, sql);
        let said = refused(&elsewhere, &["restore", name]);
        assert!(said.contains(&format!("it has the {name}, ")), "{said}");
    }
    // What is there already is not ours either when it is an index; it does no harm.
    change(&program, &good, "index", "CREATE INDEX spy ON tasks (title)");
    ran(&elsewhere, &["restore", "index"]);
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
fn restoring_removes_what_one_that_was_killed_left_behind_and_nothing_else() {
    let program = Program::new();
    ran(&program, &["migrate"]);
    ran(&program, &["backup", "good.db"]);
    let data = program.directory.join("data");
    let ours = [
        "duly.db.a1b2c3d4E5F6.partial",
        "duly.db.a1b2c3d4E5F6.partial-journal",
        "duly.db.000000000000.partial-wal",
    ];
    let others =
        ["duly.db.partial", "duly.db.my-own-notes.partial", "other.db.a1b2c3d4E5F6.partial"];
    for name in ours.iter().chain(&others) {
        fs::write(data.join(name), "").unwrap();
    }
    // One of them may be all that is left of a backup.
    fs::copy(program.directory.join("good.db"), data.join(ours[0])).unwrap();
    ran(&program, &["restore", &format!("data/{}", ours[0])]);
    assert!(data.join(ours[0]).exists() && !data.join(ours[2]).exists());
    assert!(refused(&program, &["restore", "data/duly.db"]).contains("the database itself"));
    ran(&program, &["restore", "good.db"]);
    let left = names(&data);
    assert!(ours.iter().all(|name| !left.contains(*name)), "{left:?}");
    assert!(others.iter().all(|name| left.contains(*name)), "{left:?}");
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
