//! When Telegram is not asked: it wants a call held back, which [`Bot`] sees to; or the call failed, and this node leaves
//! the chat alone for a while.

use super::chats::title;
use super::errands::{self, To};
use crate::app::App;
use crate::bots::{Bot, Call};
use crate::error::{Trouble, chain};
use links::{ChatId, Kind, UnixTime};
use tracing::{error, info, warn};

/// After a failure that may pass by itself.
const SHORT_REST_SECONDS: i64 = 5;
/// When somebody has to do something first.
const LONG_REST_SECONDS: i64 = 60;
/// What Telegram refuses again and again is tried twice as late each time, up to this.
const LONGEST_REST_SECONDS: i64 = 3600;

/// Whether this may be asked now.
pub(crate) async fn may_ask(
    app: &App,
    bot: &Bot,
    method: &'static str,
    chat: ChatId,
) -> Result<bool, Trouble> {
    Ok(!bot.rests(Call::of_chat(method, chat), app.clock.now())
        && bot.held(method, Some(chat)).await?.is_none())
}

/// Whether Telegram refuses, and nothing we know of would change that.
pub(crate) fn is_refusal(error: &links::Error) -> bool {
    let is_known = matches!(
        error.kind(),
        Kind::Wait { .. }
            | Kind::ChatMoved { .. }
            | Kind::TokenDead
            | Kind::MissingRight(_)
            | Kind::BotNotInChat
            | Kind::ChatNotFound
            | Kind::WrongKindOfChat
            | Kind::OutcomeUnknown
    );
    !is_known && !error.is_retryable()
}

/// For how many seconds to leave alone what was refused so often before.
pub(crate) fn rest_seconds(refused: u32) -> i64 {
    (SHORT_REST_SECONDS << refused.min(16)).min(LONGEST_REST_SECONDS)
}

/// Whether whoever owns the chat is told now of what rests for so long: not at the first time, for it may pass; and not
/// each time.
pub(crate) fn is_time_to_tell(rest_seconds: i64) -> bool {
    (LONG_REST_SECONDS..2 * LONG_REST_SECONDS).contains(&rest_seconds)
}

/// It failed. How long to leave it alone follows from why.
pub(crate) async fn put_off(
    app: &App,
    bot: &Bot,
    method: &'static str,
    chat: ChatId,
    error: &links::Error,
) -> Result<(), Trouble> {
    if is_refusal(error) {
        return refused(app, bot, Call::of_chat(method, chat), error).await;
    }
    let now = app.clock.now();
    let after = |seconds: i64| UnixTime::new(now.get().saturating_add(seconds));
    let telegram_chat = chat.get();
    let rest = match error.kind() {
        Kind::Wait { .. } => return Ok(()),
        Kind::ChatMoved { to } => {
            app.store.chat_moved(bot.id, chat, *to, now).await?;
            app.bells.wanted.ring();
            info!(telegram.chat = telegram_chat, telegram.new_chat = to.get(), "a group has a new number");
            return Ok(());
        }
        Kind::TokenDead => {
            if app.store.bot_died(bot.id, now).await? {
                error!(bot = bot.id.get(), "Telegram refuses this bot's token; give Admit the new one");
            }
            LONG_REST_SECONDS
        }
        Kind::MissingRight(_) | Kind::BotNotInChat | Kind::ChatNotFound | Kind::WrongKindOfChat => {
            // We thought otherwise, so what we know of the chat is old.
            bot.look_at(chat, now);
            LONG_REST_SECONDS
        }
        _ => SHORT_REST_SECONDS,
    };
    warn!(telegram.chat = telegram_chat, method, error = chain(error), "Telegram did not do it");
    bot.rest(Call::of_chat(method, chat), after(rest));
    Ok(())
}

/// It failed for one person. What Telegram refuses of them rests for them alone; after whatever else failed, the others
/// have their turn before they do.
pub(crate) async fn put_off_person(
    app: &App,
    bot: &Bot,
    call: Call,
    error: &links::Error,
) -> Result<(), Trouble> {
    if is_refusal(error) {
        return refused(app, bot, call, error).await;
    }
    let behind = 2 * SHORT_REST_SECONDS;
    bot.rest(call, UnixTime::new(app.clock.now().get().saturating_add(behind)));
    put_off(app, bot, call.method, call.chat, error).await
}

/// It is asked again, later each time, and whoever owns the chat is told once.
async fn refused(app: &App, bot: &Bot, call: Call, error: &links::Error) -> Result<(), Trouble> {
    let bounds = SHORT_REST_SECONDS..=LONGEST_REST_SECONDS;
    let Some(seconds) = bot.rest_longer(call, app.clock.now(), bounds) else { return Ok(()) };
    let Call { method, chat, .. } = call;
    error!(
        telegram.chat = chat.get(),
        method,
        rest_seconds = seconds,
        error = chain(error),
        "Telegram refuses, or answers what we cannot read, and we do not know why"
    );
    app.metrics.refusals.inc();
    if !is_time_to_tell(seconds) || !app.store.is_gated(bot.id, chat).await? {
        return Ok(());
    }
    let title = title(app, bot, chat).await?;
    let what = match error.kind() {
        Kind::BrokenAnswer => format!(
            "I cannot use what Telegram answers when I ask it for {title} (`{method}`); whoever runs me finds more in my log"
        ),
        _ => format!(
            "Telegram refuses what I ask of it for {title} (`{method}`), and I do not know why: {error}"
        ),
    };
    let text = format!("{what}. I ask again now and then; whoever passes a gate keeps their place.");
    errands::say(app, bot.id, To::OwnerOf(chat.get()), text).await
}
