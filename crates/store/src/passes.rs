//! Passes: the right of one person to enter, and for each chat how far that has come.

use crate::attempts::{self, Attempt, Unheard};
use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::statements::statements;
use crate::value::{Column, FromRow, Row};
use crate::{Error, GateId, GateState, Keyring, LinkId, PassId, Result, SavedGate, Store, Visitor};
use crate::{gates, ledger};
use gate::Code;
use gate::pass::State;
use links::{ChatId, LinkUrl, UnixTime, UserId};

statements! {
    OF_VISITOR = "select id from passes where gate = $1 and visitor = $2";
    OF_PERSON = "select id from passes where gate = $1 and person = $2";
    TAKE_PLACE = "
        update gates set issued = issued + 1
        where id = $1
            and revision = $2
            and state = 'open'
            and (opens_at is null or opens_at <= $3)
            and (closes_at is null or closes_at > $3)
            and (quota is null or issued < quota)";
    TAKE_PLACE_BY_HAND = "
        update gates set issued = issued + 1
        where id = $1 and (quota is null or issued < quota)";
    WHY_NOT = "select revision, state, opens_at, closes_at, quota, issued from gates where id = $1";
    NEW_PASS = "
        insert into passes (gate, visitor, person, granted_at)
        select $1, $2, $3, $4
        where not exists (
                select 1 from attempts
                where gate = $1 and visitor = $2
                    and (person is distinct from $3 or (person is null and wrong <> $5)))
            and not exists (
                select 1 from account_attempts
                where gate = $1 and person = $3 and wrong <> $5)
        on conflict do nothing
        returning id";
    NEW_PASS_ALONE = "
        insert into passes (gate, visitor, person, granted_at)
        values ($1, $2, $3, $4)
        on conflict do nothing";
    NEW_PASS_BY_HAND = "
        insert into passes (gate, visitor, person, granted_at, granted_by)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing
        returning id";
    TAKE_LINK = "
        update links set state = 'given', pass = $1, generation = $2, given_at = $3
        where state = 'free' and id = (
            select id from links
            where gate = $4 and chat = $5 and state = 'free' and expires_at >= $6
            order by expires_at, id
            limit 1)
        returning id, marker, url, expires_at";
    OLDEST_LINK = "
        select id, marker, url, expires_at from links
        where gate = $1 and chat = $2 and state = 'free' and expires_at >= $3
        order by expires_at, id
        limit 1";
    MAY_GIVE = "
        select count(*) from (select 1 as one) as always
        where not exists (select 1 from bots where id = $1 and dead_at is not null)
            and not exists (
                select 1 from chats
                where bot = $1 and id = $2
                    and (deaf_from is not null or username is not null
                        or ' ' || rights || ' ' not like '% can_invite_users %'))";
    GIVE_LINK = "
        update links set state = 'given', pass = $1, generation = $2, given_at = $3
        where id = $4";
    NEW_ENTRY = "
        insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
        values ($1, $2, $3, 1, $4, $5, $6, $7, $8)";
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
    ISSUE = "
        update entries set state = 'issued', link = $1, issued_at = $2, expires_at = $3
        where pass = $4 and chat = $5 and state = 'granted'";
    REPLACES = "update links set replaces = $1 where id = $2";
    EXPIRE = "update entries set state = 'expired' where state = 'issued' and expires_at <= $1";
    STRANGERS = "
        select s.pass, s.chat, s.person, s.link, s.joined_at, l.gate,
            (select count(*) from (
                select 1 from sightings own
                join entries e on e.pass = own.pass and e.chat = own.chat
                where own.chat = s.chat and own.person = s.person
                    and e.used_by = s.person and e.state = 'used'
                limit 1) as some_own),
            (select count(*) from (
                select 1 from sightings went
                where went.chat = s.chat and went.person = s.person and went.what in ('left', 'banned')
                    and not exists (
                        select 1 from sightings came
                        where came.chat = s.chat and came.person = s.person and came.pass = s.pass
                            and came.what = 'joined' and (came.at, came.update_id) > (went.at, went.update_id))
                limit 1) as some_leave)
        from strangers s
        join links l on l.id = s.link
        where s.settled_at is null and l.revoked_at is not null and l.bot = $1 and s.chat = $2
        order by s.joined_at, s.person
        limit $3";
    STRANGER_SETTLED = "
        update strangers set settled_at = $1
        where pass = $2 and chat = $3 and person = $4 and link = $5 and joined_at = $6 and settled_at is null";
}

/// What became of a right answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Granted {
    /// A pass, with a link for each chat that had one ready.
    Granted {
        /// The pass.
        pass: PassId,
        /// Its way into each chat, in the gate's order.
        entries: Vec<Handed>,
    },
    /// They had one.
    Already {
        /// That one.
        pass: PassId,
    },
    /// Nothing yet: they showed an account, and whoever asked wanted to be told.
    Known {
        /// That account.
        person: UserId,
    },
    /// The gate gave all it may.
    Full,
    /// The gate takes no answers now.
    NotOpen,
    /// The gate was changed since it was read; read it again.
    Changed,
    /// A wrong answer came before this one, and the wait after it is not over.
    TooSoon {
        /// When the next may come.
        until: UnixTime,
    },
    /// They had no tries left.
    NoMoreTries,
    /// The gate takes no answers from strangers for now, right or wrong; one who shows an account is let through.
    BudgetSpent,
    /// There is no such gate any more.
    NoSuchGate,
}

/// The way into one chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handed {
    /// Which chat.
    pub chat: ChatId,
    /// The link, unless one has to be waited for.
    pub link: Option<LinkUrl>,
    /// When it ends.
    pub expires_at: Option<UnixTime>,
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

/// Somebody who came in by a link that was not theirs, and which is revoked now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stranger {
    /// Whose link it was.
    pub pass: PassId,
    /// Which gate that pass is of.
    pub gate: GateId,
    /// Where they came in.
    pub chat: ChatId,
    /// Who.
    pub person: UserId,
    /// By which link, the last time.
    pub link: LinkId,
    /// When.
    pub joined_at: UnixTime,
    /// What became of them since, as far as it was heard.
    pub is: StrangerIs,
}

/// What became of a stranger since they came by a link that was not theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StrangerIs {
    /// They are in by nothing else.
    Inside,
    /// They went. Should they be in again, then not by that link.
    Gone,
    /// They used a pass of their own, and it is theirs to be in.
    ByRight,
}

/// A stranger with their link's gate, how often they are in by right, and how often they left since; once is enough.
type StrangerRow = (PassId, ChatId, UserId, LinkId, UnixTime, GateId, i64, i64);

/// A link that was taken, still sealed: opening it is not the writer's work.
pub(crate) type Taken = (LinkId, Code, Vec<u8>, UnixTime);

/// A pass with the links it got, or why there is none.
pub(crate) enum Given {
    Granted(PassId, Vec<(ChatId, Option<Taken>)>),
    Other(Granted),
}

impl Store {
    /// Gives a pass for a right answer, and for each chat the oldest free link if there is one. Refuses as it would a
    /// wrong answer, so that answers which come together are looked at one after the other.
    pub async fn grant(&self, gate: &SavedGate, visitor: Visitor, now: UnixTime) -> Result<Granted> {
        self.grant_to(Whom::Anybody, gate, visitor, now).await
    }

    /// As [`grant`](Self::grant), for whoever showed no account. Of others it says who they are, and gives nothing.
    pub async fn grant_unless_known(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Granted> {
        self.grant_to(Whom::Unknown, gate, visitor, now).await
    }

    async fn grant_to(
        &self,
        whom: Whom,
        gate: &SavedGate,
        visitor: Visitor,
        now: UnixTime,
    ) -> Result<Granted> {
        if let Some(unheard) = self.unheard(gate, visitor, now).await? {
            return Ok(unheard.into());
        }
        let together = if self.is_sqlite() { None } else { self.claim(gate, visitor, now).await? };
        if let Some(given) = together {
            return self.hand_over(given);
        }
        let asked = gate.clone();
        let given = self.write(move |tx| give(tx, &asked, visitor, whom, now)).await?;
        self.hand_over(given)
    }

    /// Gives a pass without an answer, also where the gate is not open. It counts towards the quota.
    pub async fn grant_by_hand(
        &self,
        gate: &SavedGate,
        visitor: Visitor,
        person: Option<UserId>,
        who: &str,
        now: UnixTime,
    ) -> Result<Granted> {
        let (gate, who) = (gate.clone(), who.to_owned());
        let given = self.write(move |tx| give_by_hand(tx, &gate, visitor, person, &who, now)).await?;
        self.hand_over(given)
    }

    fn hand_over(&self, given: Given) -> Result<Granted> {
        match given {
            Given::Other(answer) => Ok(answer),
            Given::Granted(pass, entries) => {
                let entries = entries.into_iter().map(|(chat, taken)| hand(self.keys(), chat, taken));
                Ok(Granted::Granted { pass, entries: entries.collect::<Result<_>>()? })
            }
        }
    }

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
        let again = self.write(move |tx| {
            let again = give_again(tx, pass, chat, alive_until, who.is_some(), now)?;
            if let (Again::Given(_), Some(who)) = (&again, &who) {
                audit::record(tx, Deed::ReissuePass, who, &format!("{pass} {chat}"), now)?;
            }
            Ok(again)
        });
        match again.await? {
            Again::Given(taken) => Ok(Reissued::Reissued(hand(self.keys(), chat, taken)?)),
            Again::Other(answer) => Ok(answer),
        }
    }

    /// Notices passes whose links ended unused. Answers how many that were.
    pub async fn expire(&self, now: UnixTime) -> Result<u64> {
        self.write(move |tx| tx.execute(EXPIRE, &[&now])).await
    }

    /// People who came into a chat by somebody else's link of this bot, once that link is revoked: what is done with
    /// them is the gate's rule.
    pub async fn strangers(&self, bot: UserId, chat: ChatId, limit: u32) -> Result<Vec<Stranger>> {
        let rows = self.read(move |tx| tx.rows(STRANGERS, &[&bot, &chat, &limit])).await?;
        let stranger = |(pass, chat, person, link, joined_at, gate, own, leaves): StrangerRow| {
            let is = match (own, leaves) {
                (0, 0) => StrangerIs::Inside,
                (0, _) => StrangerIs::Gone,
                _ => StrangerIs::ByRight,
            };
            Stranger { pass, gate, chat, person, link, joined_at, is }
        };
        Ok(rows.into_iter().map(stranger).collect())
    }

    /// A stranger was removed, or may stay. Nothing, if they have come again since.
    pub async fn stranger_settled(&self, stranger: Stranger, at: UnixTime) -> Result<()> {
        let Stranger { pass, chat, person, link, joined_at, .. } = stranger;
        self.write(move |tx| {
            tx.execute(STRANGER_SETTLED, &[&at, &pass, &chat, &person, &link, &joined_at]).map(drop)
        })
        .await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whom {
    Anybody,
    Unknown,
}

fn give(tx: &mut Tx<'_>, gate: &SavedGate, visitor: Visitor, whom: Whom, now: UnixTime) -> Result<Given> {
    let refused = |answer| Ok(Given::Other(answer));
    let (Attempt { tries, person, .. }, unheard) = attempts::unheard(tx, gate, visitor, now)?;
    if let Some(unheard) = unheard {
        return refused(unheard.into());
    }
    if let (Whom::Unknown, Some(person)) = (whom, person) {
        // That this answer is right is told, so it has its turn among those that are wrong.
        if !gates::turn_unchanged(tx, gate)? {
            return refused(why_not(tx, gate, now)?);
        }
        let (_, unheard) = attempts::unheard(tx, gate, visitor, now)?;
        return refused(unheard.map_or(Granted::Known { person }, Granted::from));
    }
    if tx.execute(TAKE_PLACE, &[&gate.id, &gate.revision, &now])? == 0 {
        // While we waited for our turn they may have taken the last place themselves, on another node.
        return refused(match pass_of(tx, gate.id, visitor, person)? {
            Some(pass) => Granted::Already { pass },
            None => why_not(tx, gate, now)?,
        });
    }
    // On another node somebody may have come at the same time with the same name, or been wrong: they show now that the
    // turn is ours, and again when we look.
    let pass = match tx.is_alone() {
        true => {
            let is_new = tx.execute(NEW_PASS_ALONE, &[&gate.id, &visitor, &person, &now])? == 1;
            is_new.then(|| tx.last_row()).transpose()?.map(PassId::new)
        }
        false => tx
            .row(NEW_PASS, &[&gate.id, &visitor, &person, &now, &tries.wrong])?
            .map(|(pass,): (PassId,)| pass),
    };
    open_entries(tx, gate, pass.ok_or(Error::Contended)?, now)
}

fn give_by_hand(
    tx: &mut Tx<'_>,
    gate: &SavedGate,
    visitor: Visitor,
    person: Option<UserId>,
    who: &str,
    now: UnixTime,
) -> Result<Given> {
    if let Some(pass) = pass_of(tx, gate.id, visitor, person)? {
        return Ok(Given::Other(Granted::Already { pass }));
    }
    if tx.execute(TAKE_PLACE_BY_HAND, &[&gate.id])? == 0 {
        let is_there = tx.row::<Standing>(WHY_NOT, &[&gate.id])?.is_some();
        return Ok(Given::Other(if is_there { Granted::Full } else { Granted::NoSuchGate }));
    }
    let pass = tx.row(NEW_PASS_BY_HAND, &[&gate.id, &visitor, &person, &now, &who])?;
    let (pass,): (PassId,) = pass.ok_or(Error::Contended)?;
    audit::record(tx, Deed::GrantByHand, who, &pass.to_string(), now)?;
    open_entries(tx, gate, pass, now)
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

/// The pass somebody holds, by themselves or by their account.
fn pass_of(
    tx: &mut Tx<'_>,
    gate: GateId,
    visitor: Visitor,
    person: Option<UserId>,
) -> Result<Option<PassId>> {
    let mut found: Option<(PassId,)> = tx.row(OF_VISITOR, &[&gate, &visitor])?;
    if let (None, Some(person)) = (found, person) {
        found = tx.row(OF_PERSON, &[&gate, &person])?;
    }
    Ok(found.map(|(pass,)| pass))
}

/// Begins the way into each chat, with the oldest free link or a place in the queue. The caller has the gate's turn.
fn open_entries(tx: &mut Tx<'_>, gate: &SavedGate, pass: PassId, now: UnixTime) -> Result<Given> {
    let alive_until = gate.gate.promised_until(now);
    let mut entries = Vec::with_capacity(gate.gate.chats.len());
    for chat in gate.gate.chats.iter() {
        let into = Into { gate: gate.id, chat: *chat, bot: gate.bot };
        let taken = take_link(tx, into, (pass, 1), alive_until, now)?;
        let (state, issued_at) = match taken {
            Some(_) => (State::Issued, Some(now)),
            None => (State::Granted, None),
        };
        let link = taken.as_ref().map(|taken| taken.0);
        let expires_at = taken.as_ref().map(|taken| taken.3);
        tx.execute(NEW_ENTRY, &[&pass, chat, &gate.id, &state, &link, &now, &issued_at, &expires_at])?;
        entries.push((*chat, taken));
    }
    Ok(Given::Granted(pass, entries))
}

/// Where a link is to lead, and who answers for it there.
#[derive(Clone, Copy)]
pub(crate) struct Into {
    pub(crate) gate: GateId,
    pub(crate) chat: ChatId,
    pub(crate) bot: UserId,
}

/// Whether the bot could end a link after its first join: it could not if its token is dead, if it lost its right, or if
/// it is not told who comes.
pub(crate) fn may_give(tx: &mut Tx<'_>, bot: UserId, chat: ChatId) -> Result<bool> {
    Ok(tx.one::<(u32,)>(MAY_GIVE, &[&bot, &chat])?.0 == 1)
}

/// The oldest free link, if one may be given, for this generation of a pass. The caller has the gate's turn.
pub(crate) fn take_link(
    tx: &mut Tx<'_>,
    Into { gate, chat, bot }: Into,
    (pass, generation): (PassId, u32),
    alive_until: UnixTime,
    now: UnixTime,
) -> Result<Option<Taken>> {
    if !may_give(tx, bot, chat)? {
        return Ok(None);
    }
    if !tx.is_alone() {
        return tx.row(TAKE_LINK, &[&pass, &generation, &now, &gate, &chat, &alive_until]);
    }
    let taken: Option<Taken> = tx.row(OLDEST_LINK, &[&gate, &chat, &alive_until])?;
    if let Some((link, ..)) = &taken {
        tx.execute(GIVE_LINK, &[&pass, &generation, &now, link])?;
    }
    Ok(taken)
}

/// The entry that waited has the link that was taken for it.
pub(crate) fn issue(
    tx: &mut Tx<'_>,
    (link, _, _, expires_at): &Taken,
    (pass, chat): (PassId, ChatId),
    now: UnixTime,
) -> Result<()> {
    match tx.execute(ISSUE, &[link, &now, expires_at, &pass, &chat])? {
        // Its person came in by an older link in this very moment.
        0 => Err(Error::Contended),
        _ => Ok(()),
    }
}

type Standing = (i64, GateState, Option<UnixTime>, Option<UnixTime>, Option<u32>, u32);

fn why_not(tx: &mut Tx<'_>, gate: &SavedGate, now: UnixTime) -> Result<Granted> {
    let Some((latest, state, opens_at, closes_at, quota, issued)) =
        tx.row::<Standing>(WHY_NOT, &[&gate.id])?
    else {
        return Ok(Granted::NoSuchGate);
    };
    let in_time = opens_at.is_none_or(|at| at <= now) && closes_at.is_none_or(|at| at > now);
    if latest != gate.revision {
        Ok(Granted::Changed)
    } else if state != GateState::Open || !in_time {
        Ok(Granted::NotOpen)
    } else if quota.is_some_and(|quota| issued >= quota) {
        Ok(Granted::Full)
    } else {
        // It became possible since; trying again will tell.
        Err(Error::Contended)
    }
}

enum Again {
    Given(Option<Taken>),
    Other(Reissued),
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
) -> Result<Again> {
    let Some((gate, bot)) = tx.row(GATE_AND_BOT_OF, &[&pass])? else {
        return Ok(Again::Other(Reissued::NoSuchPass));
    };
    gates::turn(tx, gate)?;
    let Some((state, old, revoked_at, doubted_at, person)) = tx.row::<Before>(ENTRY, &[&pass, &chat])? else {
        return Ok(Again::Other(Reissued::NoSuchPass));
    };
    if revoked_at.is_some() || !State::Granted.comes_from().contains(&state) {
        return Ok(Again::Other(Reissued::Not(state)));
    }
    if let Some(old) = old {
        ledger::want_revoked(tx, old, now)?;
        if tx.one::<(u32,)>(LIVES, &[&old, &now])?.0 > 0 {
            return Ok(Again::Other(Reissued::NotYet));
        }
    }
    // A leak was heard of, and so was everybody who came before a group moved. That a link ended unused otherwise is true
    // only if everybody who came was heard of, by a clock that is not Telegram's.
    if state == State::Expired && !is_sure {
        match (doubted_at, person) {
            (Some(_), None) => return Ok(Again::Other(Reissued::Unsure)),
            (Some(_), Some(_)) => return Ok(Again::Other(Reissued::NotYet)),
            (None, _) => {}
        }
        if let Some(old) = old
            && tx.one::<(i64,)>(IS_LATE, &[&old])?.0 != 0
        {
            return Ok(Again::Other(Reissued::NotYet));
        }
    }
    let generation = tx.row(REISSUE, &[&now, &pass, &chat])?;
    let (generation,): (u32,) = generation.ok_or(Error::Contended)?;
    let taken = take_link(tx, Into { gate, chat, bot }, (pass, generation), alive_until, now)?;
    if let Some(taken) = &taken {
        tx.execute(REPLACES, &[&old, &taken.0])?;
        issue(tx, taken, (pass, chat), now)?;
    }
    Ok(Again::Given(taken))
}

fn hand(keys: &Keyring, chat: ChatId, taken: Option<Taken>) -> Result<Handed> {
    let Some((_, marker, url, expires_at)) = taken else {
        return Ok(Handed { chat, link: None, expires_at: None });
    };
    let link = Some(ledger::reveal(keys, marker, &url)?);
    Ok(Handed { chat, link, expires_at: Some(expires_at) })
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

impl From<Unheard> for Granted {
    fn from(why: Unheard) -> Self {
        match why {
            Unheard::Already { pass } => Self::Already { pass },
            Unheard::TooSoon { until } => Self::TooSoon { until },
            Unheard::NoMoreTries => Self::NoMoreTries,
            Unheard::BudgetSpent => Self::BudgetSpent,
        }
    }
}
