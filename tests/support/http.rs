//! Calls and answers, short to write.

use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde_json::Value;

/// A request in the making.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Path and query.
    pub path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    peer: IpAddr,
}

impl Call {
    pub fn new(method: Method, path: &str) -> Self {
        let peer = Ipv4Addr::LOCALHOST.into();
        Self { method, path: path.to_owned(), headers: Vec::new(), body: Bytes::new(), peer }
    }

    pub fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub fn post(path: &str) -> Self {
        Self::new(Method::POST, path)
    }

    pub fn put(path: &str) -> Self {
        Self::new(Method::PUT, path)
    }

    pub fn patch(path: &str) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = name.parse().expect("a header's name");
        self.headers.push((name, HeaderValue::from_str(value).expect("a header's value")));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// A `Cookie` header; `pair` is `name=value`.
    pub fn cookie(self, pair: &str) -> Self {
        self.header("cookie", pair)
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    /// The address that the connection comes from; 127.0.0.1 where nothing is said.
    pub fn peer(mut self, peer: &str) -> Self {
        self.peer = peer.parse().expect("an address");
        self
    }

    pub fn into_request(self) -> Request<Body> {
        let peer = ConnectInfo(SocketAddr::new(self.peer, 50_000));
        let mut request = Request::builder().method(self.method).uri(self.path).extension(peer);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).expect("the path is a URI")
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Response {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as it was before it was compressed.
    pub fn decoded(&self) -> Bytes {
        let mut plain = Vec::new();
        match self.header("content-encoding") {
            "" => return self.body.clone(),
            "br" => {
                brotli::BrotliDecompress(&mut self.body.as_ref(), &mut plain)
                    .expect("it is brotli");
            }
            "gzip" => {
                let mut decoder = flate2::read::GzDecoder::new(self.body.as_ref());
                decoder.read_to_end(&mut plain).expect("it is gzip");
            }
            other => panic!("nobody asked for {other}"),
        }
        plain.into()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The problem document that this must be, of that status and code.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        problem
    }

    /// A header as text; empty where it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The JSON, where the answer has that status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    pub fn set_cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().expect("ASCII").to_owned()).collect()
    }

    /// `name=value` of a cookie that was set, as the next request sends it.
    pub fn cookie_pair(&self, name: &str) -> String {
        let cookies = self.set_cookies();
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}=")));
        let cookie = cookie.unwrap_or_else(|| panic!("{name} was not set: {cookies:?}"));
        cookie.split(';').next().expect("split gives one at least").to_owned()
    }
}
