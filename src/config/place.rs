//! One end of a copy: the text after `--from` or `--to`.

use std::path::{Path, PathBuf};

use super::connection_form::{
    HOW_TO_WRITE_A_PATH, is_connection_string, looks_like_a_connection_string, mistake,
};
use super::storage::{EmbeddedSettings, PostgresSettings, Storage};

/// Connections to PostgreSQL that a copy opens at the most: it reads ahead while it writes.
const MAX_CONNECTIONS: usize = 4;
/// The name of the database in a data directory.
pub(super) const FILE_NAME: &str = "duly.db";

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
        if let Some((_, rest)) = text.split_once("://").filter(|_| is_connection_string(text)) {
            let mut settings = PostgresSettings::parse(text)?;
            settings.max_connections = MAX_CONNECTIONS;
            let name = format!("postgresql://{}", without_login(rest));
            return Ok(Self { storage: Storage::Postgres(settings), name });
        }
        if looks_like_a_connection_string(text) {
            return Err(format!("{}; {HOW_TO_WRITE_A_PATH}", mistake(text)));
        }
        let settings = EmbeddedSettings::at(Path::new(text));
        let name = std::path::absolute(&settings.file).unwrap_or_else(|_| settings.file.clone());
        let name = name.display().to_string();
        Ok(Self { storage: Storage::Embedded(settings), name })
    }
}

impl EmbeddedSettings {
    /// The database in a data directory, or in a file: `duly.db`, or a backup under another name. A symbolic link to a
    /// file is followed: the log and the lock are beside the file that it leads to.
    pub fn at(path: &Path) -> Self {
        let is_file = path.is_file() || path.extension().is_some_and(|extension| extension == "db");
        if path.is_dir() || !is_file {
            return Self::within(path.to_owned());
        }
        let file = followed(path.to_owned());
        let directory = match file.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let settings = Self::within(directory);
        if file.file_name() == settings.file.file_name() {
            return settings;
        }
        Self { lock_file: lock_file(&file), file, ..settings }
    }
}

/// Where a symbolic link leads; a path that is none, or that leads nowhere, is as it was.
pub(super) fn followed(path: PathBuf) -> PathBuf {
    match path.is_symlink() {
        true => path.canonicalize().unwrap_or(path),
        false => path,
    }
}

/// The lock beside a database file.
pub(super) fn lock_file(file: &Path) -> PathBuf {
    if file.file_name().is_some_and(|name| name == FILE_NAME) {
        return file.with_file_name("duly.lock");
    }
    let mut lock_file = file.as_os_str().to_owned();
    lock_file.push(".lock");
    lock_file.into()
}

/// What follows `postgresql://`, with only what says which database it is.
fn without_login(text: &str) -> String {
    // There is one at the most.
    let address = text.split_once('@').map_or(text, |(_, address)| address);
    let (address, query) = address.split_once('?').unwrap_or((address, ""));
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
