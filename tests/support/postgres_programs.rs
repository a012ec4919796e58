//! PostgreSQL's programs and processes: where they are, as whom they run, and signals to them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Debian keeps the server's programs out of `PATH`, one folder for each version.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // It may be a link, with the others only where it leads to.
    let linked =
        std::env::split_paths(&path).find_map(|folder| folder.join("pg_ctl").canonicalize().ok());
    if let Some(found) = linked {
        return found.parent().map(Path::to_owned);
    }
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
    let newest = installed.filter(|folder| folder.join("bin/pg_ctl").exists()).max_by_key(version);
    Some(newest?.join("bin"))
}

/// One of PostgreSQL's programs, as the server's user.
pub fn program(name: &str) -> Command {
    as_server(programs().expect("a cluster has been made").join(name))
}

/// PostgreSQL refuses to run as root.
pub fn as_server(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    // The user may not be allowed where we are.
    command.current_dir("/");
    command
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

pub fn succeed(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
    output
}

pub fn signal(signal: &str, processes: &[u32]) {
    assert!(!processes.is_empty(), "the cluster does not run");
    send_signal(signal, processes);
}

/// One that has gone meanwhile is no error.
pub fn send_signal(signal: &str, processes: &[u32]) {
    let ids = processes.iter().map(u32::to_string);
    let _ = Command::new("kill").arg(signal).args(ids).stderr(Stdio::null()).status();
}

/// Whose child a process is; `None` where it is gone, or dead and only not buried.
pub fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.next()?.parse().ok()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
