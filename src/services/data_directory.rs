//! The directory of the embedded database: who may see it, and the secret that is kept in it.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::random;
use crate::config::EmbeddedSettings;
use crate::models::secret::Secret;

/// Makes the directory of the embedded database, for its owner alone, and an empty file for it.
///
/// # Errors
/// A sentence that says what cannot be made.
pub fn prepare(settings: &EmbeddedSettings) -> Result<(), String> {
    prepare_directory(settings)?;
    // Made before SQLite does, which would let others read it.
    private_file(&settings.file).map(drop).or_else(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Ok(()),
        _ => Err(format!("{} cannot be made: {error}", settings.file.display())),
    })
}

/// Makes the directory alone.
///
/// # Errors
/// A sentence that says what cannot be made.
pub(super) fn prepare_directory(settings: &EmbeddedSettings) -> Result<(), String> {
    let directory = &settings.directory;
    let failed = |error: io::Error| format!("{} cannot be made: {error}", directory.display());
    private_directory(directory).map_err(failed)
}

/// Makes a directory that only its owner may enter, where there is none.
pub(super) fn private_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a new file that only its owner may read.
pub(super) fn private_file(path: &Path) -> io::Result<fs::File> {
    fs::File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// The secret that is kept beside the database, made where there is none yet.
///
/// # Errors
/// Where the file cannot be read or made, or holds too little.
pub fn stored_secret(settings: &EmbeddedSettings) -> io::Result<Secret> {
    if !settings.secret_file.exists() {
        // Written aside and linked into place: it is there whole or not at all, and never replaced.
        let draft = settings.directory.join(format!("secret.{}", random::id()));
        let mut file = private_file(&draft)?;
        // 64 letters and digits: 380 bits.
        file.write_all(format!("{}{}", random::id(), random::id()).as_bytes())?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, &settings.secret_file);
        fs::remove_file(&draft)?;
        linked.or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })?;
    }
    let text = fs::read_to_string(&settings.secret_file)?;
    Secret::parse(text.trim()).ok_or_else(|| io::Error::other("it has fewer than 32 characters"))
}
