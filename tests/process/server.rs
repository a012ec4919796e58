//! Starting the binary, with nothing in its environment but what a test says.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::SECRET;
use super::client::{self, Answer};
use crate::support::storage::{self, TestStorage};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory to run in, and the settings. A clone runs in the same directory, on the same database.
#[derive(Clone)]
pub struct Program {
    pub directory: PathBuf,
    pub settings: Vec<(String, String)>,
    /// How many files it may open, as `soft:hard`; `None` for as many as the test may.
    open_files: Option<&'static str>,
    kept: Arc<Kept>,
}

/// What goes when neither a program nor a server of it is there any more.
struct Kept {
    _folder: TempDir,
    /// The database that the settings name.
    _database: Option<TestStorage>,
}

impl Program {
    /// Nothing is configured but the port, and that nobody is limited: a test calls more often than a person.
    pub fn new() -> Self {
        Self::keeping(None)
    }

    /// On a PostgreSQL database of its own; `None` where there is no server.
    pub fn on_postgres() -> Option<Self> {
        let server = std::env::var("TEST_DATABASE_URL").ok();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        let database = runtime.block_on(storage::postgres())?;
        let url = database_url(&server?, &database);
        let program = Self::keeping(Some(database));
        Some(program.with("DATABASE_URL", &url).with("BETTER_AUTH_SECRET", SECRET))
    }

    fn keeping(database: Option<TestStorage>) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let directory = folder.path().to_owned();
        let kept = Arc::new(Kept { _folder: folder, _database: database });
        let program = Self { directory, settings: Vec::new(), open_files: None, kept };
        program
            .with("PORT", "0")
            .with("AUTH_RATE_LIMIT", "off")
            .with("MAX_REQUESTS_PER_MINUTE", "off")
            // Many tests share a machine.
            .with("MAX_WAIT_MS", "off")
    }

    /// As [`Program::new`] and [`Program::on_postgres`], as far as they are there.
    pub fn on_every_engine() -> impl Iterator<Item = Self> {
        [Some(Self::new()), Self::on_postgres()].into_iter().flatten()
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn with_open_files(self, limits: &'static str) -> Self {
        Self { open_files: Some(limits), ..self }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_duly");
        let mut command = match self.open_files {
            None => Command::new(binary),
            Some(limits) => {
                let mut command = Command::new("prlimit");
                command.args([&format!("--nofile={limits}"), binary]);
                command
            }
        };
        command.args(arguments).current_dir(&self.directory).env_clear();
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Starts a command that the test waits for, or ends.
    pub fn child(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the binary runs")
    }

    /// What a setting is set to.
    pub fn setting(&self, name: &str) -> &str {
        let found = self.settings.iter().rev().find(|(found, _)| found == name);
        &found.unwrap_or_else(|| panic!("{name} is not set")).1
    }

    /// Starts a server and waits until it says where it listens.
    pub fn start(&self) -> Server {
        self.spawn().ready()
    }

    /// Starts a server.
    pub fn spawn(&self) -> Starting {
        let mut child = self.command(&[]).spawn().expect("the binary runs");
        let (sender, lines) = channel();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        std::thread::spawn(move || {
            while let Some(Ok(line)) = stdout.next() {
                // The test has read what it wanted.
                let _ = sender.send(line);
            }
        });
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        let so_far = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&so_far);
        let log = std::thread::spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let line = text(&line);
                // Shown with the test that fails.
                eprintln!("{line}");
                let mut log = shown.lock().expect("nobody panics");
                log.push_str(&line);
                log.push('\n');
            }
        });
        Starting {
            child: Process(child),
            lines: Mutex::new(lines),
            log,
            so_far,
            _kept: Arc::clone(&self.kept),
        }
    }
}

fn database_url(server: &str, database: &TestStorage) -> String {
    let duly::config::Storage::Postgres(settings) = &database.storage else {
        panic!("it is PostgreSQL");
    };
    let mut url: url::Url = server.parse().expect("TEST_DATABASE_URL is a URL");
    url.set_path(settings.config.get_dbname().expect("it was named"));
    url.to_string()
}

/// A process that does not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that has not said yet that it listens.
pub struct Starting {
    child: Process,
    /// What it prints. In a mutex only so that threads can share a server.
    lines: Mutex<Receiver<String>>,
    /// Ends with the log.
    log: JoinHandle<()>,
    so_far: Arc<Mutex<String>>,
    _kept: Arc<Kept>,
}

impl Starting {
    pub fn ready(self) -> Server {
        self.outcome().unwrap_or_else(|end| panic!("it did not start: {}", end.log))
    }

    /// The server, once it listens, or what it left behind where it ended before.
    pub fn outcome(self) -> Result<Server, End> {
        let first = self.lines.lock().expect("nobody panics").recv_timeout(PATIENCE);
        let Ok(first) = first else { return Err(self.end()) };
        let address = first.strip_prefix("duly listens on http://").expect("its address").parse();
        let address = address.expect("an address and a port");
        Ok(Server { address, greeting: first, process: self })
    }

    /// Waits until a text stands in the log; `false` where it does not come.
    pub fn logs(&self, text: &str) -> bool {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.so_far.lock().expect("nobody panics").contains(text) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// Waits for the end.
    pub fn end(mut self) -> End {
        let started = Instant::now();
        let status = loop {
            if let Some(status) = self.child.0.try_wait().expect("it is our child") {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let stdout =
            self.lines.into_inner().expect("nobody panics").iter().collect::<Vec<_>>().join("\n");
        self.log.join().expect("the log is read");
        let log = self.so_far.lock().expect("nobody panics").clone();
        for secret in [SECRET, "password of ada", "password of grace"] {
            assert!(!log.contains(secret), "{secret:?} is in the log");
        }
        End { status, stdout, log }
    }
}

/// What a server leaves behind.
pub struct End {
    pub status: ExitStatus,
    pub stdout: String,
    pub log: String,
}

/// A server that listens.
pub struct Server {
    pub address: SocketAddr,
    pub greeting: String,
    process: Starting,
}

impl Server {
    pub fn call(&self, method: &str, path: &str, token: &str, body: Option<&Json>) -> Answer {
        client::send(self.address, &client::request(method, path, token, body))
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// As [`Starting::logs`].
    pub fn logs(&self, text: &str) -> bool {
        self.process.logs(text)
    }

    pub fn signal(&self, signal: &str) {
        let id = self.process.child.0.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// Asks the server to stop, and waits.
    pub fn stop(self) -> End {
        self.signal("-TERM");
        self.process.end()
    }

    /// Ends the server at once, as a power cut would.
    pub fn kill(self) -> End {
        self.signal("-KILL");
        self.process.end()
    }

    /// Waits for the end.
    pub fn end(self) -> End {
        self.process.end()
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The permissions of a file.
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .permissions()
        .mode()
        & 0o777
}

/// An address that nobody listens on now.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound")
}
