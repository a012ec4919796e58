//! What the program is told: flags and environment become one checked [`Config`], or a list of everything
//! that is wrong with them.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use clap::ValueEnum;
use url::Url;

pub use crate::settings::Settings;

use crate::models::origin_pattern::OriginPattern;
use crate::models::secret::{MIN_SECRET_CHARS, Secret};

/// What every deployment must carry (API.md, "Limits").
const MIN_TASKS_PER_USER: i64 = 1_000;

/// Checked settings. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub storage: Storage,
    /// `None`: the embedded database, whose secret is kept in a file beside it.
    pub secret: Option<Secret>,
    /// `None`: follows from the port that was bound.
    pub base_url: Option<Url>,
    pub trusted_origins: Vec<OriginPattern>,
    pub cors_origins: Vec<String>,
    pub max_tasks_per_user: i64,
    pub log: LogSettings,
    pub metrics: Option<SocketAddr>,
}

/// Which engine keeps everything, and how to reach it.
#[derive(Clone, Debug)]
pub enum Storage {
    Embedded(EmbeddedSettings),
    Postgres(PostgresSettings),
}

/// Where the embedded database lives.
#[derive(Clone, Debug)]
pub struct EmbeddedSettings {
    pub directory: PathBuf,
    pub file: PathBuf,
    pub lock_file: PathBuf,
    pub secret_file: PathBuf,
}

impl EmbeddedSettings {
    /// The files below `directory`.
    pub fn within(directory: PathBuf) -> Self {
        Self {
            file: directory.join("duly.db"),
            lock_file: directory.join("duly.lock"),
            secret_file: directory.join("secret"),
            directory,
        }
    }
}

/// How to reach PostgreSQL. `tokio_postgres::Config` keeps its password out of `Debug`.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    pub config: tokio_postgres::Config,
    pub max_connections: usize,
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
        let host = number::<IpAddr>(
            "HOST",
            &settings.host,
            "an IP address such as 127.0.0.1 or ::",
            &mut problems,
        );
        let port = number::<u16>("PORT", &settings.port, "a number from 0 to 65535", &mut problems);
        let config = Self {
            listen: SocketAddr::new(host.unwrap_or([127, 0, 0, 1].into()), port.unwrap_or(0)),
            storage: storage(settings, &mut problems),
            secret: secret(settings, &mut problems),
            base_url: given(&settings.better_auth_url)
                .and_then(|text| base_url(text, &mut problems)),
            trusted_origins: listed(&settings.better_auth_trusted_origins)
                .filter_map(|text| trusted_origin(text, &mut problems))
                .collect(),
            cors_origins: listed(&settings.cors_origins)
                .filter_map(|text| cors_origin(text, &mut problems))
                .collect(),
            max_tasks_per_user: max_tasks_per_user(settings, &mut problems),
            log: LogSettings {
                format: log_format(settings, &mut problems),
                filter: log_filter(settings, &mut problems),
            },
            metrics: given(&settings.metrics_addr).and_then(|text| {
                number(
                    "METRICS_ADDR",
                    text,
                    "an address and port such as 127.0.0.1:9000",
                    &mut problems,
                )
            }),
        };
        if problems.is_empty() { Ok(config) } else { Err(ConfigProblems(problems)) }
    }
}

/// A setting that is there; an empty variable is one that is not.
fn given(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

fn listed(setting: &Option<String>) -> impl Iterator<Item = &str> {
    given(setting).unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty())
}

fn number<T: FromStr>(name: &str, text: &str, form: &str, problems: &mut Vec<String>) -> Option<T> {
    let parsed = text.trim().parse().ok();
    if parsed.is_none() {
        problems.push(format!("{name} must be {form}, not {text:?}"));
    }
    parsed
}

fn storage(settings: &Settings, problems: &mut Vec<String>) -> Storage {
    let max_connections = number::<usize>(
        "DATABASE_MAX_CONNECTIONS",
        &settings.database_max_connections,
        "a number from 1 to 1000",
        problems,
    )
    .unwrap_or(1);
    if !(1..=1000).contains(&max_connections) {
        problems.push(format!(
            "DATABASE_MAX_CONNECTIONS must be from 1 to 1000, not {max_connections}"
        ));
    }
    match given(&settings.database_url) {
        None => Storage::Embedded(EmbeddedSettings::within(settings.data_dir.trim().into())),
        Some(url) => Storage::Postgres(PostgresSettings {
            config: postgres_config(url, problems),
            max_connections,
        }),
    }
}

fn postgres_config(url: &str, problems: &mut Vec<String>) -> tokio_postgres::Config {
    let known = ["postgresql://", "postgres://"].iter().any(|scheme| url.starts_with(scheme));
    if !known {
        // The text itself may hold a password, so it is not repeated.
        problems.push(
            "DATABASE_URL must start with postgresql:// or postgres://; leave it out for the embedded database"
                .to_owned(),
        );
        return tokio_postgres::Config::new();
    }
    match url.parse::<tokio_postgres::Config>() {
        Ok(mut config) => {
            if config.get_application_name().is_none() {
                config.application_name("duly");
            }
            config
        }
        Err(error) => {
            problems.push(format!(
                "DATABASE_URL is not a connection string: {}",
                postgres_cause(&error)
            ));
            tokio_postgres::Config::new()
        }
    }
}

/// The driver names the parameter that it cannot read; its value, which may be a password, it does not.
fn postgres_cause(error: &tokio_postgres::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn secret(settings: &Settings, problems: &mut Vec<String>) -> Option<Secret> {
    const HOW: &str = "make one with: openssl rand -base64 32";
    match given(&settings.better_auth_secret) {
        Some(text) => {
            let secret = Secret::parse(text);
            if secret.is_none() {
                problems.push(format!(
                    "BETTER_AUTH_SECRET has fewer than {MIN_SECRET_CHARS} characters; {HOW}"
                ));
            }
            secret
        }
        None => {
            if given(&settings.database_url).is_some() {
                problems.push(format!(
                    "BETTER_AUTH_SECRET is required with DATABASE_URL, and must be the same for every copy; {HOW}"
                ));
            }
            None
        }
    }
}

fn base_url(text: &str, problems: &mut Vec<String>) -> Option<Url> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        problems.push(format!("BETTER_AUTH_URL must be an http or https address, not {text:?}"));
    }
    url
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

fn max_tasks_per_user(settings: &Settings, problems: &mut Vec<String>) -> i64 {
    let form = "a number of at least 1000";
    let max = number("MAX_TASKS_PER_USER", &settings.max_tasks_per_user, form, problems)
        .unwrap_or(MIN_TASKS_PER_USER);
    if max < MIN_TASKS_PER_USER {
        problems.push(format!("MAX_TASKS_PER_USER must be {form}, not {max}"));
    }
    max
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
