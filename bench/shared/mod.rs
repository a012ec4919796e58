//! What the benchmarks share: the load, the programs, and what is in the databases.

pub mod client;
pub mod contents;
pub mod load;
pub mod offered;
pub mod people;
pub mod processes;
pub mod random;
pub mod seed;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

/// A temporary folder that the user postgres may pass through.
pub fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let passable = Permissions::from_mode(0o711);
    std::fs::set_permissions(folder.path(), passable).expect("it is ours");
    folder
}
