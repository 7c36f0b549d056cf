//! Links are ended: after their first join, and when their pass ends. To end one twice is to end it once.

use super::patience::{may_ask, put_off};
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use crate::metrics::LinkEvent;
use links::{ChatId, Kind};
use telegram::bot_api::methods::{Method, RevokeChatInviteLink};

/// So many are looked up at a time.
const AT_A_TIME: u32 = 64;

/// Ends the links into a chat that are to be ended; says how many were.
pub(crate) async fn end(app: &App, bot: &Bot, chat: ChatId) -> Result<usize, Trouble> {
    let mut ended = 0;
    for link in app.store.to_revoke(bot.id, chat, AT_A_TIME).await? {
        if !may_ask(app, bot, RevokeChatInviteLink::NAME, chat).await? {
            break;
        }
        app.points.pass("revoke.asking");
        let revoked = bot.revoke(chat, &link.url).await?;
        app.points.pass("revoke.answered");
        match revoked {
            Err(error) if *error.kind() != Kind::LinkDead => {
                put_off(app, bot, RevokeChatInviteLink::NAME, chat, &error).await?;
            }
            _ => {
                bot.done(RevokeChatInviteLink::NAME, chat);
                app.store.revoked(link.link, app.clock.now()).await?;
                app.metrics.link(LinkEvent::Revoked);
                app.bells.ended.ring();
                ended += 1;
            }
        }
    }
    Ok(ended)
}
