//! Whole requests: `METHOD target`, headers one a line, an empty line, the body. `{jwt}` and the like stand for what only
//! the running application knows (`Stage::placeholders`).

use std::net::{Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use url::Url;

use super::stage::{BOBS_SECRET, Stage, with};
use crate::support::app::BASE_URL;
use crate::support::http::Response;
use crate::support::openapi;

/// What was asked, and what the application said.
pub struct Exchange {
    pub method: Method,
    pub target: Uri,
    /// Whether there was anything that could tell who is calling.
    pub has_credentials: bool,
    pub response: Response,
}

/// Sends the request of an input, if it is one, and checks what is true of every answer.
pub fn exchange(input: &[u8], is_meant: impl Fn(&Uri) -> bool) -> Option<Exchange> {
    with(|stage| {
        let request = read(&filled(input, stage))?;
        if !is_meant(request.uri()) {
            return None;
        }
        let (method, target) = (request.method().clone(), request.uri().clone());
        let has_credentials = [header::AUTHORIZATION, header::COOKIE]
            .iter()
            .any(|name| request.headers().contains_key(name));
        let mut response = stage.runtime.block_on(stage.app.send_unchecked(request));
        response.body = response.decoded();
        let exchange = Exchange { method, target, has_credentials, response };
        check(&exchange, stage);
        stage.restore();
        Some(exchange)
    })
}

fn filled(input: &[u8], stage: &Stage) -> Vec<u8> {
    let mut filled = Vec::with_capacity(input.len() + 1_024);
    let mut rest = input;
    let placeholders = stage.placeholders();
    while let Some((&first, after)) = rest.split_first() {
        match placeholders.iter().find(|(name, _)| rest.starts_with(name.as_bytes())) {
            Some((name, value)) => {
                filled.extend_from_slice(value.as_bytes());
                rest = &rest[name.len()..];
            }
            None => {
                filled.push(first);
                rest = after;
            }
        }
    }
    filled
}

/// `None` where hyper would not take it either.
fn read(input: &[u8]) -> Option<Request<Body>> {
    let end = input.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&input[..end], &input[end + 2..]),
        None => (input, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let target = Uri::try_from(&first[space + 1..]).ok()?;
    let peer = ConnectInfo(SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)));
    let mut request = Request::builder().method(method).uri(target).extension(peer);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_vec())).ok()
}

fn check(exchange: &Exchange, stage: &Stage) {
    let Exchange { method, target, response, .. } = exchange;
    let shown = || format!("{method} {target}: {} {}", response.status, response.text());
    assert!(!response.status.is_server_error(), "{}", shown());
    openapi::check(method, target.path(), response);
    assert!(!response.text().contains(BOBS_SECRET), "{}", shown());
    assert!(!response.header("x-request-id").is_empty(), "{}", shown());
    assert_eq!(response.header("x-content-type-options"), "nosniff", "{}", shown());
    for cookie in response.set_cookies() {
        let is_ours = cookie.starts_with("better-auth.");
        assert!(is_ours && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    let location = response.header("location");
    if !location.is_empty() {
        let base = Url::parse(BASE_URL).and_then(|base| base.join(target.path())).expect("a URL");
        let address = base.join(location).expect("an address");
        assert!(stage.app.state.origins.is_trusted(address.as_str()), "{location}");
    }
}

impl Exchange {
    /// A refusal of a task route is a problem document.
    pub fn check_problem(&self) {
        let Self { method, target, response, .. } = self;
        let refused = response.status.is_client_error() && *method != Method::HEAD;
        if refused && response.status != StatusCode::PRECONDITION_FAILED {
            let code = response.json()["code"].as_str().map(str::to_owned);
            let code = code.unwrap_or_else(|| panic!("{method} {target}: {}", response.text()));
            response.problem(response.status.as_u16(), &code);
        }
    }
}
