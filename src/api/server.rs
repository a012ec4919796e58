//! The application on the network: accepting connections, and stopping without dropping anybody.
//!
//! A server stops in two steps. While it drains it still takes connections, so that load balancers have the time to
//! notice that it is not ready, and every answer asks its client to leave. Then it closes: what the kernel has accepted
//! by then is served as well, what runs is finished, and nothing else is taken.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Request, Version, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics::{counter, gauge};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;

use super::admission::{Admission, Place};
use super::{App, AppState, failures, overload};
use crate::error::Error;

/// How long a client may take to send the head of a request, and how long a connection may stay idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a head, in bytes, is read before the next look at its size. What is longer by then is 431 before there
/// is a request; a token of a megabyte must still get the 401 of any other that is none.
const MAX_HEAD_BYTES: usize = 1_152 * 1024;
/// How long requests that run may go on once the server closes: longer than any may take, shorter than the
/// thirty seconds after which process managers lose patience.
const FINISH_TIMEOUT: Duration = Duration::from_secs(22);
/// How long a connection without a request is kept once the server closes: a request may be on its way.
const LAST_REQUEST_WAIT: Duration = Duration::from_millis(500);
/// How many connections the kernel keeps until they are taken, as far as it keeps so many. One more hears nothing, and
/// tries again after a second.
const BACKLOG: u32 = 4_096;
/// What a connection hears that is one too many.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
    content-length: 0\r\n\r\n";
/// How long to wait after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How far the server has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It takes whatever comes.
    Serving,
    /// It still does, and asks clients to leave.
    Draining,
    /// It takes nothing new, and finishes what runs.
    Closing,
}

/// What every connection has.
#[derive(Clone)]
struct Connections {
    app: AppState,
    router: Router,
    admission: Admission,
    phase: watch::Receiver<Phase>,
    /// Held as long as a connection is open, and never sent on.
    open: mpsc::Sender<()>,
}

/// Listens. To be called within a runtime.
///
/// # Errors
/// Where the address is taken, not of this machine, or not for us.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // So that the next one need not wait for what the last one has left.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until the phase is [`Phase::Closing`], or nobody is left to say so; then finishes what runs.
pub async fn serve(
    listener: TcpListener,
    app: AppState,
    admission: Admission,
    phase: watch::Receiver<Phase>,
) {
    let (open, mut all_closed) = mpsc::channel(1);
    let mut closing = phase.clone();
    let router = super::router(Arc::clone(&app));
    let connections = Connections { app, router, admission, phase, open };
    let mut closing = pin!(reaching(&mut closing, Phase::Closing));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut closing => break,
        };
        match accepted {
            Ok((stream, peer)) => connections.spawn(stream, peer),
            Err(error) => pause_after(error).await,
        }
    }
    if let Err(error) = connections.spawn_queued(listener) {
        tracing::warn!(%error, "the last connections could not be accepted");
    }
    drop(connections);
    if tokio::time::timeout(FINISH_TIMEOUT, all_closed.recv()).await.is_err() {
        tracing::warn!("some requests were still running when the time to finish them was over");
    }
}

/// Waits for a phase, or for the end of whoever tells.
async fn reaching(phase: &mut watch::Receiver<Phase>, awaited: Phase) {
    // An error says that the sender is gone: then there is nothing to wait for.
    let _ = phase.wait_for(|phase| *phase >= awaited).await;
}

impl Connections {
    fn spawn(&self, stream: TcpStream, peer: SocketAddr) {
        let Some(place) = self.admission.admit() else {
            // As much as fits without waiting, which all of it does.
            let _ = stream.try_write(TOO_MANY);
            counter!("http_connections_refused_total").increment(1);
            return;
        };
        // Answers are small and complete; waiting to fill a packet only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
        let connection = self.clone().serve(stream, peer, place);
        tokio::spawn(async move {
            gauge!("http_connections_open").increment(1);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            gauge!("http_connections_open").decrement(1);
        });
    }

    /// Takes what the kernel has accepted already; closing the listener would reset it.
    fn spawn_queued(&self, listener: TcpListener) -> io::Result<()> {
        // By the system call itself: tokio asks it only after it was told that somebody waits.
        let listener = listener.into_std()?;
        for _ in 0..=BACKLOG {
            match listener.accept() {
                Ok((stream, peer)) => {
                    stream.set_nonblocking(true)?;
                    self.spawn(TcpStream::from_std(stream)?, peer);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if is_the_clients(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// One connection, to its end.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, place: Place) -> hyper::Result<()> {
        let Self { app, router, mut phase, open: _open, .. } = self;
        let (stream, on_request) = (place.metered(stream), place.on_request());
        let phase_of_answer = phase.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            on_request();
            let (app, router) = (Arc::clone(&app), router.clone());
            let phase = phase_of_answer.clone();
            async move {
                let mut answer = answer(&app, router, peer, request).await;
                if *phase.borrow() != Phase::Serving {
                    let close = HeaderValue::from_static("close");
                    answer.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let closing = async {
            reaching(&mut phase, Phase::Closing).await;
            tokio::time::sleep(LAST_REQUEST_WAIT).await;
        };
        tokio::select! {
            biased;
            ended = connection.as_mut() => return ended,
            () = closing => {}
        }
        connection.as_mut().graceful_shutdown();
        connection.await
    }
}

/// By the router, where the request gets so far.
async fn answer(
    app: &App,
    router: Router,
    peer: SocketAddr,
    mut request: Request<Incoming>,
) -> Response {
    if !names_one_host(&request) {
        let error = "a request must have one Host header (RFC 9112, section 3.2)";
        return failures::refusal(&request, Error::Malformed(error.to_owned()));
    }
    if overload::refuses(app, &request) {
        return overload::refuse(app, request).await;
    }
    request.extensions_mut().insert(ConnectInfo(peer));
    let answered = router.oneshot(request.map(Body::new)).await;
    answered.unwrap_or_else(|never| match never {})
}

/// What came before HTTP/1.1 need not.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() < Version::HTTP_11
}

/// A client that hung up in the queue is nothing; running out of descriptors calls for patience.
async fn pause_after(error: io::Error) {
    if !is_the_clients(&error) {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset].contains(&error.kind())
}
