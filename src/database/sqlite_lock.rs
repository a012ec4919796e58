//! The lock of the embedded database, which whoever opens it to write holds as long as it is open.

use std::fs::{File, TryLockError};
use std::io;

use super::migrations::MigrationError;
use crate::config::EmbeddedSettings;

/// Takes the lock that keeps a second copy of the program off the same file.
pub(super) fn lock(settings: &EmbeddedSettings) -> Result<File, MigrationError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&settings.lock_file)
        .map_err(|error| unreachable(settings, &error))?;
    take(settings, file)
}

/// Takes the lock where there is a file for it. Where there is none, no server has ever had the database open, and
/// nothing is made beside it.
pub(super) fn lock_if_there(settings: &EmbeddedSettings) -> Result<Option<File>, MigrationError> {
    match File::open(&settings.lock_file) {
        Ok(file) => take(settings, file).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreachable(settings, &error)),
    }
}

fn take(settings: &EmbeddedSettings, file: File) -> Result<File, MigrationError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(MigrationError::InUse(settings.file.clone())),
        Err(TryLockError::Error(error)) => Err(unreachable(settings, &error)),
    }
}

fn unreachable(settings: &EmbeddedSettings, error: &io::Error) -> MigrationError {
    MigrationError::Unreachable(format!("{}: {error}", settings.lock_file.display()))
}
