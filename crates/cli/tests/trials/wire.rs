//! HTTP as plain as it gets: one request, one connection, and all that came back.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// Sends a request to an `http` address. An error says nothing of whether it was received.
pub(crate) fn exchange(
    address: &str,
    verb: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> io::Result<Reply> {
    let host = address.strip_prefix("http://").expect("the trials stay on this machine");
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = body.len();
    let request = format!(
        "{verb} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").ok_or_else(cut)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(cut)?;
    let mut reply = Reply { status, head, body: String::new() };
    let mut body = answer.split_off(end + 4);
    if verb != "HEAD" {
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
