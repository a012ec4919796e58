//! What one copy ends is over at the others with the next request.

use serde_json::{Value as Json, json};

use super::client::Answer;
use super::server::{Program, Server, Starting};
use super::stored::number;
use super::{Person, create_task, sign_up, titles};

struct Copies {
    program: Program,
    copies: [Server; 3],
}

impl Copies {
    fn start() -> Option<Self> {
        let program = Program::on_postgres()?.with("BETTER_AUTH_URL", "http://duly.test");
        let copies = [(); 3].map(|()| program.spawn()).map(Starting::ready);
        Some(Self { program, copies })
    }

    /// A new session, begun at one copy and used at each.
    fn session(&self, copy: usize, name: &str) -> String {
        let body = json!({"email": format!("{name}@example.com"), "password": format!("password of {name}")});
        let answer = self.post(copy, "sign-in/email", "", &body);
        let token = answer.json()["token"].as_str().expect("a token").to_owned();
        assert_eq!(self.statuses(&token), [200; 3]);
        token
    }

    fn sign_up(&self, name: &str) -> Person {
        let person = sign_up(&self.copies[0], name);
        assert_eq!(self.statuses(&person.session_token), [200; 3]);
        assert_eq!(self.statuses(&person.jwt), [200; 3]);
        person
    }

    #[track_caller]
    fn post(&self, copy: usize, route: &str, token: &str, body: &Json) -> Answer {
        let path = format!("/api/auth/{route}");
        let answer = self.copies[copy].call("POST", &path, token, Some(body));
        assert_eq!(answer.status, 200, "{route}: {answer:?}");
        answer
    }

    /// What each copy answers when this token asks for its person's tasks.
    fn statuses(&self, token: &str) -> [u16; 3] {
        self.copies.each_ref().map(|copy| copy.call("GET", "/api/me/tasks", token, None).status)
    }
}

#[test]
fn signing_out_at_one_copy_ends_the_session_at_all() {
    let Some(all) = Copies::start() else { return };
    let ada = all.sign_up("ada");
    let other = all.session(1, "ada");
    all.post(1, "sign-out", &ada.session_token, &json!({}));
    assert_eq!(all.statuses(&ada.session_token), [401; 3]);
    for copy in &all.copies {
        let session = copy.call("GET", "/api/auth/get-session", &ada.session_token, None);
        assert_eq!((session.status, session.body.as_str()), (200, "null"));
    }
    assert_eq!(all.statuses(&other), [200; 3]);
}

#[test]
fn sessions_that_are_revoked_at_one_copy_are_over_at_all() {
    let Some(all) = Copies::start() else { return };
    let (ada, bob) = (all.sign_up("ada"), all.sign_up("bob"));
    let [first, second, third] = [0, 1, 2].map(|copy| all.session(copy, "ada"));
    all.post(2, "revoke-session", &ada.session_token, &json!({"token": first}));
    assert_eq!(all.statuses(&first), [401; 3]);
    assert_eq!(all.statuses(&second), [200; 3]);
    all.post(0, "revoke-other-sessions", &second, &json!({}));
    for token in [&ada.session_token, &third] {
        assert_eq!(all.statuses(token), [401; 3]);
    }
    assert_eq!(all.statuses(&second), [200; 3]);
    all.post(1, "revoke-sessions", &second, &json!({}));
    assert_eq!(all.statuses(&second), [401; 3]);
    assert_eq!(all.statuses(&bob.session_token), [200; 3]);
}

#[test]
fn a_new_password_at_one_copy_ends_the_other_sessions_at_all() {
    let Some(all) = Copies::start() else { return };
    let ada = all.sign_up("ada");
    let others = [0, 1, 2].map(|copy| all.session(copy, "ada"));
    let change = json!({"currentPassword": "password of ada", "newPassword": "another password", "revokeOtherSessions": true});
    let answer = all.post(1, "change-password", &ada.session_token, &change);
    let new = answer.json()["token"].as_str().expect("a token").to_owned();
    for token in others.iter().chain([&ada.session_token]) {
        assert_eq!(all.statuses(token), [401; 3]);
    }
    assert_eq!(all.statuses(&new), [200; 3]);
    // The old password is none any more, wherever it is tried.
    let old = json!({"email": "ada@example.com", "password": "password of ada"});
    for copy in &all.copies {
        assert_eq!(copy.call("POST", "/api/auth/sign-in/email", "", Some(&old)).status, 401);
    }
}

#[test]
fn somebody_who_was_deleted_at_one_copy_can_write_at_none() {
    let Some(all) = Copies::start() else { return };
    let (ada, bob) = (all.sign_up("ada"), all.sign_up("bob"));
    let other = all.session(2, "ada");
    for (copy, token) in all.copies.iter().zip([&ada.jwt, &ada.session_token, &bob.jwt]) {
        assert_eq!(create_task(copy, token, "kept").status, 201);
    }
    all.post(1, "delete-user", &other, &json!({"password": "password of ada"}));
    for token in [&ada.session_token, &other] {
        assert_eq!(all.statuses(token), [401; 3]);
    }
    // The JWT reads for as long as it lives, and finds nothing.
    for copy in &all.copies {
        assert_eq!(create_task(copy, &ada.jwt, "too late").status, 401);
        assert!(titles(copy, &ada.jwt).is_empty());
    }
    assert_eq!(titles(&all.copies[0], &bob.jwt), ["kept"]);
    assert_eq!(number(&all.program, "SELECT count(*) FROM owners"), 1);
    assert_eq!(number(&all.program, "SELECT count(*) FROM tasks"), 1);
}
