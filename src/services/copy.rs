//! Moving everything from one database into another: an embedded file, or PostgreSQL, in either direction.
//!
//! The target is marked before the first row and until everything has been compared. A copy that was broken off is
//! taken up by the next one of the same source: rows that are there are not written again. The source is only read.

mod comparison;
mod ends;
mod error;
mod pass;

use std::ops::ControlFlow;

use super::hashes::sha256;
use crate::config::Place;
use crate::database::transfer::tables::TABLES;
use crate::database::{Database, copies, transfer};
use comparison::{Comparison, Differing};
use ends::{check_source, open_source, open_target};
pub use error::CopyError;
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
    /// Rows looked at in this step.
    pub rows: u64,
    /// Owners done, of so many. There are no numbers where owners are not what the step is about, or not counted yet.
    pub owners: Option<(u64, i64)>,
}

impl Progress {
    fn set_owners(&mut self, done: u64) {
        if let Some((before, _)) = &mut self.owners {
            *before = done;
        }
    }
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
        Ok((target, claim)) => {
            let outcome = run(&Copier::new(source, &target, Some(&claim), report)).await;
            (target, outcome)
        }
        Err(CopyError::NotEmpty(table)) => {
            let target = Database::open_read_only(&to.storage).await.map_err(CopyError::Target)?;
            let outcome = find_finished(&Copier::new(source, &target, None, report), table).await;
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
    let state = copies::inspect(copier.target).await?;
    // One that began while it was looked at first: between the mark, which was not there yet, and the rows, which were.
    if state.mark.is_some() {
        return Err(CopyError::BegunElsewhere);
    }
    if state.version != Some(copies::newest_version()) || !state.missing.is_empty() {
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
    match copier.compare(Differing::LeftAlone).await {
        Ok(comparison) if comparison.is_equal() => Ok((comparison, 0)),
        Ok(_) | Err(CopyError::Unreadable(_)) => Err(CopyError::NotEmpty(table)),
        Err(error) => Err(error),
    }
}

/// Passes until both sides are equal. Then the mark goes.
async fn run(copier: &Copier<'_>) -> Result<(Comparison, u32), CopyError> {
    let mut before: Option<Comparison> = None;
    for pass in 1..=MAX_PASSES {
        copier.progress.borrow_mut().pass = pass;
        copier.run().await?;
        let comparison = copier.compare(Differing::Doubted).await?;
        if comparison.is_equal() {
            copier.finish().await?;
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
