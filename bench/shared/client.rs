//! One keep-alive connection, HTTP/1.1 by hand: of an answer it looks at status and length.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A keep-alive connection, and the answer that came last.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
    body_at: usize,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.expect("the server listens")
    }

    /// # Errors
    /// Where the server does not listen.
    pub async fn try_connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(32 * 1024), body_at: 0 })
    }

    /// Sends a request; gives status and body.
    pub async fn send(&mut self, request: &str) -> (u16, String) {
        let status = self.exchange(request.as_bytes()).await.expect("the connection stays");
        (status, self.body().into_owned())
    }

    /// Sends a request and waits for its answer; gives the status.
    ///
    /// # Errors
    /// Where the connection breaks, or what comes is no HTTP.
    pub async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut head = None;
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.is_none() {
                head = Head::read(&self.buffer)?;
            }
            if let Some(Head { status, body_at, length }) = head
                && self.buffer.len() >= body_at + length
            {
                self.body_at = body_at;
                return Ok(status);
            }
        }
    }

    /// For how long the answer that came last wants to be left alone.
    pub fn retry_after(&self) -> Duration {
        let head = String::from_utf8_lossy(&self.buffer[..self.body_at]);
        let seconds = header(&head, "retry-after").and_then(|value| value.parse().ok());
        seconds.map_or(Duration::ZERO, Duration::from_secs)
    }

    fn body(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.buffer[self.body_at..])
    }
}

/// What of an answer's head matters.
#[derive(Clone, Copy)]
struct Head {
    status: u16,
    body_at: usize,
    length: usize,
}

impl Head {
    /// `None` while it has not come as a whole.
    fn read(buffer: &[u8]) -> io::Result<Option<Self>> {
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let is_none = || io::Error::from(io::ErrorKind::InvalidData);
        let head = std::str::from_utf8(&buffer[..end]).map_err(|_| is_none())?;
        let status = head.get(9..12).and_then(|text| text.parse().ok()).ok_or_else(is_none)?;
        let length = header(head, "content-length")
            .map_or(Some(0), |value| value.parse().ok())
            .ok_or_else(is_none)?;
        Ok(Some(Self { status, body_at: end + 4, length }))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
