//! The secret that signs cookies and encrypts keys, kept out of sight.

use std::fmt;

/// The shortest secret that is accepted, in characters (BETTER-AUTH.md 1.3).
pub const MIN_SECRET_CHARS: usize = 32;

/// A text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret in `text`, or `None` where it is shorter than [`MIN_SECRET_CHARS`].
    pub fn parse(text: &str) -> Option<Self> {
        (text.chars().count() >= MIN_SECRET_CHARS).then(|| Self(text.to_owned()))
    }

    /// The bytes that cryptography works with: the text's UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}
