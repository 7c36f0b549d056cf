//! `createChatInviteLink` of the sandbox, beside a server like its own that answers a constant; and what a million
//! links weigh.

use crate::admit::{Admit, CHAT, TOKEN};
use crate::load::Load;
use crate::measure::{self, Round, Worker, memory, round};
use crate::report::{Bar, Report};
use crate::server::Server;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy;
use hyper_util::rt::TokioExecutor;
use links::UserId;
use std::net::SocketAddr;
use telegram::mtproto::Session;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: u32 = 32;
const CALLS: u32 = 12_800;
const ROUNDS: usize = 41;
const MILLION: u32 = 1_000_000;
const MB: f64 = 1e6;

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    speed(report, &admit);
    weight(report, &admit);
}

fn speed(report: &mut Report, admit: &Admit) {
    let runtime = measure::runtime();
    let (constant, sandbox) = (Server::hyper(), Sandbox::start(admit));
    let chat = CHAT.parse().expect("it is a number");
    let mut floor = Load::open(&runtime, constant.at(), TOKEN, chat, CONNECTIONS);
    let mut ours = Load::open(&runtime, sandbox.at, &sandbox.token, sandbox.chat, CONNECTIONS);

    let mut rounds: Vec<(Round, Round)> = (0..=ROUNDS)
        .map(|_| {
            let floor = round(CALLS, Worker::Process(constant.id()), || floor.run(&runtime, CALLS, 1));
            let ours = round(CALLS, Worker::Process(sandbox.process.id()), || ours.run(&runtime, CALLS, 1));
            (floor, ours)
        })
        .collect();
    rounds.remove(0);

    report.row(format_args!(
        "sandbox: createChatInviteLink, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {CALLS}"
    ));
    report.ratio("calls/s", measure::per_second(&rounds), "", Bar::AtLeast(0.60));
    // Should the load be what is slow, calls per second flatter; what the servers themselves needed does not.
    match measure::micros_per_call(&rounds) {
        Some(medians) => report.ratio("CPU per call", medians, "us", Bar::AtMost(1.0 / 0.60)),
        None => report.aside("CPU per call: not told by this system"),
    }
}

fn weight(report: &mut Report, admit: &Admit) {
    let runtime = measure::runtime();
    let sandbox = Sandbox::start(admit);
    let process = sandbox.process.id();
    let empty = memory(process, "VmRSS");
    let mut load = Load::open(&runtime, sandbox.at, &sandbox.token, sandbox.chat, CONNECTIONS);
    load.run(&runtime, MILLION, 10);
    let (Some(empty), Some(now)) = (empty, memory(process, "VmRSS")) else {
        report.aside("memory: not told by this system");
        return;
    };
    let links = f64::from(MILLION);
    report.aside(format_args!("{:.0} bytes for a link and its line of the ledger", (now - empty) / links));
    report.aside(format_args!("{:.0} MB held with {MILLION} links", now / MB));
    let lines = runtime.block_on(ledger_lines(sandbox.at));
    assert!(lines >= MILLION as usize, "the ledger knows of {lines} calls, and there were {MILLION}");
    let peak = memory(process, "VmHWM").expect("it was told a moment ago");
    report.size("at most held, the ledger read too", peak / MB, "MB", Bar::AtMost(600.0));
}

/// A sandbox in a process of its own, with its demo.
pub(crate) struct Sandbox {
    process: Server,
    pub(crate) at: SocketAddr,
    pub(crate) token: String,
    pub(crate) chat: i64,
    mtproto: MtProto,
}

/// Where its door for apps is, and the key of the chat's owner.
#[derive(serde::Deserialize)]
struct MtProto {
    addr: String,
    dc_id: i32,
    admin: Owner,
}

#[derive(serde::Deserialize)]
struct Owner {
    auth_key: String,
}

impl Sandbox {
    pub(crate) fn start(admit: &Admit) -> Self {
        #[derive(serde::Deserialize)]
        struct Announcement {
            bot_api: String,
            token: String,
            chat_id: i64,
            mtproto: MtProto,
        }
        let process = Server::start(admit.command("http://localhost").args(["sandbox", "--seed", "demo"]));
        let said: Announcement = serde_json::from_str(&process.said).expect("the sandbox says where it is");
        let at = said.bot_api.strip_prefix("http://").and_then(|at| at.parse().ok());
        let at = at.expect("the sandbox listens at an address");
        Self { process, at, token: said.token, chat: said.chat_id, mtproto: said.mtproto }
    }
}

/// What else can be done with it.
impl Sandbox {
    /// What goes wrong with so many calls of a method, after what was staged before.
    pub(crate) async fn stage(&self, method: &str, kind: &str, n: u32, times: u32) {
        let fault = serde_json::json!({ "method": method, "kind": kind, "n": n, "times": times });
        let done = self.ask(Request::post(self.uri("faults")).body(Full::from(fault.to_string()))).await;
        assert_eq!(done, "{}", "the sandbox stages what it is told");
    }

    /// What happened to calls of a method, in the order in which they came.
    pub(crate) async fn calls(&self, method: &str) -> Vec<Call> {
        let ledger = self.ask(Request::get(self.uri("ledger")).body(Full::default())).await;
        let lines = ledger.lines().map(|line| serde_json::from_str(line).expect("the ledger is JSON"));
        lines.filter(|call: &Call| call.method.as_deref() == Some(method)).collect()
    }

    /// The session of the chat's owner.
    pub(crate) fn session(&self) -> Session {
        Session {
            dc_id: self.mtproto.dc_id,
            address: self.mtproto.addr.parse().expect("the door is at an address"),
            auth_key: self.mtproto.admin.auth_key.parse().expect("the key is one"),
        }
    }

    /// So many new people, each of whom taps this link.
    pub(crate) async fn people(&self, count: u32, at_once: usize, link: &str) -> Vec<UserId> {
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        let post = async |call: String, body: serde_json::Value| -> serde_json::Value {
            let request = Request::post(self.uri(&call)).body(Full::<Bytes>::from(body.to_string()));
            let answer =
                client.request(request.expect("it is a request")).await.expect("the sandbox answers");
            let body = answer.into_body().collect().await.expect("it answers in full").to_bytes();
            serde_json::from_slice(&body).expect("its answers are JSON")
        };
        let one = async |_| {
            let made = post("people".to_owned(), serde_json::json!({ "first_name": "Fan" })).await;
            let id = made["id"].as_i64().expect("people have numbers");
            post(format!("people/{id}/join"), serde_json::json!({ "link": link })).await;
            UserId::new(id).expect("as Telegram gives them out")
        };
        stream::iter(0..count).map(one).buffer_unordered(at_once).collect().await
    }

    fn uri(&self, call: &str) -> String {
        format!("http://{}/control/{call}", self.at)
    }

    async fn ask(&self, request: hyper::http::Result<Request<Full<Bytes>>>) -> String {
        let client = legacy::Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request.expect("it is a request")).await.expect("the sandbox answers");
        let body = answer.into_body().collect().await.expect("it answers in full").to_bytes();
        String::from_utf8(body.into()).expect("its answers are text")
    }
}

/// A line of the ledger.
#[derive(serde::Deserialize)]
pub(crate) struct Call {
    /// In seconds since 1970.
    pub(crate) at: i64,
    method: Option<String>,
    /// Why it was refused, or what went wrong with it.
    pub(crate) error: Option<String>,
}

/// Reads the whole ledger and counts its lines.
async fn ledger_lines(at: SocketAddr) -> usize {
    let mut stream = TcpStream::connect(at).await.expect("the sandbox listens");
    let request = format!("GET /control/ledger HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the sandbox reads");
    let mut buffer = vec![0; 1 << 16];
    let mut lines = 0;
    loop {
        match stream.read(&mut buffer).await.expect("the sandbox answers") {
            0 => return lines,
            read => lines += buffer[..read].iter().filter(|&&byte| byte == b'{').count(),
        }
    }
}
