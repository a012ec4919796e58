//! A PgBouncer of a test's own, in transaction mode.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use tokio_postgres::config::Host;

use super::cluster::skipped;

/// Stopped when it is dropped.
pub struct PgBouncer {
    /// Where it listens, with the user and the database of the server that it stands before.
    pub url: String,
    folder: TempDir,
}

impl PgBouncer {
    /// Before the server of a URL, with these settings (`name=value`); `None` where it is not installed.
    pub fn start(server: &str, settings: &[&str]) -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut places = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
        if !places.any(|place| place.join("pgbouncer").exists()) {
            return skipped("PgBouncer is not installed");
        }
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mut command = script("start", folder.path());
        let output = command.args(settings).env("TEST_DATABASE_URL", server).output();
        let url = succeeded(output.expect("the script runs"));
        Some(Self { url: url.trim().to_owned(), folder })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        let config: tokio_postgres::Config = self.url.parse().expect("it is a URL");
        assert_eq!(config.get_hosts(), [Host::Tcp("127.0.0.1".to_owned())]);
        config.get_ports()[0]
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = script("stop", self.folder.path()).status();
    }
}

fn script(command: &str, folder: &Path) -> Command {
    let mut script = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/script/pgbouncer"));
    script.arg(command).arg(folder);
    script
}

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
