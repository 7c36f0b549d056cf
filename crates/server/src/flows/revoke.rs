//! Links are ended: after their first join, and when their pass ends. To end one twice is to end it once.

use super::chats::title;
use super::errands::{self, To};
use super::patience::{is_refusal, is_time_to_tell, may_ask, put_off, rest_seconds};
use crate::app::App;
use crate::bots::{Bot, Call};
use crate::error::{Trouble, chain};
use crate::metrics::LinkEvent;
use links::{ChatId, Kind, UnixTime};
use store::ToRevoke;
use telegram::bot_api::methods::{Method, RevokeChatInviteLink};
use tracing::error;

/// So many are looked up at a time.
const AT_A_TIME: u32 = 64;

/// Ends the links into a chat that are to be ended; says how many were.
pub(crate) async fn end(app: &App, bot: &Bot, chat: ChatId) -> Result<usize, Trouble> {
    let mut ended = 0;
    let mut refused = Vec::new();
    for link in app.store.to_revoke(bot.id, chat, AT_A_TIME).await? {
        if link.due_at > app.clock.now() || !may_ask(app, bot, RevokeChatInviteLink::NAME, chat).await? {
            break;
        }
        app.points.pass("revoke.asking");
        let revoked = bot.revoke(chat, &link.url).await?;
        app.points.pass("revoke.answered");
        let error = match revoked {
            Err(error) if *error.kind() != Kind::LinkDead => error,
            _ => {
                bot.done(Call::of_chat(RevokeChatInviteLink::NAME, chat));
                app.store.revoked(link.link, app.clock.now()).await?;
                app.metrics.link(LinkEvent::Revoked);
                app.bells.ended.ring();
                ended += 1;
                continue;
            }
        };
        if is_refusal(&error) {
            refused.push((link, error));
        } else {
            app.store.revoke_later(link.link, app.clock.now()).await?;
            put_off(app, bot, RevokeChatInviteLink::NAME, chat, &error).await?;
            if matches!(error.kind(), Kind::ChatMoved { .. }) {
                break;
            }
        }
    }
    rest(app, bot, chat, &refused).await?;
    Ok(ended)
}

/// What Telegram refuses to end is left alone, longer each time, and no other link for it. Whoever owns the chat is told
/// once, and before it is written down that they were.
async fn rest(
    app: &App,
    bot: &Bot,
    chat: ChatId,
    refused: &[(ToRevoke, links::Error)],
) -> Result<(), Trouble> {
    let is_told = |link: &ToRevoke| is_time_to_tell(rest_seconds(link.refused));
    let told: Vec<_> = refused.iter().filter(|(link, _)| is_told(link)).collect();
    if let Some((_, why)) = told.last()
        && app.store.is_gated(bot.id, chat).await?
    {
        let title = title(app, bot, chat).await?;
        let names: Vec<String> = told.iter().map(|(link, _)| link.marker.to_string()).collect();
        let text = format!(
            "Telegram refuses to end invitations of mine to {title}, and I do not know why: {why}. I ask again now and \
             then. Until they end, they may let somebody in; you can end them in Telegram by their names: {}.",
            names.join(", ")
        );
        errands::say(app, bot.id, To::OwnerOf(chat.get()), text).await?;
    }
    for (link, why) in refused {
        let seconds = rest_seconds(link.refused);
        error!(
            telegram.chat = chat.get(),
            link = link.link.get(),
            rest_seconds = seconds,
            error = chain(why),
            "Telegram refuses to end a link, and we do not know why"
        );
        app.metrics.refusals.inc();
        let due_at = UnixTime::new(app.clock.now().get().saturating_add(seconds));
        app.store.revoke_refused(link.link, due_at).await?;
    }
    Ok(())
}
