//! One pass over everything: what the target has too much or otherwise goes, what it lacks is added.
//!
//! A pass that is broken off leaves rows that are as in the source, and owners whose version says that their tasks are
//! not all there. The next one begins anew and finds most of the work done.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::ControlFlow;

use super::{CopyError, Progress, Report, Step};
use crate::database::copies::{Claim, Holder};
use crate::database::statement::Batch;
use crate::database::transfer::tables::{AUTH_TABLES, OWNERS, TASKS, Table};
use crate::database::transfer::{self, Key, PAGE, Range, Record};
use crate::database::{Database, DatabaseError};

/// How often it is tried to finish, where the target is busy.
const MAX_FINISHED: u32 = 5;

/// From where to where, and whom to tell how far it is.
pub(super) struct Copier<'a> {
    pub(super) source: &'a Database,
    pub(super) target: &'a Database,
    /// The right to write to the target; `None` where it is only looked at.
    claim: Option<&'a Claim>,
    pub(super) progress: RefCell<Progress>,
    pub(super) report: Report<'a>,
}

/// The part of a table that is made equal.
struct Part<'a> {
    table: &'static Table,
    range: Option<&'a Range>,
    /// Whose rows are added; everybody's where it does not say.
    owners: Option<&'a HashSet<String>>,
    /// How many owners are done before these.
    done: u64,
}

impl<'a> Copier<'a> {
    pub(super) fn new(
        source: &'a Database,
        target: &'a Database,
        claim: Option<&'a Claim>,
        report: Report<'a>,
    ) -> Self {
        let progress = Progress { pass: 0, step: Step::Copying(""), rows: 0, owners: None };
        Self { source, target, claim, progress: RefCell::new(progress), report }
    }
}

impl Copier<'_> {
    /// Notes how far it is, and says so.
    ///
    /// # Errors
    /// [`CopyError::Stopped`] where whoever is told wants no more.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Progress)) -> Result<(), CopyError> {
        let mut progress = self.progress.borrow_mut();
        change(&mut progress);
        match (self.report)(&progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(CopyError::Stopped),
        }
    }

    /// Begins with something else, and says so.
    ///
    /// # Errors
    /// As [`Copier::tell`].
    pub(super) fn begin(&self, step: Step) -> Result<(), CopyError> {
        self.tell(|progress| (progress.step, progress.rows, progress.owners) = (step, 0, None))
    }

    /// As [`Copier::begin`], with something that goes from owner to owner of the source.
    pub(super) async fn begin_with_owners(&self, step: Step) -> Result<(), CopyError> {
        let all = transfer::count(self.source, &OWNERS).await.map_err(CopyError::of(&OWNERS))?;
        let owners = Some((0, all));
        self.tell(|progress| (progress.step, progress.rows, progress.owners) = (step, 0, owners))
    }

    /// Writes to the target, as long as nobody else has taken it over.
    pub(super) async fn keep(&self, batch: Batch) -> Result<(), CopyError> {
        let Some(claim) = self.claim else {
            return Err(DatabaseError::Failed("the target is only read".to_owned()).into());
        };
        match claim.write(self.target, batch).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.reason(claim, error).await),
        }
    }

    /// Everything is as in the source: the target is anybody's from now on.
    pub(super) async fn finish(&self) -> Result<(), CopyError> {
        let Some(claim) = self.claim else { return Ok(()) };
        for _ in 1..MAX_FINISHED {
            match claim.finish(self.target).await {
                Ok(()) => return Ok(()),
                // A server that reads there holds what this waits for.
                Err(DatabaseError::Busy(_)) => {}
                // It may have happened; the next copy finds out.
                Err(error @ DatabaseError::Unavailable(_)) => return Err(error.into()),
                Err(error) => return Err(self.reason(claim, error).await),
            }
        }
        claim.finish(self.target).await.map_err(CopyError::from)
    }

    /// Why nothing could be written: it may be that another copy has the target now.
    async fn reason(&self, claim: &Claim, error: DatabaseError) -> CopyError {
        match claim.holder(self.target).await {
            Ok(Holder::Another) => CopyError::TakenOver,
            Ok(Holder::Everybody) => CopyError::FinishedElsewhere,
            Ok(Holder::This) | Err(_) => error.into(),
        }
    }

    /// Makes the target equal to the source, as the source is while it is read.
    pub(super) async fn run(&self) -> Result<(), CopyError> {
        for table in AUTH_TABLES {
            self.begin(Step::Copying(table.name))?;
            self.make_equal(&Part { table, range: None, owners: None, done: 0 }).await?;
        }
        self.begin_with_owners(Step::Copying(TASKS.name)).await?;
        self.remove_owners().await.map_err(CopyError::of(&OWNERS))?;
        self.copy_owners().await
    }

    async fn make_equal(&self, part: &Part<'_>) -> Result<(), CopyError> {
        let kept = self.prune(part).await.map_err(CopyError::of(part.table))?;
        self.fill(part, kept).await.map_err(CopyError::of(part.table))
    }

    /// Deletes from the target what is not in the source, or not as it is there. Gives how many rows stay.
    async fn prune(&self, part: &Part<'_>) -> Result<usize, CopyError> {
        let (table, mut kept, mut after) = (part.table, 0, None);
        loop {
            let page = transfer::read_page(self.target, table, part.range, after.as_ref()).await?;
            let keys: Vec<Key> = page.iter().map(|record| record.key(table)).collect();
            let wanted = transfer::find(self.source, table, &keys).await?;
            let as_wanted = |(record, key): &(&Record, &Key)| wanted.get(key) == Some(record);
            let wrong = page.iter().zip(&keys).filter(|pair| !as_wanted(pair));
            let wrong: Vec<Key> = wrong.map(|(_, key)| key.clone()).collect();
            kept += page.len() - wrong.len();
            if !wrong.is_empty() {
                self.keep(transfer::delete(table, &wrong)).await?;
            }
            if page.len() < PAGE {
                return Ok(kept);
            }
            after = keys.into_iter().next_back();
            self.tell(|_| {})?;
        }
    }

    /// Adds to the target what it lacks, and reads on while it writes. `kept` rows are there already.
    async fn fill(&self, part: &Part<'_>, kept: usize) -> Result<(), CopyError> {
        let table = part.table;
        let mut page = transfer::read_page(self.source, table, part.range, None).await?;
        while let Some(last) = page.last() {
            let (after, length) = (last.key(table), page.len());
            let passed =
                part.owners.map(|ids| ids.iter().filter(|id| id.as_str() < last.id()).count());
            let next = async {
                if length < PAGE {
                    return Ok(Vec::new());
                }
                transfer::read_page(self.source, table, part.range, Some(&after)).await
            };
            let (added, next) = tokio::join!(self.add(part, page, kept), next);
            added?;
            page = next?;
            self.tell(|progress| {
                progress.rows += length as u64;
                if let Some(passed) = passed {
                    progress.set_owners(part.done + passed as u64);
                }
            })?;
        }
        Ok(())
    }

    async fn add(
        &self,
        part: &Part<'_>,
        mut page: Vec<Record>,
        kept: usize,
    ) -> Result<(), CopyError> {
        if let Some(owners) = part.owners {
            page.retain(|record| owners.contains(record.id()));
        }
        if kept > 0 {
            let keys: Vec<Key> = page.iter().map(|record| record.key(part.table)).collect();
            let there = transfer::find_keys(self.target, part.table, &keys).await?;
            page.retain(|record| there.get(&record.key(part.table)).is_none());
        }
        self.write(page, |records| transfer::insert(part.table, records)).await.map(drop)
    }

    /// Writes rows together, or one by one where one of them cannot be kept because the source has changed since, and
    /// the user that it belongs to is not here yet. Those are left to the next pass. Gives what was written.
    async fn write(
        &self,
        records: Vec<Record>,
        batch: impl Fn(Vec<Record>) -> Batch,
    ) -> Result<Vec<Record>, CopyError> {
        if records.is_empty() {
            return Ok(records);
        }
        match self.keep(batch(records.clone())).await {
            Ok(()) => return Ok(records),
            Err(CopyError::Database(DatabaseError::UserGone)) => {}
            Err(error) => return Err(error),
        }
        let mut written = Vec::new();
        for record in records {
            match self.keep(batch(vec![record.clone()])).await {
                Ok(()) => written.push(record),
                Err(CopyError::Database(DatabaseError::UserGone)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }

    /// Deletes the owners, with their tasks, that are not in the source.
    async fn remove_owners(&self) -> Result<(), CopyError> {
        let mut after = None;
        loop {
            let page = transfer::read_page(self.target, &OWNERS, None, after.as_ref()).await?;
            let mut keys: Vec<Key> = page.iter().map(|record| record.key(&OWNERS)).collect();
            after = keys.last().cloned();
            let there = transfer::find_keys(self.source, &OWNERS, &keys).await?;
            keys.retain(|key| there.get(key).is_none());
            if !keys.is_empty() {
                self.keep(transfer::delete(&OWNERS, &keys)).await?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
            self.tell(|_| {})?;
        }
    }

    /// Copies the owners that the target has not as they are in the source, with their tasks.
    async fn copy_owners(&self) -> Result<(), CopyError> {
        let (mut after, mut done) = (None, 0);
        loop {
            let page = transfer::read_page(self.source, &OWNERS, None, after.as_ref()).await;
            let page = page.map_err(CopyError::of(&OWNERS))?;
            let keys: Vec<Key> = page.iter().map(|record| record.key(&OWNERS)).collect();
            let there = transfer::find(self.target, &OWNERS, &keys).await;
            let there = there.map_err(CopyError::of(&OWNERS))?;
            after = keys.into_iter().next_back();
            let is_done = |owner: &Record| there.get(&owner.key(&OWNERS)) == Some(owner);
            let length = page.len();
            // Neighbours are copied together, so that many owners with few tasks take few round trips.
            for run in page.chunk_by(|one, next| is_done(one) == is_done(next)) {
                if run.first().is_some_and(|owner| !is_done(owner)) {
                    self.copy_tasks(run.to_vec(), done).await?;
                }
                done += run.len() as u64;
                self.tell(|progress| progress.set_owners(done))?;
            }
            if length < PAGE {
                return Ok(());
            }
        }
    }

    /// Copies owners who follow one another, and their tasks. They get their versions when the tasks are there.
    async fn copy_tasks(&self, owners: Vec<Record>, done: u64) -> Result<(), CopyError> {
        let (Some(first), Some(last)) = (owners.first(), owners.last()) else { return Ok(()) };
        let range = Range { first: first.id().to_owned(), last: last.id().to_owned() };
        let unfinished = owners.iter().cloned().map(Record::unfinished_owner).collect();
        let written = self.write(unfinished, transfer::put_owners).await;
        let written = written.map_err(CopyError::of(&OWNERS))?;
        let ids: HashSet<String> = written.iter().map(|owner| owner.id().to_owned()).collect();
        let part = Part { table: &TASKS, range: Some(&range), owners: Some(&ids), done };
        self.make_equal(&part).await?;
        let finished = owners.into_iter().filter(|owner| ids.contains(owner.id())).collect();
        let finished = self.write(finished, transfer::put_owners).await;
        finished.map(drop).map_err(CopyError::of(&OWNERS))
    }
}
