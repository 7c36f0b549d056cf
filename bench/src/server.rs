//! Servers in processes of their own, and two that answer every request with the same link.

use crate::measure;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitCode, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LINK: &str = r#"{"ok":true,"result":{"invite_link":"https:\/\/t.me\/+Xy3kQ2LmN0o5ZjEy","name":"spring","creator":{"id":7000000001,"is_bot":true,"first_name":"Gate","username":"gate_bot"},"expire_date":2000000000,"member_limit":1,"creates_join_request":false,"is_primary":false,"is_revoked":false}}"#;

/// A server in a process of its own, stopped when it is dropped.
pub(crate) struct Server {
    process: Child,
    /// What it said when it was ready.
    pub(crate) said: String,
}

impl Server {
    /// The fixed answer at the least cost there is: a floor for clients.
    pub(crate) fn cheapest() -> Self {
        Self::ourselves("server")
    }

    /// The fixed answer from a server like the sandbox's: a floor for servers.
    pub(crate) fn hyper() -> Self {
        Self::ourselves("hyper-server")
    }

    fn ourselves(word: &str) -> Self {
        let ourselves = std::env::current_exe().expect("a running program has a path");
        Self::start(Command::new(ourselves).arg(word))
    }

    /// Starts a server that prints a line when it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("what was built can be run");
        let mut said = String::new();
        let stdout = process.stdout.take().expect("its output was asked for");
        BufReader::new(stdout).read_line(&mut said).expect("a server prints where it is");
        Self { process, said }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Where one of our own is.
    pub(crate) fn at(&self) -> SocketAddr {
        self.said.trim().parse().expect("our own servers print their address")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How the same link is answered.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Cheapest,
    Hyper,
}

/// Serves until it is killed, after printing where.
pub(crate) fn run(way: Way) -> ExitCode {
    measure::runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has free ports");
        println!("{}", listener.local_addr().expect("a bound listener has an address"));
        while let Ok((stream, _)) = listener.accept().await {
            match way {
                Way::Cheapest => drop(tokio::spawn(answer(stream))),
                Way::Hyper => drop(tokio::spawn(answer_by_hyper(stream))),
            }
        }
    });
    ExitCode::SUCCESS
}

/// Clients send a request in one piece and wait for its answer, so one read is one request.
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

/// With the settings of the sandbox's server, which reads a request whole too.
async fn answer_by_hyper(stream: TcpStream) {
    async fn constant(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
        request.into_body().collect().await?;
        let mut response = Response::new(Full::from(LINK));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(response)
    }
    // Without it, it would only be slower.
    let _ = stream.set_nodelay(true);
    let mut http = hyper::server::conn::http1::Builder::new();
    http.max_buf_size(256 << 10);
    // A client that is done ends the connection.
    let _ = http.serve_connection(TokioIo::new(stream), service_fn(constant)).await;
}
