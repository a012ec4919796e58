//! Every connection is an open file, and of those a process may have only so many.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files for all else: the database, its readers, e-mail, the log, the listeners.
const OTHER_FILES: u64 = 128;

/// Asks the system for as many files as it gives, and tells how many connections there may be: as many as are wanted,
/// or fewer where there are not enough files for them.
pub(super) fn allow_connections(wanted: usize) -> usize {
    let limits = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limits.maximum, ..limits };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let Some(files) = getrlimit(Resource::Nofile).current else { return wanted };
    let possible = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX).max(1);
    if possible < wanted {
        tracing::warn!(
            "at most {possible} connections instead of {wanted} (MAX_CONNECTIONS): the system allows {files} open files"
        );
    }
    possible.min(wanted)
}
