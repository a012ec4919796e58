//! Where everything is kept: `DATABASE_URL`, `DATABASE_MAX_CONNECTIONS`, `DATA_DIR`.

use std::path::PathBuf;

use super::reading::{given, number};
use crate::settings::Settings;

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

impl PostgresSettings {
    /// A connection string, and the defaults of everything else.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence. It does not repeat the text, which may hold a password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let config = url
            .parse::<tokio_postgres::Config>()
            .map_err(|error| format!("is not a connection string: {}", postgres_cause(&error)))?;
        Ok(Self { config, max_connections: 16 })
    }
}

pub(super) fn storage(settings: &Settings, problems: &mut Vec<String>) -> Storage {
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
