//! The ledger of links: each is written down before Telegram is asked for it, waits in a pool or for a pass, and is
//! followed to its end.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::grants::{self, Into};
use crate::seal::{self, Place};
use crate::statements::statements;
use crate::value::{Column, FromRow, Row, stored};
use crate::{Error, GateId, Keyring, LinkId, PassId, Result, SavedGate, Store};
use crate::{gates, keys};
use gate::Code;
use gate::pass::State;
use links::{ChatId, LinkHash, LinkUrl, UnixTime, UserId};

statements! {
    INTEND = "
        insert into links (gate, chat, bot, marker, fence, state, expires_at, intended_at)
        values ($1, $2, $3, $4, $5, 'making', $6, $7)
        returning id";
    WHOSE = "select gate, bot, marker from links where id = $1";
    FREE = "
        update links set state = 'free', url = $1, hash = $2, made_at = $3
        where id = $4 and state = 'making' and bot = (select bot from gates where id = links.gate)
        returning chat, expires_at";
    TOO_LATE = "
        update links set
            state = case when state = 'making' then 'dropped' else state end,
            url = $1, hash = $2, made_at = $3, revoke_wanted_at = $3
        where id = $4 and url is null";
    LONGEST_WAITING = "
        select pass, generation from entries
        where gate = $1 and chat = $2 and state = 'granted'
        order by queued_at, pass
        limit 1";
    NOT_MADE = "update links set state = $1 where id = $2 and state = 'making'";
    LOSE_EARLIER = "update links set state = 'lost' where bot = $1 and state = 'making' and fence < $2";
    LOSE_SILENT = "
        update links set state = 'lost'
        where bot = $1 and gate = $2 and chat = $3 and state = 'making' and (intended_at < $4 or fence < $5)";
    STOCK = "
        select
            (select count(*) from (
                select 1 from links
                where gate = $1 and chat = $2 and state = 'free' and expires_at >= $3
                limit $4) as some_free),
            (select count(*) from (
                select 1 from entries
                where gate = $1 and chat = $2 and state = 'granted'
                limit $4) as some_waiting),
            (select count(*) from links where bot = $5 and gate = $1 and chat = $2 and state = 'making')";
    DROP_POOL = "update links set state = 'dropped' where bot = $1 and state in ('making', 'free')";
    DROP_OTHERS = "
        update links set state = 'dropped', revoke_wanted_at = $1
        where gate = $2 and state = 'free' and bot <> $3";
    DROP_EXPIRED = "update links set state = 'dropped' where state = 'free' and expires_at <= $1";
    TO_TEND = "
        select chat from links
        where bot = $1 and revoke_wanted_at is not null and revoked_at is null and url is not null
        union
        select s.chat
        from strangers s
        join links l on l.id = s.link
        where s.settled_at is null and l.revoked_at is not null and l.bot = $1";
    TO_REVOKE = "
        select id, gate, chat, marker, url, revoke_refused, revoke_due_at from links
        where bot = $1 and chat = $2
            and revoke_wanted_at is not null and revoked_at is null and url is not null
        order by revoke_due_at, revoke_wanted_at, id
        limit $3";
    REVOKE_LATER = "update links set revoke_due_at = $1 where id = $2";
    REVOKE_REFUSED = "update links set revoke_due_at = $1, revoke_refused = revoke_refused + 1 where id = $2";
    REVOKED = "update links set revoked_at = $1 where id = $2 and revoked_at is null";
    WANT_REVOKED = "
        update links set revoke_wanted_at = $1
        where id = $2 and revoke_wanted_at is null and revoked_at is null";
    LIST = "
        select id, gate, chat, bot, marker, state, url, expires_at, expiry_wanted, intended_at, made_at, pass,
            generation, given_at, used_at, used_by, revoke_wanted_at, revoked_at
        from links
        where id < $1 and (gate = $2 or $3 = 0) and (chat = $4 or $5 = 0) and (pass = $6 or $7 = 0)
        order by id desc
        limit $8";
    BY_ID = "
        select id, gate, chat, bot, marker, state, url, expires_at, expiry_wanted, intended_at, made_at, pass,
            generation, given_at, used_at, used_by, revoke_wanted_at, revoked_at
        from links
        where id = $1";
    BY_HASH = "
        select id, gate, chat, bot, marker, state, url, expires_at, expiry_wanted, intended_at, made_at, pass,
            generation, given_at, used_at, used_by, revoke_wanted_at, revoked_at
        from links
        where hash = $1";
    BY_MARKER = "
        select id, gate, chat, bot, marker, state, url, expires_at, expiry_wanted, intended_at, made_at, pass,
            generation, given_at, used_at, used_by, revoke_wanted_at, revoked_at
        from links
        where marker = $1";
    INTEND_EDIT = "
        update links set expiry_wanted = $1, expires_at = case when expires_at < $1 then $1 else expires_at end
        where id = $2
            and state = 'given'
            and url is not null
            and used_at is null
            and revoke_wanted_at is null
            and revoked_at is null
            and expires_at > $3
            and exists (select 1 from entries e where e.pass = links.pass and e.link = links.id and e.state = 'issued')";
    EDITED = "update links set expires_at = $1, expiry_wanted = null where id = $2 and expiry_wanted = $3";
    SAME_END = "
        update entries set expires_at = (select expires_at from links where id = $1)
        where link = $1 and pass = $2 and state = 'issued'";
    SEEN = "
        select s.person, s.what, s.at,
            (select count(*) from strangers t where t.pass = s.pass and t.chat = s.chat and t.person = s.person),
            (select w.at from sightings w
                where w.chat = s.chat and w.person = s.person and s.what = 'joined' and w.what in ('left', 'banned')
                    and (w.at, w.update_id) > (s.at, s.update_id)
                order by w.at, w.update_id
                limit 1)
        from sightings s
        where s.link = $1
        order by s.at, s.update_id, s.id";
    MOVE_LINKS = "
        update links set
            chat = $1,
            state = case when state in ('making', 'free') then 'dropped' else state end,
            revoked_at = coalesce(revoked_at, $2)
        where chat = $3";
    END_ENTRIES = "update entries set state = 'expired' where chat = $1 and state = 'issued'";
    MOVE_ENTRIES = "
        update entries set chat = $1
        where chat = $2
            and not exists (select 1 from entries other where other.pass = entries.pass and other.chat = $1)";
}

/// A link somebody is about to ask Telegram for.
#[derive(Clone, Copy, Debug)]
pub struct Intent {
    /// For which gate.
    pub gate: GateId,
    /// Into which chat.
    pub chat: ChatId,
    /// By which bot.
    pub bot: UserId,
    /// The name it will bear.
    pub marker: Code,
    /// The fence of the lease under which links are made for this bot.
    pub fence: i64,
    /// When it ends.
    pub expires_at: UnixTime,
}

/// What became of a link that was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// Whoever waited longest has it.
    GivenTo(PassId),
    /// It waits in the pool.
    Pooled,
    /// It was given up meanwhile; it will be revoked, and nobody sees it.
    TooLate,
}

/// How many links of a gate there are for a chat, and how many are wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stock {
    /// In the pool, with enough of their life left.
    pub free: u32,
    /// Passes that wait for one.
    pub waiting: u32,
    /// Asked for at this moment.
    pub making: u32,
}

/// A link that has to end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToRevoke {
    /// Its row.
    pub link: LinkId,
    /// Its gate.
    pub gate: GateId,
    /// Its chat.
    pub chat: ChatId,
    /// Its name at Telegram.
    pub marker: Code,
    /// Its text.
    pub url: LinkUrl,
    /// How often Telegram refused to end it.
    pub refused: u32,
    /// Telegram is not to be asked before then.
    pub due_at: UnixTime,
}

/// What a link is to us. What Telegram did with it is told by its times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkState {
    /// Telegram is being asked for it.
    Making,
    /// It waits in the pool.
    Free,
    /// A pass has it.
    Given,
    /// Nobody knows whether Telegram made it. It was never shown.
    Lost,
    /// Telegram refused to make it.
    Refused,
    /// It ended in the pool.
    Dropped,
}

impl LinkState {
    const ALL: [Self; 6] = [Self::Making, Self::Free, Self::Given, Self::Lost, Self::Refused, Self::Dropped];

    /// The state's name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Free => "free",
            Self::Given => "given",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Dropped => "dropped",
        }
    }
}

stored!(Text, text, LinkState, |state| state.as_str().into(), |raw| {
    LinkState::ALL.into_iter().find(|state| state.as_str() == raw)
});
stored!(Text, text, State, |state| state.as_str().into(), |raw| raw.parse().ok());

/// A link as the ledger has it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the times and numbers are named after what they are of")]
pub struct LedgerLink {
    pub id: LinkId,
    pub gate: GateId,
    pub chat: ChatId,
    pub bot: UserId,
    pub marker: Code,
    pub state: LinkState,
    /// Its text, once Telegram told.
    pub url: Option<LinkUrl>,
    /// While an edit is under way, the later of the two ends: one of them is true.
    pub expires_at: UnixTime,
    /// The end that an edit is to give it. It stands here until it is known what came of that.
    pub expiry_wanted: Option<UnixTime>,
    pub intended_at: UnixTime,
    pub made_at: Option<UnixTime>,
    pub pass: Option<PassId>,
    /// Which of the pass's links for this chat it is.
    pub generation: Option<u32>,
    pub given_at: Option<UnixTime>,
    /// The first to come by it, and when.
    pub used_at: Option<UnixTime>,
    pub used_by: Option<UserId>,
    pub revoke_wanted_at: Option<UnixTime>,
    pub revoked_at: Option<UnixTime>,
}

/// Somebody who came or asked by a link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sighting {
    /// Who.
    pub person: UserId,
    /// `joined` or `asked`.
    pub what: String,
    /// When.
    pub at: UnixTime,
    /// Whether the pass that has the link is not theirs.
    pub is_stranger: bool,
    /// When they went, if they came.
    pub left_at: Option<UnixTime>,
}

/// Which links are meant; all of them by default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LedgerFilter {
    /// Of this gate.
    pub gate: Option<GateId>,
    /// Into this chat.
    pub chat: Option<ChatId>,
    /// Of this pass.
    pub pass: Option<PassId>,
    /// Older than this one: for the next page.
    pub before: Option<LinkId>,
}

/// A row of the ledger, its link still sealed.
struct Sealed(LedgerLink, Option<Vec<u8>>);

impl FromRow for Sealed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let link = LedgerLink {
            id: Column::read(row, 0)?,
            gate: Column::read(row, 1)?,
            chat: Column::read(row, 2)?,
            bot: Column::read(row, 3)?,
            marker: Column::read(row, 4)?,
            state: Column::read(row, 5)?,
            url: None,
            expires_at: Column::read(row, 7)?,
            expiry_wanted: Column::read(row, 8)?,
            intended_at: Column::read(row, 9)?,
            made_at: Column::read(row, 10)?,
            pass: Column::read(row, 11)?,
            generation: Column::read(row, 12)?,
            given_at: Column::read(row, 13)?,
            used_at: Column::read(row, 14)?,
            used_by: Column::read(row, 15)?,
            revoke_wanted_at: Column::read(row, 16)?,
            revoked_at: Column::read(row, 17)?,
        };
        Ok(Self(link, Column::read(row, 6)?))
    }
}

impl Store {
    /// Writes down that a link is about to be asked for. Only then is Telegram asked.
    pub async fn intend(&self, intent: Intent, now: UnixTime) -> Result<LinkId> {
        let Intent { gate, chat, bot, marker, fence, expires_at } = intent;
        let keys = self.keys().clone();
        self.write(move |tx| {
            keys::expect_current(tx, &keys)?;
            Ok(tx.one::<(LinkId,)>(INTEND, &[&gate, &chat, &bot, &marker, &fence, &expires_at, &now])?.0)
        })
        .await
    }

    /// Nobody is given anything any more of what a bot has in its pools, or asked for: its Telegram is another one now.
    pub async fn drop_pools(&self, bot: UserId) -> Result<u64> {
        self.write(move |tx| tx.execute(DROP_POOL, &[&bot])).await
    }

    /// Telegram made the link: whoever waits longest has it, or the pool; the pool too while the bot could not end it.
    /// `hash` is that of `url`.
    pub async fn made(&self, link: LinkId, url: &LinkUrl, hash: &LinkHash, now: UnixTime) -> Result<Made> {
        let hash = seal::hash_of_link(hash);
        let keys = self.keys().clone();
        let url = url.clone();
        self.write(move |tx| {
            keys::expect_current(tx, &keys)?;
            let (gate, bot, marker): (GateId, UserId, Code) = tx.one(WHOSE, &[&link])?;
            let sealed = keys.seal(place(&marker.to_string()), url.as_str().as_bytes());
            // Without the turn, a pass could begin to wait while we find that nobody does.
            gates::turn(tx, gate)?;
            match tx.row(FREE, &[&sealed, &hash, &now, &link])? {
                Some((chat, expires_at)) => {
                    hand_on(tx, Free { link, into: Into { gate, chat, bot }, expires_at }, now)
                }
                None => {
                    tx.execute(TOO_LATE, &[&sealed, &hash, &now, &link])?;
                    Ok(Made::TooLate)
                }
            }
        })
        .await
    }

    /// Nobody knows whether Telegram made the link. It was never shown and is not used; a new one is asked for under a
    /// new marker.
    pub async fn lost(&self, link: LinkId) -> Result<()> {
        self.not_made(link, LinkState::Lost).await
    }

    /// Telegram refused to make the link.
    pub async fn refused(&self, link: LinkId) -> Result<()> {
        self.not_made(link, LinkState::Refused).await
    }

    async fn not_made(&self, link: LinkId, state: LinkState) -> Result<()> {
        self.write(move |tx| tx.execute(NOT_MADE, &[&state, &link]).map(drop)).await
    }

    /// Gives up what earlier holders of the bot's lease asked for and never told of. Answers how many.
    pub async fn lose_earlier(&self, bot: UserId, fence: i64) -> Result<u64> {
        self.write(move |tx| tx.execute(LOSE_EARLIER, &[&bot, &fence])).await
    }

    /// Gives up what was asked for and never told of, before then or by an earlier holder of the lease, who may have been
    /// asleep and written down one more wish after [`Store::lose_earlier`]. Whoever asked has lost the answer, or could not
    /// write it down. Answers how many.
    pub async fn lose_silent(
        &self,
        gate: GateId,
        chat: ChatId,
        bot: UserId,
        before: UnixTime,
        fence: i64,
    ) -> Result<u64> {
        self.write(move |tx| tx.execute(LOSE_SILENT, &[&bot, &gate, &chat, &before, &fence])).await
    }

    /// How many links there are and how many are wanted, each counted up to `most`: nobody has to know how many more.
    /// One that ends before `alive_until` does not count as free.
    pub async fn stock(
        &self,
        gate: GateId,
        chat: ChatId,
        bot: UserId,
        alive_until: UnixTime,
        most: u32,
    ) -> Result<Stock> {
        let (free, waiting, making) =
            self.read(move |tx| tx.one(STOCK, &[&gate, &chat, &alive_until, &most, &bot])).await?;
        Ok(Stock { free, waiting, making })
    }

    /// Chats in which a bot has links to end or strangers to deal with.
    pub async fn chats_to_tend(&self, bot: UserId) -> Result<Vec<ChatId>> {
        let rows = self.read(move |tx| tx.rows(TO_TEND, &[&bot])).await?;
        Ok(rows.into_iter().map(|(chat,)| chat).collect())
    }

    /// Links of a bot in a chat that have to end, those first that are due first; of those nobody tried yet, who waited
    /// longest.
    pub async fn to_revoke(&self, bot: UserId, chat: ChatId, limit: u32) -> Result<Vec<ToRevoke>> {
        type Row = (LinkId, GateId, ChatId, Code, Vec<u8>, u32, UnixTime);
        let rows: Vec<Row> = self.read(move |tx| tx.rows(TO_REVOKE, &[&bot, &chat, &limit])).await?;
        rows.into_iter()
            .map(|(link, gate, chat, marker, sealed, refused, due_at)| {
                let url = reveal(self.keys(), marker, &sealed)?;
                Ok(ToRevoke { link, gate, chat, marker, url, refused, due_at })
            })
            .collect()
    }

    /// Nobody knows what came of ending a link: it is tried again, after the others.
    pub async fn revoke_later(&self, link: LinkId, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(REVOKE_LATER, &[&now, &link]).map(drop)).await
    }

    /// Telegram refuses to end a link: it is asked again, not before `due_at`.
    pub async fn revoke_refused(&self, link: LinkId, due_at: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(REVOKE_REFUSED, &[&due_at, &link]).map(drop)).await
    }

    /// Writes down that somebody is about to ask Telegram to end a link at another time. Only then is Telegram asked, and
    /// what came of it is told to [`Store::edited`]; until then it counts as ending at the later of the two times, so that
    /// nobody gets another while this one works. Tells whether a pass has the link, and nobody came by it yet.
    pub async fn intend_edit(
        &self,
        link: &LedgerLink,
        until: UnixTime,
        who: &str,
        now: UnixTime,
    ) -> Result<bool> {
        let (id, pass, marker, who) = (link.id, link.pass, link.marker, who.to_owned());
        self.write(move |tx| {
            if tx.execute(INTEND_EDIT, &[&until, &id, &now])? == 0 {
                return Ok(false);
            }
            // It ran out, or somebody came, since we looked a line above.
            if tx.execute(SAME_END, &[&id, &pass])? == 0 {
                return Err(Error::Contended);
            }
            audit::record(tx, Deed::EditLink, &who, &format!("{marker} ends at {until}"), now)?;
            Ok(true)
        })
        .await
    }

    /// What came of an edit that was to end a link at `wanted`: it ends at `is`. Nothing, if somebody else edits it now.
    pub async fn edited(&self, link: &LedgerLink, wanted: UnixTime, is: UnixTime) -> Result<()> {
        let (id, pass) = (link.id, link.pass);
        self.write(move |tx| {
            if tx.execute(EDITED, &[&is, &id, &wanted])? == 1 {
                tx.execute(SAME_END, &[&id, &pass])?;
            }
            Ok(())
        })
        .await
    }

    /// Telegram revoked the link, or said that it was dead already.
    pub async fn revoked(&self, link: LinkId, at: UnixTime) -> Result<()> {
        self.write(move |tx| dead(tx, link, at)).await
    }

    /// Whether links may be given out that a bot made for a chat: it could end them, and is told who comes by them.
    pub async fn may_give(&self, bot: UserId, chat: ChatId) -> Result<bool> {
        self.read(move |tx| grants::may_give(tx, bot, chat)).await
    }

    /// Gives links of the pool to whoever waits for one, the longest first; answers how many. `alive_until` is how long
    /// they have to work.
    pub async fn hand_out(
        &self,
        gate: &SavedGate,
        chat: ChatId,
        alive_until: UnixTime,
        now: UnixTime,
    ) -> Result<u32> {
        let (gate, bot) = (gate.id, gate.bot);
        self.write(move |tx| {
            gates::turn(tx, gate)?;
            let mut given = 0;
            while let Some((pass, generation)) = tx.row::<(PassId, u32)>(LONGEST_WAITING, &[&gate, &chat])? {
                let into = Into { gate, chat, bot };
                let Some(pooled) = grants::take_link(tx, into, (pass, generation), alive_until, now)? else {
                    break;
                };
                grants::issue(tx, pooled, (pass, chat), now)?;
                given += 1;
            }
            Ok(given)
        })
        .await
    }

    /// Links of the ledger, newest first.
    pub async fn ledger(&self, filter: LedgerFilter, limit: u32) -> Result<Vec<LedgerLink>> {
        let before = filter.before.unwrap_or(LinkId::new(i64::MAX));
        let any = |is_none: bool| i64::from(!is_none);
        let rows: Vec<Sealed> = self
            .read(move |tx| {
                let LedgerFilter { gate, chat, pass, .. } = &filter;
                let [of_gate, of_chat, of_pass] = [gate.is_none(), chat.is_none(), pass.is_none()].map(any);
                tx.rows(LIST, &[&before, gate, &of_gate, chat, &of_chat, pass, &of_pass, &limit])
            })
            .await?;
        rows.into_iter().map(|row| open(self.keys(), row)).collect()
    }

    /// This link, and who was seen by it.
    pub async fn ledger_by_id(&self, link: LinkId) -> Result<Option<(LedgerLink, Vec<Sighting>)>> {
        let row = self.read(move |tx| tx.row(BY_ID, &[&link])).await?;
        self.with_sightings(row).await
    }

    /// The link with this hash, and who was seen by it.
    pub async fn ledger_by_hash(&self, hash: &LinkHash) -> Result<Option<(LedgerLink, Vec<Sighting>)>> {
        let hash = seal::hash_of_link(hash);
        let row = self.read(move |tx| tx.row(BY_HASH, &[&hash])).await?;
        self.with_sightings(row).await
    }

    /// The link that bears this name, and who was seen by it.
    pub async fn ledger_by_marker(&self, marker: Code) -> Result<Option<(LedgerLink, Vec<Sighting>)>> {
        let row = self.read(move |tx| tx.row(BY_MARKER, &[&marker])).await?;
        self.with_sightings(row).await
    }

    async fn with_sightings(&self, row: Option<Sealed>) -> Result<Option<(LedgerLink, Vec<Sighting>)>> {
        let Some(row) = row else { return Ok(None) };
        let link = open(self.keys(), row)?;
        let id = link.id;
        let seen: Vec<SightingRow> = self.read(move |tx| tx.rows(SEEN, &[&id])).await?;
        Ok(Some((link, seen.into_iter().map(sighting).collect())))
    }
}

/// Who, what they did, when, how often as a stranger, and when they went.
pub(crate) type SightingRow = (UserId, String, UnixTime, u32, Option<UnixTime>);

pub(crate) fn sighting((person, what, at, strangers, left_at): SightingRow) -> Sighting {
    Sighting { person, what, at, is_stranger: strangers > 0, left_at }
}

/// A link that nobody has.
struct Free {
    link: LinkId,
    into: Into,
    expires_at: UnixTime,
}

/// Gives a free link, if it may be given, to whoever waits longest. The caller has the gate's turn.
fn hand_on(tx: &mut Tx<'_>, free: Free, now: UnixTime) -> Result<Made> {
    let Free { link, into: Into { gate, chat, bot }, expires_at } = free;
    if !grants::may_give(tx, bot, chat)? {
        return Ok(Made::Pooled);
    }
    let Some((pass, generation)) = tx.row::<(PassId, u32)>(LONGEST_WAITING, &[&gate, &chat])? else {
        return Ok(Made::Pooled);
    };
    grants::give_link(tx, link, (pass, generation), now)?;
    grants::issue(tx, (link, expires_at), (pass, chat), now)?;
    Ok(Made::GivenTo(pass))
}

/// Telegram says that this link is dead, by our wish or otherwise.
pub(crate) fn dead(tx: &mut Tx<'_>, link: LinkId, at: UnixTime) -> Result<()> {
    tx.execute(REVOKED, &[&at, &link]).map(drop)
}

/// Nobody shall come by this link any more.
pub(crate) fn want_revoked(tx: &mut Tx<'_>, link: LinkId, now: UnixTime) -> Result<()> {
    tx.execute(WANT_REVOKED, &[&now, &link]).map(drop)
}

/// What the gate's bot of before made is given to nobody any more, and to be ended. What it is just making, [`Store::made`]
/// finds.
pub(crate) fn drop_others(tx: &mut Tx<'_>, gate: GateId, bot: UserId, now: UnixTime) -> Result<()> {
    tx.execute(DROP_OTHERS, &[&now, &gate, &bot]).map(drop)
}

/// Notes of pooled links that they ended. Nobody was given one in between.
pub(crate) fn drop_expired(tx: &mut Tx<'_>, now: UnixTime) -> Result<()> {
    tx.execute(DROP_EXPIRED, &[&now]).map(drop)
}

/// A group has a new number. Its links are dead; who has one that was not used may ask for another.
pub(crate) fn move_chat(tx: &mut Tx<'_>, old: ChatId, new: ChatId, at: UnixTime) -> Result<()> {
    tx.execute(MOVE_LINKS, &[&new, &at, &old])?;
    tx.execute(END_ENTRIES, &[&old])?;
    tx.execute(MOVE_ENTRIES, &[&new, &old]).map(drop)
}

fn open(keys: &Keyring, Sealed(link, url): Sealed) -> Result<LedgerLink> {
    let url = url.map(|url| reveal(keys, link.marker, &url)).transpose()?;
    Ok(LedgerLink { url, ..link })
}

pub(crate) fn reveal(keys: &Keyring, marker: Code, sealed: &[u8]) -> Result<LinkUrl> {
    Ok(LinkUrl::new(keys.open_text(place(&marker.to_string()), sealed)?))
}

pub(crate) fn place(marker: &str) -> Place<'_> {
    Place { table: "links", column: "url", row: marker }
}
