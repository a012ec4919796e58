//! Merge patches against a model: what RFC 7396 says, on the fields that a task has.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::Call;

const STEPS: usize = 60;

/// A patch: each field absent, `null` where that means something, or a value.
fn patches() -> impl Strategy<Value = Value> {
    let text = |longest| {
        let pattern = format!("[A-Za-zäß日😀'\"%][ -~]{{0,{longest}}}[a-z]");
        prop::string::string_regex(&pattern).expect("a pattern")
    };
    let tags = prop::collection::btree_set("[a-zé]{1,8}", 0..5);
    (
        prop::option::of(text(40)),
        prop::option::of(prop::option::of(text(300))),
        prop::option::of(prop::option::of(prop::bool::ANY)),
        prop::option::of(prop::option::of(prop::sample::select(vec![
            "none", "low", "medium", "high", "urgent",
        ]))),
        prop::option::of(prop::option::of(prop::sample::select(vec![
            "2026-12-01",
            "0001-01-02",
            "9999-12-30",
            "2026-12-01T08:00:00.000Z",
        ]))),
        prop::option::of(prop::option::of(tags)),
    )
        .prop_map(|(title, description, completed, priority, due_date, tags)| {
            let fields = [
                ("title", title.map(Value::from)),
                ("description", description.map(Value::from)),
                ("completed", completed.map(Value::from)),
                ("priority", priority.map(Value::from)),
                ("due_date", due_date.map(Value::from)),
                ("tags", tags.map(|tags| json!(tags))),
            ];
            let sent =
                fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
            Value::Object(sent.collect::<Map<_, _>>())
        })
}

/// What `null` leaves of a field.
fn cleared(name: &str) -> Value {
    match name {
        "completed" => json!(false),
        "priority" => json!("none"),
        "tags" => json!([]),
        _ => Value::Null,
    }
}

fn merge(task: &mut Value, patch: &Value) {
    for (name, value) in patch.as_object().expect("a patch is an object") {
        task[name] = if value.is_null() { cleared(name) } else { value.clone() };
    }
}

on_every_engine! {
    async fn a_sequence_of_patches_does_what_the_model_says(app: TestApp) {
        let ada = app.person("ada").await;
        let mut model = app.task(&ada, json!({"title": "Start"})).await;
        let path = format!("/api/me/tasks/{}", model["id"].as_str().expect("an id"));
        let mut runner = TestRunner::deterministic();
        for step in 0..STEPS {
            let patch = patches().new_tree(&mut runner).expect("a patch").current();
            let call = if step % 3 == 0 { Call::put(&path) } else { Call::patch(&path) };
            let task = app.send_as(&ada, call.json(&patch)).await.expect(200);
            merge(&mut model, &patch);
            for (name, expected) in model.as_object().expect("an object") {
                let by_the_server = ["version", "updated_at", "completed_at"];
                if !by_the_server.contains(&name.as_str()) {
                    assert_eq!(&task[name], expected, "{name} after step {step}: {patch}");
                }
            }
            assert_eq!(task["completed_at"].is_null(), task["completed"] == false);
            assert_eq!(app.read(&ada, &path).await, task);
        }
    }
}
