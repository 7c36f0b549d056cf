//! Links are ended: after their first join, and when their pass ends. To end one twice is to end it once.

use crate::app::App;
use crate::bots::Bot;
use crate::error::{Trouble, chain};
use crate::metrics::LinkEvent;
use links::{Chat, ChatId, Kind, UnixTime};
use std::collections::HashSet;
use tracing::{info, warn};

const METHOD: &str = "revokeChatInviteLink";
/// So many are looked up at a time.
const AT_A_TIME: u32 = 64;
const PAUSE_SECONDS: i64 = 5;
/// When an administrator has to do something first.
const LONG_PAUSE_SECONDS: i64 = 60;

/// Ends the links of a bot that are to be ended; says how many were.
pub(crate) async fn end(app: &App, bot: &Bot) -> Result<usize, Trouble> {
    let mut ended = 0;
    let mut left_alone: HashSet<ChatId> = HashSet::new();
    for link in app.store.to_revoke(bot.id, AT_A_TIME).await? {
        let now = app.clock.now();
        if left_alone.contains(&link.chat)
            || app.store.held(bot.id, METHOD, Some(link.chat), now).await?.is_some()
        {
            continue;
        }
        app.points.pass("revoke.asking");
        let revoked = bot.links().revoke(&Chat::from(link.chat), &link.url).await;
        app.points.pass("revoke.answered");
        match revoked {
            Err(error) if *error.kind() != Kind::LinkDead => {
                put_off(app, bot, link.chat, &error).await?;
                left_alone.insert(link.chat);
            }
            _ => {
                app.store.revoked(link.link, app.clock.now()).await?;
                app.metrics.link(LinkEvent::Revoked);
                ended += 1;
            }
        }
    }
    Ok(ended)
}

async fn put_off(app: &App, bot: &Bot, chat: ChatId, error: &links::Error) -> Result<(), Trouble> {
    let pause = match error.kind() {
        Kind::Wait { seconds } => i64::from(*seconds),
        Kind::MissingRight(_) | Kind::BotNotInChat | Kind::ChatNotFound | Kind::TokenDead => {
            LONG_PAUSE_SECONDS
        }
        _ => PAUSE_SECONDS,
    };
    let until = UnixTime::new(app.clock.now().get().saturating_add(pause));
    app.store.hold(bot.id, METHOD, Some(chat), until).await?;
    match error.retry_after_seconds() {
        Some(seconds) => info!(telegram.chat = chat.get(), wait_seconds = seconds, "links are ended later"),
        None => warn!(telegram.chat = chat.get(), error = chain(error), "a link could not be ended"),
    }
    Ok(())
}
