//! What reads foreign input, fed with whatever: every file of its corpus, and mutations of them, the same in every run.
//!
//! `FUZZ_CASES=100000 cargo nextest run fuzz` makes more of them; `script/fuzz` looks for new ones, led by what the code
//! does with them, and puts those that break a promise into the corpora.

mod mutator;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};

use mutator::Mutator;

/// The longest input that mutation makes, in bytes.
const MAX_BYTES: usize = 4_096;
/// What mutation begins with.
const SEED: u64 = 0x0198_c0de;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpora")
}

/// The inputs of a folder, in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = corpora().join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it is read").path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("it is read")).collect()
}

/// Shows the input that a target panics at.
struct Shown<'a>(&'a str, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{} was given b\"{}\"", self.0, self.1.escape_ascii());
        }
    }
}

/// Takes down what targets have put up.
struct Closing;

impl Drop for Closing {
    fn drop(&mut self) {
        targets::stage::close();
    }
}

/// Runs a target on its corpus and on so many mutations of it.
fn check(name: &str, cases: usize) {
    let (_, run) = targets::ALL
        .into_iter()
        .find(|(found, _)| *found == name)
        .unwrap_or_else(|| panic!("there is no target {name}"));
    let _closing = Closing;
    let given = |input: &[u8]| {
        let _shown = Shown(name, input);
        run(input);
    };
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "{name} has no corpus");
    corpus.iter().for_each(|input| given(input));
    let wished = std::env::var("FUZZ_CASES").ok();
    let cases = wished.map_or(cases, |cases| cases.parse().expect("FUZZ_CASES is a number"));
    let mut mutator = Mutator::new(&corpus, MAX_BYTES, SEED);
    (0..cases).for_each(|_| given(&mutator.next_input()));
}

/// One test for each target, with the number of its cases.
macro_rules! replay {
    ($($name:ident: $cases:literal),+ $(,)?) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),+];

        $(#[test]
        fn $name() {
            check(stringify!($name), $cases);
        })+
    };
}

replay! {
    access_token: 3_000,
    auth_json: 5_000,
    auth_request: 100,
    callback: 5_000,
    client_address: 5_000,
    connection_string: 3_000,
    cursor: 5_000,
    due_date: 10_000,
    email: 5_000,
    email_token: 3_000,
    idempotency_key: 5_000,
    key_set: 1_000,
    origin: 5_000,
    signed_value: 3_000,
    task_body: 3_000,
    task_list: 3_000,
    task_request: 200,
}

#[test]
fn every_target_is_replayed_and_has_a_corpus() {
    let folders = fs::read_dir(corpora()).expect("it is read");
    let names = folders.map(|entry| entry.expect("it is read").file_name().into_string());
    let mut folders: Vec<String> = names.map(|name| name.expect("ASCII")).collect();
    folders.sort();
    let mut targets = targets::ALL.map(|(name, _)| name);
    targets.sort_unstable();
    assert_eq!(folders, targets);
    assert_eq!(REPLAYED, targets);
}
