//! An application of a test's own, reached in the process, and the people who call it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use duly::api::origins::Origins;
use duly::api::{self, App};
use duly::clock::{Clock, ManualClock};
use duly::config::RateLimiting;
use duly::database::Database;
use duly::models::client_address::TrustedProxies;
use duly::models::origin_pattern::OriginPattern;
use duly::models::secret::{Secret, Secrets};
use duly::services::Services;
use duly::services::rate_limits::{GuessBudgets, RateLimits};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt;
use url::Url;

use super::http::{Call, Response};
use super::openapi;
use super::storage::TestStorage;

/// The public address of the application.
pub const BASE_URL: &str = "http://duly.test";
/// What cookies and keys are made with.
pub const SECRET: &str = "a-secret-for-tests-that-is-long-enough";

/// What differs from deployment to deployment.
pub struct Deployment {
    pub base_url: &'static str,
    pub trusted_origins: &'static [&'static str],
    pub cors_origins: &'static [&'static str],
    /// How many tasks one may keep.
    pub max_tasks: i64,
    pub trusted_proxies: &'static [&'static str],
    /// Off, unless a test is about it.
    pub rate_limiting: RateLimiting,
    pub budgets: GuessBudgets,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            base_url: BASE_URL,
            trusted_origins: &[],
            cors_origins: &[],
            max_tasks: 1_000,
            trusted_proxies: &[],
            rate_limiting: RateLimiting::Off,
            budgets: GuessBudgets::default(),
        }
    }
}

/// An application on a storage of its own.
pub struct TestApp {
    pub state: Arc<App>,
    pub clock: ManualClock,
    router: Router,
    /// Dropped last.
    _storage: TestStorage,
}

/// Somebody who has signed up.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub email: String,
    pub password: String,
    pub session_token: String,
    /// The signed cookie, as a `Cookie` header carries it.
    pub cookie: String,
    pub jwt: String,
}

impl TestApp {
    /// A new application; it is Monday the 23rd of November 2026, seven in the morning in UTC.
    pub async fn start(storage: TestStorage) -> Self {
        Self::start_with(storage, Deployment::default()).await
    }

    /// As [`TestApp::start`], deployed in another way.
    pub async fn start_with(storage: TestStorage, deployment: Deployment) -> Self {
        let start: Timestamp = "2026-11-23T07:00:00Z".parse().expect("a timestamp");
        let clock = ManualClock::starting_at(start);
        let database = Database::open(&storage.storage).await.expect("the storage opens");
        let secret = Secret::parse(SECRET).expect("it is long enough");
        let secrets = Secrets::single(secret);
        let trusted = deployment.trusted_origins.iter();
        let trusted = trusted.map(|text| OriginPattern::parse(text).expect("a pattern")).collect();
        let base_url = Url::parse(deployment.base_url).expect("a URL");
        let origins = Origins::new(&base_url, trusted);
        let cors_origins =
            deployment.cors_origins.iter().map(|&origin| origin.to_owned()).collect();
        let proxies = deployment.trusted_proxies.iter();
        let proxies = TrustedProxies::new(proxies.map(|text| text.parse().expect("a network")));
        let limits = RateLimits::with_budgets(deployment.rate_limiting, deployment.budgets);
        let (manual, own) = (Clock::Manual(clock.clone()), origins.own());
        let services = Services::embedded(database, manual, &secrets, own, limits);
        let app = App::new(services, deployment.max_tasks, origins, cors_origins, proxies);
        let state = Arc::new(app);
        Self { router: api::router(Arc::clone(&state)), state, clock, _storage: storage }
    }

    /// Sends a call, and holds the answer against the OpenAPI document.
    pub async fn send(&self, call: Call) -> Response {
        let (method, path) = (call.method.clone(), call.path.clone());
        let response = self.send_unchecked(call.into_request()).await;
        openapi::check(&method, &path, &response);
        response
    }

    /// Sends a request as it is.
    pub async fn send_unchecked(&self, request: Request<Body>) -> Response {
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router always answers")
            .into_parts();
        let body = body.collect().await.expect("the body ends well").to_bytes();
        Response { status: parts.status, headers: parts.headers, body }
    }

    /// Signs somebody up who was not there before.
    pub async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let password = format!("password of {name}");
        let signed_up = self
            .send(Call::post("/api/auth/sign-up/email").json(&json!({
                "name": name, "email": email, "password": password,
            })))
            .await;
        assert_eq!(signed_up.status, StatusCode::OK, "{}", signed_up.text());
        let session_token = signed_up.json()["token"].as_str().expect("a token").to_owned();
        let token = self.send(Call::get("/api/auth/token").bearer(&session_token)).await;
        Person {
            id: signed_up.json()["user"]["id"].as_str().expect("an id").to_owned(),
            email,
            password,
            cookie: signed_up.cookie_pair("better-auth.session_token"),
            jwt: token.json()["token"].as_str().expect("a JWT").to_owned(),
            session_token,
        }
    }

    /// Creates a task of somebody's.
    pub async fn task(&self, person: &Person, task: Value) -> Value {
        let created = self.send(Call::post("/api/me/tasks").bearer(&person.jwt).json(&task)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
        created.json()
    }

    /// Sends a call by somebody, with their JWT.
    pub async fn send_as(&self, person: &Person, call: Call) -> Response {
        self.send(call.bearer(&person.jwt)).await
    }

    /// Everything that somebody keeps, in the order in which it was made.
    pub async fn tasks_of(&self, person: &Person) -> Vec<Value> {
        let session = Call::get("/api/me/tasks?sort=created&limit=100");
        let page = self.send(session.bearer(&person.session_token)).await.expect(200);
        page["tasks"].as_array().expect("an array").clone()
    }

    /// Lets time go by.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// As [`Call::get`] by somebody, expecting 200; gives the JSON.
    pub async fn read(&self, person: &Person, path: &str) -> Value {
        let response = self.send(Call::new(Method::GET, path).bearer(&person.jwt)).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {}", response.text());
        response.json()
    }
}
