//! What tests stand on is tried out, too: a test that builds on something broken shows nothing.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::certificates::Authority;
use super::cluster::{Cluster, Options};
use super::fault_proxy::{FaultProxy, Way};
use super::pgbouncer::PgBouncer;

#[test]
fn a_cluster_is_restarted_killed_frozen_and_thawed() {
    let Some(cluster) = Cluster::start() else { return };
    cluster.sql("CREATE TABLE kept AS SELECT 42 AS number");
    cluster.restart();
    cluster.sql("INSERT INTO kept VALUES (43)");
    cluster.kill();
    assert!(!cluster.is_up() && !cluster.has_processes());
    cluster.start_again();
    assert_eq!(cluster.sql("SELECT sum(number) FROM kept"), "85");
    cluster.freeze();
    let port = cluster.port;
    let (sender, answers) = std::sync::mpsc::channel();
    let mut asked = TcpStream::connect(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        // A request for TLS is answered with one letter.
        asked.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
        let mut letter = [0];
        asked.read_exact(&mut letter).unwrap();
        sender.send(letter[0]).unwrap();
    });
    assert!(answers.recv_timeout(Duration::from_millis(300)).is_err());
    cluster.thaw();
    assert_eq!(answers.recv_timeout(Duration::from_secs(20)), Ok(b'N'));
    assert!(cluster.is_up());
}

#[test]
fn a_cluster_is_read_only_or_full_and_recovers() {
    let full = Options { megabytes: Some(96), ..Options::default() };
    let Some(cluster) = Cluster::start_with(&full) else { return };
    cluster.set_read_only(true);
    assert_eq!(cluster.sql("SHOW default_transaction_read_only"), "on");
    cluster.set_read_only(false);
    cluster.fill_up();
    let full =
        "CREATE TABLE large AS SELECT repeat(md5(n::text), 50) FROM generate_series(1, 4000) n";
    let filled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cluster.sql(full)));
    assert!(filled.is_err());
    cluster.make_room();
    cluster.start_if_it_has_ended();
    cluster.sql(full);
}

#[test]
fn a_standby_has_everything_and_is_promoted() {
    let Some(cluster) = Cluster::start() else { return };
    let standby = cluster.standby();
    cluster.sql("CREATE TABLE kept AS SELECT 42 AS number");
    cluster.kill();
    assert_eq!(standby.sql("SELECT pg_is_in_recovery()"), "t");
    standby.promote();
    assert_eq!(standby.sql("INSERT INTO kept VALUES (1); SELECT sum(number) FROM kept"), "43");
}

#[test]
fn a_pgbouncer_carries_transactions_and_refuses_settings_unless_told_otherwise() {
    let Some(cluster) = Cluster::start() else { return };
    let Some(pooler) = PgBouncer::start(&cluster.url(), &[]) else { return };
    let strange = "ignore_startup_parameters=options";
    let Some(lenient) = PgBouncer::start(&cluster.url(), &[strange]) else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ask = |url: &str| {
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute("SELECT 1").await
        })
    };
    ask(&pooler.url).unwrap();
    let settings = "options=-c%20statement_timeout%3D1";
    let refused = ask(&format!("{}?{settings}", pooler.url)).unwrap_err();
    assert!(refused.as_db_error().unwrap().message().contains("startup parameter"));
    ask(&format!("{}?{settings}", lenient.url)).unwrap();
    assert_ne!(pooler.port(), lenient.port());
}

#[test]
fn an_authority_certifies_a_cluster() {
    let authority = Authority::new("somebody");
    let certificate = Some(authority.certify(&["localhost", "127.0.0.1"]));
    let host_access = vec!["hostssl all all 127.0.0.1/32 scram-sha-256".to_owned()];
    let options = Options { certificate, host_access, ..Options::default() };
    let Some(cluster) = Cluster::start_with(&options) else { return };
    assert_eq!(cluster.sql("SHOW ssl"), "on");
}

/// Answers each chunk of bytes with its length.
fn counting_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut chunk = [0; 200];
                while let Ok(length @ 1..) = stream.read(&mut chunk) {
                    if stream.write_all(&[u8::try_from(length).unwrap()]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn ask(stream: &mut TcpStream, length: usize) -> std::io::Result<u8> {
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    stream.write_all(&vec![1; length])?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    Ok(answer[0])
}

#[test]
fn the_fault_proxy_passes_counts_delays_swallows_resets_closes_and_cuts() {
    let proxy = FaultProxy::start(counting_server());
    let connect = || TcpStream::connect(proxy.address).unwrap();
    let mut stream = connect();
    for length in [1, 2, 3] {
        assert_eq!(ask(&mut stream, length).unwrap() as usize, length);
    }
    assert_eq!((proxy.connections(), proxy.round_trips(), proxy.bytes()), (1, 3, 9));

    proxy.set(Way::Slow(Duration::from_millis(60)));
    let began = Instant::now();
    assert_eq!(ask(&mut stream, 5).unwrap(), 5);
    assert!(began.elapsed() >= Duration::from_millis(120), "{:?}", began.elapsed());

    proxy.set(Way::Swallowed);
    let is_silent = |stream: &mut TcpStream| {
        ask(stream, 7).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    };
    assert!(is_silent(&mut stream) && is_silent(&mut connect()));
    proxy.set(Way::Open);
    assert!(is_silent(&mut stream));
    let mut stream = connect();
    assert_eq!(ask(&mut stream, 5).unwrap(), 5);

    proxy.set(Way::Reset);
    let is_reset = |stream: &mut TcpStream| {
        ask(stream, 7).is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
            || ask(stream, 7).is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    };
    assert!(is_reset(&mut stream) && is_reset(&mut connect()));

    proxy.set(Way::Closed);
    assert!(TcpStream::connect(proxy.address).is_err());
    proxy.set(Way::CutAfter(10));
    let mut stream = connect();
    assert_eq!(ask(&mut stream, 5).unwrap(), 5);
    assert!(is_reset(&mut stream));
    proxy.set(Way::Open);
    assert_eq!(ask(&mut connect(), 5).unwrap(), 5);
}
