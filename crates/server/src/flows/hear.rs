//! What Telegram tells us is taken in: each update with its effects, once, before it is acknowledged.

use super::{chats, confirm, doubts};
use crate::app::App;
use crate::bots::Bot;
use crate::error::{Trouble, chain};
use crate::sign::Purpose;
use links::{ChatId, Event, Link, UnixTime, UserId, Way};
use store::{By, Effect, NewErrand, Outcome};
use telegram::bot_api::types::{Update, UpdateKind};
use telegram::bot_api::updates::event;
use tracing::{error, info, warn};

/// What we want to be told of: all that means something for links, and pressed buttons.
pub(crate) const KINDS: &[&str] =
    &["message", "callback_query", "my_chat_member", "chat_member", "chat_join_request"];

/// Where Telegram sends a bot's updates, if it is told to.
pub(crate) fn webhook_url(app: &App, bot: UserId) -> String {
    format!("{}{}", app.public_url, webhook_path(bot))
}

/// The same at any address.
pub(crate) fn webhook_path(bot: UserId) -> String {
    format!("/telegram/{bot}")
}

/// What Telegram says with each, so that we know whose it is.
pub(crate) fn webhook_secret(app: &App, bot: UserId) -> String {
    app.signer.sign(Purpose::Webhook, &bot.get().to_be_bytes())
}

/// Whether these are the words we gave to Telegram for this bot.
pub(crate) fn is_webhook_secret(app: &App, bot: UserId, said: &str) -> bool {
    app.signer.open(Purpose::Webhook, said) == Some(bot.get().to_be_bytes())
}

/// Whether somebody else took what was ours to hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gap {
    /// Nobody did, as far as we know.
    None,
    /// Another program was told instead of us, for a while.
    OthersListened,
}

/// Stores a batch and what it changes. When this is back, Telegram may forget it. `all_before` is since when there can
/// be more than these.
pub(crate) async fn take_in(
    app: &App,
    bot: &Bot,
    updates: &[Update],
    all_before: Option<UnixTime>,
    gap: Gap,
) -> Result<(), Trouble> {
    let now = app.clock.now();
    updates.iter().filter_map(chat_of).for_each(|(chat, name)| bot.saw_name(chat, name));
    let mut heard = Vec::with_capacity(updates.len());
    for update in updates {
        let effect = effect(app, bot, update, now);
        let errand = errand(app, bot, &effect).await?;
        heard.push(store::Update { id: update.update_id, received_at: now, effect, errand });
    }
    let outcomes = app.store.take_in(bot.id, heard.clone()).await?;
    app.points.pass("hear.stored");
    app.metrics.updates.inc_by(updates.len() as u64);
    for (heard, outcome) in heard.iter().zip(outcomes) {
        follow(app, bot, heard.errand.as_ref(), outcome);
    }
    // Also of those that were repeated, for we may have been cut off here before: better asked twice than never.
    for update in updates {
        match confirm::follow(app, bot, update, now).await {
            // To be told the same again and again would help nobody, and keep us from hearing anything else.
            Err(Trouble::Store(why)) if !why.is_retryable() => {
                error!(error = chain(&why), "somebody who pressed Start could not be asked who they are");
            }
            asked => asked?,
        }
    }
    if let Some(before) = all_before {
        let doubted = match gap {
            Gap::None => app.store.heard(bot.id, before).await?,
            Gap::OthersListened => app.store.heard_after_others(bot.id, before).await?,
        };
        doubts::tell_of(app, doubted);
    }
    Ok(())
}

/// What is to be said should this be news; written down with it, so that nothing which was taken in is kept quiet.
async fn errand(app: &App, bot: &Bot, effect: &Effect) -> Result<Option<NewErrand>, Trouble> {
    match effect {
        Effect::RightsChanged { chat, standing, .. } => chats::lack(app, bot, *chat, standing).await,
        _ => Ok(None),
    }
}

/// What is done at once, now that it is written down. Were it lost, the jobs would find it at their next look.
fn follow(app: &App, bot: &Bot, said: Option<&NewErrand>, outcome: Outcome) {
    match outcome {
        Outcome::Entered { .. } | Outcome::StrayLink { .. } => app.bells.ending.ring(),
        Outcome::Stranger { pass, chat } => {
            warn!(
                pass = pass.get(),
                telegram.chat = chat.get(),
                "somebody came by a link that was not theirs"
            );
            app.bells.ending.ring();
        }
        Outcome::RightsChanged { chat } => chats::changed(app, bot, chat, said),
        Outcome::Moved { to } => {
            info!(telegram.chat = to.get(), "a group has a new number");
            app.bells.wanted.ring();
        }
        Outcome::Repeated | Outcome::Noted | Outcome::Bound { .. } | Outcome::Gone { .. } => {}
    }
}

/// What an update means to us, in the store's words.
fn effect(app: &App, bot: &Bot, update: &Update, now: UnixTime) -> Effect {
    if let Some(confirmed) = confirm::effect(app, update, now) {
        return confirmed;
    }
    match event(update) {
        Some(Event::Joined(joined)) => Effect::Joined {
            chat: joined.chat,
            person: joined.person.id,
            at: joined.at,
            by: match &joined.way {
                Way::Link(link) | Way::Folder(Some(link)) => by(app, link),
                Way::Folder(None) | Way::DirectRequest | Way::Untold => By::default(),
            },
        },
        Some(Event::Left(left)) => Effect::Left {
            chat: left.chat,
            person: left.person.id,
            at: left.at,
            // Whom we remove is let back in a second later.
            banned: left.banned && left.by != bot.id,
        },
        Some(Event::Asked(request) | Event::GuardQuery { request, .. }) => Effect::Asked {
            chat: request.chat,
            person: request.person.id,
            at: request.asked_at,
            by: request.link.as_ref().map(|link| by(app, link)).unwrap_or_default(),
        },
        Some(Event::RightsChanged { chat, at, standing, .. }) => Effect::RightsChanged { chat, at, standing },
        Some(Event::ChatMigrated { from, to }) => Effect::Migrated { from, to, at: now },
        None => Effect::None,
    }
}

/// The chat in which something happened, and its public name if it has one. People have names of their own.
fn chat_of(update: &Update) -> Option<(ChatId, Option<&str>)> {
    let chat = match &update.kind {
        UpdateKind::Message(message) => &message.chat,
        UpdateKind::MyChatMember(change) | UpdateKind::ChatMember(change) => &change.chat,
        UpdateKind::ChatJoinRequest(request) => &request.chat,
        UpdateKind::CallbackQuery(_) | UpdateKind::Unknown(..) => return None,
    };
    let is_shared = chat.kind != "private";
    is_shared.then_some((ChatId::new(chat.id).ok()?, chat.username.as_deref()))
}

/// By what a link is known again: its name is ours to read, its text may be cut.
fn by(app: &App, link: &Link) -> By {
    By {
        marker: link.name.as_ref().and_then(|name| name.as_str().parse().ok()),
        creator: Some(link.creator.id),
        link: app.links.parse(link.url.as_str()).ok().map(|hash| (link.url.clone(), hash)),
    }
}
