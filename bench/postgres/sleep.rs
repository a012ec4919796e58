//! The first request while the database wakes, against the database's own start.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::request;
use crate::shared::client::Client;
use crate::shared::folder;
use crate::shared::processes::{Server, script};

const ROUNDS: usize = 7;

/// Stops and starts a cluster; a request is sent as it begins to start.
pub fn wake(runtime: &Runtime) {
    println!("\n## The first request while PostgreSQL starts, {ROUNDS} rounds\n");
    println!(
        "| round | PostgreSQL takes connections after ms | the request is answered after ms |"
    );
    println!("|---|---|---|");
    let folder = folder();
    let cluster = folder.path().join("postgres");
    let cluster = cluster.to_str().expect("a plain path");
    let port = crate::free_port();
    let environment = [("POSTGRES_PORT", port.as_str()), ("DURABLE", "1")];
    let url = script("postgres", &["start", cluster], &environment);
    let server = Server::start(&[("DATABASE_URL", url.as_str()), ("DATABASE_IDLE_SECONDS", "1")]);
    for round in 1..=ROUNDS {
        script("postgres", &["stop", cluster], &[]);
        let began = Instant::now();
        let (ready, answered) = std::thread::scope(|scope| {
            let starting = scope.spawn(|| script("postgres", &["start", cluster], &environment));
            let times = runtime.block_on(async {
                tokio::join!(until_ready(&url, began), until_answered(&server, began))
            });
            starting.join().expect("it starts");
            times
        });
        println!(
            "| {round} | {:.0} | {:.0} |",
            ready.as_secs_f64() * 1e3,
            answered.as_secs_f64() * 1e3
        );
    }
    script("postgres", &["stop", cluster], &[]);
}

async fn until_ready(url: &str, began: Instant) -> Duration {
    while tokio_postgres::connect(url, tokio_postgres::NoTls).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

/// Asks for a session that nobody has, which is looked up.
async fn until_answered(server: &Server, began: Instant) -> Duration {
    let mut client = Client::connect(server.address).await;
    let (status, _) =
        client.send(&request("GET", "/api/me/tasks", "x".repeat(32).as_str(), "")).await;
    assert_eq!(status, 401);
    began.elapsed()
}
