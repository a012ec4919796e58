//! Changing over from one secret to the next.

use serde_json::json;

use super::client::Answer;
use super::server::{Program, Server};
use super::{SECRET, create_task, sign_up, titles};

const NEW: &str = "the-secret-that-comes-next-the-secret-that-comes-next";

/// The same program with other secrets.
fn with_secrets(program: &Program, single: Option<&str>, numbered: Option<&str>) -> Program {
    let mut program = program.clone();
    program.settings.retain(|(name, _)| !name.starts_with("BETTER_AUTH_SECRET"));
    for (name, value) in [("BETTER_AUTH_SECRET", single), ("BETTER_AUTH_SECRETS", numbered)] {
        if let Some(value) = value {
            program = program.with(name, value);
        }
    }
    program
}

fn session(server: &Server, token: &str) -> Answer {
    server.call("GET", "/api/auth/get-session", token, None)
}

/// The signed form of a session token, which the server gives when somebody signs in.
fn signed_token(server: &Server, name: &str) -> String {
    let body =
        json!({"email": format!("{name}@example.com"), "password": format!("password of {name}")});
    let answer = server.call("POST", "/api/auth/sign-in/email", "", Some(&body));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.header("set-auth-token").expect("the signed token").to_owned()
}

fn key_ids(server: &Server) -> Vec<String> {
    let keys = server.call("GET", "/api/auth/jwks", "", None).json();
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn what_the_old_secret_made_goes_on_working_until_it_is_dropped() {
    for program in Program::on_every_engine() {
        let program = program.with("BETTER_AUTH_URL", "http://duly.test");
        let server = with_secrets(&program, Some(SECRET), None).start();
        let ada = sign_up(&server, "ada");
        let old_token = signed_token(&server, "ada");
        let old_keys = key_ids(&server);
        assert_eq!(create_task(&server, &ada.jwt, "one").status, 201);
        server.stop();

        let both = format!("2:{NEW},1:{SECRET}");
        let server = with_secrets(&program, None, Some(&both)).start();
        assert_ne!(session(&server, &old_token).body, "null");
        assert_eq!(titles(&server, &ada.jwt), ["one"]);
        // The key that was encrypted with the old secret still signs: no second one is made.
        let jwt = super::jwt(&server, &old_token);
        assert_eq!((titles(&server, &jwt).len(), key_ids(&server)), (1, old_keys.clone()));
        let new_token = signed_token(&server, "ada");
        server.stop();

        let server = with_secrets(&program, None, Some(&format!("2:{NEW}"))).start();
        assert_eq!(session(&server, &old_token).body, "null");
        assert_ne!(session(&server, &new_token).body, "null");
        // The old key cannot be opened any more: a new one signs, and the old one goes on verifying.
        let jwt = super::jwt(&server, &new_token);
        assert_eq!(titles(&server, &jwt), ["one"]);
        assert_eq!(titles(&server, &ada.jwt), ["one"]);
        let keys = key_ids(&server);
        assert!(keys.len() == 2 && keys.contains(&old_keys[0]), "{keys:?}");
        let end = server.stop();
        assert!(!end.log.contains(NEW) && !end.log.contains(SECRET));
    }
}

/// The new secret is made known to every copy before one of them uses it.
#[test]
fn copies_change_over_one_after_the_other() {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test");
    let (known, used) = (format!("1:{SECRET},2:{NEW}"), format!("2:{NEW},1:{SECRET}"));
    let mut old = with_secrets(&program, Some(SECRET), None).start();
    let ada = sign_up(&old, "ada");
    let mut sessions = vec![signed_token(&old, "ada")];
    for secrets in [&known, &used] {
        let new = with_secrets(&program, None, Some(secrets)).start();
        for copy in [&old, &new] {
            sessions.push(signed_token(copy, "ada"));
        }
        for copy in [&old, &new] {
            assert_eq!(key_ids(copy).len(), 1);
            for token in &sessions {
                assert_ne!(session(copy, token).body, "null", "{secrets}");
                assert_eq!(titles(&new, &super::jwt(copy, token)).len(), 0);
                assert_eq!(titles(&old, &super::jwt(copy, token)).len(), 0);
            }
            assert_eq!(titles(copy, &ada.jwt).len(), 0);
        }
        old.stop();
        old = new;
    }
}
