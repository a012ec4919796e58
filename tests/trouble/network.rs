//! The way to PostgreSQL is long, or leads nowhere.

use std::net::SocketAddr;
use std::time::Duration;

use super::load::{Load, Seen};
use super::program;
use crate::support::cluster::{Cluster, ROLE};
use crate::support::fault_proxy::{FaultProxy, Way};

/// Does something to the way to a database that is at work, and undoes it.
fn during_load(trouble: impl FnOnce(&FaultProxy, &Load)) -> Option<Seen> {
    let cluster = Cluster::start()?;
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], cluster.port)));
    let url = format!("postgresql://{ROLE}@{}/{ROLE}", proxy.address);
    let load = Load::start(&program(&url));
    trouble(&proxy, &load);
    proxy.set(Way::Open);
    Some(load.recovered())
}

fn wait(seconds: u64) {
    std::thread::sleep(Duration::from_secs(seconds));
}

#[test]
fn on_a_long_way_everything_is_answered() {
    let Some(seen) = during_load(|proxy, _| {
        proxy.set(Way::Slow(Duration::from_millis(300)));
        wait(4);
    }) else {
        return;
    };
    assert_eq!(seen.turned_away(), (0, 0));
}

#[test]
fn connections_that_swallow_everything_are_given_up() {
    during_load(|proxy, _| {
        proxy.set(Way::Swallowed);
        wait(4);
    });
}

#[test]
fn while_everything_is_swallowed_for_long_every_request_ends_by_its_deadline() {
    during_load(|proxy, _| {
        proxy.set(Way::Swallowed);
        wait(24);
    });
}

#[test]
fn connections_that_are_reset_are_replaced() {
    during_load(|proxy, load| {
        for _ in 0..5 {
            proxy.set(Way::Reset);
            proxy.set(Way::Open);
            load.go_on();
        }
        proxy.set(Way::Reset);
        wait(3);
    });
}

#[test]
fn a_database_where_nobody_listens_is_waited_for() {
    during_load(|proxy, _| {
        proxy.set(Way::Closed);
        wait(3);
    });
}

#[test]
fn connections_that_are_cut_in_the_middle_of_an_answer_lose_nothing() {
    during_load(|proxy, load| {
        proxy.set(Way::CutAfter(20_000));
        for _ in 0..10 {
            load.go_on();
        }
    });
}
