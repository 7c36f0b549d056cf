//! What Telegram tells us, taken in once however often it is told, and in whatever order.
//!
//! A join or a leave is written down as it was seen; what a pass has come to is then worked out anew from all that was
//! seen. So two updates have the same effect whichever comes first.

use crate::connection::Tx;
pub(crate) use crate::joins::Moment;
use crate::joins::{Join, Known, Settled, settle};
use crate::keys::expect_current;
use crate::statements::statements;
use crate::value::Bind;
use crate::{Error, ForeignLinkId, GateId, Keyring, LinkId, NewErrand, PassId, Result, Store, Visitor};
use crate::{attempts, chats, foreign, gates, hearing, ledger, outbox, seal};
use gate::Code;
use gate::pass::State;
use links::{ChatId, LinkHash, LinkUrl, Standing, UnixTime, UserId};
use std::collections::BTreeSet;

statements! {
    TAKE_IN = "
        insert into inbox (bot, update_id, received_at)
        values ($1, $2, $3)
        on conflict (bot, update_id) do nothing";
    FORGET = "delete from inbox where received_at < $1";
    LINK_BY_HASH = "select id, pass from links where hash = $1";
    LINK_BY_MARKER = "
        select id, pass, cast(case when url is null then 0 else 1 end as bigint)
        from links
        where marker = $1 and bot = $2";
    FOREIGN_LINK_BY_HASH = "select id from foreign_links where hash = $1";
    ADOPT_URL = "update links set url = $1, hash = $2 where id = $3 and url is null";
    WRITE_DOWN = "
        insert into sightings (chat, person, at, update_id, what, link, pass, foreign_link)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    IS_WRITTEN_DOWN = "
        select id from sightings
        where chat = $1 and person = $2 and at = $3 and update_id = $4 and what = $5";
    /// What is written down already of what an update tells, or was found in a list and may be the same. Which is the
    /// nearest is for `tell` to choose: SQLite would set up a tree to sort what nearly always is nothing.
    ALIKE = "
        select s.id, s.at, s.update_id from sightings s
        where s.chat = $1 and s.person = $2 and s.what = $3
            and (s.at = $4 and s.update_id = $5
                or s.update_id = 9223372036854775807
                and s.at between $4 - 600 and $4 + 600
                and (s.what = 'asked'
                    or (s.link is null and s.foreign_link is null)
                    or (cast($6 as bigint) is null and cast($7 as bigint) is null)
                    or (s.link is not distinct from $6 and s.foreign_link is not distinct from $7))
                and not exists (
                    select 1 from sightings w
                    where w.chat = s.chat and w.person = s.person and w.what not in (s.what, 'asked')
                        and w.at > case when s.at < $4 then s.at else $4 end
                        and w.at <= case when s.at < $4 then $4 else s.at end))";
    TELL_OF_FOUND = "
        update sightings set
            at = $1, update_id = $2, link = coalesce(link, $3), pass = coalesce(pass, $4),
            foreign_link = coalesce(foreign_link, $5)
        where id = $6";
    USE_LINK = "
        update links set
            used_at = $1, used_by = $2, used_update = $3,
            revoke_wanted_at = case when revoke_wanted_at < $1 then revoke_wanted_at else $1 end
        where id = $4
            and (used_at is null or (used_at, used_update) > ($1, $3) or (used_by = $2 and used_update = 9223372036854775807))";
    DROP_UNGIVEN = "update links set state = 'dropped' where id = $1 and state in ('making', 'free')";
    PASSES_OF = "
        select pass from sightings
        where chat = $1 and person = $2 and pass is not null";
    PASSES_IN = "select distinct pass from sightings where chat in ($1, $2) and pass is not null order by pass";
    PASSES_AT = "select distinct pass from sightings where chat = $1 and pass is not null order by pass";
    KNOWN = "
        select p.person, p.revoked_at, e.state, e.link
        from entries e
        join passes p on p.id = e.pass
        where e.pass = $1 and e.chat = $2";
    JOINS = "
        select at, update_id, id, person, link from sightings
        where pass = $1 and chat = $2 and what = 'joined'";
    LAST_SEEN = "
        select what, at from sightings
        where chat = $1 and person = $2 and what <> 'asked'
        order by at desc, update_id desc, id desc
        limit 1";
    SETTLE_ENTRY = "
        update entries set
            state = $1, used_at = $2, used_by = $3, left_at = $4, banned_at = $5,
            doubted_at = case when $1 = 'expired' then doubted_at else null end
        where pass = $6 and chat = $7 and state = $8";
    END_OTHER_LINK = "
        update links set
            revoke_wanted_at = case when revoke_wanted_at < $1 then revoke_wanted_at else $1 end
        where id = $2 and revoked_at is null";
    FORGET_STRANGERS = "delete from strangers where pass = $1 and chat = $2 and settled_at is null";
    ADD_STRANGER = "
        insert into strangers (pass, chat, person, link, joined_at)
        values ($1, $2, $3, $4, $5)
        on conflict (pass, chat, person) do update set
            link = excluded.link, joined_at = excluded.joined_at, settled_at = null
        where strangers.joined_at < excluded.joined_at or strangers.link <> excluded.link";
    ADD_MOVE = "insert into chat_moves (old, new) values ($1, $2) on conflict (old) do nothing";
    MOVED_TO = "select new from chat_moves where old = $1";
    MOVE_MOVES = "update chat_moves set new = $1 where new = $2";
    MOVE_SIGHTINGS = "update sightings set chat = $1 where chat = $2";
    MOVE_STRANGERS = "update strangers set chat = $1 where chat = $2";
}

/// On PostgreSQL, waits for whoever else works the pass out anew. Held before its links and entries, as everywhere.
const HOLD_PASS: &str = "select id from passes where id = $1 for no key update";

/// On PostgreSQL, waits for whoever else hears of these people. There is no row of theirs to hold: what is told of them
/// may be the first.
const HOLD_PEOPLE: &str = "select pg_advisory_xact_lock(person) from unnest($1::bigint[]) as p (person)";

/// Telegram repeats an update for a day at most.
const REMEMBERED_SECONDS: i64 = 48 * 3600;

/// An update as it came, and what it means.
#[derive(Clone, Debug)]
pub struct Update {
    /// Telegram's number for it.
    pub id: i64,
    /// When we had it.
    pub received_at: UnixTime,
    /// What it means.
    pub effect: Effect,
    /// What has to be done at Telegram should it be news.
    pub errand: Option<NewErrand>,
}

/// What an update means to us.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields say where, who and when")]
pub enum Effect {
    /// Somebody came in, by which link if it was told.
    Joined { chat: ChatId, person: UserId, at: UnixTime, by: By },
    /// Somebody went out, or was put out by a person and kept out.
    Left { chat: ChatId, person: UserId, at: UnixTime, banned: bool },
    /// Somebody asks to be let in.
    Asked { chat: ChatId, person: UserId, at: UnixTime, by: By },
    /// What the bot may do in a chat changed.
    RightsChanged { chat: ChatId, at: UnixTime, standing: Standing },
    /// A group has a new number.
    Migrated { from: ChatId, to: ChatId, at: UnixTime },
    /// Somebody showed the bot that they are this visitor of a gate.
    Started { person: UserId, gate: GateId, visitor: Visitor, at: UnixTime },
    /// Nothing; it is only remembered that it came.
    None,
}

impl Effect {
    /// Who was seen to do something in a chat.
    fn seen(&self) -> Option<UserId> {
        match self {
            Self::Joined { person, .. } | Self::Left { person, .. } | Self::Asked { person, .. } => {
                Some(*person)
            }
            Self::RightsChanged { .. } | Self::Migrated { .. } | Self::Started { .. } | Self::None => None,
        }
    }
}

/// By what a link is known again.
#[derive(Clone, Default, Debug)]
pub struct By {
    /// The name it bears, where that is one of ours.
    pub marker: Option<Code>,
    /// Who made it: a name can be copied.
    pub creator: Option<UserId>,
    /// The link, and what stands in it after `t.me/+`, where it was told whole.
    pub link: Option<(LinkUrl, LinkHash)>,
}

/// What an update did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the fields say whose and where")]
pub enum Outcome {
    /// It came before.
    Repeated,
    /// It was written down, and concerns nothing of ours.
    Noted,
    /// The person of a pass is in; its link is now to be revoked.
    Entered { pass: PassId, chat: ChatId },
    /// Somebody else came by the link of a pass. They are among [`Store::strangers`] once the link is revoked.
    Stranger { pass: PassId, chat: ChatId },
    /// The person of a pass is out.
    Gone { pass: PassId, chat: ChatId },
    /// A link of ours was used that no pass had. It is now to be revoked.
    StrayLink { link: LinkId },
    /// A visitor is now known as this account.
    Bound { gate: GateId, visitor: Visitor },
    /// What the bot may do in a chat is now another thing.
    RightsChanged { chat: ChatId },
    /// What concerned a chat now concerns the one it became.
    Moved { to: ChatId },
}

impl Store {
    /// Takes updates in, with what they change, in one transaction. Answers for each what it did; after that they may be
    /// acknowledged.
    pub async fn take_in(&self, bot: UserId, updates: Vec<Update>) -> Result<Vec<Outcome>> {
        let keys = self.keys().clone();
        let people: BTreeSet<UserId> = updates.iter().filter_map(|update| update.effect.seen()).collect();
        self.write(move |tx| {
            hold_people(tx, &people)?;
            updates.iter().map(|update| take_in_with_errand(tx, &keys, bot, update)).collect()
        })
        .await
    }
}

impl Store {
    /// Telegram said, in an answer and not in an update, that a group has a new number. Tells whether that is news.
    pub async fn chat_moved(&self, bot: UserId, from: ChatId, to: ChatId, at: UnixTime) -> Result<bool> {
        let keys = self.keys().clone();
        self.write(move |tx| Ok(migrated(tx, &keys, bot, from, to, at)? != Outcome::Noted)).await
    }
}

/// Forgets updates that Telegram will not repeat.
pub(crate) fn forget(tx: &mut Tx<'_>, now: UnixTime) -> Result<()> {
    tx.execute(FORGET, &[&UnixTime::new(now.get() - REMEMBERED_SECONDS)]).map(drop)
}

fn take_in_with_errand(tx: &mut Tx<'_>, keys: &Keyring, bot: UserId, update: &Update) -> Result<Outcome> {
    let outcome = take_in(tx, keys, bot, update)?;
    if let Some(errand) = &update.errand
        && !matches!(outcome, Outcome::Repeated | Outcome::Noted)
    {
        outbox::add(tx, keys, bot, errand, update.received_at)?;
    }
    Ok(outcome)
}

/// Takes one update in, with what it changes.
pub(crate) fn take_in(tx: &mut Tx<'_>, keys: &Keyring, bot: UserId, update: &Update) -> Result<Outcome> {
    if tx.execute(TAKE_IN, &[&bot, &update.id, &update.received_at])? == 0 {
        return Ok(Outcome::Repeated);
    }
    match &update.effect {
        Effect::Joined { chat, person, at, by } => {
            let seen = Seen { chat: now_called(tx, *chat)?, person: *person, moment: (*at, update.id) };
            let way = find_link(tx, keys, by)?;
            tell(tx, seen, "joined", way)?;
            came_by(tx, seen, way)
        }
        Effect::Left { chat, person, at, banned } => {
            let seen = Seen { chat: now_called(tx, *chat)?, person: *person, moment: (*at, update.id) };
            tell(tx, seen, if *banned { "banned" } else { "left" }, Way::Unknown)?;
            let passes = hold_all_of(tx, seen)?;
            settle_all(tx, &passes, seen, None)
        }
        Effect::Asked { chat, person, at, by } => {
            let seen = Seen { chat: now_called(tx, *chat)?, person: *person, moment: (*at, update.id) };
            let way = find_link(tx, keys, by)?;
            tell(tx, seen, "asked", way)?;
            Ok(Outcome::Noted)
        }
        Effect::RightsChanged { chat, at, standing } => {
            let now_called = now_called(tx, *chat)?;
            if !matches!(standing, Standing::Administrator(_)) {
                hearing::go_deaf(tx, bot, now_called, *at)?;
            }
            // What it was in a group that is no more says nothing of the one it became.
            let news =
                now_called == *chat && chats::rights_changed(tx, bot, *chat, standing, (*at, update.id))?;
            Ok(if news { Outcome::RightsChanged { chat: *chat } } else { Outcome::Noted })
        }
        Effect::Migrated { from, to, at } => migrated(tx, keys, bot, *from, *to, *at),
        Effect::Started { person, gate, visitor, at } => {
            let (gate, visitor) = (*gate, *visitor);
            let is_news = attempts::bind(tx, gate, visitor, *person, *at, update.id)?;
            Ok(if is_news { Outcome::Bound { gate, visitor } } else { Outcome::Noted })
        }
        Effect::None => Ok(Outcome::Noted),
    }
}

/// Somebody was seen to do something in a chat.
#[derive(Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) chat: ChatId,
    pub(crate) person: UserId,
    pub(crate) moment: Moment,
}

/// The link by which somebody came or asked, as our books know it.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// By none of which they know.
    Unknown,
    /// By one that a gate made, and whose it is.
    Ours(LinkId, Option<PassId>),
    /// By one that was made elsewhere.
    Foreign(ForeignLinkId),
}

impl Way {
    pub(crate) fn link(self) -> Option<LinkId> {
        if let Self::Ours(link, _) = self { Some(link) } else { None }
    }

    pub(crate) fn pass(self) -> Option<PassId> {
        if let Self::Ours(_, pass) = self { pass } else { None }
    }

    pub(crate) fn foreign(self) -> Option<ForeignLinkId> {
        if let Self::Foreign(link) = self { Some(link) } else { None }
    }
}

/// Somebody came in, which is written down.
pub(crate) fn came_by(tx: &mut Tx<'_>, seen: Seen, way: Way) -> Result<Outcome> {
    let passes = hold_all_of(tx, seen)?;
    if let Some(link) = way.link() {
        use_link(tx, seen, link)?;
        if way.pass().is_none() {
            tx.execute(DROP_UNGIVEN, &[&link])?;
            settle_all(tx, &passes, seen, None)?;
            return Ok(Outcome::StrayLink { link });
        }
    }
    settle_all(tx, &passes, seen, way.pass())
}

fn use_link(tx: &mut Tx<'_>, seen: Seen, link: LinkId) -> Result<()> {
    let (at, update) = seen.moment;
    tx.execute(USE_LINK, &[&at, &seen.person, &update, &link]).map(drop)
}

/// An update told of it. What was found in a list of Telegram's some moments before or after was the same, unless they
/// went in between: nobody comes in twice without, and whoever comes much later went unheard of. Of the two moments, the
/// update's is the one by which everything else is told apart.
fn tell(tx: &mut Tx<'_>, seen: Seen, what: &'static str, way: Way) -> Result<()> {
    let (at, update) = seen.moment;
    let (link, pass, foreign) = (way.link(), way.pass(), way.foreign());
    let alike: [&dyn Bind; 7] = [&seen.chat, &seen.person, &what, &at, &update, &link, &foreign];
    let alike: Vec<(i64, UnixTime, i64)> = tx.rows(ALIKE, &alike)?;
    // What this update told already has no distance, and a number below that of all that was found.
    let nearest = alike.iter().min_by_key(|(id, was, by)| (was.get().abs_diff(at.get()), *by, *id));
    // It may be too old to be kept, and gone by now.
    if let Some((id, ..)) = nearest
        && tx.execute(TELL_OF_FOUND, &[&at, &update, &link, &pass, &foreign, id])? > 0
    {
        return Ok(());
    }
    write_down(tx, seen, what, way)
}

/// Writes it down, once however often it is found.
pub(crate) fn see(tx: &mut Tx<'_>, seen: Seen, what: &'static str, way: Way) -> Result<()> {
    let (at, update) = seen.moment;
    let same: [&dyn Bind; 5] = [&seen.chat, &seen.person, &at, &update, &what];
    match tx.row::<(i64,)>(IS_WRITTEN_DOWN, &same)? {
        Some(_) => Ok(()),
        None => write_down(tx, seen, what, way),
    }
}

fn write_down(tx: &mut Tx<'_>, seen: Seen, what: &'static str, way: Way) -> Result<()> {
    let (at, update) = seen.moment;
    let (link, pass, foreign) = (way.link(), way.pass(), way.foreign());
    tx.execute(WRITE_DOWN, &[&seen.chat, &seen.person, &at, &update, &what, &link, &pass, &foreign]).map(drop)
}

/// The link somebody came by. One whose making was never confirmed is known by its name, and shows its text now; that
/// somebody else named theirs like one of ours makes it none.
fn find_link(tx: &mut Tx<'_>, keys: &Keyring, by: &By) -> Result<Way> {
    if let Some((_, hash)) = &by.link {
        let hash = seal::hash_of_link(hash);
        if let Some((link, pass)) = tx.row(LINK_BY_HASH, &[&hash])? {
            return Ok(Way::Ours(link, pass));
        }
        if let Some((link,)) = tx.row(FOREIGN_LINK_BY_HASH, &[&hash])? {
            return Ok(Way::Foreign(link));
        }
    }
    let (Some(marker), Some(creator)) = (by.marker, by.creator) else { return Ok(Way::Unknown) };
    let row: Option<(LinkId, Option<PassId>, i64)> = tx.row(LINK_BY_MARKER, &[&marker, &creator])?;
    Ok(match (row, &by.link) {
        (None, _) | (Some((.., 1)), Some(_)) => Way::Unknown,
        (Some((link, pass, _)), None) => Way::Ours(link, pass),
        (Some((link, pass, _)), Some((url, hash))) => {
            expect_current(tx, keys)?;
            let sealed = keys.seal(ledger::place(&marker.to_string()), url.as_str().as_bytes());
            tx.execute(ADOPT_URL, &[&sealed, &seal::hash_of_link(hash), &link])?;
            Way::Ours(link, pass)
        }
    })
}

/// Nobody else writes down what these people did before this transaction ends, so that of a join and a leave which two
/// nodes are told at the same moment the later to be written sees the other. In the order of the people, and before anything else
/// of the same transition; should two nodes wait for each other all the same, PostgreSQL ends one of them, and it is tried
/// again.
pub(crate) fn hold_people(tx: &mut Tx<'_>, people: &BTreeSet<UserId>) -> Result<()> {
    if !tx.is_alone() && !people.is_empty() {
        tx.execute(HOLD_PEOPLE, &[people])?;
    }
    Ok(())
}

/// Nobody else works this pass out anew before this transaction ends, so that each sees what was seen before.
fn hold(tx: &mut Tx<'_>, pass: PassId) -> Result<()> {
    if !tx.is_alone() {
        tx.row::<(PassId,)>(HOLD_PASS, &[&pass])?;
    }
    Ok(())
}

/// Holds every pass by whose links somebody was ever seen to come into a chat, and answers them.
fn hold_all_of(tx: &mut Tx<'_>, seen: Seen) -> Result<Vec<PassId>> {
    let passes = tx.rows(PASSES_OF, &[&seen.chat, &seen.person])?;
    // In their order, so that two nodes do not wait for each other.
    let passes: BTreeSet<PassId> = passes.into_iter().map(|(pass,)| pass).collect();
    passes.into_iter().map(|pass| hold(tx, pass).map(|()| pass)).collect()
}

/// Works these passes out anew, and answers what became of the one by which they came now; of those by which they came
/// before, only what became of their own. The caller holds them.
fn settle_all(tx: &mut Tx<'_>, passes: &[PassId], seen: Seen, by: Option<PassId>) -> Result<Outcome> {
    let chat = seen.chat;
    let (mut outcome, mut is_stranger) = (Outcome::Noted, None);
    for &pass in passes {
        let Some((owner, left_at)) = settle_pass(tx, pass, chat)? else { continue };
        let is_owner = owner.is_some_and(|owner| owner.person == seen.person);
        match by {
            _ if is_owner && left_at.is_some() => outcome = Outcome::Gone { pass, chat },
            _ if is_owner => outcome = Outcome::Entered { pass, chat },
            Some(by) if by == pass => is_stranger = Some(Outcome::Stranger { pass, chat }),
            _ => {}
        }
    }
    // They have a pass of their own, and came by somebody else's now.
    Ok(is_stranger.unwrap_or(outcome))
}

/// Works a pass out anew for one of its chats. Answers the join of its person, and when they went. The caller holds it.
fn settle_pass(
    tx: &mut Tx<'_>,
    pass: PassId,
    chat: ChatId,
) -> Result<Option<(Option<Join>, Option<UnixTime>)>> {
    let Some((person, revoked_at, state, link)) = tx.row(KNOWN, &[&pass, &chat])? else {
        return Ok(None);
    };
    let known = Known { person, revoked_at, state, link };
    // Sorted here: SQLite would set up a tree for it, and nearly always there is one.
    let mut joins: Vec<(UnixTime, i64, i64, UserId, LinkId)> = tx.rows(JOINS, &[&pass, &chat])?;
    joins.sort_unstable_by_key(|(at, update, sighting, ..)| (*at, *update, *sighting));
    let join = |(at, update, _, person, link)| Join { person, moment: (at, update), link };
    let joins: Vec<Join> = joins.into_iter().map(join).collect();
    let settled = settle(known, &joins);
    let left_at = settle_entry(tx, pass, chat, known, &settled)?;
    settle_strangers(tx, pass, chat, &settled, joins.len())?;
    Ok(Some((settled.owner, left_at)))
}

/// Writes down how far the entry has come, and answers when its person went.
fn settle_entry(
    tx: &mut Tx<'_>,
    pass: PassId,
    chat: ChatId,
    known: Known,
    settled: &Settled,
) -> Result<Option<UnixTime>> {
    let (mut state, mut left_at, mut banned_at) = (known.state, None, None);
    if let Some(owner) = settled.owner {
        let last: Option<(String, UnixTime)> = tx.row(LAST_SEEN, &[&chat, &owner.person])?;
        left_at = last.as_ref().filter(|(what, _)| what != "joined").map(|(_, at)| *at);
        banned_at = last.filter(|(what, _)| what == "banned").map(|(_, at)| at);
        state = if left_at.is_some() { State::Left } else { State::Used };
        // They came by an older link while another one was there for them.
        if let Some(link) = known.link.filter(|link| *link != owner.link) {
            tx.execute(END_OTHER_LINK, &[&owner.moment.0, &link])?;
        }
    } else if settled.leaked {
        state = State::Leaked;
    }
    if known.state == State::Revoked {
        state = State::Revoked;
    }
    let used_at = settled.owner.map(|owner| owner.moment.0);
    let used_by = settled.owner.map(|owner| owner.person);
    let touched = tx.execute(
        SETTLE_ENTRY,
        &[&state, &used_at, &used_by, &left_at, &banned_at, &pass, &chat, &known.state],
    )?;
    // Somebody moved it since we looked; look again.
    if touched == 0 { Err(Error::Contended) } else { Ok(left_at) }
}

fn settle_strangers(
    tx: &mut Tx<'_>,
    pass: PassId,
    chat: ChatId,
    settled: &Settled,
    joins: usize,
) -> Result<()> {
    if settled.strangers.is_empty() && joins < 2 {
        return Ok(());
    }
    tx.execute(FORGET_STRANGERS, &[&pass, &chat])?;
    for Join { person, moment, link } in &settled.strangers {
        tx.execute(ADD_STRANGER, &[&pass, &chat, person, link, &moment.0])?;
    }
    Ok(())
}

/// What a chat is called now.
pub(crate) fn now_called(tx: &mut Tx<'_>, chat: ChatId) -> Result<ChatId> {
    Ok(tx.row(MOVED_TO, &[&chat])?.map_or(chat, |(new,)| new))
}

/// A group became another one. Its links are dead, and all else that is known of it is now known of the new one.
fn migrated(
    tx: &mut Tx<'_>,
    keys: &Keyring,
    bot: UserId,
    from: ChatId,
    to: ChatId,
    at: UnixTime,
) -> Result<Outcome> {
    let to = now_called(tx, to)?;
    if from == to {
        return Ok(Outcome::Noted);
    }
    if let Some(since) = hearing::deaf_from(tx, bot, from)? {
        hearing::go_deaf(tx, bot, to, since)?;
    }
    for (pass,) in tx.rows::<(PassId,)>(PASSES_IN, &[&from, &to])? {
        hold(tx, pass)?;
    }
    chats::move_chat(tx, bot, from, to)?;
    // Another bot of ours may have told us already.
    if tx.execute(ADD_MOVE, &[&from, &to])? == 0 {
        return Ok(Outcome::Noted);
    }
    tx.execute(MOVE_MOVES, &[&to, &from])?;
    gates::move_chat(tx, keys, from, to)?;
    ledger::move_chat(tx, from, to, at)?;
    foreign::move_chat(tx, from, to, at)?;
    tx.execute(MOVE_SIGHTINGS, &[&to, &from])?;
    tx.execute(MOVE_STRANGERS, &[&to, &from])?;
    // Who was seen in the new one before we knew what it is came into this one.
    for (pass,) in tx.rows::<(PassId,)>(PASSES_AT, &[&to])? {
        settle_pass(tx, pass, to)?;
    }
    Ok(Outcome::Moved { to })
}
