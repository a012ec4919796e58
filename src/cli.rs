//! The commands: `serve`, `migrate`, `copy`, `backup`, `restore`, `openapi`, `healthcheck`, `check`.

mod backup;
mod copy;
mod open_files;
mod serve;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::openapi;
use crate::config::{Config, Settings, Storage};
use crate::database::migrations;
use crate::services::data_directory;
use crate::telemetry;

/// The backend of a to-do application.
///
/// Without a command it serves. Without settings it keeps everything in ./data.
#[derive(Parser)]
#[command(name = "duly", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (the default)
    Serve,
    /// Bring the database up to date
    Migrate {
        /// Only list the migrations, and which of them the database has
        #[arg(long)]
        status: bool,
    },
    /// Copy everything from one database into another that is empty: embedded or PostgreSQL, either way.
    /// Broken off, it goes on when it is started again
    Copy(copy::Arguments),
    /// Write the embedded database as it is now into a new file, also while a server runs on it
    Backup {
        /// The file to make
        file: PathBuf,
    },
    /// Put a backup into DATA_DIR, where there is nobody's data yet
    Restore {
        /// The file that duly backup has made
        file: PathBuf,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the server that runs with these settings whether it is ready; the exit status tells
    Healthcheck,
    /// Read the settings, say everything that is wrong with them, and start nothing
    Check,
}

/// A sentence for people, to go to standard error before exit status 1.
type Failure = String;

/// Reads the command line, the environment and `.env`, and runs the command.
pub fn run() -> ExitCode {
    let outcome = load_dotenv().and_then(|()| {
        let cli = Cli::parse();
        let config = || Config::check(&cli.settings).map_err(|problems| problems.to_string());
        match cli.command.unwrap_or(Command::Serve) {
            Command::Openapi => print(&openapi::document()),
            Command::Check => check(&config()?),
            Command::Copy(arguments) => block_on(copy::run(arguments)),
            Command::Backup { file } => backup::backup(&cli.settings, &file),
            Command::Restore { file } => backup::restore(&cli.settings, &file),
            Command::Serve => block_on(serve::serve(config()?)),
            Command::Migrate { status: false } => block_on(migrate(config()?)),
            Command::Migrate { status: true } => block_on(migration_status(config()?)),
            Command::Healthcheck => block_on(healthcheck(config()?)),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("duly: {}", failure.replace('\n', "\nduly: "));
            ExitCode::FAILURE
        }
    }
}

/// `.env` in the working directory fills in what the environment does not say.
fn load_dotenv() -> Result<(), Failure> {
    match dotenvy::from_path(".env") {
        Ok(()) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The library's message repeats the line, which may hold a secret.
        Err(dotenvy::Error::LineParse(_, position)) => {
            Err(format!("a line of .env does not read (near character {position} of it)"))
        }
        Err(_) => Err(".env cannot be read".to_owned()),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread()
        // Where there is more to do than can be done, what does not fit into a thread's own queue gets half of the turns.
        .global_queue_interval(2)
        .max_io_events_per_tick(64)
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime did not start: {error}"))?
        .block_on(work)
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        // Whoever read the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(format!("the output cannot be written: {error}")),
    }
}

fn check(config: &Config) -> Result<(), Failure> {
    print(&format!("The settings are in order. Data: {}.\n", whereabouts(&config.storage)))
}

fn whereabouts(storage: &Storage) -> String {
    match storage {
        Storage::Embedded(settings) => settings.file.display().to_string(),
        Storage::Postgres(settings) => {
            let database = settings.config.get_dbname().unwrap_or("postgres");
            let hosts: Vec<String> = settings.config.get_hosts().iter().map(host_name).collect();
            format!("PostgreSQL, database {database} on {}", hosts.join(", "))
        }
    }
}

fn host_name(host: &tokio_postgres::config::Host) -> String {
    match host {
        tokio_postgres::config::Host::Tcp(name) => name.clone(),
        tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
    }
}

async fn migrate(config: Config) -> Result<(), Failure> {
    telemetry::start_logging(&config.log);
    if let Storage::Embedded(settings) = &config.storage {
        data_directory::prepare(settings)?;
    }
    let applied = migrations::run(&config.storage).await.map_err(|error| error.to_string())?;
    if applied.is_empty() {
        return print("Nothing to do: the database is up to date.\n");
    }
    let lines = applied.iter().map(|done| format!("applied  V{} {}\n", done.version, done.name));
    print(&lines.collect::<String>())
}

async fn migration_status(config: Config) -> Result<(), Failure> {
    if let Storage::Embedded(settings) = &config.storage
        && !settings.file.exists()
    {
        return print(&format!("There is no database at {} yet.\n", settings.file.display()));
    }
    let known = migrations::status(&config.storage).await.map_err(|error| error.to_string())?;
    let lines = known.iter().map(|known| {
        let state = if known.applied { "applied" } else { "pending" };
        format!("{state}  V{} {}\n", known.version, known.name)
    });
    print(&lines.collect::<String>())
}

/// Asks `/readyz` on the address that these settings listen on.
async fn healthcheck(config: Config) -> Result<(), Failure> {
    let mut address = config.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            std::net::SocketAddr::V4(_) => [127, 0, 0, 1].into(),
            std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let asked = async {
        let mut stream = TcpStream::connect(address).await?;
        let request =
            format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(64 * 1024).read_to_end(&mut answer).await?;
        io::Result::Ok(answer)
    };
    match tokio::time::timeout(Duration::from_secs(10), asked).await {
        Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 200 ") => Ok(()),
        Ok(Ok(_)) => Err(format!("the server on {address} is not ready")),
        Ok(Err(error)) => Err(format!("no server on {address}: {error}")),
        Err(_) => Err(format!("the server on {address} did not answer in time")),
    }
}
