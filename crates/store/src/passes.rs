//! Passes: the right of one person to enter, and for each chat how far that has come.

use crate::attempts::{self, Budget};
use crate::connection::Tx;
use crate::links::url_place;
use crate::statements::statements;
use crate::value::stored;
use crate::{Error, GateId, GateState, Keyring, LinkId, Marker, PassId, Result, Store, Visitor};
use links::{ChatId, LinkUrl, UnixTime, UserId};

statements! {
    BEFORE = "
        select
            (select person from attempts where gate = $1 and visitor = $2),
            (select id from passes where gate = $1 and visitor = $2)";
    OF_PERSON = "select id from passes where gate = $1 and person = $2";
    TAKE_PLACE = "
        update gates set issued = issued + 1
        where id = $1
            and revision = $2
            and state = 'open'
            and (opens_at is null or opens_at <= $3)
            and (closes_at is null or closes_at > $3)
            and (quota is null or issued < quota)";
    WHY_NOT = "select revision, state, opens_at, closes_at, quota, issued from gates where id = $1";
    NEW_PASS = "
        insert into passes (gate, visitor, person, granted_at)
        values ($1, $2, $3, $4)
        on conflict do nothing
        returning id";
    TAKE_LINK = "
        update links set state = 'given', pass = $1, generation = $2, given_at = $3
        where state = 'free' and id = (
            select id from links
            where gate = $4 and chat = $5 and state = 'free' and expires_at >= $6
            order by id
            limit 1)
        returning id, marker, url, expires_at";
    NEW_ENTRY = "
        insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
        values ($1, $2, $3, 1, $4, $5, $6, $7, $8)";
    HOLDING = "
        select p.id, p.granted_at, p.revoked_at,
            e.chat, e.generation, e.state, l.marker, l.url, e.expires_at, e.used_at, e.left_at,
            case when e.state = 'granted' then (
                select count(*) from entries w
                where w.gate = e.gate and w.chat = e.chat and w.state = 'granted'
                    and (w.queued_at, w.pass) < (e.queued_at, e.pass)) end
        from passes p
        join entries e on e.pass = p.id
        left join links l on l.id = e.link
        where p.gate = $1 and p.visitor = $2
        order by e.chat";
}

/// How far an entry has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EntryState {
    /// Earned; a link is being waited for.
    Granted,
    /// A link was given.
    Issued,
    /// Its person is in.
    Used,
    /// Its person was in, and is out.
    Left,
    /// Somebody else came in by its link.
    Leaked,
    /// Its link ran out before anybody used it.
    Expired,
    /// It was taken back.
    Revoked,
}

impl EntryState {
    /// The state's name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Issued => "issued",
            Self::Used => "used",
            Self::Left => "left",
            Self::Leaked => "leaked",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Granted, Self::Issued, Self::Used, Self::Left, Self::Leaked, Self::Expired, Self::Revoked]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

stored!(Text, text, EntryState, |state| state.as_str(), |raw| EntryState::read(&raw));

/// A right answer that asks for its pass.
#[derive(Clone, Debug)]
pub struct Grant {
    /// At which gate.
    pub gate: GateId,
    /// The revision the answer was graded by. Another one may ask something else.
    pub revision: i64,
    /// Where the gate leads.
    pub chats: Vec<ChatId>,
    /// Whose answer.
    pub visitor: Visitor,
    /// A link that ends before then is not given.
    pub alive_until: UnixTime,
    /// How many wrong answers a visitor may give.
    pub most_tries: u32,
    /// The gate's budget of wrong answers: while it is spent, a right one is not told from a wrong one.
    pub budget: Budget,
}

/// What became of a right answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Granted {
    /// A pass, with a link for each chat that had one ready.
    Granted {
        /// The pass.
        pass: PassId,
        /// Its way into each chat, in the order that was asked for.
        entries: Vec<Handed>,
    },
    /// They had one.
    Already {
        /// That one.
        pass: PassId,
    },
    /// A wrong answer of theirs was counted meanwhile, and this one came too soon after it.
    TooSoon {
        /// When the next may come.
        until: UnixTime,
    },
    /// Their wrong answers were counted meanwhile, and they have no try left.
    NoMoreTries,
    /// The gate gave all it may.
    Full,
    /// The gate takes no answers now.
    NotOpen,
    /// The gate was changed since it was read; read it again.
    Changed,
    /// The gate takes no answers from strangers for now; one who shows an account is let through.
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

/// What a visitor holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holding {
    /// The pass.
    pub pass: PassId,
    /// Since when.
    pub granted_at: UnixTime,
    /// When it was taken back.
    pub revoked_at: Option<UnixTime>,
    /// For each chat how far it has come.
    pub entries: Vec<Held>,
}

impl Holding {
    /// Whether a link is still being waited for.
    pub fn waits(&self) -> bool {
        self.entries.iter().any(|entry| entry.state == EntryState::Granted)
    }
}

/// How far a pass has come with one chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// Which chat.
    pub chat: ChatId,
    /// How far.
    pub state: EntryState,
    /// How many links were given or asked for, this one included.
    pub generation: u32,
    /// The link, while it is there to be used.
    pub link: Option<LinkUrl>,
    /// When the link ends.
    pub expires_at: Option<UnixTime>,
    /// How many wait before this one.
    pub before: Option<u32>,
    /// When its person came in.
    pub used_at: Option<UnixTime>,
    /// When its person went out.
    pub left_at: Option<UnixTime>,
}

/// A link that was taken, still sealed: opening it is not the writer's work.
type Taken = (LinkId, Marker, Vec<u8>, UnixTime);

enum Outcome {
    Granted(PassId, Vec<(ChatId, Option<Taken>)>),
    Other(Granted),
}

impl Store {
    /// Gives a pass for a right answer, and for each chat the oldest free link if there is one.
    pub async fn grant(&self, grant: Grant, now: UnixTime) -> Result<Granted> {
        match self.write(move |tx| give(tx, &grant, now)).await? {
            Outcome::Other(answer) => Ok(answer),
            Outcome::Granted(pass, entries) => {
                let entries = entries.into_iter().map(|(chat, taken)| hand(self.keys(), chat, taken));
                Ok(Granted::Granted { pass, entries: entries.collect::<Result<_>>()? })
            }
        }
    }

    /// What a visitor holds at a gate.
    pub async fn holding(&self, gate: GateId, visitor: Visitor) -> Result<Option<Holding>> {
        let rows = self.read(move |tx| tx.rows::<HeldRow>(HOLDING, &[&gate, &visitor])).await?;
        let mut holding: Option<Holding> = None;
        for HeldRow { pass, granted_at, revoked_at, held, marker, url } in rows {
            let held = Held { link: reveal(self.keys(), held.state, marker, url)?, ..held };
            let whole =
                holding.get_or_insert_with(|| Holding { pass, granted_at, revoked_at, entries: Vec::new() });
            whole.entries.push(held);
        }
        Ok(holding)
    }
}

fn give(tx: &mut Tx<'_>, grant: &Grant, now: UnixTime) -> Result<Outcome> {
    let Grant { gate, revision, visitor, .. } = grant;
    let (person, has): (Option<UserId>, Option<PassId>) = tx.one(BEFORE, &[gate, visitor])?;
    let has = match (has, person) {
        (None, Some(person)) => tx.row(OF_PERSON, &[gate, &person])?.map(|(pass,)| pass),
        _ => has,
    };
    if let Some(pass) = has {
        return Ok(Outcome::Other(Granted::Already { pass }));
    }
    // Many answers sent at once are as many guesses: once a wrong one is counted, a right one beside it is too soon.
    let so_far = attempts::tries(tx, *gate, *visitor)?;
    if so_far.wrong >= grant.most_tries {
        return Ok(Outcome::Other(Granted::NoMoreTries));
    }
    if so_far.next_try_at > now {
        return Ok(Outcome::Other(Granted::TooSoon { until: so_far.next_try_at }));
    }
    if person.is_none() && attempts::is_spent(tx, *gate, now, grant.budget)? {
        return Ok(Outcome::Other(Granted::BudgetSpent));
    }
    if tx.execute(TAKE_PLACE, &[gate, revision, &now])? == 0 {
        return Ok(Outcome::Other(why_not(tx, *gate, *revision, now)?));
    }
    // Whoever comes at the same time with the same name, on another node, finds it when they try again.
    let (pass,): (PassId,) = tx.row(NEW_PASS, &[gate, visitor, &person, &now])?.ok_or(Error::Contended)?;
    let mut entries = Vec::with_capacity(grant.chats.len());
    for chat in &grant.chats {
        let taken: Option<Taken> =
            tx.row(TAKE_LINK, &[&pass, &1u32, &now, gate, chat, &grant.alive_until])?;
        let (state, issued_at) = match taken {
            Some(_) => (EntryState::Issued, Some(now)),
            None => (EntryState::Granted, None),
        };
        let link = taken.as_ref().map(|taken| taken.0);
        let expires_at = taken.as_ref().map(|taken| taken.3);
        tx.execute(NEW_ENTRY, &[&pass, chat, gate, &state, &link, &now, &issued_at, &expires_at])?;
        entries.push((*chat, taken));
    }
    Ok(Outcome::Granted(pass, entries))
}

type Gate = (i64, GateState, Option<UnixTime>, Option<UnixTime>, Option<u32>, u32);

fn why_not(tx: &mut Tx<'_>, gate: GateId, revision: i64, now: UnixTime) -> Result<Granted> {
    let row: Option<Gate> = tx.row(WHY_NOT, &[&gate])?;
    let Some((latest, state, opens_at, closes_at, quota, issued)) = row else {
        return Ok(Granted::NoSuchGate);
    };
    let in_time = opens_at.is_none_or(|at| at <= now) && closes_at.is_none_or(|at| at > now);
    if latest != revision {
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

fn hand(keys: &Keyring, chat: ChatId, taken: Option<Taken>) -> Result<Handed> {
    let Some((_, marker, url, expires_at)) = taken else {
        return Ok(Handed { chat, link: None, expires_at: None });
    };
    let link = keys.open_text(url_place(&marker), &url)?;
    Ok(Handed { chat, link: Some(LinkUrl::new(link)), expires_at: Some(expires_at) })
}

struct HeldRow {
    pass: PassId,
    granted_at: UnixTime,
    revoked_at: Option<UnixTime>,
    held: Held,
    marker: Option<Marker>,
    url: Option<Vec<u8>>,
}

impl crate::value::FromRow for HeldRow {
    fn from_row(row: &crate::value::Row<'_>) -> Result<Self> {
        use crate::value::Column;
        Ok(Self {
            pass: Column::read(row, 0)?,
            granted_at: Column::read(row, 1)?,
            revoked_at: Column::read(row, 2)?,
            held: Held {
                chat: Column::read(row, 3)?,
                generation: Column::read(row, 4)?,
                state: Column::read(row, 5)?,
                link: None,
                expires_at: Column::read(row, 8)?,
                used_at: Column::read(row, 9)?,
                left_at: Column::read(row, 10)?,
                before: Column::read(row, 11)?,
            },
            marker: Column::read(row, 6)?,
            url: Column::read(row, 7)?,
        })
    }
}

/// A link is shown while it is there to be used, and not to those who used it.
fn reveal(
    keys: &Keyring,
    state: EntryState,
    marker: Option<Marker>,
    url: Option<Vec<u8>>,
) -> Result<Option<LinkUrl>> {
    match (state, marker, url) {
        (EntryState::Issued, Some(marker), Some(url)) => {
            Ok(Some(LinkUrl::new(keys.open_text(url_place(&marker), &url)?)))
        }
        _ => Ok(None),
    }
}
