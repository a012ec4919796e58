//! Through a PgBouncer that hands its connections on after each transaction.

use std::time::Duration;

use duly::config::{Pooler, PostgresSettings, Storage};
use duly::database::Database;
use duly::database::statement::Row;
use futures_util::future::join_all;

use super::{create_many, program};
use crate::process::{create_task, sign_up, titles};
use crate::support::cluster::Cluster;
use crate::support::database::statement;
use crate::support::pgbouncer::PgBouncer;

const LENIENT: &str = "ignore_startup_parameters=options";

async fn open(url: &str, pooler: Pooler) -> Database {
    open_with(PostgresSettings::parse(url).unwrap(), pooler).await
}

async fn open_with(mut settings: PostgresSettings, pooler: Pooler) -> Database {
    settings.pooler = pooler;
    settings.max_connections = 8;
    Database::open(&Storage::Postgres(settings)).await.unwrap()
}

/// What holds within a batch.
async fn setting(database: &Database, name: &str) -> String {
    let ask = format!("SELECT current_setting('{name}')");
    let mut rows = database.write(vec![statement(&ask)]).await.unwrap();
    rows[0][0].take(0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn time_outs_hold_in_every_batch_and_leak_to_nobody() {
    let Some(cluster) = Cluster::start() else { return };
    for settings in [&["default_pool_size=1"][..], &["default_pool_size=1", LENIENT]] {
        let Some(pooler) = PgBouncer::start(&cluster.url(), settings) else { return };
        for known in [Pooler::Auto, Pooler::Transaction] {
            // Migrations take two connections at once, and so the way around.
            let mut database = PostgresSettings::parse(&pooler.url).unwrap();
            database.direct = Some(Box::new(PostgresSettings::parse(&cluster.url()).unwrap()));
            let database = open_with(database, known).await;
            for _ in 0..3 {
                assert_eq!(setting(&database, "statement_timeout").await, "10s");
                assert_eq!(setting(&database, "lock_timeout").await, "5s");
                assert_eq!(setting(&database, "idle_in_transaction_session_timeout").await, "10s");
            }
            // The one connection that there is, in the hands of somebody else.
            let (other, connection) =
                tokio_postgres::connect(&pooler.url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            for name in ["statement_timeout", "lock_timeout"] {
                let shown = other.simple_query(&format!("SHOW {name}")).await.unwrap();
                let value = shown.iter().find_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                    _ => None,
                });
                assert_eq!(value, Some("0"), "{name} {settings:?} {known:?}");
            }
            let prepared = "SELECT count(*) FROM pg_prepared_statements";
            let rows: Vec<Row> = database.read(statement(prepared)).await.unwrap();
            assert_eq!({ rows }[0].take::<i64>(0).unwrap(), 0);
        }
    }
    // Straight, they hold from the beginning.
    let database = open(&cluster.url(), Pooler::Auto).await;
    assert_eq!(setting(&database, "statement_timeout").await, "10s");
    let rows: Vec<Row> =
        database.read(statement("SELECT current_setting('statement_timeout')")).await.unwrap();
    assert_eq!({ rows }[0].take::<String>(0).unwrap(), "10s");
}

/// Many at once, from two copies, on two connections: reads of many shapes, batches that hold and batches that fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_mixed_load_of_two_copies_shares_two_connections() {
    let Some(cluster) = Cluster::start() else { return };
    for settings in [&["default_pool_size=2"][..], &["default_pool_size=2", LENIENT]] {
        let Some(pooler) = PgBouncer::start(&cluster.url(), settings) else { return };
        let (one, two) =
            tokio::join!(open(&pooler.url, Pooler::Auto), open(&pooler.url, Pooler::Auto));
        cluster.sql_in("duly", "DROP TABLE IF EXISTS pairs");
        cluster.sql_in("duly", "CREATE TABLE pairs (number bigint); GRANT ALL ON pairs TO duly");
        let work = (0..600_i64).map(|number| {
            let database = if number % 2 == 0 { &one } else { &two };
            async move {
                let insert = || statement("INSERT INTO pairs VALUES ($1)").bind(number);
                match number % 3 {
                    0 => {
                        let shape = format!("SELECT $1 + {}::bigint", number % 7);
                        let rows: Vec<Row> =
                            database.read(statement(&shape).bind(number)).await.unwrap();
                        assert_eq!({ rows }[0].take::<i64>(0).unwrap(), number + number % 7);
                    }
                    1 => drop(database.write(vec![insert(), insert()]).await.unwrap()),
                    _ => {
                        let failing = statement("SELECT 1 / ($1 - $1)").bind(number);
                        database.write(vec![insert(), failing, insert()]).await.unwrap_err();
                    }
                }
            }
        });
        join_all(work).await;
        let pairs = "SELECT count(*), bool_and(number % 3 = 1 AND copies = 2) \
                     FROM (SELECT number, count(*) AS copies FROM pairs GROUP BY number) pairs";
        assert_eq!(cluster.sql_in("duly", pairs), "200|t");
        assert_eq!(
            cluster
                .sql_in("duly", "SELECT count(*) < 3 FROM pg_stat_activity WHERE usename = 'duly'"),
            "t"
        );
    }
}

#[test]
fn copies_that_start_together_migrate_through_the_pooler_one_after_the_other() {
    let Some(cluster) = Cluster::start() else { return };
    for setting in ["default_pool_size=4", LENIENT] {
        cluster.sql("DROP DATABASE duly WITH (FORCE)");
        cluster.sql("CREATE DATABASE duly OWNER duly");
        let Some(pooler) = PgBouncer::start(&cluster.url(), &[setting]) else { return };
        let program = program(&pooler.url).with("BETTER_AUTH_URL", "http://duly.test");
        let copies = [program.spawn(), program.spawn()];
        let [one, two] = copies.map(crate::process::server::Starting::ready);
        let ada = sign_up(&one, "ada");
        assert_eq!(create_task(&two, &ada.session_token, "shared").status, 201);
        assert_eq!(titles(&one, &ada.jwt), ["shared"]);
        assert!(one.logs("a pooler that shares connections"));
    }
}

#[test]
fn migrations_take_the_direct_way_where_there_is_one() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(pooler) = PgBouncer::start(&cluster.url(), &[]) else { return };
    // The pooler's database takes no tables before the direct way has made them.
    let program = program(&pooler.url)
        .with("DATABASE_DIRECT_URL", &format!("{}?application_name=direct", cluster.url()));
    cluster.sql("ALTER SYSTEM SET log_statement = 'ddl'");
    cluster.sql("ALTER SYSTEM SET log_line_prefix = '[%a] '");
    cluster.reload();
    let server = program.start();
    let ada = sign_up(&server, "ada");
    assert_eq!(create_task(&server, &ada.session_token, "one").status, 201);
    let log = cluster.log();
    let made: Vec<&str> =
        log.lines().filter(|line| line.contains("statement: CREATE TABLE")).collect();
    assert!(!made.is_empty(), "{log}");
    assert!(
        made.iter().all(|line| line.starts_with("[direct]") || line.contains("refinery")),
        "{made:?}"
    );
}

/// The pooler is restarted, and nobody has to do anything.
#[test]
fn a_pooler_that_comes_back_is_used_again() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(pooler) = PgBouncer::start(&cluster.url(), &["server_login_retry=1"]) else { return };
    let load = super::load::Load::start(&program(&pooler.url));
    cluster.restart();
    load.go_on();
    cluster.kill();
    std::thread::sleep(Duration::from_secs(2));
    cluster.start_again();
    load.recovered();
}

/// PgBouncer tells whoever comes that the database is away, instead of letting them wait.
#[test]
fn who_came_while_the_database_behind_the_pooler_was_away_is_served_when_it_is_back() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(pooler) = PgBouncer::start(&cluster.url(), &["server_login_retry=1"]) else { return };
    let server = program(&pooler.url).start();
    let ada = sign_up(&server, "ada");
    cluster.stop();
    create_many(&server, &ada, 40, Duration::from_millis(50), || {
        std::thread::sleep(Duration::from_secs(4));
        cluster.start_again();
    });
}
