//! The Bot API's door: from the address and the token to the method and its answer, with the real server's
//! leniency and its order of checks.

pub(crate) mod answer;
pub(crate) mod arguments;
mod methods;
mod updates;
pub(crate) mod webhook;

use crate::faults::FaultKind;
use crate::http::{Reply, Request};
use crate::hub::Hub;
use crate::world::{Entry, What};
use answer::{Answer, Failure};
use arguments::{Arguments, Unreadable};
use hyper::Method as Verb;
use methods::{Call, Method, Run, Unban};
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use std::time::Duration;

/// Telegram hides waits up to this long.
const HIDDEN_WAIT_SECONDS: i64 = 8;

/// Answers one request whose path begins with `/bot`.
pub(crate) async fn serve(hub: &Arc<Hub>, request: &Request) -> Reply {
    if request.verb != Verb::GET && request.verb != Verb::POST {
        return Reply::closing(501);
    }
    let path: Vec<u8> = percent_decode_str(&request.path).collect();
    let path = String::from_utf8_lossy(&path);
    let Some((token, method)) = split(&path) else { return failure(&Failure::new(404, "Not Found")) };
    let arguments = match Arguments::read(&request.query, &request.content_type, &request.body) {
        Ok(arguments) => arguments,
        Err(Unreadable::TooLarge) => return Reply::closing(413),
        Err(Unreadable::Broken) => return Reply::closing(400),
    };
    let bot = match check_token(hub, token) {
        Ok(bot) => bot,
        Err(refused) => return failure(&refused),
    };
    let method = if method.is_empty() { arguments.lossy("method").into_owned() } else { method.to_owned() };
    call(hub, bot, &method.to_lowercase(), &arguments).await
}

/// Token and method of `/botTOKEN/METHOD`, where `/test` may stand between.
fn split(path: &str) -> Option<(&str, &str)> {
    let (token, method) = path.strip_prefix("/bot")?.split_once('/')?;
    match method.strip_prefix("test") {
        None => Some((token, method)),
        Some(rest) => Some((token, rest.strip_prefix('/')?)),
    }
}

fn check_token(hub: &Hub, token: &str) -> Result<i64, Failure> {
    let malformed = || match hub.turn(|world| world.unknowns.malformed_tokens_are_not_found) {
        true => Failure::new(404, "Not Found"),
        false => Failure::new(401, "Unauthorized: invalid token specified"),
    };
    let (id, secret) = token.split_once(':').ok_or_else(malformed)?;
    if token.starts_with('0') || token.len() > 80 || token.contains('/') {
        return Err(malformed());
    }
    let id: i64 =
        id.parse().map_err(|_| Failure::new(421, "Misdirected Request: unallowed token specified"))?;
    if !(1..1 << 54).contains(&id) {
        return Err(malformed());
    }
    let well_formed =
        secret.len() >= 24 && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let bot = hub.turn(|world| world.bot_by_token(token)).filter(|_| well_formed);
    bot.ok_or_else(|| Failure::new(401, "Unauthorized"))
}

/// Carries out one call, with the fault that is staged for it.
async fn call(hub: &Arc<Hub>, bot: i64, method: &str, arguments: &Arguments) -> Reply {
    let Some(method) = methods::find(method) else {
        return failure(&Failure::new(404, "Not Found: method not found"));
    };
    let chat = Some(arguments.long("chat_id")).filter(|&chat| chat != 0);
    let Some((fault, n)) = hub.faults.strike(method.name, chat) else {
        return reply(run(hub, bot, method, arguments).await);
    };
    let entry =
        Entry::new(What::Fault).method(method.name).chat(chat.unwrap_or(0)).user(arguments.long("user_id"));
    let note = |said: &str| hub.turn(|world| world.note(entry.clone().error(said)));
    let refuse = |refused: Failure| {
        note(&refused.description);
        failure(&refused)
    };
    match fault {
        FaultKind::TooMany => refuse(Failure::too_many(n)),
        FaultKind::Flood if n > HIDDEN_WAIT_SECONDS => refuse(Failure::too_many(n)),
        FaultKind::Flood => {
            note("held back");
            hub.sleep_until(hub.clock.now() + n).await;
            reply(run(hub, bot, method, arguments).await)
        }
        FaultKind::Latency => {
            note("late");
            tokio::time::sleep(Duration::from_millis(u64::try_from(n).unwrap_or(0))).await;
            reply(run(hub, bot, method, arguments).await)
        }
        FaultKind::ServerError => {
            let code = u16::try_from(n).ok().filter(|code| (500..600).contains(code)).unwrap_or(500);
            let text = if code == 502 { "Bad Gateway" } else { "Internal Server Error" };
            refuse(Failure::new(code, text))
        }
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
        FaultKind::Duplicate | FaultKind::Reorder => {
            unreachable!("what is handed over twice or in reverse is staged at the queue")
        }
    }
}

async fn run(hub: &Arc<Hub>, bot: i64, method: Method, arguments: &Arguments) -> Result<Answer, Failure> {
    let act = |act| at_once(hub, bot, arguments, method.name, act);
    match method.run {
        Run::AtOnce(run) => act(&run),
        Run::GetUpdates => updates::get(hub, bot, arguments).await,
        Run::SetWebhook => webhook::set(hub, bot, arguments).await,
        Run::DeleteWebhook => webhook::delete(hub, bot, arguments),
        Run::GetWebhookInfo => Ok(webhook::info(hub, bot)),
        Run::Unban => unban(hub, bot, arguments).await,
    }
}

/// One turn of the world for a whole call: what it does and what the ledger says of it are one.
fn at_once<T>(
    hub: &Hub,
    bot: i64,
    arguments: &Arguments,
    name: &'static str,
    run: &dyn Fn(&mut Call) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let strict = hub.strict;
    hub.turn(|world| {
        let mut call = Call { world, arguments, bot, entry: Entry::new(What::Call).method(name), strict };
        let outcome = run(&mut call);
        let entry = call.entry;
        world.note(match &outcome {
            Ok(_) => entry,
            Err(refused) => entry.error(&refused.description),
        });
        outcome
    })
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
            Reply::json(refused.code, refused.body()).with_header("Retry-After", seconds.to_string())
        }
        None => Reply::json(refused.code, refused.body()),
    }
}
