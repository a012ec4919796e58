//! The application where somebody else signs people in.

use axum::http::Method;
use duly::api::page::{FILES, HASH};
use duly::config::Accepted;
use duly::models::secret::Secret;
use duly::services::verifier::{Keys, Verifier};
use serde_json::{Value, json};

use crate::on_every_engine;
use crate::support::app::TestApp;
use crate::support::http::{Call, Response};
use crate::support::issuer::{Answer, ISSUER, Issuer, TestKey, claims, encode};
use crate::support::openapi::operations;
use crate::support::storage::TestStorage;

const SHARED: &str = "a secret that two servers share with each other";

/// An application that takes the tokens of an issuer elsewhere.
struct RemoteApp {
    app: TestApp,
    key: TestKey,
    _issuer: Issuer,
}

impl RemoteApp {
    async fn start(storage: TestStorage) -> Self {
        let key = TestKey::new("a key", "EdDSA");
        let issuer = Issuer::start(Answer::Keys(vec![key.jwk()])).await;
        let app = TestApp::verifying(storage, |clock| issuer.verifier(clock)).await;
        Self { app, key, _issuer: issuer }
    }

    fn token(&self, subject: &str) -> String {
        self.key.token(&claims(subject))
    }
}

/// An application that takes tokens signed with a shared secret, for one of two.
struct SharingApp(TestApp);

impl SharingApp {
    async fn start(storage: TestStorage) -> Self {
        let accepted = Accepted {
            issuers: vec!["https://other.example".to_owned(), ISSUER.to_owned()],
            audiences: vec![ISSUER.to_owned(), "tasks".to_owned()],
        };
        let secret = Secret::parse_bytes(SHARED).expect("it is long enough");
        let verifier = Verifier::new(Keys::shared(&secret), accepted);
        Self(TestApp::verifying(storage, |_| verifier).await)
    }
}

fn shared_token(algorithm: &str, secret: &str, claims: &Value) -> String {
    let header = json!({"alg": algorithm, "kid": "whatever"});
    let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let signature = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

fn description(answer: &Response) -> String {
    answer.problem(401, "unauthorized");
    answer.header("www-authenticate").to_owned()
}

/// Nobody could sign in on it.
async fn assert_no_page(app: &TestApp) {
    let start = app.send(Call::get("/")).await;
    assert_eq!((start.status.as_u16(), start.header("location")), (307, "/docs/"));
    for file in FILES {
        for address in [format!("/assets/{HASH}/{}", file.path), format!("/{}", file.path)] {
            app.send(Call::get(&address)).await.problem(404, "no_route");
        }
    }
}

on_every_engine! {
    async fn its_users_have_tasks_and_each_sees_their_own(remote: RemoteApp) {
        let app = &remote.app;
        let (ada, bob) = (remote.token("ada"), remote.token("bob"));
        let create = Call::post("/api/me/tasks").json(&json!({"title": "Ada's"}));
        let task = app.send(create.bearer(&ada)).await.expect(201);
        assert_eq!(task["user_id"], "ada");
        for (token, count) in [(&ada, 1), (&bob, 0)] {
            let page = app.send(Call::get("/api/me/tasks").bearer(token)).await.expect(200);
            assert_eq!(page["tasks"].as_array().expect("an array").len(), count);
        }
        let path = format!("/api/ada/tasks/{}", task["id"].as_str().expect("an id"));
        app.send(Call::get(&path).bearer(&bob)).await.problem(403, "forbidden");
        app.send(Call::get(&path).bearer(&ada)).await.expect(200);
    }

    async fn no_auth_route_is_served_or_documented(remote: RemoteApp) {
        let app = &remote.app;
        let mut covered = 0;
        for operation in operations().iter().filter(|one| one.path.starts_with("/api/auth/")) {
            covered += 1;
            let call = Call::new(operation.method.clone(), &operation.path);
            app.send_unchecked(call.into_request()).await.problem(404, "no_route");
        }
        assert!(covered > 20);
        let document = app.send(Call::new(Method::GET, "/openapi.json")).await.expect(200);
        let paths = document["paths"].as_object().expect("paths");
        assert!(!paths.is_empty() && paths.keys().all(|path| !path.starts_with("/api/auth")));
        let schemes = document["components"]["securitySchemes"].as_object().expect("schemes");
        assert_eq!(schemes.keys().collect::<Vec<_>>(), ["token"]);
        assert_eq!(document["security"], json!([{"token": []}]));
        let tags = document["tags"].as_array().expect("tags").iter().map(|tag| &tag["name"]);
        assert_eq!(tags.collect::<Vec<_>>(), ["tasks", "health"]);
    }

    async fn there_is_no_page_but_the_documentation(remote: RemoteApp) {
        assert_no_page(&remote.app).await;
    }

    async fn with_a_shared_secret_there_is_no_page_either(sharing: SharingApp) {
        assert_no_page(&sharing.0).await;
    }

    async fn a_session_is_refused_with_a_hint(remote: RemoteApp) {
        let app = &remote.app;
        let list = || Call::get("/api/me/tasks");
        for call in [
            list().bearer("ps71oT6943YlQ0fzQlGSuvA6FT3MJgrl"),
            list().bearer("ps71oT6943YlQ0fzQlGSuvA6FT3MJgrl.c2lnbmF0dXJl="),
            list().cookie("better-auth.session_token=abc.def"),
            list().cookie("a=b; __Secure-better-auth.session_token=abc"),
        ] {
            let hint = description(&app.send(call).await);
            assert!(hint.contains("GET /api/auth/token"), "{hint}");
        }
        assert_eq!(description(&app.send(list()).await), "Bearer");
        assert_eq!(description(&app.send(list().cookie("a=b")).await), "Bearer");
        let page = app.send(list().cookie("better-auth.session_token=abc").bearer(&remote.token("ada"))).await;
        page.expect(200);
    }

    async fn tokens_with_the_shared_secret_are_taken_and_no_others(sharing: SharingApp) {
        let SharingApp(app) = sharing;
        let ask = async |token: &str| {
            app.send(Call::get("/api/me/tasks").bearer(token)).await.status.as_u16()
        };
        let mut for_tasks = claims("ada");
        (for_tasks["iss"], for_tasks["aud"]) = (json!("https://other.example"), json!(["tasks"]));
        for good in [claims("ada"), for_tasks] {
            assert_eq!(ask(&shared_token("HS256", SHARED, &good)).await, 200);
        }
        let mut stranger = claims("ada");
        stranger["aud"] = json!("https://other.example");
        let key = TestKey::new("whatever", "EdDSA");
        for bad in [
            shared_token("HS256", "another secret that two servers might share", &claims("ada")),
            shared_token("HS512", SHARED, &claims("ada")),
            shared_token("none", SHARED, &claims("ada")),
            shared_token("EdDSA", SHARED, &claims("ada")),
            shared_token("HS256", SHARED, &stranger),
            key.token(&claims("ada")),
        ] {
            assert_eq!(ask(&bad).await, 401, "{bad}");
        }
    }
}
