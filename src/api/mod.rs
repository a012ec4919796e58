//! HTTP: one file per feature, with its routes, types, handlers and documentation side by side.
//!
//! [`router`] is a function from state to router; `server` puts it on the network.

pub mod admission;
pub mod auth;
pub mod caller;
pub mod conditions;
pub mod failures;
pub mod health;
pub mod idempotency;
pub mod json;
pub mod openapi;
pub mod origins;
pub mod overload;
pub mod page;
pub mod person_limits;
pub mod problem;
pub mod request_id;
pub mod schemas;
pub mod security_headers;
pub mod server;
pub mod task_answers;
pub mod task_list;
pub mod tasks;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header,
};
use axum::middleware;
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use crate::error::Error;
use crate::models::client_address::TrustedProxies;
use crate::services::Services;
use crate::services::rate_limits::People;
use crate::telemetry;
use auth::AuthApp;
use origins::Origins;
use overload::Overload;

/// The largest body that is read, in bytes (API.md, "Limits").
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a browser may remember what CORS allows.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// What every handler has at hand.
pub struct App {
    pub services: Services,
    pub max_tasks_per_user: i64,
    pub origins: Origins,
    /// Lets pages of other origins read answers; `None` where none may.
    cors: Option<CorsLayer>,
    /// Proxies that are believed whom they name.
    pub trusted_proxies: TrustedProxies,
    /// `None` where nobody is limited.
    people: Option<People>,
    running_keys: idempotency::RunningKeys,
    /// `None` where requests wait as long as it takes.
    overload: Option<Overload>,
    draining: AtomicBool,
}

/// The state of the routers.
pub type AppState = Arc<App>;

/// How much of what there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub tasks_per_user: i64,
    /// Requests for tasks that one person may make; `None` where nobody is limited.
    pub requests_per_minute: Option<NonZeroU32>,
    /// How long requests may wait for their turn; `None` where they wait as long as it takes. Half of it is for being
    /// looked at, the other half for the database.
    pub wait: Option<Duration>,
}

impl App {
    /// An application that takes requests.
    pub fn new(
        services: Services,
        limits: Limits,
        origins: Origins,
        cors_origins: &[String],
        trusted_proxies: TrustedProxies,
    ) -> Self {
        Self {
            services,
            max_tasks_per_user: limits.tasks_per_user,
            origins,
            cors: (!cors_origins.is_empty()).then(|| cors(cors_origins)),
            trusted_proxies,
            people: limits.requests_per_minute.map(People::new),
            running_keys: idempotency::RunningKeys::default(),
            overload: limits.wait.map(|wait| Overload::new(wait / 2)),
            draining: AtomicBool::new(false),
        }
    }

    /// From now on the server is not ready for new work.
    pub fn start_draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to stop.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// The whole application.
pub fn router(app: AppState) -> Router {
    let (routes, document) = openapi::routes().split_for_parts();
    let issuer = AuthApp::of(&app);
    let router = routes
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .merge(openapi::router(&app, document));
    let router = match issuer {
        Some(issuer) => router.merge(auth::router(issuer)),
        None => router,
    };
    let router = router
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn(person_limits::tell))
        .layer(middleware::from_fn_with_state(REQUEST_TIMEOUT, failures::limit_time))
        .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(may_compress)))
        .layer(middleware::map_request(accept_identity))
        // After the compression: it is compressed already.
        .merge(page::router(&app))
        .layer(middleware::from_fn(failures::catch_panics))
        .layer(middleware::from_fn(telemetry::observe));
    let router = match &app.cors {
        Some(cors) => router.layer(cors.clone()),
        None => router,
    };
    router
        .layer(middleware::from_fn(security_headers::add))
        .layer(middleware::from_fn(request_id::assign))
        .with_state(app)
}

/// Who refuses an answer as it is gets it all the same (RFC 9110, section 12.5.3): what was asked for has been done, and
/// the compression would call it refused.
async fn accept_identity(mut request: Request) -> Request {
    let headers = request.headers_mut();
    let accepted: Vec<_> = headers.get_all(header::ACCEPT_ENCODING).iter().cloned().collect();
    if !accepted.is_empty() {
        // The first to name an encoding decides on it.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity;q=0.001"));
        for encodings in accepted {
            headers.append(header::ACCEPT_ENCODING, encodings);
        }
    }
    request
}

/// Marks an answer that is never compressed.
#[derive(Clone, Copy, Debug)]
struct Uncompressed;

/// Has an answer sent as it is.
async fn leave_uncompressed(mut response: Response) -> Response {
    response.extensions_mut().insert(Uncompressed);
    response
}

fn may_compress(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<Uncompressed>().is_none()
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect();
    let exposed = [
        "etag",
        "idempotency-replayed",
        "location",
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "set-auth-jwt",
        "set-auth-token",
        "www-authenticate",
        "x-request-id",
        "x-retry-after",
    ];
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::list([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            idempotency::HEADER,
            request_id::HEADER,
        ]))
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(PREFLIGHT_MAX_AGE)
}
