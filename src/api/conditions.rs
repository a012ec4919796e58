//! Conditional requests: entity tags, `If-Match` and `If-None-Match` (RFC 9110, section 13).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use super::AppState;
use crate::database::tasks::Precondition;
use crate::error::Error;

/// The most entity tags that one header may list.
const MAX_TAGS: usize = 16;

/// The strong entity tag of a version: the number in quotes.
pub fn entity_tag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).expect("a number in quotes is ASCII")
}

/// What the write of a request is conditional on.
pub struct WriteCondition(pub Precondition);

impl FromRequestParts<AppState> for WriteCondition {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        let if_match = parse(&parts.headers, header::IF_MATCH)?;
        let if_none_match = parse(&parts.headers, header::IF_NONE_MATCH)?;
        match (if_match, if_none_match) {
            (None, None) => Ok(Self(Precondition::None)),
            (Some(Tags::Any), None) => Ok(Self(Precondition::Exists)),
            (Some(Tags::Listed(tags)), None) => {
                // Only a strong tag can say which version is meant.
                let strong = tags.into_iter().filter(|tag| !tag.weak);
                Ok(Self(Precondition::Versions(strong.filter_map(|tag| tag.version).collect())))
            }
            (None, Some(Tags::Any)) => Ok(Self(Precondition::Absent)),
            _ => Err(Error::Malformed(
                "a write takes If-Match, or If-None-Match: *, and not both".to_owned(),
            )),
        }
    }
}

/// The versions that the caller has already.
pub struct ReadCondition(Option<Tags>);

impl ReadCondition {
    /// Whether the caller has this version.
    pub fn is_met_by(&self, version: i64) -> bool {
        match &self.0 {
            None => false,
            Some(Tags::Any) => true,
            Some(Tags::Listed(tags)) => tags.iter().any(|tag| tag.version == Some(version)),
        }
    }
}

impl FromRequestParts<AppState> for ReadCondition {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Error> {
        parse(&parts.headers, header::IF_NONE_MATCH).map(Self)
    }
}

enum Tags {
    Any,
    Listed(Vec<Tag>),
}

struct Tag {
    weak: bool,
    /// `None` for a tag that is not of our making; it matches nothing.
    version: Option<i64>,
}

fn parse(headers: &HeaderMap, name: HeaderName) -> Result<Option<Tags>, Error> {
    let malformed = || {
        let expected = format!("{name} must be *, or 1 to {MAX_TAGS} entity tags such as \"7\"");
        Error::Malformed(expected)
    };
    let mut tags = Vec::new();
    let mut any = false;
    for value in headers.get_all(&name) {
        for tag in value.to_str().map_err(|_| malformed())?.split(',').map(str::trim) {
            match tag {
                "" => {}
                "*" => any = true,
                tag => tags.push(parse_tag(tag).ok_or_else(malformed)?),
            }
        }
    }
    match (any, tags.len()) {
        (true, 0) => Ok(Some(Tags::Any)),
        (false, 0) if headers.contains_key(&name) => Err(malformed()),
        (false, 0) => Ok(None),
        (false, 1..=MAX_TAGS) => Ok(Some(Tags::Listed(tags))),
        _ => Err(malformed()),
    }
}

fn parse_tag(text: &str) -> Option<Tag> {
    let (weak, quoted) = match text.strip_prefix("W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let version = opaque.parse::<i64>().ok().filter(|version| version.to_string() == opaque);
    (!opaque.contains('"')).then_some(Tag { weak, version })
}
