//! What the fields of a task take, keep and give back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::Call;

fn path_of(task: &Value) -> String {
    format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"))
}

async fn patch(app: &TestApp, person: &Person, task: &Value, patch: Value) -> Value {
    app.send_as(person, Call::patch(&path_of(task)).json(&patch)).await.expect(200)
}

fn full() -> Value {
    json!({
        "title": "Grüße an 👩‍👩‍👧 \"quoted\" \\ \u{2028} /", "description": "line one\nline two\twith a tab",
        "priority": "urgent", "due_date": "2026-12-01", "tags": ["home", "日本"],
    })
}

on_every_engine! {
    async fn everything_that_is_sent_comes_back_as_it_was_sent(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, full()).await;
        for (name, value) in full().as_object().expect("an object") {
            assert_eq!(&task[name], value, "{name}");
        }
        assert_eq!(app.read(&ada, &path_of(&task)).await, task);
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn a_task_sent_back_as_it_was_read_changes_nothing_but_its_version(app: TestApp) {
        let ada = app.person("ada").await;
        let mut task = full();
        task["completed"] = json!(true);
        let task = app.task(&ada, task).await;
        app.advance(Duration::from_secs(5));
        for call in [Call::put(&path_of(&task)), Call::patch(&path_of(&task))] {
            let again = app.send_as(&ada, call.json(&task)).await.expect(200);
            let mut expected = task.clone();
            expected["version"] = again["version"].clone();
            expected["updated_at"] = again["updated_at"].clone();
            assert_eq!(again, expected);
        }
    }

    async fn read_only_fields_are_ignored_whatever_they_hold(app: TestApp) {
        let ada = app.person("ada").await;
        let read_only = json!({
            "title": "Mine", "user_id": "somebody else", "version": 999, "completed_at": "never",
            "created_at": 5, "updated_at": {"no": "date"},
        });
        let created = app.task(&ada, read_only.clone()).await;
        let put = Call::put(&path_of(&created)).json(&read_only);
        let patched = Call::patch(&path_of(&created)).json(&read_only);
        let mut tasks = vec![created.clone()];
        for call in [put, patched] {
            tasks.push(app.send_as(&ada, call).await.expect(200));
        }
        for task in tasks {
            assert_eq!(task["user_id"], ada.id.as_str());
            assert_eq!(task["completed_at"], Value::Null);
            assert_eq!(task["created_at"], "2026-11-23T07:00:00.000Z");
            assert_ne!(task["version"], 999);
        }
        let other_id = json!({"id": "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11", "title": "Still mine"});
        let patched = patch(&app, &ada, &created, other_id).await;
        assert_eq!(patched["id"], created["id"]);
        assert_eq!(app.tasks_of(&ada).await, [patched]);
    }

    async fn patching_with_null_clears(app: TestApp) {
        let ada = app.person("ada").await;
        let mut task = full();
        task["completed"] = json!(true);
        let task = app.task(&ada, task).await;
        let nulls = json!({
            "description": null, "due_date": null, "tags": null, "priority": null, "completed": null,
        });
        let cleared = patch(&app, &ada, &task, nulls).await;
        assert_eq!(cleared["title"], task["title"]);
        assert_eq!(cleared["description"], Value::Null);
        assert_eq!(cleared["due_date"], Value::Null);
        assert_eq!(cleared["tags"], json!([]));
        assert_eq!(cleared["priority"], "none");
        assert_eq!(cleared["completed"], false);
        assert_eq!(cleared["completed_at"], Value::Null);
        let no_title = Call::patch(&path_of(&task)).json(&json!({"title": null}));
        let problem = app.send_as(&ada, no_title).await.problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], "/title");
        assert_eq!(app.read(&ada, &path_of(&task)).await, cleared);
    }

    async fn a_merge_patch_may_be_sent_under_its_own_media_type(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, full()).await;
        for media_type in [
            "application/merge-patch+json",
            "application/json; charset=utf-8",
            "Application/Merge-Patch+JSON",
        ] {
            let body = json!({"title": media_type}).to_string();
            let call = Call::patch(&path_of(&task)).body(media_type, body);
            assert_eq!(app.send_as(&ada, call).await.expect(200)["title"], media_type);
        }
    }

    async fn an_empty_patch_keeps_every_field(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, full()).await;
        let same = patch(&app, &ada, &task, json!({})).await;
        for name in ["id", "title", "description", "completed", "priority", "due_date", "tags"] {
            assert_eq!(same[name], task[name], "{name}");
        }
        assert!(same["version"].as_i64() >= task["version"].as_i64());
    }

    async fn titles_and_tags_are_trimmed_and_tags_are_kept_once_in_order(app: TestApp) {
        let ada = app.person("ada").await;
        let sent = json!({"title": " \u{3000}Buy milk ", "tags": [" b", "a", "b ", "B", "a"]});
        let task = app.task(&ada, sent).await;
        assert_eq!(task["title"], "Buy milk");
        assert_eq!(task["tags"], json!(["b", "a", "B"]));
    }

    async fn due_instants_are_answered_in_utc_and_days_as_days(app: TestApp) {
        let ada = app.person("ada").await;
        for (sent, expected) in [
            ("2026-12-01", "2026-12-01"),
            ("2026-12-01T00:30:00+01:00", "2026-11-30T23:30:00.000Z"),
            ("2026-12-01T12:00:00.5Z", "2026-12-01T12:00:00.500Z"),
        ] {
            let task = app.task(&ada, json!({"title": sent, "due_date": sent})).await;
            assert_eq!(task["due_date"], expected);
            assert_eq!(app.read(&ada, &path_of(&task)).await["due_date"], expected);
        }
    }

    async fn lengths_are_counted_in_characters_up_to_the_bound(app: TestApp) {
        let ada = app.person("ada").await;
        let tags: Vec<String> = (0..32).map(|n| format!("{n:02}{}", "ß".repeat(62))).collect();
        let longest = json!({
            "title": "😀".repeat(200), "description": "é".repeat(10_000), "tags": tags,
        });
        let task = app.task(&ada, longest.clone()).await;
        assert_eq!(task["title"], longest["title"]);
        assert_eq!(task["description"], longest["description"]);
        assert_eq!(task["tags"], longest["tags"]);
        let too_long = json!({
            "title": "😀".repeat(201), "description": "é".repeat(10_001), "tags": ["x".repeat(65)],
            "colour": "red", "priority": "asap", "due_date": "tomorrow", "completed": "yes",
        });
        let refused = app.send_as(&ada, Call::patch(&path_of(&task)).json(&too_long)).await;
        let problem = refused.problem(422, "invalid_field");
        let errors = problem["errors"].as_array().expect("errors");
        let pairs: Vec<_> = errors
            .iter()
            .map(|error| [&error["pointer"], &error["code"]].map(Value::as_str))
            .collect();
        assert_eq!(
            pairs,
            [
                [Some("/title"), Some("length")],
                [Some("/description"), Some("length")],
                [Some("/tags/0"), Some("length")],
                [Some("/colour"), Some("unknown_field")],
                [Some("/priority"), Some("value")],
                [Some("/due_date"), Some("format")],
                [Some("/completed"), Some("type")],
            ]
        );
        assert_eq!(app.read(&ada, &path_of(&task)).await, task);
    }
}
