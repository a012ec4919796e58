//! Which statements name no owner: each is listed here, by what finds its rows instead, so that a new one is added on
//! purpose. `docs/SCALING.md` has the same list.

use super::architecture::{Source, all_sources};

/// What finds the rows, and the functions that make such statements, once for each statement.
const WITHOUT_OWNER: [(&str, &[&str]); 5] = [
    (
        "an e-mail address",
        &[
            "sessions::email_has_session_at",
            "users::email_is_taken",
            "users::find_by_email",
            "users::verify_email",
        ],
    ),
    (
        "a session token",
        &["sessions::delete_session", "sessions::find_session", "sessions::update_expiry"],
    ),
    (
        "the name of a verification, or that it has run out",
        &[
            "sessions::delete_claimed",
            "verifications::find_verification",
            "verifications::insert_verification",
            "verifications::insert_verification",
            "verifications::reset_password",
            "verifications::reset_password",
            "verifications::settle",
            "verifications::take",
        ],
    ),
    ("nothing: the keys of the server", &["keys::insert_key", "keys::list_keys"]),
    ("nothing: a sign of life", &["mod::ping"]),
];

/// Functions that make statements about everybody: those that copy a whole database, and what deletes keys that have run
/// out. No request needs one for its answer.
const ACROSS_OWNERS: [&str; 21] = [
    "catalogue::columns_of",
    "catalogue::hides_rows",
    "claim::begin",
    "claim::begin",
    "claim::create_trigger",
    "claim::fail_unless_empty",
    "claim::finish",
    "claim::finish",
    "claim::holder",
    "claim::take_over",
    "claim::write",
    "copies::source",
    "copies::version",
    "idempotency::sweep",
    "transfer::count",
    "transfer::delete",
    "transfer::doubt_owners",
    "transfer::has_rows",
    "transfer::insert_statement",
    "transfer::select",
    "unreadable::find_value",
];

/// The functions in which `call` stands, once for each time, as `file::function`.
fn callers(source: &Source, call: &str) -> Vec<String> {
    let file = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let mut function = "";
    let mut found = Vec::new();
    for line in source.text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        if let Some((_, named)) = line.split_once("fn ")
            && let Some(end) =
                named.find(|character: char| !character.is_alphanumeric() && character != '_')
        {
            function = &named[..end];
        }
        found.extend(line.matches(call).map(|_| format!("{file}::{function}")));
    }
    found
}

fn all_callers(call: &str) -> Vec<String> {
    let mut found: Vec<String> =
        all_sources().iter().flat_map(|source| callers(source, call)).collect();
    found.sort();
    found
}

#[test]
fn every_statement_without_an_owner_is_on_the_list() {
    let mut listed: Vec<&str> =
        WITHOUT_OWNER.iter().flat_map(|(_, places)| *places).copied().collect();
    listed.sort_unstable();
    assert_eq!(all_callers("Statement::without_owner"), listed);
}

#[test]
fn statements_about_everybody_are_on_the_list() {
    assert_eq!(all_callers("Statement::across_owners"), ACROSS_OWNERS);
}

#[test]
fn statements_are_made_by_their_constructors_alone() {
    // The type, its own block, and results of functions.
    let literal = |source: &Source| {
        source.text.lines().any(|line| {
            line.contains("Statement {")
                && !["struct ", "impl ", "-> "].iter().any(|word| line.contains(word))
        })
    };
    let found: Vec<String> =
        all_sources().into_iter().filter(literal).map(|source| source.path).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_caller_is_found_by_its_name() {
    let text = "fn one() {}\npub async fn two(\n) {\n    // Statement::of\n    Statement::of(Statement::of)\n}";
    let source = Source { path: "database/tasks.rs".to_owned(), text: text.to_owned() };
    assert_eq!(callers(&source, "Statement::of"), ["tasks::two", "tasks::two"]);
}
