//! A target that others write to: a second copier, one that was suspended, a server that runs there already.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::mpsc;

use duly::config::{Place, Storage};
use duly::database::migrations::MigrationError;
use duly::database::{Database, DatabaseError};
use duly::services::copy::{CopyError, Finished, ForeignColumns, Progress, Step, copy};

use super::{Side, all, broken_off};
use crate::support::database::{TestDatabase, owner, statement, titled};
use crate::support::storage;

/// A copier in a thread of its own, that stops where the test says and goes on when it says so.
struct Suspended {
    go_on: mpsc::Sender<()>,
    end: std::thread::JoinHandle<Result<Finished, CopyError>>,
}

impl Suspended {
    /// Comes back when the copier has come to a word for which `here` is true.
    async fn at(from: &Side, to: &Side, here: fn(&Progress) -> bool) -> Self {
        let (from, to): (Place, Place) = (from.place.clone(), to.place.clone());
        let (go_on, wait) = mpsc::channel();
        let (arrive, arrived) = tokio::sync::oneshot::channel();
        let end = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let arrive = Cell::new(Some(arrive));
            let report = |progress: &Progress| {
                if here(progress)
                    && let Some(arrive) = arrive.take()
                {
                    let _ = arrive.send(());
                    let _ = wait.recv();
                }
                ControlFlow::Continue(())
            };
            runtime.expect("a runtime starts").block_on(copy(
                &from,
                &to,
                ForeignColumns::Refuse,
                &report,
            ))
        });
        arrived.await.expect("it comes so far");
        Self { go_on, end }
    }

    async fn go_on(self) -> Result<Finished, CopyError> {
        let _ = self.go_on.send(());
        let joined = tokio::task::spawn_blocking(|| self.end.join().expect("it does not panic"));
        joined.await.expect("it does not panic")
    }
}

const STEPS: [fn(&Progress) -> bool; 5] = [
    |progress| progress.step == Step::Copying("user"),
    |progress| progress.step == Step::Copying("jwks"),
    |progress| progress.step == Step::Copying("tasks"),
    |progress| progress.step == Step::Copying("tasks") && progress.rows > 500,
    |progress| progress.step == Step::Verifying("tasks"),
];

#[tokio::test]
async fn a_copier_that_comes_back_after_another_has_finished_writes_nothing() {
    for here in STEPS {
        let Some(target) = storage::postgres().await else { return };
        let (from, to) =
            (Side::filled(storage::postgres().await.unwrap(), 700).await, Side::new(target, "to"));
        let suspended = Suspended::at(&from, &to, here).await;
        all(&from, &to).await.unwrap();
        let database = TestDatabase { database: to.open().await, storage: storage::embedded() };
        database.insert(&owner("new"), &titled("acknowledged")).await;
        database.close().await;
        // The first one takes them for too much in the target.
        from.execute("DELETE FROM tasks WHERE user_id = 'busy' AND version > 100").await;
        let before = to.contents().await;
        let stopped = suspended.go_on().await.unwrap_err();
        assert!(matches!(stopped, CopyError::FinishedElsewhere), "{stopped}");
        assert_eq!(to.contents().await, before);
    }
}

#[tokio::test]
async fn a_copier_that_is_overtaken_stops_and_the_later_one_finishes() {
    for here in STEPS {
        let Some(target) = storage::postgres().await else { return };
        let source = storage::postgres().await.expect("there was one");
        let (from, to) = (Side::filled(source, 700).await, Side::new(target, "target"));
        let first = Suspended::at(&from, &to, here).await;
        let second =
            Suspended::at(&from, &to, |progress| progress.step == Step::Verifying("user")).await;
        // The earlier one finds something to write.
        from.execute("UPDATE tasks SET title = 'changed' WHERE user_id = 'busy'").await;
        let stopped = first.go_on().await.unwrap_err();
        assert!(matches!(stopped, CopyError::TakenOver), "{stopped}");
        second.go_on().await.unwrap();
        assert_eq!(to.contents().await, from.contents().await);
        to.open().await.close().await;
    }
}

#[tokio::test]
async fn of_two_copies_that_begin_together_one_at_least_ends_well() {
    for round in 0..8 {
        let Some(target) = storage::postgres().await else { return };
        let target = if round % 4 == 3 { storage::embedded() } else { target };
        let from = Side::filled(storage::postgres().await.unwrap(), 20 * round).await;
        let to = Side::new(target, "target");
        let (one, other) = tokio::join!(all(&from, &to), all(&from, &to));
        for error in [&one, &other].into_iter().filter_map(|outcome| outcome.as_ref().err()) {
            let is_known = matches!(
                error,
                CopyError::TakenOver
                    | CopyError::FinishedElsewhere
                    | CopyError::BegunElsewhere
                    | CopyError::Target(MigrationError::InUse(_))
            );
            assert!(is_known, "{error}");
        }
        assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
        assert_eq!(to.contents().await, from.contents().await);
    }
}

#[tokio::test]
async fn a_server_that_runs_on_the_target_is_kept_from_writing_until_the_copy_is_finished() {
    let Some(target) = storage::postgres().await else { return };
    let (from, to) = (Side::filled(storage::embedded(), 600).await, Side::new(target, "target"));
    let running = TestDatabase { database: to.open().await, storage: storage::embedded() };
    let copier = Suspended::at(&from, &to, |progress| {
        progress.step == Step::Copying("tasks") && progress.rows > 300
    })
    .await;
    for sql in [
        "INSERT INTO owners VALUES ('me', 1, 0, now(), NULL)",
        "UPDATE owners SET version = version + 1 WHERE user_id = 'busy'",
        "DELETE FROM tasks WHERE user_id = 'busy'",
        "UPDATE \"user\" SET \"name\" = 'another'",
        "DELETE FROM \"session\" WHERE FALSE",
        "TRUNCATE \"account\"",
        "INSERT INTO \"jwks\" VALUES ('k', '', '', now(), NULL, NULL, NULL)",
        "DELETE FROM \"verification\"",
    ] {
        let refused = running.write(vec![statement(sql)]).await.unwrap_err();
        assert!(matches!(refused, DatabaseError::Unavailable(_)), "{sql}: {refused}");
    }
    copier.go_on().await.unwrap();
    assert_eq!(to.contents().await, from.contents().await);
    running.insert(&owner("busy"), &titled("new")).await;
    assert_eq!(running.counts(&owner("busy")).await, (601, 601));
    running.close().await;
}

#[tokio::test]
async fn what_a_server_was_acknowledged_while_a_copy_began_is_there_in_the_end() {
    let Some(_) = storage::postgres().await else { return };
    let (mut refused, mut finished) = (0, 0);
    let from = Side::filled(storage::embedded(), 5).await;
    for round in 0..8_u64 {
        let target = storage::postgres().await.expect("there was one");
        let to = Side::new(target, "target");
        let running = to.open().await;
        let writing = async {
            // At whatever moment of the copy that is.
            tokio::time::sleep(std::time::Duration::from_millis(40 * round)).await;
            let mut acknowledged = Vec::new();
            for number in 0..20 {
                let sql =
                    format!("INSERT INTO owners VALUES ('mine {number:02}', 1, 0, now(), NULL)");
                match running.write(vec![statement(&sql)]).await {
                    Ok(_) => acknowledged.push(format!("mine {number:02}")),
                    Err(DatabaseError::Unavailable(_) | DatabaseError::Busy(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            acknowledged
        };
        let (outcome, acknowledged) = tokio::join!(all(&from, &to), writing);
        match outcome {
            Ok(_) => finished += 1,
            Err(CopyError::NotEmpty(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        let sql = "SELECT user_id FROM owners WHERE user_id LIKE 'mine %' ORDER BY 1";
        let rows: Vec<duly::database::statement::Row> = running.read(statement(sql)).await.unwrap();
        let there: Vec<String> = rows.into_iter().map(|mut row| row.take(0).unwrap()).collect();
        assert_eq!(there, acknowledged);
        // One that was refused left nothing behind.
        running.write(vec![statement("DELETE FROM owners WHERE FALSE")]).await.unwrap();
        running.close().await;
        to.open().await.close().await;
    }
    eprintln!("{refused} refused, {finished} finished");
}

#[tokio::test]
async fn an_embedded_target_is_locked_from_the_first_row_to_the_last() {
    let (from, to) =
        (Side::filled(storage::embedded(), 700).await, Side::new(storage::embedded(), "target"));
    for here in STEPS {
        let suspended = Suspended::at(&from, &to, here).await;
        // The source is locked, too; so the second copier is one from elsewhere.
        let other = Side::filled(storage::embedded(), 1).await;
        let refused = all(&other, &to).await.unwrap_err();
        assert!(matches!(refused, CopyError::Target(_)), "{refused}");
        assert!(Database::open(&to.storage.storage).await.is_err());
        suspended.go_on().await.unwrap();
        let Storage::Embedded(settings) = &to.storage.storage else { panic!("it is embedded") };
        std::fs::remove_file(&settings.file).unwrap();
    }
}

#[tokio::test]
async fn an_unfinished_copy_of_an_older_kind_is_not_taken_over() {
    let Some(target) = storage::postgres().await else { return };
    for target in [target, storage::embedded()] {
        let (from, to) = (Side::filled(storage::embedded(), 300).await, Side::new(target, "to"));
        assert!(broken_off(&from, &to, 8).await);
        to.execute("ALTER TABLE duly_copy DROP COLUMN token").await;
        let refused = all(&from, &to).await.unwrap_err();
        assert!(matches!(refused, CopyError::OtherVersion), "{refused}");
    }
}
