//! The Bot API's door: from the address and the token to the method and its answer, with the real server's
//! leniency and its order of checks.

pub(crate) mod answer;
pub(crate) mod arguments;
pub(crate) mod courier;
mod methods;
mod updates;
mod webhook;

use crate::exchange::{Reply, Request};
use crate::faults::FaultKind;
use crate::hub::Hub;
use crate::world::{Entry, What, World};
use answer::{Answer, Failure};
use arguments::{Arguments, Unreadable};
use hyper::{Method as Verb, header};
use methods::{Call, Method, Run, Unban};
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::time::Duration;

/// Telegram hides waits up to this long.
const HIDDEN_WAIT_SECONDS: i64 = 8;

/// Answers one request whose path begins with `/bot`.
pub(crate) async fn serve(hub: &Arc<Hub>, request: &Request) -> Reply {
    if request.verb() != Verb::GET && request.verb() != Verb::POST {
        return Reply::closing(501);
    }
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    let Some((token, method)) = split(&path) else { return nothing_here("") };
    let content_type = request.header(header::CONTENT_TYPE);
    let arguments = match Arguments::read(request.query(), content_type, &request.body) {
        Ok(arguments) => arguments,
        Err(Unreadable::TooLarge) => return Reply::closing(413),
        Err(Unreadable::Broken) => return Reply::closing(400),
    };
    let method = if method.is_empty() { arguments.lossy("method") } else { method.into() };
    call(hub, |world| owner_of(world, token), &method, &arguments).await
}

/// Whether there is a method of this name, in any case.
pub(crate) fn has_method(name: &str) -> bool {
    methods::find(&name.to_ascii_lowercase()).is_some()
}

/// An address that is no call.
pub(crate) fn nothing_here(why: &str) -> Reply {
    let colon = if why.is_empty() { "" } else { ": " };
    failure(&Failure::new(404, format!("Not Found{colon}{why}")))
}

/// Token and method of `/botTOKEN/METHOD`, where `/test` may stand between.
fn split(path: &str) -> Option<(&str, &str)> {
    let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
    match method.strip_prefix("test") {
        None => Some((token, method)),
        Some(rest) => Some((token, rest.strip_prefix('/')?)),
    }
}

/// The bot whose token this is.
fn owner_of(world: &World, token: &str) -> Result<i64, Failure> {
    let malformed = || match world.unknowns.malformed_tokens_are_not_found {
        true => Failure::new(404, "Not Found"),
        false => Failure::new(401, "Unauthorized: invalid token specified"),
    };
    let (id, secret) = token.split_once(':').ok_or_else(malformed)?;
    if token.starts_with('0') || token.len() > 80 || token.contains('/') {
        return Err(malformed());
    }
    // Rust reads a plus sign as a part of a number, and Telegram does not.
    let id: Option<i64> = id.parse().ok().filter(|_| !id.starts_with('+'));
    let id = id.ok_or_else(|| Failure::new(421, "Misdirected Request: unallowed token specified"))?;
    if !(1..1 << 54).contains(&id) {
        return Err(malformed());
    }
    let well_formed =
        secret.len() >= 24 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let bot = world.bot_by_token(token).filter(|_| well_formed);
    let bot = bot.ok_or_else(|| Failure::new(401, "Unauthorized"))?;
    if bot.logged_out_until > world.now { Err(Failure::new(400, "Logged out")) } else { Ok(bot.id) }
}

/// How far a call came in its first turn of the world.
enum Begun {
    Done(Result<Answer, Failure>),
    /// It takes time, or goes wrong in a way that was staged.
    Later {
        bot: i64,
        method: Method,
        fault: Option<(FaultKind, i64)>,
    },
}

/// Carries out one call, with the fault that is staged for it.
async fn call(
    hub: &Arc<Hub>,
    whose: impl FnOnce(&World) -> Result<i64, Failure>,
    method: &str,
    arguments: &Arguments,
) -> Reply {
    match hub.turn(|world| begin(hub, world, whose, method, arguments)) {
        Begun::Done(outcome) => reply(outcome),
        Begun::Later { bot, method, fault: None } => reply(run(hub, bot, method, arguments).await),
        Begun::Later { bot, method, fault: Some((fault, n)) } => {
            go_wrong(hub, bot, method, arguments, fault, n).await
        }
    }
}

/// All of an undisturbed call that answers at once, in one turn.
fn begin(
    hub: &Hub,
    world: &mut World,
    whose: impl FnOnce(&World) -> Result<i64, Failure>,
    method: &str,
    arguments: &Arguments,
) -> Begun {
    let found = methods::find(&method.to_ascii_lowercase());
    let not_found = || Failure::new(404, "Not Found: method not found");
    let (bot, method) = match whose(world).and_then(|bot| Ok((bot, found.ok_or_else(not_found)?))) {
        Ok(known) => known,
        Err(refused) => {
            let entry = Entry::new(What::Call).error(&refused.description);
            world.note(found.map_or(entry.clone(), |method| entry.method(method.name)));
            return Begun::Done(Err(refused));
        }
    };
    let fault = hub.faults.strike(method.name, || chat_of(world, arguments));
    match (method.run, fault) {
        (Run::AtOnce(run), None) => {
            Begun::Done(carry_out(world, hub.strict, bot, arguments, method.name, &run))
        }
        (_, fault) => Begun::Later { bot, method, fault },
    }
}

/// The chat a call is about, for faults that strike one chat only.
fn chat_of(world: &World, arguments: &Arguments) -> Option<i64> {
    match arguments.bytes("chat_id").strip_prefix(b"@") {
        Some(name) => world.chat_by_name(&String::from_utf8_lossy(name)).map(|chat| chat.id),
        None => Some(arguments.long("chat_id")).filter(|&chat| chat != 0),
    }
}

async fn go_wrong(
    hub: &Arc<Hub>,
    bot: i64,
    method: Method,
    arguments: &Arguments,
    fault: FaultKind,
    n: i64,
) -> Reply {
    let note = |said: &str| {
        hub.turn(|world| {
            let chat = chat_of(world, arguments).unwrap_or(0);
            let entry = Entry::new(What::Fault).method(method.name).chat(chat);
            world.note(entry.user(arguments.long("user_id")).error(said));
        });
    };
    let refuse = |refused: Failure| {
        note(&refused.description);
        failure(&refused)
    };
    match fault {
        FaultKind::TooMany => refuse(Failure::too_many(n)),
        FaultKind::Flood if n > HIDDEN_WAIT_SECONDS => refuse(Failure::too_many(n)),
        FaultKind::Flood => {
            let held = hub.hold(hub.clock.now() + n);
            note("held back");
            held.over().await;
            // The clock waits for what answers at once, and not for somebody who waits for updates.
            let _held = matches!(method.run, Run::AtOnce(_)).then_some(held);
            reply(run(hub, bot, method, arguments).await)
        }
        FaultKind::Latency => {
            note("late");
            tokio::time::sleep(Duration::from_millis(n.unsigned_abs())).await;
            reply(run(hub, bot, method, arguments).await)
        }
        FaultKind::ServerError => {
            let code = u16::try_from(n).unwrap_or(500);
            let text = if code == 502 { "Bad Gateway" } else { "Internal Server Error" };
            refuse(Failure::new(code, text))
        }
        FaultKind::Refusal(text) => refuse(Failure::new(u16::try_from(n).unwrap_or(400), text)),
        FaultKind::Html => {
            note("502 in HTML");
            Reply::html(502, "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>")
        }
        FaultKind::Cut => {
            let answered = reply(run(hub, bot, method, arguments).await);
            note("answer cut");
            answered.cut_after(usize::try_from(n).unwrap_or(0))
        }
        FaultKind::Lost => {
            drop(run(hub, bot, method, arguments).await);
            note("answer lost");
            Reply::Lost
        }
    }
}

async fn run(hub: &Arc<Hub>, bot: i64, method: Method, arguments: &Arguments) -> Result<Answer, Failure> {
    match method.run {
        Run::AtOnce(run) => at_once(hub, bot, arguments, method.name, &run),
        Run::GetUpdates => updates::get(hub, bot, arguments).await,
        Run::SetWebhook => webhook::set(hub, bot, arguments).await,
        Run::DeleteWebhook => webhook::delete(hub, bot, arguments),
        Run::GetWebhookInfo => Ok(webhook::info(hub, bot)),
        Run::Unban => unban(hub, bot, arguments).await,
    }
}

fn at_once<T>(
    hub: &Hub,
    bot: i64,
    arguments: &Arguments,
    name: &'static str,
    run: &dyn Fn(&mut Call) -> Result<T, Failure>,
) -> Result<T, Failure> {
    hub.turn(|world| carry_out(world, hub.strict, bot, arguments, name, run))
}

/// What a call does and what the ledger says of it are one.
fn carry_out<T>(
    world: &mut World,
    strict: bool,
    bot: i64,
    arguments: &Arguments,
    name: &'static str,
    run: &dyn Fn(&mut Call) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut call = Call { world, arguments, bot, entry: Entry::new(What::Call).method(name), strict };
    let outcome = run(&mut call);
    let entry = call.entry;
    world.note(match &outcome {
        Ok(_) => entry,
        Err(refused) => entry.error(&refused.description),
    });
    outcome
}

/// A member who is unbanned is put out for a second, and may come back after it.
async fn unban(hub: &Hub, bot: i64, arguments: &Arguments) -> Result<Answer, Failure> {
    if let Unban::ThenLetBack { chat, person } =
        at_once(hub, bot, arguments, "unbanChatMember", &methods::unban)?
    {
        if !hub.clock.is_frozen() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        hub.turn(|world| world.unban(bot, chat, person));
    }
    Ok(Answer::yes())
}

fn reply(outcome: Result<Answer, Failure>) -> Reply {
    match outcome {
        Ok(answer) => Reply::json(200, answer.body()),
        Err(refused) => failure(&refused),
    }
}

fn failure(refused: &Failure) -> Reply {
    match refused.retry_after {
        Some(seconds) => {
            Reply::json(refused.code, refused.body()).with_header(header::RETRY_AFTER, seconds.into())
        }
        None => Reply::json(refused.code, refused.body()),
    }
}
