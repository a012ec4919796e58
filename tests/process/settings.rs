use super::SECRET;
use super::server::{Program, text};

fn check(program: &Program) -> (Option<i32>, String) {
    let output = program.run(&["check"]);
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn check_says_where_the_data_is_and_makes_nothing() {
    let program = Program::new();
    let (status, said) = check(&program);
    assert_eq!((status, said.contains("data/duly.db")), (Some(0), true), "{said}");
    assert!(!program.directory.join("data").exists());
}

#[test]
fn check_does_not_show_the_password_of_the_database() {
    let program = Program::new()
        .with("DATABASE_URL", "postgresql://duly:pa55phrase@db.example.com/tasks")
        .with("BETTER_AUTH_SECRET", SECRET);
    let (status, said) = check(&program);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("db.example.com") && said.contains("tasks"), "{said}");
    assert!(!said.contains("pa55phrase") && !said.contains(SECRET), "{said}");
}

#[test]
fn check_lists_every_problem_at_once() {
    let bad = [
        ("HOST", "nowhere"),
        ("PORT", "70000"),
        ("DATABASE_MAX_CONNECTIONS", "none"),
        ("DATABASE_URL", "mysql://duly:pa55phrase@localhost/tasks"),
        ("BETTER_AUTH_SECRET", "too-short-s3cret"),
        ("BETTER_AUTH_URL", "not an address"),
        ("BETTER_AUTH_TRUSTED_ORIGINS", "https://fine.example.com,what is this"),
        ("CORS_ORIGINS", "https://app.example.com/path"),
        ("MAX_TASKS_PER_USER", "999"),
        ("LOG_FORMAT", "xml"),
        ("RUST_LOG", "duly=loud=very"),
        ("METRICS_ADDR", "9000"),
    ];
    let mut program = Program::new();
    program.settings.clear();
    for (name, value) in bad {
        program = program.with(name, value);
    }
    for arguments in [&["check"][..], &[], &["serve"], &["migrate"], &["healthcheck"]] {
        let output = program.run(arguments);
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stdout) + &text(&output.stderr);
        for (name, _) in bad {
            assert!(said.contains(name), "{arguments:?}: {name} is missing in {said}");
        }
        for secret in ["pa55phrase", "too-short-s3cret"] {
            assert!(!said.contains(secret), "{arguments:?}: {said}");
        }
    }
    assert!(!program.directory.join("data").exists());
}

#[test]
fn a_connection_string_that_does_not_read_is_not_repeated() {
    for url in [
        "postgresql://duly:pa55phrase@localhost:port/tasks",
        "postgresql://duly:pa55phrase@[localhost/tasks",
        "postgresql://duly:pa55phrase@localhost/tasks?connect_timeout=pa55phrase",
        "postgresql://duly:pa55phrase@localhost/tasks?no_such_thing=1",
        "host=localhost password=pa55phrase",
        "postgresql://duly:more@pa55phrase@localhost/tasks",
        "postgresql://duly:more/pa55phrase@localhost/tasks",
        "'postgresql://duly:pa55phrase@localhost/tasks'",
        "pa55phrase",
    ] {
        let program = Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET);
        let (status, said) = check(&program);
        assert_eq!(status, Some(1), "{url}");
        assert!(said.contains("DATABASE_URL") && !said.contains("pa55phrase"), "{url}: {said}");
    }
}

#[test]
fn a_connection_string_with_a_slip_makes_no_directory_and_is_not_shown() {
    let program = Program::new();
    for slip in [
        "postgres//duly:pa55phrase@localhost/tasks",
        "postgresql:/duly:pa55phrase@localhost/tasks",
        "postgres:pa55phrase@localhost/tasks",
        "host=localhost password=pa55phrase",
    ] {
        let environment = program.clone().with("COPY_TO", slip).with("COPY_FROM", "data");
        for output in [
            program.run(&["copy", "--from", "data", "--to", slip]),
            program.run(&["copy", "--from", slip, "--to", "data"]),
            environment.run(&["copy"]),
            program.run(&["migrate", "--data-dir", &format!("postgresql://{slip}")]),
        ] {
            let said = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{slip}: {said}");
            assert!(!said.contains("pa55phrase"), "{slip}: {said}");
        }
    }
    assert_eq!(std::fs::read_dir(&program.directory).unwrap().count(), 0);
}

#[test]
fn check_shows_an_address_that_has_no_name() {
    let url = "postgresql:///tasks?hostaddr=192.0.2.7&user=duly&password=pa55phrase";
    let program = Program::new().with("DATABASE_URL", url).with("BETTER_AUTH_SECRET", SECRET);
    let (status, said) = check(&program);
    assert_eq!((status, said.contains("tasks on 192.0.2.7")), (Some(0), true), "{said}");
}

#[test]
fn postgres_without_a_secret_is_refused_and_says_how_to_make_one() {
    let program = Program::new().with("DATABASE_URL", "postgresql://127.0.0.1:9/duly");
    let end = program.spawn().end();
    assert_eq!(end.status.code(), Some(1));
    assert!(
        end.log.contains("BETTER_AUTH_SECRET") && end.log.contains("openssl rand -base64 32"),
        "{}",
        end.log
    );
}

#[test]
fn a_database_that_cannot_be_reached_is_said_without_its_password() {
    let program = Program::new()
        .with("DATABASE_URL", "postgresql://duly:pa55phrase@127.0.0.1:9/duly")
        .with("BETTER_AUTH_SECRET", SECRET)
        .with("RUST_LOG", "trace");
    let end = program.spawn().end();
    assert_eq!(end.status.code(), Some(1));
    assert!(end.log.contains("cannot be reached"), "{}", end.log);
    assert!(!end.log.contains("pa55phrase") && !end.log.contains(SECRET), "{}", end.log);
}

#[test]
fn an_empty_variable_is_one_that_is_not_set() {
    let mut program = Program::new();
    for name in
        ["DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "CORS_ORIGINS", "METRICS_ADDR"]
    {
        program = program.with(name, "");
    }
    let (status, said) = check(&program);
    assert_eq!(status, Some(0), "{said}");
}

#[test]
fn a_flag_beats_the_environment() {
    let program = Program::new().with("DATA_DIR", "from-environment");
    let output = program.run(&["check", "--data-dir", "from-flag"]);
    assert!(text(&output.stdout).contains("from-flag/duly.db"), "{}", text(&output.stdout));
}
