//! As little of an HTTP client as these tests need: one request on a connection of its own, or one after the other on
//! one that stays.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value as Json;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answer {
    /// A header's value; its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .into_iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }
}

/// The text of a request; a token may be empty.
pub fn request(method: &str, path: &str, token: &str, body: Option<&Json>) -> String {
    let authorization = match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    };
    let body = body.map(Json::to_string).unwrap_or_default();
    let content = match body.len() {
        0 => String::new(),
        length => format!("content-type: application/json\r\ncontent-length: {length}\r\n"),
    };
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{authorization}{content}\r\n{body}"
    )
}

/// Sends a request and reads the answer to its end.
///
/// # Errors
/// Where there is no whole answer.
pub fn send(address: SocketAddr, request: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.write_all(request.as_bytes())?;
    read_answer(&mut stream)
}

/// Reads an answer up to the end of the connection.
///
/// # Errors
/// Where it is not whole.
pub fn read_answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.get(9..12).and_then(|digits| digits.parse().ok());
    let announced = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").and_then(|length| length.parse::<usize>().ok())
    });
    if announced.is_some_and(|length| length != body.len()) {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

/// The same request with one more header.
pub fn with_header(request: &str, header: &str) -> String {
    request.replacen("\r\n\r\n", &format!("\r\n{header}\r\n\r\n"), 1)
}

/// The same request, after which the connection stays.
pub fn keeping_alive(request: &str) -> String {
    request.replacen("connection: close\r\n", "", 1)
}

/// A connection for one request after the other.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// # Errors
    /// Where nobody listens.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a request and reads its answer, as far as the answer says that it goes.
    ///
    /// # Errors
    /// Where there is no whole answer.
    pub fn send(&mut self, request: &str) -> io::Result<Answer> {
        self.write(request)?;
        self.read()
    }

    /// # Errors
    /// Where it cannot be written.
    pub fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.get_mut().write_all(text.as_bytes())
    }

    /// # Errors
    /// Where there is no whole answer.
    pub fn read(&mut self) -> io::Result<Answer> {
        let (head, body) = read_message(&mut self.0)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = head.get(9..12).and_then(|digits| digits.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Answer { status, head, body })
    }

    /// Whether the other side closes without another word, as it should.
    pub fn ends(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

/// Reads a request or an answer: its head without the empty line, and the body that it announces. `None` where the
/// connection ends before it begins.
///
/// # Errors
/// Where it is not whole.
pub fn read_message(reader: &mut impl BufRead) -> io::Result<Option<(String, String)>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
    head.truncate(head.len() - 4);
    let length = head.to_ascii_lowercase().lines().find_map(|line| {
        line.strip_prefix("content-length: ").and_then(|length| length.parse::<usize>().ok())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8(body).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(Some((head, body)))
}
