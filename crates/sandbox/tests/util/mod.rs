//! A sandbox in this process, and a client that speaks to its doors without knowing anything of ours.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test file is a crate of its own and uses another part of this"
)]

pub mod account;
pub mod app;
pub mod wire;

use admit_sandbox::{Announcement, ClockMode, Sandbox, Seed, Settings};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: hyper::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{why}: {}", self.text))
    }

    /// The `result` of a call that must have gone well.
    pub fn result(&self) -> Value {
        let json = self.json();
        assert_eq!(json["ok"], true, "{}", self.text);
        json["result"].clone()
    }

    /// Code and description of a call that must have been refused.
    pub fn refused(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(json["ok"], false, "{}", self.text);
        assert_eq!(json["error_code"], self.status, "{}", self.text);
        (self.status, json["description"].as_str().unwrap().to_owned())
    }
}

pub struct Town {
    pub sandbox: Sandbox,
    pub at: Announcement,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Town {
    /// The seeded world with a clock that stands still.
    pub async fn demo() -> Self {
        Self::with(Settings { seed: Some(Seed::Demo), clock: ClockMode::Frozen, ..Settings::default() }).await
    }

    pub async fn with(settings: Settings) -> Self {
        let sandbox = Sandbox::start(settings).await.unwrap();
        let at = sandbox.announcement().clone();
        Self { sandbox, at, client: Client::builder(TokioExecutor::new()).build_http() }
    }

    pub fn token(&self) -> &str {
        self.at.token.as_deref().expect("the world is seeded")
    }

    pub fn chat(&self) -> i64 {
        self.at.chat_id.expect("the world is seeded")
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let response = self.client.request(request).await.map_err(|why| why.to_string())?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|why| why.to_string())?.to_bytes();
        let text = String::from_utf8(body.to_vec()).map_err(|why| why.to_string())?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, text })
    }

    /// A call of the seeded bot.
    pub async fn bot(&self, method: &str, arguments: Value) -> Answer {
        self.bot_with(self.token(), method, arguments).await
    }

    pub async fn bot_with(&self, token: &str, method: &str, arguments: Value) -> Answer {
        self.try_bot(token, method, arguments).await.unwrap()
    }

    pub async fn try_bot(&self, token: &str, method: &str, arguments: Value) -> Result<Answer, String> {
        let request = Request::post(format!("{}/bot{token}/{method}", self.at.bot_api))
            .header("content-type", "application/json")
            .body(arguments.to_string().into());
        self.send(request.unwrap()).await
    }

    pub async fn get(&self, address: &str) -> Answer {
        self.send(Request::get(address).body(Full::default()).unwrap()).await.unwrap()
    }

    /// A call of the control door that must go well.
    pub async fn control(&self, call: &str, body: Value) -> Value {
        let answer = self.try_control(call, body).await;
        assert_eq!(answer.status, 200, "{call}: {}", answer.text);
        answer.json()
    }

    pub async fn try_control(&self, call: &str, body: Value) -> Answer {
        let request = Request::post(format!("{}/{call}", self.at.control)).body(body.to_string().into());
        self.send(request.unwrap()).await.unwrap()
    }

    pub async fn look(&self, call: &str) -> Value {
        self.get(&format!("{}/{call}", self.at.control)).await.json()
    }

    pub async fn person(&self, first_name: &str) -> i64 {
        self.control("people", json!({ "first_name": first_name })).await["id"].as_i64().unwrap()
    }

    /// How many people there are, as their page tells.
    pub async fn people_count(&self) -> usize {
        self.get(&format!("{}/", self.at.people)).await.text.matches("href=\"/people/").count()
    }

    pub async fn join(&self, person: i64, link: &str) -> Value {
        self.control(&format!("people/{person}/join"), json!({ "link": link })).await
    }

    pub async fn advance(&self, seconds: i64) {
        self.control("clock/advance", json!({ "seconds": seconds })).await;
    }

    pub async fn now(&self) -> i64 {
        self.look("clock").await["now"].as_i64().unwrap()
    }

    /// A new bot that is administrator of the seeded chat.
    pub async fn another_bot(&self, username: &str, rights: Value) -> (i64, String) {
        let bot = self.control("bots", json!({ "username": username })).await;
        let id = bot["id"].as_i64().unwrap();
        self.control(&format!("chats/{}/bot", self.chat()), json!({ "id": id, "rights": rights })).await;
        (id, bot["token"].as_str().unwrap().to_owned())
    }

    /// The updates that wait for the seeded bot, confirmed.
    pub async fn updates(&self) -> Vec<Value> {
        self.updates_of(self.token()).await
    }

    pub async fn updates_of(&self, token: &str) -> Vec<Value> {
        let updates =
            self.bot_with(token, "getUpdates", json!({ "offset": -100, "limit": 100 })).await.result();
        let updates = updates.as_array().unwrap().clone();
        if let Some(last) = updates.last() {
            let next = last["update_id"].as_i64().unwrap() + 1;
            let rest = self.bot_with(token, "getUpdates", json!({ "offset": next, "timeout": 0 })).await;
            assert_eq!(rest.result(), json!([]));
        }
        updates
    }
}
