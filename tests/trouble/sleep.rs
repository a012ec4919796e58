//! A database that sleeps when nobody asks it anything, and wakes when somebody connects.

use std::time::Duration;

use super::program;
use crate::process::server::Server;
use crate::process::{Person, create_task, sign_up};
use crate::support::cluster::{Cluster, until};

/// Somebody who has been there, and whom nothing is done for any more.
fn idle(cluster: &Cluster) -> (Server, Person) {
    let server = program(&cluster.url()).with("DATABASE_IDLE_SECONDS", "1").start();
    let ada = sign_up(&server, "ada");
    assert_eq!(create_task(&server, &ada.session_token, "before").status, 201);
    until("no connection is kept", || cluster.connections() == 0);
    (server, ada)
}

#[test]
fn an_idle_server_holds_no_connection_and_asks_the_database_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let (server, ada) = idle(&cluster);
    let transactions =
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'duly'";
    let before = (cluster.sql(transactions), cluster.log().matches("user=duly").count());
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(500));
        // Whoever watches the server does not wake the database.
        assert_eq!(server.call("GET", "/healthz", "", None).status, 200);
        assert_eq!(server.call("GET", "/readyz", "", None).status, 200);
        assert_eq!(cluster.connections(), 0);
    }
    let after = (cluster.sql(transactions), cluster.log().matches("user=duly").count());
    assert_eq!(before, after);
    assert_eq!(create_task(&server, &ada.session_token, "after").status, 201);
}

/// Sends a request while the database is not there; it is three seconds later.
fn wakes(cluster: &Cluster, sleep: impl FnOnce(), wake: impl FnOnce() + Send) {
    let (server, ada) = idle(cluster);
    sleep();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            wake();
        });
        let answer = create_task(&server, &ada.session_token, "while it wakes");
        assert_eq!(answer.status, 201, "{answer:?}");
    });
    until("it sleeps again", || cluster.connections() == 0);
}

#[test]
fn a_request_waits_for_a_database_where_nobody_listens_yet() {
    let Some(cluster) = Cluster::start() else { return };
    wakes(&cluster, || cluster.stop(), || cluster.start_again());
}

#[test]
fn a_request_waits_for_a_database_that_is_starting_up() {
    let Some(cluster) = Cluster::start() else { return };
    wakes(&cluster, || cluster.restart_without_end(), || cluster.promote());
    assert!(cluster.log().contains("FATAL:  the database system is"), "{}", cluster.log());
}

#[test]
fn a_server_that_starts_waits_for_a_database_that_wakes() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.stop();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_secs(3));
            cluster.start_again();
        });
        let server = program(&cluster.url()).start();
        sign_up(&server, "ada");
    });
}
