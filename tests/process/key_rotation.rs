//! Keys change in the table while copies run. One slow test, because the bound of 30 seconds has to go by.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use super::server::{Program, Server, Starting};
use super::stored::{number, rows};
use super::{SECRET, jwt, sign_up};

const NEW_SECRET: &str = "the-secret-that-only-one-copy-has-the-secret-that-only-one-copy-has";
/// How soon what was withdrawn has stopped (docs/DEPLOYING.md), and what a slow machine may add to it.
const BOUND: Duration = Duration::from_secs(30);
const SLACK: Duration = Duration::from_secs(10);

/// The name of the key that a token is signed with.
fn key_id(token: &str) -> String {
    let head = token.split('.').next().expect("split gives one at least");
    let head = URL_SAFE_NO_PAD.decode(head).expect("base64url");
    let head: Json = serde_json::from_slice(&head).expect("JSON");
    head["kid"].as_str().expect("a kid").to_owned()
}

fn status(copy: &Server, token: &str) -> u16 {
    copy.call("GET", "/api/me/tasks", token, None).status
}

fn published(copy: &Server) -> HashSet<String> {
    let keys = copy.call("GET", "/api/auth/jwks", "", None).json();
    let keys = keys["keys"].as_array().expect("keys").iter();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// What a copy does once it has heard that one key was deleted and the other has expired.
struct Watched<'a> {
    session: &'a str,
    /// Signed with the key that was deleted.
    withdrawn: &'a str,
    /// Signed with the key that has expired: it signs no more, and verifies for 30 days.
    retired: &'a str,
}

impl Watched<'_> {
    fn is_known_to(&self, copy: &Server) -> bool {
        let fresh = jwt(copy, self.session);
        let old = [self.withdrawn, self.retired].map(key_id);
        status(copy, self.withdrawn) == 401
            && !published(copy).contains(&old[0])
            && !old.contains(&key_id(&fresh))
    }
}

#[test]
fn keys_that_come_and_go_in_the_table_do_so_at_every_copy() {
    let Some(program) = Program::on_postgres() else { return };
    let program = program.with("BETTER_AUTH_URL", "http://duly.test");
    let mut changed = program.clone();
    changed.settings.retain(|(name, _)| name != "BETTER_AUTH_SECRET");
    // Its secret cannot open the key that is there, so that it makes one of its own.
    let changed = changed.with("BETTER_AUTH_SECRETS", &format!("2:{NEW_SECRET}"));
    let copies = [(); 3].map(|()| program.spawn()).map(Starting::ready);
    let ada = sign_up(&copies[0], "ada");
    assert!(copies.iter().all(|copy| status(copy, &ada.jwt) == 200));

    // A new key: a token that names it is good everywhere at once, though all have read the keys just now.
    let changed = changed.start();
    let by_new_key = jwt(&changed, &ada.session_token);
    assert_ne!(key_id(&by_new_key), key_id(&ada.jwt));
    let everywhere = || copies.iter().chain([&changed]);
    for copy in everywhere() {
        assert_eq!((status(copy, &by_new_key), status(copy, &ada.jwt)), (200, 200));
        assert_eq!(published(copy), HashSet::from([key_id(&by_new_key), key_id(&ada.jwt)]));
    }

    // That key is deleted, and the first one expires.
    let gone = rows(&program, r#"SELECT "id" FROM "jwks""#).len();
    rows(&program, &format!(r#"DELETE FROM "jwks" WHERE "id" = '{}'"#, key_id(&by_new_key)));
    rows(&program, r#"UPDATE "jwks" SET "expiresAt" = now() - interval '1 second'"#);
    let changed_at = Instant::now();
    assert_eq!((gone, number(&program, r#"SELECT count(*) FROM "jwks""#)), (2, 1));
    let watched =
        Watched { session: &ada.session_token, withdrawn: &by_new_key, retired: &ada.jwt };
    let mut waiting: Vec<&Server> = everywhere().collect();
    while !waiting.is_empty() {
        assert!(changed_at.elapsed() < BOUND + SLACK, "{} copies do not know yet", waiting.len());
        waiting.retain(|copy| !watched.is_known_to(copy));
        std::thread::sleep(Duration::from_millis(200));
    }
    eprintln!("every copy knew after {:?}", changed_at.elapsed());

    // What was signed with the key that expired is good for as long as it would have been, and so is what each copy
    // signs now, at all the others.
    let fresh: Vec<String> = everywhere().map(|copy| jwt(copy, &ada.session_token)).collect();
    for copy in everywhere() {
        assert!(fresh.iter().chain([&ada.jwt]).all(|token| status(copy, token) == 200));
        assert_eq!(status(copy, &by_new_key), 401);
    }
    for copy in copies.into_iter().chain([changed]) {
        let end = copy.stop();
        assert!(!end.log.contains(NEW_SECRET) && !end.log.contains(SECRET));
    }
}
