//! `duly copy`, killed and started again, and what it refuses.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use duly::config::{EmbeddedSettings, Place, Storage};
use duly::database::Database;
use serde_json::json;

use super::server::{Program, mode, text};
use super::{SECRET, create_task, sign_up, titles};
use crate::support::contents::{contents, fill};
use crate::support::database::Dice;

/// A program on an embedded database in which Ada has a task and a session, among many others. Gives her token.
fn full(tasks: i64) -> (Program, String) {
    let program = Program::new().with("BETTER_AUTH_SECRET", SECRET);
    let server = program.start();
    let ada = sign_up(&server, "ada");
    create_task(&server, &ada.session_token, "Adas Aufgabe");
    server.stop();
    let settings = EmbeddedSettings::within(program.directory.join("data"));
    block_on(async {
        let database = Database::open(&Storage::Embedded(settings)).await.expect("it opens");
        fill(&database, tasks).await;
        database.close().await;
    });
    (program, ada.session_token)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime starts").block_on(work)
}

/// What a database holds, wherever it is.
fn held(place: &str) -> Vec<String> {
    let place = Place::parse(place).expect("it reads");
    block_on(async {
        let database = Database::open_read_only(&place.storage).await.expect("it opens");
        let contents = contents(&database).await;
        database.close().await;
        contents
    })
}

fn data(program: &Program) -> String {
    program.directory.join("data").to_str().expect("it is UTF-8").to_owned()
}

fn copied(program: &Program, from: &str, to: &str) -> String {
    super::ran(program, &["copy", "--from", from, "--to", to])
}

fn refused(program: &Program, from: &str, to: &str) -> String {
    super::refused(program, &["copy", "--from", from, "--to", to])
}

/// Ada signs in, her old session goes on, and she sees her task.
fn serves_ada(program: &Program, token: &str) {
    let server = program.start();
    assert_eq!(titles(&server, token), ["Adas Aufgabe"]);
    let body = json!({"email": "ada@example.com", "password": "password of ada"});
    let answer = server.call("POST", "/api/auth/sign-in/email", "", Some(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
    let fresh = answer.json()["token"].as_str().expect("a token").to_owned();
    assert_eq!(titles(&server, &fresh), ["Adas Aufgabe"]);
    assert_eq!(titles(&server, &super::jwt(&server, token)), ["Adas Aufgabe"]);
    create_task(&server, &fresh, "another");
    server.stop();
}

/// Copies, killed at random moments and started again until it is done. Gives how often it was killed half-way.
fn copied_under_fire(program: &Program, from: &str, to: &str, unfinished: &Program) -> u32 {
    let mut dice = Dice(u64::from(std::process::id()));
    let (mut kills, mut patience) = (0, 5);
    loop {
        let mut child = program.child(&["copy", "--from", from, "--to", to]);
        let moment = Duration::from_millis((dice.roll(100) + patience) as u64);
        let started = Instant::now();
        while started.elapsed() < moment && child.try_wait().expect("it is ours").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        let output = child.wait_with_output().expect("it is ours");
        if output.status.success() {
            return kills;
        }
        assert_eq!(output.status.code(), None, "{}", text(&output.stderr));
        kills += 1;
        // Each goes a little further, also where nothing of the last one was left.
        patience += 20 + patience / 4;
        // Once the tables are there, nobody is served before the copy is finished. Where somebody is, it was killed
        // behind its last write, and the caller finds everything there.
        if text(&output.stderr).contains("copying tasks") {
            match unfinished.spawn().outcome() {
                Ok(server) => {
                    server.stop();
                    return kills;
                }
                Err(end) => {
                    assert_eq!(end.status.code(), Some(1), "{}", end.log);
                    assert!(end.log.contains("Start the same duly copy again"), "{}", end.log);
                }
            }
        }
    }
}

#[test]
fn a_copy_that_is_killed_again_and_again_ends_with_everything_on_postgres() {
    let Some(target) = Program::on_postgres() else { return };
    let (source, token) = full(1_500);
    let (from, to) = (data(&source), target.setting("DATABASE_URL").to_owned());
    let before = held(&from);
    let kills = copied_under_fire(&source, &from, &to, &target);
    assert!(kills > 0);
    assert_eq!(held(&to), before);
    assert_eq!(held(&from), before);
    serves_ada(&target, &token);
}

#[test]
fn a_copy_that_is_killed_again_and_again_ends_with_everything_in_a_file() {
    let Some(middle) = Program::on_postgres() else { return };
    let (source, token) = full(1_500);
    let from = middle.setting("DATABASE_URL").to_owned();
    copied(&source, &data(&source), &from);
    let target = Program::new().with("BETTER_AUTH_SECRET", SECRET);
    let kills = copied_under_fire(&middle, &from, &data(&target), &target);
    assert!(kills > 0);
    assert_eq!(held(&data(&target)), held(&from));
    assert_eq!(mode(&target.directory.join("data/duly.db")), 0o600);
    serves_ada(&target, &token);
}

#[test]
fn ctrl_c_stops_a_copy_that_then_goes_on() {
    let (source, token) = full(3_000);
    let target = Program::new().with("BETTER_AUTH_SECRET", SECRET);
    let (from, to) = (data(&source), data(&target));
    let child = source.child(&["copy", "--from", &from, "--to", &to]);
    let started = Instant::now();
    // The mark is made when the tables are there.
    while !Path::new(&to).join("duly.db-wal").exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    signal(&child, "-INT");
    let output = child.wait_with_output().expect("it is ours");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the same command goes on"), "{}", text(&output.stderr));
    let said = copied(&source, &from, &to);
    assert!(said.contains("13  user") && said.contains("Everything is copied"), "{said}");
    assert!(said.contains("secret"), "{said}");
    serves_ada(&target, &token);
}

fn signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().expect("kill runs");
    assert!(sent.success());
}

/// A copy that is suspended when it has come to the tasks, and the rest of what it says.
fn suspended(program: &Program, from: &str, to: &str) -> (Child, JoinHandle<String>) {
    let mut child = program.child(&["copy", "--from", from, "--to", to]);
    let mut said = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut line = String::new();
    while !line.contains("copying tasks") {
        line.clear();
        assert!(said.read_line(&mut line).expect("it is text") > 0, "it does not come so far");
    }
    signal(&child, "-STOP");
    let rest = std::thread::spawn(move || {
        let mut rest = String::new();
        said.read_to_string(&mut rest).expect("it is text");
        rest
    });
    (child, rest)
}

#[test]
fn a_copy_that_was_suspended_deletes_nothing_of_what_was_written_since() {
    let Some(target) = Program::on_postgres() else { return };
    let Some(source) = Program::on_postgres() else { return };
    let (origin, token) = full(3_000);
    let (from, to) = (source.setting("DATABASE_URL"), target.setting("DATABASE_URL"));
    copied(&origin, &data(&origin), from);
    let (mut late, rest) = suspended(&origin, from, to);
    copied(&origin, from, to);
    let server = target.start();
    let grace = sign_up(&server, "grace");
    create_task(&server, &grace.session_token, "Graces Aufgabe");
    create_task(&server, &token, "Adas zweite");
    let before = held(to);
    signal(&late, "-CONT");
    assert_eq!(late.wait().expect("it is ours").code(), Some(1));
    let said = rest.join().expect("it reads");
    assert!(said.contains("writes nothing more"), "{said}");
    assert_eq!(held(to), before);
    assert_eq!(titles(&server, &grace.session_token), ["Graces Aufgabe"]);
    server.stop();
}

#[test]
fn a_server_that_runs_on_the_target_says_503_until_the_copy_is_finished() {
    let Some(target) = Program::on_postgres() else { return };
    let (source, token) = full(3_000);
    let server = target.start();
    let (mut copying, rest) = suspended(&source, &data(&source), target.setting("DATABASE_URL"));
    let body =
        json!({"name": "Grace", "email": "grace@example.com", "password": "password of grace"});
    let refused = server.call("POST", "/api/auth/sign-up/email", "", Some(&body));
    assert_eq!(refused.status, 503, "{refused:?}");
    let body = json!({"title": "too early"});
    let refused = server.call("POST", "/api/me/tasks", &token, Some(&body));
    assert_eq!(refused.status, 503, "{refused:?}");
    signal(&copying, "-CONT");
    let end = copying.wait().expect("it is ours");
    assert!(end.success(), "{}", rest.join().expect("it reads"));
    let grace = sign_up(&server, "grace");
    create_task(&server, &grace.session_token, "Graces Aufgabe");
    assert_eq!(titles(&server, &token), ["Adas Aufgabe"]);
    assert_eq!(titles(&server, &grace.session_token), ["Graces Aufgabe"]);
    server.stop();
}

#[test]
fn progress_and_the_summary_go_to_their_streams() {
    let (source, _) = full(10);
    let output = source.run(&["copy", "--from", "data", "--to", "elsewhere"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (said, progress) = (text(&output.stdout), text(&output.stderr));
    assert!(said.contains("14  owners") || said.contains("314  owners"), "{said}");
    for table in ["user", "session", "account", "verification", "jwks", "tasks"] {
        assert!(progress.contains(&format!("copying {table}")), "{progress}");
        assert!(progress.contains(&format!("verifying {table}")), "{progress}");
    }
    assert!(progress.contains("of 314 owners"), "{progress}");
}

#[test]
fn a_backup_is_a_source_and_a_running_server_is_none() {
    let (source, token) = full(10);
    let server = source.start();
    let said = refused(&source, "data", "elsewhere");
    assert!(said.contains("in use") && said.contains("duly backup"), "{said}");
    assert!(!source.directory.join("elsewhere").exists());
    assert!(source.run(&["backup", "kept.db"]).status.success());
    copied(&source, "kept.db", "elsewhere");
    server.stop();
    assert_eq!(held(&data(&source)), held(source.directory.join("elsewhere").to_str().unwrap()));
    serves_ada(&source.with("DATA_DIR", "elsewhere"), &token);
}

#[test]
fn a_target_with_something_in_it_is_left_as_it_is() {
    let (source, _) = full(1);
    let taken = Program::new();
    let server = taken.start();
    sign_up(&server, "grace");
    let said = refused(&source, "data", &data(&taken));
    assert!(said.contains("in use"), "{said}");
    server.stop();
    let files = || {
        // Who looks may leave an empty log.
        let file = |name: &str| std::fs::read(taken.directory.join("data").join(name));
        ["duly.db", "duly.db-wal", "secret"].map(|name| file(name).unwrap_or_default())
    };
    let before = files();
    assert!(refused(&source, "data", &data(&taken)).contains("not empty"));
    assert!(files() == before);
    if let Some(taken) = Program::on_postgres() {
        let server = taken.start();
        sign_up(&server, "grace");
        let url = taken.setting("DATABASE_URL");
        let before = held(url);
        assert!(refused(&source, "data", url).contains("not empty"));
        assert_eq!(held(url), before);
        sign_up(&server, "ada");
    }
    std::fs::create_dir(source.directory.join("odd")).unwrap();
    std::fs::write(source.directory.join("odd/duly.db"), "not a database, but somebody's").unwrap();
    refused(&source, "data", "odd");
    let odd = std::fs::read(source.directory.join("odd/duly.db")).unwrap();
    assert_eq!(odd, b"not a database, but somebody's");
}

#[test]
fn no_password_is_shown() {
    let program = Program::new();
    let with = |text: &str| format!("postgresql://duly:{text}@127.0.0.1:9/tasks?sslmode=disable");
    let cases = [
        ("data", &*with("pa55phrase")),
        (&*with("pa55phrase"), "data"),
        (&*with("pa55?phrase"), "data"),
        (&*with("pa55@phrase"), "data"),
        (&*with("pa55/phrase"), "data"),
        ("postgresql://127.0.0.1:9/tasks?password=pa55phrase", "data"),
        ("postgresql://duly:pa55phrase@localhost:port/tasks", "data"),
        ("mysql://duly:pa55phrase@localhost/tasks", "data"),
    ];
    let by_settings =
        program.clone().with("COPY_FROM", &with("pa55phrase")).with("COPY_TO", "data");
    // All at once: where nobody listens, that somebody may begin to is waited for.
    std::thread::scope(|scope| {
        for arguments in [&["copy"][..], &["copy", "--help"]] {
            let program = &by_settings;
            scope.spawn(move || {
                let output = program.run(arguments);
                let said = text(&output.stdout) + &text(&output.stderr);
                let names_it = said.contains("COPY_FROM") || said.contains("from");
                assert!(!said.contains("pa55phrase") && names_it, "{said}");
            });
        }
        for (from, to) in cases {
            let program = &program;
            scope.spawn(move || {
                let said = refused(program, from, to);
                assert!(!said.contains("pa55") && !said.contains("phrase"), "{said}");
            });
        }
    });
}
