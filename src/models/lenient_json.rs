//! Reads JSON as JavaScript does, which is what Better Auth's routes take: of two equal names the last counts, and what
//! is no Unicode becomes U+FFFD instead of an error.

use std::borrow::Cow;

use serde_json::Value;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// `\uXXXX`.
const ESCAPE_LENGTH: usize = 6;

/// The value in a body, or `None` where it is no JSON.
pub fn parse(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(&without_lone_surrogates(&text)).ok()
}

/// Halves of surrogate pairs that stand alone as escapes, replaced.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        repaired.push_str(&rest[..start]);
        rest = &rest[start..];
        let (taken, written) = match (unit(rest), rest.get(ESCAPE_LENGTH..).and_then(unit)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => {
                (2 * ESCAPE_LENGTH, &rest[..2 * ESCAPE_LENGTH])
            }
            (Some(0xd800..0xe000), _) => (ESCAPE_LENGTH, "\\ufffd"),
            // The backslash and what it escapes, so that an escaped backslash begins no escape.
            _ => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                (length, &rest[..length])
            }
        };
        repaired.push_str(written);
        rest = &rest[taken..];
    }
    repaired.push_str(rest);
    Cow::Owned(repaired)
}

/// The UTF-16 code unit of the escape that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}
