//! What a list of tasks was asked for: the checked query string of `GET /api/{user_id}/tasks` (API.md, "Listing").

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::cursor::{self, Position};
use super::due_date::DueDate;
use super::due_filter::{Calendar, DueFilter, DueKeyword};
use super::folding::fold;
use super::priority::{Priority, PrioritySet};
use super::query_string::QueryString;
use super::sort::Sort;
use super::task_text::{Tag, Tags};
use super::user::UserId;
use super::validation::{ParameterError, Violation, code};

/// How many tasks a page has where the request does not say.
pub const DEFAULT_PAGE_LIMIT: u32 = 50;
/// The most tasks that a page can have.
pub const MAX_PAGE_LIMIT: u32 = 100;
/// The longest `q`, in Unicode scalar values.
pub const MAX_SEARCH_CHARS: usize = 200;
/// The most different words in a `q`.
pub const MAX_SEARCH_WORDS: usize = 10;

const PARAMETERS: [&str; 12] = [
    "status",
    "priority",
    "tag",
    "due",
    "due_before",
    "due_after",
    "tz",
    "q",
    "sort",
    "limit",
    "cursor",
    "include",
];

/// The zones that came with the program: the same on every machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// One page of one list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskQuery {
    pub filter: TaskFilter,
    pub sort: Sort,
    /// 1 to [`MAX_PAGE_LIMIT`].
    pub limit: u32,
    /// The last task of the page before.
    pub after: Option<Position>,
    /// Whether to count all tasks that match, not only those of this page.
    pub include_total: bool,
}

/// The tasks that match: those that satisfy every part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub status: StatusFilter,
    /// The task's priority is one of these; `None` is any.
    pub priorities: Option<PrioritySet>,
    /// The task has each of these.
    pub tags: Vec<String>,
    pub due: DueFilter,
    /// Each of these, folded, occurs in the folded title or in the folded description.
    pub words: Vec<String>,
}

/// Whether tasks that are done match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    #[default]
    All,
    Pending,
    Completed,
}

impl TaskQuery {
    /// Reads `status=pending&sort=-priority,due_date&limit=20`, the part of a URL after `?`, at the time `now`.
    ///
    /// # Errors
    /// Every parameter that is unknown, repeated, malformed or out of range.
    pub fn parse(raw: &str, now: Timestamp, owner: &UserId) -> Result<Self, Vec<ParameterError>> {
        let mut query = QueryString::read(raw, &PARAMETERS);
        let filter = TaskFilter::read(&mut query, now);
        let sort = query.one("sort", Sort::parse);
        let limit = query.one("limit", parse_limit).unwrap_or(DEFAULT_PAGE_LIMIT);
        let include_total = query.one("include", parse_include).is_some();
        let sort = sort.unwrap_or_default();
        let after = query.one("cursor", |text| {
            cursor::decode(text, &sort, owner)
                .map_err(|error| Violation::new(code::CURSOR, error.to_string()))
        });
        query.finish(Self { filter, sort, limit, after, include_total })
    }
}

impl TaskFilter {
    fn read(query: &mut QueryString, now: Timestamp) -> Self {
        let zone = query.one("tz", parse_zone).unwrap_or(TimeZone::UTC);
        let keyword = query.one("due", parse_due_keyword);
        let before = query.one("due_before", DueDate::parse);
        let after = query.one("due_after", DueDate::parse);
        let due = DueFilter::combine(keyword, before, after, &Calendar::new(zone, now));
        let filter = Self {
            status: query.one("status", StatusFilter::parse).unwrap_or_default(),
            priorities: query.one("priority", parse_priorities),
            tags: query.all("tag", parse_tags),
            due,
            words: query.one("q", parse_words).unwrap_or_default(),
        };
        if keyword == Some(DueKeyword::Overdue) { filter.only_pending() } else { filter }
    }

    /// A completed task is never overdue.
    fn only_pending(self) -> Self {
        match self.status {
            StatusFilter::All | StatusFilter::Pending => {
                Self { status: StatusFilter::Pending, ..self }
            }
            StatusFilter::Completed => Self { due: DueFilter::Nothing, ..self },
        }
    }
}

impl StatusFilter {
    fn parse(text: &str) -> Result<Self, Violation> {
        match text {
            "all" => Ok(Self::All),
            "pending" => Ok(Self::Pending),
            "completed" => Ok(Self::Completed),
            _ => Err(Violation::new(code::VALUE, "all, pending or completed")),
        }
    }
}

fn parse_priorities(text: &str) -> Result<PrioritySet, Violation> {
    text.split(',').map(Priority::parse).collect::<Option<_>>().ok_or_else(|| {
        let names = Priority::ALL.map(Priority::as_str).join(", ");
        Violation::new(code::VALUE, format!("one or more of {names}, comma separated"))
    })
}

fn parse_tags(texts: &[String]) -> Result<Vec<String>, Violation> {
    let tags = texts.iter().map(|text| Tag::parse(text)).collect::<Result<Vec<_>, _>>()?;
    Tags::parse(tags).map(Tags::into_strings)
}

fn parse_due_keyword(text: &str) -> Result<DueKeyword, Violation> {
    DueKeyword::parse(text).ok_or_else(|| {
        let names = DueKeyword::ALL.map(DueKeyword::as_str).join(", ");
        Violation::new(code::VALUE, format!("one of {names}"))
    })
}

fn parse_zone(name: &str) -> Result<TimeZone, Violation> {
    ZONES
        .get(name)
        .ok()
        .filter(|zone| !zone.is_unknown())
        .ok_or_else(|| Violation::new(code::VALUE, "an IANA zone name, such as Europe/Berlin"))
}

/// Words are told apart after folding, because it makes spaces of some other characters.
fn parse_words(text: &str) -> Result<Vec<String>, Violation> {
    if text.chars().count() > MAX_SEARCH_CHARS {
        let detail = format!("at most {MAX_SEARCH_CHARS} characters");
        return Err(Violation::new(code::LENGTH, detail));
    }
    let mut words: Vec<String> = Vec::new();
    for word in fold(text).split_whitespace() {
        if !words.iter().any(|earlier| earlier == word) {
            words.push(word.to_owned());
        }
    }
    if words.len() > MAX_SEARCH_WORDS {
        let detail = format!("at most {MAX_SEARCH_WORDS} different words");
        return Err(Violation::new(code::TOO_MANY, detail));
    }
    Ok(words)
}

fn parse_limit(text: &str) -> Result<u32, Violation> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text);
    digits
        .and_then(|digits| digits.parse().ok())
        .filter(|limit| (1..=MAX_PAGE_LIMIT).contains(limit))
        .ok_or_else(|| Violation::new(code::VALUE, format!("a number from 1 to {MAX_PAGE_LIMIT}")))
}

fn parse_include(text: &str) -> Result<(), Violation> {
    match text {
        "total" => Ok(()),
        _ => Err(Violation::new(code::VALUE, "total")),
    }
}
