//! The same request again and again over connections that are kept, at next to no cost on this side.

use futures_util::future::join_all;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Connections to one server, and what is sent over them.
pub(crate) struct Load {
    connections: Vec<Connection>,
    request: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    /// Of one answer. All are as long as the first: only the hash of a link differs.
    answer_bytes: usize,
    buffer: Vec<u8>,
}

impl Load {
    /// Opens so many connections, each with one call that is not measured.
    pub(crate) fn open(runtime: &Runtime, at: SocketAddr, token: &str, chat: i64, connections: u32) -> Self {
        let body =
            format!(r#"{{"chat_id":{chat},"name":"spring","expire_date":2000000000,"member_limit":1}}"#);
        let length = body.len();
        let request = format!(
            "POST /bot{token}/createChatInviteLink HTTP/1.1\r\nHost: {at}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .into_bytes();
        let connections = (0..connections).map(|_| Connection::open(at, &request));
        let connections = runtime.block_on(join_all(connections));
        Self { connections, request }
    }

    /// Makes so many calls in all, on each connection so many at once.
    pub(crate) fn run(&mut self, runtime: &Runtime, calls: u32, at_once: u32) {
        let request = self.request.repeat(at_once as usize);
        let turns = calls / at_once / u32::try_from(self.connections.len()).expect("they are few");
        let working = self.connections.iter_mut().map(async |connection| {
            for _ in 0..turns {
                connection.call(&request, at_once as usize).await;
            }
        });
        runtime.block_on(join_all(working));
    }
}

impl Connection {
    async fn open(at: SocketAddr, request: &[u8]) -> Self {
        let mut stream = TcpStream::connect(at).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket can be told not to wait");
        stream.write_all(request).await.expect("the server reads");
        let mut buffer = vec![0; 1 << 16];
        let mut read = 0;
        let answer_bytes = loop {
            read += stream.read(&mut buffer[read..]).await.expect("the server answers");
            let text = std::str::from_utf8(&buffer[..read]).expect("the answer is text");
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| {
                    line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
                });
                let length = length.expect("the answer says how long it is");
                if body.len() == length {
                    break read;
                }
            }
        };
        Self { stream, answer_bytes, buffer }
    }

    async fn call(&mut self, requests: &[u8], count: usize) {
        self.stream.write_all(requests).await.expect("the server reads");
        let answers = &mut self.buffer[..self.answer_bytes * count];
        self.stream.read_exact(answers).await.expect("the server answers");
        for answer in answers.chunks(self.answer_bytes) {
            assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "the server answers with a link");
        }
    }
}
