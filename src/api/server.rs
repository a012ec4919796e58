//! The application on the network: accepting connections, and stopping without dropping anybody.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use metrics::gauge;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

/// How long a client may take to send the head of a request, and how long a connection may stay idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a head, in bytes, is read before the next look at its size. What is longer by then is 431 before there
/// is a request; a token of a megabyte must still get the 401 of any other that is none.
const MAX_HEAD_BYTES: usize = 1_152 * 1024;
/// How long requests that run may go on after the signal to stop: longer than any may take, shorter than the
/// thirty seconds after which process managers lose patience.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(22);
/// How long to wait after an accept that failed for want of resources.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `stop` is ready; then takes no new connection, and finishes what runs.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => spawn_connection(stream, peer, router.clone(), &graceful),
            Err(error) => pause_after(error).await,
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running when the time to finish them was over");
    }
}

fn spawn_connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    graceful: &GracefulShutdown,
) {
    // Answers are small and complete; waiting to fill a packet only delays them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        gauge!("http_connections_open").increment(1);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        gauge!("http_connections_open").decrement(1);
    });
}

/// A client that hung up in the queue is nothing; running out of descriptors calls for patience.
async fn pause_after(error: io::Error) {
    let harmless = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
    if !harmless.contains(&error.kind()) {
        tracing::warn!(%error, "a connection could not be accepted");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}
