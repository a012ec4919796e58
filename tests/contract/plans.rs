//! How the engines carry statements out: by an index that gives the order or the rows that match, and by no rows of others.

use duly::database::idempotency::{Once, free, prune};
use duly::database::statement::{Dialect, Row, Statement};
use duly::database::task_list::list_statement;
use duly::models::idempotency_key::IdempotencyKey;
use duly::models::task_query::TaskQuery;

use crate::on_every_engine;
use crate::support::database::{TestDatabase, now, owner};

const FILL: [&str; 2] = [
    "INSERT INTO owners (user_id, version, task_count, created_at) \
     SELECT 'person ' || n, 1000, 1000, now() FROM generate_series(1, 40) AS n",
    "INSERT INTO tasks (user_id, id, title, title_folded, completed_at, priority, due_at, due_has_time, tags, version, \
         created_at, updated_at) \
     SELECT 'person ' || (1 + n % 40), gen_random_uuid(), 'a', 'a', CASE WHEN n % 7 < 2 THEN now() END, (n / 40) % 5, \
         CASE WHEN n % 3 > 0 THEN now() + n * interval '1 minute' END, TRUE, '[]', n, \
         now() + n * interval '1 second', now() FROM generate_series(1, 40000) AS n",
];
const FILL_EMBEDDED: [&str; 2] = [
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40) \
     INSERT INTO owners (user_id, version, task_count, created_at) SELECT 'person ' || n, 1000, 1000, 0 FROM s",
    "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40000) \
     INSERT INTO tasks (user_id, id, title, title_folded, completed_at, priority, due_at, due_has_time, tags, version, \
         created_at, updated_at) \
     SELECT 'person ' || (1 + n % 40), randomblob(16), 'a', 'a', CASE WHEN n % 7 < 2 THEN 1 END, (n / 40) % 5, \
         CASE WHEN n % 3 > 0 THEN n END, 1, '[]', n, n, 0 FROM s",
];
/// Five thousand keys of each, most of them of the last ten thousand changes.
const FILL_KEYS: &str = "INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, existed, change_number) \
     SELECT 'person ' || (1 + n % 8), 'key ' || n, '', now() + interval '1 hour', FALSE, n \
     FROM generate_series(1, 40000) AS n";
const FILL_KEYS_EMBEDDED: &str = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 40000) \
     INSERT INTO idempotency_keys (user_id, key, fingerprint, expires_at, existed, change_number) \
     SELECT 'person ' || (1 + n % 8), 'key ' || n, x'', 1000000000000000, 0, n FROM s";

/// The plan of a statement, in lines.
async fn plan(database: &TestDatabase, statement: Statement) -> Vec<String> {
    let explain = database.dialect().explain(statement);
    let rows: Vec<Row> = database.read(explain).await.expect("it explains");
    let column = database.either(0, 3);
    rows.into_iter().map(|mut row| row.take(column).expect("text")).collect()
}

/// The plan of a list of somebody's, in lines.
async fn plan_of_list(database: &TestDatabase, query: &str) -> Vec<String> {
    let owner = owner("person 7");
    let parsed = TaskQuery::parse(query, now(), &owner).expect("it is a query");
    plan(database, list_statement(database.dialect(), &owner, &parsed)).await
}

on_every_engine! {
    async fn lists_are_carried_out_by_the_indexes_that_are_there_for_them(database: TestDatabase) {
        for fill in database.either(FILL, FILL_EMBEDDED) {
            database.execute(fill).await;
        }
        if database.dialect() == Dialect::Postgres {
            database.execute("ANALYZE tasks").await;
        }
        for (query, indexes) in [
            ("", vec!["tasks_created_idx"]),
            ("sort=created&status=pending", vec!["tasks_created_idx"]),
            ("sort=due_date", vec!["tasks_due_idx"]),
            ("sort=due_date&status=pending&priority=high,urgent&include=total", vec!["tasks_due_idx", "tasks_status_idx"]),
        ] {
            let plan = plan_of_list(&database, query).await;
            let text = plan.join("\n");
            for index in indexes {
                assert!(text.contains(index), "{query}: {text}");
            }
            let sorts = plan.iter().any(|line| line.contains("Sort") || line.contains("TEMP B-TREE"));
            assert!(!sorts, "{query}: {text}");
            let reads_others = plan.iter().any(|line| line.contains("Seq Scan") || line.starts_with("SCAN tasks"));
            assert!(!reads_others, "{query}: {text}");
        }
        // No index gives these orders, or few tasks match. The owner's rows are found by one all the same.
        for query in ["status=completed&priority=urgent&include=total", "sort=title", "sort=-priority,due_date&include=total", "q=a&tag=home"] {
            let plan = plan_of_list(&database, query).await;
            let reads_others = plan.iter().any(|line| line.contains("Seq Scan") || line.starts_with("SCAN tasks"));
            assert!(!reads_others, "{query}: {}", plan.join("\n"));
        }
    }

    async fn keys_that_have_run_out_are_found_by_the_indexes(database: TestDatabase) {
        for fill in [database.either(FILL[0], FILL_EMBEDDED[0]), database.either(FILL_KEYS, FILL_KEYS_EMBEDDED)] {
            database.execute(fill).await;
        }
        database.execute("UPDATE owners SET version = 45000").await;
        if database.dialect() == Dialect::Postgres {
            database.execute("ANALYZE idempotency_keys").await;
        }
        let key = IdempotencyKey::parse(b"\"one\"").expect("it is a key");
        let once = Once { key, fingerprint: [0; 32] };
        let person = owner("person 7");
        for (statement, index) in [
            (free(&person, &once, now(), 10_000), database.either("idempotency_keys_pkey", "(user_id=? AND key=?)")),
            (prune(&person), "idempotency_keys_user_id_change_number_idx"),
        ] {
            let text = plan(&database, statement).await.join("\n");
            assert!(text.contains(index), "{text}");
            let reads_others = text.contains("Seq Scan") || text.contains("SCAN idempotency_keys");
            assert!(!reads_others, "{text}");
        }
    }
}
