//! Somebody whose link expired, leaked or does not work asks for another.

use super::answer::wait_for_link;
use super::patience::{may_ask, put_off};
use super::presence::{self, Presence};
use crate::app::App;
use crate::bots::Bot;
use crate::error::Trouble;
use gate::pass::State;
use links::{ChatId, Edit, Expiry, Kind, LinkName, LinkUrl, Terms, UnixTime};
use std::time::Duration;
use store::{Doubt, GateState, Held, Holding, Reissued, SavedGate, Visitor};
use telegram::bot_api::methods::{EditChatInviteLink, Method, RevokeChatInviteLink};
use tokio::time::Instant;
use tracing::info;

/// How long whoever asks may wait for Telegram: for what it says of them, for the end of the old link, for another one.
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

/// Answers in time, whatever is not over by then.
pub(crate) async fn reissue(app: &App, gate: &SavedGate, visitor: Visitor) -> Result<Outcome, Trouble> {
    if gate.state != GateState::Open {
        return Ok(Outcome::Paused);
    }
    let until = Instant::now() + PATIENCE;
    let replaced = app.within(until, replace(app.clone(), gate.clone(), visitor, until)).await?;
    Ok(replaced.unwrap_or(Outcome::NotYet))
}

/// Of several chats, what goes wrong at one does not keep the others.
async fn replace(app: App, gate: SavedGate, visitor: Visitor, until: Instant) -> Result<Outcome, Trouble> {
    // What ran out a moment ago may not be written down yet.
    app.store.expire(app.clock.now()).await?;
    let Some(holding) = app.store.holding(gate.id, visitor).await? else { return Ok(Outcome::NoPass) };
    if holding.revoked_at.is_some() {
        return Ok(Outcome::Done);
    }
    let mut outcome = Outcome::Done;
    let mut ended = Vec::new();
    for entry in &holding.entries {
        match entry.state {
            State::Issued | State::Expired | State::Leaked => {}
            State::Granted | State::Used | State::Left | State::Revoked => continue,
        }
        match look(&app, &gate, &holding, entry).await? {
            None => ended.push(entry.chat),
            Some(Outcome::Done) => {}
            Some(other) => outcome = other,
        }
    }
    for found in others(&app, &gate, &holding, ended, until).await? {
        outcome = found;
    }
    if outcome == Outcome::Done {
        wait_for_link(&app, &gate, visitor, until).await?;
    }
    Ok(outcome)
}

/// Why a link needs no other, or may have none now; nothing, if it is to be replaced.
async fn look(
    app: &App,
    gate: &SavedGate,
    holding: &Holding,
    entry: &Held,
) -> Result<Option<Outcome>, Trouble> {
    if let Some(bot) = app.bots.get(gate.bot)
        && let Some(found) = by_presence(app, &bot, holding, entry).await?
    {
        return Ok(Some(found));
    }
    if entry.state != State::Issued {
        return Ok(None);
    }
    let Some(url) = &entry.link else { return Ok(Some(Outcome::NotYet)) };
    Ok(match is_dead(app, gate, entry, url).await? {
        Some(true) => None,
        Some(false) => Some(Outcome::Works),
        None => Some(Outcome::NotYet),
    })
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
        Some(Presence::In { asked_at }) => {
            app.store.found_in(holding.pass, entry.chat, asked_at).await?;
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
/// which Telegram refuses of a dead one, and which puts right what was changed by hand of one that lives. Where it was to
/// be given another end, and nobody told what came of that, it is given that one.
async fn is_dead(app: &App, gate: &SavedGate, entry: &Held, url: &LinkUrl) -> Result<Option<bool>, Trouble> {
    let now = app.clock.now();
    let Ok(hash) = app.links.parse(url.as_str()) else { return Ok(None) };
    let mut told = None;
    loop {
        let Some((link, _)) = app.store.ledger_by_hash(&hash).await? else { return Ok(None) };
        if link.expiry_wanted.is_none() && told == Some(link.expires_at) {
            return Ok(Some(false));
        }
        // The gate may have another bot by now.
        let Some(bot) = app.bots.get(link.bot) else { return Ok(None) };
        let next = UnixTime::new(now.get().saturating_add(ASK_AGAIN_SECONDS));
        if told.is_none() && !bot.may_ask_about(link.id, now, next) {
            return Ok(None);
        }
        let end = link.expiry_wanted.unwrap_or(link.expires_at);
        let method = if end > now { EditChatInviteLink::NAME } else { RevokeChatInviteLink::NAME };
        if !may_ask(app, &bot, method, entry.chat).await? {
            return Ok(None);
        }
        let is_revoked = if end > now {
            let name = LinkName::new(&link.marker.to_string()).expect("a marker is short and plain");
            let expiry = Expiry::new(end).expect("a link of ours ends at a time that was one");
            let same = Edit::replace(Terms::for_one(expiry).named(name));
            bot.edit(entry.chat, url, &same).await?.map(|shown| shown.is_revoked)
        } else {
            // It was to have ended by now. Telegram takes no end that is over.
            bot.revoke(entry.chat, url).await?.map(|()| true)
        };
        match is_revoked {
            // If somebody gave it another end meanwhile, it is told that one.
            Ok(false) => {
                app.store.edited(&link, end, end).await?;
                told = Some(end);
            }
            Err(error) if *error.kind() != Kind::LinkDead => {
                put_off(app, &bot, method, entry.chat, &error).await?;
                return Ok(None);
            }
            Ok(true) | Err(_) => {
                info!(
                    gate = gate.gate.slug.as_str(),
                    telegram.chat = entry.chat.get(),
                    "an invitation ended at Telegram before its time"
                );
                app.store.link_died(link.id, app.clock.now()).await?;
                return Ok(Some(true));
            }
        }
    }
}

/// Gives another link into each of these chats. While an old one is being ended, it is waited for; answers what is not
/// done.
async fn others(
    app: &App,
    gate: &SavedGate,
    holding: &Holding,
    mut chats: Vec<ChatId>,
    until: Instant,
) -> Result<Vec<Outcome>, Trouble> {
    let mut ear = app.bells.ended.listen();
    let mut next_ring = Instant::now();
    let mut not_done = Vec::new();
    loop {
        let mut left = Vec::new();
        for chat in chats {
            let now = app.clock.now();
            let again =
                app.store.reissue(holding.pass, chat, gate.gate.promised_until(now), None, now).await?;
            app.points.pass("reissue.answered");
            match again {
                Reissued::NotYet => left.push(chat),
                Reissued::Reissued(_) => app.bells.wanted.ring(),
                Reissued::Unsure => not_done.push(Outcome::Unsure),
                Reissued::Not(_) | Reissued::NoSuchPass => {}
            }
        }
        if left.is_empty() {
            return Ok(not_done);
        }
        if Instant::now() >= until {
            not_done.push(Outcome::NotYet);
            return Ok(not_done);
        }
        chats = left;
        // What is known is known to the second, so that to ask more often tells no more.
        if Instant::now() >= next_ring {
            next_ring += A_SECOND;
            app.bells.ending.ring();
            app.bells.doubted.ring();
            app.bells.news.ring();
        }
        ear.wait(LOOK_AGAIN).await;
    }
}
