//! What Telegram's own lists say of people, and no update told: who came by a link, and who waits. It is taken in like an
//! update, once, and an update that tells of it later is the same thing again.

use crate::connection::Tx;
use crate::statements::statements;
use crate::updates::{self, Seen, Way};
use crate::value::Bind;
use crate::{Error, ForeignLinkId, LinkId, Outcome, Result, Store};
use links::{ChatId, UnixTime, UserId};
use std::collections::BTreeSet;

statements! {
    PASS_OF = "select pass from links where id = $1";
    IS_KNOWN = "
        select count(*) from (
            select 1 from sightings s
            where s.chat = $1 and s.person = $2 and s.what = $3
                and (s.what = 'asked'
                    or (s.link is not distinct from $4 and s.foreign_link is not distinct from $5 and s.at >= $6 - 600))
                and not exists (
                    select 1 from sightings w
                    where w.chat = s.chat and w.person = s.person and w.what not in (s.what, 'asked')
                        and w.at > case when s.at < $6 then s.at else $6 end
                        and w.at <= case when s.at < $6 then $6 else s.at end)
            limit 1) as some_sighting";
    IS_COMPARED = "select count(*) from links where id = $1 and compared_at is not null";
    IS_COMPARED_FOREIGN = "select count(*) from foreign_links where id = $1 and compared_at > $2";
    NOBODYS = "select value from meta where name = 'requests'";
    /// Somebody with one of the last 2^30 numbers, which only those have who were erased, came at about that time, and
    /// nobody told by which link. Whoever is in the list is not who that was if they were seen to come then or a pass
    /// is for them; nor if they came by the link of a pass that is for somebody: they are a stranger, whom nobody could
    /// remove under another number.
    ERASED = "
        select s.person from sightings s
        where s.chat = $1 and s.person >= 1098437885952 and s.what = 'joined'
            and s.link is null and s.foreign_link is null and s.at between $2 - 600 and $2 + 600
            and not exists (
                select 1 from sightings own
                where own.chat = $1 and own.person = $3 and own.what = 'joined' and own.at between $2 - 600 and $2 + 600)
            and not exists (
                select 1 from gates g
                join passes p on p.gate = g.id
                where p.person = $3)
            and not exists (
                select 1 from links l
                join passes p on p.id = l.pass
                where l.id = $4 and p.person is not null)
        order by abs(s.at - $2), s.id
        limit 1";
    /// An update told that they came at about that time, and not by which link. Of who was erased that stays as it is: more
    /// than one in a list may be who they were.
    TELL_THE_WAY = "
        update sightings set link = $1, pass = $2, foreign_link = $3
        where id = (
            select s.id from sightings s
            where s.chat = $4 and s.person = $5 and s.what = 'joined' and s.link is null and s.foreign_link is null
                and s.person < 1098437885952
                and s.at between $6 - 600 and $6 + 600
                and not exists (
                    select 1 from sightings w
                    where w.chat = s.chat and w.person = s.person and w.what not in (s.what, 'asked')
                        and w.at > case when s.at < $6 then s.at else $6 end
                        and w.at <= case when s.at < $6 then $6 else s.at end)
            order by abs(s.at - $6), s.id
            limit 1)";
}

/// No update has this number. Whoever is in a list is in now, so of one second it stands last. Statements that look for what
/// was found in a list spell it out.
const NO_UPDATE: i64 = i64::MAX;

/// Somebody in a list of Telegram's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The list of which chat.
    pub chat: ChatId,
    /// Who.
    pub person: UserId,
    /// When they came or asked, as the list says.
    pub at: UnixTime,
    /// What they did.
    pub did: Did,
}

/// What somebody in a list of Telegram's did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Did {
    /// They came in by this link, which a gate made, and are in.
    ComeBy(LinkId),
    /// They came in by this link, which was made elsewhere, and are in.
    ComeByForeign(ForeignLinkId),
    /// They asked to be let in, and wait.
    Ask,
}

impl Store {
    /// Those of them of whom nothing is written down yet. Whoever was erased has the number there that stands for them.
    pub async fn not_seen(&self, found: Vec<Found>) -> Result<Vec<Found>> {
        self.read(move |tx| {
            let mut news = Vec::new();
            for each in &found {
                news.extend(as_news(tx, each)?);
            }
            Ok(news)
        })
        .await
    }

    /// Takes them in, with what follows, in one transaction, and answers for each what that was. Whoever was seen
    /// meanwhile is [`Outcome::Repeated`].
    pub async fn take_in_found(&self, found: Vec<Found>) -> Result<Vec<Outcome>> {
        let people: BTreeSet<UserId> = found.iter().map(|each| each.person).collect();
        self.write(move |tx| {
            updates::hold_people(tx, &people)?;
            found.iter().map(|each| take_in(tx, each)).collect()
        })
        .await
    }
}

fn take_in(tx: &mut Tx<'_>, found: &Found) -> Result<Outcome> {
    as_news(tx, found)?.map_or(Ok(Outcome::Repeated), |found| write_down(tx, &found))
}

/// What is news of it, in the books' words.
fn as_news(tx: &mut Tx<'_>, found: &Found) -> Result<Option<Found>> {
    if is_nobodys(tx, found)? || is_known(tx, found)? {
        return Ok(None);
    }
    let Some(person) = erased(tx, found)? else { return Ok(Some(*found)) };
    let found = Found { person, ..*found };
    Ok((!is_known(tx, &found)?).then_some(found))
}

/// Who this may have been that was erased since. Telegram's list has their own number still.
fn erased(tx: &mut Tx<'_>, found: &Found) -> Result<Option<UserId>> {
    if !is_before_an_erasure(tx, found)? {
        return Ok(None);
    }
    let chat = updates::now_called(tx, found.chat)?;
    let link = if let Did::ComeBy(link) = found.did { Some(link) } else { None };
    Ok(tx.row(ERASED, &[&chat, &found.at, &found.person, &link])?.map(|(person,)| person))
}

/// Writes it down, with what follows. The caller holds the person.
pub(crate) fn write_down(tx: &mut Tx<'_>, found: &Found) -> Result<Outcome> {
    let way = match found.did {
        Did::ComeBy(link) => {
            let (pass,) = tx.one(PASS_OF, &[&link])?;
            Way::Ours(link, pass)
        }
        Did::ComeByForeign(link) => Way::Foreign(link),
        Did::Ask => Way::Unknown,
    };
    let chat = updates::now_called(tx, found.chat)?;
    let seen = Seen { chat, person: found.person, moment: (found.at, NO_UPDATE) };
    if found.did == Did::Ask {
        updates::see(tx, seen, "asked", way)?;
        return Ok(Outcome::Noted);
    }
    let (link, pass, foreign) = (way.link(), way.pass(), way.foreign());
    let told: [&dyn Bind; 6] = [&link, &pass, &foreign, &chat, &found.person, &found.at];
    if tx.execute(TELL_THE_WAY, &told)? == 0 {
        updates::see(tx, seen, "joined", way)?;
    }
    updates::came_by(tx, seen, way)
}

/// Whether it was looked up already who came by that link, or who waited then. Whoever is in the list all the same may have
/// been erased meanwhile.
fn is_nobodys(tx: &mut Tx<'_>, found: &Found) -> Result<bool> {
    let compared = match found.did {
        Did::ComeBy(link) => tx.one::<(i64,)>(IS_COMPARED, &[&link])?,
        Did::ComeByForeign(link) => tx.one::<(i64,)>(IS_COMPARED_FOREIGN, &[&link, &found.at])?,
        Did::Ask => return is_before_an_erasure(tx, found),
    };
    Ok(compared.0 > 0)
}

fn is_before_an_erasure(tx: &mut Tx<'_>, found: &Found) -> Result<bool> {
    let Some((until,)): Option<(Vec<u8>,)> = tx.row(NOBODYS, &[])? else { return Ok(false) };
    let until = until.try_into().map_err(|_| Error::Damaged("when somebody was erased last"))?;
    Ok(found.at <= UnixTime::new(i64::from_be_bytes(until)))
}

/// Nobody comes in twice without going in between, and nobody waits twice: whoever was seen to come, and not to go since,
/// is who the list tells of. One that says they came much later tells of another time; earlier is what was found late.
fn is_known(tx: &mut Tx<'_>, found: &Found) -> Result<bool> {
    let (what, link, foreign) = match found.did {
        Did::ComeBy(link) => ("joined", Some(link), None),
        Did::ComeByForeign(link) => ("joined", None, Some(link)),
        Did::Ask => ("asked", None, None),
    };
    let chat = updates::now_called(tx, found.chat)?;
    let values: [&dyn Bind; 6] = [&chat, &found.person, &what, &link, &foreign, &found.at];
    Ok(tx.one::<(i64,)>(IS_KNOWN, &values)?.0 > 0)
}
