//! What differs from deployment to deployment: how many tasks one may keep, https, trusted pages.

use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::{Deployment, TestApp};
use crate::support::http::Call;
use crate::support::storage::TestStorage;

const FIRST_ID: &str = "0198c0de-7c1e-4a52-b6d4-5f0b3a3f9d11";

/// An application in which one may keep three tasks.
struct SmallApp(TestApp);

impl SmallApp {
    async fn start(storage: TestStorage) -> Self {
        let deployment = Deployment { max_tasks: 3, ..Deployment::default() };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

/// An application that browsers reach by https, with pages elsewhere that may sign people in.
struct SecureApp(TestApp);

impl SecureApp {
    async fn start(storage: TestStorage) -> Self {
        let deployment = Deployment {
            base_url: "https://duly.test/some/path",
            trusted_origins: &["https://app.example.com", "https://*.example.org"],
            ..Deployment::default()
        };
        Self(TestApp::start_with(storage, deployment).await)
    }
}

on_every_engine! {
    async fn one_task_too_many_is_refused_and_nothing_is_lost(small: SmallApp) {
        let SmallApp(app) = small;
        let (ada, bob) = (app.person("ada").await, app.person("bob").await);
        for title in ["a", "b", "c"] {
            app.task(&ada, json!({"title": title})).await;
        }
        let before = app.tasks_of(&ada).await;
        let new = format!("/api/me/tasks/{FIRST_ID}");
        for call in [Call::post("/api/me/tasks"), Call::put(&new)] {
            let refused = app.send_as(&ada, call.json(&json!({"title": "d"}))).await;
            refused.problem(409, "quota_exceeded");
        }
        assert_eq!(app.tasks_of(&ada).await, before);
        app.task(&bob, json!({"title": "Bob has room"})).await;

        let existing = format!("/api/me/tasks/{}", before[0]["id"].as_str().expect("an id"));
        app.send_as(&ada, Call::put(&existing).json(&json!({"title": "A"}))).await.expect(200);
        app.send_as(&ada, Call::delete(&existing)).await.expect(204);
        app.task(&ada, json!({"title": "d"})).await;
        let refused =
            app.send_as(&ada, Call::post("/api/me/tasks").json(&json!({"title": "e"}))).await;
        refused.problem(409, "quota_exceeded");
    }

    async fn of_many_who_want_the_last_place_one_gets_it(small: SmallApp) {
        let SmallApp(app) = small;
        let ada = app.person("ada").await;
        for title in ["a", "b"] {
            app.task(&ada, json!({"title": title})).await;
        }
        let create = || app.send_as(&ada, Call::post("/api/me/tasks").json(&json!({"title": "c"})));
        let (one, two, three, four) = tokio::join!(create(), create(), create(), create());
        let mut statuses = [one, two, three, four].map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409]);
        assert_eq!(app.tasks_of(&ada).await.len(), 3);
    }

    async fn of_many_who_change_one_version_one_gets_through(app: TestApp) {
        let ada = app.person("ada").await;
        let task = app.task(&ada, json!({"title": "Start"})).await;
        let path = format!("/api/me/tasks/{}", task["id"].as_str().expect("an id"));
        let tag = format!("\"{}\"", task["version"]);
        let change = |title: &str| {
            let call = Call::patch(&path).json(&json!({"title": title})).header("if-match", &tag);
            app.send_as(&ada, call)
        };
        let (one, two, three) = tokio::join!(change("one"), change("two"), change("three"));
        let answers = [one, two, three];
        let winners: Vec<Value> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.json())
            .collect();
        assert_eq!(winners.len(), 1);
        for loser in answers.iter().filter(|answer| answer.status != 200) {
            assert_eq!(loser.problem(412, "precondition_failed")["current"], winners[0]);
        }
        assert_eq!(app.read(&ada, &path).await, winners[0]);
    }

    async fn over_https_cookies_are_kept_to_it(secure: SecureApp) {
        let SecureApp(app) = secure;
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let answer = app.send(Call::post("/api/auth/sign-up/email").json(&body)).await;
        let cookie = answer.cookie_pair("__Secure-better-auth.session_token");
        let attributes = "Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax";
        assert_eq!(answer.set_cookies(), [format!("{cookie}; {attributes}")]);
        app.send(Call::get("/api/me/tasks").cookie(&cookie)).await.expect(200);
        let bare = cookie.trim_start_matches("__Secure-");
        app.send(Call::get("/api/me/tasks").cookie(bare)).await.problem(401, "unauthorized");
        let out =
            Call::post("/api/auth/sign-out").cookie(&cookie).header("origin", "https://duly.test");
        let cleared = app.send(out).await.set_cookies();
        assert_eq!(
            cleared[0],
            "__Secure-better-auth.session_token=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax"
        );
        assert!(cleared.len() == 3 && cleared.iter().all(|cookie| cookie.starts_with("__Secure-")));
    }

    async fn trusted_pages_may_use_cookies_and_sign_people_in(secure: SecureApp) {
        let SecureApp(app) = secure;
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let answer = app.send(Call::post("/api/auth/sign-up/email").json(&body)).await;
        let cookie = answer.cookie_pair("__Secure-better-auth.session_token");
        for (origin, is_trusted) in [
            ("https://duly.test", true),
            ("https://app.example.com", true),
            ("https://a.example.org", true),
            ("https://a.b.example.org", true),
            ("https://example.org", false),
            ("http://a.example.org", false),
            ("https://evilexample.org", false),
            ("https://example.com", false),
            ("https://app.example.com.evil.test", false),
        ] {
            let create = Call::post("/api/me/tasks").json(&json!({"title": "x"}));
            let created = app.send(create.cookie(&cookie).header("origin", origin)).await;
            let sign_in =
                Call::post("/api/auth/sign-in/email").json(&body).header("origin", origin);
            let signed_in = app.send(sign_in).await;
            if is_trusted {
                created.expect(201);
                signed_in.expect(200);
            } else {
                created.problem(403, "invalid_origin");
                assert_eq!(signed_in.json()["code"], "INVALID_ORIGIN", "{origin}");
            }
        }
    }

    async fn the_issuer_is_the_origin_of_the_public_address(secure: SecureApp) {
        let SecureApp(app) = secure;
        let body = json!({"name": "Ada", "email": "ada@example.com", "password": "long enough"});
        let answer = app.send(Call::post("/api/auth/sign-up/email").json(&body)).await.expect(200);
        let session = answer["token"].as_str().expect("a token");
        let token = app.send(Call::get("/api/auth/token").bearer(session)).await.expect(200);
        let token = token["token"].as_str().expect("a JWT");
        let claims =
            jsonwebtoken::dangerous::insecure_decode::<Value>(token).expect("a JWT").claims;
        assert_eq!(
            (&claims["iss"], &claims["aud"]),
            (&json!("https://duly.test"), &json!("https://duly.test"))
        );
        app.send(Call::get("/api/me/tasks").bearer(token)).await.expect(200);
    }
}
