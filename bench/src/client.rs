//! `create` through our client, beside hyper-util's pooled client posting the same bytes and reading the answer.

use crate::admit::{CHAT, TOKEN};
use crate::measure::{self, Round, Worker, round};
use crate::report::{Bar, Report};
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
use telegram::bot_api::types::ChatInviteLink;
use telegram::bot_api::{Client, Settings, Token};
use tokio::runtime::Runtime;

pub(crate) const AT_ONCE: u32 = 32;
/// Many short rounds in turns, so that what else the machine does falls on both alike.
const CALLS: u32 = 6_400;
const ROUNDS: usize = 41;

/// What our client sends for the same terms.
const BODY: &str = r#"{"chat_id":-1001234567890,"expire_date":2000000000,"member_limit":1}"#;

pub(crate) fn run(report: &mut Report) {
    let server = Server::cheapest();
    let runtime = measure::runtime();
    let (floor, ours) = (Floor::new(&server.url()), Ours::new(&server.url()));

    // A first round of each fills the pools and is not counted.
    let mut rounds: Vec<(Round, Round)> = (0..=ROUNDS)
        .map(|_| {
            let create = || runtime.block_on(at_once(CALLS, || floor.create()));
            let floor = round(CALLS, Worker::Ourselves, create);
            (floor, ours.round(&runtime, CALLS))
        })
        .collect();
    rounds.remove(0);

    report.row(format_args!("client: create, {AT_ONCE} at once, medians of {ROUNDS} rounds of {CALLS}"));
    report.ratio("calls/s", measure::per_second(&rounds), "", Bar::AtLeast(0.90));
    match measure::micros_per_call(&rounds) {
        Some(medians) => report.ratio("CPU per call", medians, "us", Bar::AtMost(1.15)),
        None => report.aside("CPU per call: not told by this system"),
    }
}

/// Makes all the calls, so many at once.
async fn at_once<F: Future<Output = ()>>(calls: u32, call: impl Fn() -> F) {
    let one_by_one = || async {
        for _ in 0..calls / AT_ONCE {
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

/// Our client, as it is used.
pub(crate) struct Ours {
    client: Client,
    chat: Chat,
    terms: Terms,
}

impl Ours {
    pub(crate) fn new(api_url: &str) -> Self {
        let token = Token::new(TOKEN).expect("it is a token");
        let settings = Settings { api_url: api_url.to_owned(), ..Settings::default() };
        let client = Client::new(token, &settings).expect("the settings are sound");
        let chat = CHAT.parse().expect("it is a chat");
        let expiry = Expiry::new(UnixTime::new(2_000_000_000)).expect("it is an expiry");
        Self { client, chat, terms: Terms::for_one(expiry) }
    }

    /// Times so many calls.
    pub(crate) fn round(&self, runtime: &Runtime, calls: u32) -> Round {
        round(calls, Worker::Ourselves, || runtime.block_on(at_once(calls, || self.create())))
    }

    async fn create(&self) {
        let link = self.client.create(&self.chat, &self.terms).await.expect("the server answers with a link");
        assert!(!link.is_revoked);
    }
}
