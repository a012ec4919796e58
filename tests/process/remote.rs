//! The binary where somebody else signs people in.

use serde_json::json;

use super::SECRET;
use super::server::{Program, free_address};

/// A token with that secret.
fn shared_token(secret: &str, issuer: &str) -> String {
    let claims = json!({"sub": "ada", "iss": issuer, "aud": issuer, "exp": 4_000_000_000_u64});
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("it is signed")
}

#[test]
fn a_server_whose_issuer_is_down_starts_and_says_so_once() {
    let issuer = format!("http://{}", free_address());
    let program = Program::new().with("AUTH_MODE", "remote").with("BETTER_AUTH_URL", &issuer);
    let server = program.start();
    assert!(server.logs("the keys of the issuer cannot be read"));
    assert_eq!(server.call("GET", "/readyz", "", None).status, 200);
    for _ in 0..5 {
        let token = shared_token(SECRET, &issuer);
        let unknown = format!(
            "eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.{}",
            &token[token.find('.').expect("a dot") + 1..]
        );
        let answer = server.call("GET", "/api/me/tasks", &unknown, None);
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(answer.body.contains("keys of the issuer"), "{answer:?}");
    }
    assert_eq!(server.call("POST", "/api/auth/sign-in/email", "", Some(&json!({}))).status, 404);
    let end = server.stop();
    assert_eq!(end.status.code(), Some(0));
    assert_eq!(end.log.matches("the keys of the issuer cannot be read").count(), 1, "{}", end.log);
    assert!(
        end.stdout.contains(&format!("sign-in  {issuer}, by the keys at {issuer}/api/auth/jwks")),
        "{}",
        end.stdout
    );
}

#[test]
fn a_shared_secret_is_enough_and_stays_out_of_sight() {
    for program in Program::on_every_engine() {
        let program = program
            .with("AUTH_MODE", "secret")
            .with("AUTH_JWT_SECRET", SECRET)
            .with("AUTH_ISSUER", "https://auth.example.com")
            .with("AUTH_AUDIENCE", "https://auth.example.com");
        let checked = program.run(&["check"]);
        assert!(checked.status.success());
        let server = program.start();
        let good = shared_token(SECRET, "https://auth.example.com");
        let created = server.call("POST", "/api/me/tasks", &good, Some(&json!({"title": "one"})));
        assert_eq!(created.status, 201, "{created:?}");
        assert_eq!(super::titles(&server, &good), ["one"]);
        for bad in [
            shared_token(SECRET, "https://evil.example"),
            shared_token("another secret that two servers might share", "https://auth.example.com"),
        ] {
            assert_eq!(server.call("GET", "/api/me/tasks", &bad, None).status, 401);
        }
        let end = server.stop();
        assert!(!end.log.contains(SECRET) && !end.stdout.contains(SECRET));
    }
}
