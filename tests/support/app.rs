//! An application of a test's own, reached in the process, and the people who call it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use duly::api::origins::Origins;
use duly::api::{self, App, Limits};
use duly::clock::{Clock, ManualClock};
use duly::config::{Delivery, MailSettings, RateLimiting};
use duly::database::Database;
use duly::database::statement::Row;
use duly::models::client_address::TrustedProxies;
use duly::models::origin_pattern::OriginPattern;
use duly::models::secret::{Secret, Secrets};
use duly::services::Services;
use duly::services::mail::transport::Transport;
use duly::services::rate_limits::{GuessBudgets, RateLimits};
use duly::services::verifier::Verifier;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use url::Url;

use super::database::statement;
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
    /// How often one person may ask for tasks; `None` unless a test is about it.
    pub requests_per_minute: Option<u32>,
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
            requests_per_minute: None,
            rate_limiting: RateLimiting::Off,
            budgets: GuessBudgets::default(),
        }
    }
}

/// An application on a storage of its own.
pub struct TestApp {
    pub state: Arc<App>,
    pub clock: ManualClock,
    /// Where its e-mails are kept.
    mailbox: TempDir,
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
        let clock = clock();
        let database = Database::open(&storage.storage).await.expect("the storage opens");
        let secrets = Secrets::single(Secret::parse(SECRET).expect("it is long enough"));
        let mailbox = TempDir::new().expect("a temporary folder can be made");
        let mail = MailSettings {
            from: "duly@example.com".parse().expect("an address"),
            delivery: Delivery::Kept(mailbox.path().to_owned()),
        };
        let mail = Transport::new(&mail).expect("a folder is all it needs");
        let limits = RateLimits::with_budgets(deployment.rate_limiting, deployment.budgets);
        let (manual, base_url) = (Clock::Manual(clock.clone()), url(deployment.base_url));
        let services = Services::embedded(database, manual, &secrets, &base_url, mail, limits);
        Self::assemble(storage, clock, mailbox, services, &deployment)
    }

    /// An application where somebody else signs people in.
    pub async fn verifying(
        storage: TestStorage,
        verifier: impl FnOnce(&ManualClock) -> Verifier,
    ) -> Self {
        let clock = clock();
        let database = Database::open(&storage.storage).await.expect("the storage opens");
        let services =
            Services::verifying(database, Clock::Manual(clock.clone()), verifier(&clock));
        let mailbox = TempDir::new().expect("a temporary folder can be made");
        Self::assemble(storage, clock, mailbox, services, &Deployment::default())
    }

    fn assemble(
        storage: TestStorage,
        clock: ManualClock,
        mailbox: TempDir,
        services: Services,
        deployment: &Deployment,
    ) -> Self {
        let trusted = deployment.trusted_origins.iter();
        let trusted = trusted.map(|text| OriginPattern::parse(text).expect("a pattern")).collect();
        let origins = Origins::new(&url(deployment.base_url), trusted);
        let cors_origins: Vec<_> =
            deployment.cors_origins.iter().map(|&origin| origin.to_owned()).collect();
        let proxies = deployment.trusted_proxies.iter();
        let proxies = TrustedProxies::new(proxies.map(|text| text.parse().expect("a network")));
        let per_minute = deployment.requests_per_minute;
        let limits = Limits {
            tasks_per_user: deployment.max_tasks,
            requests_per_minute: per_minute.map(|max| max.try_into().expect("not zero")),
            wait: None,
        };
        let app = App::new(services, limits, origins, &cors_origins, proxies);
        let state = Arc::new(app);
        Self { router: api::router(Arc::clone(&state)), state, clock, mailbox, _storage: storage }
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

    /// The texts of the e-mails to an address so far, the oldest first, once there are `count` of them.
    pub async fn mail_to(&self, address: &str, count: usize) -> Vec<String> {
        let to = format!("\r\nTo: {address}\r\n");
        for _ in 0..500 {
            let mut files: Vec<_> =
                self.mailbox.path().read_dir().expect("it is a folder").collect();
            files.sort_by_key(|file| file.as_ref().expect("it is read").file_name());
            let texts = files.into_iter().map(|file| {
                std::fs::read_to_string(file.expect("it is read").path()).expect("it is text")
            });
            let found: Vec<String> =
                texts.filter(|text| text.contains(&to)).map(|text| unfolded(&text)).collect();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no {count} e-mails to {address}");
    }

    /// The link in the latest e-mail to an address, as path and query.
    pub async fn link_to(&self, address: &str) -> String {
        link_in(self.mail_to(address, 1).await.last().expect("one at least"))
    }

    /// How many e-mails there are by now.
    pub fn mail_count(&self) -> usize {
        self.mailbox.path().read_dir().expect("it is a folder").count()
    }

    /// Runs one statement without parameters.
    pub async fn execute(&self, sql: &str) {
        let written = self.state.services.database.write(vec![statement(sql)]).await;
        written.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The number that a query without parameters gives.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows: Result<Vec<Row>, _> = self.state.services.database.read(statement(sql)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error}"))[0].take(0).expect("a number")
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

/// Monday the 23rd of November 2026, seven in the morning in UTC.
fn clock() -> ManualClock {
    ManualClock::starting_at("2026-11-23T07:00:00Z".parse().expect("a timestamp"))
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// Quoted-printable with its soft line breaks taken out.
fn unfolded(text: &str) -> String {
    text.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n")
}

/// The link in an e-mail, without its origin.
pub fn link_in(mail: &str) -> String {
    let line = mail.lines().find(|line| line.starts_with("http")).expect("a line that is a link");
    line.split_once("/api/auth").map(|(_, rest)| format!("/api/auth{rest}")).expect("one of ours")
}
