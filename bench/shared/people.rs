//! The people whose tasks are asked for, and their tokens.
//!
//! Everything about person number 17 and their task number 3 follows from these two numbers: so pgbench, which can do
//! no more than count, finds them as well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use duly::clock::Clock;
use duly::config::{EmbeddedSettings, Storage};
use duly::database::Database;
use duly::database::keys::{self, StoredKey};
use duly::models::secret::{Secret, Secrets};
use duly::models::user::{User, UserId};
use duly::services::stored_keys::StoredKeys;
use duly::services::tokens::Tokens;
use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use super::processes::{ORIGIN, SECRET};

/// A user id is this and so many steps: eighteen digits, spread over all there are.
pub const FIRST_USER: u64 = 100_000_000_000_000_000;
pub const USER_STEP: u64 = 899_999_999_983;
/// What the ids of tasks begin with, up to the version of the UUID: all of one millisecond.
pub const TASK_PREFIX: &str = "019a8c3f1e207";
/// The rest of an id, nineteen digits: this, and a billion for each task, and a thousand for each person.
pub const FIRST_TASK: u64 = 1_008_000_000_000_000_000;
pub const TASK_STEP: u64 = 1_000_000_000;
/// Behind all of a person's own, as a new task's id is.
pub const FIRST_NEW_TASK: u64 = 1_009_000_000_000_000_000;

/// Tokens live for fifteen minutes.
const TOKENS_ARE_OLD_AFTER: Duration = Duration::from_secs(8 * 60);

/// Who there is in a database, and how much each keeps.
#[derive(Clone, Copy)]
pub struct Scale {
    pub users: u64,
    /// Tasks of each.
    pub tasks: u64,
    /// Tasks of one more person, who comes behind the others. None: there is no such person.
    pub many: u64,
}

impl Scale {
    pub fn people(&self) -> u64 {
        self.users + u64::from(self.many > 0)
    }

    pub fn tasks_of(&self, person: u64) -> u64 {
        if person < self.users { self.tasks } else { self.many }
    }

    pub fn total(&self) -> u64 {
        self.users * self.tasks + self.many
    }
}

pub fn user_id(person: u64) -> String {
    (FIRST_USER + person * USER_STEP).to_string()
}

pub fn task_id(person: u64, task: u64) -> Uuid {
    let rest = FIRST_TASK + task * TASK_STEP + person * 1_000;
    format!("{TASK_PREFIX}{rest}").parse().expect("thirteen and nineteen digits")
}

pub fn user(person: u64, now: Timestamp) -> User {
    User {
        name: format!("Person {person}"),
        email: format!("person{person}@bench.example"),
        email_verified: true,
        image: None,
        created_at: now,
        updated_at: now,
        id: UserId::parse(&user_id(person)).expect("digits"),
    }
}

/// The program's own issuer, on a database of its own. Whoever has its key takes its tokens.
pub struct Issuer {
    runtime: tokio::runtime::Runtime,
    tokens: Tokens,
    key: StoredKey,
    minted: Option<(Instant, Arc<[String]>)>,
    _folder: TempDir,
}

impl Issuer {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        let folder = TempDir::new().expect("a temporary folder can be made");
        let storage = Storage::Embedded(EmbeddedSettings::within(folder.path().to_owned()));
        let database = runtime.block_on(Database::open(&storage)).expect("it opens");
        let database = Arc::new(database);
        let secrets = Secrets::single(Secret::parse(SECRET).expect("it is long enough"));
        let keys = Arc::new(StoredKeys::new(Arc::clone(&database), &secrets));
        let tokens = Tokens::new(keys, ORIGIN);
        let key = runtime.block_on(async {
            tokens.published(Clock::System.now()).await.expect("it makes a key");
            keys::list_keys(&database).await.expect("it is there").remove(0)
        });
        Self { runtime, tokens, key, minted: None, _folder: folder }
    }

    /// The key that signs, its private half encrypted.
    pub fn key(&self) -> &StoredKey {
        &self.key
    }

    /// A token of each person, valid for some minutes more.
    pub fn tokens(&mut self, people: u64) -> Arc<[String]> {
        if let Some((at, tokens)) = &self.minted
            && at.elapsed() < TOKENS_ARE_OLD_AFTER
            && tokens.len() as u64 >= people
        {
            return Arc::clone(tokens);
        }
        let now = Clock::System.now();
        let tokens = self.runtime.block_on(async {
            let mut tokens = Vec::new();
            for person in 0..people {
                let user = user(person, now);
                tokens.push(self.tokens.issue(&user, now).await.expect("it signs"));
            }
            Arc::<[String]>::from(tokens)
        });
        self.minted = Some((Instant::now(), Arc::clone(&tokens)));
        tokens
    }
}
