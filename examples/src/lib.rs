//! What every example begins with: a sandbox in this process, its bot and its chat, and people to play.
//!
//! None of this is needed outside: there Telegram has the chat, and people have fingers. An example is worth
//! reading from its `main` on, and what it prints stands at its top.

mod proxy;

use admit_links::{BadExpiry, Chat, ChatId, Expiry, LinkUrl, UnixTime, UserId};
use admit_sandbox::{Announcement, ClockMode, Sandbox, Seed};
use admit_telegram::bot_api::{Client, Settings, Token, methods::GetUpdates};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// What an example ends with: nothing more to say, or whatever went wrong.
pub type Result<T = (), E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

/// The kinds of updates the demo's bots have always asked for.
const HEARD: &[&str] = &["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"];

/// The chat "Night Owls", a bot that may invite and restrict there, and a clock that stands still.
#[derive(Debug)]
pub struct Demo {
    /// The bot.
    pub bot: Client,
    /// The chat.
    pub chat: Chat,
    /// The sandbox's addresses, and the bot's token.
    pub at: Announcement,
    http: legacy::Client<HttpConnector, Full<Bytes>>,
    tunnels: JoinSet<()>,
    _sandbox: Sandbox,
}

impl Demo {
    /// A demo of its own for each example.
    pub async fn start() -> Result<Self> {
        let seed = Some(Seed::Demo);
        let settings = admit_sandbox::Settings { seed, clock: ClockMode::Frozen, ..Default::default() };
        Self::around(Sandbox::start(settings).await?).await
    }

    /// The same for a sandbox that was started with the demo's seed.
    pub async fn around(sandbox: Sandbox) -> Result<Self> {
        let at = sandbox.announcement().clone();
        let token = at.token.as_deref().ok_or("the seed has a bot")?;
        let chat = ChatId::new(at.chat_id.ok_or("the seed has a chat")?)?;
        let bot =
            Client::new(Token::new(token)?, &Settings { api_url: at.bot_api.clone(), ..Default::default() })?;
        has_listened(&bot).await?;
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Ok(Self { bot, chat: chat.into(), at, http, tunnels: JoinSet::new(), _sandbox: sandbox })
    }

    /// The bot's token, as @BotFather would give it.
    pub fn token(&self) -> Result<Token> {
        Ok(Token::new(self.at.token.as_deref().unwrap_or_default())?)
    }

    /// The sandbox's time. Outside, that is the host's clock.
    pub async fn now(&self) -> Result<UnixTime> {
        let said = self.look("clock").await?;
        Ok(UnixTime::new(said["now"].as_i64().ok_or("a clock shows a number")?))
    }

    /// This time tomorrow.
    pub async fn tomorrow(&self) -> Result<Expiry> {
        let tomorrow: Result<Expiry, BadExpiry> =
            Expiry::new(UnixTime::new(self.now().await?.get() + 86_400));
        Ok(tomorrow?)
    }

    /// Moves the clock.
    pub async fn advance(&self, seconds: i64) -> Result {
        self.control("clock/advance", json!({ "seconds": seconds })).await.map(drop)
    }

    /// Somebody with a Telegram account.
    pub async fn person(&self, first_name: &str) -> Result<UserId> {
        let person = self.control("people", json!({ "first_name": first_name })).await?;
        Ok(UserId::new(person["id"].as_i64().ok_or("people have numbers")?)?)
    }

    /// They tap the link: `joined`, `requested`, `refused` and so on.
    pub async fn join(&self, person: UserId, link: &LinkUrl) -> Result<String> {
        let tap = json!({ "link": link.as_str() });
        let result = self.control(&format!("people/{person}/join"), tap).await?["result"].take();
        Ok(result.as_str().ok_or("a tap has a result")?.to_owned())
    }

    /// They leave the chat.
    pub async fn leave(&self, person: UserId) -> Result {
        let from = json!({ "chat_id": self.at.chat_id });
        self.control(&format!("people/{person}/leave"), from).await.map(drop)
    }

    /// Whether they are in the chat, by what Telegram knows.
    pub async fn is_in(&self, person: UserId) -> Result<bool> {
        let known = self.look(&format!("chats/{}", self.chat)).await?;
        let members = known["members"].as_array().ok_or("a chat has members")?;
        Ok(members.iter().any(|member| member["user"]["id"] == person.get()))
    }

    /// Another chat of the bot's: a `group`, a `supergroup` or a `channel`.
    pub async fn another_chat(&self, kind: &str, title: &str) -> Result<ChatId> {
        let bots = json!([{ "id": self.token()?.bot_id(), "rights": ["can_invite_users"] }]);
        let made = self.control("chats", json!({ "kind": kind, "title": title, "bots": bots })).await?;
        Ok(ChatId::new(made["chat_id"].as_i64().ok_or("chats have numbers")?)?)
    }

    /// The owner leaves the bot these rights in the chat, and no others.
    pub async fn grant(&self, rights: &[&str]) -> Result {
        let office = json!({ "id": self.token()?.bot_id(), "rights": rights });
        self.control(&format!("chats/{}/bot", self.chat), office).await.map(drop)
    }

    /// Another bot, which guards the chat from now on: Telegram asks it about everybody who wants in.
    pub async fn guard(&self) -> Result<Client> {
        let bot = self.control("bots", json!({ "username": "guard_bot", "guard": true })).await?;
        let office = json!({ "id": bot["id"], "rights": ["can_invite_users"] });
        self.control(&format!("chats/{}/bot", self.chat), office).await?;
        self.control(&format!("chats/{}/guard", self.chat), json!({ "bot": bot["id"] })).await?;
        let token = Token::new(bot["token"].as_str().unwrap_or_default())?;
        let guard = Client::new(token, &Settings { api_url: self.at.bot_api.clone(), ..Default::default() })?;
        has_listened(&guard).await?;
        Ok(guard)
    }

    /// Something goes wrong, soon: see "Faults" in `docs/sandbox.md`.
    pub async fn stage(&self, fault: Value) -> Result {
        self.control("faults", fault).await.map(drop)
    }

    /// An HTTP proxy that wants a user and a password, for as long as the demo lasts.
    pub async fn proxy(&mut self) -> Result<String> {
        proxy::open(&mut self.tunnels).await
    }

    /// Any call of the control door.
    pub async fn control(&self, call: &str, body: Value) -> Result<Value> {
        let (status, answer) = self.post(&format!("{}/{call}", self.at.control), body.to_string()).await?;
        if status == 200 {
            Ok(serde_json::from_str(&answer)?)
        } else {
            Err(format!("{call}: {answer}").into())
        }
    }

    /// Any look through the control door.
    pub async fn look(&self, call: &str) -> Result<Value> {
        let request = Request::get(format!("{}/{call}", self.at.control)).body(Full::default())?;
        Ok(serde_json::from_str(&self.send(request).await?.1)?)
    }

    /// Everything that happened in the sandbox.
    pub async fn ledger(&self) -> Result<Vec<Value>> {
        let request = Request::get(format!("{}/ledger", self.at.control)).body(Full::default())?;
        let lines = self.send(request).await?.1;
        Ok(lines.lines().map(serde_json::from_str).collect::<serde_json::Result<_>>()?)
    }

    /// Posts to any address, as strangers do too.
    pub async fn post(&self, url: &str, body: String) -> Result<(u16, String)> {
        self.send(Request::post(url).body(body.into())?).await
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(u16, String)> {
        let answer = self.http.request(request).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8(body.into())?))
    }
}

/// Telegram keeps only the kinds of updates that a bot asked for before they happened. These bots ran before, with
/// another offset: who repeats one within half a second gets a single update.
async fn has_listened(bot: &Client) -> Result {
    let ask = GetUpdates { offset: Some(-100), limit: None, timeout: 0, allowed_updates: Some(HEARD) };
    bot.call(&ask).await?;
    Ok(())
}
