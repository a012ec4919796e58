//! The two ends of a copy: what may be copied from, and what may be copied into.

use super::CopyError;
use crate::config::{EmbeddedSettings, Place, Storage};
use crate::database::copies::{self, Claim, State};
use crate::database::migrations::{self, MigrationError};
use crate::database::{Database, DatabaseError};
use crate::services::{data_directory, random};

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
        None => return Err(CopyError::NotOurs(from.name.clone())),
        Some(_) if state.mark.is_some() => return Err(CopyError::UnfinishedSource),
        Some(found) if found < newest => return Err(CopyError::OlderSource { found, newest }),
        Some(found) if found > newest => return Err(CopyError::Newer { found, newest }),
        Some(_) => {}
    }
    check_whole(state, "source")?;
    Ok(state.foreign_columns.clone())
}

/// Opens the target, which is then marked, has the tables, and is written to by nobody else. One that is refused is
/// left as it is.
pub(super) async fn open_target(to: &Place, source: &str) -> Result<(Database, Claim), CopyError> {
    let state = look_at_target(to).await?;
    if let Some(state) = &state {
        check_target(state, source)?;
    }
    if state.is_none_or(|state| state.mark.is_none()) {
        if let Storage::Embedded(settings) = &to.storage {
            data_directory::prepare(settings).map_err(CopyError::DataDirectory)?;
        }
        migrations::run(&to.storage).await.map_err(|error| match error {
            MigrationError::Unfinished => CopyError::BegunElsewhere,
            error => CopyError::Target(error),
        })?;
    }
    let target = Database::open_unfinished(&to.storage).await.map_err(CopyError::Target)?;
    match claim(&target, source).await {
        Ok(claim) => Ok((target, claim)),
        Err(error) => {
            target.close().await;
            Err(error)
        }
    }
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

/// Whether it may be copied into, as far as can be told before the tables are there.
fn check_target(state: &State, source: &str) -> Result<(), CopyError> {
    let newest = copies::newest_version();
    if let Some(mark) = &state.mark {
        if mark.source != source {
            return Err(CopyError::OtherCopy);
        }
        if !mark.can_be_claimed || state.version != Some(newest) {
            return Err(CopyError::OtherVersion);
        }
    }
    if let Some(table) = state.hidden {
        return Err(CopyError::Hidden { end: "target", table });
    }
    if let (None, Some(table)) = (&state.mark, state.filled) {
        return Err(CopyError::NotEmpty(table));
    }
    match (state.version, state.foreign_table) {
        (Some(found), _) if found > newest => return Err(CopyError::Newer { found, newest }),
        (Some(found), _) if found == newest => check_whole(state, "target")?,
        (Some(_), _) | (None, None) => {}
        (None, Some(table)) => return Err(CopyError::ForeignTable(table)),
    }
    match state.required_columns.as_slice() {
        [] => Ok(()),
        columns => Err(CopyError::RequiredColumns(columns.to_vec())),
    }
}

/// Whether everything is there, and can be seen.
fn check_whole(state: &State, end: &'static str) -> Result<(), CopyError> {
    if let Some(what) = state.missing.first().cloned() {
        return Err(CopyError::Missing { end, what });
    }
    state.hidden.map_or(Ok(()), |table| Err(CopyError::Hidden { end, table }))
}

/// Looks once more, since much may have happened since the first look: on an embedded target, which is locked now,
/// nothing more can. On PostgreSQL whoever comes in between is noticed by what is done here.
async fn claim(target: &Database, source: &str) -> Result<Claim, CopyError> {
    let state = copies::inspect(target).await?;
    check_target(&state, source)?;
    check_whole(&state, "target")?;
    let token = random::id();
    if state.mark.is_some() {
        let claim = Claim::take_over(target, source, &token).await;
        return claim?.ok_or(CopyError::FinishedElsewhere);
    }
    match Claim::begin(target, source, &token).await {
        Ok(claim) => Ok(claim),
        // It may have happened; the next copy finds out.
        Err(error @ DatabaseError::Unavailable(_)) => Err(error.into()),
        Err(error) => {
            let state = copies::inspect(target).await?;
            match (state.mark, state.filled) {
                (Some(_), _) => Err(CopyError::BegunElsewhere),
                (None, Some(table)) => Err(CopyError::NotEmpty(table)),
                (None, None) => Err(error.into()),
            }
        }
    }
}
