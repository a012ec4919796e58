//! Copies of a source that changes meanwhile, and into a target that does not keep what is written.

use std::cell::Cell;
use std::ops::ControlFlow;

use duly::config::Storage;
use duly::database::Database;
use duly::database::migrations::MigrationError;
use duly::services::copy::{CopyError, ForeignColumns, Progress, Step, copy};

use super::{Side, all};
use crate::support::storage::{self, TestStorage};

/// Runs statements on a PostgreSQL database from a thread of its own, and waits for them.
fn meanwhile(storage: &TestStorage, sql: &str) {
    let Storage::Postgres(settings) = &storage.storage else { panic!("it is PostgreSQL") };
    std::thread::scope(|scope| {
        let done = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let connected = settings.config.connect(tokio_postgres::NoTls).await;
                let (client, connection) = connected.expect("it connects");
                let connection = tokio::spawn(connection);
                client.batch_execute(sql).await.expect("it is done");
                drop(client);
                let _ = connection.await;
            });
        });
        done.join().expect("it is done");
    });
}

#[tokio::test]
async fn what_changes_in_a_live_source_is_followed() {
    let Some(postgres) = storage::postgres().await else { return };
    for to in [postgres, storage::embedded()] {
        // Each round has a source of its own.
        let source = storage::postgres().await.expect("there was one");
        let (from, to) = (Side::filled(source, 700).await, Side::new(to, "target"));
        let rounds = Cell::new(0);
        let report = |progress: &Progress| {
            if progress.step == Step::Verifying("user") {
                rounds.set(rounds.get() + 1);
                match rounds.get() {
                    1 => meanwhile(&from.storage, CHANGES),
                    2 => meanwhile(
                        &from.storage,
                        "UPDATE owners SET version = version + 1 WHERE user_id = 'z'",
                    ),
                    _ => {}
                }
            }
            ControlFlow::Continue(())
        };
        let finished = copy(&from.place, &to.place, ForeignColumns::Refuse, &report).await.unwrap();
        assert_eq!(finished.passes, 3);
        assert_eq!(to.contents().await, from.contents().await);
    }
}

/// Two people swap their addresses, one goes, one comes, and tasks of several change.
const CHANGES: &str = r#"
    UPDATE "user" SET "email" = 'kept for a moment' WHERE "id" = 'a';
    UPDATE "user" SET "email" = '61@example.com' WHERE "id" = 'b';
    UPDATE "user" SET "email" = '62@example.com' WHERE "id" = 'a';
    DELETE FROM "user" WHERE "id" = 'B';
    INSERT INTO "user" VALUES ('new', 'New', 'new@example.com', false, NULL, now(), now());
    INSERT INTO "session" VALUES ('new', now(), 'new token', now(), now(), NULL, NULL, 'new');
    INSERT INTO owners VALUES ('new', 1, 0, now(), 'new'), ('another', 1, 0, now(), NULL);
    UPDATE owners SET version = version + 1 WHERE user_id IN ('busy', 'elsewhere 7');
    UPDATE tasks SET title = 'changed' WHERE user_id = 'busy' AND version % 3 = 0;
    DELETE FROM tasks WHERE user_id = 'busy' AND version % 5 = 0;
    DELETE FROM tasks WHERE user_id = 'elsewhere 7';
    DELETE FROM "session" WHERE "userId" = 'z';
"#;

#[tokio::test]
async fn a_source_that_never_stands_still_is_given_up_and_gone_on_with_later() {
    let Some(source) = storage::postgres().await else { return };
    let (from, to) = (Side::filled(source, 10).await, Side::new(storage::embedded(), "target"));
    let report = |progress: &Progress| {
        if progress.step == Step::Verifying("user") {
            meanwhile(
                &from.storage,
                "UPDATE owners SET version = version + 1 WHERE user_id = 'busy'",
            );
        }
        ControlFlow::Continue(())
    };
    let refused = copy(&from.place, &to.place, ForeignColumns::Refuse, &report).await.unwrap_err();
    let sentence = refused.to_string();
    assert!(matches!(refused, CopyError::SourceChanges(_)), "{sentence}");
    assert!(sentence.contains("owners busy"), "{sentence}");
    assert!(matches!(
        Database::open(&to.storage.storage).await.err(),
        Some(MigrationError::Unfinished)
    ));
    all(&from, &to).await.unwrap();
    assert_eq!(to.contents().await, from.contents().await);
}

#[tokio::test]
async fn what_cannot_be_kept_is_named_and_the_mark_stays() {
    let Some(target) = storage::postgres().await else { return };
    let (from, to) = (Side::filled(storage::embedded(), 10).await, Side::new(target, "target"));
    let database = to.open().await;
    database.close().await;
    // Something in the target changes what is written, every time.
    to.execute(
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN IF NEW.user_id = ''busy'' THEN NEW.title := ''spoiled''; END IF; RETURN NEW; END'",
    )
    .await;
    to.execute("CREATE TRIGGER spoil BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION spoil()")
        .await;
    let refused = all(&from, &to).await.unwrap_err();
    let sentence = refused.to_string();
    assert!(matches!(refused, CopyError::Differs(_)), "{sentence}");
    assert!(sentence.contains("owners busy") && !sentence.contains("spoiled"), "{sentence}");
    assert!(matches!(
        Database::open(&to.storage.storage).await.err(),
        Some(MigrationError::Unfinished)
    ));
    to.execute("DROP TRIGGER spoil ON tasks").await;
    all(&from, &to).await.unwrap();
    assert_eq!(to.contents().await, from.contents().await);
}
