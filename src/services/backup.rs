//! A copy of the embedded database as one file, taken while a server runs, and bringing it back.
//!
//! Either is there whole or not at all: it is written under another name, forced to disk, and then renamed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::{data_directory, random};
use crate::config::EmbeddedSettings;
use crate::database::backup;
use crate::database::migrations::MigrationError;

/// Why there is no backup, or why it was not brought back. Each is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    #[error("{} is there already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    #[error("there is no file {}", .0.display())]
    NoBackup(PathBuf),
    #[error("{} cannot be brought back: {why}", file.display())]
    Unfit { file: PathBuf, why: backup::Unfit },
    #[error(
        "{} is beside it: it is the file of a database that was not closed, and not a backup. \
         Start a duly on its directory, and take one with duly backup.",
        .0.display()
    )]
    NotClosed(PathBuf),
    #[error(
        "{} holds somebody's data, and is not overwritten. Move it away, or set another DATA_DIR.",
        .0.display()
    )]
    HoldsData(PathBuf),
    #[error(
        "{} is there without its database, and may be all that is left of one. Move it away first.",
        .0.display()
    )]
    StrayLog(PathBuf),
    #[error("{} is not a file", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is a symbolic link that leads nowhere. Remove it, or make what it leads to.", .0.display())]
    LeadsNowhere(PathBuf),
    #[error("{} is the database itself, and not a backup of it", .0.display())]
    Itself(PathBuf),
    #[error(transparent)]
    Database(#[from] MigrationError),
    #[error("{}: {error}", file.display())]
    File { file: PathBuf, error: io::Error },
    #[error("{0}")]
    Failed(String),
}

/// Writes the embedded database as it is now into a new file, for its owner alone. What was acknowledged before this
/// began is in it. Gives the length in bytes. Blocks.
///
/// # Errors
/// [`BackupError`]. Then there is no file, unless it was there before.
pub fn backup(settings: &EmbeddedSettings, file: &Path) -> Result<u64, BackupError> {
    refuse_other_than_a_file(&settings.file)?;
    if !settings.file.is_file() {
        return Err(BackupError::NoDatabase(settings.file.clone()));
    }
    refuse_existing(file)?;
    let draft = Draft::beside(file)?;
    backup::write(settings, &draft.path).map_err(BackupError::Failed)?;
    let length = draft.sync()?;
    refuse_existing(file)?;
    draft.rename_to(file)?;
    Ok(length)
}

/// Puts a backup into the data directory, where there is nobody's data yet. Blocks.
///
/// # Errors
/// [`BackupError`]. Then the database is as it was.
pub fn restore(settings: &EmbeddedSettings, file: &Path) -> Result<(), BackupError> {
    if !file.is_file() {
        return Err(BackupError::NoBackup(file.to_owned()));
    }
    let source = EmbeddedSettings::at(file);
    if is_same(&source.file, &settings.file) {
        return Err(BackupError::Itself(file.to_owned()));
    }
    let _source_lock = backup::lock_if_there(&source)?;
    for suffix in ["-wal", "-journal"] {
        let log = with_suffix(&source.file, suffix);
        if holds_anything(&log) {
            return Err(BackupError::NotClosed(log));
        }
    }
    data_directory::prepare_directory(settings).map_err(BackupError::Failed)?;
    let _lock = backup::lock(settings)?;
    refuse_data(settings)?;
    remove_drafts(settings, &source.file)?;
    let draft = Draft::beside(&settings.file)?;
    draft.fill(&source.file)?;
    // What is checked is what is kept, and the backup itself is not opened.
    let unfit = |why| BackupError::Unfit { file: file.to_owned(), why };
    backup::check(&draft.path).map_err(unfit)?;
    draft.sync()?;
    remove_logs(settings)?;
    draft.rename_to(&settings.file)
}

fn refuse_existing(file: &Path) -> Result<(), BackupError> {
    match file.symlink_metadata() {
        Ok(_) => Err(BackupError::Exists(file.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(file, error)),
    }
}

fn refuse_other_than_a_file(file: &Path) -> Result<(), BackupError> {
    match file.metadata() {
        Ok(found) if !found.is_file() => Err(BackupError::NotAFile(file.to_owned())),
        Ok(_) => Ok(()),
        Err(_) if file.is_symlink() => Err(BackupError::LeadsNowhere(file.to_owned())),
        Err(_) => Ok(()),
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |file: &Path| file.canonicalize().ok();
    real(one).is_some() && real(one) == real(other)
}

fn refuse_data(settings: &EmbeddedSettings) -> Result<(), BackupError> {
    refuse_other_than_a_file(&settings.file)?;
    let log = with_suffix(&settings.file, "-wal");
    if !holds_anything(&settings.file) && !holds_anything(&log) {
        return Ok(());
    }
    if !settings.file.is_file() {
        return Err(BackupError::StrayLog(log));
    }
    // What does not read as a database may still be somebody's.
    match backup::holds_data(settings) {
        Ok(false) => Ok(()),
        Ok(true) | Err(_) => Err(BackupError::HoldsData(settings.file.clone())),
    }
}

/// Removes what restoring left behind that was killed, but for `kept`. Whoever makes such a file holds the lock, as the
/// caller does.
fn remove_drafts(settings: &EmbeddedSettings, kept: &Path) -> Result<(), BackupError> {
    let (Some(directory), Some(name)) = (settings.file.parent(), settings.file.file_name()) else {
        return Ok(());
    };
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    let entries = fs::read_dir(directory).map_err(|error| failed(directory, error))?;
    for entry in entries.filter_map(Result::ok) {
        let is_draft = is_draft_of(&name.to_string_lossy(), &entry.file_name().to_string_lossy());
        if is_draft && !is_same(&entry.path(), kept) {
            fs::remove_file(entry.path()).map_err(|error| failed(&entry.path(), error))?;
        }
    }
    Ok(())
}

/// Whether a name is one that [`Draft::beside`] makes for the file `of`, or that of a log beside such a file.
fn is_draft_of(of: &str, name: &str) -> bool {
    let rest = name.strip_prefix(of).and_then(|rest| rest.strip_prefix('.'));
    rest.and_then(|rest| rest.split_once('.')).is_some_and(|(random, ending)| {
        let ours = ["partial", "partial-wal", "partial-shm", "partial-journal"].contains(&ending);
        ours && random.len() == DRAFT_NAME
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Leaves nothing beside the database that would be taken for the log of the one that comes in its place.
fn remove_logs(settings: &EmbeddedSettings) -> Result<(), BackupError> {
    if holds_anything(&settings.file) {
        backup::fold_log(settings)?;
    }
    for suffix in ["-wal", "-shm", "-journal"] {
        let log = with_suffix(&settings.file, suffix);
        match fs::remove_file(&log) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&log, error)),
        }
    }
    sync_directory(&settings.file)
}

/// How many random characters are in the name of a draft.
const DRAFT_NAME: usize = 12;

/// A file under a name of its own, which goes when it is not renamed.
struct Draft {
    path: PathBuf,
}

impl Draft {
    /// A new and empty file in the directory of `file`, for its owner alone.
    fn beside(file: &Path) -> Result<Self, BackupError> {
        let path = with_suffix(file, &format!(".{}.partial", random::text(DRAFT_NAME)));
        data_directory::private_file(&path).map_err(|error| failed(&path, error))?;
        Ok(Self { path })
    }

    /// Writes what is in `source` into it. The permissions stay as they are.
    fn fill(&self, source: &Path) -> Result<(), BackupError> {
        let mut from = File::open(source).map_err(|error| failed(source, error))?;
        let into = File::options().write(true).open(&self.path);
        let copied = into.and_then(|mut into| io::copy(&mut from, &mut into));
        copied.map(drop).map_err(|error| failed(&self.path, error))
    }

    /// Forces the content to disk. Gives the length in bytes.
    fn sync(&self) -> Result<u64, BackupError> {
        let length = File::open(&self.path).and_then(|file| {
            file.sync_all()?;
            file.metadata().map(|metadata| metadata.len())
        });
        length.map_err(|error| failed(&self.path, error))
    }

    fn rename_to(self, file: &Path) -> Result<(), BackupError> {
        fs::rename(&self.path, file).map_err(|error| failed(file, error))?;
        sync_directory(file)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            // After a rename there is nothing to remove.
            let _ = fs::remove_file(with_suffix(&self.path, suffix));
        }
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

fn holds_anything(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// Forces the names in the directory of `file` to disk.
fn sync_directory(file: &Path) -> Result<(), BackupError> {
    let directory = match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let synced = File::open(directory).and_then(|directory| directory.sync_all());
    synced.map_err(|error| failed(directory, error))
}

fn failed(file: &Path, error: io::Error) -> BackupError {
    BackupError::File { file: file.to_owned(), error }
}
