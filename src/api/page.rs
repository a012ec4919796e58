//! The page at `/`: the files under `web/`, which `build.rs` has compressed and put into the binary.
//!
//! Addresses are looked up in the table of those files and nowhere else.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

use super::{AppState, security_headers};
use crate::error::Error;

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A file of the page.
pub struct File {
    /// Relative to `web/`.
    pub path: &'static str,
    pub media_type: &'static str,
    /// The smallest comes first, and last the file as it is.
    pub forms: &'static [Form],
}

/// A file's bytes in one encoding.
pub struct Form {
    /// As `Accept-Encoding` names it.
    pub encoding: &'static str,
    /// A hash of the bytes, in quotes.
    pub entity_tag: &'static str,
    pub bytes: &'static [u8],
}

/// The start, and files that browsers want at an address of their own: it says how far a worker reaches, and what
/// was installed. All others are below `/assets`.
pub const AT_THE_ROOT: [(&str, &str); 4] = [
    ("/", "index.html"),
    ("/favicon.svg", "favicon.svg"),
    ("/manifest.webmanifest", "manifest.webmanifest"),
    ("/sw.js", "sw.js"),
];

/// For an address whose file changes: kept, and asked for again each time.
const REVALIDATED: &str = "no-cache";
/// For an address that holds the hash of everything: a year, and not asked for again before.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The page, or where there is nobody to sign in here, the way to the documentation.
pub fn router(app: &AppState) -> Router<AppState> {
    if app.services.issuer.is_none() {
        return Router::new().route("/", get(async || Redirect::temporary("/docs/")));
    }
    let mut router = Router::new().route("/assets/{hash}/{*path}", get(asset));
    for (address, path) in AT_THE_ROOT {
        let file = find(path).expect("a test holds that web/ has it");
        let serve = get(async move |headers: HeaderMap| answer(file, REVALIDATED, &headers));
        router = router.route(address, serve);
    }
    router.method_not_allowed_fallback(async || Error::MethodNotAllowed)
}

/// Another version's hash is 404, and not this version's file: a page of two versions is worse than one that does not
/// load, and a service worker would keep it.
async fn asset(
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let Path((hash, path)) = path.map_err(|_| Error::NoRoute)?;
    let is_at_the_root = AT_THE_ROOT.iter().any(|(_, file)| *file == path);
    match find(&path) {
        Some(file) if hash == HASH && !is_at_the_root => Ok(answer(file, IMMUTABLE, &headers)),
        _ => Err(Error::NoRoute),
    }
}

fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

fn answer(file: &'static File, cache_control: &'static str, request: &HeaderMap) -> Response {
    let form = preferred(file.forms, request);
    let headers = [
        (header::CACHE_CONTROL, cache_control),
        (header::ETAG, form.entity_tag),
        (header::VARY, "accept-encoding"),
    ];
    if has(request, form.entity_tag) {
        return (StatusCode::NOT_MODIFIED, headers, security_headers::PAGE).into_response();
    }
    let content = [(header::CONTENT_TYPE, file.media_type)];
    let mut response =
        (headers, security_headers::PAGE, content, Body::from(Bytes::from_static(form.bytes)))
            .into_response();
    if form.encoding != "identity" {
        let encoding = form.encoding.parse().expect("it is a header's value");
        response.headers_mut().insert(header::CONTENT_ENCODING, encoding);
    }
    response
}

/// The form that the caller likes best, of equals the smallest (RFC 9110, section 12.5.3). Who takes none gets the file
/// as it is.
fn preferred(forms: &'static [Form], request: &HeaderMap) -> &'static Form {
    let plain = forms.last().expect("a file has a form");
    let weighed = forms.iter().map(|form| (form, weight(form.encoding, request)));
    let best = weighed.fold((plain, 0.0), |best, next| if next.1 > best.1 { next } else { best });
    best.0
}

/// How much the caller likes an encoding, from 0 (not at all) to 1.
fn weight(encoding: &str, request: &HeaderMap) -> f32 {
    // What nobody has excluded is taken, but liked less than anything that is asked for.
    let mut unlisted = if encoding == "identity" { 0.0005 } else { 0.0 };
    for element in listed(request, header::ACCEPT_ENCODING) {
        let (name, parameter) = element.split_once(';').unwrap_or((element, "q=1"));
        let weight = parameter.split_once('=').and_then(|(_, weight)| weight.trim().parse().ok());
        let weight = weight.unwrap_or(0.0);
        match name.trim() {
            name if name.eq_ignore_ascii_case(encoding) => return weight,
            "*" => unlisted = weight,
            _ => {}
        }
    }
    unlisted
}

/// Whether the caller has the bytes of this entity tag already (RFC 9110, section 13.1.2).
fn has(request: &HeaderMap, entity_tag: &str) -> bool {
    listed(request, header::IF_NONE_MATCH)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == entity_tag)
}

/// The elements of a header that is a list.
fn listed(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter();
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}
