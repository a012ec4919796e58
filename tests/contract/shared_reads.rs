//! Reads that share connections to PostgreSQL, and what they leave to others. A pooler's connections are not shared so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duly::database::statement::Row;
use futures_util::future::join_all;

use super::pool::{sleep, with_connections};
use crate::support::database::{TestDatabase, statement};

/// A database whose connections are known not to go through a pooler: they are once there is one.
async fn direct(max_connections: usize) -> Option<TestDatabase> {
    let database = with_connections(max_connections).await?;
    database.read::<Row>(statement("SELECT 1")).await.unwrap();
    Some(database)
}

/// On how many connections somebody sleeps, by the word of one that is for a write.
async fn asleep(database: &TestDatabase) -> i64 {
    let count = statement(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
         AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()",
    );
    let mut rows = database.write(vec![count]).await.unwrap();
    rows[0][0].take(0).unwrap()
}

#[tokio::test]
async fn a_read_that_is_dropped_keeps_its_part_of_a_connection_on_a_direct_connection() {
    let Some(database) = direct(8).await else { return };
    let read = database.read::<Row>(sleep(2.0));
    tokio::time::timeout(Duration::from_millis(200), read).await.unwrap_err();
    // Otherwise this would stand behind it, and find nobody asleep.
    assert_eq!(asleep(&database).await, 1);
    let load = database.load();
    assert_eq!(load.connections - load.idle, 1);
}

#[tokio::test]
async fn a_burst_of_reads_leaves_connections_to_writes_on_a_direct_connection() {
    let Some(database) = direct(8).await else { return };
    let are_over = AtomicBool::new(false);
    let reading = async {
        let reads = join_all((0..8).map(|_| database.read::<Row>(sleep(1.0)))).await;
        are_over.store(true, Ordering::Relaxed);
        assert!(reads.iter().all(Result::is_ok), "{reads:?}");
    };
    let looking = async {
        let mut most = 0;
        while !are_over.load(Ordering::Relaxed) {
            most = most.max(asleep(&database).await);
        }
        most
    };
    let ((), most) = tokio::join!(reading, looking);
    assert!((1..=6).contains(&most), "{most}");
}

#[tokio::test]
async fn reads_leave_a_single_connection_to_writes() {
    let Some(database) = direct(1).await else { return };
    let is_written = AtomicBool::new(false);
    let reading = join_all((0..4).map(|_| async {
        while !is_written.load(Ordering::Relaxed) {
            database.read::<Row>(sleep(0.02)).await.unwrap();
        }
    }));
    let writing = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let written = database.write(vec![sleep(0.0)]).await;
        is_written.store(true, Ordering::Relaxed);
        written.unwrap();
    };
    tokio::join!(reading, writing);
}

/// As a COMMIT leaves it that somebody has cancelled.
#[tokio::test]
async fn a_connection_in_a_failed_transaction_is_replaced_on_a_direct_connection() {
    let Some(database) = direct(8).await else { return };
    database.write(vec![statement("BEGIN")]).await.unwrap();
    database.write(vec![statement("SELECT 1/0")]).await.unwrap_err();
    database.read::<Row>(statement("SELECT 1")).await.unwrap();
}
