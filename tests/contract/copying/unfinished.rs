//! Copies that were broken off: they go on, they are not served, and what is wrong in them is found.

use std::ops::ControlFlow;

use duly::database::Database;
use duly::database::migrations::{self, MigrationError};
use duly::services::copy::{CopyError, ForeignColumns, Progress, Step, copy};

use super::{Side, all, broken_off, pairs};
use crate::support::storage;

#[tokio::test]
async fn a_copy_that_is_broken_off_goes_on_and_is_not_served_before() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::filled(from, 1_200).await, Side::new(to, "target"));
        let (mut breaks, mut after) = (0, 5);
        while broken_off(&from, &to, after).await {
            breaks += 1;
            after *= 2;
            for refused in [
                Database::open(&to.storage.storage).await.err(),
                migrations::run(&to.storage.storage).await.err(),
            ] {
                assert!(matches!(refused, Some(MigrationError::Unfinished)), "{refused:?}");
            }
        }
        assert!(breaks > 3, "{breaks}");
        assert_eq!(to.contents().await, from.contents().await);
        to.open().await.close().await;
        // Once more, as somebody would who has not seen the end of it.
        let finished = all(&from, &to).await.unwrap();
        assert_eq!(finished.passes, 0);
        to.execute("UPDATE tasks SET title = 'another' WHERE user_id = 'a' AND version = 1").await;
        let before = to.contents().await;
        let refused = all(&from, &to).await.unwrap_err();
        assert!(matches!(refused, CopyError::NotEmpty("user")), "{refused}");
        assert_eq!(to.contents().await, before);
    }
}

#[tokio::test]
async fn an_unfinished_copy_is_not_taken_for_another_source() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::filled(from, 300).await, Side::new(to, "target"));
        assert!(broken_off(&from, &to, 8).await);
        let before = to.contents().await;
        let other = Side::new(storage::embedded(), "another source");
        other.open().await.close().await;
        let refused = all(&other, &to).await.unwrap_err();
        assert!(matches!(refused, CopyError::OtherCopy), "{refused}");
        // Nor is it a source.
        let refused = all(&to, &other).await.unwrap_err();
        assert!(matches!(refused, CopyError::UnfinishedSource), "{refused}");
        assert_eq!(to.contents().await, before);
        all(&from, &to).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_wrong_in_an_unfinished_copy_is_found_and_put_right() {
    for (from, to) in pairs().await {
        let (from, to) = (Side::filled(from, 700).await, Side::new(to, "target"));
        let report = |progress: &Progress| match progress.step {
            Step::Copying(_) => ControlFlow::Continue(()),
            Step::Verifying(_) => ControlFlow::Break(()),
        };
        let stopped = copy(&from.place, &to.place, ForeignColumns::Refuse, &report).await;
        assert!(matches!(stopped, Err(CopyError::Stopped)), "{stopped:?}");
        for sql in [
            "UPDATE tasks SET title = 'another' WHERE user_id = 'busy' AND version = 500",
            "DELETE FROM tasks WHERE user_id = 'a' AND version = 2",
            "UPDATE tasks SET tags = '[\"x\"]' WHERE user_id = 'elsewhere 8'",
            "UPDATE owners SET task_count = 77 WHERE user_id = 'b'",
            "DELETE FROM owners WHERE user_id = 'Z'",
            "DELETE FROM \"user\" WHERE \"id\" = 'ä'",
            "UPDATE \"user\" SET \"email\" = 'x' WHERE \"id\" = 'A'",
            "UPDATE \"session\" SET \"userAgent\" = NULL",
            "UPDATE \"account\" SET \"password\" = 'x' WHERE \"userId\" = 'aa'",
            "DELETE FROM \"jwks\"",
            "UPDATE \"verification\" SET \"id\" = 'new' WHERE \"id\" = 'v7'",
        ] {
            to.spoil(sql).await;
        }
        let finished = all(&from, &to).await.unwrap();
        assert_eq!(
            finished.passes, 2,
            "tasks that differ from what their owners say are found by comparing"
        );
        assert_eq!(to.contents().await, from.contents().await);
    }
}
