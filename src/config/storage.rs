//! Where everything is kept: `DATABASE_URL` and what goes with it, `DATA_DIR`.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::connection_form::{HOW_TO_WRITE_A_PATH, looks_like_a_connection_string};
use super::connection_string::{Authorities, ConnectionString, SslMode};
use super::place;
use super::reading::given;
use crate::settings::Settings;

/// Which engine keeps everything, and how to reach it.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "a process has one or two of them")]
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
    /// The files below `directory`. Where `duly.db` is a symbolic link, the database is the file that it leads to.
    pub fn within(directory: PathBuf) -> Self {
        let file = place::followed(directory.join(place::FILE_NAME));
        Self {
            lock_file: place::lock_file(&file),
            file,
            secret_file: directory.join("secret"),
            directory,
        }
    }
}

/// How to reach PostgreSQL. `tokio_postgres::Config` keeps its password out of `Debug`.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Where and as whom. Its own `ssl_mode` is not looked at.
    pub config: tokio_postgres::Config,
    pub ssl_mode: SslMode,
    pub authorities: Authorities,
    pub pooler: Pooler,
    pub max_connections: usize,
    /// How long a connection that nobody uses is kept.
    pub idle_timeout: Duration,
    /// Half of this is how long requests may wait for a connection while there is a rush; `None`: as long as it takes.
    pub max_wait: Option<Duration>,
    /// The way around the pooler, for migrations.
    pub direct: Option<Box<Self>>,
}

/// Whether a pooler stands before the database that hands its connections on after each transaction, so that nothing
/// that belongs to a session holds: prepared statements and settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Pooler {
    /// To be noticed.
    Auto,
    /// No, or one that hands on only after the session.
    None,
    /// Yes, and it knows nothing of prepared statements.
    Transaction,
    /// Yes, and it carries prepared statements along (PgBouncer from 1.21 on with `max_prepared_statements`).
    Prepared,
}

impl PostgresSettings {
    /// A connection string, and the defaults of everything else.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence. It does not repeat the text, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let ConnectionString { config, ssl_mode, authorities } = ConnectionString::parse(url)?;
        Ok(Self {
            config,
            ssl_mode,
            authorities,
            pooler: Pooler::Auto,
            max_connections: 16,
            idle_timeout: Duration::from_secs(60),
            max_wait: None,
            direct: None,
        })
    }

    /// Whether somebody on the way to the server could take its place and not be noticed.
    pub fn trusts_the_network(&self) -> bool {
        use tokio_postgres::config::{ChannelBinding, Host};

        let is_checked = match self.ssl_mode {
            SslMode::VerifyCa | SslMode::VerifyFull => true,
            SslMode::Require => self.authorities != Authorities::Known,
            SslMode::Disable | SslMode::Allow | SslMode::Prefer => false,
        };
        let is_near = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
            }
            Host::Unix(_) => true,
        };
        let addresses = self.config.get_hostaddrs();
        let all_are_near = match addresses.is_empty() {
            true => self.config.get_hosts().iter().all(is_near),
            false => addresses.iter().all(IpAddr::is_loopback),
        };
        let binds = self.config.get_channel_binding() == ChannelBinding::Require;
        !is_checked && !binds && !all_are_near
    }
}

pub(super) fn storage(
    settings: &Settings,
    max_wait: Option<Duration>,
    problems: &mut Vec<String>,
) -> Storage {
    let max_connections =
        ranged("DATABASE_MAX_CONNECTIONS", &settings.database_max_connections, 1..=1000, problems);
    let idle_seconds =
        ranged("DATABASE_IDLE_SECONDS", &settings.database_idle_seconds, 1..=86_400, problems);
    let pooler = Pooler::from_str(settings.database_pooler.trim(), true).unwrap_or_else(|_| {
        problems.push(format!(
            "DATABASE_POOLER must be auto, none, transaction or prepared, not {:?}",
            settings.database_pooler
        ));
        Pooler::Auto
    });
    let database = connection("DATABASE_URL", &settings.database_url, problems);
    let direct = connection("DATABASE_DIRECT_URL", &settings.database_direct_url, problems);
    if given(&settings.database_url).is_none() && direct.is_some() {
        problems.push("DATABASE_DIRECT_URL goes with a DATABASE_URL".to_owned());
    }
    let directory = settings.data_dir.trim();
    if directory.is_empty() {
        problems.push("DATA_DIR must name a directory, and is empty".to_owned());
    } else if looks_like_a_connection_string(directory) {
        // It would be made, with the password in its name.
        problems.push(format!(
            "DATA_DIR must name a directory: a connection string goes into DATABASE_URL; {HOW_TO_WRITE_A_PATH}"
        ));
    }
    match database {
        None => Storage::Embedded(EmbeddedSettings::within(directory.into())),
        Some(database) => Storage::Postgres(PostgresSettings {
            pooler,
            max_connections: max_connections as usize,
            idle_timeout: Duration::from_secs(idle_seconds),
            max_wait,
            direct: direct.map(Box::new),
            ..database
        }),
    }
}

fn connection(
    name: &str,
    setting: &Option<String>,
    problems: &mut Vec<String>,
) -> Option<PostgresSettings> {
    let parsed = PostgresSettings::parse(given(setting)?);
    parsed.map_err(|problem| problems.push(format!("{name} {problem}"))).ok()
}

/// A whole number within bounds; the lower one where it is not.
fn ranged(name: &str, text: &str, range: RangeInclusive<u64>, problems: &mut Vec<String>) -> u64 {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.unwrap_or_else(|| {
        let (least, most) = range.into_inner();
        problems.push(format!("{name} must be a number from {least} to {most}, not {text:?}"));
        least
    })
}
