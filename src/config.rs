//! What the program is told: flags and environment become one checked [`Config`], or a list of everything
//! that is wrong with them.

mod auth;
mod connection_address;
mod connection_form;
mod connection_string;
mod mail;
mod place;
mod reading;
mod storage;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;
use ipnet::IpNet;
use url::Url;

pub use crate::settings::Settings;
pub use auth::{
    Accepted, AuthSettings, IssuerSettings, RateLimiting, RemoteSettings, SharedSecretSettings,
};
pub use connection_form::{HOW_TO_WRITE_A_PATH, looks_like_a_connection_string};
pub use connection_string::{Authorities, SslMode};
pub use mail::{Delivery, MailSettings, SmtpSettings, SmtpTls};
pub use place::Place;
pub use storage::{EmbeddedSettings, Pooler, PostgresSettings, Storage};

use crate::models::origin_pattern::OriginPattern;
use reading::{given, listed, number, number_or_off, number_within};

/// What every deployment must carry (API.md, "Limits").
const TASKS_PER_USER: RangeInclusive<i64> = 1_000..=i64::MAX;
/// A page that is opened asks for more than one thing.
const REQUESTS_PER_MINUTE: RangeInclusive<NonZeroU32> =
    NonZeroU32::new(60).unwrap()..=NonZeroU32::new(1_000_000_000).unwrap();
/// Shorter is what any machine takes now and then, and longer than a request may take is no limit.
const WAIT_MILLISECONDS: RangeInclusive<u64> = 20..=20_000;
/// Fewer would be a mistake, and more than a machine has files.
const CONNECTIONS: RangeInclusive<usize> = 100..=1_000_000;
/// No load balancer takes longer to notice that somebody is not ready.
const DRAIN_SECONDS: RangeInclusive<u64> = 0..=300;

/// Checked settings. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub storage: Storage,
    pub auth: AuthSettings,
    pub trusted_origins: Vec<OriginPattern>,
    pub cors_origins: Vec<String>,
    /// Networks of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    pub max_tasks_per_user: i64,
    /// Requests for tasks that one person may make in a minute; `None` where nobody is limited.
    pub max_requests_per_minute: Option<NonZeroU32>,
    /// How long requests may wait before they are looked at; `None` where they wait as long as it takes.
    pub max_wait: Option<Duration>,
    /// Connections that may be open at once.
    pub max_connections: usize,
    /// How long the server goes on taking connections after it was told to stop.
    pub drain_time: Duration,
    pub log: LogSettings,
    pub metrics: Option<SocketAddr>,
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct LogSettings {
    pub format: LogFormat,
    pub filter: String,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Pretty,
    Json,
}

/// Everything that is wrong with the settings, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigProblems(pub Vec<String>);

impl Config {
    /// Checks the settings.
    ///
    /// # Errors
    /// Every problem at once. No sentence repeats a secret.
    pub fn check(settings: &Settings) -> Result<Self, ConfigProblems> {
        let mut problems = Vec::new();
        let auth = auth::auth(settings, &mut problems);
        let host = number::<IpAddr>(
            "HOST",
            &settings.host,
            "an IP address such as 127.0.0.1 or ::",
            &mut problems,
        );
        let port = number::<u16>("PORT", &settings.port, "a number from 0 to 65535", &mut problems);
        let listen = SocketAddr::new(host.unwrap_or([127, 0, 0, 1].into()), port.unwrap_or(0));
        let max_wait = max_wait(settings, &mut problems);
        let storage = storage::storage(settings, max_wait, &mut problems);
        let trusted_origins = listed(&settings.better_auth_trusted_origins)
            .filter_map(|text| trusted_origin(text, &mut problems))
            .collect();
        let cors_origins = listed(&settings.cors_origins)
            .filter_map(|text| cors_origin(text, &mut problems))
            .collect();
        let trusted_proxies = listed(&settings.trusted_proxies)
            .filter_map(|text| trusted_proxy(text, &mut problems))
            .collect();
        let max_tasks_per_user = max_tasks_per_user(settings, &mut problems);
        let max_requests_per_minute = max_requests_per_minute(settings, &mut problems);
        let max_connections = max_connections(settings, &mut problems);
        let drain_time = drain_time(settings, &mut problems);
        let log = LogSettings {
            format: log_format(settings, &mut problems),
            filter: log_filter(settings, &mut problems),
        };
        let metrics = given(&settings.metrics_addr).and_then(|text| {
            let form = "an address and port such as 127.0.0.1:9000";
            number("METRICS_ADDR", text, form, &mut problems)
        });
        match auth {
            Some(auth) if problems.is_empty() => Ok(Self {
                listen,
                storage,
                auth,
                trusted_origins,
                cors_origins,
                trusted_proxies,
                max_tasks_per_user,
                max_requests_per_minute,
                max_wait,
                max_connections,
                drain_time,
                log,
                metrics,
            }),
            _ => Err(ConfigProblems(problems)),
        }
    }
}

fn trusted_origin(text: &str, problems: &mut Vec<String>) -> Option<OriginPattern> {
    let pattern = OriginPattern::parse(text);
    if pattern.is_none() {
        problems.push(format!(
            "BETTER_AUTH_TRUSTED_ORIGINS must hold origins such as https://app.example.com, not {text:?}"
        ));
    }
    pattern
}

fn cors_origin(text: &str, problems: &mut Vec<String>) -> Option<String> {
    let origin = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|_| !text.contains('*'))
        .map(|url| url.origin().ascii_serialization())
        .filter(|origin| text.trim_end_matches('/').eq_ignore_ascii_case(origin));
    if origin.is_none() {
        problems.push(format!(
            "CORS_ORIGINS must hold exact origins such as https://app.example.com, not {text:?}"
        ));
    }
    origin
}

fn trusted_proxy(text: &str, problems: &mut Vec<String>) -> Option<IpNet> {
    let network = text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    if network.is_none() {
        problems.push(format!(
            "TRUSTED_PROXIES must hold IP addresses or networks such as 10.0.0.0/8, not {text:?}"
        ));
    }
    network
}

fn max_tasks_per_user(settings: &Settings, problems: &mut Vec<String>) -> i64 {
    let (text, form) = (&settings.max_tasks_per_user, "a number of at least 1000");
    let max = number_within(&TASKS_PER_USER, "MAX_TASKS_PER_USER", text, form, problems);
    max.unwrap_or(*TASKS_PER_USER.start())
}

fn max_requests_per_minute(settings: &Settings, problems: &mut Vec<String>) -> Option<NonZeroU32> {
    let (text, form) =
        (&settings.max_requests_per_minute, "a number from 60 to 1000000000, or off");
    number_or_off(&REQUESTS_PER_MINUTE, "MAX_REQUESTS_PER_MINUTE", text, form, problems)
}

fn max_wait(settings: &Settings, problems: &mut Vec<String>) -> Option<Duration> {
    let (text, form) = (&settings.max_wait_ms, "a number of milliseconds from 20 to 20000, or off");
    let milliseconds = number_or_off(&WAIT_MILLISECONDS, "MAX_WAIT_MS", text, form, problems);
    milliseconds.map(Duration::from_millis)
}

fn max_connections(settings: &Settings, problems: &mut Vec<String>) -> usize {
    let (text, form) = (&settings.max_connections, "a number from 100 to 1000000");
    let max = number_within(&CONNECTIONS, "MAX_CONNECTIONS", text, form, problems);
    max.unwrap_or(*CONNECTIONS.start())
}

fn drain_time(settings: &Settings, problems: &mut Vec<String>) -> Duration {
    let (text, form) = (&settings.drain_seconds, "a number of seconds from 0 to 300");
    let seconds = number_within(&DRAIN_SECONDS, "DRAIN_SECONDS", text, form, problems);
    Duration::from_secs(seconds.unwrap_or(0))
}

fn log_format(settings: &Settings, problems: &mut Vec<String>) -> LogFormat {
    LogFormat::from_str(settings.log_format.trim(), true).unwrap_or_else(|_| {
        problems.push(format!("LOG_FORMAT must be pretty or json, not {:?}", settings.log_format));
        LogFormat::Pretty
    })
}

fn log_filter(settings: &Settings, problems: &mut Vec<String>) -> String {
    let text = settings.rust_log.trim();
    if let Err(error) = text.parse::<tracing_subscriber::filter::EnvFilter>() {
        problems.push(format!("RUST_LOG does not read as a filter: {error}"));
    }
    text.to_owned()
}
