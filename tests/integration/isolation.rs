//! Nobody reaches what is somebody else's: shown for every operation of the OpenAPI document, so that a route
//! that is added later is held to it too.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{BASE_URL, Person, TestApp};
use crate::support::http::Call;
use crate::support::openapi::{Operation, operations};

/// Everything that may be called by anybody.
const OPEN: [&str; 16] = [
    "GET /api/auth/delete-user/callback",
    "GET /api/auth/error",
    "GET /api/auth/get-session",
    "GET /api/auth/jwks",
    "GET /api/auth/ok",
    "GET /api/auth/reset-password/{token}",
    "GET /api/auth/verify-email",
    "GET /healthz",
    "GET /readyz",
    "POST /api/auth/get-session",
    "POST /api/auth/request-password-reset",
    "POST /api/auth/reset-password",
    "POST /api/auth/send-verification-email",
    "POST /api/auth/sign-in/email",
    "POST /api/auth/sign-out",
    "POST /api/auth/sign-up/email",
];
pub(super) const MISSING_ID: &str = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";
const EVIL: &str = "Taken over";

/// How somebody says who they are.
#[derive(Clone, Copy, Debug)]
enum Credential {
    Jwt,
    SessionToken,
    SignedSessionToken,
    Cookie,
}

const CREDENTIALS: [Credential; 4] =
    [Credential::Jwt, Credential::SessionToken, Credential::SignedSessionToken, Credential::Cookie];

impl Credential {
    fn on(self, call: Call, person: &Person) -> Call {
        match self {
            Self::Jwt => call.bearer(&person.jwt),
            Self::SessionToken => call.bearer(&person.session_token),
            Self::SignedSessionToken => {
                call.bearer(person.cookie.split_once('=').expect("a cookie").1)
            }
            Self::Cookie => call.cookie(&person.cookie).header("origin", BASE_URL),
        }
    }
}

/// The operations on somebody's own things.
pub(super) fn owned() -> Vec<Operation> {
    let owned = operations().into_iter().filter(|operation| operation.path.contains("{user_id}"));
    owned.collect()
}

/// A call that would go through, and change something, if it came from the owner.
pub(super) fn call(operation: &Operation, user: &str, id: &str) -> Call {
    let path = operation.path.replace("{user_id}", user).replace("{id}", id);
    let call = Call::new(operation.method.clone(), &path).header("x-request-id", "the-same");
    match operation.document.get("requestBody") {
        None => call,
        Some(_) if path.ends_with("/complete") => call.json(&json!({"completed": true})),
        Some(_) => call.json(&json!({"title": EVIL, "priority": "urgent"})),
    }
}

/// A call of an auth route whose body is fine.
fn auth_call(operation: &Operation, person: &Person) -> Call {
    let call = Call::new(operation.method.clone(), &operation.path);
    match operation.path.as_str() {
        "/api/auth/change-email" => call.json(&json!({"newEmail": "evil@example.com"})),
        "/api/auth/delete-user" => call.json(&json!({"password": person.password})),
        "/api/auth/change-password" => call.json(&json!({
            "currentPassword": person.password, "newPassword": "another password",
        })),
        "/api/auth/revoke-session" => call.json(&json!({"token": person.session_token})),
        "/api/auth/update-user" => call.json(&json!({"name": EVIL})),
        _ if operation.method == Method::POST => call.json(&json!({})),
        _ => call,
    }
}

#[test]
fn every_operation_is_somebodys_own_or_needs_signing_in_or_is_listed_as_open() {
    let mut open = Vec::new();
    for operation in operations() {
        let name = format!("{} {}", operation.method, operation.path);
        let is_owned = operation.path.starts_with("/api/{user_id}/tasks");
        let is_auth = operation.path.starts_with("/api/auth/");
        if operation.needs_sign_in() {
            assert!(is_owned || is_auth, "{name} needs a test of its own here");
        } else {
            assert!(!is_owned, "{name} must not be open");
            open.push(name.clone());
        }
        let parameters = operation.path.split('/').filter(|part| part.starts_with('{'));
        // What stands in the path there is a secret that was sent to whom it belongs to.
        for parameter in parameters.filter(|_| operation.path != "/api/auth/reset-password/{token}")
        {
            assert!(["{user_id}", "{id}"].contains(&parameter), "{name}: who owns {parameter}?");
            assert!(is_owned, "{name}: whose is it?");
        }
    }
    open.sort();
    assert_eq!(open, OPEN);
    assert_eq!(owned().len(), 7);
}

on_every_engine! {
    async fn without_a_credential_nothing_is_answered(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Ada's"})).await;
        for operation in owned() {
            for user in ["me", &ada.id, "nobody"] {
                let call = call(&operation, user, task["id"].as_str().expect("an id"));
                let answer = app.send(call).await;
                answer.problem(401, "unauthorized");
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
        let mut covered = 0;
        for operation in operations().iter().filter(|one| one.path.starts_with("/api/auth/")) {
            if operation.needs_sign_in() {
                covered += 1;
                let answer = app.send(auth_call(operation, &ada)).await;
                let expected = r#"{"message":"Unauthorized","code":"UNAUTHORIZED"}"#;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", operation.path);
                assert_eq!(answer.text(), expected);
                assert_eq!(answer.set_cookies(), Vec::<String>::new());
            }
        }
        assert_eq!(covered, 10);
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn an_expired_jwt_is_refused_everywhere(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Ada's"})).await;
        let id = task["id"].as_str().expect("an id");
        app.advance(Duration::from_secs(15 * 60 + 29));
        app.send(Call::get("/api/me/tasks").bearer(&ada.jwt)).await.expect(200);
        app.advance(Duration::from_secs(1));
        for operation in owned() {
            let answer = app.send(call(&operation, "me", id).bearer(&ada.jwt)).await;
            answer.problem(401, "unauthorized");
            let challenge = answer.header("www-authenticate");
            assert!(
                challenge.starts_with("Bearer error=\"invalid_token\", error_description="),
                "{challenge}"
            );
        }
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn a_path_that_names_somebody_else_is_forbidden(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let task = app.task(&ada, json!({"title": "Ada's"})).await;
        let id = task["id"].as_str().expect("an id");
        for operation in owned() {
            for credential in CREDENTIALS {
                let mut bodies = Vec::new();
                for (user, id) in
                    [(&*ada.id, id), (&ada.id, MISSING_ID), (&ada.id, "no-id"), ("nobody", id)]
                {
                    let answer = app.send(credential.on(call(&operation, user, id), &bob)).await;
                    answer.problem(403, "forbidden");
                    bodies.push(answer.body);
                }
                assert!(bodies.iter().all(|body| *body == bodies[0]), "{credential:?} tells");
            }
        }
        assert_eq!(app.tasks_of(&ada).await, [task]);
        assert_eq!(app.tasks_of(&bob).await, Vec::<Value>::new());
    }

    async fn somebody_elses_task_looks_as_if_it_never_existed(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let task = app.task(&ada, json!({"title": "Ada's"})).await;
        let id = task["id"].as_str().expect("an id");
        let on_a_task = owned().into_iter().filter(|operation| operation.path.contains("{id}"));
        let mut covered = 0;
        for operation in on_a_task {
            covered += 1;
            for credential in CREDENTIALS {
                for user in ["me", &bob.id] {
                    for condition in [None, Some("*"), Some("\"1\"")] {
                        let ask = |id: &str| {
                            let call = credential.on(call(&operation, user, id), &bob);
                            match condition {
                                Some(tag) if operation.method != Method::GET => {
                                    call.header("if-match", tag)
                                }
                                _ => call,
                            }
                        };
                        let theirs = app.send(ask(id)).await;
                        let missing = app.send(ask(MISSING_ID)).await;
                        assert_eq!(theirs.status, missing.status);
                        if operation.method == Method::PUT {
                            // An id that is new to Bob makes a task of his own, whoever else uses it.
                            put_alike(&app, &bob, [theirs, missing], [id, MISSING_ID]).await;
                        } else {
                            theirs.problem(404, "not_found");
                            assert_eq!(theirs.body, missing.body);
                            assert_eq!(theirs.headers, missing.headers);
                        }
                    }
                }
            }
        }
        assert_eq!(covered, 5);
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn lists_hold_nobody_elses_tasks_whatever_is_asked(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        app.task(&ada, json!({"title": "Shared word", "tags": ["t"], "due_date": "2026-11-23"}))
            .await;
        let own = app
            .task(&bob, json!({"title": "Shared word", "tags": ["t"], "due_date": "2026-11-23"}))
            .await;
        for query in
            ["", "q=shared", "tag=t", "due=today", "sort=title", "priority=none", "include=total"]
        {
            let page = app.read(&bob, &format!("/api/me/tasks?{query}")).await;
            assert_eq!(page["tasks"], json!([own]), "{query}");
            assert!(page.get("total").is_none_or(|total| total == 1));
        }
    }

    async fn an_account_of_ones_own_is_all_that_auth_routes_touch(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for operation in operations().iter().filter(|one| one.path.starts_with("/api/auth/")) {
            if operation.needs_sign_in() {
                // Bob names Ada's session and password wherever he can.
                let answer = app.send(auth_call(operation, &ada).bearer(&bob.session_token)).await;
                assert!(!answer.text().contains(&ada.id), "{}", operation.path);
                assert!(!answer.text().contains(&ada.session_token), "{}", operation.path);
            }
        }
        let session = app.send(Call::get("/api/auth/get-session").bearer(&ada.session_token)).await;
        assert_eq!(session.expect(200)["user"]["name"], "ada");
        let sign_in = json!({"email": ada.email, "password": ada.password});
        app.send(Call::post("/api/auth/sign-in/email").json(&sign_in)).await.expect(200);
    }
}

/// Two answers to the same `PUT` differ in the id alone, and what they made is removed again.
async fn put_alike(
    app: &TestApp,
    bob: &Person,
    answers: [crate::support::http::Response; 2],
    ids: [&str; 2],
) {
    for (answer, id) in answers.iter().zip(ids) {
        if answer.status == StatusCode::CREATED {
            let mut task = answer.json();
            assert_eq!(task["user_id"], bob.id.as_str());
            assert_eq!(task["title"], EVIL);
            assert_eq!(task["id"], id);
            task["id"] = Value::Null;
            let path = format!("/api/me/tasks/{id}");
            app.send(Call::delete(&path).bearer(&bob.session_token)).await.expect(204);
        } else {
            assert_eq!(answer.problem(412, "precondition_failed")["current"], Value::Null);
            assert_eq!(answer.body, answers[0].body);
        }
    }
}
