//! What the program says about itself: log lines and metrics.

use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tracing::{Instrument, Level, field, info, info_span};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::database::Load;

/// How often the gauges of the database are read. Reading them asks the database nothing.
const SAMPLE_INTERVAL: Duration = Duration::from_secs(5);
const LATENCY_BUCKETS_SECONDS: [f64; 12] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

/// Whether anybody collects metrics: putting labels together for nobody would cost every request.
static IS_MEASURED: AtomicBool = AtomicBool::new(false);

/// Begins to log to standard error. A second call changes nothing.
pub fn start_logging(settings: &LogSettings) {
    // At `debug` the driver logs the values of each statement, session tokens among them.
    let values = "tokio_postgres::query=off".parse().expect("it is a directive");
    // At `info` it repeats what the server says to whoever makes a table that is there.
    let notices = "tokio_postgres::connection=warn".parse().expect("it is a directive");
    let filter = EnvFilter::new(&settings.filter).add_directive(values).add_directive(notices);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Fails only where a subscriber is there already, which then stays.
    let _ = match settings.format {
        LogFormat::Pretty => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_target(false).try_init(),
    };
}

/// Logs one line for each request, and counts and times it.
pub async fn observe(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method_name(request.method());
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or("unmatched", MatchedPath::as_str);
    let span = info_span!("request", id = request_id(&request), user = field::Empty);
    let response = next.run(request).instrument(span.clone()).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    if tracing::enabled!(Level::INFO) {
        let milliseconds = elapsed.as_secs_f64() * 1e3;
        span.in_scope(|| info!(method, route, status, milliseconds, "answered"));
    }
    if IS_MEASURED.load(Ordering::Relaxed) {
        let labels = [
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        counter!("http_requests_total", &labels).increment(1);
        histogram!("http_request_duration_seconds", &labels).record(elapsed);
    }
    response
}

/// The method, or `other` for one that nothing here takes: a client must not be able to make up metrics.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| method == *known).unwrap_or("other")
}

/// The id that was put on the request before it came here.
fn request_id(request: &Request) -> &str {
    request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default()
}

/// Serves Prometheus metrics on `address`, until the program ends; `load` tells how busy the database is.
///
/// # Errors
/// Where the address cannot be bound.
pub fn serve_metrics(
    address: SocketAddr,
    load: impl Fn() -> Load + Send + 'static,
) -> Result<(), String> {
    let (recorder, exporter) = PrometheusBuilder::new()
        .with_http_listener(address)
        .set_buckets_for_metric(
            Matcher::Suffix("_duration_seconds".to_owned()),
            &LATENCY_BUCKETS_SECONDS,
        )
        .and_then(PrometheusBuilder::build)
        .map_err(|error| error.to_string())?;
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    IS_MEASURED.store(true, Ordering::Relaxed);
    describe();
    tokio::spawn(async move {
        if exporter.await.is_err() {
            tracing::error!("the metrics listener ended");
        }
    });
    tokio::spawn(sample(load));
    Ok(())
}

fn describe() {
    describe_counter!("http_requests_total", "Requests by method, matched route and status");
    describe_histogram!("http_request_duration_seconds", "Time to the head of the answer");
    describe_counter!("password_hashes_total", "Passwords hashed");
    describe_counter!("http_requests_shed_total", "Requests refused because they would wait long");
    describe_counter!("http_connections_refused_total", "Connections that were one too many");
    describe_gauge!("http_connections_open", "Open connections of clients");
    describe_gauge!("database_connections", "Open connections to the database");
    describe_gauge!("database_connections_idle", "Open connections that nobody uses");
    describe_gauge!("database_waiting", "Requests that wait for the database");
}

async fn sample(load: impl Fn() -> Load + Send) {
    let mut ticks = tokio::time::interval(SAMPLE_INTERVAL);
    loop {
        ticks.tick().await;
        let load = load();
        gauge!("database_connections").set(load.connections as f64);
        gauge!("database_connections_idle").set(load.idle as f64);
        gauge!("database_waiting").set(load.waiting as f64);
    }
}
