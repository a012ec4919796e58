//! How often a request waits for PostgreSQL, counted on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use crate::proxy::{FaultProxy, Way};
use crate::shared::client::Client;
use crate::shared::processes::Server;
use crate::{call, request};

/// Answers come so much later that everything that is sent without waiting for them has been sent by then.
const DELAY: Duration = Duration::from_millis(10);

/// Prints the round trips of a request of each kind: at its first use on a connection, and after that.
pub async fn count(direct: &str, pooled: &str) {
    println!("\n## Round trips to the database for each request: at the first, and after that\n");
    println!("| request | direct | PgBouncer |");
    println!("|---|---|---|");
    let (direct, pooled) = (of(direct).await, of(pooled).await);
    for ((name, direct), (_, pooled)) in direct.iter().zip(&pooled) {
        println!("| {name} | {}, {} | {}, {} |", direct[0], direct[1], pooled[0], pooled[1]);
    }
}

async fn of(database: &str) -> Vec<(&'static str, [u64; 2])> {
    let mut url: url::Url = database.parse().expect("the scripts print URLs");
    let port = url.port().expect("they name the port");
    let proxy = FaultProxy::start(SocketAddr::from(([127, 0, 0, 1], port)));
    url.set_port(Some(proxy.address.port())).expect("it has a host");
    // One connection, so that what it has prepared is known.
    let settings = [("DATABASE_URL", url.as_str()), ("DATABASE_MAX_CONNECTIONS", "1")];
    let server = Server::start(&settings);
    let mut client = Client::connect(server.address).await;
    let email = format!("{}@bench.example", proxy.address.port());
    let body = format!(r#"{{"name":"n","email":"{email}","password":"a long password"}}"#);
    let signed_up = call(&mut client, "POST", "/api/auth/sign-up/email", "", &body).await;
    let session = signed_up["token"].as_str().expect("a token").to_owned();
    let token = call(&mut client, "GET", "/api/auth/token", &session, "").await;
    let jwt = token["token"].as_str().expect("a JWT");
    let created = call(&mut client, "POST", "/api/me/tasks", jwt, r#"{"title":"first"}"#).await;
    let task = format!("/api/me/tasks/{}", created["id"].as_str().expect("an id"));
    proxy.set(Way::Slow(DELAY));
    let mut counted = Vec::new();
    for (name, method, path, body) in [
        ("get", "GET", task.as_str(), ""),
        ("list", "GET", "/api/me/tasks?include=total&sort=due_date", ""),
        ("create", "POST", "/api/me/tasks", r#"{"title":"new"}"#),
        ("put", "PUT", &task, r#"{"title":"put"}"#),
        ("patch", "PATCH", &task, r#"{"priority":"high"}"#),
        ("complete", "PATCH", &format!("{task}/complete"), ""),
        ("delete", "DELETE", "", ""),
    ] {
        let mut trips = [0; 2];
        for trips in &mut trips {
            let path = match path {
                "" => {
                    let new =
                        call(&mut client, "POST", "/api/me/tasks", jwt, r#"{"title":"x"}"#).await;
                    format!("/api/me/tasks/{}", new["id"].as_str().expect("an id"))
                }
                path => path.to_owned(),
            };
            let before = proxy.round_trips();
            let (status, answer) = client.send(&request(method, &path, jwt, body)).await;
            assert!((200..300).contains(&status), "{name}: {status} {answer}");
            *trips = proxy.round_trips() - before;
        }
        counted.push((name, trips));
    }
    let mut with_session = [0; 2];
    for trips in &mut with_session {
        let before = proxy.round_trips();
        call(&mut client, "GET", &task, &session, "").await;
        *trips = proxy.round_trips() - before;
    }
    counted.push(("get, with a session token", with_session));
    counted
}
