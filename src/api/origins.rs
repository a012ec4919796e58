//! Which pages may act for somebody who is signed in (BETTER-AUTH.md 1.4).

use axum::http::{HeaderMap, HeaderName, header};
use url::Url;

use crate::models::origin_pattern::OriginPattern;
use crate::models::redirect;

/// The origins that are trusted: our own, and those that were configured.
#[derive(Clone, Debug)]
pub struct Origins {
    own: String,
    trusted: Vec<OriginPattern>,
    /// Whether browsers reach us by https, so that cookies are kept to it.
    pub secure: bool,
}

/// Why a request that changes something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginError {
    MissingOrNull,
    Untrusted,
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Origins {
    /// The server's own public address, and other origins that it trusts.
    pub fn new(base_url: &Url, trusted: Vec<OriginPattern>) -> Self {
        Self {
            own: base_url.origin().ascii_serialization(),
            trusted,
            secure: base_url.scheme() == "https",
        }
    }

    /// The origin of the server's public address: scheme, host and port.
    pub fn own(&self) -> &str {
        &self.own
    }

    /// Checks where a request comes from that carries cookies and is no GET, HEAD or OPTIONS: its `Origin`,
    /// or else its `Referer`, must be trusted.
    ///
    /// # Errors
    /// [`OriginError`].
    pub fn check(&self, headers: &HeaderMap) -> Result<(), OriginError> {
        let origin = text(headers, header::ORIGIN);
        let from = if origin.is_empty() { text(headers, header::REFERER) } else { origin };
        match from {
            "" => Err(OriginError::MissingOrNull),
            "null" if text(headers, SEC_FETCH_SITE) == "same-origin" => {
                // The browser vouches that it is the host's own page; the host must be one of ours.
                let scheme = if self.secure { "https" } else { "http" };
                let host = format!("{scheme}://{}", text(headers, header::HOST));
                if self.is_trusted(&host) { Ok(()) } else { Err(OriginError::Untrusted) }
            }
            "null" => Err(OriginError::MissingOrNull),
            from if self.is_trusted(from) => Ok(()),
            _ => Err(OriginError::Untrusted),
        }
    }

    /// Whether an absolute URL, or an origin, is one of ours or a trusted one.
    pub fn is_trusted(&self, address: &str) -> bool {
        let Ok(url) = Url::parse(address) else {
            return false;
        };
        let origin = match url.scheme() {
            "http" | "https" => url.origin().ascii_serialization(),
            scheme => format!("{scheme}://{}", url.host_str().unwrap_or_default()),
        };
        origin == self.own || self.trusted.iter().any(|pattern| pattern.matches(&origin))
    }

    /// Whether somebody may be sent to `target` after signing in: a path here, or a trusted origin.
    pub fn allows_redirect(&self, target: &str) -> bool {
        // A header cannot hold control characters, and without them it would be another address. A backslash is a slash to
        // browsers and none to other clients.
        if target.chars().any(|char| char.is_control() || char == '\\') {
            return false;
        }
        let path = target.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let is_path = target.starts_with('/')
            && !target.starts_with("//")
            && !path.contains("%2f")
            && !path.contains("%5c")
            && redirect::stays_a_path(target);
        is_path || self.is_trusted(target)
    }
}

/// A header as text, empty where it is missing or is none.
pub fn text(headers: &HeaderMap, name: HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim()
}
