//! Our books beside Telegram's. A bot is told who comes, for a day, and can look nothing up; the account of a chat's owner
//! sees every link of every bot there, who came by it, and who waits. What only Telegram knows is taken into the books by
//! the same transitions as news is, so that to do all of this twice is to do it once.
//!
//! A link that bears a name of ours and was never shown is ended, by the bot, for Telegram lets nobody else. One that
//! bears another name is somebody's, and is left alone; so is one that was made before the bot was known here, for then
//! other books made it.

mod desk;
mod imported;
mod people;
mod report;

pub use report::{Became, Came, ChatReport, Difference, End, Failure, Foreign, NotCompared, Report, Unshown};

use crate::CannotStart;
use crate::bots::Bot;
use crate::clock::Clock;
use crate::points::Points;
use desk::{Desk, Failed, before};
use links::{ChatId, Kind, Link, LinkHash, Links, Parser, UserId};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use store::{Shown, Store};
use telegram::bot_api::Settings as Road;

/// Who compares every night.
const BY_ITSELF: &str = "the service";

/// So long after the end of a link it is still looked up who came by it, if that was not done, wherever gates lead since.
const STILL_ASKED_SECONDS: i64 = 7 * DAY_SECONDS;
const DAY_SECONDS: i64 = 86_400;

/// What is to be compared, and how far that may go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wish {
    /// These chats; without any, every chat that a gate or a link of the books leads to.
    pub chats: Vec<ChatId>,
    /// Who wants it, and answers for it; without anybody, the service does it by itself.
    pub who: Option<String>,
    /// Nothing is changed, here or at Telegram.
    pub dry_run: bool,
    /// What is done about links that bear a name of ours and which the books do not know.
    pub strays: Strays,
}

/// Which links end that bear a name of ours and which the books do not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strays {
    /// None.
    Keep,
    /// Those that were made since the bot is known here. Whoever opens the wrong books ends no link of the right ones.
    #[default]
    End,
    /// Those that are older, too.
    EndAll,
}

/// Both sets of books, and whoever reads Telegram's.
#[derive(Clone, Copy)]
pub struct Books<'a> {
    /// Ours.
    pub store: &'a Store,
    /// Theirs, as this account sees them.
    pub account: &'a dyn Links,
    /// Reads links.
    pub links: &'a Parser,
    /// Tells the time.
    pub clock: &'a Clock,
    /// For how many days people are remembered who hold no pass: who came or asked before is nobody's to know any more.
    pub keep_days: u32,
}

/// Why nothing could be compared any more.
#[derive(Debug, thiserror::Error)]
pub enum CannotReconcile {
    /// The store could not be read or written.
    #[error("the store could not do it")]
    Store(#[from] store::Error),
    /// Somebody has to log in again.
    #[error("the account's session is over")]
    SessionOver(#[source] links::Error),
    /// Telegram refused, or could not be asked.
    #[error("Telegram did not show the links of this chat")]
    Telegram(#[source] links::Error),
    /// A bot of the store cannot be used.
    #[error(transparent)]
    Bot(#[from] CannotStart),
}

/// Compares, and puts right what can be; with every bot of the store. What was found and done is in the report as soon as
/// it is, so that whoever stops this half-way has it.
pub async fn reconcile(
    books: Books<'_>,
    road: &Road,
    wish: &Wish,
    report: &mut Report,
) -> Result<(), CannotReconcile> {
    let mut bots = Vec::new();
    for known in books.store.bots().await? {
        bots.push(Bot::new(&known, road, books.store.clone(), books.clock.clone())?);
    }
    with_bots(books, &bots, wish, &Points::default(), report).await
}

/// The same, with these bots.
pub(crate) async fn with_bots(
    books: Books<'_>,
    bots: &[Bot],
    wish: &Wish,
    points: &Points,
    report: &mut Report,
) -> Result<(), CannotReconcile> {
    let mut compared = HashSet::new();
    let places = places(books, bots, wish).await?;
    for &Place { chat, bot, is_for_imported } in &places {
        // What concerns no bot is looked at once.
        let is_first = !compared.contains(&chat);
        let each = report.begin(chat, bot.id);
        let bots_here: HashSet<UserId> =
            places.iter().filter(|place| place.chat == chat).map(|place| place.bot.id).collect();
        let mut desk = Desk::new(books, bot, chat, wish, points, &mut each.found);
        let ended = match is_for_imported {
            true => desk.compare_imported().await,
            false => desk.compare(is_first.then_some(&bots_here)).await,
        };
        if !wish.dry_run && (wish.who.is_some() || desk.found.has_changed()) {
            desk.record(&desk.found.changed()).await?;
        }
        each.outcome = match ended {
            Ok(()) => {
                compared.insert(chat);
                Ok(())
            }
            Err(Failed::Store(why)) => return Err(why.into()),
            Err(Failed::Telegram(why)) if *why.kind() == Kind::SessionOver => {
                return Err(CannotReconcile::SessionOver(why));
            }
            Err(Failed::Telegram(why)) if matches!(why.kind(), Kind::MissingRight(_)) => {
                compared.insert(chat);
                Err(NotCompared::NotOwner)
            }
            Err(Failed::Telegram(why)) => Err(NotCompared::Telegram(why)),
        };
    }
    Ok(())
}

/// What is compared with what.
struct Place<'a> {
    chat: ChatId,
    bot: &'a Bot,
    /// No bot of ours leads there: only links that were made elsewhere are looked after.
    is_for_imported: bool,
}

/// The chats that are named; else those that gates lead to, or links of ours that may let somebody in or ended lately, and
/// those of imported links. Each with every bot that leads there. One that is named and to which none leads is looked at
/// with every bot that knows it, or with all.
async fn places<'a>(books: Books<'_>, bots: &'a [Bot], wish: &Wish) -> Result<Vec<Place<'a>>, store::Error> {
    let (store, now) = (books.store, books.clock.now());
    let mut led_to: BTreeMap<ChatId, Vec<&Bot>> = BTreeMap::new();
    for bot in bots {
        let mut chats =
            BTreeSet::from_iter(store.led_to(bot.id, now, before(now, STILL_ASKED_SECONDS)).await?);
        for slug in store.slugs(bot.id).await? {
            chats.extend(store.gate(&slug).await?.into_iter().flat_map(|gate| gate.gate.chats.clone()));
        }
        for chat in chats {
            led_to.entry(chat).or_default().push(bot);
        }
    }
    let mut places = Vec::new();
    let mut put = |chat, bots: &[&'a Bot], is_for_imported| {
        places.extend(bots.iter().map(|&bot| Place { chat, bot, is_for_imported }));
    };
    if wish.chats.is_empty() {
        for (&chat, whose) in &led_to {
            put(chat, whose, false);
        }
        let since = before(now, i64::from(books.keep_days) * DAY_SECONDS);
        for chat in store.imported_into(since).await? {
            if let (false, Some(any)) = (led_to.contains_key(&chat), bots.first()) {
                put(chat, &[any], true);
            }
        }
    }
    for &chat in &wish.chats {
        let mut whose = led_to.get(&chat).cloned().unwrap_or_default();
        if whose.is_empty() {
            for bot in bots {
                if store.chat(bot.id, chat).await?.is_some() {
                    whose.push(bot);
                }
            }
        }
        if whose.is_empty() {
            whose.extend(bots);
        }
        put(chat, &whose, false);
    }
    Ok(places)
}

/// A link in the words of the store.
pub(super) fn shown(chat: ChatId, link: &Link, hash: LinkHash) -> Shown {
    let creator: UserId = link.creator.id;
    Shown {
        chat,
        url: link.url.clone(),
        hash,
        name: link.name.clone().map(String::from),
        creator,
        expires_at: link.expires_at,
        uses: link.uses,
        is_revoked: link.is_revoked,
    }
}
