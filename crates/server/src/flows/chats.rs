//! What we may do in a chat, as Telegram told last: it tells of every change, and is asked where it did not.

use super::patience::put_off;
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use links::{Chat, ChatId, Kind, Right, Standing, UnixTime};
use store::{ChatFace, ChatKind};
use telegram::bot_api::methods::{GetChat, GetChatMember, Method};
use telegram::bot_api::updates::standing_of;

/// A lack is looked at again after so long, in case we were not told of its end.
const LOOK_AGAIN_SECONDS: i64 = 60;

/// Whether this right is ours in the chat. Where it is not known, Telegram is asked.
pub(crate) async fn may(app: &App, bot: &Bot, chat: ChatId, right: Right) -> Result<bool, Trouble> {
    let known = app.store.chat(bot.id, chat).await?;
    let has_face = known.as_ref().is_some_and(|known| known.title.is_some());
    if known.and_then(|known| known.standing).is_some_and(|standing| standing.may(right)) && has_face {
        return Ok(true);
    }
    let now = app.clock.now();
    if bot.rests(GetChatMember::NAME, chat, now) {
        return Ok(false);
    }
    bot.rest(GetChatMember::NAME, chat, UnixTime::new(now.get().saturating_add(LOOK_AGAIN_SECONDS)));
    look(app, bot, chat, right).await
}

async fn look(app: &App, bot: &Bot, chat: ChatId, right: Right) -> Result<bool, Trouble> {
    let name = Chat::from(chat);
    let standing = match bot.call(&GetChatMember { chat_id: &name, user_id: bot.id }).await {
        Ok(member) => standing_of(&member),
        Err(error) if matches!(error.kind(), Kind::BotNotInChat | Kind::ChatNotFound) => Some(Standing::Out),
        Err(error) => {
            put_off(app, bot, GetChatMember::NAME, chat, &error).await?;
            return Ok(false);
        }
    };
    let Some(standing) = standing else { return Ok(false) };
    let may = standing.may(right);
    app.store.know_standing(bot.id, chat, standing, app.clock.now()).await?;
    if may && let Ok(full) = bot.call(&GetChat { chat_id: &name }).await {
        let kind = match full.kind.as_str() {
            "channel" => ChatKind::Channel,
            "supergroup" => ChatKind::Supergroup,
            _ => ChatKind::Group,
        };
        let title = full.title.unwrap_or_default();
        app.store.know_chat(bot.id, chat, ChatFace { kind, title, username: full.username }).await?;
    }
    Ok(may)
}
