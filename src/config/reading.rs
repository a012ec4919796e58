//! Reading one setting.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A setting that is there; an empty variable is one that is not.
pub(super) fn given(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn listed(setting: &Option<String>) -> impl Iterator<Item = &str> {
    given(setting).unwrap_or_default().split(',').map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn number<T: FromStr>(
    name: &str,
    text: &str,
    form: &str,
    problems: &mut Vec<String>,
) -> Option<T> {
    let parsed = text.trim().parse().ok();
    if parsed.is_none() {
        problems.push(format!("{name} must be {form}, not {text:?}"));
    }
    parsed
}

/// As [`number_within`]; `off` is `None`, and no problem.
pub(super) fn number_or_off<T: FromStr + PartialOrd + Display>(
    range: &RangeInclusive<T>,
    name: &str,
    text: &str,
    form: &str,
    problems: &mut Vec<String>,
) -> Option<T> {
    match text.trim() {
        "off" => None,
        text => number_within(range, name, text, form, problems),
    }
}

/// As [`number`]; what is not in the range is a problem as well.
pub(super) fn number_within<T: FromStr + PartialOrd + Display>(
    range: &RangeInclusive<T>,
    name: &str,
    text: &str,
    form: &str,
    problems: &mut Vec<String>,
) -> Option<T> {
    let found = number(name, text, form, problems)?;
    if !range.contains(&found) {
        problems.push(format!("{name} must be {form}, not {found}"));
    }
    Some(found)
}
