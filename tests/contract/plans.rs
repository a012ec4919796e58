//! How the engines carry lists out: by an index that gives the order or the tasks that match, and by no rows of others.

use duly::database::statement::{Dialect, Row};
use duly::database::task_list::list_statement;
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

/// The plan of a list of somebody's, in lines.
async fn plan(database: &TestDatabase, query: &str) -> Vec<String> {
    let owner = owner("person 7");
    let parsed = TaskQuery::parse(query, now(), &owner).expect("it is a query");
    let dialect = database.dialect();
    let explain = dialect.explain(list_statement(dialect, &owner, &parsed));
    let rows: Vec<Row> = database.read(explain).await.expect("it explains");
    let column = database.either(0, 3);
    rows.into_iter().map(|mut row| row.take(column).expect("text")).collect()
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
            let plan = plan(&database, query).await;
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
            let plan = plan(&database, query).await;
            let reads_others = plan.iter().any(|line| line.contains("Seq Scan") || line.starts_with("SCAN tasks"));
            assert!(!reads_others, "{query}: {}", plan.join("\n"));
        }
    }
}
