use super::server::{Program, free_address, text};
use super::{ran, refused};

#[test]
fn openapi_prints_the_committed_document() {
    let printed = ran(&Program::new(), &["openapi"]);
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let committed = std::fs::read_to_string(committed).expect("openapi.json is committed");
    assert_eq!(
        printed.trim_end(),
        committed.trim_end(),
        "make it anew with: duly openapi > openapi.json"
    );
}

#[test]
fn openapi_needs_no_valid_settings() {
    ran(&Program::new().with("MAX_TASKS_PER_USER", "few"), &["openapi"]);
}

#[test]
fn migrate_applies_each_migration_once() {
    for program in Program::on_every_engine() {
        let applied = ran(&program, &["migrate"]);
        let versions = |text: &str| -> Vec<String> {
            text.lines().filter_map(|line| Some(line.split_once('V')?.1.to_owned())).collect()
        };
        assert!(applied.lines().all(|line| line.starts_with("applied")), "{applied}");
        assert!(versions(&applied)[0].starts_with("1 "), "{applied}");
        let status = ran(&program, &["migrate", "--status"]);
        assert_eq!(versions(&status), versions(&applied));
        assert!(!status.contains("pending"), "{status}");
        assert!(ran(&program, &["migrate"]).contains("up to date"));
        assert_eq!(program.start().stop().status.code(), Some(0));
    }
}

#[test]
fn migrate_status_changes_nothing() {
    let program = Program::new();
    assert!(ran(&program, &["migrate", "--status"]).contains("no database"));
    assert!(!program.directory.join("data").exists());
    if let Some(program) = Program::on_postgres() {
        for _ in 0..2 {
            let status = ran(&program, &["migrate", "--status"]);
            assert!(status.lines().count() >= 2, "{status}");
            assert!(status.lines().all(|line| line.starts_with("pending")), "{status}");
        }
    }
}

#[test]
fn migrate_beside_a_running_server_is_refused_and_status_is_not() {
    let program = Program::new();
    let _server = program.start();
    assert!(refused(&program, &["migrate"]).contains("in use"));
    assert!(ran(&program, &["migrate", "--status"]).contains("applied"));
}

#[test]
fn healthcheck_tells_by_its_exit_status() {
    let address = free_address();
    let mut program = Program::new();
    program.settings.clear();
    let program = program.with("PORT", &address.port().to_string());
    assert!(refused(&program, &["healthcheck"]).contains(&address.to_string()));
    let server = program.start();
    assert!(ran(&program, &["healthcheck"]).is_empty());
    assert!(ran(&program.with("HOST", "0.0.0.0"), &["healthcheck"]).is_empty());
    server.stop();
}

#[test]
fn help_and_version_are_there_and_show_no_value() {
    let program = Program::new().with("BETTER_AUTH_SECRET", super::SECRET);
    let help = ran(&program, &["--help"]);
    for word in [
        "serve",
        "migrate",
        "copy",
        "backup",
        "restore",
        "openapi",
        "healthcheck",
        "check",
        "DATABASE_URL",
        "METRICS_ADDR",
    ] {
        assert!(help.contains(word), "{word}");
    }
    assert!(!help.contains(super::SECRET));
    assert_eq!(ran(&program, &["--version"]).trim(), format!("duly {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(program.run(&["no-such-command"]).status.code(), Some(2));
}

#[test]
fn output_that_nobody_reads_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_duly"))
        .arg("openapi")
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}
