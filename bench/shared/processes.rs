//! The programs that are measured, and the CPU time they use.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// What keys are encrypted with.
pub const SECRET: &str = "a-secret-for-benchmarks-that-is-long-enough";
/// Who issues tokens, and for whom.
pub const ORIGIN: &str = "http://duly.bench";

/// Runs a script of the project; gives what it prints.
pub fn script(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("script").join(name);
    let mut command = Command::new(path);
    command.args(arguments).envs(environment.iter().copied()).stderr(Stdio::inherit());
    let output = command.output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "script/{name} {arguments:?}");
    String::from_utf8(output.stdout).expect("it prints text").trim().to_owned()
}

/// The release binary, on a database.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Server {
    pub fn start<Text: AsRef<OsStr>>(settings: &[(&str, Text)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let mut command = Command::new(env!("CARGO_BIN_EXE_duly"));
        command.current_dir(folder.path()).env_clear();
        command.envs([
            ("PORT", "0"),
            ("AUTH_RATE_LIMIT", "off"),
            ("MAX_REQUESTS_PER_MINUTE", "off"),
            ("MAX_WAIT_MS", "off"),
            ("RUST_LOG", "warn"),
        ]);
        command.envs([
            ("BETTER_AUTH_SECRET", SECRET),
            ("BETTER_AUTH_URL", ORIGIN),
            ("MAX_TASKS_PER_USER", "10000000"),
        ]);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it says where it listens");
        let address = line.trim().strip_prefix("duly listens on http://").expect("its address");
        Self { child, address: address.parse().expect("an address"), _folder: folder }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time that a process has used, and those that it has started and that are still there or were waited for.
pub fn cpu_time(id: u32) -> Duration {
    let children = fs::read_dir("/proc").expect("Linux").filter_map(|entry| {
        let name = entry.ok()?.file_name();
        let child: u32 = name.to_str()?.parse().ok()?;
        let stat = stat(child)?;
        (stat.parent == id).then_some(stat.own)
    });
    let own = stat(id).map_or(0, |stat| stat.own + stat.reaped);
    // Ticks of a hundredth of a second, as everywhere on Linux today.
    Duration::from_millis(10 * (own + children.sum::<u64>()))
}

struct Stat {
    parent: u32,
    own: u64,
    reaped: u64,
}

/// proc(5): the fields after the name, which may hold anything, are parted by spaces.
fn stat(id: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(number(1)?).ok()?,
        own: number(11)? + number(12)?,
        reaped: number(13)? + number(14)?,
    })
}

/// Ends a process, and those that it has started, without a word.
pub fn kill_with_children(id: u32) {
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(|entry| {
        let process: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        (process == id || stat(process)?.parent == id).then(|| process.to_string())
    });
    let processes: Vec<String> = processes.collect();
    let ended = Command::new("kill").arg("-KILL").args(&processes).status();
    assert!(ended.expect("it is everywhere").success(), "{processes:?}");
    // Also as a zombie it would pass for one that runs.
    while stat(id).is_some() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The CPU time that this very process has used, without those that it has started.
pub fn own_cpu_time() -> Duration {
    Duration::from_millis(10 * stat(std::process::id()).map_or(0, |stat| stat.own))
}

/// The memory of a process, in megabytes.
#[derive(Clone, Copy)]
pub struct Memory {
    pub resident: f64,
    /// The most there has been, since [`forget_peak`] where that was called.
    pub peak: f64,
}

/// proc(5): in `status` as kibibytes.
pub fn memory(id: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{id}/status")).expect("it is running");
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux has it");
        let kibibytes: f64 = line.trim_end_matches("kB").trim().parse().expect("a number");
        kibibytes * 1024.0 / 1e6
    };
    Memory { resident: megabytes("VmRSS:"), peak: megabytes("VmHWM:") }
}

/// The peak counts from here on.
pub fn forget_peak(id: u32) {
    fs::write(format!("/proc/{id}/clear_refs"), "5").expect("the process is ours");
}

/// The number in the first line of a file, such as `postmaster.pid`.
pub fn process_id(file: &Path) -> u32 {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().next().and_then(|line| line.trim().parse().ok()).expect("a process id")
}
