//! Somebody whose link expired, leaked or does not work asks for another.

use super::answer::wait_for_link;
use super::patience::{may_ask, put_off};
use super::presence::{self, Presence};
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use gate::pass::State;
use links::{Chat, Edit, Expiry, Kind, LinkName, LinkUrl, Terms, UnixTime};
use std::time::Duration;
use store::{Doubt, GateState, Held, Holding, Reissued, SavedGate, Visitor};
use telegram::bot_api::methods::{EditChatInviteLink, Method};
use tokio::time::Instant;
use tracing::info;

/// How long to wait for Telegram to end the old link first.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
const A_SECOND: Duration = Duration::from_secs(1);
/// Telegram is asked about one link so often at most, however often its holder asks.
const ASK_AGAIN_SECONDS: i64 = 30;

/// What became of the wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// There is a new link or a place in the queue, or there was nothing to replace.
    Done,
    /// The old link still works at Telegram and is being ended, or news of who came by it is awaited.
    NotYet,
    /// Nobody knows whether somebody came by it.
    Unsure,
    /// Telegram says that the link works.
    Works,
    /// Telegram says that they are kept out of the chat.
    Banned,
    /// The gate is paused.
    Paused,
    /// They hold nothing here.
    NoPass,
}

pub(crate) async fn reissue(app: &App, gate: &SavedGate, visitor: Visitor) -> Result<Outcome, Trouble> {
    if gate.state != GateState::Open {
        return Ok(Outcome::Paused);
    }
    // What ran out a moment ago may not be written down yet.
    app.store.expire(app.clock.now()).await?;
    let Some(holding) = app.store.holding(gate.id, visitor).await? else { return Ok(Outcome::NoPass) };
    if holding.revoked_at.is_some() {
        return Ok(Outcome::Done);
    }
    let mut outcome = Outcome::Done;
    for entry in &holding.entries {
        let replaced = match entry.state {
            State::Issued | State::Expired | State::Leaked => replace(app, gate, &holding, entry).await?,
            State::Granted | State::Used | State::Left | State::Revoked => continue,
        };
        // Of several chats, what went wrong at one does not keep the others.
        if replaced != Outcome::Done {
            outcome = replaced;
        }
    }
    if outcome == Outcome::Done {
        wait_for_link(app, gate, visitor).await?;
    }
    Ok(outcome)
}

async fn replace(app: &App, gate: &SavedGate, holding: &Holding, entry: &Held) -> Result<Outcome, Trouble> {
    let bot = app.bots.get(gate.bot);
    if let Some(bot) = &bot
        && let Some(ended) = by_presence(app, bot, holding, entry).await?
    {
        return Ok(ended);
    }
    if entry.state == State::Issued {
        let (Some(bot), Some(url)) = (&bot, &entry.link) else { return Ok(Outcome::NotYet) };
        match is_dead(app, bot, gate, entry, url).await? {
            Some(true) => {}
            Some(false) => return Ok(Outcome::Works),
            None => return Ok(Outcome::NotYet),
        }
    }
    another(app, gate, holding, entry).await
}

/// Of a person who is known, Telegram says whether they are in, or cannot come in.
async fn by_presence(
    app: &App,
    bot: &Bot,
    holding: &Holding,
    entry: &Held,
) -> Result<Option<Outcome>, Trouble> {
    let Some(person) = holding.person else { return Ok(None) };
    Ok(match presence::of(app, bot, entry.chat, person).await? {
        Some(Presence::In) => {
            app.store.found_in(holding.pass, entry.chat, app.clock.now()).await?;
            app.bells.ending.ring();
            Some(Outcome::Done)
        }
        Some(Presence::Banned) => Some(Outcome::Banned),
        Some(Presence::Out) => {
            if let Some(doubted_at) = entry.doubted_at {
                let doubt = Doubt { pass: holding.pass, chat: entry.chat, person, doubted_at };
                app.store.found_out(doubt).await?;
            }
            None
        }
        None => None,
    })
}

/// Whether a link is dead that should not be: somebody revoked it by hand. It is told what it was made with once more,
/// which Telegram refuses of a dead one, and which puts right what was changed by hand of one that lives.
async fn is_dead(
    app: &App,
    bot: &Bot,
    gate: &SavedGate,
    entry: &Held,
    url: &LinkUrl,
) -> Result<Option<bool>, Trouble> {
    let now = app.clock.now();
    let Ok(hash) = app.links.parse(url.as_str()) else { return Ok(None) };
    let mut told = None;
    loop {
        let Some((link, _)) = app.store.ledger_by_hash(&hash).await? else { return Ok(None) };
        // Which end is true is not known before that edit is over, and ours would undo it.
        if link.expiry_wanted.is_some() {
            return Ok(None);
        }
        if told == Some(link.expires_at) {
            return Ok(Some(false));
        }
        let next = UnixTime::new(now.get().saturating_add(ASK_AGAIN_SECONDS));
        if told.is_none() && !bot.may_ask_about(link.id, now, next)
            || !may_ask(app, bot, EditChatInviteLink::NAME, entry.chat).await?
        {
            return Ok(None);
        }
        let name = LinkName::new(&link.marker.to_string()).expect("a marker is short and plain");
        let expiry = Expiry::new(link.expires_at).expect("a link of ours ends at a time that was one");
        let same = Edit::replace(Terms::for_one(expiry).named(name));
        match bot.links().edit(&Chat::from(entry.chat), url, &same, None).await {
            // If somebody gave it another end meanwhile, it is told that one.
            Ok(shown) if !shown.is_revoked => told = Some(link.expires_at),
            Err(error) if *error.kind() != Kind::LinkDead => {
                put_off(app, bot, EditChatInviteLink::NAME, entry.chat, &error).await?;
                return Ok(None);
            }
            _ => {
                info!(
                    gate = gate.gate.slug.as_str(),
                    telegram.chat = entry.chat.get(),
                    "an invitation was ended by hand at Telegram"
                );
                app.store.link_died(link.id, app.clock.now()).await?;
                return Ok(Some(true));
            }
        }
    }
}

async fn another(app: &App, gate: &SavedGate, holding: &Holding, entry: &Held) -> Result<Outcome, Trouble> {
    let until = Instant::now() + PATIENCE;
    let mut ear = app.bells.ended.listen();
    let mut next_ring = Instant::now();
    loop {
        let now = app.clock.now();
        let again =
            app.store.reissue(holding.pass, entry.chat, gate.gate.promised_until(now), None, now).await?;
        app.points.pass("reissue.answered");
        match again {
            Reissued::NotYet if Instant::now() >= until => return Ok(Outcome::NotYet),
            Reissued::NotYet => {
                // What is known is known to the second, so that to ask more often tells no more.
                if Instant::now() >= next_ring {
                    next_ring += A_SECOND;
                    app.bells.ending.ring();
                    app.bells.doubted.ring();
                    app.bells.news.ring();
                }
                ear.wait(LOOK_AGAIN).await;
            }
            Reissued::Reissued(_) => {
                app.bells.wanted.ring();
                return Ok(Outcome::Done);
            }
            Reissued::Unsure => return Ok(Outcome::Unsure),
            Reissued::Not(_) | Reissued::NoSuchPass => return Ok(Outcome::Done),
        }
    }
}
