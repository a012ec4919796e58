//! HTTP load: connections that send one request after the other, and how long each took.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a load came to.
pub struct Outcome {
    pub requests: u64,
    pub elapsed: Duration,
    /// Sorted.
    latencies: Vec<Duration>,
}

impl Outcome {
    pub fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which that share of requests was answered.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * share).round() as usize]
    }
}

/// A keep-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket of ours");
        Self { stream, buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Sends a request; gives status and body.
    pub async fn send(&mut self, request: &str) -> (u16, String) {
        self.stream.write_all(request.as_bytes()).await.expect("the connection stays");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the connection stays");
            assert!(read > 0, "the server closed the connection");
            if let Some(answer) = whole(&self.buffer) {
                return answer;
            }
        }
    }
}

fn whole(buffer: &[u8]) -> Option<(u16, String)> {
    let end = buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&buffer[..end]).expect("heads are ASCII");
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().expect("a number"));
    let body = buffer.get(end + 4..end + 4 + length)?;
    let status = head[9..12].parse().expect("a status");
    Some((status, String::from_utf8_lossy(body).into_owned()))
}

/// The text of a request; `number` counts all of a load.
pub type Requests = Arc<dyn Fn(u64) -> String + Send + Sync>;

/// Sends requests on so many connections for so long. Every answer must be a success.
pub async fn run(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    requests: &Requests,
) -> Outcome {
    let counter = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let clients = (0..connections).map(|_| {
        let (requests, counter) = (Arc::clone(requests), Arc::clone(&counter));
        tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let mut latencies = Vec::new();
            while began.elapsed() < time {
                let request = requests(counter.fetch_add(1, Ordering::Relaxed));
                let sent = Instant::now();
                let (status, body) = client.send(&request).await;
                latencies.push(sent.elapsed());
                assert!((200..300).contains(&status), "{status} {body}\n{request}");
            }
            latencies
        })
    });
    let mut latencies = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await.expect("no request fails"));
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    Outcome { requests: latencies.len() as u64, elapsed, latencies }
}
