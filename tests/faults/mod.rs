//! Killing at random moments, again and again, while clients write: every change that they intended is there once, in
//! their order, and none besides.
//!
//! `FAULT_ROUNDS=50 cargo test --test duly faults` for more than the few rounds of every day.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::retries::{Client, assert_each_once};
use crate::process::server::{Program, Server, free_address};
use crate::process::sign_up;
use crate::support::cluster::Cluster;
use crate::support::database::Dice;

const CLIENTS: u64 = 6;
/// How long the clients may take, once nothing is killed any more, until there is enough to compare.
const ENOUGH_WITHIN: Duration = Duration::from_secs(30);

fn rounds() -> u64 {
    let rounds = std::env::var("FAULT_ROUNDS").ok();
    rounds.map_or(4, |rounds| rounds.parse().expect("FAULT_ROUNDS is a number"))
}

/// What a client has done when it is told to stop.
struct Done {
    titles: Vec<String>,
    writes: u64,
}

/// Makes a task, gives it names one after the other, toggles it, and sometimes deletes it, until it is over.
fn work(mut client: Client<'_>, is_over: &AtomicBool) -> Done {
    let mut titles = Vec::new();
    let mut last_version = 0;
    let mut in_order = |version: &serde_json::Value| {
        let version = version.as_i64().expect("a number");
        assert!(version > last_version, "{version} behind {last_version}");
        last_version = version;
    };
    for number in 0.. {
        if is_over.load(Ordering::SeqCst) {
            break;
        }
        let made = client.write("POST", "/api/me/tasks", Some(&json!({"title": "new"}))).json();
        in_order(&made["version"]);
        let path = format!("/api/me/tasks/{}", made["id"].as_str().expect("an id"));
        let title = |step: u64| format!("{} {number} {step}", client.name);
        let names = [title(0), title(1)];
        for name in &names {
            let named = client.write("PATCH", &path, Some(&json!({"title": name}))).json();
            assert_eq!(named["title"], *name);
            in_order(&named["version"]);
        }
        let toggled = client.write("PATCH", &format!("{path}/complete"), None).json();
        assert_eq!(toggled["completed"], true, "toggled once: {toggled}");
        in_order(&toggled["version"]);
        if number % 4 == 0 {
            assert_eq!(client.write("DELETE", &path, None).status, 204);
        } else {
            titles.extend(names.into_iter().next_back());
        }
    }
    Done { titles, writes: client.writes }
}

/// Lets clients write, does something terrible once a round, and looks at what is left.
fn survives(program: &Program, mut kill: impl FnMut(Server) -> Server) {
    let address = free_address();
    let program = program.clone().with("PORT", &address.port().to_string());
    let server = program.start();
    let ada = sign_up(&server, "ada");
    let mut running = Some(server);
    let (is_over, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let enough = 20 * rounds();
    let mut dice = Dice(rounds());
    let done = std::thread::scope(|scope| -> Vec<Done> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let address = SocketAddr::from(([127, 0, 0, 1], address.port()));
                let client = Client::new(address, &ada.session_token, number, &written);
                let is_over = &is_over;
                scope.spawn(move || work(client, is_over))
            })
            .collect();
        for _ in 0..rounds() {
            std::thread::sleep(Duration::from_millis(100 + dice.roll(700) as u64));
            running = running.take().map(&mut kill);
        }
        std::thread::sleep(Duration::from_millis(300));
        // A busy machine takes longer.
        let deadline = Instant::now() + ENOUGH_WITHIN;
        while written.load(Ordering::SeqCst) <= enough && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_over.store(true, Ordering::SeqCst);
        clients
            .into_iter()
            .map(|client| client.join().expect("it has done what it intended"))
            .collect()
    });
    let server = running.expect("it was started");
    let writes: u64 = done.iter().map(|done| done.writes).sum();
    eprintln!("{writes} changes in {} rounds", rounds());
    assert!(writes > enough, "{writes} changes are too few to say anything");
    let wanted = done.into_iter().flat_map(|done| done.titles).collect();
    assert_each_once(&server, &ada.session_token, wanted, writes);
}

/// Started again where it was.
fn killed(program: &Program, server: Server) -> Server {
    let port = server.address.port().to_string();
    server.kill();
    program.clone().with("PORT", &port).start()
}

#[test]
fn the_server_on_the_embedded_database_may_be_killed_at_any_moment() {
    let program = Program::new();
    survives(&program, |server| killed(&program, server));
}

#[test]
fn the_server_on_postgres_may_be_killed_at_any_moment() {
    let Some(program) = Program::on_postgres() else { return };
    survives(&program, |server| killed(&program, server));
}

#[test]
fn postgres_itself_may_be_killed_at_any_moment() {
    let Some(cluster) = Cluster::start() else { return };
    survives(&crate::trouble::program(&cluster.url()), |server| {
        cluster.kill();
        cluster.start_again();
        server
    });
}
