//! `duly backup` and `duly restore`: the embedded database as one file, and back.

use std::path::Path;

use super::{Failure, print};
use crate::config::{
    Config, EmbeddedSettings, HOW_TO_WRITE_A_PATH, Settings, Storage,
    looks_like_a_connection_string,
};
use crate::services::backup;

pub(super) fn backup(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let instead = "pg_dump (pg_dump --format=custom) takes backups of it";
    let (config, embedded) = embedded(settings, file, instead)?;
    let length = backup::backup(&embedded, file).map_err(|error| error.to_string())?;
    let wanted = "The secret is not in it: keep that too, and apart from it";
    print(&format!(
        "{} holds everything that was there when it was begun ({length} bytes).\n{}",
        file.display(),
        about_secret(&config, &embedded, wanted)
    ))
}

pub(super) fn restore(settings: &Settings, file: &Path) -> Result<(), Failure> {
    let (config, embedded) = embedded(settings, file, "pg_restore brings a backup back")?;
    backup::restore(&embedded, file).map_err(|error| error.to_string())?;
    let wanted = "The secret is not in a backup: cookies and signing keys need the one from before";
    print(&format!(
        "{} is back in {}.\n{}",
        file.display(),
        embedded.file.display(),
        about_secret(&config, &embedded, wanted)
    ))
}

/// The settings, which must name an embedded database. That they do not is said before anything else that is wrong
/// with them.
fn embedded(
    settings: &Settings,
    file: &Path,
    instead: &str,
) -> Result<(Config, EmbeddedSettings), Failure> {
    let on_postgres =
        format!("this is for the embedded database, and DATABASE_URL is set: {instead}");
    if settings.database_url.as_deref().is_some_and(|url| !url.trim().is_empty()) {
        return Err(on_postgres);
    }
    if file.to_str().is_some_and(looks_like_a_connection_string) {
        return Err(format!(
            "FILE must be the name of a file, and this is like a connection string; {HOW_TO_WRITE_A_PATH}"
        ));
    }
    let config = Config::check(settings).map_err(|problems| problems.to_string())?;
    match config.storage.clone() {
        Storage::Embedded(embedded) => Ok((config, embedded)),
        Storage::Postgres(_) => Err(on_postgres),
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
