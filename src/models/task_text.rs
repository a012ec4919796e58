//! The texts of a task: its title, its description, its tags. Lengths are in Unicode scalar values (API.md, "Tasks").

use super::validation::{Violation, code};

/// The longest title, after trimming. The shortest is one character.
pub const MAX_TITLE_CHARS: usize = 200;
/// The longest description.
pub const MAX_DESCRIPTION_CHARS: usize = 10_000;
/// The longest tag, after trimming. The shortest is one character.
pub const MAX_TAG_CHARS: usize = 64;
/// The most tags a task can have, duplicates not counted.
pub const MAX_TAGS: usize = 32;

/// A title: trimmed, 1 to 200 characters, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskTitle(String);

impl TaskTitle {
    /// The title in `text`, trimmed of Unicode white space.
    ///
    /// # Errors
    /// `length` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        parse_line(text, MAX_TITLE_CHARS).map(Self)
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The title as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A description: up to 10,000 characters, kept as it was sent; of the control characters only line feed, carriage
/// return and tab. It may be empty, which is not the same as not having one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDescription(String);

impl TaskDescription {
    /// The description in `text`.
    ///
    /// # Errors
    /// `length` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        if text.chars().count() > MAX_DESCRIPTION_CHARS {
            let detail = format!("at most {MAX_DESCRIPTION_CHARS} characters");
            return Err(Violation::new(code::LENGTH, detail));
        }
        if text.chars().any(|char| char.is_control() && !matches!(char, '\n' | '\r' | '\t')) {
            let detail = "no control characters except line breaks and tabs";
            return Err(Violation::new(code::CONTROL_CHARACTER, detail));
        }
        Ok(Self(text.to_owned()))
    }

    /// The description as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The description as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A tag: trimmed, 1 to 64 characters, no control characters. Case and accents make a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// The tag in `text`, trimmed of Unicode white space.
    ///
    /// # Errors
    /// `length` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Violation> {
        parse_line(text, MAX_TAG_CHARS).map(Self)
    }

    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The tags of a task: up to 32 different ones, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// `tags` without duplicates; of equal ones the first stays.
    ///
    /// # Errors
    /// `too_many`, where more than [`MAX_TAGS`] different ones are left.
    pub fn parse(tags: impl IntoIterator<Item = Tag>) -> Result<Self, Violation> {
        let mut distinct = Vec::new();
        for tag in tags {
            if distinct.contains(&tag) {
                continue;
            }
            if distinct.len() == MAX_TAGS {
                return Err(Violation::new(code::TOO_MANY, format!("at most {MAX_TAGS} tags")));
            }
            distinct.push(tag);
        }
        Ok(Self(distinct))
    }

    /// The tags as text, in order.
    pub fn into_strings(self) -> Vec<String> {
        self.0.into_iter().map(|tag| tag.0).collect()
    }
}

fn parse_line(text: &str, max_chars: usize) -> Result<String, Violation> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max_chars {
        return Err(Violation::new(code::LENGTH, format!("1 to {max_chars} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Violation::new(code::CONTROL_CHARACTER, "no control characters"));
    }
    Ok(text.to_owned())
}
