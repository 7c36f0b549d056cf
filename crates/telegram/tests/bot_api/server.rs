//! A server on the loopback that answers what a test told it to, in order, and remembers what it was asked.

use admit_telegram::bot_api::{Client, Settings, Token};
use std::collections::VecDeque;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A token that must not be seen anywhere.
pub(crate) const CANARY: &str = "7000000001:AAcanary-canary-canary-canary-canar";

pub(crate) const LINK: &str = r#"{"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","name":"spring","creator":{"id":7000000001,"is_bot":true,"first_name":"Gate","username":"gate_bot"},"expire_date":1790000000,"member_limit":1,"creates_join_request":false,"is_primary":false,"is_revoked":false}"#;

/// What the server does with a request it has read.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Answers properly.
    Say(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// Writes these bytes as they are and closes.
    Raw(Vec<u8>),
    /// Says nothing and keeps the connection.
    Silence,
}

impl Reply {
    pub(crate) fn ok(result: &str) -> Self {
        Self::text(200, format!(r#"{{"ok":true,"result":{result}}}"#))
    }

    pub(crate) fn no(code: u16, description: &str) -> Self {
        let description = serde_json::to_string(description).unwrap();
        Self::text(code, format!(r#"{{"ok":false,"error_code":{code},"description":{description}}}"#))
    }

    pub(crate) fn wait(seconds: u32) -> Self {
        Self::text(
            429,
            format!(
                r#"{{"ok":false,"error_code":429,"description":"Too Many Requests: retry after {seconds}","parameters":{{"retry_after":{seconds}}}}}"#
            ),
        )
    }

    pub(crate) fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Say(status, Vec::new(), body.into())
    }

    /// The connection closes without a word.
    pub(crate) fn hang_up() -> Self {
        Self::Raw(Vec::new())
    }
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (script, notes) = (Arc::clone(&replies), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&script), Arc::clone(&notes)));
            }
        });
        Self { at, replies, asked }
    }

    /// What is to be said after all that.
    pub(crate) fn expect(&self, replies: impl IntoIterator<Item = Reply>) {
        self.replies.lock().unwrap().extend(replies);
    }

    /// Nothing more is to be said.
    pub(crate) fn forget(&self) {
        self.replies.lock().unwrap().clear();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings { api_url: self.url(), ..Settings::default() }
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.settings())
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

/// A script that was not played to its end is a call that did not happen.
impl Drop for Server {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let left = self.replies.lock().unwrap();
            assert!(left.is_empty(), "nobody came for {left:?}");
        }
    }
}

pub(crate) fn client(settings: &Settings) -> Client {
    Client::new(Token::new(CANARY).unwrap(), settings).unwrap()
}

/// An error and all its causes, in one line.
pub(crate) fn chain(error: &links::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn Error), |cause| (*cause).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

async fn converse(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Reply>>>, notes: Arc<Mutex<Vec<Asked>>>) {
    let (reading, mut writing) = stream.split();
    let mut reading = BufReader::new(reading);
    while let Some(asked) = read_request(&mut reading).await {
        let reply = script.lock().unwrap().pop_front();
        notes.lock().unwrap().push(asked);
        match reply.unwrap_or_else(|| Reply::no(500, "this call was not expected")) {
            Reply::Say(status, headers, body) => {
                let mut answer = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    answer.push_str(&format!("{name}: {value}\r\n"));
                }
                let answer = [format!("{answer}\r\n").as_bytes(), &body].concat();
                if writing.write_all(&answer).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                writing.write_all(&bytes).await.unwrap();
                return;
            }
            Reply::Silence => std::future::pending().await,
        }
    }
}

pub(crate) async fn read_request(reading: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reading.read_line(&mut line).await.unwrap_or(0) == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines
        .iter()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reading.read_exact(&mut body).await.ok()?;
    let line = lines.remove(0);
    Some(Asked { line, headers: lines, body: String::from_utf8(body).unwrap() })
}
