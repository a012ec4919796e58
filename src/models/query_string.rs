//! Reads a query string strictly, and hands out its parameters one by one.
//!
//! The form of `application/x-www-form-urlencoded` (`+` is a space), but an invalid escape, invalid UTF-8 or a control
//! character is an error instead of a guess.

use std::collections::BTreeMap;

use super::validation::{MAX_LISTED_ERRORS, ParameterError, Violation, code, shortened};

/// The parameters of one query, and what has been found wrong with them so far.
#[derive(Debug)]
pub struct QueryString {
    values: BTreeMap<String, Vec<String>>,
    errors: Vec<ParameterError>,
}

impl QueryString {
    /// Decodes `raw` (without its `?`), in which only the parameters in `known` may occur. One without `=` is empty.
    pub fn read(raw: &str, known: &[&str]) -> Self {
        let mut query = Self { values: BTreeMap::new(), errors: Vec::new() };
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (raw_name, raw_value) = pair.split_once('=').unwrap_or((pair, ""));
            match decode(raw_name) {
                Ok(name) if known.contains(&name.as_str()) => match decode(raw_value) {
                    Ok(value) => query.values.entry(name).or_default().push(value),
                    Err(violation) => query.refuse(&name, violation),
                },
                Ok(name) => query.refuse(&name, unknown_parameter()),
                Err(violation) => query.refuse(raw_name, violation),
            }
        }
        query
    }

    /// The value of a parameter that can be given once, as `parse` reads it. `None` where it was not given, or was wrong.
    pub fn one<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Violation>,
    ) -> Option<T> {
        let values = self.values.remove(name)?;
        if values.len() > 1 {
            self.refuse(name, Violation::new(code::REPEATED, "only once"));
        }
        self.accept(name, parse(values.first()?))
    }

    /// Everything that was given for a repeatable parameter, as `parse` reads it; empty where that was wrong.
    pub fn all<T: Default>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&[String]) -> Result<T, Violation>,
    ) -> T {
        let values = self.values.remove(name).unwrap_or_default();
        self.accept(name, parse(&values)).unwrap_or_default()
    }

    /// `result`, if all parameters were right.
    ///
    /// # Errors
    /// Every wrong parameter, up to [`MAX_LISTED_ERRORS`].
    pub fn finish<T>(mut self, result: T) -> Result<T, Vec<ParameterError>> {
        self.errors.truncate(MAX_LISTED_ERRORS);
        if self.errors.is_empty() { Ok(result) } else { Err(self.errors) }
    }

    fn accept<T>(&mut self, name: &str, outcome: Result<T, Violation>) -> Option<T> {
        outcome.map_err(|violation| self.refuse(name, violation)).ok()
    }

    fn refuse(&mut self, name: &str, violation: Violation) {
        self.errors.push(violation.in_parameter(shortened(name)));
    }
}

fn unknown_parameter() -> Violation {
    Violation::new(code::UNKNOWN_PARAMETER, "there is no such parameter")
}

fn decode(raw: &str) -> Result<String, Violation> {
    let bytes = unescape(raw.as_bytes())
        .ok_or_else(|| Violation::new(code::FORMAT, "% must be followed by two hex digits"))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Violation::new(code::FORMAT, "must be UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(Violation::new(code::CONTROL_CHARACTER, "no control characters"));
    }
    Ok(text)
}

fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => {
                let ([high, low], after) = rest.split_first_chunk()?;
                rest = after;
                hex_digit(*high)? << 4 | hex_digit(*low)?
            }
            _ => first,
        });
    }
    Some(bytes)
}

fn hex_digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}
