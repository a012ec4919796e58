//! `duly backup` and `duly restore`: the embedded database as one file, and back.

use std::path::Path;

use super::{Failure, print};
use crate::config::{Config, EmbeddedSettings, Storage};
use crate::services::backup;

pub(super) fn backup(config: &Config, file: &Path) -> Result<(), Failure> {
    let settings = embedded(config, "pg_dump (pg_dump --format=custom) takes backups of it")?;
    let length = backup::backup(settings, file).map_err(|error| error.to_string())?;
    print(&format!(
        "{} holds everything that was there when it was begun ({length} bytes).\n{}",
        file.display(),
        about_secret(config, settings, "The secret is not in it: keep that too, and apart from it")
    ))
}

pub(super) fn restore(config: &Config, file: &Path) -> Result<(), Failure> {
    let settings = embedded(config, "pg_restore brings a backup back")?;
    backup::restore(settings, file).map_err(|error| error.to_string())?;
    let wanted = "The secret is not in a backup: cookies and signing keys need the one from before";
    print(&format!(
        "{} is back in {}.\n{}",
        file.display(),
        settings.file.display(),
        about_secret(config, settings, wanted)
    ))
}

fn embedded<'a>(config: &'a Config, instead: &str) -> Result<&'a EmbeddedSettings, Failure> {
    match &config.storage {
        Storage::Embedded(settings) => Ok(settings),
        Storage::Postgres(_) => {
            Err(format!("this is for the embedded database, and DATABASE_URL is set: {instead}"))
        }
    }
}

fn about_secret(config: &Config, settings: &EmbeddedSettings, wanted: &str) -> String {
    use crate::config::AuthSettings::Embedded;
    match &config.auth {
        Embedded(issuer) if issuer.secrets.is_some() => format!("{wanted} (BETTER_AUTH_SECRET).\n"),
        Embedded(_) => format!("{wanted} ({}).\n", settings.secret_file.display()),
        // Somebody else signs people in.
        _ => String::new(),
    }
}
