//! What is particular to one engine: PostgreSQL's pool, and SQLite's file that only one may open.

use std::time::{Duration, Instant};

use duly::config::{PostgresSettings, Storage};
use duly::database::migrations::MigrationError;
use duly::database::statement::{Row, Statement};
use duly::database::{Database, DatabaseError, task_list};
use duly::models::task_query::TaskQuery;
use futures_util::future::join_all;

use crate::support::database::{TestDatabase, now, owner, statement, titled};
use crate::support::storage;

/// A database to which so many connections may be open.
pub async fn with_connections(max: usize) -> Option<TestDatabase> {
    let mut storage = storage::postgres().await?;
    if let Storage::Postgres(settings) = &mut storage.storage {
        settings.max_connections = max;
    }
    Some(TestDatabase::start(storage).await)
}

pub fn sleep(seconds: f64) -> Statement {
    Statement::without_owner("SELECT 1 FROM pg_sleep($1)").bind(seconds)
}

#[tokio::test]
async fn when_no_connection_becomes_free_the_answer_is_busy() {
    let Some(database) = with_connections(1).await else { return };
    let reads = join_all((0..20).map(|_| database.read::<Row>(sleep(0.5))));
    let started = Instant::now();
    let outcomes = reads.await;
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let busy =
        outcomes.iter().filter(|outcome| matches!(outcome, Err(DatabaseError::Busy(_)))).count();
    assert_eq!(done + busy, outcomes.len(), "{outcomes:?}");
    assert!(done >= 5 && busy >= 5, "{done} done, {busy} busy");
    assert!(started.elapsed() < Duration::from_secs(9));
    database.ping().await.unwrap();
}

/// Three hundred ask within a second for what one connection does in three; gives how many were told that it is busy.
async fn refused_in_a_rush(max_wait: Option<Duration>) -> Option<usize> {
    let mut storage = storage::postgres().await?;
    let Storage::Postgres(settings) = &mut storage.storage else { panic!("it is PostgreSQL") };
    settings.max_connections = 1;
    settings.max_wait = max_wait;
    let database = TestDatabase::start(storage).await;
    assert!(!database.is_rushed(true));
    let outcomes = join_all((0..300).map(|number| {
        let database = &database;
        async move {
            tokio::time::sleep(Duration::from_millis(3) * number).await;
            database.write(vec![sleep(0.01)]).await
        }
    }));
    let looked_at = async {
        let mut was_rushed = false;
        for _ in 0..90 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            was_rushed |= database.is_rushed(true);
        }
        was_rushed
    };
    let (outcomes, was_rushed) = tokio::join!(outcomes, looked_at);
    // Who would come in the rush would not be let in.
    assert_eq!(was_rushed, max_wait.is_some());
    let refused = |outcome: &&Result<_, _>| matches!(outcome, Err(DatabaseError::Busy(_)));
    let busy = outcomes.iter().filter(refused).count();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 300 - busy);
    // Whoever comes when it is over is answered.
    database.write(vec![sleep(0.0)]).await.unwrap();
    Some(busy)
}

#[tokio::test]
async fn in_a_rush_who_has_waited_for_long_is_told_to_come_again() {
    let Some(busy) = refused_in_a_rush(Some(Duration::from_millis(20))).await else { return };
    // In the first half second it may still be a database that was only slow to begin.
    assert!((1..300).contains(&busy), "{busy} of 300");
}

#[tokio::test]
async fn where_no_wait_is_too_long_everybody_is_answered() {
    let Some(busy) = refused_in_a_rush(None).await else { return };
    assert_eq!(busy, 0);
}

/// A database that says nothing at all may be gone, and a new connection may not.
#[tokio::test]
async fn what_gets_no_answer_gives_way_to_those_who_wait() {
    let Some(database) = with_connections(1).await else { return };
    let (slow, patient) = tokio::join!(database.write(vec![sleep(9.0)]), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        database.read::<Row>(Statement::without_owner("SELECT 1")).await
    });
    assert!(matches!(slow, Err(DatabaseError::Unavailable(_))), "{slow:?}");
    patient.unwrap();
}

#[tokio::test]
async fn what_is_given_up_on_a_direct_connection_is_cancelled() {
    let Some(database) = with_connections(1).await else { return };
    let (slow, patient) = tokio::join!(database.write(vec![sleep(9.0)]), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        database.read::<Row>(Statement::without_owner("SELECT 1")).await
    });
    assert!(slow.is_err() && patient.is_ok(), "{slow:?} {patient:?}");
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' \
                   AND pid <> pg_backend_pid() AND datname = current_database()";
    for _ in 0..100 {
        if database.number(running).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("what was given up was not cancelled");
}

#[tokio::test]
async fn a_connection_is_not_handed_on_before_its_work_is_done() {
    let Some(database) = with_connections(1).await else { return };
    database.ping().await.unwrap();
    for _ in 0..5 {
        let dropped =
            tokio::time::timeout(Duration::from_millis(100), database.read::<Row>(sleep(0.6)));
        assert!(dropped.await.is_err());
        let started = Instant::now();
        database.ping().await.unwrap();
        assert!(started.elapsed() > Duration::from_millis(150), "{:?}", started.elapsed());
    }
    assert_eq!(database.load().connections, 1);
}

#[tokio::test]
async fn one_connection_carries_any_number_of_requests() {
    let Some(database) = with_connections(1).await else { return };
    let reads = join_all((0..200).map(|number| {
        let database = &database;
        async move {
            let mut rows: Vec<Row> =
                database.read(Statement::without_owner("SELECT $1").bind(number)).await.unwrap();
            assert_eq!(rows[0].take::<i64>(0).unwrap(), number);
        }
    }));
    reads.await;
    assert_eq!(database.load().connections, 1);
}

#[tokio::test]
async fn a_connection_that_the_server_ends_is_replaced() {
    let Some(database) = with_connections(1).await else { return };
    let end = Statement::without_owner("SELECT pg_terminate_backend(pg_backend_pid())");
    let ended = database.write(vec![end]).await;
    assert!(matches!(ended, Err(DatabaseError::Unavailable(_))), "{ended:?}");
    for _ in 0..50 {
        if database.ping().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection was not replaced");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let Some(mut storage) = storage::postgres().await else { return };
    if let Storage::Postgres(settings) = &mut storage.storage {
        let url = "postgresql://someone:pa55phrase@127.0.0.1:9/duly";
        *settings = PostgresSettings::parse(url).unwrap();
    }
    let Err(error) = Database::open(&storage.storage).await else { panic!("nobody listens there") };
    assert!(matches!(error, MigrationError::Unreachable(_)), "{error:?}");
    assert!(!format!("{error} {error:?} {:?}", storage.storage).contains("pa55phrase"));
}

/// PostgreSQL counts what a session reads: the lists must find an owner's tasks by an index, and no others.
#[tokio::test]
async fn a_list_reads_only_its_owners_tasks_by_an_index() {
    let Some(database) = with_connections(1).await else { return };
    let fill = "INSERT INTO tasks SELECT 'owner ' || o, gen_random_uuid(), 't', 't', NULL, NULL, NULL, 0, \
                CASE WHEN n % 3 > 0 THEN now() + n * interval '1 hour' END, true, '[]', n, \
                now() + n * interval '1 minute', now() FROM generate_series(1, 100) o, generate_series(1, 200) n";
    database.execute("INSERT INTO owners SELECT 'owner ' || o, 200, 200, now() FROM generate_series(1, 100) o").await;
    database.execute(fill).await;
    database.execute("ANALYZE tasks").await;
    let read = async || {
        database.read::<Row>(statement("SELECT pg_stat_force_next_flush()::text")).await.unwrap();
        database.ping().await.unwrap();
        let counters = "SELECT seq_scan, COALESCE(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'tasks'";
        let mut rows: Vec<Row> = database.read(statement(counters)).await.unwrap();
        (rows[0].take::<i64>(0).unwrap(), rows[0].take::<i64>(1).unwrap())
    };
    let ada = owner("owner 42");
    // A page of 50 asks for 51. Where the index gives the order only those are read.
    for (raw, most) in [
        ("", 51),
        ("sort=created", 51),
        ("sort=due_date", 51),
        ("due=none&limit=10", 200),
        ("sort=-due_date", 200),
        ("sort=title", 200),
        ("status=pending", 200),
        ("sort=-priority,due_date&include=total", 400),
        ("q=nothing", 200),
    ] {
        let before = read().await;
        let query = TaskQuery::parse(raw, now(), &ada).unwrap();
        let page = task_list::list_tasks(&database, &ada, &query).await.unwrap();
        assert!(page.tasks.len() <= 50);
        let after = read().await;
        assert_eq!(after.0, before.0, "{raw}: the whole table was read");
        assert!(after.1 - before.1 <= most, "{raw}: {} rows were read", after.1 - before.1);
    }
}

/// SQLite breaks it off where it was asked for, and a thread does it from the start.
#[tokio::test]
async fn a_read_that_takes_long_is_answered_and_keeps_nobody_else_waiting() {
    let database = TestDatabase::start(storage::embedded()).await;
    let count = |most: i64| {
        let count = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1) \
                     SELECT count(*) FROM s";
        Statement::without_owner(count).bind(most)
    };
    let numbers = async |most| -> i64 {
        let mut rows: Vec<Row> = database.read(count(most)).await.unwrap();
        rows[0].take(0).unwrap()
    };
    let long = async { (numbers(3_000_000).await, std::time::Instant::now()) };
    let short = async { (numbers(10).await, std::time::Instant::now()) };
    let ((many, long), (few, short)) = tokio::join!(long, short);
    assert_eq!((many, few), (3_000_000, 10));
    assert!(short < long);
}

#[tokio::test]
async fn a_second_copy_cannot_open_the_same_folder() {
    let database = TestDatabase::start(storage::embedded()).await;
    database.insert(&owner("ada"), &titled("kept")).await;
    let Err(error) = Database::open(&database.storage.storage).await else {
        panic!("it is in use")
    };
    assert!(matches!(error, MigrationError::InUse(_)), "{error:?}");
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
    let migrated = duly::database::migrations::run(&database.storage.storage).await;
    assert!(matches!(migrated, Err(MigrationError::InUse(_))), "{migrated:?}");
    assert_eq!(database.counts(&owner("ada")).await, (1, 1));
    database.close().await;
}

#[tokio::test]
async fn a_full_queue_is_busy_and_recovers() {
    let database = TestDatabase::start(storage::embedded()).await;
    // Keeps the writer busy while the others queue up.
    let slow = "WITH RECURSIVE counted(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM counted \
                WHERE number < 5000000) SELECT count(*) FROM counted";
    let slow = database.write(vec![Statement::without_owner(slow)]);
    let writes = join_all((0..20_000).map(|index| {
        let database = &database;
        async move {
            let name = format!("owner {index}");
            let insert = Statement::across_owners(
                "INSERT INTO owners (user_id, version, task_count, created_at) VALUES ($1, 1, 0, 0)",
            );
            database.write(vec![insert.bind(name)]).await
        }
    }));
    let (slow, outcomes) = tokio::join!(slow, writes);
    slow.unwrap();
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let busy =
        outcomes.iter().filter(|outcome| matches!(outcome, Err(DatabaseError::Busy(_)))).count();
    assert_eq!(done + busy, outcomes.len());
    assert!(done >= 1_024 && busy > 0, "{done} done, {busy} busy");
    assert_eq!(database.number("SELECT count(*) FROM owners").await, i64::try_from(done).unwrap());
}
