//! What comes before everything else under `/api/auth`: who is calling, and whether they have called too often.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use utoipa::openapi::header::Header;
use utoipa::openapi::{Content, Object, Paths, RefOr, ResponseBuilder, Type};

use super::PATH;
use super::app::AuthApp;
use super::reply::AuthError;
use crate::models::client_address::ClientAddress;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is needed to tell.
pub(super) struct Limits {
    app: AuthApp,
    /// The paths that have a window of their own. Those with a parameter are not among them: each of their paths
    /// could be made up.
    routes: HashSet<String>,
    has_warned: AtomicBool,
}

impl Limits {
    /// `routes` are the paths below `/api/auth` that something is served at.
    pub(super) fn new(app: AuthApp, routes: impl Iterator<Item = String>) -> Self {
        let routes = routes.filter(|path| !path.contains('{')).collect();
        Self { app, routes, has_warned: AtomicBool::new(false) }
    }

    /// Says, once, that a proxy seems to be in front which is not configured.
    fn warn_of_unknown_proxy(&self, request: &Request, peer: IpAddr) {
        let forwarded = [X_FORWARDED_FOR, header::FORWARDED];
        let Some(name) = forwarded.iter().find(|name| request.headers().contains_key(*name)) else {
            return;
        };
        if self.app.trusted_proxies.trusts(peer) || self.has_warned.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            %peer,
            header = %name,
            "a request names another client than its peer, which is not believed; if the peer is your proxy, \
             put it into TRUSTED_PROXIES, or all its clients are limited as one"
        );
    }
}

/// Finds out who is calling, for the handlers as well, and answers 429 where it was too often.
pub(super) async fn limit(
    State(limits): State<Arc<Limits>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = peer(&request);
    limits.warn_of_unknown_proxy(&request, peer);
    let app = &limits.app;
    let headers: Vec<_> = request.headers().get_all(X_FORWARDED_FOR).iter().collect();
    let texts = headers.iter().map(|header| String::from_utf8_lossy(header.as_bytes()));
    let texts: Vec<_> = texts.collect();
    let client = app.trusted_proxies.client(peer, texts.iter().map(AsRef::as_ref));
    let issuer = app.issuer();
    if issuer.limits.are_on() {
        let path = request.uri().path().trim_end_matches('/');
        let path = path.strip_prefix(PATH).unwrap_or(path);
        let is_route = |path: &str| limits.routes.contains(path);
        let now = issuer.clock.now();
        if let Err(too_many) = issuer.limits.requests.count(client, path, is_route, now) {
            return AuthError::from(too_many).into_response();
        }
    }
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// Adds the 429 to every operation.
pub(super) fn document(paths: &mut Paths) {
    let seconds = Header::new(Object::with_type(Type::Integer));
    let too_many = ResponseBuilder::new()
        .description("Too many requests from one client, or too many guesses at one account")
        .header("X-Retry-After", seconds)
        .content("application/json", Content::new(Some(Object::with_type(Type::Object))))
        .build();
    for item in paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.insert("429".to_owned(), RefOr::T(too_many.clone()));
        }
    }
}

/// Who sent a request that [`limit`] has let through.
pub(super) fn client_address(request: &Request) -> ClientAddress {
    let found = request.extensions().get().copied();
    found.unwrap_or_else(|| ClientAddress::of(peer(request)))
}

/// The peer of the connection. Requests without one, which do not come from the network, count as one client.
fn peer(request: &Request) -> IpAddr {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    connection.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(peer)| peer.ip().to_canonical())
}
