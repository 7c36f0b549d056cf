//! A server that answers every request with the same link, as cheaply as it can.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LINK: &str = r#"{"ok":true,"result":{"invite_link":"https:\/\/t.me\/+Xy3kQ2LmN0o5ZjEy","name":"spring","creator":{"id":7000000001,"is_bot":true,"first_name":"Gate","username":"gate_bot"},"expire_date":1790000000,"member_limit":1,"creates_join_request":false,"is_primary":false,"is_revoked":false}}"#;

/// A server in a process of its own, stopped when it is dropped.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Self {
        let ourselves = std::env::current_exe().expect("a running program has a path");
        let mut process = Command::new(ourselves)
            .arg("server")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program that runs can be run again");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("its output was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("the server prints its address");
        let at = line.trim().parse().expect("the server prints its address");
        Self { at, process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Serves until it is killed, after printing where.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    runtime.expect("a runtime needs nothing but descriptors").block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has free ports");
        println!("{}", listener.local_addr().expect("a bound listener has an address"));
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
}

/// Both clients send a request in one piece and wait for its answer, so one read is one request.
async fn answer(mut stream: TcpStream) {
    let length = LINK.len();
    let whole = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: keep-alive\r\nContent-Length: {length}\r\n\r\n{LINK}"
    );
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
        if stream.write_all(whole.as_bytes()).await.is_err() {
            return;
        }
    }
}
