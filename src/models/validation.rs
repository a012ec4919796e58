//! What is wrong with something that was sent: the reason, and the place it was found in.

use serde::Serialize;

/// The most problems that one answer lists, so that a small request cannot ask for a huge answer.
pub const MAX_LISTED_ERRORS: usize = 100;

const MAX_SHOWN_NAME_CHARS: usize = 64;

/// The machine-readable reasons, as they stand under `code` in the `errors` of a problem document.
pub mod code {
    pub const CONTROL_CHARACTER: &str = "control_character";
    /// The cursor is malformed, or belongs to another sort or another user.
    pub const CURSOR: &str = "cursor";
    /// The text does not have the shape it must have.
    pub const FORMAT: &str = "format";
    pub const LENGTH: &str = "length";
    /// A parameter that can be given once was given twice.
    pub const REPEATED: &str = "repeated";
    pub const REQUIRED: &str = "required";
    pub const TOO_MANY: &str = "too_many";
    /// Another JSON type was expected.
    pub const TYPE: &str = "type";
    pub const UNKNOWN_FIELD: &str = "unknown_field";
    pub const UNKNOWN_PARAMETER: &str = "unknown_parameter";
    /// The shape is right, but there is no such value or it is out of range.
    pub const VALUE: &str = "value";
}

/// Why a value was refused, before it is known where the value stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// One of [`code`].
    pub code: &'static str,
    /// For a person, without the name of the field: `1 to 200 characters`.
    pub detail: String,
}

impl Violation {
    /// A reason with its explanation.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// This, found in the field that `pointer` (RFC 6901) points at.
    pub fn at(self, pointer: impl Into<String>) -> FieldError {
        FieldError { pointer: pointer.into(), code: self.code, detail: self.detail }
    }

    /// This, found in the query parameter `parameter`.
    pub fn in_parameter(self, parameter: impl Into<String>) -> ParameterError {
        ParameterError { parameter: parameter.into(), code: self.code, detail: self.detail }
    }
}

/// One bad field of a JSON body: an entry of `errors` in a 422.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// A JSON pointer (RFC 6901): `/title`, `/tags/3`.
    pub pointer: String,
    /// One of [`code`].
    pub code: &'static str,
    pub detail: String,
}

/// One bad query parameter: an entry of `errors` in a 400.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ParameterError {
    /// The parameter's decoded name; as it was sent where it could not be decoded.
    pub parameter: String,
    /// One of [`code`].
    pub code: &'static str,
    pub detail: String,
}

/// `name`, short enough to be quoted in an answer.
pub(super) fn shortened(name: &str) -> String {
    match name.char_indices().nth(MAX_SHOWN_NAME_CHARS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
