//! What we may do in a chat, and how it looks: Telegram tells of some changes, and is asked for the rest now and then.

use super::errands::{self, To};
use super::patience::{may_ask, put_off};
use crate::app::App;
use crate::bots::{Bot, Call};
use crate::error::Trouble;
use gate::Entry;
use links::{Chat, ChatId, Kind, Right, Standing, UnixTime};
use store::{ChatFace, ChatKind, GateState, NewErrand, SavedGate};
use telegram::bot_api::methods::{GetChat, GetChatMember, Method};
use telegram::bot_api::types::ChatFullInfo;
use telegram::bot_api::updates::standing_of;
use tracing::{error, warn};

/// A chat is looked at again after so long, though nothing was heard of a change: nobody tells a bot that its chat became
/// public.
const LOOK_AGAIN_SECONDS: i64 = 600;
/// A lack is looked at again sooner.
const LACK_SECONDS: i64 = 60;
/// Who does what nobody told us to do.
const OURSELVES: &str = "admit";

/// Whether links can be made and given out in the chat, as far as is known. Where it is not known, that is found out.
pub(crate) async fn may_give(app: &App, bot: &Bot, chat: ChatId) -> Result<bool, Trouble> {
    let known = app.store.chat(bot.id, chat).await?;
    match known {
        Some(known) if known.standing.is_some() && known.title.is_some() => Ok(known.may_give()),
        _ => {
            look_if_due(app, bot, chat).await?;
            Ok(app
                .store
                .chat(bot.id, chat)
                .await?
                .is_some_and(|known| known.standing.is_some() && known.may_give()))
        }
    }
}

/// Looks at every chat to which gates of this bot lead and whose time has come.
pub(crate) async fn look_at_all(app: &App, bot: &Bot) -> Result<(), Trouble> {
    for slug in app.store.slugs(bot.id).await? {
        let Some(gate) = app.gate(slug.as_str()).await? else { continue };
        for &chat in gate.gate.chats.iter() {
            look_if_due(app, bot, chat).await?;
            // Also where another gate's look found it out, or one before a restart.
            pause_if_public(app, bot, &gate, chat).await?;
        }
    }
    Ok(())
}

async fn look_if_due(app: &App, bot: &Bot, chat: ChatId) -> Result<(), Trouble> {
    let now = app.clock.now();
    let after = |seconds: i64| UnixTime::new(now.get().saturating_add(seconds));
    if !bot.is_due(chat, now) || !may_ask(app, bot, GetChatMember::NAME, chat).await? {
        return Ok(());
    }
    bot.look_at(chat, after(LACK_SECONDS));
    if look(app, bot, chat).await? {
        bot.look_at(chat, after(LOOK_AGAIN_SECONDS));
    }
    Ok(())
}

/// Asks Telegram; says whether all is as it should be.
async fn look(app: &App, bot: &Bot, chat: ChatId) -> Result<bool, Trouble> {
    let name = Chat::from(chat);
    let asked_at = app.clock.now();
    let standing = match bot.call(&GetChatMember { chat_id: &name, user_id: bot.id }).await? {
        Ok(member) => {
            bot.done(Call::of_chat(GetChatMember::NAME, chat));
            standing_of(&member)
        }
        Err(error) if matches!(error.kind(), Kind::BotNotInChat | Kind::ChatNotFound) => Some(Standing::Out),
        Err(error) => {
            put_off(app, bot, GetChatMember::NAME, chat, &error).await?;
            return Ok(false);
        }
    };
    let Some(standing) = standing else { return Ok(false) };
    let before = app.store.chat(bot.id, chat).await?.and_then(|known| known.standing);
    if before.as_ref() != Some(&standing) {
        let errand = lack(app, bot, chat, &standing).await?;
        if app.store.know_standing(bot.id, chat, standing.clone(), errand.clone(), asked_at).await? {
            changed(app, bot, chat, errand.as_ref());
        }
    }
    if !standing.may(Right::InviteUsers) {
        return Ok(false);
    }
    match bot.call(&GetChat { chat_id: &name }).await? {
        Ok(full) => {
            bot.done(Call::of_chat(GetChat::NAME, chat));
            bot.saw_name(chat, full.username.as_deref());
            app.store.know_chat(bot.id, chat, face(full), asked_at).await?;
        }
        Err(error) => {
            put_off(app, bot, GetChat::NAME, chat, &error).await?;
            return Ok(false);
        }
    }
    // Asked while it can be: once the bot is out, nobody would say.
    if app.store.owner(bot.id, chat).await?.is_none()
        && let Ok(Some(owner)) = errands::owner(bot, chat).await?
    {
        app.store.know_owner(bot.id, chat, owner).await?;
    }
    Ok(true)
}

fn face(full: ChatFullInfo) -> ChatFace {
    let kind = match full.kind.as_str() {
        "channel" => ChatKind::Channel,
        "supergroup" => ChatKind::Supergroup,
        _ => ChatKind::Group,
    };
    let username = full.username.or_else(|| full.active_usernames.into_iter().next());
    ChatFace { kind, title: full.title.unwrap_or_default(), username }
}

/// What the bot is in a chat is another thing than before. Whatever failed there may be tried again; should something be
/// lacking, that is `said` already.
pub(crate) fn changed(app: &App, bot: &Bot, chat: ChatId, said: Option<&NewErrand>) {
    bot.wake(chat);
    bot.look_at(chat, app.clock.now());
    app.bells.wanted.ring();
    app.bells.ending.ring();
    app.bells.errand.ring();
    if said.is_some() {
        warn!(telegram.chat = chat.get(), "we may make no invitations in this chat any more");
    }
}

/// What whoever has to put something right is told, should this be news.
pub(crate) async fn lack(
    app: &App,
    bot: &Bot,
    chat: ChatId,
    standing: &Standing,
) -> Result<Option<NewErrand>, Trouble> {
    if standing.may(Right::InviteUsers) || !app.store.is_gated(bot.id, chat).await? {
        return Ok(None);
    }
    // Who was told that it is lacking need not hear of every other right that comes and goes.
    let before = app.store.chat(bot.id, chat).await?.and_then(|known| known.standing);
    if before.is_some_and(|before| !before.may(Right::InviteUsers)) {
        return Ok(None);
    }
    let title = title(app, bot, chat).await?;
    let mut text = format!(
        "I may not make invitations to {title} any more. Whoever passes a gate waits until I am an administrator there \
         with the right to invite users."
    );
    let out = app.store.links_out(bot.id, chat, app.clock.now()).await?;
    if out > 0 {
        text.push_str(&format!(
            " {out} of my invitations are out, and may work still: only I can end them, and I do so as soon as I am back."
        ));
    }
    Ok(Some(errands::saying(To::OwnerOf(chat.get()), text)))
}

/// Anyone can walk into a public chat, and nobody is told by which link. A gate that leads there by links is paused.
async fn pause_if_public(app: &App, bot: &Bot, gate: &SavedGate, chat: ChatId) -> Result<(), Trouble> {
    if gate.state != GateState::Open || gate.gate.entry != Entry::Link {
        return Ok(());
    }
    let Some(name) = app.store.chat(bot.id, chat).await?.and_then(|known| known.username) else {
        return Ok(());
    };
    let title = title(app, bot, chat).await?;
    let text = format!(
        "{title} is public now, as @{name}: anyone can walk in without an invitation, and I cannot see who comes by one. \
         I paused the gate \"{}\" that leads there. Make the chat private again, then publish the gate again.",
        gate.gate.title.as_str()
    );
    let errand = errands::saying(To::OwnerOf(chat.get()), text);
    // Whoever changes the gate meanwhile has looked at its chats as well, and is not undone.
    if app.store.pause_gate(gate, OURSELVES, errand, app.clock.now()).await? {
        app.bells.errand.ring();
        let slug = gate.gate.slug.as_str();
        error!(telegram.chat = chat.get(), gate = slug, "a chat became public, so its gate is paused");
    }
    Ok(())
}

pub(crate) async fn title(app: &App, bot: &Bot, chat: ChatId) -> Result<String, Trouble> {
    let title = app.store.chat(bot.id, chat).await?.and_then(|chat| chat.title);
    Ok(title.unwrap_or_else(|| chat.to_string()))
}
