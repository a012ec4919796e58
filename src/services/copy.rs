//! Moving everything from one database into another: an embedded file, or PostgreSQL, in either direction.
//!
//! The target is marked before the first row and until everything has been compared. A copy that was broken off is
//! taken up by the next one of the same source: rows that are there are not written again. The source is only read.

mod comparison;
mod ends;
mod pass;

use std::ops::ControlFlow;

use super::hashes::sha256;
use crate::config::Place;
use crate::database::copies;
use crate::database::migrations::MigrationError;
use crate::database::transfer;
use crate::database::transfer::tables::{TABLES, Table};
use crate::database::{Database, DatabaseError};
use comparison::{Comparison, Differing};
use ends::{check_source, open_source, open_target};
use pass::Copier;

/// How often everything is gone through where the source is changing all the while.
const MAX_PASSES: u32 = 4;

/// What becomes of columns that another program has added to the source's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForeignColumns {
    /// Nothing is copied while there are any.
    Refuse,
    /// They stay behind.
    LeaveBehind,
}

/// How far a copy is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// From 1. There is a second one only where the first did not make both sides equal. 0 while it is looked whether
    /// anything is to be done at all.
    pub pass: u32,
    pub step: Step,
    /// Rows looked at in this pass.
    pub rows: u64,
    /// Owners done, of so many.
    pub owners: u64,
    pub all_owners: i64,
}

/// Is told how far a copy is, and says whether it goes on. Where it does not, the copy stops with nothing on the way.
pub type Report<'a> = &'a dyn Fn(&Progress) -> ControlFlow<()>;

/// What is being done, and with which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Copying(&'static str),
    Verifying(&'static str),
}

/// A copy that is finished and equal to its source.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Each table, and how many rows it has.
    pub counts: Vec<(&'static str, u64)>,
    /// What stayed behind, as `"table"."column"`.
    pub left_behind: Vec<String>,
    /// How often everything was gone through: 0 where the copy was finished before.
    pub passes: u32,
}

/// Why a copy was not made, or not finished. Each is a sentence for people.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("--from and --to are the same database")]
    Same,
    #[error("there is no database at {0}")]
    NoSource(String),
    #[error(
        "{0} is in use by a running duly. Stop it, or copy from a backup: duly backup makes one while it runs."
    )]
    SourceInUse(String),
    #[error("the source cannot be opened: {0}")]
    Source(#[source] MigrationError),
    #[error("the target cannot be opened: {0}")]
    Target(#[source] MigrationError),
    #[error("{0} has no tables of duly's")]
    NotOurs(String),
    #[error(
        "the source is at version {found} of the tables, this duly copies version {newest}. \
         Start this duly on it once (duly migrate is enough)."
    )]
    OlderSource { found: i64, newest: i64 },
    #[error(
        "the database is at version {found} of the tables, this duly knows versions up to {newest}. Use the newer duly."
    )]
    Newer { found: i64, newest: i64 },
    #[error("the source is itself a copy that was not finished")]
    UnfinishedSource,
    #[error(
        "another program has added columns, which would be left behind: {}. \
         Between two PostgreSQL databases pg_dump takes them along. To copy without them: --leave-behind.",
        .0.join(", ")
    )]
    ForeignColumns(Vec<String>),
    #[error("an embedded target must be a data directory, or duly.db in one")]
    NotADataDirectory,
    #[error("the target is not empty: there are rows in its table {0}. Nothing was changed.")]
    NotEmpty(&'static str),
    #[error(
        "the target holds the unfinished copy of another source. Nothing was changed. \
         Copy from that one again to finish it, or delete the database to give it up."
    )]
    OtherCopy,
    #[error(
        "the unfinished copy in the target was begun by another version of duly. Nothing was changed. \
         Finish it with that one, or delete the database to give it up."
    )]
    OtherVersion,
    #[error("{0}")]
    DataDirectory(String),
    #[error("stopped, and not finished: the same command goes on where it was")]
    Stopped,
    #[error("table {table}: {error}")]
    Table { table: &'static str, error: DatabaseError },
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(
        "the copy is not equal to its source: {0}. It is not finished; starting it again looks for what differs."
    )]
    Differs(String),
    #[error(
        "the source is being written to, faster than it can be followed: {0}. Stop whatever writes to it, \
         and start the copy again: it goes on where it is."
    )]
    SourceChanges(String),
}

impl CopyError {
    /// Says which table it was, where a statement failed.
    fn of<E: Into<Self>>(table: &'static Table) -> impl Fn(E) -> Self {
        |error| match error.into() {
            Self::Database(error) => Self::Table { table: table.name, error },
            error => error,
        }
    }
}

/// Copies everything from one database into another that is empty, or goes on with a copy that was broken off.
///
/// # Errors
/// [`CopyError`]. Where the target was not taken it is as it was; otherwise it stays marked as unfinished.
pub async fn copy(
    from: &Place,
    to: &Place,
    foreign_columns: ForeignColumns,
    report: Report<'_>,
) -> Result<Finished, CopyError> {
    if from.name == to.name {
        return Err(CopyError::Same);
    }
    let source = open_source(from).await?;
    let outcome = copy_from(&source, from, to, foreign_columns, report).await;
    source.close().await;
    outcome
}

async fn copy_from(
    source: &Database,
    from: &Place,
    to: &Place,
    foreign_columns: ForeignColumns,
    report: Report<'_>,
) -> Result<Finished, CopyError> {
    let left_behind = check_source(&copies::inspect(source).await?, from)?;
    if !left_behind.is_empty() && foreign_columns == ForeignColumns::Refuse {
        return Err(CopyError::ForeignColumns(left_behind));
    }
    let mark = hex::encode(sha256(from.name.as_bytes()));
    let (target, outcome) = match open_target(to, &mark).await {
        Ok(target) => {
            let outcome = run(&Copier::new(source, &target, report)).await;
            (target, outcome)
        }
        Err(CopyError::NotEmpty(table)) => {
            let target = Database::open_read_only(&to.storage).await.map_err(CopyError::Target)?;
            let outcome = find_finished(&Copier::new(source, &target, report), table).await;
            (target, outcome)
        }
        Err(error) => return Err(error),
    };
    target.close().await;
    let (comparison, passes) = outcome?;
    let counts = comparison.counts.iter().map(|(table, rows, _)| (*table, *rows)).collect();
    Ok(Finished { counts, left_behind, passes })
}

/// A target that is not empty, and not marked, may be a copy that was finished just before whoever made it could say
/// so. Then it is equal to the source, and there is nothing to do; otherwise `table` says why it is refused.
async fn find_finished(
    copier: &Copier<'_>,
    table: &'static str,
) -> Result<(Comparison, u32), CopyError> {
    if copies::inspect(copier.target).await?.version != Some(copies::newest_version()) {
        return Err(CopyError::NotEmpty(table));
    }
    // Counting spares reading all of a target that is something else.
    for table in TABLES {
        let (one, other) = tokio::join!(
            transfer::count(copier.source, table),
            transfer::count(copier.target, table)
        );
        if one.ok() != other.ok() {
            return Err(CopyError::NotEmpty(table.name));
        }
    }
    let comparison = copier.compare(Differing::LeftAlone).await?;
    match comparison.is_equal() {
        true => Ok((comparison, 0)),
        false => Err(CopyError::NotEmpty(table)),
    }
}

/// Passes until both sides are equal. Then the mark goes.
async fn run(copier: &Copier<'_>) -> Result<(Comparison, u32), CopyError> {
    let mut before: Option<Comparison> = None;
    for pass in 1..=MAX_PASSES {
        {
            let mut progress = copier.progress.borrow_mut();
            (progress.pass, progress.rows) = (pass, 0);
        }
        copier.run().await?;
        let comparison = copier.compare(Differing::Doubted).await?;
        if comparison.is_equal() {
            copies::clear_mark(copier.target).await?;
            return Ok((comparison, pass));
        }
        if before.is_some_and(|before| before.source == comparison.source) {
            // The source has stood still meanwhile, so another pass would not help.
            return Err(CopyError::Differs(what_differs(&comparison)));
        }
        before = Some(comparison);
    }
    Err(CopyError::SourceChanges(before.as_ref().map(what_differs).unwrap_or_default()))
}

fn what_differs(comparison: &Comparison) -> String {
    let mut parts: Vec<String> =
        comparison.tables.iter().map(|table| format!("table {table}")).collect();
    if comparison.owners > 0 {
        let more = match comparison.owners - comparison.named.len() as u64 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        parts.push(format!("owners {}{more}", comparison.named.join(", ")));
    }
    let counts = comparison.counts.iter().filter(|(_, source, target)| source != target);
    parts.extend(counts.map(|(table, source, target)| {
        format!("{table} has {source} rows in the source and {target} in the copy")
    }));
    parts.join("; ")
}
