//! How many connections a copy is best off with: beside the database, and with a network in between.

use std::net::SocketAddr;
use std::time::Duration;

use crate::proxy::{FaultProxy, Way};
use crate::put_under_load;
use crate::shared::load::Requests;
use crate::shared::processes::Server;

const SIZES: [usize; 6] = [1, 2, 4, 8, 16, 32];
const CONNECTIONS: usize = 64;
const ROUND: Duration = Duration::from_secs(3);
/// One way to the database, and back: as within a region.
const DELAY: Duration = Duration::from_millis(1);

/// Prints requests a second and the slowest in a hundred, by `DATABASE_MAX_CONNECTIONS`.
pub async fn sweep(database: &str, loads: &[(&str, Requests)]) {
    println!("\n## By DATABASE_MAX_CONNECTIONS, {CONNECTIONS} clients, rounds of {ROUND:?}\n");
    println!(
        "| connections | load | beside: requests/s | p99 ms | {:?} away: requests/s | p99 ms |",
        2 * DELAY
    );
    println!("|---|---|---|---|---|---|");
    let mut url: url::Url = database.parse().expect("the scripts print URLs");
    let port = url.port().expect("they name the port");
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], port)));
    url.set_port(Some(proxy.address.port())).expect("it has a host");
    proxy.set(Way::Slow(DELAY));
    for size in SIZES {
        let size = size.to_string();
        let start = |url: &str| {
            Server::start(&[("DATABASE_URL", url), ("DATABASE_MAX_CONNECTIONS", &size)])
        };
        let (near, far) = (start(database), start(url.as_str()));
        for (name, requests) in loads {
            let (near, _) = put_under_load(&near, CONNECTIONS, ROUND, requests, || ());
            let (far, _) = put_under_load(&far, CONNECTIONS, ROUND, requests, || ());
            let [near, far] = [near, far].map(|outcome| {
                let slowest = outcome.percentile(0.99).as_secs_f64() * 1e3;
                format!("{:.0} | {slowest:.1}", outcome.per_second())
            });
            println!("| {size} | {name} | {near} | {far} |");
        }
    }
}
