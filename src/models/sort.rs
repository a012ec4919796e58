//! What a list of tasks is ordered by.

use std::fmt;

use super::validation::{Violation, code};

/// The most keys that one order can have.
pub const MAX_SORT_KEYS: usize = 4;

/// Something that tasks can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortField {
    Created,
    Updated,
    /// By the bytes of the folded title: without regard to case or accents.
    Title,
    /// Tasks without a due date come last in both directions.
    DueDate,
    /// By rank: `none` first.
    Priority,
}

impl SortField {
    /// Every field.
    pub const ALL: [Self; 5] =
        [Self::Created, Self::Updated, Self::Title, Self::DueDate, Self::Priority];

    /// The name that stands in a query.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Title => "title",
            Self::DueDate => "due_date",
            Self::Priority => "priority",
        }
    }
}

/// A field and its direction: `title`, `-title`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    pub field: SortField,
    pub descending: bool,
}

impl SortKey {
    fn parse(text: &str) -> Option<Self> {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let field = SortField::ALL.into_iter().find(|field| field.as_str() == name)?;
        Some(Self { field, descending })
    }
}

/// An order: one to four keys, no field twice. It displays as it is parsed: `-priority,due_date`.
///
/// Tasks that are equal in every key are ordered by `id`, in the direction of the last key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort(Vec<SortKey>);

impl Sort {
    /// Reads `-priority,due_date`.
    ///
    /// # Errors
    /// `value` for an unknown or repeated field, or more than [`MAX_SORT_KEYS`].
    pub fn parse(text: &str) -> Result<Self, Violation> {
        let mut keys: Vec<SortKey> = Vec::new();
        for name in text.split(',') {
            let key = SortKey::parse(name).ok_or_else(unknown_key)?;
            if keys.iter().any(|earlier| earlier.field == key.field) {
                let detail = format!("{} only once", key.field.as_str());
                return Err(Violation::new(code::VALUE, detail));
            }
            keys.push(key);
        }
        if keys.len() > MAX_SORT_KEYS {
            return Err(Violation::new(code::VALUE, format!("at most {MAX_SORT_KEYS} keys")));
        }
        Ok(Self(keys))
    }

    /// The keys, the most significant first.
    pub fn keys(&self) -> &[SortKey] {
        &self.0
    }

    /// The direction of the last key, and so of `id`, on which every order ends.
    pub fn tie_descending(&self) -> bool {
        self.0.last().is_some_and(|key| key.descending)
    }
}

impl Default for Sort {
    /// `-created`
    fn default() -> Self {
        Self(vec![SortKey { field: SortField::Created, descending: true }])
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let sign = if key.descending { "-" } else { "" };
            write!(formatter, "{comma}{sign}{}", key.field.as_str())?;
        }
        Ok(())
    }
}

fn unknown_key() -> Violation {
    let names = SortField::ALL.map(SortField::as_str).join(", ");
    Violation::new(code::VALUE, format!("{names}, comma separated, - in front for descending"))
}
