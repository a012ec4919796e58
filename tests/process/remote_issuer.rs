//! The binary and an issuer elsewhere that comes, goes, hangs, or has a certificate of its own.

use std::time::{Duration, Instant};

use duly::clock::Clock;
use serde_json::json;
use tokio::runtime::Runtime;

use super::server::{Program, Server, free_address, text};
use crate::support::issuer::{Answer, ISSUER, Issuer, TestKey, claims};
use crate::support::tls_issuer::TlsIssuer;

/// How long anything may take before a test gives up. Attempts are ten seconds apart.
const PATIENCE: Duration = Duration::from_secs(60);

fn program(jwks_url: &str) -> Program {
    Program::new()
        .with("AUTH_MODE", "remote")
        .with("BETTER_AUTH_URL", ISSUER)
        .with("AUTH_JWKS_URL", jwks_url)
}

fn token(key: &TestKey) -> String {
    let mut claims = claims("ada");
    claims["exp"] = (Clock::System.now().as_second() + 900).into();
    key.token(&claims)
}

fn status(server: &Server, token: &str) -> u16 {
    server.call("GET", "/api/me/tasks", token, None).status
}

#[test]
fn an_issuer_that_was_down_is_found_and_one_that_goes_is_remembered() {
    let (address, key, runtime) =
        (free_address(), TestKey::new("a key", "EdDSA"), Runtime::new().expect("it starts"));
    let program = program(&format!("http://{address}/keys"));
    let server = program.start();
    let token = token(&key);
    assert_eq!(status(&server, &token), 401);
    assert!(!program.directory.join("data/secret").exists(), "nothing here needs a secret");

    let issuer = runtime.block_on(Issuer::start_on(address, Answer::Keys(vec![key.jwk()])));
    let started = Instant::now();
    while status(&server, &token) != 200 {
        assert!(started.elapsed() < PATIENCE, "it is not found");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(super::create_task(&server, &token, "one").status, 201);
    assert_eq!(issuer.asked(), 1);
    drop(issuer);
    drop(runtime);
    assert_eq!(super::titles(&server, &token), ["one"]);
    let log = server.stop().log;
    assert_eq!(log.matches("the keys of the issuer cannot be read").count(), 1, "{log}");
    assert_eq!(log.matches("the keys of the issuer were read again").count(), 1, "{log}");
    assert!(!log.contains(&token), "{log}");
}

#[test]
fn an_issuer_that_hangs_holds_nothing_up() {
    let runtime = Runtime::new().expect("it starts");
    let issuer = runtime.block_on(Issuer::start(Answer::Nothing));
    let server = program(issuer.url().as_str()).start();
    let started = Instant::now();
    let unknown = token(&TestKey::new("a key", "EdDSA"));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| status(&server, &unknown));
        while issuer.asked() == 0 {
            assert!(started.elapsed() < PATIENCE, "it is not asked");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(server.call("GET", "/readyz", "", None).status, 200);
        assert_eq!(status(&server, "a-session-token"), 401);
        assert_eq!(waiting.join().expect("it is answered"), 401);
    });
    assert_eq!(server.stop().status.code(), Some(0));
}

#[test]
fn a_certificate_of_a_private_authority_is_trusted_where_the_machine_trusts_it() {
    let (key, runtime) = (TestKey::new("a key", "EdDSA"), Runtime::new().expect("it starts"));
    let issuer = runtime.block_on(TlsIssuer::start(&key));
    let program = program(&format!("https://{}/keys", issuer.address));
    let file = program.directory.join("authority.pem");
    std::fs::write(&file, &issuer.authority).expect("it is written");

    let server = program.start();
    assert_eq!(status(&server, &token(&key)), 401, "nobody vouches for it");
    assert!(server.stop().log.contains("the keys of the issuer cannot be read"));

    let file = file.to_str().expect("a plain name");
    let server = program.with("SSL_CERT_FILE", file).start();
    assert_eq!(status(&server, &token(&key)), 200);
    server.stop();
}

#[test]
fn a_token_of_a_megabyte_is_refused_and_harms_nobody() {
    let (key, runtime) = (TestKey::new("a key", "EdDSA"), Runtime::new().expect("it starts"));
    let issuer = runtime.block_on(Issuer::start(Answer::Keys(vec![key.jwk()])));
    let server = program(issuer.url().as_str()).start();
    let good = token(&key);
    for length in [17_000, 100_000, 1_000_000, 1_048_576] {
        let long = format!("{good}{}", "A".repeat(length - good.len()));
        assert_eq!(status(&server, &long), 401, "{length}");
    }
    assert_eq!(status(&server, &good), 200);
    server.stop();
}

#[test]
fn every_command_works_where_somebody_else_signs_people_in() {
    let address = free_address();
    let shared =
        [("AUTH_MODE", "secret"), ("AUTH_JWT_SECRET", super::SECRET), ("BETTER_AUTH_URL", ISSUER)];
    for settings in [&[("AUTH_MODE", "remote"), ("BETTER_AUTH_URL", ISSUER)][..], &shared] {
        let mut program = Program::new();
        program.settings.clear();
        let port = address.port().to_string();
        for (name, value) in settings.iter().chain(&[("PORT", port.as_str())]) {
            program = program.with(name, value);
        }
        for arguments in [&["check"][..], &["migrate", "--status"], &["migrate"], &["openapi"]] {
            let output = program.run(arguments);
            assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
            assert!(!text(&output.stdout).contains(super::SECRET));
        }
        assert!(!program.run(&["healthcheck"]).status.success());
        let server = program.start();
        assert!(program.run(&["healthcheck"]).status.success());
        let body = json!({"email": "ada@example.com", "password": "password of ada"});
        let refused = server.call("POST", "/api/auth/sign-in/email", "", Some(&body));
        assert_eq!((refused.status, &refused.json()["code"]), (404, &json!("no_route")));
        assert!(server.stop().stdout.contains(&format!("sign-in  {ISSUER}, by")));
    }
}
