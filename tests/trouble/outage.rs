//! PostgreSQL ends, stands still, moves, or takes nothing.

use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use super::load::{Load, Seen};
use super::{create_many, program};
use crate::process::{create_task, sign_up};
use crate::support::cluster::{Cluster, Options, until};

/// Does something to a database that is at work, and undoes it.
fn during_load(cluster: &Cluster, trouble: impl FnOnce(&Load)) -> Seen {
    let load = Load::start(&program(&cluster.url()));
    trouble(&load);
    load.recovered()
}

fn wait(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn a_database_that_is_restarted_costs_nothing_but_the_answers_of_that_moment() {
    let Some(cluster) = Cluster::start() else { return };
    during_load(&cluster, |_| {
        cluster.stop();
        wait(2);
        cluster.start_again();
    });
}

#[test]
fn a_database_that_is_killed_recovers_with_everything_that_was_acknowledged() {
    let Some(cluster) = Cluster::start() else { return };
    during_load(&cluster, |load| {
        for _ in 0..2 {
            cluster.kill();
            cluster.start_again();
            load.go_on();
        }
    });
}

#[test]
fn a_database_that_is_frozen_for_a_moment_is_waited_for() {
    let Some(cluster) = Cluster::start() else { return };
    let seen = during_load(&cluster, |_| {
        cluster.freeze();
        wait(1);
        cluster.thaw();
    });
    assert_eq!(seen.turned_away(), (0, 0));
}

#[test]
fn while_a_database_is_frozen_for_long_every_request_ends_by_its_deadline() {
    let Some(cluster) = Cluster::start() else { return };
    let seen = during_load(&cluster, |_| {
        cluster.freeze();
        wait(26);
        cluster.thaw();
    });
    let (writes, reads) = seen.turned_away();
    assert!(writes > 0 && reads > 0, "{writes} writes, {reads} reads");
}

#[test]
fn connections_that_are_ended_at_work_are_replaced_and_reads_sent_again() {
    let Some(cluster) = Cluster::start() else { return };
    let seen = during_load(&cluster, |load| {
        for _ in 0..5 {
            cluster.terminate_connections();
            load.go_on();
        }
    });
    assert_eq!(seen.turned_away().1, 0, "a read was turned away");
}

#[test]
fn connections_that_are_ended_while_idle_are_replaced_and_nobody_notices() {
    let Some(cluster) = Cluster::start() else { return };
    let server = program(&cluster.url()).start();
    let ada = sign_up(&server, "ada");
    for number in 0..10 {
        assert!(cluster.connections() > 0);
        cluster.terminate_connections();
        until("they are ended", || cluster.connections() == 0);
        let answer = create_task(&server, &ada.session_token, &format!("task {number}"));
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[test]
fn a_standby_that_is_promoted_takes_over_from_a_primary_that_is_gone() {
    let Some(primary) = Cluster::start() else { return };
    let standby = primary.standby();
    let role = crate::support::cluster::ROLE;
    let url = format!(
        "postgresql://{role}@127.0.0.1:{},127.0.0.1:{}/{role}?target_session_attrs=read-write",
        standby.port, primary.port
    );
    let load = Load::start(&program(&url));
    primary.kill();
    standby.promote();
    load.recovered();
}

#[test]
fn when_others_have_every_connection_requests_wait_or_are_told_to_come_again() {
    let options =
        Options { settings: vec!["max_connections = 14".to_owned()], ..Options::default() };
    let Some(cluster) = Cluster::start_with(&options) else { return };
    cluster.sql("CREATE ROLE others LOGIN");
    let url = format!("postgresql://others@127.0.0.1:{}/postgres", cluster.port);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    during_load(&cluster, |_| {
        let mut others = Vec::new();
        // The superuser keeps three places.
        while others.len() < 11 {
            cluster.terminate_connections();
            while let Ok((client, connection)) =
                runtime.block_on(tokio_postgres::connect(&url, NoTls))
            {
                others.push((client, runtime.spawn(connection)));
            }
        }
        wait(3);
        assert_eq!(cluster.connections(), 0);
        drop(others);
        until("they are gone", || {
            cluster.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'others'") == "0"
        });
    });
}

/// Many more than there are connections, so that most wait for a place, and for longer than they would at a database
/// that answers.
#[test]
fn everybody_who_came_while_the_database_was_away_is_served_when_it_is_back() {
    let Some(cluster) = Cluster::start() else { return };
    let server = program(&cluster.url()).start();
    let ada = sign_up(&server, "ada");
    cluster.stop();
    create_many(&server, &ada, 120, Duration::ZERO, || {
        wait(7);
        cluster.start_again();
    });
}

#[test]
fn while_a_database_is_read_only_reads_go_on_and_writes_are_told_to_come_again() {
    let Some(cluster) = Cluster::start() else { return };
    let mut span = None;
    let seen = during_load(&cluster, |load| {
        cluster.set_read_only(true);
        load.go_on();
        let from = Instant::now();
        wait(2);
        span = Some((from, Instant::now()));
        cluster.set_read_only(false);
    });
    let (from, to) = span.unwrap();
    let (writes, reads) = seen.served_between(from, to);
    assert_eq!(writes, 0);
    assert!(reads > 10, "{reads} reads");
}

#[test]
fn when_the_disk_is_full_writes_are_told_to_come_again_and_nothing_is_lost() {
    let options = Options { megabytes: Some(96), ..Options::default() };
    let Some(cluster) = Cluster::start_with(&options) else { return };
    let seen = during_load(&cluster, |_| {
        cluster.fill_up();
        wait(4);
        cluster.make_room();
        cluster.start_if_it_has_ended();
    });
    assert!(seen.turned_away().0 > 0);
}
