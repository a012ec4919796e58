//! The arrows between the layers, held against the source itself.

use std::fs;
use std::path::{Path, PathBuf};

/// Each layer and those whose names it may use.
const LAYERS: [(&str, &[&str]); 11] = [
    ("models", &[]),
    ("error", &["models"]),
    ("clock", &["models"]),
    ("settings", &["models"]),
    ("config", &["models", "settings"]),
    ("tls_roots", &[]),
    ("database", &["models", "error", "clock", "config", "tls_roots"]),
    ("services", &["models", "error", "clock", "config", "tls_roots", "database"]),
    ("telemetry", &["models", "error", "clock", "config", "database", "services"]),
    ("api", &["models", "error", "clock", "config", "database", "services", "telemetry"]),
    ("cli", &["models", "error", "clock", "config", "database", "services", "telemetry", "api"]),
];

/// Crates, and the layers that may name them.
const CRATES: [(&[&str], &[&str]); 2] = [
    (&["axum", "hyper", "hyper_util", "tower", "tower_http"], &["api", "telemetry"]),
    (&["tokio_postgres", "tokio_postgres_rustls", "rusqlite", "refinery"], &["database"]),
];

/// What a file may name all the same, and why.
const EXCEPTIONS: [(&str, &str); 7] = [
    // Reading DATABASE_URL is checking a setting, and the driver's own parser decides what is one.
    ("config/storage.rs", "tokio_postgres::Config"),
    ("config/connection_string.rs", "tokio_postgres::Config"),
    // What the parser found: hosts, and what must be known of them.
    ("config/connection_string.rs", "tokio_postgres::config"),
    ("config/storage.rs", "tokio_postgres::config"),
    ("config/connection_address.rs", "tokio_postgres::Config"),
    ("config/connection_address.rs", "tokio_postgres::config"),
    // Says which host it is that cannot be reached, or that data is kept on.
    ("cli.rs", "tokio_postgres::config::Host"),
];

const MAX_LINES: usize = 300;

/// Files that are longer, and why each is one thing all the same.
const LONG_FILES: [(&str, &str); 0] = [];

#[derive(Clone, Debug)]
pub(super) struct Source {
    /// From `src/` on.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    fn layer(&self) -> &str {
        self.path.split(['/', '.']).next().expect("split gives one at least")
    }
}

fn sources(directory: &Path, root: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(directory).expect("src is read") {
        let path: PathBuf = entry.expect("src is read").path();
        if path.is_dir() {
            sources(&path, root, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("src is text");
            let path = path.strip_prefix(root).expect("it is below src");
            found.push(Source::new(path.to_str().expect("a plain name"), &text));
        }
    }
}

pub(super) fn all_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &root, &mut found);
    found
}

/// The code without line comments and string literals, and without the spaces that would part a path.
fn code(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        let mut rest = line;
        while let Some(start) = rest.find(['"', '/']) {
            code.push_str(&rest[..start]);
            if rest[start..].starts_with("//") {
                rest = "";
            } else if rest[start..].starts_with('"') {
                let after = &rest[start + 1..];
                let end = closing_quote(after);
                rest = after.get(end + 1..).unwrap_or_default();
            } else {
                code.push('/');
                rest = &rest[start + 1..];
            }
        }
        code.push_str(rest);
        code.push('\n');
    }
    code
}

fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match character {
            '"' if !escaped => return index,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Whether `name::` stands in `code` as the beginning of a path.
fn names(code: &str, name: &str) -> bool {
    let path = format!("{name}::");
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    code.match_indices(&path).any(|(at, _)| {
        let before = code[..at].trim_end_matches("::");
        let is_root = before.len() == at || before.ends_with(|last| !is_word(last));
        is_root && !before.ends_with(is_word)
    })
}

/// The modules of this crate that a file names: `crate::models`, or `use crate::{models, database}`.
fn used_layers(code: &str) -> Vec<&'static str> {
    let compact: String = code.split_whitespace().collect();
    let grouped: String = compact
        .split("crate::{")
        .skip(1)
        .filter_map(|group| group.split(";").next())
        .map(|group| format!("{group},"))
        .collect();
    LAYERS
        .iter()
        .map(|(layer, _)| *layer)
        .filter(|layer| {
            let direct =
                [":", ";", ","].iter().any(|end| compact.contains(&format!("crate::{layer}{end}")));
            let in_group = grouped
                .split([',', '{', '}'])
                .any(|part| part == *layer || part.starts_with(&format!("{layer}::")));
            direct || in_group
        })
        .collect()
}

fn problems(source: &Source) -> Vec<String> {
    let (layer, path) = (source.layer(), &source.path);
    if matches!(layer, "lib" | "main") {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{path}: {layer} is no layer that DESIGN.md knows")];
    };
    let code = code(&source.text);
    let upwards = used_layers(&code)
        .into_iter()
        .filter(|used| *used != layer && !allowed.contains(used))
        .map(|used| format!("{path}: {layer} must not know {used}"));
    let mut excused = code.clone();
    for (_, text) in EXCEPTIONS.iter().filter(|(file, _)| file == path) {
        excused = excused.replace(text, "");
    }
    let foreign = CRATES
        .iter()
        .filter(|(_, layers)| !layers.contains(&layer))
        .flat_map(|(crates, _)| crates.iter().filter(|name| names(&excused, name)));
    let foreign = foreign.map(|name| format!("{path}: {layer} must not name {name}"));
    let too_long = (source.text.lines().count() > MAX_LINES
        && !LONG_FILES.iter().any(|(file, _)| file == path))
    .then(|| format!("{path} has over {MAX_LINES} lines"));
    upwards.chain(foreign).chain(too_long).collect()
}

#[test]
fn the_source_follows_the_arrows() {
    let sources = all_sources();
    assert!(sources.len() > 40, "src is where it should be");
    let problems: Vec<String> = sources.iter().flat_map(problems).collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_exception_is_needed() {
    let sources = all_sources();
    let find = |file: &str| {
        sources
            .iter()
            .find(|source| source.path == file)
            .unwrap_or_else(|| panic!("{file} is gone"))
    };
    for (file, text) in EXCEPTIONS {
        assert!(code(&find(file).text).contains(text), "{file} no longer names {text}");
    }
    for (file, _) in LONG_FILES {
        assert!(find(file).text.lines().count() > MAX_LINES, "{file} is short again");
    }
}

#[test]
fn an_arrow_the_wrong_way_is_found() {
    for (path, text) in [
        ("models/task.rs", "use crate::database::Database;"),
        ("models/task.rs", "use crate::{database::Database, models::user};"),
        ("models/task.rs", "use crate::{\n    models::{user, task},\n    error,\n};"),
        ("models/task.rs", "fn f() { crate::clock::now() }"),
        ("clock.rs", "use crate::config::Config;"),
        ("database/tasks.rs", "use crate::services;"),
        ("services/tokens.rs", "use crate::api::App;"),
        ("telemetry.rs", "use crate::api;"),
        ("api/tasks.rs", "use crate::cli::run;"),
        ("models/task.rs", "use axum::Json;"),
        ("services/tokens.rs", "fn f(status: axum::http::StatusCode) {}"),
        ("services/tokens.rs", "use ::tower::Service;"),
        ("cli.rs", "use hyper::body::Incoming;"),
        ("cli.rs", "use tokio_postgres::Client;"),
        ("config/storage.rs", "fn f(_: tokio_postgres::Client, _: tokio_postgres::Config) {}"),
        ("error.rs", "impl From<rusqlite::Error> for Error {}"),
        ("api/tasks.rs", "use refinery::Runner;"),
        ("helpers/mod.rs", "fn f() {}"),
    ] {
        assert_eq!(problems(&Source::new(path, text)).len(), 1, "{path}: {text}");
    }
    assert_eq!(problems(&Source::new("models/task.rs", &"\n".repeat(301))).len(), 1);
}

#[test]
fn what_is_allowed_is_not_found() {
    for (path, text) in [
        (
            "api/tasks.rs",
            "use axum::Json;\nuse crate::database::Database;\nuse crate::{telemetry, error::Error};",
        ),
        (
            "database/postgres.rs",
            "use tokio_postgres::Client;\nuse crate::config::PostgresSettings;",
        ),
        ("database/tasks.rs", "use super::statement::Row;\nuse crate::database::Database;"),
        ("config/storage.rs", "pub config: tokio_postgres::Config,"),
        ("models/task.rs", "// see crate::database::tasks and axum::Json"),
        ("models/task.rs", "let text = \"use axum::Json; \\\" crate::api::\";"),
        ("models/task.rs", "use my_axum::Json; use crate::models::user::UserId;"),
        ("models/task.rs", &"\n".repeat(300)),
    ] {
        assert_eq!(problems(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
}
