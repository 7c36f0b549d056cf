//! What Telegram tells us is taken in: each update with its effects, once, before it is acknowledged.

use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use links::{Event, Way};
use store::{By, Effect, Marker};
use telegram::bot_api::types::Update;
use telegram::bot_api::updates::event;

/// Stores a batch and what it changes. When this is back, Telegram may forget it.
pub(crate) async fn take_in(app: &App, bot: &Bot, updates: &[Update]) -> Result<(), Trouble> {
    let now = app.clock.now();
    let heard = updates.iter().map(|update| store::Update {
        id: update.update_id,
        received_at: now,
        effect: effect(app, update),
    });
    let outcomes = app.store.take_in(bot.id, heard.collect()).await?;
    app.points.pass("hear.stored");
    app.metrics.updates.inc_by(updates.len() as u64);
    if outcomes.iter().any(|outcome| matches!(outcome, store::Outcome::Entered { .. })) {
        app.bells.ending.ring();
    }
    Ok(())
}

/// What an update means to us, in the store's words.
fn effect(app: &App, update: &Update) -> Effect {
    match event(update) {
        Some(Event::Joined(joined)) => Effect::Joined {
            chat: joined.chat,
            person: joined.person.id,
            at: joined.at,
            by: by(app, &joined.way),
        },
        _ => Effect::None,
    }
}

/// By what the link is known again: its name is ours to read, its text may be cut.
fn by(app: &App, way: &Way) -> By {
    let link = match way {
        Way::Link(link) | Way::Folder(Some(link)) => link,
        Way::Folder(None) | Way::DirectRequest | Way::Untold => return By::default(),
    };
    By {
        marker: link.name.as_ref().and_then(|name| Marker::parse(name.as_str())),
        hash: app.links.parse(link.url.as_str()).ok(),
    }
}
