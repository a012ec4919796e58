use serde_json::{Value as Json, json};

use super::server::{Program, Server};
use super::{SECRET, create_task, sign_up};

/// Everything that a person does, well and badly; gives what must never be logged.
fn conversation(server: &Server) -> Vec<String> {
    let mut ada = sign_up(server, "ada");
    let mut secrets = vec!["password of ada".to_owned()];
    for password in ["password of ada", "wrong password of ada"] {
        let body = json!({"email": "ada@example.com", "password": password});
        let answer = server.call("POST", "/api/auth/sign-in/email", "", Some(&body));
        if answer.status == 200 {
            secrets.push(answer.json()["token"].as_str().unwrap().to_owned());
        }
        secrets.push(password.to_owned());
    }
    create_task(server, &ada.jwt, "by token");
    create_task(server, &ada.session_token, "by session");
    for path in [
        "/api/me/tasks",
        "/api/auth/get-session",
        "/api/auth/token",
        "/api/auth/list-sessions",
        "/nowhere",
    ] {
        for token in [&ada.jwt, &ada.session_token, "no-such-t0ken", "e30.bad-jwt-0f-mine.sig"] {
            server.call("GET", path, token, None);
        }
    }
    let body = json!({"currentPassword": "password of ada", "newPassword": "brand new passphrase", "revokeOtherSessions": true});
    let changed = server.call("POST", "/api/auth/change-password", &ada.session_token, Some(&body));
    assert_eq!(changed.status, 200, "{changed:?}");
    secrets.extend(changed.json()["token"].as_str().map(str::to_owned));
    secrets.push("brand new passphrase".to_owned());
    // Bodies that do not read are not repeated either.
    server.call(
        "POST",
        "/api/auth/sign-in/email",
        "",
        Some(&json!({"email": 7, "password": ["in-a-list-s3cret"]})),
    );
    server.call("POST", "/api/auth/sign-out", &ada.session_token, None);
    secrets.extend(["no-such-t0ken", "bad-jwt-0f-mine", "in-a-list-s3cret"].map(str::to_owned));
    secrets.extend([std::mem::take(&mut ada.jwt), ada.session_token]);
    secrets
}

#[test]
fn not_even_the_most_detailed_log_holds_a_secret() {
    for program in Program::on_every_engine() {
        let program = program.with("RUST_LOG", "trace").with("LOG_FORMAT", "json");
        let server = program.start();
        let mut secrets = conversation(&server);
        secrets.push(SECRET.to_owned());
        secrets.extend(std::fs::read_to_string(program.directory.join("data/secret")).ok());
        let end = server.stop();
        assert!(end.log.contains("answered"), "something is logged");
        for secret in secrets {
            let lines: Vec<&str> =
                end.log.lines().filter(|line| line.contains(secret.trim())).collect();
            assert!(lines.is_empty(), "{secret:?} is in the log: {lines:#?}");
        }
    }
}

#[test]
fn the_password_of_the_database_is_not_logged() {
    let Some(mut program) = Program::on_postgres() else { return };
    // The test server asks for no password, and takes any.
    for (_, value) in &mut program.settings {
        *value = value.replace("postgres@", "postgres:pa55phrase@");
    }
    let program = program.with("RUST_LOG", "trace");
    let server = program.start();
    sign_up(&server, "ada");
    let end = server.stop();
    assert!(!end.log.contains("pa55phrase"), "{}", end.log);
    assert!(!end.stdout.contains("pa55phrase"), "{}", end.stdout);
}

#[test]
fn each_request_is_one_line_of_json() {
    let server = Program::new().with("LOG_FORMAT", "json").start();
    let ada = sign_up(&server, "ada");
    let user = server.call("GET", "/api/auth/get-session", &ada.session_token, None).json();
    let user = user["user"]["id"].as_str().unwrap().to_owned();
    assert_eq!(create_task(&server, &ada.jwt, "Buy milk").status, 201);
    assert_eq!(server.call("GET", "/api/me/tasks", "", None).status, 401);
    assert_eq!(server.call("GET", "/no/such/place", "", None).status, 404);
    let end = server.stop();
    let lines: Vec<Json> = end
        .log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    let answered: Vec<&Json> = lines.iter().filter(|line| line["message"] == "answered").collect();
    // Sign-up, token, get-session, create, 401, 404.
    assert_eq!(answered.len(), 6, "{answered:#?}");
    for line in &answered {
        assert!(line["method"].is_string() && line["route"].is_string(), "{line}");
        assert!(line["status"].is_u64() && line["milliseconds"].is_f64(), "{line}");
        assert!(line["span"]["id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
    }
    let created = answered.iter().find(|line| line["status"] == 201).unwrap();
    assert_eq!(created["method"], "POST");
    assert_eq!(created["route"], "/api/{user_id}/tasks");
    assert_eq!(created["span"]["user"], user, "{created}");
    let refused = answered.iter().find(|line| line["status"] == 401).unwrap();
    assert!(refused["span"].get("user").is_none(), "{refused}");
    // A path that nobody serves is not a label: anybody could fill the metrics with them.
    assert!(answered.iter().any(|line| line["status"] == 404 && line["route"] == "unmatched"));
    assert!(!end.log.contains("Buy milk"));
}
