//! Where somebody is: Telegram is asked whether a person it knows is in a chat.

use super::patience::{may_ask, put_off_person};
use crate::app::App;
use crate::bots::{Bot, Call};
use crate::error::Trouble;
use links::{Chat, ChatId, Kind, UnixTime, UserId};
use telegram::bot_api::methods::{GetChatMember, Method};
use telegram::bot_api::types::ChatMember;

/// Where somebody is, as Telegram says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Presence {
    /// In the chat when Telegram was asked, or a little later. Its answer takes time, in which they may go.
    In { asked_at: UnixTime },
    /// Not there.
    Out,
    /// Kept out.
    Banned,
}

/// Where this person is; nothing, if Telegram cannot be asked now or does not say.
pub(crate) async fn of(
    app: &App,
    bot: &Bot,
    chat: ChatId,
    person: UserId,
) -> Result<Option<Presence>, Trouble> {
    let call = Call { method: GetChatMember::NAME, chat, person: Some(person) };
    if bot.rests(call, app.clock.now()) || !may_ask(app, bot, GetChatMember::NAME, chat).await? {
        return Ok(None);
    }
    let asked_at = app.clock.now();
    let member = bot.call(&GetChatMember { chat_id: &Chat::from(chat), user_id: person }).await?;
    if member.is_ok() {
        bot.done(call);
    }
    match member {
        Ok(ChatMember::Kicked(..)) => Ok(Some(Presence::Banned)),
        Ok(member) => {
            let presence = |is_in| if is_in { Presence::In { asked_at } } else { Presence::Out };
            Ok(member.is_in().map(presence))
        }
        // Whoever was never there, or is nobody any more, is not there.
        Err(error) if matches!(error.kind(), Kind::PersonUnknown | Kind::PersonGone) => {
            Ok(Some(Presence::Out))
        }
        Err(error) => {
            put_off_person(app, bot, call, &error).await?;
            Ok(None)
        }
    }
}
