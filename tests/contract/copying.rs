//! Copies between databases of either engine.

mod live;
mod refusals;
mod rivals;
mod unfinished;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use duly::config::{Place, Storage};
use duly::database::statement::{Dialect, Row};
use duly::database::transfer::tables::TABLES;
use duly::database::{Database, copies};
use duly::services::copy::{CopyError, Finished, ForeignColumns, Progress, Step, copy};

use crate::on_every_engine;
use crate::support::contents::{add_owner, contents, fill, place};
use crate::support::database::{TestDatabase, owner, statement, titled};
use crate::support::storage::{self, TestStorage};

/// A database that is not open, and full, or not there yet.
struct Side {
    storage: TestStorage,
    place: Place,
}

impl Side {
    fn new(storage: TestStorage, name: &str) -> Self {
        Self { place: place(&storage.storage, name), storage }
    }

    async fn filled(storage: TestStorage, tasks: i64) -> Self {
        let side = Self::new(storage, "source");
        let database = side.open().await;
        fill(&database, tasks).await;
        database.close().await;
        side
    }

    async fn open(&self) -> Database {
        Database::open(&self.storage.storage).await.expect("the storage opens")
    }

    async fn contents(&self) -> Vec<String> {
        let database = Database::open_read_only(&self.storage.storage).await.expect("it opens");
        let contents = contents(&database).await;
        database.close().await;
        contents
    }

    async fn execute(&self, sql: &str) {
        let database = Database::open_unfinished(&self.storage.storage).await.expect("it opens");
        let done = database.write(vec![statement(sql)]).await;
        database.close().await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// As `execute`, into an unfinished copy, in the name of whoever is at it.
    async fn spoil(&self, sql: &str) {
        let database = Database::open_unfinished(&self.storage.storage).await.expect("it opens");
        let mut batch = vec![statement(sql)];
        if database.dialect() == Dialect::Postgres {
            batch
                .insert(0, statement("SELECT set_config('duly.copy', token, TRUE) FROM duly_copy"));
        }
        let done = database.write(batch).await;
        database.close().await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

async fn all(from: &Side, to: &Side) -> Result<Finished, CopyError> {
    copy(&from.place, &to.place, ForeignColumns::Refuse, &|_| ControlFlow::Continue(())).await
}

/// Two empty storages of every pair of engines that there is.
async fn pairs() -> Vec<(TestStorage, TestStorage)> {
    let mut pairs = vec![(storage::embedded(), storage::embedded())];
    if let (Some(one), Some(two)) = (storage::postgres().await, storage::postgres().await) {
        pairs.push((one, storage::embedded()));
        pairs.push((storage::embedded(), two));
    }
    if let (Some(one), Some(two)) = (storage::postgres().await, storage::postgres().await) {
        pairs.push((one, two));
    }
    pairs
}

/// refinery's own, and what is needed for a day by those who ask the same server again.
const NOT_COPIED: [&str; 2] = ["duly_schema_history", "idempotency_keys"];

on_every_engine! {
    async fn every_column_of_every_table_is_copied(database: TestDatabase) {
        let sql = database.either(
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = 'public'",
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND NOT (c.pk = 1 AND c.type = 'INTEGER')",
        );
        let rows: Vec<Row> = database.read(statement(sql)).await.unwrap();
        let there: BTreeSet<(String, String)> = rows
            .into_iter()
            .map(|mut row| (row.take(0).unwrap(), row.take(1).unwrap()))
            .filter(|(table, _): &(String, String)| !NOT_COPIED.contains(&table.as_str()))
            .collect();
        let copied: BTreeSet<(String, String)> = TABLES
            .iter()
            .flat_map(|table| table.columns.iter().map(|(name, _)| (table.name.to_owned(), (*name).to_owned())))
            .collect();
        assert_eq!(copied, there, "a table or column was added: add it to database/transfer/tables.rs");
    }
}

#[tokio::test]
async fn everything_is_copied_as_it_is_between_any_two_engines() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::filled(from, 600).await, Side::new(to, "target"));
        let before = from.contents().await;
        let finished = all(&from, &to).await.unwrap();
        assert_eq!(finished.passes, 1);
        assert_eq!(to.contents().await, before);
        assert_eq!(from.contents().await, before, "the source is as it was");
        let rows: u64 = finished.counts.iter().map(|(_, rows)| rows).sum();
        assert_eq!(rows, before.len() as u64);
        // It is one to work with.
        let database = TestDatabase { database: to.open().await, storage: to.storage };
        database.insert(&owner("busy"), &titled("new")).await;
        assert_eq!(database.counts(&owner("busy")).await, (601, 601));
        database.close().await;
    }
}

#[tokio::test]
async fn a_round_trip_through_postgres_gives_back_every_byte() {
    let Some(postgres) = storage::postgres().await else { return };
    let from = Side::filled(storage::embedded(), 5_000).await;
    let (through, back) = (Side::new(postgres, "through"), Side::new(storage::embedded(), "back"));
    all(&from, &through).await.unwrap();
    all(&through, &back).await.unwrap();
    assert_eq!(bytes(&back).await, bytes(&from).await);
}

/// Every value of an embedded database as SQLite keeps it.
async fn bytes(side: &Side) -> Vec<String> {
    let database = Database::open_read_only(&side.storage.storage).await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let columns: Vec<String> =
            table.columns.iter().map(|(name, _)| format!("quote(\"{name}\")")).collect();
        let sql =
            format!("SELECT {} FROM \"{}\" ORDER BY 1", columns.join(" || ','|| "), table.name);
        let rows: Vec<Row> = database.read(statement(&sql)).await.unwrap();
        all.extend(rows.into_iter().map(|mut row| row.take::<String>(0).unwrap()));
    }
    database.close().await;
    all
}

#[tokio::test]
async fn an_empty_database_is_copied_too() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::new(from, "source"), Side::new(to, "target"));
        from.open().await.close().await;
        let finished = all(&from, &to).await.unwrap();
        assert!(finished.counts.iter().all(|(_, rows)| *rows == 0), "{finished:?}");
        to.open().await.close().await;
    }
}

#[tokio::test]
async fn a_target_that_is_not_empty_is_refused_and_left_as_it_is() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::filled(from, 1).await, Side::new(to, "target"));
        let database = TestDatabase { database: to.open().await, storage: storage::embedded() };
        database.insert(&owner("theirs"), &titled("theirs")).await;
        database.close().await;
        let before = to.contents().await;
        let refused = all(&from, &to).await.unwrap_err();
        assert!(matches!(refused, CopyError::NotEmpty(_)), "{refused}");
        assert_eq!(to.contents().await, before);
        to.open().await.close().await;
    }
}

/// Copies until so many words of progress have been said. `false` where it was done before.
async fn broken_off(from: &Side, to: &Side, after: u32) -> bool {
    let said = Cell::new(0);
    let report = |_: &Progress| {
        said.set(said.get() + 1);
        if said.get() < after { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match copy(&from.place, &to.place, ForeignColumns::Refuse, &report).await {
        Err(CopyError::Stopped) => true,
        outcome => outcome.map(|_| false).unwrap(),
    }
}

#[tokio::test]
async fn what_is_no_source_is_refused() {
    let target = Side::new(storage::embedded(), "target");
    let missing = Side::new(storage::embedded(), "source");
    assert!(matches!(all(&missing, &target).await, Err(CopyError::NoSource(_))));
    let mut sources = vec![storage::embedded()];
    sources.extend(storage::postgres().await);
    for source in sources {
        let source = Side::new(source, "source");
        let database = source.open().await;
        if let Storage::Embedded(_) = &source.storage.storage {
            assert!(matches!(all(&source, &target).await, Err(CopyError::SourceInUse(_))));
        }
        database.close().await;
        let newest = copies::newest_version();
        source
            .execute("UPDATE duly_schema_history SET version = version + 1000 WHERE version = 1")
            .await;
        let newer = all(&source, &target).await;
        assert!(matches!(newer, Err(CopyError::Newer { found: 1001, .. })), "{newer:?}");
        source
            .execute(&format!("DELETE FROM duly_schema_history WHERE version IN (1001, {newest})"))
            .await;
        let older = all(&source, &target).await;
        assert!(matches!(older, Err(CopyError::OlderSource { .. })), "{older:?}");
        source.execute("DROP TABLE duly_schema_history").await;
        assert!(matches!(all(&source, &target).await, Err(CopyError::NotOurs(_))));
        let same = copy(&source.place, &source.place, ForeignColumns::Refuse, &|_| {
            ControlFlow::Continue(())
        })
        .await;
        assert!(matches!(same, Err(CopyError::Same)));
    }
    let Storage::Embedded(settings) = &target.storage.storage else { panic!("it is embedded") };
    assert!(!settings.file.exists(), "nothing was made");
}

#[tokio::test]
async fn columns_of_another_program_are_named_and_left_behind_only_when_told_so() {
    let Some(postgres) = storage::postgres().await else { return };
    let (from, to) = (Side::filled(postgres, 2).await, Side::new(storage::embedded(), "target"));
    from.execute("ALTER TABLE \"user\" ADD COLUMN \"role\" text DEFAULT 'admin'").await;
    let refused = all(&from, &to).await.unwrap_err();
    assert!(refused.to_string().contains("\"user\".\"role\""), "{refused}");
    let finished =
        copy(&from.place, &to.place, ForeignColumns::LeaveBehind, &|_| ControlFlow::Continue(()))
            .await
            .unwrap();
    assert_eq!(finished.left_behind, ["\"user\".\"role\""]);
    assert_eq!(to.contents().await, from.contents().await);
}

#[tokio::test]
async fn an_owner_with_many_tasks_is_taken_up_in_the_middle() {
    let (from, to) =
        (Side::new(storage::embedded(), "source"), Side::new(storage::embedded(), "target"));
    let database = from.open().await;
    add_owner(&database, "busy", 3_000).await;
    database.close().await;
    // Six words for the tables, then one for each page.
    assert!(broken_off(&from, &to, 12).await);
    let so_far = to.contents().await.len();
    assert!((1_000..3_000).contains(&so_far), "{so_far}");
    all(&from, &to).await.unwrap();
    assert_eq!(to.contents().await, from.contents().await);
}

#[tokio::test]
async fn progress_tells_how_many_owners_are_done_and_never_more_than_there_are() {
    let (from, to) =
        (Side::filled(storage::embedded(), 3_000).await, Side::new(storage::embedded(), "target"));
    for expected_passes in [1, 0] {
        let told = RefCell::new(Vec::new());
        let report = |progress: &Progress| {
            told.borrow_mut().push(progress.clone());
            ControlFlow::Continue(())
        };
        let done = copy(&from.place, &to.place, ForeignColumns::Refuse, &report).await.unwrap();
        assert_eq!(done.passes, expected_passes);
        let told = told.take();
        for progress in &told {
            let is_about_owners =
                matches!(progress.step, Step::Copying("tasks") | Step::Verifying("tasks"));
            assert_eq!(progress.owners.is_some(), is_about_owners, "{progress:?}");
            assert!(
                progress.owners.is_none_or(|(done, all)| all == 313 && done <= 313),
                "{progress:?}"
            );
        }
        let last = told.last().and_then(|progress| progress.owners);
        assert_eq!(last, Some((313, 313)));
        // Also while the tasks of one run of owners are on their way.
        let copied = told.iter().filter(|progress| progress.step == Step::Copying("tasks"));
        let steps: BTreeSet<u64> =
            copied.filter_map(|progress| progress.owners).map(|(done, _)| done).collect();
        assert!(expected_passes == 0 || steps.len() > 3, "{steps:?}");
    }
}
