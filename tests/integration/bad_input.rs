//! Requests that are wrong: each is refused with the status that says so, none with 500, and nothing is written.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Person, TestApp};
use crate::support::http::Call;

/// Sends a body to every route that takes a task, and expects the same refusal from each.
async fn refuse_everywhere(app: &TestApp, ada: &Person, body: &[u8], status: u16, code: &str) {
    let task = &app.tasks_of(ada).await[0];
    let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
    let new = "/api/me/tasks/0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";
    let calls = [Call::post("/api/me/tasks"), Call::put(&path), Call::put(new), Call::patch(&path)];
    for call in calls {
        let answer = app.send_as(ada, call.body("application/json", body.to_vec())).await;
        answer.problem(status, code);
    }
    assert_eq!(app.tasks_of(ada).await, std::slice::from_ref(task), "nothing was written");
}

async fn person_with_a_task(app: &TestApp) -> Person {
    let ada = app.person("ada").await;
    app.task(&ada, json!({"title": "Keep me"})).await;
    ada
}

on_every_engine! {
    async fn fields_that_are_not_valid_are_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let bad = [
            r#"{"title":""}"#,
            r#"{"title":"  \u3000 "}"#,
            r#"{"title":"a\u0000b"}"#,
            r#"{"title":"a\nb"}"#,
            r#"{"title":"a\u007fb"}"#,
            r#"{"title":"a\u0085b"}"#,
            r#"{"title":"\u001b[31mred"}"#,
            r#"{"title":"x","description":"a\u0000b"}"#,
            r#"{"title":"x","description":"a\u0008b"}"#,
            r#"{"title":"x","tags":["a\u0000"]}"#,
            r#"{"title":"x","tags":["a\tb"]}"#,
            r#"{"title":"x","tags":[""]}"#,
            r#"{"title":5}"#,
            r#"{"title":true}"#,
            r#"{"title":["x"]}"#,
            r#"{"title":{"x":1}}"#,
            r#"{"title":null}"#,
            r#"{"title":"x","description":5}"#,
            r#"{"title":"x","description":["x"]}"#,
            r#"{"title":"x","completed":"true"}"#,
            r#"{"title":"x","completed":1}"#,
            r#"{"title":"x","priority":3}"#,
            r#"{"title":"x","priority":"HIGH"}"#,
            r#"{"title":"x","due_date":5}"#,
            r#"{"title":"x","due_date":1795417774}"#,
            r#"{"title":"x","due_date":""}"#,
            r#"{"title":"x","due_date":"2026-02-30"}"#,
            r#"{"title":"x","due_date":"2026-12-01T10:00:00"}"#,
            r#"{"title":"x","due_date":"12/01/2026"}"#,
            r#"{"title":"x","due_date":"+010000-01-01"}"#,
            r#"{"title":"x","tags":"home"}"#,
            r#"{"title":"x","tags":[1]}"#,
            r#"{"title":"x","tags":[null]}"#,
            r#"{"title":"x","tags":{"0":"a"}}"#,
            r#"{"title":"x","ttile":"y"}"#,
            r#"{"title":"x","__proto__":{}}"#,
            "null",
            "[]",
            "\"text\"",
            "5",
            "true",
            r#"[{"title":"x"}]"#,
        ];
        for body in bad {
            refuse_everywhere(&app, &ada, body.as_bytes(), 422, "invalid_field").await;
        }
        let tags: Vec<_> = (0..33).map(|tag| tag.to_string()).collect();
        let body = json!({"title": "x", "tags": tags}).to_string();
        refuse_everywhere(&app, &ada, body.as_bytes(), 422, "invalid_field").await;
    }

    async fn a_body_that_does_not_read_is_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let deep =
            format!("{{\"title\":\"x\",\"tags\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
        let deeper = "[".repeat(60_000);
        let bad: [&[u8]; 16] = [
            b"",
            b" ",
            b"{",
            b"{\"title\":\"x\"",
            b"{\"title\":\"x\"}}",
            b"{\"title\":\"x\",}",
            b"{title:\"x\"}",
            b"{\"title\":\"x\"} {}",
            b"{\"title\":'x'}",
            b"{\"title\":NaN}",
            b"{\"title\":\"x\",\"title\":\"x\"}",
            b"{\"title\":\"x\",\"tags\":[{\"a\":1,\"a\":2}]}",
            b"{\"title\":\"\\ud800\"}",
            b"{\"title\":\"\xff\xfe\"}",
            deep.as_bytes(),
            deeper.as_bytes(),
        ];
        for body in bad {
            refuse_everywhere(&app, &ada, body, 400, "malformed_request").await;
        }
    }

    async fn surrogates_control_characters_and_hidden_duplicates_are_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let bad: [&[u8]; 6] = [
            br#"{"title":"\udc00"}"#,
            br#"{"title":"\ud800\u0041"}"#,
            b"{\"title\":\"a\x00b\"}",
            b"{\"title\":\"a\nb\"}",
            br#"{"title":"x","\u0074itle":"y"}"#,
            b"\x00",
        ];
        for body in bad {
            refuse_everywhere(&app, &ada, body, 400, "malformed_request").await;
        }
    }

    async fn a_body_beyond_the_bound_is_refused_on_every_route(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let huge = json!({"title": "x", "description": "y".repeat(10_000_000)}).to_string();
        refuse_everywhere(&app, &ada, huge.as_bytes(), 413, "too_large").await;
        let over = format!("{{\"title\":\"x\"}}{}", " ".repeat(64 * 1024 - 12));
        refuse_everywhere(&app, &ada, over.as_bytes(), 413, "too_large").await;
        let task = &app.tasks_of(&ada).await[0];
        let path = format!("/api/me/tasks/{}/complete", task["id"].as_str().expect("an id"));
        let complete = Call::patch(&path).body("application/json", huge.clone());
        app.send_as(&ada, complete).await.problem(413, "too_large");
        for path in ["/api/auth/sign-up/email", "/api/auth/sign-in/email", "/api/auth/update-user"]
        {
            let answer = app.send(Call::post(path).body("application/json", huge.clone())).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
        let exact = format!("{{\"title\":\"x\"}}{}", " ".repeat(64 * 1024 - 13));
        let exact = Call::post("/api/me/tasks").body("application/json", exact);
        app.send_as(&ada, exact).await.expect(201);
    }

    async fn ids_that_are_no_ids_are_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let long = "x".repeat(2_000);
        let bad = [
            "1",
            "x",
            &long,
            "%00",
            "a%00b",
            "%ff",
            "%2e%2e",
            "0198c0de7c1e4a52b6d45f0b3a3f9d11",
            "%7B0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11%7D",
            "00000000-0000-0000-0000-000000000000",
            "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d1g",
            "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11%20",
            "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11'--",
            "%27%20OR%20%271%27=%271",
        ];
        for id in bad {
            let path = format!("/api/me/tasks/{id}");
            let body = json!({"title": "x"});
            for call in [
                Call::get(&path),
                Call::put(&path).json(&body),
                Call::patch(&path).json(&body),
                Call::delete(&path),
                Call::patch(&format!("{path}/complete")),
            ] {
                app.send_as(&ada, call).await.problem(400, "malformed_request");
            }
            let chosen = json!({"title": "x", "id": id});
            let chosen = app.send_as(&ada, Call::post("/api/me/tasks").json(&chosen)).await;
            chosen.problem(422, "invalid_field");
        }
        assert_eq!(app.tasks_of(&ada).await.len(), 1);
    }

    async fn user_ids_of_any_shape_in_the_path_are_refused(app: TestApp) {
        let ada = app.person("ada").await;
        let long = "x".repeat(2_000);
        for user in ["Me", "me%00", "%00", "%ff", "me%20", "%2e%2e", "%27", &long] {
            let answer = app.send_as(&ada, Call::get(&format!("/api/{user}/tasks"))).await;
            answer.problem(403, "forbidden");
        }
    }

    async fn another_media_type_is_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let task = &app.tasks_of(&ada).await[0];
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        let body = r#"{"title":"x"}"#;
        for media_type in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "json"]
        {
            for call in [Call::post("/api/me/tasks"), Call::put(&path), Call::patch(&path)] {
                let answer = app.send_as(&ada, call.body(media_type, body)).await;
                answer.problem(415, "unsupported_media_type");
            }
            let complete = Call::patch(&format!("{path}/complete"));
            let complete = complete.body(media_type, r#"{"completed":true}"#);
            app.send_as(&ada, complete).await.problem(415, "unsupported_media_type");
        }
        for call in [Call::post("/api/me/tasks"), Call::put(&path)] {
            let patch = call.body("application/merge-patch+json", body);
            app.send_as(&ada, patch).await.problem(415, "unsupported_media_type");
        }
        assert_eq!(app.tasks_of(&ada).await, std::slice::from_ref(task));
    }

    async fn a_body_that_is_encoded_is_refused(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let create = Call::post("/api/me/tasks").json(&json!({"title": "x"}));
        for encoding in ["gzip", "br", "x"] {
            let call = create.clone().header("content-encoding", encoding);
            app.send_as(&ada, call).await.problem(415, "unsupported_media_type");
            let call = Call::post("/api/auth/sign-in/email").json(&json!({"email": "a@b.c"}));
            let answer = app.send(call.header("content-encoding", encoding)).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{}", answer.text());
        }
        app.send_as(&ada, create.header("content-encoding", "identity")).await.expect(201);
    }

    async fn a_client_that_takes_no_json_is_told_before_anything_happens(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let task = &app.tasks_of(&ada).await[0];
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        for accept in ["text/html", "application/xml;q=0.9", "application/json;q=0, */*", "image/*"]
        {
            for call in [
                Call::get("/api/me/tasks"),
                Call::get(&path),
                Call::post("/api/me/tasks").json(&json!({"title": "x"})),
                Call::delete(&path),
            ] {
                let answer = app.send_as(&ada, call.header("accept", accept)).await;
                answer.problem(406, "not_acceptable");
            }
        }
        for accept in
            ["", "*/*", "application/*", "text/html, application/json;q=0.1", "text/html,*/*;q=0.8"]
        {
            app.send_as(&ada, Call::get(&path).header("accept", accept)).await.expect(200);
        }
        assert_eq!(app.tasks_of(&ada).await, std::slice::from_ref(task));
    }

    async fn unknown_paths_and_wrong_methods_are_problems(app: TestApp) {
        let ada = app.person("ada").await;
        for path in [
            "/nothing",
            "/api",
            "/api/me",
            "/api/me/tasks/",
            "/api/me/tasks/1/2/3",
            "//",
            "/API/me/tasks",
        ] {
            app.send_as(&ada, Call::get(path)).await.problem(404, "no_route");
        }
        let id = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";
        for (path, methods, allowed) in [
            ("/api/me/tasks".to_owned(), ["PUT", "PATCH", "DELETE"], vec!["GET", "HEAD", "POST"]),
            (
                format!("/api/me/tasks/{id}"),
                ["POST", "OPTIONS", "TRACE"],
                vec!["DELETE", "GET", "HEAD", "PATCH", "PUT"],
            ),
            (format!("/api/me/tasks/{id}/complete"), ["GET", "POST", "PUT"], vec!["PATCH"]),
            ("/healthz".to_owned(), ["POST", "PUT", "DELETE"], vec!["GET", "HEAD"]),
        ] {
            for method in methods {
                let method: Method = method.parse().expect("a method");
                let answer = app.send_as(&ada, Call::new(method, &path)).await;
                answer.problem(405, "method_not_allowed");
                let mut allow: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
                allow.sort_unstable();
                assert_eq!(allow, allowed, "{path}");
            }
        }
        assert_eq!(app.tasks_of(&ada).await, Vec::<Value>::new());
    }

    async fn the_completion_takes_nothing_but_what_it_knows(app: TestApp) {
        let ada = person_with_a_task(&app).await;
        let task = &app.tasks_of(&ada).await[0];
        let path = format!("/api/me/tasks/{}/complete", task["id"].as_str().expect("an id"));
        for (body, status, code) in [
            (r#"{"completed":"yes"}"#, 422, "invalid_field"),
            (r#"{"completed":1}"#, 422, "invalid_field"),
            (r#"{"completed":null}"#, 422, "invalid_field"),
            (r#"{"done":true}"#, 422, "invalid_field"),
            ("[]", 422, "invalid_field"),
            ("null", 422, "invalid_field"),
            ("{", 400, "malformed_request"),
            (r#"{"completed":true,"completed":false}"#, 400, "malformed_request"),
        ] {
            let call = Call::patch(&path).body("application/json", body);
            app.send_as(&ada, call).await.problem(status, code);
        }
        assert_eq!(app.tasks_of(&ada).await, std::slice::from_ref(task));
    }
}
