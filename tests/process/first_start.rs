use super::server::{Program, mode};
use super::{create_task, jwt, sign_up, titles};

#[test]
fn with_nothing_configured_it_starts_and_keeps_its_files_to_itself() {
    let program = Program::new();
    let server = program.start();
    assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
    assert_eq!(server.call("GET", "/readyz", "", None).status, 200);
    let data = program.directory.join("data");
    assert_eq!(mode(&data), 0o700);
    for file in ["duly.db", "secret"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let ada = sign_up(&server, "ada");
    create_task(&server, &ada.jwt, "kept");
    for entry in std::fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("duly.db") || name == "secret" {
            assert_eq!(mode(&path), 0o600, "{name}");
        }
    }
    let secret = std::fs::read_to_string(data.join("secret")).unwrap();
    assert!(secret.trim().len() >= 32);
    let address = server.address;
    let greeting = server.greeting.clone();
    let end = server.stop();
    assert_eq!(greeting, format!("duly listens on http://{address}"));
    assert!(end.stdout.contains(&format!("http://localhost:{}", address.port())), "{}", end.stdout);
    assert!(end.stdout.contains("data/duly.db"), "{}", end.stdout);
    assert!(!end.stdout.contains(secret.trim()) && !end.log.contains(secret.trim()));
}

#[test]
fn a_restart_keeps_sessions_tasks_and_keys() {
    for program in Program::on_every_engine() {
        // The issuer is the address: it must stay the same for a token to stay good.
        let program = program.with("BETTER_AUTH_URL", "http://duly.test");
        let server = program.start();
        let ada = sign_up(&server, "ada");
        create_task(&server, &ada.jwt, "kept");
        let keys = server.call("GET", "/api/auth/jwks", "", None).json();
        server.stop();

        let server = program.start();
        assert_eq!(titles(&server, &ada.jwt), ["kept"]);
        assert_eq!(titles(&server, &ada.session_token), ["kept"]);
        assert_eq!(server.call("GET", "/api/auth/jwks", "", None).json(), keys);
        let fresh = jwt(&server, &ada.session_token);
        assert_eq!(titles(&server, &fresh), ["kept"]);
        assert_eq!(server.call("GET", "/api/auth/jwks", "", None).json(), keys);
        server.stop();
    }
}

#[test]
fn a_second_copy_on_the_same_directory_says_so_and_ends() {
    let program = Program::new();
    let server = program.start();
    let second = program.spawn().end();
    assert_eq!(second.status.code(), Some(1));
    assert!(second.log.contains("in use by another running duly"), "{}", second.log);
    assert!(second.log.contains("DATA_DIR"), "{}", second.log);
    assert!(second.stdout.is_empty(), "{}", second.stdout);
    let ada = sign_up(&server, "ada");
    assert_eq!(create_task(&server, &ada.jwt, "still works").status, 201);
    assert_eq!(server.stop().status.code(), Some(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Program::new().start();
    let port = server.address.port().to_string();
    let mut other = Program::new();
    other.settings.clear();
    let end = other.with("PORT", &port).spawn().end();
    assert_eq!(end.status.code(), Some(1));
    assert!(end.log.contains(&server.address.to_string()), "{}", end.log);
}

#[test]
fn a_dot_env_file_is_honoured_and_the_environment_beats_it() {
    let program = Program::new();
    std::fs::write(
        program.directory.join(".env"),
        "DATA_DIR=elsewhere\nPORT=1\nMAX_TASKS_PER_USER=1000\n",
    )
    .unwrap();
    let server = program.start();
    assert!(program.directory.join("elsewhere/duly.db").exists());
    assert!(!program.directory.join("data").exists());
    assert_ne!(server.address.port(), 1);
    server.stop();
}

#[test]
fn a_line_of_dot_env_that_does_not_read_is_refused_without_showing_it() {
    let program = Program::new();
    std::fs::write(
        program.directory.join(".env"),
        "PORT=0\nBETTER_AUTH_SECRET='not-closed-hunter2\n",
    )
    .unwrap();
    let end = program.spawn().end();
    assert_eq!(end.status.code(), Some(1));
    assert!(end.log.contains(".env") && !end.log.contains("hunter2"), "{}", end.log);
}
