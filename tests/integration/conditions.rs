//! Conditional writes: `If-Match`, and `If-None-Match: *`.

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::Call;

const CHOSEN_ID: &str = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";

fn path_of(task: &Value) -> String {
    format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"))
}

fn tag_of(task: &Value) -> String {
    format!("\"{}\"", task["version"])
}

/// Every write of an existing task.
fn writes(path: &str) -> [Call; 5] {
    let body = json!({"title": "Changed"});
    [
        Call::put(path).json(&body),
        Call::patch(path).json(&body),
        Call::patch(&format!("{path}/complete")),
        Call::patch(&format!("{path}/complete")).json(&json!({"completed": true})),
        Call::delete(path),
    ]
}

on_every_engine! {
    async fn a_stale_write_is_refused_with_the_task_as_it_is(app: TestApp) {
        let ada = app.person("ada").await;
        let old = app.task(&ada, json!({"title": "Buy milk"})).await;
        let path = path_of(&old);
        let rename = Call::patch(&path).json(&json!({"title": "Buy oat milk"}));
        let current = app.send_as(&ada, rename).await.expect(200);
        let stale = [
            tag_of(&old),
            format!("{}, \"999999\"", tag_of(&old)),
            format!("W/{}", tag_of(&current)),
            "\"of somebody else's making\"".to_owned(),
            format!("\"0{}\"", current["version"]),
        ];
        for tag in stale {
            for write in writes(&path) {
                let refused = app.send_as(&ada, write.header("if-match", &tag)).await;
                let problem = refused.problem(412, "precondition_failed");
                assert_eq!(problem["current"], current, "{tag}");
            }
        }
        assert_eq!(app.read(&ada, &path).await, current);
    }

    async fn a_write_of_the_current_version_goes_through_once(app: TestApp) {
        let ada = app.person("ada").await;
        for index in 0..writes("").len() {
            let task = app.task(&ada, json!({"title": "Buy milk"})).await;
            let write = writes(&path_of(&task))[index].clone().header("if-match", &tag_of(&task));
            let first = app.send_as(&ada, write.clone()).await;
            assert!(first.status.is_success(), "{}", first.text());
            let second = app.send_as(&ada, write.clone()).await;
            if first.body.is_empty() {
                second.problem(404, "not_found");
            } else {
                assert_eq!(second.problem(412, "precondition_failed")["current"], first.json());
            }
        }
    }

    async fn one_of_several_tags_is_enough(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let list = format!("\"999999\" , W/\"1\",{}", tag_of(&task));
        let write =
            Call::patch(&path_of(&task)).json(&json!({"title": "B"})).header("if-match", &list);
        let changed = app.send_as(&ada, write).await.expect(200);
        let two_lines = Call::delete(&path_of(&task))
            .header("if-match", "\"999999\"")
            .header("if-match", &tag_of(&changed));
        app.send_as(&ada, two_lines).await.expect(204);
    }

    async fn any_version_means_only_if_it_exists(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("/api/me/tasks/{CHOSEN_ID}");
        let [put, rest @ ..] = writes(&path);
        let refused = app.send_as(&ada, put.clone().header("if-match", "*")).await;
        assert_eq!(refused.problem(412, "precondition_failed")["current"], Value::Null);
        let refused = app.send_as(&ada, put.clone().header("if-match", "\"1\"")).await;
        assert_eq!(refused.problem(412, "precondition_failed")["current"], Value::Null);
        for write in rest.clone() {
            app.send_as(&ada, write.header("if-match", "*")).await.problem(404, "not_found");
        }
        assert_eq!(app.tasks_of(&ada).await, Vec::<Value>::new());
        app.send_as(&ada, put.clone()).await.expect(201);
        app.send_as(&ada, put.header("if-match", "*")).await.expect(200);
        for write in rest {
            let written = app.send_as(&ada, write.header("if-match", "*")).await;
            assert!(written.status.is_success(), "{}", written.text());
        }
        assert_eq!(app.tasks_of(&ada).await, Vec::<Value>::new());
    }

    async fn a_condition_that_does_not_read_is_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        let path = path_of(&task);
        let version = task["version"].to_string();
        let many = vec!["\"1\""; 17].join(",");
        let malformed =
            [version.as_str(), "", ",", "\"1", "1\"", "w/\"1\"", "*, \"1\"", "\"1\"\"2\"", &many];
        for value in malformed {
            for write in writes(&path) {
                let refused = app.send_as(&ada, write.header("if-match", value)).await;
                refused.problem(400, "malformed_request");
            }
            let read = Call::get(&path).header("if-none-match", value);
            app.send_as(&ada, read).await.problem(400, "malformed_request");
        }
        for write in writes(&path) {
            let both = write.header("if-match", "*").header("if-none-match", "*");
            app.send_as(&ada, both).await.problem(400, "malformed_request");
        }
        assert_eq!(app.read(&ada, &path).await, task);
    }

    async fn a_put_can_ask_that_nothing_is_there(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("/api/me/tasks/{CHOSEN_ID}");
        let put = |title: &str| {
            Call::put(&path).json(&json!({"title": title})).header("if-none-match", "*")
        };
        let task = app.send_as(&ada, put("First")).await.expect(201);
        let refused = app.send_as(&ada, put("Second")).await;
        assert_eq!(refused.problem(412, "precondition_failed")["current"], task);
        let listed = Call::put(&path).json(&json!({"title": "B"})).header("if-none-match", "\"1\"");
        app.send_as(&ada, listed).await.problem(400, "malformed_request");
        let [_, rest @ ..] = writes(&path);
        for write in rest {
            let refused = app.send_as(&ada, write.header("if-none-match", "*")).await;
            refused.problem(400, "malformed_request");
        }
        assert_eq!(app.tasks_of(&ada).await, [task]);
    }

    async fn without_a_condition_the_last_writer_wins(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Buy milk"})).await;
        for title in ["One", "Two"] {
            let write = Call::put(&path_of(&task)).json(&json!({"title": title}));
            assert_eq!(app.send_as(&ada, write).await.expect(200)["title"], title);
        }
    }
}
