//! The people door: what somebody with a Telegram app can do, from a page and from a script.

mod pages;

use crate::exchange::{Reply, Request};
use crate::hub::Hub;
use crate::web_app::Opening;
use crate::world::{Entry, Joining, QueryState, Target, What, World};
use crate::wrong::Wrong;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Answers a request for a page.
pub(crate) async fn serve(hub: &Arc<Hub>, request: &Request) -> Reply {
    pages::serve(hub, request).await
}

/// What somebody wants into: by a link in any spelling, or directly.
#[derive(Deserialize)]
pub(crate) struct Join {
    link: Option<String>,
    chat_id: Option<i64>,
    /// If it costs Stars, they pay.
    #[serde(default)]
    pay: bool,
}

/// What became of it.
#[derive(Serialize)]
pub(crate) struct Joined {
    pub(crate) result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// The Mini App to look at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl Joined {
    fn plainly(result: &'static str) -> Self {
        Self { result, reason: None, url: None }
    }

    fn because(result: &'static str, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..Self::plainly(result) }
    }
}

/// Somebody taps "Join", and waits for a guard bot if there is one.
pub(crate) async fn join(hub: &Arc<Hub>, person: i64, it: Join) -> Result<Joined, Wrong> {
    let mut bell = hub.listen();
    let joining = hub.turn(|world| {
        person_in(world, person)?;
        let target = match (&it.link, it.chat_id) {
            (Some(link), None) => match world.find_link(link) {
                Some(number) => Target::Link(number),
                None => return Ok(Joining::Refused(crate::world::Word("INVITE_HASH_EXPIRED"))),
            },
            (None, Some(chat)) => Target::Chat(chat),
            _ => return Err(Wrong::bad("say either `link` or `chat_id`")),
        };
        Ok(world.join(person, target, it.pay))
    })?;
    Ok(match joining {
        Joining::Joined => Joined::plainly("joined"),
        Joining::Requested => Joined::because("requested", "INVITE_REQUEST_SENT"),
        Joining::Already => Joined::because("already", "USER_ALREADY_PARTICIPANT"),
        Joining::Refused(word) => Joined::because("refused", word.0),
        Joining::Guarded(query) => loop {
            bell.mark_unchanged();
            if let Some(outcome) = hub.turn(|world| guarded(hub, world, person, &query)) {
                break outcome;
            }
            hub.wait(&mut bell, None).await;
        },
    })
}

/// How a guarded request ended, or how far it is when a Mini App opens.
fn guarded(hub: &Hub, world: &mut World, person: i64, query: &str) -> Option<Joined> {
    // One that is forgotten was over a day ago, and nobody waits that long.
    Some(match world.query(query).unwrap_or(&QueryState::TimedOut) {
        QueryState::Open => return None,
        QueryState::WebApp(_) => {
            Joined { url: Some(open_query(hub, world, person, query)?), ..Joined::plainly("webview") }
        }
        QueryState::Approved => Joined::plainly("joined"),
        QueryState::Declined => Joined::because("declined", "INVITE_REQUEST_DECLINED"),
        QueryState::Queued => Joined::because("queued", "INVITE_REQUEST_SENT"),
        QueryState::TimedOut => Joined::because("requested", "JOIN_GUARD_TIMEOUT"),
        QueryState::Withdrawn => Joined::because("refused", "withdrawn"),
    })
}

/// A bot by its number, or by its name with or without `@`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum BotName {
    Id(i64),
    Name(String),
}

impl BotName {
    pub(crate) fn find(&self, world: &World) -> Result<i64, Wrong> {
        let (id, spelled) = match self {
            Self::Id(id) => (Some(*id), id.to_string()),
            Self::Name(name) => {
                let found = world.account_by_name(name.trim_start_matches('@'));
                (found.map(|account| account.id), name.clone())
            }
        };
        let id = id.filter(|&id| world.bot(id).is_some());
        id.ok_or_else(|| Wrong::missing(format!("there is no bot `{spelled}`")))
    }
}

/// Which Mini App is opened.
#[derive(Deserialize)]
pub(crate) struct OpenWebApp {
    bot: BotName,
    url: Option<String>,
    query_id: Option<String>,
}

/// A client opens a Mini App.
pub(crate) fn open_web_app(hub: &Hub, person: i64, it: OpenWebApp) -> Result<Value, Wrong> {
    hub.turn(|world| {
        let bot = it.bot.find(world)?;
        person_in(world, person)?;
        let shown = it.query_id.as_deref().and_then(|query| world.query(query));
        let url = match (&it.url, shown) {
            (Some(url), _) => url.clone(),
            (None, Some(QueryState::WebApp(url))) => url.clone(),
            (None, _) => return Err(Wrong::bad("say `url`, or a `query_id` whose bot has sent a Mini App")),
        };
        if let Some(query) = &it.query_id
            && world.query_of(bot, query).is_none_or(|(_, asked)| asked != person)
        {
            return Err(Wrong::missing("this bot has no such query of this person"));
        }
        let url = sign_for(hub, world, bot, person, &url, it.query_id.as_deref());
        Ok(json!({ "url": url.ok_or_else(|| Wrong::missing("the chat of this query is gone"))? }))
    })
}

/// The Mini App that a guard bot shows to somebody who asks to join, as their client opens it.
fn open_query(hub: &Hub, world: &mut World, person: i64, query: &str) -> Option<String> {
    let QueryState::WebApp(url) = world.query(query)?.clone() else { return None };
    let bot = world.guard_of(query)?;
    sign_for(hub, world, bot, person, &url, Some(query))
}

fn sign_for(
    hub: &Hub,
    world: &mut World,
    bot: i64,
    person: i64,
    url: &str,
    query: Option<&str>,
) -> Option<String> {
    let fresh = world.chance.u64(..);
    let joining = match query {
        None => None,
        Some(query) => {
            let (chat, _) = world.query_of(bot, query)?;
            Some((world.chat(chat)?, query))
        }
    };
    let opening = Opening {
        bot,
        token: &world.bot(bot)?.token,
        person: world.account(person)?,
        joining,
        now: world.now,
        fresh,
    };
    Some(hub.keys.open(url, &opening))
}

fn person_in(world: &World, id: i64) -> Result<(), Wrong> {
    world.person(id).map(drop).ok_or_else(|| Wrong::missing(format!("there is no person {id}")))
}

/// An address that a preview robot looks at.
#[derive(Deserialize)]
pub(crate) struct Look {
    url: String,
}

/// Fetches an address as Telegram's preview does, with the robot's own name.
pub(crate) async fn robot(hub: &Hub, it: Look) -> Result<Value, Wrong> {
    let request = hyper::Request::get(&it.url)
        .header("User-Agent", "TelegramBot (like TwitterBot)")
        .header("Accept", "text/html,application/xhtml+xml,*/*")
        .body(Empty::<Bytes>::new())
        .map_err(|why| Wrong::bad(format!("`{}` is no address: {why}", it.url)))?;
    let fetching = async {
        let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), 1 << 20).collect().await.ok()?.to_bytes();
        Some((status, body.len()))
    };
    let note = |entry| hub.turn(|world| world.note(entry));
    match tokio::time::timeout(Duration::from_secs(10), fetching).await.ok().flatten() {
        Some((status, bytes)) => {
            note(Entry::new(What::Robot));
            Ok(json!({ "status": status, "bytes": bytes }))
        }
        None => {
            note(Entry::new(What::Robot).error("no answer"));
            Err(Wrong(502, format!("`{}` did not answer the robot", it.url)))
        }
    }
}
