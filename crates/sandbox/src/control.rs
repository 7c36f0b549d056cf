//! The control door: JSON over HTTP, for programs that play the people, the human administrators, time and
//! misfortune. Loopback only. The calls are described in `docs/sandbox.md`.

mod chat;
mod misfortune;
mod time;

use crate::exchange::{Reply, Request};
use crate::hub::Hub;
use crate::people::{self, BotName};
use crate::world::{ChatKind, Office, Password, Rights, World, telephone};
use crate::wrong::Wrong;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Method as Verb, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;

type Outcome = Result<Value, Wrong>;

/// Answers one request whose path begins with `/control`.
pub(crate) async fn serve(hub: &Arc<Hub>, request: &Request) -> Reply {
    if !is_from_here(request) {
        let why = "the control door opens on loopback addresses only";
        return refused(Wrong(403, why.to_owned()));
    }
    let path = request.path().strip_prefix("/control").unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let outcome = match *request.verb() {
        Verb::GET => look(hub, &parts, request.query()),
        Verb::POST => act(hub, &parts, &request.body).await.map(|value| answer(&value)),
        _ => Err(Wrong(405, "calls are GET or POST".to_owned())),
    };
    outcome.unwrap_or_else(refused)
}

fn answer(value: &Value) -> Reply {
    Reply::json(200, value.to_string())
}

fn refused(Wrong(status, error): Wrong) -> Reply {
    Reply::json(status, json!({ "error": error }).to_string())
}

/// From this machine, and not by way of somebody's web page under another name.
fn is_from_here(request: &Request) -> bool {
    let host = request.header(header::HOST);
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    request.peer.ip().is_loopback() && matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Calls that change nothing.
fn look(hub: &Hub, parts: &[&str], query: &str) -> Result<Reply, Wrong> {
    match parts {
        ["clock"] => Ok(answer(&json!({ "now": hub.clock.now() }))),
        ["chats", chat] => Ok(Reply::json(200, chat::known(hub, number(chat)?)?)),
        ["people", person, "inbox"] => {
            let person = number(person)?;
            hub.turn(|world| Ok(answer(&json!(find_person(world, person)?.inbox))))
        }
        ["ledger"] => ledger(hub, query),
        _ => Err(unknown_call(parts)),
    }
}

/// What happened up to now: a reader that is slower than the world comes to an end too.
fn ledger(hub: &Hub, query: &str) -> Result<Reply, Wrong> {
    let given = query.split('&').find_map(|pair| pair.strip_prefix("after="));
    let after = given.map_or(Ok(0), |text| {
        text.parse().map_err(|_| Wrong::bad(format!("`after={text}` is no number of an entry")))
    })?;
    Ok(Reply::Ledger { after, until: hub.turn(|world| world.ledger_len()) })
}

async fn act(hub: &Arc<Hub>, parts: &[&str], body: &[u8]) -> Outcome {
    match parts {
        ["bots"] => add_bot(hub, read(body)?),
        ["bots", bot, "token"] => replace_token(hub, number(bot)?),
        ["chats"] => add_chat(hub, read(body)?),
        ["chats", chat, "bot"] => set_bot(hub, number(chat)?, read(body)?),
        ["chats", chat, "guard"] => set_guard(hub, number(chat)?, read(body)?),
        ["chats", chat, "migrate"] => migrate(hub, number(chat)?),
        ["chats", chat, "username"] => set_username(hub, number(chat)?, read(body)?),
        ["chats", chat, "decide"] => decide(hub, number(chat)?, read(body)?),
        ["chats", chat, "revoke"] => revoke(hub, number(chat)?, read(body)?),
        ["chats", chat, "ban"] => ban(hub, number(chat)?, read(body)?),
        ["people"] => add_person(hub, read(body)?),
        ["people", person, "join"] => Ok(json!(people::join(hub, number(person)?, read(body)?).await?)),
        ["people", person, "session"] => open_session(hub, number(person)?),
        ["people", person, "delete"] => delete_account(hub, number(person)?),
        ["people", person, "scan"] => scan(hub, number(person)?, read(body)?),
        ["people", person, "logout"] => end_sessions(hub, number(person)?),
        ["people", person, "leave"] => leave(hub, number(person)?, read(body)?),
        ["people", person, "withdraw"] => withdraw(hub, number(person)?, read(body)?),
        ["people", person, "block"] => block(hub, number(person)?, read(body)?),
        ["people", person, "send"] => send(hub, number(person)?, read(body)?),
        ["people", person, "press"] => press(hub, number(person)?, read(body)?),
        ["people", person, "webapp"] => people::open_web_app(hub, number(person)?, read(body)?),
        ["robot"] => people::robot(hub, read(body)?).await,
        ["login-tokens"] => show_tokens(hub, &read(body)?),
        ["clock", "advance"] => time::advance(hub, read(body)?).await,
        ["faults"] => misfortune::stage(hub, read(body)?),
        _ => Err(unknown_call(parts)),
    }
}

fn unknown_call(parts: &[&str]) -> Wrong {
    Wrong::missing(format!("there is no call `{}` here; `docs/sandbox.md` lists them", parts.join("/")))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Wrong> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|why| Wrong::bad(format!("the body is not what this call takes: {why}")))
}

fn number(text: &str) -> Result<i64, Wrong> {
    text.parse().map_err(|_| Wrong::bad(format!("`{text}` is no number")))
}

fn no_chat(id: i64) -> Wrong {
    Wrong::missing(format!("there is no chat {id}"))
}

fn find_person(world: &World, id: i64) -> Result<&crate::world::Account, Wrong> {
    world.person(id).ok_or_else(|| Wrong::missing(format!("there is no person {id}")))
}

fn nothing() -> Outcome {
    Ok(json!({}))
}

/// A public name that nobody has yet.
fn free_name(world: &World, name: &str) -> Result<(), Wrong> {
    match name {
        "" => Err(Wrong::bad("a public name needs a letter at least")),
        name if world.is_taken(name) => Err(Wrong::bad(format!("`{name}` is taken"))),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct NewBot {
    username: String,
    #[serde(default)]
    guard: bool,
}

fn add_bot(hub: &Hub, new: NewBot) -> Outcome {
    hub.turn(|world| {
        free_name(world, &new.username)?;
        let id = world.add_bot(&new.username, new.guard);
        Ok(json!({ "id": id, "token": world.bot(id).expect("it was just made").token }))
    })
}

fn replace_token(hub: &Hub, bot: i64) -> Outcome {
    let token = hub.turn(|world| world.replace_token(bot));
    Ok(json!({ "token": token.ok_or_else(|| Wrong::missing(format!("there is no bot {bot}")))? }))
}

#[derive(Deserialize)]
struct NewChat {
    kind: KindName,
    title: String,
    username: Option<String>,
    #[serde(default)]
    join_by_request: bool,
    #[serde(default)]
    bots: Vec<BotRights>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Group,
    Supergroup,
    Channel,
}

#[derive(Deserialize)]
struct BotRights {
    id: i64,
    #[serde(default)]
    rights: Vec<String>,
}

fn rights(names: &[String]) -> Result<Rights, Wrong> {
    Rights::named(names.iter().map(String::as_str))
        .map_err(|odd| Wrong::bad(format!("there is no right `{odd}`")))
}

fn add_chat(hub: &Hub, new: NewChat) -> Outcome {
    let kind = match new.kind {
        KindName::Group => ChatKind::Group,
        KindName::Supergroup => ChatKind::Supergroup,
        KindName::Channel => ChatKind::Channel,
    };
    if kind == ChatKind::Group && new.username.is_some() {
        return Err(Wrong::bad("a basic group is always private; say no `username`"));
    }
    let bots: Vec<_> =
        new.bots.iter().map(|bot| Ok((bot.id, rights(&bot.rights)?))).collect::<Result<_, Wrong>>()?;
    hub.turn(|world| {
        if let Some((odd, _)) = bots.iter().find(|(id, _)| world.account(*id).is_none()) {
            return Err(Wrong::missing(format!("there is no bot or person {odd}")));
        }
        if let Some(name) = &new.username {
            free_name(world, name)?;
        }
        let chat = world.add_chat(kind, &new.title, new.username, new.join_by_request);
        for (bot, rights) in bots {
            world.set_office(chat, bot, Office::Administrator(rights))?;
        }
        Ok(json!({ "chat_id": chat }))
    })
}

#[derive(Deserialize)]
struct SetBot {
    id: i64,
    rights: Option<Vec<String>>,
    status: Option<BotStatus>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum BotStatus {
    Member,
    Left,
    Kicked,
}

fn set_bot(hub: &Hub, chat: i64, set: SetBot) -> Outcome {
    let office = match (&set.rights, set.status) {
        (Some(names), None) => Office::Administrator(rights(names)?),
        (None, Some(BotStatus::Member)) => Office::Member,
        (None, Some(BotStatus::Left)) => Office::Left,
        (None, Some(BotStatus::Kicked)) => Office::Banned { until: 0 },
        _ => return Err(Wrong::bad("say either `rights` or `status`")),
    };
    hub.turn(|world| world.set_office(chat, set.id, office))?;
    nothing()
}

#[derive(Deserialize)]
struct SetGuard {
    bot: Option<i64>,
}

fn set_guard(hub: &Hub, chat: i64, set: SetGuard) -> Outcome {
    let set = hub.turn(|world| world.set_guard(chat, set.bot));
    let why =
        "a guard is a bot made with `guard`, and an administrator with `can_invite_users` in a supergroup";
    set.map_err(|word| Wrong::bad(format!("{}: {why}", word.0)))?;
    nothing()
}

fn migrate(hub: &Hub, chat: i64) -> Outcome {
    let new = hub.turn(|world| world.migrate(chat));
    let new = new.map_err(|word| Wrong::bad(format!("{}: only a basic group migrates, once", word.0)))?;
    Ok(json!({ "chat_id": new }))
}

#[derive(Deserialize)]
struct SetUsername {
    username: Option<String>,
}

fn set_username(hub: &Hub, chat: i64, set: SetUsername) -> Outcome {
    hub.turn(|world| world.set_username(chat, set.username.filter(|name| !name.is_empty())))?;
    nothing()
}

#[derive(Deserialize)]
struct Decide {
    user_id: i64,
    approve: bool,
}

fn decide(hub: &Hub, chat: i64, it: Decide) -> Outcome {
    hub.turn(|world| {
        let owner = world.chat(chat).ok_or_else(|| no_chat(chat))?.owner;
        world.decide(owner, chat, it.user_id, it.approve).map_err(Wrong::from)
    })?;
    nothing()
}

#[derive(Deserialize)]
struct RevokeLink {
    link: String,
}

fn revoke(hub: &Hub, chat: i64, it: RevokeLink) -> Outcome {
    hub.turn(|world| world.revoke_as_owner(chat, &it.link))?;
    nothing()
}

#[derive(Deserialize)]
struct UserId {
    user_id: i64,
}

fn ban(hub: &Hub, chat: i64, it: UserId) -> Outcome {
    hub.turn(|world| {
        let owner = world.chat(chat).ok_or_else(|| no_chat(chat))?.owner;
        world.ban(owner, chat, it.user_id, 0).map_err(Wrong::from)
    })?;
    nothing()
}

#[derive(Deserialize)]
struct NewPerson {
    first_name: String,
    username: Option<String>,
    language_code: Option<String>,
    bio: Option<String>,
    phone: Option<String>,
    password: Option<String>,
}

fn add_person(hub: &Hub, new: NewPerson) -> Outcome {
    let odd = |typed: &str| Wrong::bad(format!("`{typed}` is no telephone: it has 5 to 20 digits"));
    let phone = new.phone.map(|typed| telephone(&typed).map_err(|_| odd(&typed))).transpose()?;
    hub.turn(|world| {
        if let Some(name) = &new.username {
            free_name(world, name)?;
        }
        if let Some(phone) = phone.as_deref().filter(|phone| world.account_by_phone(phone).is_some()) {
            return Err(Wrong::bad(format!("`{phone}` is somebody's telephone already")));
        }
        let person = world.add_person(&new.first_name);
        person.username = new.username;
        person.language_code = new.language_code;
        person.bio = new.bio;
        person.phone = phone;
        person.password = new.password.as_deref().map(Password::new);
        Ok(json!({ "id": person.id }))
    })
}

/// A key with which this person is logged in already.
fn open_session(hub: &Hub, person: i64) -> Outcome {
    let mut chance =
        hub.turn(|world| find_person(world, person).map(|_| ()).map(|()| world.chance.fork()))?;
    let key = hub.sessions.issue(person, &mut chance);
    Ok(json!({ "auth_key": key.hex() }))
}

#[derive(Deserialize)]
struct Scan {
    url: String,
    dc: Option<i32>,
}

/// Their telephone sees a log-in token, and they say yes.
fn scan(hub: &Hub, person: i64, it: Scan) -> Outcome {
    let token = it
        .url
        .strip_prefix("tg://login?token=")
        .and_then(|text| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok());
    let token = token.ok_or_else(|| Wrong::bad("`url` is what a program shows: `tg://login?token=...`"))?;
    let now = hub.turn(|world| find_person(world, person).map(|_| world.now))?;
    hub.sessions.accept(&token, person, it.dc, now)?;
    hub.spread();
    nothing()
}

#[derive(Deserialize)]
struct ShownFor {
    seconds: i64,
}

/// How long log-in tokens are shown from now on.
fn show_tokens(hub: &Hub, it: &ShownFor) -> Outcome {
    if !(1..=24 * 3600).contains(&it.seconds) {
        return Err(Wrong::bad("a token is shown for `seconds`, from 1 to a day"));
    }
    hub.sessions.show_tokens(it.seconds);
    nothing()
}

/// Every session of this person ends, as if they had ended it on another device.
fn end_sessions(hub: &Hub, person: i64) -> Outcome {
    hub.turn(|world| find_person(world, person).map(drop))?;
    Ok(json!({ "ended": hub.sessions.end(person) }))
}

fn delete_account(hub: &Hub, person: i64) -> Outcome {
    hub.turn(|world| {
        find_person(world, person)?;
        world.delete_account(person);
        nothing()
    })
}

#[derive(Deserialize)]
struct ChatId {
    chat_id: i64,
}

fn leave(hub: &Hub, person: i64, it: ChatId) -> Outcome {
    hub.turn(|world| {
        find_person(world, person)?;
        Ok::<_, Wrong>(world.leave(person, it.chat_id)?)
    })?;
    nothing()
}

fn withdraw(hub: &Hub, person: i64, it: ChatId) -> Outcome {
    hub.turn(|world| {
        find_person(world, person)?;
        Ok::<_, Wrong>(world.withdraw(person, it.chat_id)?)
    })?;
    nothing()
}

#[derive(Deserialize)]
struct Block {
    bot: BotName,
}

fn block(hub: &Hub, person: i64, it: Block) -> Outcome {
    hub.turn(|world| {
        let bot = it.bot.find(world)?;
        find_person(world, person)?;
        world.set_blocked(person, bot, true);
        nothing()
    })
}

#[derive(Deserialize)]
struct Send {
    bot: BotName,
    text: String,
}

fn send(hub: &Hub, person: i64, it: Send) -> Outcome {
    hub.turn(|world| {
        let bot = it.bot.find(world)?;
        find_person(world, person)?;
        Ok(json!({ "message_id": world.write(person, bot, &it.text) }))
    })
}

#[derive(Deserialize)]
struct Press {
    message_id: i64,
    data: String,
}

fn press(hub: &Hub, person: i64, it: Press) -> Outcome {
    let pressed = hub.turn(|world| world.press(person, it.message_id, &it.data));
    let why = || Wrong::missing(format!("message {} has no button with this data", it.message_id));
    pressed.ok_or_else(why)?;
    nothing()
}
