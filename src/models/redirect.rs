//! Where a link in an e-mail leads in the end: addresses with something added to their query, as JavaScript's `URL`
//! writes them (the URL standard), because Better Auth does (BETTER-AUTH.md 5.8).

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// What JavaScript's `encodeURIComponent` leaves as it is, besides letters and digits.
pub const KEPT_BY_JAVASCRIPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// `target`, seen from `base`, with one parameter set: an earlier one of that name is replaced where it stood, and the
/// whole query is written anew as a form. `None` where it is no address.
pub fn with_parameter_set(base: &Url, target: &str, name: &str, value: &str) -> Option<String> {
    let mut url = base.join(target).ok()?;
    let mut pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let mut replaced = false;
    pairs.retain_mut(|(key, old)| {
        if key != name {
            return true;
        }
        value.clone_into(old);
        !std::mem::replace(&mut replaced, true)
    });
    if !replaced {
        pairs.push((name.to_owned(), value.to_owned()));
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
    Some(url.into())
}

/// Whether a path is still one when `..` and the like are taken out of it: `/..//example.com` would name a host then.
pub fn stays_a_path(target: &str) -> bool {
    on_some_host(target).is_some()
}

/// `target` with `error=code` behind its query, which stays as it was written. A path stays a path. `None` where it is
/// neither a path nor an address.
pub fn with_error(target: &str, code: &str) -> Option<String> {
    let is_path = target.starts_with('/');
    let mut url = if is_path { on_some_host(target) } else { Url::parse(target).ok() }?;
    let query = match url.query() {
        None | Some("") => format!("error={code}"),
        Some(query) if query.ends_with('&') => format!("{query}error={code}"),
        Some(query) => format!("{query}&error={code}"),
    };
    url.set_query(Some(&query));
    Some(if is_path { url[url::Position::BeforePath..].to_owned() } else { url.into() })
}

/// A path as an address; `None` where it leads to another host, or would when it stands alone.
fn on_some_host(target: &str) -> Option<Url> {
    let somewhere = Url::parse("https://duly.invalid").expect("it is a URL");
    let url = somewhere.join(target).ok()?;
    (url.origin() == somewhere.origin() && !url.path().starts_with("//")).then_some(url)
}

/// `target` as it can stand in a `Location` header: what is not ASCII, and what would end the line, percent-encoded.
pub fn location(target: &str) -> String {
    utf8_percent_encode(target, CONTROLS).to_string()
}
