//! `duly restore`: what is brought back, and what is not.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use duly::database::Database;

use super::server::{Program, mode};
use super::{create_task, names, ran, refused, sign_up, titles};

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
pub(super) fn change(program: &Program, good: &[u8], name: &str, sql: &str) {
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
