//! Until when everything was told to us, and what is doubted where it was not: somebody may have come by a link unheard
//! of. Such a link ends, and is not replaced before it is known who is in.

use crate::connection::Tx;
use crate::statements::statements;
use crate::updates;
use crate::{Did, Found, LinkId, PassId, Result, Store, found, gates, ledger};
use links::{ChatId, UnixTime, UserId};
use std::collections::BTreeSet;

statements! {
    HEARD_UNTIL = "select heard_at, added_at from bots where id = $1";
    HEARD = "update bots set heard_at = $1 where id = $2 and (heard_at is null or heard_at < $1)";
    GO_DEAF = "
        insert into chats (bot, id, deaf_from)
        values ($1, $2, $3)
        on conflict (bot, id) do update set deaf_from = excluded.deaf_from
        where chats.deaf_from is null or chats.deaf_from > excluded.deaf_from";
    DEAF_FROM = "select deaf_from from chats where bot = $1 and id = $2 and deaf_from is not null";
    HEARING_AGAIN = "
        select id, deaf_from from chats
        where bot = $1 and deaf_from is not null and standing = 'administrator' and username is null
        order by id";
    HEAR_AGAIN = "
        update chats set deaf_from = null
        where bot = $1 and id = $2 and deaf_from = $3 and standing = 'administrator' and username is null";
    DROP_POOL = "
        update links set state = 'dropped', revoke_wanted_at = coalesce(revoke_wanted_at, $1)
        where state = 'free' and bot = $2 and chat = $3";
    END_LINKS = "
        update links set revoke_wanted_at = $1
        where revoke_wanted_at is null and revoked_at is null and bot = $2 and id in (
            select link from entries
            where state = 'issued' and expires_at > $3 and issued_at < $4 and (chat = $5 or $6 = 0))";
    DOUBT_ISSUED = "
        update entries set state = 'expired', doubted_at = $1
        where state = 'issued' and expires_at > $2 and issued_at < $1 and (chat = $3 or $4 = 0)
            and (select bot from links where links.id = entries.link) = $5";
    DOUBT_EXPIRED = "
        update entries set doubted_at = $1
        where state = 'expired' and expires_at > $2 and issued_at < $1 and (chat = $3 or $4 = 0)
            and (select bot from links where links.id = entries.link) = $5";
    END_ALL = "
        update links set revoke_wanted_at = $1
        where revoke_wanted_at is null and revoked_at is null
            and id in (select link from entries where state = 'issued')";
    DOUBT_ALL = "
        update entries set state = 'expired', doubted_at = $1
        where state in ('granted', 'issued') or (state = 'expired' and doubted_at is null)
        returning pass";
    IN_DOUBT = "
        select e.pass, e.chat, p.person, e.doubted_at
        from entries e
        join passes p on p.id = e.pass
        join links l on l.id = e.link
        where e.doubted_at is not null and e.state = 'expired' and l.bot = $1
            and p.person is not null and p.revoked_at is null
        order by e.pass, e.chat
        limit $2";
    PERSON = "select person from passes where id = $1";
    HOLDER = "
        select p.gate, e.link
        from entries e
        join passes p on p.id = e.pass
        where e.pass = $1 and e.chat = $2 and p.person = $3 and e.state in ('issued', 'expired', 'leaked') and e.link is not null";
    CLEAR = "
        update entries set doubted_at = null
        where pass = $1 and chat = $2 and doubted_at = $3 and state = 'expired'";
    DROP_DEAD = "update links set state = 'dropped' where id = $1 and state = 'free'";
    DIED = "
        update entries set state = 'expired'
        where link = $1 and state = 'issued'
            and pass = (select pass from links where id = $1)
            and chat = (select chat from links where id = $1)";
}

/// Telegram forgets updates that nobody took for a day; an hour less, because its clock is not ours.
const KEPT_SECONDS: i64 = 23 * 3600;

/// Somebody whose pass may have been used unheard of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// Their pass.
    pub pass: PassId,
    /// Into which chat.
    pub chat: ChatId,
    /// Who they are.
    pub person: UserId,
    /// Until when they may have come.
    pub doubted_at: UnixTime,
}

/// When something could not be heard.
#[derive(Clone, Copy)]
struct Gap {
    from: UnixTime,
    until: UnixTime,
}

impl Store {
    /// All that happened to this bot before then was told to us. Was the last time too long ago, Telegram has forgotten
    /// some of it, and what may have happened meanwhile is doubted. Answers how many passes that concerns.
    pub async fn heard(&self, bot: UserId, at: UnixTime) -> Result<u64> {
        self.write(move |tx| heard(tx, bot, at, KEPT_SECONDS)).await
    }

    /// The same, after somebody else took updates of this bot: what they took is not told to us, however short it was.
    pub async fn heard_after_others(&self, bot: UserId, at: UnixTime) -> Result<u64> {
        self.write(move |tx| heard(tx, bot, at, 0)).await
    }

    /// Chats of a bot in which everything is told to us again, after some time in which it was not.
    pub async fn chats_heard_again(&self, bot: UserId) -> Result<Vec<(ChatId, UnixTime)>> {
        self.read(move |tx| tx.rows(HEARING_AGAIN, &[&bot])).await
    }

    /// Deals with what may have been missed in a chat since `from`: its pool is given up, for nobody knows whether those
    /// links outlived it, and passes whose links were out are doubted. Answers how many.
    pub async fn hear_again(&self, bot: UserId, chat: ChatId, from: UnixTime, now: UnixTime) -> Result<u64> {
        self.write(move |tx| {
            if tx.execute(HEAR_AGAIN, &[&bot, &chat, &from])? == 0 {
                return Ok(0);
            }
            tx.execute(DROP_POOL, &[&now, &bot, &chat])?;
            doubt(tx, bot, Some(chat), Gap { from, until: now }, now)
        })
        .await
    }

    /// Passes of this bot that may have been used unheard of, and whose person is known: Telegram can be asked where
    /// they are.
    pub async fn doubts(&self, bot: UserId, limit: u32) -> Result<Vec<Doubt>> {
        let rows = self.read(move |tx| tx.rows(IN_DOUBT, &[&bot, &limit])).await?;
        let doubt = |(pass, chat, person, doubted_at)| Doubt { pass, chat, person, doubted_at };
        Ok(rows.into_iter().map(doubt).collect())
    }

    /// Telegram was asked then, and said that the person of this pass is in: it is used. Tells whether that is news.
    pub async fn found_in(&self, pass: PassId, chat: ChatId, asked_at: UnixTime) -> Result<bool> {
        self.write(move |tx| found_in(tx, pass, chat, asked_at)).await
    }

    /// Telegram was asked, and said that the person of this pass is not in: there is no doubt any more.
    pub async fn found_out(&self, doubt: Doubt) -> Result<()> {
        let Doubt { pass, chat, doubted_at, .. } = doubt;
        self.write(move |tx| tx.execute(CLEAR, &[&pass, &chat, &doubted_at]).map(drop)).await
    }

    /// Telegram says that this link is dead, though nobody here ended it. Whoever was given it may ask for another; if it
    /// was in the pool, it is given to nobody.
    pub async fn link_died(&self, link: LinkId, now: UnixTime) -> Result<()> {
        self.write(move |tx| {
            ledger::want_revoked(tx, link, now)?;
            ledger::dead(tx, link, now)?;
            tx.execute(DROP_DEAD, &[&link])?;
            tx.execute(DIED, &[&link]).map(drop)
        })
        .await
    }
}

/// What happens in a chat from then on may not be told to this bot.
pub(crate) fn go_deaf(tx: &mut Tx<'_>, bot: UserId, chat: ChatId, from: UnixTime) -> Result<()> {
    tx.execute(GO_DEAF, &[&bot, &chat, &from]).map(drop)
}

/// Since when it is not, if so.
pub(crate) fn deaf_from(tx: &mut Tx<'_>, bot: UserId, chat: ChatId) -> Result<Option<UnixTime>> {
    Ok(tx.row(DEAF_FROM, &[&bot, &chat])?.map(|(from,)| from))
}

fn heard(tx: &mut Tx<'_>, bot: UserId, at: UnixTime, kept_seconds: i64) -> Result<u64> {
    let Some((before, added_at)) = tx.row::<(Option<UnixTime>, UnixTime)>(HEARD_UNTIL, &[&bot])? else {
        return Ok(0);
    };
    if tx.execute(HEARD, &[&at, &bot])? == 0 {
        return Ok(0);
    }
    let gap = match before {
        // It was known once and forgotten: until it was added again, nobody listened.
        None => Gap { from: UnixTime::new(0), until: added_at },
        Some(before) if before.get() < at.get().saturating_sub(kept_seconds) => {
            Gap { from: before, until: at }
        }
        Some(_) => return Ok(0),
    };
    doubt(tx, bot, None, gap, at)
}

/// Nothing is known of the time before now, neither what happened nor what was done here: a pass that was not used by what
/// is known may have been, also by a link that it got meanwhile. Links that were out end, since the first who came by one
/// may be gone, and it would admit another. Answers how many passes are in doubt.
pub(crate) fn doubt_all(tx: &mut Tx<'_>, now: UnixTime) -> Result<u64> {
    tx.execute(END_ALL, &[&now])?;
    let passes: Vec<(PassId,)> = tx.rows(DOUBT_ALL, &[&now])?;
    Ok(passes.into_iter().collect::<BTreeSet<_>>().len() as u64)
}

/// Links that worked in a gap end, and whoever came by them is in doubt.
fn doubt(tx: &mut Tx<'_>, bot: UserId, chat: Option<ChatId>, gap: Gap, now: UnixTime) -> Result<u64> {
    let of_chat = i64::from(chat.is_some());
    let Gap { from, until } = gap;
    tx.execute(END_LINKS, &[&now, &bot, &from, &until, &chat, &of_chat])?;
    // Those that had ended first, so that none is counted twice.
    let expired = tx.execute(DOUBT_EXPIRED, &[&until, &from, &chat, &of_chat, &bot])?;
    let issued = tx.execute(DOUBT_ISSUED, &[&until, &from, &chat, &of_chat, &bot])?;
    Ok(issued + expired)
}

/// A join that no update told of is written down like one of a list, as of the moment before Telegram was asked.
fn found_in(tx: &mut Tx<'_>, pass: PassId, chat: ChatId, asked_at: UnixTime) -> Result<bool> {
    let Some((Some(person),)): Option<(Option<UserId>,)> = tx.row(PERSON, &[&pass])? else {
        return Ok(false);
    };
    updates::hold_people(tx, &BTreeSet::from([person]))?;
    let Some((gate, link)) = tx.row(HOLDER, &[&pass, &chat, &person])? else { return Ok(false) };
    gates::turn(tx, gate)?;
    // Nobody knows since when. They may have gone since, in that very second too, and that is told as of it.
    let at = UnixTime::new(asked_at.get() - 1);
    found::write_down(tx, &Found { chat, person, at, did: Did::ComeBy(link) }).map(|_| true)
}
