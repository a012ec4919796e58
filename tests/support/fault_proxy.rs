//! A TCP proxy that does to connections what networks do, and counts what passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// How much is passed on at once.
const CHUNK: usize = 16 * 1024;

/// What becomes of connections. Those that exist and those that come are treated alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They reach the other end.
    Open,
    /// What is sent arrives this much later, in either direction.
    Slow(Duration),
    /// They are accepted, and nothing that is sent arrives; nor does what is sent on them later.
    Swallowed,
    /// They are reset.
    Reset,
    /// They are reset, and nobody listens.
    Closed,
    /// Each is reset when it has carried so many bytes, either direction counted from now on.
    CutAfter(u64),
}

/// What has passed since it was started.
#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    bytes: AtomicU64,
    round_trips: AtomicU64,
}

/// Listens on loopback until it is dropped.
pub struct FaultProxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    is_listening: watch::Receiver<bool>,
    counters: Arc<Counters>,
    /// Everything here runs on this one, so that it goes on while the test's own thread waits.
    _runtime: Runtime,
}

/// A runtime that may be dropped within another one.
struct Runtime(Option<tokio::runtime::Runtime>);

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl FaultProxy {
    /// Before `target`.
    pub fn start(target: SocketAddr) -> Self {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime starts");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("it is bound");
        let (way, _) = watch::channel(Way::Open);
        let (listening, is_listening) = watch::channel(true);
        let counters = Arc::<Counters>::default();
        runtime.spawn(listen(listener, target, way.clone(), listening, Arc::clone(&counters)));
        Self { address, way, is_listening, counters, _runtime: Runtime(Some(runtime)) }
    }

    /// From now on; when it comes back, new connections are treated this way already.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while *self.is_listening.borrow() != (way != Way::Closed) {
            assert!(std::time::Instant::now() < deadline, "the proxy does not do as it is told");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// How many connections have been accepted.
    pub fn connections(&self) -> u64 {
        self.counters.connections.load(Ordering::SeqCst)
    }

    /// How many bytes have been passed on.
    pub fn bytes(&self) -> u64 {
        self.counters.bytes.load(Ordering::SeqCst)
    }

    /// How often the server has begun to speak after the client: one is what is asked and what is answered.
    pub fn round_trips(&self) -> u64 {
        self.counters.round_trips.load(Ordering::SeqCst)
    }
}

async fn listen(
    listener: std::net::TcpListener,
    target: SocketAddr,
    way: watch::Sender<Way>,
    listening: watch::Sender<bool>,
    counters: Arc<Counters>,
) {
    let address = listener.local_addr().expect("it is bound");
    let mut listener = Some(TcpListener::from_std(listener).expect("a listener of ours"));
    let mut changes = way.subscribe();
    loop {
        let now = *changes.borrow_and_update();
        if now == Way::Closed {
            listener = None;
        } else if listener.is_none() {
            listener = TcpListener::bind(address).await.ok();
        }
        listening.send_replace(listener.is_some());
        let Some(open) = &listener else {
            // The port may not be free again at once.
            let _ = tokio::time::timeout(Duration::from_millis(10), changes.changed()).await;
            continue;
        };
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            accepted = open.accept() => if let Ok((client, _)) = accepted {
                counters.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(connection(client, target, way.subscribe(), Arc::clone(&counters)));
            }
        }
    }
}

/// Carries one connection, until it ends or is cut.
async fn connection(
    mut client: TcpStream,
    target: SocketAddr,
    way: watch::Receiver<Way>,
    counters: Arc<Counters>,
) {
    let shared = Shared {
        counters,
        client_spoke: AtomicBool::new(false),
        carried: AtomicU64::new(0),
        is_lost: AtomicBool::new(false),
    };
    let ended = tokio::select! {
        ended = pass(&mut client, target, &way, &shared) => ended,
        () = until_cut(way.clone()) => Ended::Broken,
    };
    if ended == Ended::Broken {
        let _ = client.set_zero_linger();
    }
}

async fn until_cut(mut way: watch::Receiver<Way>) {
    // A proxy that is gone cuts nothing.
    if way.wait_for(|way| matches!(way, Way::Reset | Way::Closed)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn pass(
    client: &mut TcpStream,
    target: SocketAddr,
    way: &watch::Receiver<Way>,
    shared: &Shared,
) -> Ended {
    if *way.borrow() == Way::Swallowed {
        while client.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0) {}
        return Ended::Well;
    }
    let Ok(mut server) = TcpStream::connect(target).await else { return Ended::Broken };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((client_in, client_out), (server_in, server_out)) = (client.split(), server.split());
    let up = carry(client_in, server_out, true, way, shared);
    let down = carry(server_in, client_out, false, way, shared);
    tokio::pin!(up, down);
    // One direction that breaks breaks the other; one that ends leaves the other to end.
    tokio::select! {
        ended = &mut up => if ended == Ended::Well { down.await } else { ended },
        ended = &mut down => if ended == Ended::Well { up.await } else { ended },
    }
}

/// What the two directions of a connection share.
struct Shared {
    counters: Arc<Counters>,
    /// Whether the last byte came from the client.
    client_spoke: AtomicBool,
    /// How many bytes have passed since they are counted.
    carried: AtomicU64,
    /// Whether something was swallowed. Nothing can follow that.
    is_lost: AtomicBool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Broken,
}

async fn carry(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    is_from_client: bool,
    way: &watch::Receiver<Way>,
    shared: &Shared,
) -> Ended {
    let (sender, mut chunks) = mpsc::channel::<(Instant, Vec<u8>)>(1_000);
    let receive = async {
        let mut chunk = vec![0; CHUNK];
        loop {
            let Ok(length) = from.read(&mut chunk).await else { return Ended::Broken };
            let due = match *way.borrow() {
                Way::Slow(delay) => Instant::now() + delay,
                _ => Instant::now(),
            };
            if sender.send((due, chunk[..length].to_vec())).await.is_err() {
                return Ended::Broken;
            }
            if length == 0 {
                return Ended::Well;
            }
        }
    };
    let send = async {
        while let Some((due, chunk)) = chunks.recv().await {
            tokio::time::sleep_until(due).await;
            let way = *way.borrow();
            if shared.is_swallowed(way) {
                continue;
            }
            if chunk.is_empty() {
                let _ = to.shutdown().await;
                return Ended::Well;
            }
            if shared.is_cut(&chunk, is_from_client, way) || to.write_all(&chunk).await.is_err() {
                return Ended::Broken;
            }
        }
        Ended::Well
    };
    tokio::pin!(receive, send);
    tokio::select! {
        ended = &mut send => ended,
        ended = &mut receive => if ended == Ended::Well { send.await } else { ended },
    }
}

impl Shared {
    fn is_swallowed(&self, way: Way) -> bool {
        self.is_lost.fetch_or(way == Way::Swallowed, Ordering::SeqCst) || way == Way::Swallowed
    }

    /// Counts what is about to pass; whether the connection is to be cut instead.
    fn is_cut(&self, chunk: &[u8], is_from_client: bool, way: Way) -> bool {
        let length = chunk.len() as u64;
        self.counters.bytes.fetch_add(length, Ordering::SeqCst);
        let client_spoke = self.client_spoke.swap(is_from_client, Ordering::SeqCst);
        if client_spoke && !is_from_client {
            self.counters.round_trips.fetch_add(1, Ordering::SeqCst);
        }
        match way {
            Way::CutAfter(most) => self.carried.fetch_add(length, Ordering::SeqCst) + length > most,
            _ => false,
        }
    }
}
