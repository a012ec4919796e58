//! What every answer tells browsers: to take nothing for a page that is none, to run nothing that is not ours, and to
//! tell nobody where they were.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

/// An answer that is no page loads nothing and stands in no frame.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";
/// Swagger UI: scripts from the binary alone, pictures and styles also from within the pages.
const DOCS: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
     style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page and what belongs to it (a picture may be opened alone, and a worker is bound by its own): this server alone,
/// nothing from within the page, no window that another site has opened, and no device.
pub const PAGE: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];
/// Whose an answer is depends on these. That nobody keeps it is said where it is made: below `/api/auth` as Better Auth
/// says it.
const WHO: &str = "authorization, cookie";

/// Adds the headers that the answer does not have already.
pub async fn add(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    add_to(response.headers_mut(), uri.path());
    response
}

/// Adds them to an answer of this path.
pub fn add_to(headers: &mut HeaderMap, path: &str) {
    let is_docs = path == "/docs" || path.starts_with("/docs/");
    add_where_missing(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    add_where_missing(headers, header::REFERRER_POLICY, "no-referrer");
    let policy = if is_docs { DOCS } else { NO_PAGE };
    add_where_missing(headers, header::CONTENT_SECURITY_POLICY, policy);
    if path.starts_with("/api/") {
        headers.append(header::VARY, HeaderValue::from_static(WHO));
    }
}

fn add_where_missing(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
