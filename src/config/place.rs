//! One end of a copy: the text after `--from` or `--to`.

use std::path::{Path, PathBuf};

use super::storage::{EmbeddedSettings, PostgresSettings, Storage};

/// Connections to PostgreSQL that a copy opens at the most: it reads ahead while it writes.
const MAX_CONNECTIONS: usize = 4;

/// A database, and what to call it.
#[derive(Clone, Debug)]
pub struct Place {
    pub storage: Storage,
    /// Says which database it is, without user name and password. The same text gives the same name, wherever the
    /// program is started.
    pub name: String,
}

impl Place {
    /// Reads a connection string, or the path of a data directory or of a database file.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence. It does not repeat the text, which may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            if !matches!(scheme, "postgresql" | "postgres") {
                return Err("must be a path, or start with postgresql://".to_owned());
            }
            let mut settings = PostgresSettings::parse(text)?;
            settings.max_connections = MAX_CONNECTIONS;
            let name = format!("postgresql://{}", without_login(rest));
            return Ok(Self { storage: Storage::Postgres(settings), name });
        }
        let settings = embedded(Path::new(text));
        let name = std::path::absolute(&settings.file).unwrap_or_else(|_| settings.file.clone());
        let name = name.display().to_string();
        Ok(Self { storage: Storage::Embedded(settings), name })
    }
}

/// A directory, or a file in one: `duly.db`, or a backup under another name.
fn embedded(path: &Path) -> EmbeddedSettings {
    let is_file = path.is_file() || path.extension().is_some_and(|extension| extension == "db");
    if path.is_dir() || !is_file {
        return EmbeddedSettings::within(path.to_owned());
    }
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let settings = EmbeddedSettings::within(directory);
    if path.file_name() == settings.file.file_name() {
        return settings;
    }
    // No server ever opens it, so its lock is never there.
    let mut lock_file = path.as_os_str().to_owned();
    lock_file.push(".lock");
    EmbeddedSettings { file: path.to_owned(), lock_file: lock_file.into(), ..settings }
}

/// What follows `postgresql://`, with only what says which database it is.
fn without_login(text: &str) -> String {
    // A password may hold any of @, ? and / as it is: the driver lets the first @ end it, and here the last does.
    let address = text.split_once('@').map_or(text, |(_, address)| address);
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let which = query.split('&').filter(|parameter| {
        let name = parameter.split_once('=').map(|(name, _)| name);
        matches!(name, Some("host" | "hostaddr" | "port" | "dbname"))
    });
    let which: Vec<&str> = which.collect();
    match which.is_empty() {
        true => address.to_owned(),
        false => format!("{address}?{}", which.join("&")),
    }
}
