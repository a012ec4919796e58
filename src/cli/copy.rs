//! `duly copy`: everything from one database into another, with a word now and then about how far it is.

use std::cell::Cell;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use clap::Args;

use super::serve::StopSignals;
use super::{Failure, print};
use crate::config::{LogFormat, LogSettings, Place, Storage};
use crate::services::copy::{CopyError, Finished, ForeignColumns, Progress, Step, copy};
use crate::telemetry;

/// How often it is said how far the copy is.
const SAY_EVERY: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct Arguments {
    /// The database to copy: postgresql://user:password@host/database, a data directory, or a file (a backup, or
    /// duly.db of a server that does not run)
    #[arg(long, value_name = "DATABASE", env = "COPY_FROM", hide_env_values = true)]
    from: String,
    /// The database to copy into, which must be empty: a connection string, or a data directory
    #[arg(long, value_name = "DATABASE", env = "COPY_TO", hide_env_values = true)]
    to: String,
    /// Copy although another program has added columns to the tables, and leave those behind
    #[arg(long)]
    leave_behind: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let from = Place::parse(&arguments.from).map_err(|problem| format!("--from {problem}"))?;
    let to = Place::parse(&arguments.to).map_err(|problem| format!("--to {problem}"))?;
    let foreign_columns = match arguments.leave_behind {
        true => ForeignColumns::LeaveBehind,
        false => ForeignColumns::Refuse,
    };
    let stopped = Cell::new(false);
    let said: Cell<Option<(Instant, u32, Step)>> = Cell::new(None);
    let report = |progress: &Progress| {
        let due = said.get().is_none_or(|(at, pass, step)| {
            at.elapsed() >= SAY_EVERY || (pass, step) != (progress.pass, progress.step)
        });
        if due {
            said.set(Some((Instant::now(), progress.pass, progress.step)));
            eprintln!("{}", line(progress));
        }
        match stopped.get() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    // What takes long before the first row is said in the log.
    telemetry::start_logging(&LogSettings { filter: "warn".to_owned(), format: LogFormat::Pretty });
    eprintln!("from {}\nto   {}", from.name, to.name);
    let mut signals = StopSignals::new()?;
    // The first signal lets what is on the way arrive. The second does not wait for it.
    let interrupted = async {
        signals.next().await;
        stopped.set(true);
        signals.next().await;
    };
    let copying = async {
        copy(&from, &to, foreign_columns, &report).await.map_err(|error| error.to_string())
    };
    let finished = tokio::select! {
        outcome = copying => outcome?,
        () = interrupted => return Err(CopyError::Stopped.to_string()),
    };
    print(&summary(&finished, &from.storage, &to.storage))
}

fn line(progress: &Progress) -> String {
    let Progress { pass, step, rows, owners } = progress;
    let mut line = match pass {
        0 => "before copying  ".to_owned(),
        pass => format!("pass {pass}  "),
    };
    let (doing, table) = match step {
        Step::Copying(table) => ("copying", table),
        Step::Verifying(table) => ("verifying", table),
    };
    let _ = write!(line, "{doing} {table}");
    if let Some((done, all)) = owners {
        let _ = write!(line, "  {done} of {all} owners");
    }
    if *rows > 0 {
        let _ = write!(line, "  {rows} rows");
    }
    line
}

fn summary(finished: &Finished, from: &Storage, to: &Storage) -> String {
    let mut text = String::new();
    for (table, rows) in &finished.counts {
        let _ = writeln!(text, "{rows:>12}  {table}");
    }
    text.push_str(match finished.passes {
        0 => "Nothing to do: the copy was finished before, and every row was compared again.\n",
        _ => "Everything is copied, and every row was compared.\n",
    });
    if !finished.left_behind.is_empty() {
        let _ = writeln!(text, "Left behind: {}.", finished.left_behind.join(", "));
    }
    text.push_str("The secret is not in a database, and was not copied. Without it cookies and signing keys of ");
    text.push_str("before are worth nothing; passwords do not need it.\n");
    if let Storage::Embedded(settings) = from
        && settings.secret_file.is_file()
    {
        let _ = writeln!(text, "It may be in {}.", settings.secret_file.display());
    }
    let _ = match to {
        Storage::Postgres(_) => writeln!(text, "Start with it as BETTER_AUTH_SECRET."),
        Storage::Embedded(settings) => writeln!(
            text,
            "Start with it as BETTER_AUTH_SECRET, or put it into {} before the first start.",
            settings.secret_file.display()
        ),
    };
    text
}
