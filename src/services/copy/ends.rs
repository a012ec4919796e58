//! The two ends of a copy: what may be copied from, and what may be copied into.

use super::CopyError;
use crate::config::{EmbeddedSettings, Place, Storage};
use crate::database::Database;
use crate::database::copies::{self, State};
use crate::database::migrations::{self, MigrationError};
use crate::services::data_directory;

/// Opens the source, which nothing can be written to then.
pub(super) async fn open_source(from: &Place) -> Result<Database, CopyError> {
    if let Storage::Embedded(settings) = &from.storage
        && !settings.file.is_file()
    {
        return Err(CopyError::NoSource(from.name.clone()));
    }
    Database::open_read_only(&from.storage).await.map_err(|error| match error {
        MigrationError::InUse(_) => CopyError::SourceInUse(from.name.clone()),
        error => CopyError::Source(error),
    })
}

/// Whether a copy can be made of it; gives the columns that would stay behind.
pub(super) fn check_source(state: &State, from: &Place) -> Result<Vec<String>, CopyError> {
    let newest = copies::newest_version();
    match state.version {
        None => Err(CopyError::NotOurs(from.name.clone())),
        Some(_) if state.mark.is_some() => Err(CopyError::UnfinishedSource),
        Some(found) if found < newest => Err(CopyError::OlderSource { found, newest }),
        Some(found) if found > newest => Err(CopyError::Newer { found, newest }),
        Some(_) => Ok(state.foreign_columns.clone()),
    }
}

/// Opens the target, which is then marked, and has the tables. One that is refused is left as it is.
pub(super) async fn open_target(to: &Place, mark: &str) -> Result<Database, CopyError> {
    let newest = copies::newest_version();
    let state = look_at_target(to).await?;
    match &state {
        Some(State { mark: Some(of), .. }) if of != mark => return Err(CopyError::OtherCopy),
        Some(State { mark: Some(_), version, .. }) if *version != Some(newest) => {
            return Err(CopyError::OtherVersion);
        }
        Some(State { mark: Some(_), .. }) => {
            return Database::open_unfinished(&to.storage).await.map_err(CopyError::Target);
        }
        Some(State { filled: Some(table), .. }) => return Err(CopyError::NotEmpty(table)),
        Some(State { version: Some(found), .. }) if *found > newest => {
            return Err(CopyError::Newer { found: *found, newest });
        }
        Some(_) | None => {}
    }
    if let Storage::Embedded(settings) = &to.storage {
        data_directory::prepare(settings).map_err(CopyError::DataDirectory)?;
    }
    migrations::run(&to.storage).await.map_err(CopyError::Target)?;
    let target = Database::open_unfinished(&to.storage).await.map_err(CopyError::Target)?;
    copies::set_mark(&target, mark).await?;
    Ok(target)
}

/// What the target is like; `None` where it is an embedded file that is not there yet.
async fn look_at_target(to: &Place) -> Result<Option<State>, CopyError> {
    if let Storage::Embedded(settings) = &to.storage {
        if EmbeddedSettings::within(settings.directory.clone()).file != settings.file {
            return Err(CopyError::NotADataDirectory);
        }
        if settings.file.metadata().map_or(true, |file| file.len() == 0) {
            return Ok(None);
        }
    }
    let target = Database::open_read_only(&to.storage).await.map_err(CopyError::Target)?;
    let state = copies::inspect(&target).await;
    target.close().await;
    Ok(Some(state?))
}
