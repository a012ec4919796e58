//! Origins that are trusted, exactly or by pattern (BETTER-AUTH.md 1.4).

/// Origins that may sign people in: `https://app.example.com`, any subdomain (`https://*.example.com`, or
/// `*.example.com` for http as well), or everything of an app's own scheme (`myapp://`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    /// `None` matches http and https.
    scheme: Option<String>,
    host: HostPattern,
}

/// Host and port, in lower case, without a port that goes without saying.
#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    Exactly(String),
    Below(String),
}

impl OriginPattern {
    /// The pattern in `text`, or `None` where it is of none of those forms.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (scheme, host) = match text.split_once("://") {
            Some((scheme, host)) => (Some(scheme), host.trim_end_matches('/')),
            None => (None, text.as_str()),
        };
        let scheme_reads = scheme.is_none_or(|scheme| {
            // What a browser would run rather than go to.
            !["javascript", "data", "vbscript"].contains(&scheme)
                && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        let is_web = scheme.is_none_or(is_web);
        let host = match (host, host.strip_prefix("*.")) {
            (_, Some("")) => return None,
            (_, Some(domain)) => HostPattern::Below(domain.to_owned()),
            ("", None) if is_web => return None,
            ("", None) => HostPattern::Any,
            (host, None) => HostPattern::Exactly(without_default_port(scheme?, host).to_owned()),
        };
        let host_reads = match &host {
            HostPattern::Any => true,
            HostPattern::Exactly(host) | HostPattern::Below(host) => {
                host.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c))
            }
        };
        (scheme_reads && host_reads).then(|| Self { scheme: scheme.map(str::to_owned), host })
    }

    /// Whether `origin`, as a browser sends it, is meant.
    pub fn matches(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let Some((scheme, host)) = origin.split_once("://") else {
            return false;
        };
        let same_scheme = match self.scheme.as_deref() {
            Some(wanted) => wanted == scheme,
            None => is_web(scheme),
        };
        same_scheme
            && match &self.host {
                HostPattern::Any => true,
                HostPattern::Exactly(wanted) => wanted == without_default_port(scheme, host),
                HostPattern::Below(domain) => host
                    .strip_suffix(domain.as_str())
                    .is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
            }
    }
}

fn without_default_port<'a>(scheme: &str, host: &'a str) -> &'a str {
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return host,
    };
    host.strip_suffix(port).unwrap_or(host)
}

fn is_web(scheme: &str) -> bool {
    matches!(scheme, "http" | "https")
}
