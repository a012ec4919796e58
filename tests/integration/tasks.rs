//! The life of a task, through HTTP.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::Call;

const CHOSEN_ID: &str = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";

fn path_of(task: &Value) -> String {
    format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"))
}

fn version_of(task: &Value) -> i64 {
    task["version"].as_i64().expect("a version")
}

on_every_engine! {
    async fn a_created_task_is_found_under_its_location(app: TestApp) {
        let ada = app.person("ada").await;
        let created = app
            .send(
                Call::post("/api/me/tasks").bearer(&ada.jwt).json(&json!({"title": " Buy milk "})),
            )
            .await;
        assert_eq!(created.status, StatusCode::CREATED);
        assert_eq!(created.json()["title"], "Buy milk");
        let found = app.send(Call::get(created.header("location")).bearer(&ada.jwt)).await;
        assert_eq!(found.status, StatusCode::OK);
        assert_eq!(found.json(), created.json());
        assert_eq!(found.header("etag"), created.header("etag"));
    }

    async fn a_new_task_has_the_documented_fields_in_order_with_their_defaults(app: TestApp) {
        let ada = app.person("ada").await;
        let created = app
            .send_as(&ada, Call::post("/api/me/tasks").json(&json!({"title": "Buy milk"})))
            .await;
        let task = created.json();
        let id = task["id"].as_str().expect("an id");
        let expected = format!(
            r#"{{"id":"{id}","user_id":"{}","title":"Buy milk","description":null,"completed":false,"completed_at":null,"priority":"none","due_date":null,"tags":[],"version":{},"created_at":"2026-11-23T07:00:00.000Z","updated_at":"2026-11-23T07:00:00.000Z"}}"#,
            ada.id, task["version"],
        );
        assert_eq!(created.text(), expected);
        assert_eq!(created.header("etag"), format!("\"{}\"", task["version"]));
        assert_eq!(created.header("location"), format!("/api/me/tasks/{id}"));
        let id: uuid::Uuid = id.parse().expect("a UUID");
        assert_eq!(id.get_version_num(), 7);
    }

    async fn ones_own_id_in_the_path_is_the_same_as_me(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let named = path_of(&task).replace("/me/", &format!("/{}/", ada.id));
        assert_eq!(app.read(&ada, &named).await, task);
        let encoded = named.replace(&ada.id[..1], &format!("%{:02x}", ada.id.as_bytes()[0]));
        let encoded = app.send_as(&ada, Call::get(&encoded)).await;
        assert_ne!(encoded.status, StatusCode::INTERNAL_SERVER_ERROR);
    }

    async fn putting_a_new_id_creates_the_task_under_it(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("/api/me/tasks/{CHOSEN_ID}");
        let put = app.send_as(&ada, Call::put(&path).json(&json!({"title": "Mine"}))).await;
        let task = put.expect(201);
        assert_eq!(task["id"], CHOSEN_ID);
        assert_eq!(put.header("location"), path);
        assert_eq!(put.header("etag"), format!("\"{}\"", version_of(&task)));
        assert_eq!(app.read(&ada, &path).await, task);
    }

    async fn putting_a_new_id_without_a_title_creates_nothing(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("/api/me/tasks/{CHOSEN_ID}");
        let put = app.send_as(&ada, Call::put(&path).json(&json!({"priority": "high"}))).await;
        let problem = put.problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/title");
        assert_eq!(problem["errors"][0]["code"], "required");
        app.send_as(&ada, Call::get(&path)).await.problem(404, "not_found");
        assert_eq!(app.tasks_of(&ada).await, Vec::<Value>::new());
    }

    async fn putting_an_existing_id_keeps_what_is_not_sent(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app
            .task(
                &ada,
                json!({
                    "title": "Buy milk", "description": "2 %", "priority": "high",
                    "due_date": "2026-12-01", "tags": ["home", "shop"], "completed": true,
                }),
            )
            .await;
        app.advance(Duration::from_secs(60));
        let put = app
            .send_as(&ada, Call::put(&path_of(&task)).json(&json!({"title": "Buy oat milk"})))
            .await;
        let changed = put.expect(200);
        assert!(put.headers.get("location").is_none());
        let mut expected = task.clone();
        expected["title"] = json!("Buy oat milk");
        expected["version"] = changed["version"].clone();
        expected["updated_at"] = json!("2026-11-23T07:01:00.000Z");
        assert_eq!(changed, expected);
        assert!(version_of(&changed) > version_of(&task));
        assert_eq!(app.read(&ada, &path_of(&task)).await, changed);
    }

    async fn a_client_may_choose_the_id_of_a_new_task_once(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Mine", "id": CHOSEN_ID})).await;
        assert_eq!(task["id"], CHOSEN_ID);
        let again = json!({"title": "Mine again", "id": CHOSEN_ID.to_uppercase()});
        let again = app.send_as(&ada, Call::post("/api/me/tasks").json(&again)).await;
        again.problem(409, "id_taken");
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn two_people_may_choose_the_same_id(app: TestApp) {
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        let of_ada = app.task(&ada, json!({"title": "Ada's", "id": CHOSEN_ID})).await;
        let of_bob = app.task(&bob, json!({"title": "Bob's", "id": CHOSEN_ID})).await;
        assert_eq!(app.tasks_of(&ada).await, [of_ada]);
        assert_eq!(app.tasks_of(&bob).await, [of_bob]);
    }

    async fn completing_toggles_and_stamps_the_time(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let path = format!("{}/complete", path_of(&task));
        app.advance(Duration::from_millis(1_234));
        let done = app.send_as(&ada, Call::patch(&path)).await.expect(200);
        assert_eq!(done["completed"], true);
        assert_eq!(done["completed_at"], "2026-11-23T07:00:01.234Z");
        assert_eq!(done["updated_at"], "2026-11-23T07:00:01.234Z");
        assert_eq!(done["created_at"], task["created_at"]);
        let reopened = app.send_as(&ada, Call::patch(&path).json(&json!({}))).await.expect(200);
        assert_eq!(reopened["completed"], false);
        assert_eq!(reopened["completed_at"], Value::Null);
        assert!(version_of(&reopened) > version_of(&done));
    }

    async fn completing_what_is_completed_keeps_the_time(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let path = path_of(&task);
        let complete = Call::patch(&format!("{path}/complete")).json(&json!({"completed": true}));
        let done = app.send_as(&ada, complete.clone()).await.expect(200);
        app.advance(Duration::from_secs(3600));
        for again in [complete, Call::patch(&path).json(&json!({"completed": true, "title": "B"}))]
        {
            // An hour later the JWT is over; the session is not.
            let again = app.send(again.bearer(&ada.session_token)).await.expect(200);
            assert_eq!(again["completed_at"], done["completed_at"]);
            assert!(version_of(&again) >= version_of(&done));
        }
        let reopen = Call::patch(&format!("{path}/complete")).json(&json!({"completed": false}));
        let reopened = app.send(reopen.bearer(&ada.session_token)).await.expect(200);
        assert_eq!(reopened["completed_at"], Value::Null);
        let patched = Call::patch(&path).json(&json!({"completed": true}));
        let patched = app.send(patched.bearer(&ada.session_token)).await.expect(200);
        assert_eq!(patched["completed_at"], "2026-11-23T08:00:00.000Z");
    }

    async fn a_deleted_task_is_gone_and_deleting_it_again_is_not_found(app: TestApp) {
        let ada = app.person("ada").await;
        let kept = app.task(&ada, json!({"title": "Keep"})).await;
        let task = app.task(&ada, json!({"title": "Delete"})).await;
        let deleted = app.send_as(&ada, Call::delete(&path_of(&task))).await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
        assert!(deleted.body.is_empty());
        let path = path_of(&task);
        let gone = [
            Call::delete(&path),
            Call::get(&path),
            Call::patch(&path).json(&json!({"title": "Back"})),
            Call::patch(&format!("{path}/complete")),
        ];
        for call in gone {
            app.send_as(&ada, call).await.problem(404, "not_found");
        }
        assert_eq!(app.tasks_of(&ada).await, [kept]);
    }

    async fn versions_only_grow_also_across_deletion(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("/api/me/tasks/{CHOSEN_ID}");
        let mut last = 0;
        for round in 0..3 {
            let title = json!({"title": format!("Round {round}")});
            for call in [Call::put(&path), Call::put(&path), Call::patch(&path)] {
                let task = app.send_as(&ada, call.json(&title)).await.json();
                assert!(version_of(&task) > last, "{task} after {last}");
                last = version_of(&task);
            }
            app.send_as(&ada, Call::delete(&path)).await.expect(204);
        }
    }

    async fn a_task_that_the_caller_has_is_not_sent_again(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let (path, tag) = (path_of(&task), format!("\"{}\"", task["version"]));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"999999\", {tag}"), "*".to_owned()]
        {
            let call = Call::get(&path).header("if-none-match", &known);
            let unchanged = app.send_as(&ada, call).await;
            assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED, "{known}");
            assert!(unchanged.body.is_empty());
            assert_eq!(unchanged.header("etag"), tag);
        }
        app.send_as(&ada, Call::patch(&path).json(&json!({"title": "B"}))).await.expect(200);
        let changed = app.send_as(&ada, Call::get(&path).header("if-none-match", &tag)).await;
        assert_eq!(changed.expect(200)["title"], "B");
        let missing = path.replace(&path[path.len() - 36..], CHOSEN_ID);
        let missing = app.send_as(&ada, Call::get(&missing).header("if-none-match", "*")).await;
        missing.problem(404, "not_found");
    }
}
