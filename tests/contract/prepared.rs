//! How long PostgreSQL keeps a prepared statement, and with it the plan.

use std::time::Duration;

use duly::database::statement::Row;

use super::pool::with_connections;
use crate::support::database::statement;

/// A plan that was made when there was little to be found is not kept for long.
#[tokio::test]
async fn on_a_direct_connection_statements_are_prepared_anew_after_a_while() {
    let Some(database) = with_connections(1).await else { return };
    let prepared_at = async || {
        // Once unnamed, with the order to prepare it; then by its name.
        for _ in 0..2 {
            database.read::<Row>(statement("SELECT $1 + 1").bind(1_i64)).await.unwrap();
        }
        let asked = "SELECT CAST(EXTRACT(epoch FROM prepare_time) * 1000 AS bigint) \
                     FROM pg_prepared_statements WHERE statement = 'SELECT $1 + 1'";
        let mut rows: Vec<Row> = database.read(statement(asked)).await.unwrap();
        assert_eq!(rows.len(), 1, "the one before is given up");
        rows[0].take::<i64>(0).unwrap()
    };
    let first = prepared_at().await;
    assert_eq!(prepared_at().await, first);
    for seconds in [1, 2] {
        let before = prepared_at().await;
        tokio::time::sleep(Duration::from_millis(seconds * 1_000)).await;
        let after = prepared_at().await;
        assert!(after - before >= 900 * seconds as i64, "{before} {after}");
        tokio::time::sleep(Duration::from_millis(1_000)).await;
        assert_eq!(prepared_at().await, after);
    }
}
