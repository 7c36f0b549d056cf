//! `create` through our client, beside hyper-util's pooled client posting the same bytes and reading the answer.

use crate::measure::{Round, medians, round};
use crate::server::Server;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use links::{Chat, Expiry, Links, Terms, UnixTime};
use std::time::Duration;
use telegram::bot_api::types::ChatInviteLink;
use telegram::bot_api::{Client, Settings, Token};

const AT_ONCE: u32 = 32;
/// Many short rounds in turns, so that what else the machine does falls on both alike.
const CALLS: u32 = 6_400;
const ROUNDS: usize = 41;

const TOKEN: &str = "7000000001:AAbench-bench-bench-bench-bench-ben";
const BODY: &str = r#"{"chat_id":-1001234567890,"expire_date":1790000000,"member_limit":1}"#;

pub(crate) fn run() {
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime needs nothing but descriptors");
    let api_url = format!("http://{}", server.at);
    let (floor, ours) = (Floor::new(&api_url), Ours::new(&api_url));

    // A first round of each fills the pools and is not counted.
    let mut rounds: Vec<(Round, Round)> = (0..=ROUNDS)
        .map(|_| {
            let floor = round(CALLS, || runtime.block_on(at_once(|| floor.create())));
            let ours = round(CALLS, || runtime.block_on(at_once(|| ours.create())));
            (floor, ours)
        })
        .collect();
    rounds.remove(0);
    report(&rounds);
}

fn report(rounds: &[(Round, Round)]) {
    println!("create, {AT_ONCE} at once, medians of {} rounds of {CALLS}", rounds.len());
    let (floor, ours, ratio) =
        medians(rounds.iter().map(|(floor, ours)| (floor.per_second, ours.per_second)));
    println!("  calls/s       floor {floor:>8.0}     ours {ours:>8.0}     ratio {ratio:.3} (at least 0.90)");

    let cpu: Option<Vec<_>> = rounds.iter().map(|(floor, ours)| floor.cpu.zip(ours.cpu)).collect();
    let Some(cpu) = cpu else {
        println!("  CPU per call  not told by this system");
        return;
    };
    let micros = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(CALLS);
    let (floor, ours, ratio) = medians(cpu.into_iter().map(|(floor, ours)| (micros(floor), micros(ours))));
    println!("  CPU per call  floor {floor:>8.2} us  ours {ours:>8.2} us  ratio {ratio:.3} (at most 1.15)");
}

/// Makes all the calls, so many at once.
async fn at_once<F: Future<Output = ()>>(call: impl Fn() -> F) {
    let one_by_one = || async {
        for _ in 0..CALLS / AT_ONCE {
            call().await;
        }
    };
    join_all((0..AT_ONCE).map(|_| one_by_one())).await;
}

struct Floor {
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
}

impl Floor {
    fn new(api_url: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let http = legacy::Client::builder(TokioExecutor::new()).build(connector);
        let uri = format!("{api_url}/bot{TOKEN}/createChatInviteLink").parse().expect("it is a URI");
        Self { http, uri }
    }

    async fn create(&self) {
        #[derive(serde::Deserialize)]
        struct Answer {
            result: ChatInviteLink,
        }
        let mut request = Request::new(Full::from(BODY));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let answer = self.http.request(request).await.expect("the server answers");
        let body = answer.into_body().collect().await.expect("the server answers in full").to_bytes();
        let answer: Answer = serde_json::from_slice(&body).expect("the answer is a link");
        assert!(!answer.result.is_revoked);
    }
}

struct Ours {
    client: Client,
    chat: Chat,
    terms: Terms,
}

impl Ours {
    fn new(api_url: &str) -> Self {
        let token = Token::new(TOKEN).expect("it is a token");
        let settings = Settings { api_url: api_url.to_owned(), ..Settings::default() };
        let client = Client::new(token, &settings).expect("the settings are sound");
        let chat = "-1001234567890".parse().expect("it is a chat");
        let expiry = Expiry::new(UnixTime::new(1_790_000_000)).expect("it is an expiry");
        Self { client, chat, terms: Terms::for_one(expiry) }
    }

    async fn create(&self) {
        let link = self.client.create(&self.chat, &self.terms).await.expect("the server answers with a link");
        assert!(!link.is_revoked);
    }
}
