//! HTTP as plain as it gets: a request, and all that came back.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Less than the service lets a connection lie unused.
const KEPT: Duration = Duration::from_secs(5);

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) verb: &'static str,
    pub(crate) path: String,
    /// Lines, each with its end.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Request {
    fn text(&self, host: &str, connection: &str) -> String {
        let Self { verb, path, headers, body } = self;
        let length = body.len();
        format!(
            "{verb} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: {connection}\r\n{headers}\
             content-length: {length}\r\n\r\n{body}"
        )
    }
}

/// A connection that is kept between requests, as a browser keeps it. It is for answers that say how long they are.
pub(crate) struct Line {
    host: String,
    /// And when it was last used.
    stream: Option<(TcpStream, Instant)>,
}

impl Line {
    pub(crate) fn to(address: &str) -> Self {
        Self { host: host_of(address).to_owned(), stream: None }
    }

    /// Sends, and waits for nothing. An error is heard where the answer would be.
    pub(crate) fn ask(&mut self, request: &Request) {
        let kept = self.stream.take().filter(|(_, used_at)| used_at.elapsed() < KEPT);
        let stream = kept.map(|(stream, _)| stream).or_else(|| connect(&self.host).ok());
        self.stream = stream.and_then(|mut stream| {
            stream.write_all(request.text(&self.host, "keep-alive").as_bytes()).ok()?;
            Some((stream, Instant::now()))
        });
    }

    /// The answer. After none, or half of one, the next request has a connection of its own.
    pub(crate) fn hear(&mut self) -> io::Result<Reply> {
        let (stream, used_at) = self.stream.take().ok_or_else(cut)?;
        let reply = answer_on(&stream)?;
        self.stream = Some((stream, used_at));
        Ok(reply)
    }

    /// Sends, and waits for the answer.
    pub(crate) fn exchange(&mut self, request: &Request) -> io::Result<Reply> {
        self.ask(request);
        self.hear()
    }
}

/// One answer, from a stream that goes on.
fn answer_on(mut stream: &TcpStream) -> io::Result<Reply> {
    let mut answer = Vec::with_capacity(4096);
    loop {
        if let Some((reply, body)) = begun(&answer) {
            let length = reply.header("content-length").and_then(|length| length.parse::<usize>().ok());
            let whole = body + length.ok_or_else(|| io::Error::other("it does not say how long it is"))?;
            assert!(answer.len() <= whole, "more came than was asked for: {}", reply.head);
            if answer.len() == whole {
                let body = String::from_utf8_lossy(&answer[body..whole]).into_owned();
                return Ok(Reply { body, ..reply });
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return Err(cut()),
            length => answer.extend(&piece[..length]),
        }
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut")
}

fn host_of(address: &str) -> &str {
    address.strip_prefix("http://").expect("the trials stay on this machine")
}

fn connect(host: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The head of an answer and where its body begins, if the head is whole.
fn begun(answer: &[u8]) -> Option<(Reply, usize)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok())?;
    Some((Reply { status, head, body: String::new() }, end + 4))
}

/// Sends a request to an `http` address on a connection of its own. An error says nothing of whether it was received.
pub(crate) fn exchange(
    address: &str,
    verb: &'static str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<Reply> {
    let (path, headers, body) = (path.to_owned(), headers.to_owned(), body.to_owned());
    send(address, &Request { verb, path, headers, body })
}

/// The same.
pub(crate) fn send(address: &str, request: &Request) -> io::Result<Reply> {
    let host = host_of(address);
    let mut stream = connect(host)?;
    stream.write_all(request.text(host, "close").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let (mut reply, body) = begun(&answer).ok_or_else(cut)?;
    let mut body = answer.split_off(body);
    if request.verb != "HEAD" {
        if reply.header("transfer-encoding") == Some("chunked") {
            body = joined(&body).ok_or_else(cut)?;
        } else if reply.header("content-length") != Some(&body.len().to_string()) {
            return Err(cut());
        }
    }
    reply.body = String::from_utf8_lossy(&body).into_owned();
    Ok(reply)
}

/// The pieces of a streamed body, if the last of them came.
fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let length = std::str::from_utf8(&rest[..end]).ok()?.trim();
        let length = usize::from_str_radix(length, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend(rest.get(end + 1..end + 1 + length)?);
        rest = rest.get(end + 1 + length + 2..)?;
    }
}
