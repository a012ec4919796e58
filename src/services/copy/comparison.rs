//! Whether a copy is equal to its source: a count of every table, a checksum of each of Better Auth's tables, and one of
//! each owner with all of their tasks. Both sides are read to the end, page by page, and the sums are made here, of the
//! values as each engine gives them.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::pass::Copier;
use super::{CopyError, Step};
use crate::database::Database;
use crate::database::transfer::tables::{AUTH_TABLES, OWNERS, TASKS, Table};
use crate::database::transfer::{self, Key, PAGE, ReadError, Record};
use crate::services::hashes::{Sha256, sha256};

/// How many owners that differ are named.
const NAMED: usize = 10;

/// What becomes of owners that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Differing {
    /// They are marked, so that the next pass looks at their tasks.
    Doubted,
    /// Nothing: the target is not ours to write to.
    LeftAlone,
}

/// What the comparison has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Comparison {
    /// Each table, with its rows in the source and in the target.
    pub(super) counts: Vec<(&'static str, u64, u64)>,
    /// Of Better Auth's tables, those that differ.
    pub(super) tables: Vec<&'static str>,
    /// How many owners differ.
    pub(super) owners: u64,
    /// The first of them.
    pub(super) named: Vec<String>,
    /// A checksum of all of the source. Two that differ mean that the source has changed in between.
    pub(super) source: [u8; 32],
}

impl Comparison {
    pub(super) fn is_equal(&self) -> bool {
        let counts = self.counts.iter().all(|(_, source, target)| source == target);
        counts && self.tables.is_empty() && self.owners == 0
    }
}

impl Copier<'_> {
    /// Compares everything.
    pub(super) async fn compare(&self, differing: Differing) -> Result<Comparison, CopyError> {
        let mut comparison = Comparison::default();
        let mut sum = Sha256::new();
        for table in AUTH_TABLES {
            self.begin(Step::Verifying(table.name))?;
            let (source, target) = tokio::join!(
                self.table_sum(self.source, table),
                self.table_sum(self.target, table)
            );
            let source = source.map_err(CopyError::of(table))?;
            let target = target.map_err(CopyError::of(table))?;
            sum.update(&source.sum);
            comparison.counts.push((table.name, source.rows, target.rows));
            if source != target {
                comparison.tables.push(table.name);
            }
        }
        self.begin_with_owners(Step::Verifying(TASKS.name)).await?;
        let compared = self.compare_owners(differing, &mut comparison, &mut sum).await;
        compared.map_err(CopyError::of(&TASKS))?;
        comparison.source = sum.finish();
        Ok(comparison)
    }

    async fn table_sum(&self, database: &Database, table: &Table) -> Result<TableSum, CopyError> {
        let (mut total, mut after) = (TableSum::default(), None);
        loop {
            let page = transfer::read_page(database, table, None, after.as_ref()).await?;
            for record in &page {
                let mut bytes = Vec::new();
                record.encode(&mut |piece| bytes.extend_from_slice(piece));
                add(&mut total.sum, &sha256(&bytes));
            }
            total.rows += page.len() as u64;
            if page.len() < PAGE {
                return Ok(total);
            }
            after = page.last().map(|record| record.key(table));
            self.tell(|_| {})?;
        }
    }

    /// Both sides have their owners in the same order, so that one walk finds what differs.
    async fn compare_owners(
        &self,
        differing: Differing,
        comparison: &mut Comparison,
        sum: &mut Sha256,
    ) -> Result<(), CopyError> {
        let (mut source, mut target) = (Owners::new(self.source), Owners::new(self.target));
        let (one, other) = tokio::join!(source.next(), target.next());
        let (mut one, mut other) = (one?, other?);
        let mut doubted = Vec::new();
        loop {
            let order = match (&one, &other) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) => one.id.cmp(&other.id),
            };
            if order.is_le() {
                self.tell(|progress| progress.set_owners(source.count))?;
            }
            if order != Ordering::Equal || one != other {
                let owner = if order == Ordering::Greater { &other } else { &one };
                doubted.extend(owner.iter().map(|owner| owner.id.clone()));
            }
            if doubted.len() >= PAGE {
                self.doubt(differing, comparison, &mut doubted).await?;
            }
            if let Some(owner) = one.as_ref().filter(|_| order.is_le()) {
                sum.update(&owner.sum);
            }
            let (next_one, next_other) = tokio::join!(
                async { if order.is_le() { source.next().await } else { Ok(one) } },
                async { if order.is_ge() { target.next().await } else { Ok(other) } },
            );
            (one, other) = (next_one?, next_other?);
        }
        self.doubt(differing, comparison, &mut doubted).await?;
        comparison.counts.push((OWNERS.name, source.count, target.count));
        comparison.counts.push((TASKS.name, source.task_count, target.task_count));
        Ok(())
    }

    async fn doubt(
        &self,
        differing: Differing,
        comparison: &mut Comparison,
        ids: &mut Vec<String>,
    ) -> Result<(), CopyError> {
        if differing == Differing::Doubted && !ids.is_empty() {
            self.keep(transfer::doubt_owners(ids)).await?;
        }
        comparison.owners += ids.len() as u64;
        let room = NAMED.saturating_sub(comparison.named.len());
        comparison.named.extend(ids.drain(..).take(room));
        Ok(())
    }
}

/// A table as a whole.
#[derive(Debug, Default, PartialEq, Eq)]
struct TableSum {
    rows: u64,
    /// The sum of the hashes of the rows, which is the same in whatever order they come.
    sum: [u8; 32],
}

/// Adds two numbers of 256 bits, and forgets what is beyond.
fn add(total: &mut [u8; 32], hash: &[u8; 32]) {
    let mut carry = 0;
    for (digit, more) in total.iter_mut().zip(hash).rev() {
        let sum = u16::from(*digit) + u16::from(*more) + carry;
        let [high, low] = sum.to_be_bytes();
        (*digit, carry) = (low, u16::from(high));
    }
}

/// An owner with all of their tasks.
#[derive(Debug, PartialEq, Eq)]
struct OwnerSum {
    id: String,
    sum: [u8; 32],
}

/// One owner after the other, in the order of their ids.
struct Owners<'a> {
    owners: Rows<'a>,
    tasks: Rows<'a>,
    count: u64,
    task_count: u64,
}

impl<'a> Owners<'a> {
    fn new(database: &'a Database) -> Self {
        let (owners, tasks) = (Rows::new(database, &OWNERS), Rows::new(database, &TASKS));
        Self { owners, tasks, count: 0, task_count: 0 }
    }

    async fn next(&mut self) -> Result<Option<OwnerSum>, ReadError> {
        let Some(owner) = self.owners.next().await? else { return Ok(None) };
        self.count += 1;
        let mut sum = Sha256::new();
        owner.encode(&mut |piece| sum.update(piece));
        // A task of somebody before is one of an owner who was added after the owners were read.
        while let Some(task) = self.tasks.next_if(|task| task.id() <= owner.id()).await? {
            self.task_count += 1;
            if task.id() == owner.id() {
                task.encode(&mut |piece| sum.update(piece));
            }
        }
        Ok(Some(OwnerSum { id: owner.id().to_owned(), sum: sum.finish() }))
    }
}

/// The rows of a table, read page by page.
struct Rows<'a> {
    database: &'a Database,
    table: &'static Table,
    page: VecDeque<Record>,
    after: Option<Key>,
    at_end: bool,
}

impl<'a> Rows<'a> {
    fn new(database: &'a Database, table: &'static Table) -> Self {
        Self { database, table, page: VecDeque::new(), after: None, at_end: false }
    }

    async fn next(&mut self) -> Result<Option<Record>, ReadError> {
        self.next_if(|_| true).await
    }

    async fn next_if(
        &mut self,
        wanted: impl Fn(&Record) -> bool,
    ) -> Result<Option<Record>, ReadError> {
        if self.page.is_empty() && !self.at_end {
            let after = self.after.as_ref();
            let page = transfer::read_page(self.database, self.table, None, after).await?;
            self.at_end = page.len() < PAGE;
            self.after = page.last().map(|record| record.key(self.table));
            self.page = page.into();
        }
        Ok(self.page.pop_front_if(|record| wanted(record)))
    }
}
