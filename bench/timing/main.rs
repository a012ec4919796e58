//! Whether the time of an answer tells that an address has an account: the same requests, by turns, about addresses that
//! somebody has and that nobody has.
//!
//!     script/bench --timing

#[path = "../shared/mod.rs"]
#[expect(dead_code, reason = "no load is sent here")]
mod shared;
mod statistics;

use std::time::{Duration, Instant};

use shared::client::Client;
use shared::processes::{ORIGIN, Server, script};
use shared::random::Random;
use statistics::Comparison;

/// Between an answer and the next request: so long that a letter has been written, and no queue of them grows.
const PAUSE: Duration = Duration::from_millis(10);
/// How many people there are.
const PEOPLE: u64 = 50;

/// A request that anybody can send about any address.
struct Question {
    name: &'static str,
    path: &'static str,
    /// What stands behind the address in the body.
    rest: &'static str,
    status: u16,
    pairs: usize,
}

const QUESTIONS: [Question; 3] = [
    Question {
        name: "sign-in with a wrong password",
        path: "/api/auth/sign-in/email",
        rest: r#","password":"a wrong password""#,
        status: 401,
        pairs: 500,
    },
    Question {
        name: "request for a new password",
        path: "/api/auth/request-password-reset",
        rest: r#","redirectTo":"/reset""#,
        status: 200,
        pairs: 2_000,
    },
    Question {
        name: "request for a letter to verify the address",
        path: "/api/auth/send-verification-email",
        rest: r#","callbackURL":"/""#,
        status: 200,
        pairs: 2_000,
    },
];

/// Both are of one length.
fn address(is_known: bool, person: u64) -> String {
    let name = if is_known { "person" } else { "nobody" };
    format!("{name}{person:02}@example.com")
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\norigin: {ORIGIN}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn sign_up_everybody(client: &mut Client) {
    for person in 0..PEOPLE {
        let email = address(true, person);
        let body =
            format!(r#"{{"name":"Somebody","email":"{email}","password":"the right password"}}"#);
        let (status, answer) = client.send(&post("/api/auth/sign-up/email", &body)).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// Times of the answers about addresses that are known, and that are not.
async fn ask(client: &mut Client, question: &Question, pairs: usize) -> [Vec<Duration>; 2] {
    let mut random = Random::new(1);
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..pairs {
        // Whichever comes first, so that what grows or warms up is the same for both.
        let first = random.below(2);
        for known in [first, 1 - first] {
            let email = address(known == 0, random.below(PEOPLE));
            let body = format!(r#"{{"email":"{email}"{}}}"#, question.rest);
            let request = post(question.path, &body);
            let began = Instant::now();
            let (status, answer) = client.send(&request).await;
            times[known as usize].push(began.elapsed());
            assert_eq!(status, question.status, "{answer}");
            tokio::time::sleep(PAUSE).await;
        }
    }
    times
}

async fn compare(engine: &str, server: &Server, is_quick: bool) {
    let mut client = Client::connect(server.address).await;
    sign_up_everybody(&mut client).await;
    for question in &QUESTIONS {
        let pairs = if is_quick { question.pairs / 10 } else { question.pairs };
        ask(&mut client, question, pairs / 10).await;
        let [known, unknown] = ask(&mut client, question, pairs).await;
        println!(
            "| {} | {engine} | {pairs} | {} |",
            question.name,
            Comparison::of(&known, &unknown)
        );
    }
}

fn main() {
    // `cargo test --benches` runs this, too, and there is nothing to be done then.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let folder = shared::folder();
    let cluster = folder.path().join("postgres").display().to_string();
    let url = script("postgres", &["start", &cluster], &[("DURABLE", "1")]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    println!("| | engine | of each | {} |", statistics::HEADINGS);
    println!("|---|---|---|---|---|---|---|---|");
    for (engine, settings) in [("embedded", vec![]), ("PostgreSQL", vec![("DATABASE_URL", url)])] {
        let server = Server::start(&settings);
        runtime.block_on(compare(engine, &server, is_quick));
    }
    script("postgres", &["stop", &cluster], &[]);
}
