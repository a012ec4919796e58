//! How often one person may ask for tasks.

use std::time::Duration;

use serde_json::json;

use crate::on_every_engine;
use crate::support::app::{Deployment, TestApp};
use crate::support::http::{Call, Response};
use crate::support::storage::TestStorage;

const TASKS: &str = "/api/me/tasks";

/// An application where a person may ask sixty times a minute.
struct Limited(TestApp);

impl Limited {
    async fn start(storage: TestStorage) -> Self {
        let deployment = Deployment { requests_per_minute: Some(60), ..Deployment::default() };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

fn left(answer: &Response) -> &str {
    answer.header("ratelimit")
}

on_every_engine! {
    async fn a_person_has_a_quota_that_comes_back_evenly_and_is_told(limited: Limited) {
        let app = limited.0;
        let (ada, grace) = (app.person("ada").await, app.person("grace").await);
        let first = app.send_as(&ada, Call::get(TASKS)).await;
        assert_eq!(first.header("ratelimit-policy"), "\"person\";q=60;w=60");
        assert_eq!(left(&first), "\"person\";r=59;t=1");
        for _ in 1..60 {
            app.send_as(&ada, Call::get(TASKS)).await.expect(200);
        }
        let create = Call::post(TASKS).json(&json!({"title": "one too many"}));
        for _ in 0..3 {
            let refused = app.send_as(&ada, create.clone()).await;
            refused.problem(429, "too_many_requests");
            assert_eq!(refused.header("retry-after"), "1");
            assert_eq!(left(&refused), "\"person\";r=0;t=60");
        }
        // Whatever they are known by, and nobody else.
        app.send(Call::get(TASKS).cookie(&ada.cookie)).await.problem(429, "too_many_requests");
        app.send_as(&grace, Call::get(TASKS)).await.expect(200);
        // What was refused has not counted.
        app.advance(Duration::from_secs(1));
        app.send_as(&ada, create.clone()).await.expect(201);
        app.send_as(&ada, create).await.problem(429, "too_many_requests");
        app.advance(Duration::from_secs(30));
        let later = app.send_as(&ada, Call::get(TASKS)).await;
        assert_eq!(left(&later), "\"person\";r=29;t=31");
        assert_eq!(later.json()["tasks"].as_array().map(Vec::len), Some(1));
    }

    async fn who_is_not_let_in_is_told_nothing_and_counts_for_nobody(limited: Limited) {
        let app = limited.0;
        let (ada, grace) = (app.person("ada").await, app.person("grace").await);
        for call in [Call::get(TASKS), Call::get(TASKS).bearer("a.b.c"), Call::get("/healthz")] {
            assert_eq!(left(&app.send(call).await), "");
        }
        let other = app.send_as(&grace, Call::get(&format!("/api/{}/tasks", ada.id))).await;
        other.problem(403, "forbidden");
        assert_eq!(left(&other), "");
        assert_eq!(left(&app.send_as(&ada, Call::get(TASKS)).await), "\"person\";r=59;t=1");
    }

    async fn where_nobody_is_limited_nothing_is_told(app: TestApp) {
        let ada = app.person("ada").await;
        for _ in 0..100 {
            let answer = app.send_as(&ada, Call::get(TASKS)).await;
            assert_eq!((answer.status.as_u16(), left(&answer)), (200, ""));
        }
    }
}
