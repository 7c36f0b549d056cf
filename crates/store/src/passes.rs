//! Passes: the right of one person to enter, and for each chat how far that has come.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::grants::{self, Handed, Into};
use crate::statements::statements;
use crate::value::{Column, FromRow, Row};
use crate::{Error, GateId, Keyring, LinkId, PassId, Result, Store, Visitor, gates, ledger};
use gate::Code;
use gate::pass::State;
use links::{ChatId, LinkUrl, UnixTime, UserId};

statements! {
    HOLDING = "
        select p.id, p.gate, g.revision, p.person, p.granted_at, p.granted_by, p.revoked_at,
            e.chat, e.generation, e.state, l.marker, l.url, e.expires_at, e.used_at, e.used_by, e.left_at,
            e.banned_at, e.doubted_at,
            case when e.state = 'granted' then (
                select count(*) from entries w
                where w.gate = e.gate and w.chat = e.chat and w.state = 'granted'
                    and (w.queued_at, w.pass) < (e.queued_at, e.pass)) end
        from passes p
        join gates g on g.id = p.gate
        join entries e on e.pass = p.id
        left join links l on l.id = e.link
        where p.id = coalesce(
            (select id from passes where gate = $1 and visitor = $2),
            (select o.id
                from attempts a
                join passes o on o.gate = a.gate and o.person = a.person
                where a.gate = $1 and a.visitor = $2))
        order by e.chat";
    ONE = "
        select p.id, p.gate, g.revision, p.person, p.granted_at, p.granted_by, p.revoked_at,
            e.chat, e.generation, e.state, l.marker, l.url, e.expires_at, e.used_at, e.used_by, e.left_at,
            e.banned_at, e.doubted_at,
            case when e.state = 'granted' then (
                select count(*) from entries w
                where w.gate = e.gate and w.chat = e.chat and w.state = 'granted'
                    and (w.queued_at, w.pass) < (e.queued_at, e.pass)) end
        from passes p
        join gates g on g.id = p.gate
        join entries e on e.pass = p.id
        left join links l on l.id = e.link
        where p.id = $1
        order by e.chat";
    LIST = "
        select p.id, p.gate, g.revision, p.person, p.granted_at, p.granted_by, p.revoked_at,
            e.chat, e.generation, e.state, l.marker, l.url, e.expires_at, e.used_at, e.used_by, e.left_at,
            e.banned_at, e.doubted_at,
            cast(null as bigint)
        from (
            select * from passes
            where id < $1 and (gate = $2 or $3 = 0)
                and ($4 = 0 or id in (
                    select pass from entries
                    where doubted_at is not null and state = 'expired'))
            order by id desc
            limit $5) p
        join gates g on g.id = p.gate
        join entries e on e.pass = p.id
        left join links l on l.id = e.link
        order by p.id desc, e.chat";
    GATE_OF = "select gate from passes where id = $1";
    GATE_AND_BOT_OF = "
        select p.gate, g.bot
        from passes p
        join gates g on g.id = p.gate
        where p.id = $1";
    REVOKE_PASS = "update passes set revoked_at = $1 where id = $2 and revoked_at is null";
    LINKS_OF = "select link from entries where pass = $1 and link is not null order by link";
    PEOPLE_IN = "select chat, used_by from entries where pass = $1 and state = 'used' order by chat";
    REVOKE_ENTRIES = "
        update entries set state = 'revoked'
        where pass = $1 and state in ('granted', 'issued', 'used', 'leaked', 'expired')";
    ENTRY = "
        select e.state, e.link, p.revoked_at, e.doubted_at, p.person
        from entries e
        join passes p on p.id = e.pass
        where e.pass = $1 and e.chat = $2";
    IS_LATE = "
        select cast(case
            when l.revoked_at < l.expires_at
                and (l.revoke_wanted_at is null or b.heard_at > l.revoked_at) then 0
            when b.heard_at >= l.expires_at + 30 then 0
            else 1 end as bigint)
        from links l
        left join bots b on b.id = l.bot
        where l.id = $1";
    LIVES = "select count(*) from links where id = $1 and revoked_at is null and expires_at > $2";
    REISSUE = "
        update entries set
            state = 'granted', generation = generation + 1, link = null, queued_at = $1,
            issued_at = null, expires_at = null, doubted_at = null
        where pass = $2 and chat = $3 and state in ('leaked', 'expired')
        returning generation";
    REPLACES = "update links set replaces = $1 where id = $2";
    EXPIRE = "update entries set state = 'expired' where state = 'issued' and expires_at <= $1";
}

/// A pass and how far it has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// The pass.
    pub pass: PassId,
    /// Its gate.
    pub gate: GateId,
    /// The revision of its gate, as it is now.
    pub revision: i64,
    /// Whose it is, where that was known when it was granted.
    pub person: Option<UserId>,
    /// Since when.
    pub granted_at: UnixTime,
    /// Who granted it, if it was done by hand.
    pub granted_by: Option<String>,
    /// When it was taken back.
    pub revoked_at: Option<UnixTime>,
    /// For each chat how far it has come.
    pub entries: Vec<Held>,
}

impl Holding {
    /// Whether a link is still being waited for.
    pub fn waits(&self) -> bool {
        self.entries.iter().any(|entry| entry.state == State::Granted)
    }
}

/// How far a pass has come with one chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Which chat.
    pub chat: ChatId,
    /// How far.
    pub state: State,
    /// How many links were given or asked for, this one included.
    pub generation: u32,
    /// The link, while it is there to be used.
    pub link: Option<LinkUrl>,
    /// When the link ends or ended.
    pub expires_at: Option<UnixTime>,
    /// How many wait before this one.
    pub before: Option<u32>,
    /// When its person came in.
    pub used_at: Option<UnixTime>,
    /// Who that was.
    pub used_by: Option<UserId>,
    /// When its person went out.
    pub left_at: Option<UnixTime>,
    /// When its person was put out and kept out.
    pub banned_at: Option<UnixTime>,
    /// Until then somebody may have come by the link unheard of.
    pub doubted_at: Option<UnixTime>,
}

impl Held {
    /// Whether it has to be found out first whether somebody came, before there can be another link.
    pub fn is_doubted(&self) -> bool {
        self.state == State::Expired && self.doubted_at.is_some()
    }
}

/// What became of a pass that was to be taken back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Revoked {
    /// It is taken back, and its links are to be revoked.
    Revoked {
        /// Who is in by it, and in which chat.
        inside: Vec<(ChatId, UserId)>,
    },
    /// It was taken back before.
    Already,
    /// There is no such pass.
    NoSuchPass,
}

/// What became of a wish for another link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reissued {
    /// Another link, or a place in the queue for one.
    Reissued(Handed),
    /// The old link still works at Telegram and is being revoked, or we have not heard yet whether somebody came by it, or
    /// Telegram is to be asked first whether its person is in.
    NotYet,
    /// Somebody may have come in while nobody listened, and Telegram has forgotten it; or after the copy was made that
    /// this database is. Only whoever answers for the chat can say.
    Unsure,
    /// Only a link that expired or leaked is replaced.
    Not(State),
    /// There is no such pass, or it leads to no such chat.
    NoSuchPass,
}

impl Store {
    /// What a visitor holds at a gate: by themselves, or else by the account they showed.
    pub async fn holding(&self, gate: GateId, visitor: Visitor) -> Result<Option<Holding>> {
        let rows = self.read(move |tx| tx.rows(HOLDING, &[&gate, &visitor])).await?;
        Ok(collect(self.keys(), rows)?.into_iter().next())
    }

    /// One pass.
    pub async fn pass(&self, pass: PassId) -> Result<Option<Holding>> {
        let rows = self.read(move |tx| tx.rows(ONE, &[&pass])).await?;
        Ok(collect(self.keys(), rows)?.into_iter().next())
    }

    /// Passes, newest first, of one gate or of all, before the pass `before` if one is given. Places in the queue are
    /// not counted.
    pub async fn passes(
        &self,
        gate: Option<GateId>,
        before: Option<PassId>,
        limit: u32,
    ) -> Result<Vec<Holding>> {
        self.list(gate, before, false, limit).await
    }

    /// Those of [`Store::passes`] by which somebody may have come in unseen.
    pub async fn doubted(
        &self,
        gate: Option<GateId>,
        before: Option<PassId>,
        limit: u32,
    ) -> Result<Vec<Holding>> {
        self.list(gate, before, true, limit).await
    }

    async fn list(
        &self,
        gate: Option<GateId>,
        before: Option<PassId>,
        is_doubted: bool,
        limit: u32,
    ) -> Result<Vec<Holding>> {
        let before = before.unwrap_or(PassId::new(i64::MAX));
        let (of_gate, doubted) = (i64::from(gate.is_some()), i64::from(is_doubted));
        let rows = self.read(move |tx| tx.rows(LIST, &[&before, &gate, &of_gate, &doubted, &limit])).await?;
        collect(self.keys(), rows)
    }

    /// Takes a pass back, whatever has become of it. Its links are to be revoked, and nobody gets another.
    pub async fn revoke_pass(&self, pass: PassId, who: &str, now: UnixTime) -> Result<Revoked> {
        let who = who.to_owned();
        self.write(move |tx| revoke(tx, pass, &who, now)).await
    }

    /// Gives another link instead of one that expired or leaked. One that still works at Telegram is waited for, so that
    /// no pass has two; and so is the news of everybody who came by it. `who` is whoever does it for somebody else, and
    /// answers for it.
    pub async fn reissue(
        &self,
        pass: PassId,
        chat: ChatId,
        alive_until: UnixTime,
        who: Option<&str>,
        now: UnixTime,
    ) -> Result<Reissued> {
        let who = who.map(str::to_owned);
        self.write(move |tx| {
            let again = give_again(tx, pass, chat, alive_until, who.is_some(), now)?;
            if let (Reissued::Reissued(_), Some(who)) = (&again, &who) {
                audit::record(tx, Deed::ReissuePass, who, &format!("{pass} {chat}"), now)?;
            }
            Ok(again)
        })
        .await
    }

    /// Notices passes whose links ended unused. Answers how many that were.
    pub async fn expire(&self, now: UnixTime) -> Result<u64> {
        self.write(move |tx| tx.execute(EXPIRE, &[&now])).await
    }
}

/// Takes a pass back.
pub(crate) fn revoke(tx: &mut Tx<'_>, pass: PassId, who: &str, now: UnixTime) -> Result<Revoked> {
    let Some((gate,)) = tx.row(GATE_OF, &[&pass])? else { return Ok(Revoked::NoSuchPass) };
    gates::turn(tx, gate)?;
    if tx.execute(REVOKE_PASS, &[&now, &pass])? == 0 {
        return Ok(Revoked::Already);
    }
    let people: Vec<(ChatId, Option<UserId>)> = tx.rows(PEOPLE_IN, &[&pass])?;
    for (link,) in tx.rows(LINKS_OF, &[&pass])? {
        ledger::want_revoked(tx, link, now)?;
    }
    tx.execute(REVOKE_ENTRIES, &[&pass])?;
    audit::record(tx, Deed::RevokePass, who, &pass.to_string(), now)?;
    let inside = people.into_iter().filter_map(|(chat, person)| Some((chat, person?))).collect();
    Ok(Revoked::Revoked { inside })
}

/// An entry as it was before it gets another link: its state and link, when the pass was taken back, since when somebody
/// may have come unheard of, and whose the pass is.
type Before = (State, Option<LinkId>, Option<UnixTime>, Option<UnixTime>, Option<UserId>);

fn give_again(
    tx: &mut Tx<'_>,
    pass: PassId,
    chat: ChatId,
    alive_until: UnixTime,
    is_sure: bool,
    now: UnixTime,
) -> Result<Reissued> {
    let Some((gate, bot)) = tx.row(GATE_AND_BOT_OF, &[&pass])? else {
        return Ok(Reissued::NoSuchPass);
    };
    gates::turn(tx, gate)?;
    let Some((state, old, revoked_at, doubted_at, person)) = tx.row::<Before>(ENTRY, &[&pass, &chat])? else {
        return Ok(Reissued::NoSuchPass);
    };
    if revoked_at.is_some() || !State::Granted.comes_from().contains(&state) {
        return Ok(Reissued::Not(state));
    }
    if let Some(old) = old {
        ledger::want_revoked(tx, old, now)?;
        if tx.one::<(u32,)>(LIVES, &[&old, &now])?.0 > 0 {
            return Ok(Reissued::NotYet);
        }
    }
    // A leak was heard of, and so was everybody who came before a group moved. That a link ended unused otherwise is true
    // only if everybody who came was heard of, by a clock that is not Telegram's.
    if state == State::Expired && !is_sure {
        match (doubted_at, person) {
            (Some(_), None) => return Ok(Reissued::Unsure),
            (Some(_), Some(_)) => return Ok(Reissued::NotYet),
            (None, _) => {}
        }
        if let Some(old) = old
            && tx.one::<(i64,)>(IS_LATE, &[&old])?.0 != 0
        {
            return Ok(Reissued::NotYet);
        }
    }
    let generation = tx.row(REISSUE, &[&now, &pass, &chat])?;
    let (generation,): (u32,) = generation.ok_or(Error::Contended)?;
    let into = Into { gate, chat, bot };
    let pooled = grants::take_link(tx, into, (pass, generation), alive_until, now)?;
    if let Some((link, expires_at)) = pooled {
        tx.execute(REPLACES, &[&old, &link])?;
        grants::issue(tx, (link, expires_at), (pass, chat), now)?;
    }
    let (link, expires_at) = pooled.unzip();
    Ok(Reissued::Reissued(Handed { chat, link, expires_at }))
}

/// A pass with one of its entries, as a row has them.
struct OneHeld {
    pass: Holding,
    held: Held,
    marker: Option<Code>,
    url: Option<Vec<u8>>,
}

impl FromRow for OneHeld {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            pass: Holding {
                pass: Column::read(row, 0)?,
                gate: Column::read(row, 1)?,
                revision: Column::read(row, 2)?,
                person: Column::read(row, 3)?,
                granted_at: Column::read(row, 4)?,
                granted_by: Column::read(row, 5)?,
                revoked_at: Column::read(row, 6)?,
                entries: Vec::new(),
            },
            held: Held {
                chat: Column::read(row, 7)?,
                generation: Column::read(row, 8)?,
                state: Column::read(row, 9)?,
                link: None,
                expires_at: Column::read(row, 12)?,
                used_at: Column::read(row, 13)?,
                used_by: Column::read(row, 14)?,
                left_at: Column::read(row, 15)?,
                banned_at: Column::read(row, 16)?,
                doubted_at: Column::read(row, 17)?,
                before: Column::read(row, 18)?,
            },
            marker: Column::read(row, 10)?,
            url: Column::read(row, 11)?,
        })
    }
}

/// Rows of one pass follow each other. A link is revealed while it is there to be used, and not to those who used it.
fn collect(keys: &Keyring, rows: Vec<OneHeld>) -> Result<Vec<Holding>> {
    let mut passes: Vec<Holding> = Vec::new();
    for OneHeld { pass, mut held, marker, url } in rows {
        if let (State::Issued, Some(marker), Some(url)) = (held.state, marker, url) {
            held.link = Some(ledger::reveal(keys, marker, &url)?);
        }
        match passes.last_mut() {
            Some(last) if last.pass == pass.pass => last.entries.push(held),
            _ => passes.push(Holding { entries: vec![held], ..pass }),
        }
    }
    Ok(passes)
}
