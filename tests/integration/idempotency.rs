//! `Idempotency-Key`: a write that is asked for again is answered as it was, and happens once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::{Call, Response};

const HEADER: &str = "idempotency-key";
const TASKS: &str = "/api/me/tasks";

fn keyed(call: Call, key: &str) -> Call {
    call.header(HEADER, &format!("\"{key}\""))
}

fn is_replayed(response: &Response) -> bool {
    response.header("idempotency-replayed") == "true"
}

/// Sends a write twice; the second answer must be the first, word for word.
async fn twice(app: &TestApp, person: &Person, call: Call) -> Response {
    let first = app.send_as(person, call.clone()).await;
    assert!(first.status.is_success() && !is_replayed(&first), "{}", first.text());
    let again = app.send_as(person, call).await;
    assert!(is_replayed(&again), "{}", again.text());
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["etag", "location", "content-type", "cache-control"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    first
}

async fn total(app: &TestApp, person: &Person) -> Value {
    app.read(person, "/api/me/tasks?include=total&limit=1").await["total"].clone()
}

on_every_engine! {
    async fn every_write_happens_once_and_is_answered_alike(app: TestApp) {
        let ada = app.person("ada").await;
        let task = json!({"title": "Buy milk", "description": "two", "priority": "high", "tags": ["a", "b"],
            "due_date": "2026-12-01T09:00:00Z"});
        let created = twice(&app, &ada, keyed(Call::post(TASKS).json(&task), "post")).await;
        assert_eq!(created.status, 201);
        assert_eq!(total(&app, &ada).await, 1);

        let path = format!("{TASKS}/{}", created.json()["id"].as_str().expect("an id"));
        let toggle = keyed(Call::patch(&format!("{path}/complete")), "toggle");
        assert_eq!(twice(&app, &ada, toggle).await.json()["completed"], true);
        let rename = keyed(Call::patch(&path).json(&json!({"title": "Buy oat milk"})), "patch");
        assert_eq!(twice(&app, &ada, rename).await.json()["title"], "Buy oat milk");
        let change = keyed(Call::put(&path).json(&json!({"priority": "low"})), "put");
        assert_eq!(twice(&app, &ada, change).await.status, 200);
        let made = keyed(Call::put(&format!("{TASKS}/0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11")).json(&task), "put a new one");
        assert_eq!(twice(&app, &ada, made).await.status, 201);
        let version = app.read(&ada, &path).await["version"].clone();
        assert_eq!(version, created.json()["version"].as_i64().expect("a number") + 3);

        assert_eq!(twice(&app, &ada, keyed(Call::delete(&path), "delete")).await.status, 204);
        assert_eq!(total(&app, &ada).await, 1);
    }

    async fn what_could_not_be_done_a_second_time_is_a_repeat_all_the_same(app: TestApp) {
        let ada = app.person("ada").await;
        // The id is taken, by the task that the first one made.
        let task = json!({"id": "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11", "title": "mine"});
        let made = twice(&app, &ada, keyed(Call::post(TASKS).json(&task), "post")).await;
        let path = format!("{TASKS}/0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11");
        // Its version is not the same any more, or it is gone: the first one has seen to that.
        let version = made.header("etag");
        let rename = Call::patch(&path).json(&json!({"title": "new"})).header("if-match", version);
        let renamed = twice(&app, &ada, keyed(rename, "patch")).await;
        let delete = Call::delete(&path).header("if-match", renamed.header("etag"));
        assert_eq!(twice(&app, &ada, keyed(delete, "delete")).await.status, 204);
        // The quota is reached.
        app.execute("UPDATE owners SET task_count = 999").await;
        let last = keyed(Call::post(TASKS).json(&json!({"title": "last"})), "last");
        assert_eq!(twice(&app, &ada, last).await.status, 201);
        let other = keyed(Call::post(TASKS).json(&json!({"title": "too many"})), "last");
        app.send_as(&ada, other).await.problem(422, "key_reused");
    }

    async fn the_first_answer_comes_back_whatever_has_happened_since(app: TestApp) {
        let ada = app.person("ada").await;
        let create = keyed(Call::post(TASKS).json(&json!({"title": "Buy milk"})), "k");
        let first = app.send_as(&ada, create.clone()).await;
        let path = format!("{TASKS}/{}", first.json()["id"].as_str().expect("an id"));
        app.send_as(&ada, Call::delete(&path)).await.expect(204);
        let again = app.send_as(&ada, create).await;
        assert!(is_replayed(&again));
        assert_eq!(again.body, first.body);
        app.send_as(&ada, Call::get(&path)).await.problem(404, "not_found");
    }

    async fn a_key_that_is_used_for_something_else_is_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "one"})).await;
        let other = app.task(&ada, json!({"title": "two"})).await;
        let path = |task: &Value| format!("{TASKS}/{}", task["id"].as_str().expect("an id"));
        let body = json!({"title": "new"});
        let first = keyed(Call::patch(&path(&task)).json(&body), "k");
        app.send_as(&ada, first.clone()).await.expect(200);
        for call in [
            Call::patch(&path(&task)).json(&json!({"title": "other"})),
            Call::patch(&path(&other)).json(&body),
            Call::patch(&path(&task)).json(&body).header("if-match", "*"),
            Call::put(&path(&task)).json(&body),
            Call::patch(&format!("{}/complete", path(&task))),
            Call::post(TASKS).json(&body),
            Call::delete(&path(&other)),
        ] {
            app.send_as(&ada, keyed(call, "k")).await.problem(422, "key_reused");
        }
        assert_eq!(app.read(&ada, &path(&other)).await, other);
        // The same, spelled in other ways.
        let mine = path(&task).replace("/me/", &format!("/{}/", ada.id));
        let spelled = Call::patch(&mine).body("application/merge-patch+json", " { \"title\" : \"n\\u0065w\" } ");
        assert!(is_replayed(&app.send_as(&ada, keyed(spelled, "k")).await));
    }

    async fn what_changed_nothing_is_tried_again(app: TestApp) {
        let ada = app.person("ada").await;
        let path = format!("{TASKS}/0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11");
        let rename = keyed(Call::patch(&path).json(&json!({"title": "new"})), "rename");
        app.send_as(&ada, rename.clone()).await.problem(404, "not_found");
        let delete = keyed(Call::delete(&path), "delete");
        app.send_as(&ada, delete.clone()).await.problem(404, "not_found");
        let invalid = keyed(Call::post(TASKS).json(&json!({"title": ""})), "create");
        app.send_as(&ada, invalid).await.problem(422, "invalid_field");

        let task = json!({"id": "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11", "title": "old"});
        let created = twice(&app, &ada, keyed(Call::post(TASKS).json(&task), "create")).await.json();
        app.send_as(&ada, keyed(Call::post(TASKS).json(&task), "another")).await.problem(409, "id_taken");
        let stale = keyed(Call::patch(&path).json(&json!({"title": "new"})).header("if-match", "\"77\""), "stale");
        let refused = app.send_as(&ada, stale).await.problem(412, "precondition_failed");
        assert_eq!(refused["current"], created);
        twice(&app, &ada, rename).await;
        twice(&app, &ada, delete).await;
        // A condition that held the first time is not looked at again.
        let make = Call::put(&path).json(&json!({"title": "again"})).header("if-none-match", "*");
        assert_eq!(twice(&app, &ada, keyed(make, "make")).await.status, 201);
    }

    async fn names_in_another_order_are_the_same_request(app: TestApp) {
        let ada = app.person("ada").await;
        let create = |body: &'static str| keyed(Call::post(TASKS).body("application/json", body), "k");
        let first = app.send_as(&ada, create(r#"{"title":"t","priority":"low"}"#)).await;
        let again = app.send_as(&ada, create(r#"{ "priority":"low", "title":"t" }"#)).await;
        assert!(is_replayed(&again), "{}", again.text());
        assert_eq!(again.body, first.body);
    }

    async fn a_key_is_its_owners_alone(app: TestApp) {
        let (ada, grace) = (app.person("ada").await, app.person("grace").await);
        let task = |title: &str| keyed(Call::post(TASKS).json(&json!({"title": title})), "k");
        let hers = app.send_as(&ada, task("ada's")).await.expect(201);
        let other = app.send_as(&grace, task("grace's")).await;
        assert!(!is_replayed(&other));
        assert_eq!(other.json()["title"], "grace's");
        assert_eq!(twice_again(&app, &ada, task("ada's")).await, hers);
    }

    async fn a_key_lives_for_a_day(app: TestApp) {
        let ada = app.person("ada").await;
        let create = keyed(Call::post(TASKS).json(&json!({"title": "daily"})), "k");
        app.send_as(&ada, create.clone()).await.expect(201);
        // A session outlives a JWT.
        let create = create.bearer(&ada.session_token);
        app.advance(Duration::from_secs(86_399));
        assert!(is_replayed(&app.send(create.clone()).await));
        app.advance(Duration::from_secs(1));
        let again = app.send(create).await;
        assert!(!is_replayed(&again) && again.status == 201, "{}", again.text());
        assert_eq!(app.tasks_of(&ada).await.len(), 2);
    }

    async fn a_key_lives_for_ten_thousand_further_changes(app: TestApp) {
        let ada = app.person("ada").await;
        let create = |key: &str| keyed(Call::post(TASKS).json(&json!({"title": key})), key);
        app.send_as(&ada, create("first")).await.expect(201);
        app.execute("UPDATE owners SET version = version + 9997").await;
        app.send_as(&ada, create("second")).await.expect(201);
        assert!(is_replayed(&app.send_as(&ada, create("first")).await));
        app.send_as(&ada, create("third")).await.expect(201);
        // The ten thousandth would be this one.
        assert!(!is_replayed(&app.send_as(&ada, create("first")).await));
        for key in ["second", "third", "first"] {
            assert!(is_replayed(&app.send_as(&ada, create(key)).await), "{key}");
        }
        // Whichever key is used, one at least that is too old goes for it.
        app.execute("UPDATE owners SET version = version + 10000").await;
        for number in 4..10 {
            app.send_as(&ada, create(&number.to_string())).await.expect(201);
            assert!(app.number("SELECT count(*) FROM idempotency_keys").await <= 3.max(number - 3));
        }
        assert_eq!(app.number("SELECT count(*) FROM idempotency_keys").await, 6);
    }

    async fn old_keys_go_also_where_many_come_at_once(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.send_as(&ada, Call::post(TASKS).json(&json!({"title": "t"}))).await.expect(201);
        let path = format!("{TASKS}/{}", task["id"].as_str().expect("an id"));
        let rename = |key: String| {
            app.send_as(&ada, keyed(Call::patch(&path).json(&json!({"title": key})), &key))
        };
        for round in 0..6 {
            for answer in join_all((0..16).map(|number| rename(format!("{round} {number}")))).await {
                answer.expect(200);
            }
            if round == 2 {
                app.execute("UPDATE owners SET version = version + 10000").await;
            }
        }
        assert_eq!(app.number("SELECT count(*) FROM idempotency_keys").await, 48);
    }

    async fn of_many_at_once_one_is_carried_out(app: TestApp) {
        let ada = app.person("ada").await;
        let create = keyed(Call::post(TASKS).json(&json!({"title": "once"})), "k");
        let answers = join_all((0..16).map(|_| app.send_as(&ada, create.clone()))).await;
        let first = answers.iter().filter(|answer| answer.status == 201 && !is_replayed(answer)).count();
        assert_eq!(first, 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.problem(409, "still_running");
            assert_eq!(answer.header("retry-after"), "1");
        }
        assert_eq!(total(&app, &ada).await, 1);
        assert!(is_replayed(&app.send_as(&ada, create).await));
    }

    async fn a_key_that_does_not_read_is_refused_before_anything_happens(app: TestApp) {
        let ada = app.person("ada").await;
        for key in ["bare", "\"\"", "\"a\"; b"] {
            let create = Call::post(TASKS).json(&json!({"title": "t"})).header(HEADER, key);
            app.send_as(&ada, create).await.problem(400, "malformed_request");
        }
        let create = keyed(keyed(Call::post(TASKS).json(&json!({"title": "t"})), "a"), "b");
        app.send_as(&ada, create).await.problem(400, "malformed_request");
        assert_eq!(total(&app, &ada).await, 0);
        // Who is asking comes first.
        let stranger = Call::post("/api/somebody/tasks").header(HEADER, "bare").json(&json!({"title": "t"}));
        app.send_as(&ada, stranger).await.problem(403, "forbidden");
    }

    async fn keys_that_have_run_out_are_swept_behind_a_write(app: TestApp) {
        let (ada, grace) = (app.person("ada").await, app.person("grace").await);
        for number in 0..3 {
            let create = Call::post(TASKS).json(&json!({"title": "t"}));
            app.send_as(&ada, keyed(create, &format!("{number}"))).await.expect(201);
        }
        app.advance(Duration::from_hours(25));
        let create = keyed(Call::post(TASKS).json(&json!({"title": "t"})), "k");
        app.send(create.bearer(&grace.session_token)).await.expect(201);
        let keys = "SELECT count(*) FROM idempotency_keys";
        for _ in 0..500 {
            if app.number(keys).await == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(app.number(keys).await, 1);
    }
}

async fn twice_again(app: &TestApp, person: &Person, call: Call) -> Value {
    let again = app.send_as(person, call).await;
    assert!(is_replayed(&again));
    again.json()
}
