//! Somebody came in by a link that was not theirs. The link is dead before anything is done with them, so nobody
//! follows; then the gate's rule is kept, and the owner of the chat is told.

use super::chats::title;
use super::errands::{self, To};
use super::patience::{may_ask, put_off_person};
use crate::app::App;
use crate::bots::{Asked, Bot, Call};
use crate::error::Trouble;
use crate::metrics::StrangerEnd;
use gate::StrangerRule;
use links::{Chat, ChatId, ChatIdKind, Kind, UserId};
use store::{Stranger, StrangerIs};
use telegram::bot_api::methods::{BanChatMember, GetChatMember, Method, UnbanChatMember};

/// So many are looked up at a time.
const AT_A_TIME: u32 = 64;

/// Deals with those in a chat whose link is dead; says how many that were.
pub(crate) async fn settle(app: &App, bot: &Bot, chat: ChatId) -> Result<usize, Trouble> {
    let mut settled = 0;
    for Stranger { pass, person, .. } in app.store.strangers(bot.id, chat, AT_A_TIME).await? {
        // To deal with those before them takes time, in which they may have gone and come back by a pass of their own.
        let as_of_now = app.store.strangers_who_are(bot.id, chat, person).await?;
        let Some(stranger) = as_of_now.into_iter().find(|one| one.pass == pass) else { continue };
        if let Some(end) = end(app, bot, stranger).await? {
            tell_owner(app, bot, stranger, end).await?;
            app.points.pass("stranger.told");
            app.store.stranger_settled(stranger, app.clock.now()).await?;
            app.metrics.stranger(end);
            settled += 1;
        }
    }
    Ok(settled)
}

/// What becomes of them; nothing yet, if Telegram has to be asked again later.
async fn end(app: &App, bot: &Bot, stranger: Stranger) -> Result<Option<StrangerEnd>, Trouble> {
    match stranger.is {
        StrangerIs::Inside => {}
        StrangerIs::Gone => return Ok(Some(StrangerEnd::Gone)),
        StrangerIs::ByRight => return Ok(Some(StrangerEnd::Kept)),
    }
    let gate = app.store.gate_by_id(stranger.gate).await?;
    if gate.is_some_and(|gate| gate.gate.stranger == StrangerRule::Keep) {
        return Ok(Some(StrangerEnd::Kept));
    }
    let (method, chat) = (UnbanChatMember::NAME, stranger.chat);
    let call = Call { method, chat, person: Some(stranger.person) };
    if bot.rests(call, app.clock.now()) || !may_ask(app, bot, method, chat).await? {
        return Ok(None);
    }
    app.points.pass("stranger.removing");
    let removed = remove(bot, stranger.chat, stranger.person).await?;
    app.points.pass("stranger.removed");
    match removed {
        Ok(end) => {
            bot.done(call);
            Ok(Some(end))
        }
        // An administrator is no stranger to the chat.
        Err(error) if *error.kind() == Kind::PersonIsAdministrator => Ok(Some(StrangerEnd::Kept)),
        Err(error) if matches!(error.kind(), Kind::PersonUnknown | Kind::PersonGone) => {
            Ok(Some(StrangerEnd::Gone))
        }
        Err(error) => {
            put_off_person(app, bot, call, &error).await?;
            Ok(None)
        }
    }
}

/// Out, but not banned: they may earn a pass of their own. To lift a ban and to remove a member are one call to Telegram,
/// so it is looked up first which of them it would be.
async fn remove(bot: &Bot, chat: ChatId, person: UserId) -> Asked<StrangerEnd> {
    let chat_id = &Chat::from(chat);
    match bot.call(&GetChatMember { chat_id, user_id: person }).await? {
        Ok(member) if member.is_in() == Some(false) => return Ok(Ok(StrangerEnd::Gone)),
        Ok(_) => {}
        Err(error) => return Ok(Err(error)),
    }
    let removed = if chat.kind() == ChatIdKind::Group {
        // Basic groups know no bans, only removals.
        let out = BanChatMember { chat_id, user_id: person, until_date: None, revoke_messages: None };
        bot.call(&out).await?
    } else {
        bot.call(&UnbanChatMember { chat_id, user_id: person, only_if_banned: None }).await?
    };
    Ok(removed.map(|_| StrangerEnd::Removed))
}

async fn tell_owner(app: &App, bot: &Bot, stranger: Stranger, end: StrangerEnd) -> Result<(), Trouble> {
    let title = title(app, bot, stranger.chat).await?;
    let what = match end {
        StrangerEnd::Removed => "They were removed, and may earn an invitation of their own.",
        StrangerEnd::Kept => {
            "They stay, by the rule of the gate, by their office or by an invitation of their own."
        }
        StrangerEnd::Gone => "They are gone already.",
    };
    let text = format!(
        "Somebody (id {}) came into {title} by an invitation that was given to somebody else (pass {}). The \
         invitation is dead. {what}",
        stranger.person, stranger.pass
    );
    errands::say(app, bot.id, To::OwnerOf(stranger.chat.get()), text).await
}
