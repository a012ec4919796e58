//! A PostgreSQL of a test's own, for what cannot be done to one that others use: it is restarted, killed, frozen,
//! filled up, promoted. What is committed in it survives the death of its processes, as it should; of the machine's
//! it need not.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::certificates::Certified;
use super::postgres_programs::{
    as_server, is_root, parent, program, programs, send_signal, signal, succeed, text,
};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// What every cluster is set up with. A PostgreSQL that survives its own crash but not the machine's is quicker, and
/// one that shares memory in files of its own folder leaves nothing behind where it is killed.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
dynamic_shared_memory_type = mmap
max_connections = 60
shared_buffers = 16MB
min_wal_size = 2MB
max_wal_size = 32MB
autovacuum = off
log_connections = on
";

/// The role and the database that a cluster has from the start.
pub const ROLE: &str = "duly";
/// The role's password: it does no harm in a URL.
pub const PASSWORD: &str = "horse-battery-staple";

/// How a cluster is to be.
#[derive(Default)]
pub struct Options {
    /// Lines of `postgresql.conf`.
    pub settings: Vec<String>,
    /// Lines of `pg_hba.conf`, instead of one that lets everybody in by TCP from this machine.
    pub host_access: Vec<String>,
    pub certificate: Option<Certified>,
    /// Keeps everything on a file system of this size. Needs root.
    pub megabytes: Option<u32>,
}

/// A cluster, which goes with its folder when it is dropped.
pub struct Cluster {
    pub port: u16,
    folder: TempDir,
    has_file_system: bool,
}

impl Cluster {
    /// `None` where there is no PostgreSQL to make one with.
    pub fn start() -> Option<Self> {
        Self::start_with(&Options::default())
    }

    /// As [`Cluster::start`], in another way.
    pub fn start_with(options: &Options) -> Option<Self> {
        if programs().is_none() {
            return skipped("PostgreSQL is not installed");
        }
        if options.megabytes.is_some() && !is_root() {
            return skipped("a file system of its own needs root");
        }
        let mut cluster = Self::empty(options.megabytes);
        cluster.initialise(options);
        cluster.start_on_a_free_port();
        cluster.sql(&format!("CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'"));
        cluster.sql(&format!("CREATE DATABASE {ROLE} OWNER {ROLE}"));
        Some(cluster)
    }

    /// A copy that follows this one, which from now on acknowledges nothing that the copy does not have.
    pub fn standby(&self) -> Self {
        let mut standby = Self::empty(None);
        let mut backup = program("pg_basebackup");
        backup.args(["-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync", "-p"]);
        backup.arg(self.port.to_string()).arg("-h").arg(self.folder.path());
        succeed(backup.arg("-D").arg(standby.data()));
        standby.start_on_a_free_port();
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.reload();
        let following = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        until("the standby follows", || self.sql(following) == "1");
        standby
    }

    /// Makes a standby take writes.
    pub fn promote(&self) {
        succeed(program("pg_ctl").args(["promote", "-w", "-D"]).arg(self.data()));
    }

    /// As the role that is to be used, without its password.
    pub fn url(&self) -> String {
        format!("postgresql://{ROLE}@127.0.0.1:{}/{ROLE}", self.port)
    }

    /// As the role, with its password, with these parameters.
    pub fn url_at(&self, host: &str, parameters: &str) -> String {
        format!("postgresql://{ROLE}:{PASSWORD}@{host}:{}/{ROLE}?{parameters}", self.port)
    }

    /// Where its Unix socket is.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a statement gives to the superuser, in a database where nobody else is.
    pub fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql)
    }

    /// As [`Cluster::sql`], in a certain database.
    pub fn sql_in(&self, database: &str, sql: &str) -> String {
        self.try_sql(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = program("psql");
        psql.env("PGCONNECT_TIMEOUT", "10").args([
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
        ]);
        psql.arg("-h").arg(self.folder.path()).args(["-p", &self.port.to_string()]);
        let output = psql.args(["-d", database, "-c", sql]).output().expect("psql runs");
        if output.status.success() {
            return Ok(text(&output.stdout).trim().to_owned());
        }
        Err(text(&output.stderr))
    }

    /// Whether it takes connections.
    pub fn is_up(&self) -> bool {
        self.try_sql("postgres", "SELECT 1").is_ok()
    }

    pub fn reload(&self) {
        succeed(program("pg_ctl").args(["reload", "-D"]).arg(self.data()));
    }

    /// Lets transactions write nothing from now on, or again.
    pub fn set_read_only(&self, is_read_only: bool) {
        self.sql(&format!("ALTER SYSTEM SET default_transaction_read_only = {is_read_only}"));
        let setting = if is_read_only { "on" } else { "off" };
        self.reload();
        until("the setting is read", || self.sql("SHOW default_transaction_read_only") == setting);
    }

    /// Ends the role's connections; how many there were.
    pub fn terminate_connections(&self) -> usize {
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{ROLE}'"
        );
        self.sql(&end).parse().expect("a number")
    }

    /// The role's connections.
    pub fn connections(&self) -> usize {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{ROLE}'");
        self.sql(&count).parse().expect("a number")
    }

    /// Ends every connection and shuts down.
    pub fn stop(&self) {
        succeed(program("pg_ctl").args(["stop", "-m", "fast", "-w", "-D"]).arg(self.data()));
    }

    /// Starts again where it was, and waits until it takes connections.
    pub fn start_again(&self) {
        assert!(self.starts(), "it does not start: {}", self.log());
    }

    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Ends its processes at once, as a lack of memory would.
    pub fn kill(&self) {
        let processes = self.processes();
        signal("-KILL", &processes);
        until("its processes are gone", || processes.iter().all(|&id| parent(id).is_none()));
        // A process that is dead and not buried would be taken for a server that runs.
        let lock = self.folder.path().join(format!(".s.PGSQL.{}.lock", self.port));
        for file in [self.data().join("postmaster.pid"), lock] {
            fs::remove_file(file).expect("it is there");
        }
    }

    /// Restarts into a start that does not end, and so says to everybody that it is starting up, until it is promoted.
    pub fn restart_without_end(&self) {
        self.sql("ALTER SYSTEM SET hot_standby = off");
        self.stop();
        self.write(&self.data().join("standby.signal"), "");
        self.start_again();
    }

    /// Starts it where it has ended by itself, as it does where it can write no log.
    pub fn start_if_it_has_ended(&self) {
        if !self.has_processes() {
            self.start_again();
        }
        until("it takes connections", || self.is_up());
    }

    /// Whether its first process is there.
    pub fn has_processes(&self) -> bool {
        self.postmaster().is_some_and(|id| parent(id).is_some())
    }

    /// Stops all of its processes where they are.
    pub fn freeze(&self) {
        let mut frozen = Vec::new();
        loop {
            // The first process makes no more of them once it is frozen.
            let fresh: Vec<u32> =
                self.processes().into_iter().filter(|id| !frozen.contains(id)).collect();
            if fresh.is_empty() {
                return;
            }
            signal("-STOP", &fresh);
            frozen.extend(fresh);
        }
    }

    pub fn thaw(&self) {
        signal("-CONT", &self.processes());
    }

    /// Leaves no room on its file system.
    pub fn fill_up(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("a file can be made");
        let full = (0..).find_map(|_| ballast.write_all(&[0; 64 * 1024]).err()).expect("it ends");
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    }

    pub fn make_room(&self) {
        fs::remove_file(self.ballast()).expect("it is there");
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        fs::read(self.folder.path().join("log")).map(|log| text(&log)).unwrap_or_default()
    }

    /// Writes a file that only the server reads.
    fn write(&self, path: &Path, content: &str) {
        let mut tee = as_server("tee");
        let mut tee =
            tee.arg(path).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("tee runs");
        tee.stdin.take().expect("it is piped").write_all(content.as_bytes()).expect("it reads");
        assert!(tee.wait().expect("it ends").success());
        succeed(as_server("chmod").arg("600").arg(path));
    }

    fn empty(megabytes: Option<u32>) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        if is_root() {
            succeed(Command::new("chown").arg("postgres:").arg(folder.path()));
        }
        let cluster = Self { port: 0, has_file_system: megabytes.is_some(), folder };
        succeed(as_server("mkdir").args(["-m", "700"]).arg(cluster.data()));
        if let Some(megabytes) = megabytes {
            let mount = format!("size={megabytes}m,mode=700,uid=postgres,gid=postgres");
            let mut command = Command::new("mount");
            succeed(command.args(["-t", "tmpfs", "-o", &mount, "duly-test"]).arg(cluster.data()));
        }
        cluster
    }

    fn initialise(&self, options: &Options) {
        let mut initdb = program("initdb");
        initdb.args(["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        succeed(initdb.args(["--no-sync", "--wal-segsize=1", "-D"]).arg(self.data()));
        let mut settings = vec![SETTINGS.to_owned()];
        let mut append = |setting: String| settings.push(setting);
        if let Some(certified) = &options.certificate {
            self.write(&self.data().join("server.crt"), &certified.certificate);
            self.write(&self.data().join("server.key"), &certified.key);
            append("ssl = on".to_owned());
        }
        options.settings.iter().cloned().for_each(append);
        self.write(&self.data().join("postgresql.auto.conf"), "");
        self.write(&self.data().join("postgresql.conf"), &settings.join("\n"));
        let mut access = vec!["local all,replication all trust".to_owned()];
        access.extend(options.host_access.iter().cloned());
        if options.host_access.is_empty() {
            access.push("host all all 127.0.0.1/32 trust".to_owned());
        }
        self.write(&self.data().join("pg_hba.conf"), &(access.join("\n") + "\n"));
    }

    /// Somebody else may take the port between the look and the start.
    fn start_on_a_free_port(&mut self) {
        for _ in 0..5 {
            let free = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
            self.port = free.local_addr().expect("it is bound").port();
            drop(free);
            if self.starts() {
                return;
            }
        }
        panic!("it does not start: {}", self.log());
    }

    /// The server keeps what `pg_ctl` prints to, so that is nowhere.
    fn starts(&self) -> bool {
        let mut start = program("pg_ctl");
        start.args(["start", "-w", "-t", "60", "-D"]).arg(self.data()).arg("-l");
        let place = format!("-p {} -k {}", self.port, self.folder.path().display());
        start.arg(self.folder.path().join("log")).args(["-o", &place]);
        start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        start.status().expect("pg_ctl runs").success()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn ballast(&self) -> PathBuf {
        self.data().join("ballast")
    }

    fn postmaster(&self) -> Option<u32> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.trim().parse().ok()
    }

    fn processes(&self) -> Vec<u32> {
        let Some(first) = self.postmaster().filter(|&id| parent(id).is_some()) else {
            return Vec::new();
        };
        let all = fs::read_dir("/proc").expect("there is a /proc").flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        [first].into_iter().chain(ids.filter(|&id| parent(id) == Some(first))).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let processes = self.processes();
        if !processes.is_empty() {
            send_signal("-CONT", &processes);
            let mut stop = program("pg_ctl");
            let stop =
                stop.args(["stop", "-m", "immediate", "-w", "-t", "20", "-D"]).arg(self.data());
            if !stop.output().is_ok_and(|output| output.status.success()) {
                send_signal("-KILL", &self.processes());
            }
        }
        if self.has_file_system {
            let _ = Command::new("umount").arg("-l").arg(self.data()).status();
        }
    }
}

/// What is not there is skipped on a laptop, and missing in CI.
pub fn skipped<T>(why: &str) -> Option<T> {
    assert!(std::env::var("CI").is_err(), "{why}, and CI is set");
    eprintln!("skipped: {why}");
    None
}

/// Looks again and again, for a minute.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "it does not come to this: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
