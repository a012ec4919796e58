//! Origins that are trusted, exactly or by pattern (BETTER-AUTH.md 1.4).

/// An origin that may sign people in: an exact one, or one with `*.` for any subdomain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    /// `None` matches any scheme.
    scheme: Option<String>,
    /// What follows the scheme: host and port, without the `*.` of a wildcard.
    rest: String,
    wildcard: bool,
}

impl OriginPattern {
    /// Reads `https://app.example.com`, `https://*.example.com`, `*.example.com` or `myapp://`.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let (rest, wildcard) = match rest.strip_prefix("*.") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let scheme_reads = scheme.is_none_or(|scheme| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        let web = scheme.is_none_or(|scheme| matches!(scheme, "http" | "https"));
        let rest_reads = rest.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c));
        let complete = if web { !rest.is_empty() && (scheme.is_some() || wildcard) } else { true };
        (scheme_reads && rest_reads && complete).then(|| Self {
            scheme: scheme.map(str::to_ascii_lowercase),
            rest: rest.to_ascii_lowercase(),
            wildcard,
        })
    }

    /// Whether `origin`, as a browser sends it, is meant.
    pub fn matches(&self, origin: &str) -> bool {
        let Some((scheme, rest)) = origin.split_once("://") else {
            return false;
        };
        if self.scheme.as_deref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(scheme)) {
            return false;
        }
        let rest = rest.to_ascii_lowercase();
        if self.wildcard {
            rest.strip_suffix(&self.rest).is_some_and(|sub| sub.len() > 1 && sub.ends_with('.'))
        } else {
            rest == self.rest
        }
    }
}
