//! A connection string with several hosts, of which the first is of no use and does not say so.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::load::Load;
use super::{create_many, program};
use crate::process::server::Server;
use crate::process::sign_up;
use crate::support::cluster::{Cluster, ROLE};
use crate::support::fault_proxy::{FaultProxy, Way};

fn url(first: SocketAddr, cluster: &Cluster) -> String {
    format!("postgresql://{ROLE}@{first},127.0.0.1:{}/{ROLE}", cluster.port)
}

/// More requests at once than there are connections, all of which are served: soon, since each new connection would
/// otherwise wait for the first host again.
fn serves_many(server: &Server) {
    let began = Instant::now();
    let ada = sign_up(server, "ada");
    create_many(server, &ada, 40, Duration::ZERO, || ());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_first_host_that_accepts_and_says_nothing_is_left_for_the_next() {
    let Some(cluster) = Cluster::start() else { return };
    // The kernel accepts, and nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    serves_many(&program(&url(silent.local_addr().unwrap(), &cluster)).start());
}

#[test]
fn a_first_host_that_drops_what_is_sent_to_it_is_left_for_the_next() {
    let Some(cluster) = Cluster::start() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _within = runtime.enter();
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(1).unwrap();
    let address = full.local_addr().unwrap();
    // With its queue full, the kernel drops whatever else would connect.
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        queue.push(stream);
    }
    serves_many(&program(&url(address, &cluster)).start());
}

#[test]
fn a_host_that_falls_silent_at_work_is_left_for_the_next_and_taken_again_later() {
    let Some(cluster) = Cluster::start() else { return };
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], cluster.port)));
    let load = Load::start(&program(&url(proxy.address, &cluster)));
    proxy.set(Way::Swallowed);
    let bytes = proxy.bytes();
    load.go_on();
    assert_eq!(proxy.bytes(), bytes, "they went another way");
    load.recovered();
}
