//! Nobody reaches what is somebody else's, where somebody else signs people in: the operations of `isolation`, with
//! tokens by every algorithm.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::isolation::{MISSING_ID, call, owned};
use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::Call;
use crate::support::issuer::{Answer, Issuer, TestKey, claims};
use crate::support::storage::TestStorage;

const ALGORITHMS: [&str; 4] = ["EdDSA", "ES256", "RS256", "PS256"];

/// An application that takes the tokens of an issuer with a key of each kind.
struct RemoteApp {
    app: TestApp,
    keys: Vec<TestKey>,
    _issuer: Issuer,
}

impl RemoteApp {
    async fn start(storage: TestStorage) -> Self {
        let keys: Vec<TestKey> =
            ALGORITHMS.iter().map(|algorithm| TestKey::new(algorithm, algorithm)).collect();
        let issuer = Issuer::start(Answer::Keys(keys.iter().map(TestKey::jwk).collect())).await;
        let app = TestApp::verifying(storage, |clock| issuer.verifier(clock)).await;
        Self { app, keys, _issuer: issuer }
    }

    fn token(&self, subject: &str) -> String {
        self.keys[0].token(&claims(subject))
    }

    /// A task of Ada's.
    async fn task(&self) -> Value {
        let create = Call::post("/api/me/tasks").json(&json!({"title": "Ada's"}));
        self.app.send(create.bearer(&self.token("ada"))).await.expect(201)
    }

    async fn tasks_of(&self, subject: &str) -> Value {
        let list = Call::get("/api/me/tasks").bearer(&self.token(subject));
        self.app.send(list).await.expect(200)["tasks"].clone()
    }
}

on_every_engine! {
    async fn a_path_that_names_somebody_else_is_forbidden(remote: RemoteApp) {
        let task = remote.task().await;
        let id = task["id"].as_str().expect("an id");
        for operation in owned() {
            for key in &remote.keys {
                let token = key.token(&claims("bob"));
                for (user, id) in [("ada", id), ("ada", MISSING_ID), ("nobody", id)] {
                    let answer = remote.app.send(call(&operation, user, id).bearer(&token)).await;
                    answer.problem(403, "forbidden");
                }
            }
        }
        assert_eq!(remote.tasks_of("ada").await, json!([task]));
        assert_eq!(remote.tasks_of("bob").await, json!([]));
    }

    async fn somebody_elses_task_looks_as_if_it_never_existed(remote: RemoteApp) {
        let task = remote.task().await;
        let id = task["id"].as_str().expect("an id");
        let mut covered = 0;
        let on_a_task = owned().into_iter().filter(|operation| operation.path.contains("{id}"));
        // A PUT to an id that is new to Bob makes a task of his own.
        for operation in on_a_task.filter(|operation| operation.method != Method::PUT) {
            covered += 1;
            for key in &remote.keys {
                let token = key.token(&claims("bob"));
                let ask = |id| remote.app.send(call(&operation, "me", id).bearer(&token));
                let (theirs, missing) = (ask(id).await, ask(MISSING_ID).await);
                theirs.problem(404, "not_found");
                assert_eq!((theirs.body, theirs.headers), (missing.body, missing.headers));
            }
        }
        assert_eq!(covered, 4);
        let path = format!("/api/me/tasks/{id}");
        let own = Call::put(&path).json(&json!({"title": "Bob's"})).bearer(&remote.token("bob"));
        assert_eq!(remote.app.send(own).await.status, StatusCode::CREATED);
        assert_eq!(remote.tasks_of("ada").await, json!([task]));
    }

    async fn ids_of_users_are_opaque_and_compared_to_the_byte(remote: RemoteApp) {
        let task = remote.task().await;
        let id = task["id"].as_str().expect("an id");
        for lookalike in ["Ada", "ada ", " ada", "ada\u{301}", "ａda", "a%64a", "me", "ada/"] {
            let token = remote.token(lookalike);
            let path = format!("/api/ada/tasks/{id}");
            remote.app.send(Call::get(&path).bearer(&token)).await.problem(403, "forbidden");
            assert_eq!(remote.tasks_of(lookalike).await, json!([]), "{lookalike:?}");
        }
        assert_eq!(remote.tasks_of("ada").await, json!([task]));
    }
}
