//! One person with very many tasks, who asks for any filter, any order and any page.

use std::time::{Duration, Instant};

use duly::clock::Clock;
use duly::models::cursor::{self, Position, SortValue};
use duly::models::sort::{Sort, SortField};
use duly::models::timestamp::from_micros;
use duly::models::user::UserId;
use serde_json::Value as Json;

use crate::Bench;
use crate::options::Engine;
use crate::requests::get;
use crate::runtime;
use crate::shared::client::Client;
use crate::shared::contents::Row;
use crate::shared::people::user_id;
use crate::shared::random::Random;

/// Pages of one list that are asked for one after the other.
const PAGES: usize = 4;
const SLOWEST: usize = 5;
const WORDS: [&str; 5] =
    ["dentist", "zurich", "caf%C3%A9+invoice", "screwdriver", "nothing+like+it"];
const FIELDS: [&str; 5] = ["created", "updated", "title", "due_date", "priority"];
const PRIORITIES: [&str; 5] = ["none", "low", "high,urgent", "medium,high", "none,low,medium,high"];
const DUE: [&str; 6] = [
    "due=today",
    "due=overdue",
    "due=upcoming&tz=Europe/Zurich",
    "due=none",
    "due_after=2026-12-01",
    "due_before=2027-01-01&due_after=2026-06-01T00:00:00Z",
];

pub struct Walks {
    pub engine: Engine,
    pub pages: usize,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// The slowest with their milliseconds, the worst first: each of another list.
    pub slowest: Vec<(f64, String)>,
}

pub fn measure(bench: &mut Bench, engine: Engine) -> Walks {
    let scale = bench.options.scale;
    let tokens = bench.issuer.tokens(scale.people());
    let somebody = Somebody {
        token: tokens[scale.users as usize].clone(),
        number: scale.users,
        tasks: scale.many,
        now: Clock::System.now().as_microsecond(),
    };
    let server = bench.server(engine);
    let mut took: Vec<(Duration, String)> = runtime().block_on(async {
        let mut client = Client::connect(server.address).await;
        // The same lists on either engine.
        let mut random = Random::new(100_000);
        let mut took = Vec::new();
        while took.len() < bench.options.pages {
            somebody.walk(&mut client, &mut random, &mut took).await;
        }
        took
    });
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize].0;
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let mut slowest: Vec<(f64, String)> = Vec::new();
    for (time, list) in took.iter().rev() {
        if slowest.len() < SLOWEST && !slowest.iter().any(|(_, known)| known == list) {
            slowest.push((milliseconds(*time), list.clone()));
        }
    }
    let (p50, p99) = (milliseconds(at(0.5)), milliseconds(at(0.99)));
    Walks { engine, pages: took.len(), p50, p99, slowest }
}

/// Who has very many tasks.
struct Somebody {
    token: String,
    number: u64,
    tasks: u64,
    now: i64,
}

impl Somebody {
    /// Some pages of a list, from its begin or from somewhere within.
    async fn walk(
        &self,
        client: &mut Client,
        random: &mut Random,
        took: &mut Vec<(Duration, String)>,
    ) {
        let list = list(random);
        let mut cursor = String::new();
        if random.below(2) == 0 {
            cursor = format!("&cursor={}", self.somewhere_in(&list, random));
        }
        for _ in 0..PAGES {
            let request = get(&format!("/api/me/tasks?{list}{cursor}"), &self.token);
            let began = Instant::now();
            let (status, body) = client.send(&request).await;
            took.push((began.elapsed(), list.clone()));
            assert_eq!(status, 200, "{list}: {body}");
            let page: Json = serde_json::from_str(&body).expect("a page");
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return,
            }
        }
    }

    /// A cursor as it would be behind a page that ends with a random task.
    fn somewhere_in(&self, list: &str, random: &mut Random) -> String {
        let sort = list.split('&').find_map(|part| part.strip_prefix("sort="));
        let sort = Sort::parse(sort.unwrap_or("-created")).expect("it is one of ours");
        let row = Row::new(self.number, random.below(self.tasks), self.tasks, self.now);
        let instant = |micros| from_micros(micros).expect("near now");
        let keys = sort.keys().iter().map(|key| match key.field {
            SortField::Created => SortValue::Instant(instant(row.created_at)),
            SortField::Updated => SortValue::Instant(instant(row.updated_at)),
            SortField::Title => SortValue::Text(row.title_folded.clone()),
            SortField::DueDate => SortValue::Due(row.due_at.map(instant)),
            SortField::Priority => SortValue::Integer(row.priority),
        });
        let position = Position { keys: keys.collect(), id: row.id };
        let owner = UserId::parse(&user_id(self.number)).expect("digits");
        cursor::encode(&position, &sort, &owner)
    }
}

/// Half of all parts are there at a time.
fn list(random: &mut Random) -> String {
    let mut parts = vec![format!("limit={}", random.pick(&[10, 50, 100]))];
    let mut maybe = |random: &mut Random, part: String| {
        if random.below(2) == 0 {
            parts.push(part);
        }
    };
    let status = *random.pick(&["pending", "completed"]);
    maybe(random, format!("status={status}"));
    let priority = *random.pick(&PRIORITIES);
    maybe(random, format!("priority={priority}"));
    let tag = *random.pick(&["home", "work", "nowhere"]);
    maybe(random, format!("tag={tag}"));
    let due = *random.pick(&DUE);
    maybe(random, due.to_owned());
    let words = *random.pick(&WORDS);
    maybe(random, format!("q={words}"));
    let sort = sort(random);
    maybe(random, format!("sort={sort}"));
    maybe(random, "include=total".to_owned());
    parts.join("&")
}

fn sort(random: &mut Random) -> String {
    let mut fields = FIELDS.to_vec();
    let keys = 1 + random.below(4);
    let keys = (0..keys).map(|_| {
        let field = fields.swap_remove(random.below(fields.len() as u64) as usize);
        let sign = if random.below(2) == 0 { "-" } else { "" };
        format!("{sign}{field}")
    });
    keys.collect::<Vec<_>>().join(",")
}
