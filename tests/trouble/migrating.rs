//! A database that cannot be brought up to date, or not yet, and what is said about it.

use tokio_postgres::{Client, NoTls};

use super::program;
use crate::process::server::End;
use crate::support::cluster::Cluster;
use crate::support::pgbouncer::PgBouncer;

/// The end of a server that does not start on this database, and says this.
fn refused(url: &str, settings: &[(&str, &str)], words: &[&str]) {
    let program =
        settings.iter().fold(program(url), |program, (name, value)| program.with(name, value));
    let End { status, log, .. } = program.spawn().end();
    assert!(!status.success());
    for word in words {
        assert!(log.contains(word), "{word}: {log}");
    }
}

#[test]
fn a_role_that_may_make_no_tables_is_told_what_it_lacks() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.sql("ALTER DATABASE duly OWNER TO postgres");
    let words = ["permission denied for schema public", "GRANT CREATE ON SCHEMA public"];
    refused(&cluster.url(), &[], &words);
}

#[test]
fn tables_of_another_program_are_a_reason_that_is_given() {
    let Some(cluster) = Cluster::start() else { return };
    for (create, drop) in [
        ("CREATE TABLE session (id text, token text)", "DROP TABLE session"),
        ("CREATE VIEW \"user\" AS SELECT 1 AS id", "DROP VIEW \"user\""),
        // Behind the first migration, which stays.
        ("CREATE TABLE tasks (number bigint)", "DROP TABLE tasks"),
    ] {
        cluster.sql_in("duly", &format!("SET ROLE duly; {create}"));
        refused(&cluster.url(), &[], &["a database of its own"]);
        cluster.sql_in("duly", drop);
    }
}

#[test]
fn a_search_path_that_leads_nowhere_is_a_reason_that_is_given() {
    let Some(cluster) = Cluster::start() else { return };
    let url = format!("{}?options=-csearch_path%3Dnowhere", cluster.url());
    refused(&url, &[], &["no schema has been selected", "search_path"]);
}

#[test]
fn a_direct_way_to_another_database_is_noticed() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(other) = Cluster::start() else { return };
    let words = ["DATABASE_DIRECT_URL leads to another database"];
    refused(&cluster.url(), &[("DATABASE_DIRECT_URL", &other.url())], &words);
}

#[test]
fn a_pooler_with_a_single_connection_is_told_from_one_that_is_slow() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(pooler) = PgBouncer::start(&cluster.url(), &["default_pool_size=1"]) else { return };
    refused(&pooler.url, &[], &["must have two connections", "DATABASE_DIRECT_URL"]);
}

/// Holds something in a transaction that does not end before the client is dropped.
async fn hold(cluster: &Cluster, sql: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&cluster.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_what_a_start_waits_for() {
    let Some(cluster) = Cluster::start() else { return };
    let program = program(&cluster.url());
    program.start().stop();
    let holds = [
        ("SELECT pg_advisory_xact_lock(1685417081)", "another copy of duly is migrating"),
        ("LOCK TABLE duly_schema_history", "waiting for somebody's transaction"),
    ];
    for (sql, words) in holds {
        let holder = hold(&cluster, sql).await;
        let starting = program.spawn();
        assert!(starting.logs(words), "{words}");
        drop(holder);
        starting.ready().stop();
    }
}
