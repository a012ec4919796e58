//! A load balancer as simple as one can be: it asks each copy every 50 ms whether it is ready, and hands what comes to
//! those that are, one after the other. What was sent to a copy is never sent again: a failure is the client's to see.

use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::{self, read_message};

const HEALTH_INTERVAL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);
/// What a client is told when no copy is ready, or one has failed: no copy says so itself.
pub const BAD_GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";

/// What is handed on to one copy.
#[derive(Clone, Copy, Debug)]
pub enum Balance {
    /// Each request goes on a connection of its own, whatever connection it came on.
    Requests,
    /// A connection belongs to one copy for as long as it lasts.
    Connections,
}

/// Listens until the test ends.
pub struct RoundRobin {
    pub address: SocketAddr,
    copies: Arc<Copies>,
}

#[derive(Default)]
struct Copies {
    list: Mutex<Vec<Copy>>,
    next: AtomicUsize,
    refused: AtomicUsize,
}

struct Copy {
    address: SocketAddr,
    is_ready: bool,
}

impl RoundRobin {
    pub fn start(balance: Balance) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let copies = Arc::new(Copies::default());
        let checked = Arc::downgrade(&copies);
        thread::spawn(move || {
            while let Some(copies) = checked.upgrade() {
                copies.check();
                drop(copies);
                thread::sleep(HEALTH_INTERVAL);
            }
        });
        let served = Arc::clone(&copies);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let copies = Arc::clone(&served);
                thread::spawn(move || match balance {
                    Balance::Requests => hand_on_requests(&copies, stream),
                    Balance::Connections => hand_on_connection(&copies, stream),
                });
            }
        });
        Self { address, copies }
    }

    /// Takes a copy in, and waits until it gets requests.
    pub fn add(&self, address: SocketAddr) {
        self.copies.change(|list| list.push(Copy { address, is_ready: false }));
        let started = Instant::now();
        let ready =
            |list: &mut Vec<Copy>| list.iter().any(|copy| copy.address == address && copy.is_ready);
        while !self.copies.change(ready) {
            assert!(started.elapsed() < PATIENCE, "{address} does not become ready");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// How many connections were refused by a copy that had said that it was ready.
    pub fn refused(&self) -> usize {
        self.copies.refused.load(Ordering::Relaxed)
    }

    /// Forgets a copy that is gone.
    pub fn remove(&self, address: SocketAddr) {
        self.copies.change(|list| list.retain(|copy| copy.address != address));
    }
}

impl Copies {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Copy>) -> T) -> T {
        change(&mut self.list.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn check(&self) {
        let addresses: Vec<_> = self.change(|list| list.iter().map(|copy| copy.address).collect());
        for address in addresses {
            let answer = client::send(address, &client::request("GET", "/readyz", "", None));
            let is_ready = answer.is_ok_and(|answer| answer.status == 200);
            self.change(|list| {
                for copy in list.iter_mut().filter(|copy| copy.address == address) {
                    copy.is_ready = is_ready;
                }
            });
        }
    }

    /// A connection to the next copy that is ready; to the one behind it where that is refused.
    fn connect(&self) -> io::Result<TcpStream> {
        let mut ready: Vec<SocketAddr> = self.change(|list| {
            list.iter().filter(|copy| copy.is_ready).map(|copy| copy.address).collect()
        });
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        let first = next % ready.len().max(1);
        ready.rotate_left(first);
        let mut connected = ready.into_iter().map(TcpStream::connect).skip_while(|connected| {
            let refused =
                matches!(connected, Err(error) if error.kind() == io::ErrorKind::ConnectionRefused);
            self.refused.fetch_add(usize::from(refused), Ordering::Relaxed);
            refused
        });
        let stream = connected.next().unwrap_or_else(|| Err(io::ErrorKind::NotConnected.into()))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}

fn hand_on_requests(copies: &Copies, stream: TcpStream) {
    let Ok(mut answers) = stream.try_clone() else { return };
    let mut requests = BufReader::new(stream);
    while let Ok(Some((head, body))) = read_message(&mut requests) {
        let closes = head.to_ascii_lowercase().contains("\r\nconnection: close");
        let answer = hand_on(copies, &head, &body);
        let answer = answer.unwrap_or_else(|error| {
            eprintln!("a request failed: {error}: {}", head.lines().next().unwrap_or_default());
            BAD_GATEWAY.to_owned()
        });
        if answers.write_all(answer.as_bytes()).is_err() || closes {
            return;
        }
    }
}

/// Whether a connection stays is between neighbours (RFC 9112, section 9), so that header is not handed on.
fn without_connection(head: &str) -> String {
    let lines =
        head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    lines.collect::<Vec<_>>().join("\r\n")
}

fn hand_on(copies: &Copies, head: &str, body: &str) -> io::Result<String> {
    let mut copy = copies.connect()?;
    let head = without_connection(head);
    copy.write_all(format!("{head}\r\nconnection: close\r\n\r\n{body}").as_bytes())?;
    let answer = read_message(&mut BufReader::new(copy))?;
    let (head, body) = answer.ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(format!("{}\r\n\r\n{body}", without_connection(&head)))
}

fn hand_on_connection(copies: &Copies, stream: TcpStream) {
    let copied = || -> io::Result<()> {
        let copy = copies.connect()?;
        let (mut from_client, mut to_copy) = (stream.try_clone()?, copy.try_clone()?);
        let (mut from_copy, mut to_client) = (copy, stream.try_clone()?);
        stream.set_nodelay(true)?;
        thread::spawn(move || {
            let _ = io::copy(&mut from_client, &mut to_copy);
            let _ = to_copy.shutdown(Shutdown::Write);
        });
        let copied = io::copy(&mut from_copy, &mut to_client);
        to_client.shutdown(Shutdown::Both)?;
        copied.map(drop)
    };
    if let Err(error) = copied() {
        eprintln!("a connection failed: {error}");
        // The client sees it end.
        let _ = stream.shutdown(Shutdown::Both);
    }
}
