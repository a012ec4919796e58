//! Whose rows a statement is about, and the check that this is one person's.
//!
//! Isolation, and distributing the tables by `user_id` (docs/SCALING.md), both rest on it: whatever reads or changes
//! `owners`, `tasks` or `idempotency_keys` is about one person, and says so.

use super::DatabaseError;
use super::statement::{Statement, Value};

/// The tables that hold what people keep, each row by its `user_id`.
const OWNED: [&str; 3] = ["owners", "tasks", "idempotency_keys"];

/// Whose rows a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those of one person, whose id is the value of `$1`.
    OneOwner,
    /// None of the tables that hold what people keep.
    NoOwner,
    /// Everybody's.
    AllOwners,
}

/// Checks that statements that happen together are about one person at the most.
///
/// Who they are about depends on data, so that is looked at every time. The text of a statement does not: that it is
/// about whom it says is looked at in builds for development alone, and so by every test that runs one.
///
/// # Errors
/// [`DatabaseError::Failed`] where there are two.
pub(super) fn check(statements: &[Statement]) -> Result<(), DatabaseError> {
    if cfg!(debug_assertions) {
        for statement in statements {
            let problem = problem(statement);
            assert!(problem.is_none(), "{}: {}", problem.unwrap_or_default(), statement.sql);
        }
    }
    let mut owners = statements.iter().filter_map(owner);
    let first = owners.next();
    if owners.any(|other| Some(other) != first) {
        return Err(DatabaseError::Failed("a batch is about two people".to_owned()));
    }
    Ok(())
}

fn owner(statement: &Statement) -> Option<&Value> {
    statement.values.first().filter(|_| statement.scope == Scope::OneOwner)
}

/// What a statement touches that its scope does not allow.
fn problem(statement: &Statement) -> Option<&'static str> {
    let words: Vec<&str> = words(&statement.sql).collect();
    let mentioned = words.iter().filter(|word| OWNED.contains(word)).count();
    match statement.scope {
        Scope::AllOwners => None,
        Scope::NoOwner => (mentioned > 0).then_some("it has no owner, but reads what has"),
        Scope::OneOwner => (tables(&words) > restrictions(&words))
            .then_some("not every table in it is restricted to its owner"),
    }
}

/// How often rows of the tables are read, changed or made. `owners.version` is a column.
fn tables(words: &[&str]) -> usize {
    let is_table = |at: &usize| OWNED.contains(&words[*at]) && words.get(at + 1) != Some(&".");
    (0..words.len()).filter(is_table).count()
}

/// How often they are restricted to the owner: by a condition on whose the row is or on where it lies, or because that
/// is whose the new row is.
fn restrictions(words: &[&str]) -> usize {
    let of_owner = [["user_id", "=", "$1"], ["place", "BETWEEN", "number"]];
    let conditions = words.windows(3).filter(|three| of_owner.iter().any(|of| of == three)).count();
    let inserts = (0..words.len()).filter(|at| is_of_owner(&words[*at..])).count();
    conditions + inserts
}

/// Whether an insert begins here whose new row is the owner's.
fn is_of_owner(words: &[&str]) -> bool {
    let ["INSERT", "INTO", table, "(", "user_id", rest @ ..] = words else { return false };
    let values = rest.iter().position(|word| ["VALUES", "SELECT"].contains(word));
    let row = values.map(|at| &rest[at + 1..]);
    OWNED.contains(table) && matches!(row, Some(["(", "$1", ..] | ["$1" | "user_id", ..]))
}

/// The words and signs of SQL; a name in quotes is one word, quotes and all.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let is_word = |character: char| character.is_alphanumeric() || "_$".contains(character);
        let length = match first {
            '"' | '\'' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            _ if is_word(first) => rest.find(|next| !is_word(next)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (word, behind) = rest.split_at(length);
        rest = behind;
        Some(word)
    })
}
