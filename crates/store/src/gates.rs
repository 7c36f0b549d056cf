//! Gates as they are kept: sealed, numbered by revision, and drafts until somebody opens them.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::seal::Place;
use crate::statements::statements;
use crate::value::stored;
use crate::{Error, GateId, Keyring, NewErrand, Result, Store, keys, ledger, outbox};
use gate::{Gate, Slug};
use links::{ChatId, UnixTime, UserId};
use std::sync::Arc;

statements! {
    SAVE = "
        insert into gates (slug, state, bot, definition, revision, quota, opens_at, closes_at, created_at, changed_at)
        values ($1, 'draft', $2, $3, 1, $4, $5, $6, $7, $7)
        on conflict (slug) do update set
            bot = excluded.bot,
            definition = excluded.definition,
            revision = gates.revision + 1,
            quota = excluded.quota,
            opens_at = excluded.opens_at,
            closes_at = excluded.closes_at,
            changed_at = excluded.changed_at
        returning id, revision";
    CREATE = "
        insert into gates (slug, state, bot, definition, revision, quota, opens_at, closes_at, created_at, changed_at)
        values ($1, 'draft', $2, $3, 1, $4, $5, $6, $7, $7)
        on conflict (slug) do nothing
        returning id, revision";
    CHANGE = "
        update gates set
            bot = $1, definition = $2, revision = revision + 1, quota = $3, opens_at = $4, closes_at = $5,
            changed_at = $6
        where slug = $7 and revision = $8
        returning id, revision";
    FORGET_CHATS = "delete from gate_chats where gate = $1";
    ADD_CHAT = "insert into gate_chats (gate, chat) values ($1, $2) on conflict (gate, chat) do nothing";
    BY_SLUG = "
        select id, slug, state, bot, revision, definition, issued
        from gates
        where slug = $1";
    BY_ID = "
        select id, slug, state, bot, revision, definition, issued
        from gates
        where id = $1";
    IS_GATED = "
        select count(*)
        from gate_chats c
        join gates g on g.id = c.gate
        where c.chat = $1 and g.bot = $2 and g.state <> 'draft'";
    ALL = "
        select id, slug, state, bot, revision, definition, issued
        from gates
        order by slug";
    LATEST = "select id, revision, state, issued from gates where slug = $1";
    SLUGS_OF_BOT = "select slug from gates where bot = $1 and state <> 'draft' order by id";
    SET_STATE = "
        update gates set state = $1, changed_at = $2
        where id = $3 and revision = $4 and state = $5";
    TURN = "update gates set turns = turns + 1 where id = $1";
    TURN_UNCHANGED = "
        update gates set turns = turns + 1
        where id = $1 and revision = $2 and state = 'open'";
    OF_CHAT = "
        select g.id, g.slug, g.definition
        from gates g
        join gate_chats c on c.gate = g.id
        where c.chat = $1
        order by g.id";
    REWRITE = "update gates set definition = $1, revision = revision + 1 where id = $2";
}

/// Whether a gate lets anybody try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GateState {
    /// Nobody has seen it yet.
    Draft,
    /// It takes answers, within its times.
    Open,
    /// It takes none until it is opened again.
    Paused,
}

impl GateState {
    /// The state's name, as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Paused => "paused",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Draft, Self::Open, Self::Paused].into_iter().find(|state| state.as_str() == name)
    }
}

stored!(Text, text, GateState, |state| state.as_str().into(), |raw| GateState::read(&raw));

/// A gate as it is kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SavedGate {
    /// Its row.
    pub id: GateId,
    /// Whether it lets anybody try.
    pub state: GateState,
    /// Which bot makes its links.
    pub bot: UserId,
    /// Grows with every change.
    pub revision: i64,
    /// How many passes it gave.
    pub issued: u32,
    /// All of it.
    pub gate: Arc<Gate>,
}

/// What of a gate changes while a copy of it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Latest {
    /// Its row.
    pub id: GateId,
    /// Its latest revision.
    pub revision: i64,
    /// Whether it lets anybody try.
    pub state: GateState,
    /// How many passes it gave.
    pub issued: u32,
}

/// What a gate that is saved may take the place of.
#[derive(Clone, Copy)]
enum Keep {
    /// Of whatever is there.
    Anyway,
    /// Of nothing.
    New,
    /// Of this revision.
    After(i64),
}

type Row = (GateId, String, GateState, UserId, i64, Vec<u8>, u32);

impl Store {
    /// Saves a gate: a new one as a draft, one that exists as its next revision. Answers which revision it is.
    pub async fn save_gate(
        &self,
        gate: &Gate,
        bot: UserId,
        who: &str,
        now: UnixTime,
    ) -> Result<(GateId, i64)> {
        let saved = self.keep_gate(Keep::Anyway, gate, bot, who, now).await?;
        saved.ok_or(Error::Damaged("a gate that was saved is missing"))
    }

    /// Makes a gate, as a draft; nothing, if there is one of that name.
    pub async fn create_gate(
        &self,
        gate: &Gate,
        bot: UserId,
        who: &str,
        now: UnixTime,
    ) -> Result<Option<GateId>> {
        Ok(self.keep_gate(Keep::New, gate, bot, who, now).await?.map(|(id, _)| id))
    }

    /// Saves the revision of a gate after this one. Answers which that is; nothing, if somebody else was faster.
    pub async fn change_gate(
        &self,
        gate: &Gate,
        bot: UserId,
        after: i64,
        who: &str,
        now: UnixTime,
    ) -> Result<Option<i64>> {
        Ok(self.keep_gate(Keep::After(after), gate, bot, who, now).await?.map(|(_, revision)| revision))
    }

    async fn keep_gate(
        &self,
        keep: Keep,
        gate: &Gate,
        bot: UserId,
        who: &str,
        now: UnixTime,
    ) -> Result<Option<(GateId, i64)>> {
        let sealed = seal(self.keys(), gate)?;
        let slug = gate.slug.clone();
        let chats: Vec<ChatId> = gate.chats.to_vec();
        let quota = gate.quota.map(|quota| quota.get());
        let (opens_at, closes_at) = (gate.opens_at, gate.closes_at);
        let who = who.to_owned();
        let ring = self.keys().clone();
        self.write(move |tx| {
            keys::expect_current(tx, &ring)?;
            let slug = slug.as_str();
            let kept: Option<(GateId, i64)> = match keep {
                Keep::Anyway => tx.row(SAVE, &[&slug, &bot, &sealed, &quota, &opens_at, &closes_at, &now])?,
                Keep::New => tx.row(CREATE, &[&slug, &bot, &sealed, &quota, &opens_at, &closes_at, &now])?,
                Keep::After(revision) => {
                    tx.row(CHANGE, &[&bot, &sealed, &quota, &opens_at, &closes_at, &now, &slug, &revision])?
                }
            };
            if let Some((id, _)) = kept {
                keep_chats(tx, id, &chats)?;
                ledger::drop_others(tx, id, bot, now)?;
                audit::record(tx, Deed::SaveGate, &who, slug, now)?;
            }
            Ok(kept)
        })
        .await
    }

    /// A gate by its name in addresses.
    pub async fn gate(&self, slug: &Slug) -> Result<Option<SavedGate>> {
        let slug = slug.clone();
        let row = self.read(move |tx| tx.row::<Row>(BY_SLUG, &[&slug.as_str()])).await?;
        row.map(|row| open(self.keys(), row)).transpose()
    }

    /// A gate by its number.
    pub async fn gate_by_id(&self, id: GateId) -> Result<Option<SavedGate>> {
        let row = self.read(move |tx| tx.row::<Row>(BY_ID, &[&id])).await?;
        row.map(|row| open(self.keys(), row)).transpose()
    }

    /// Whether a gate of this bot that is no draft leads to this chat.
    pub async fn is_gated(&self, bot: UserId, chat: ChatId) -> Result<bool> {
        let (gates,): (u32,) = self.read(move |tx| tx.one(IS_GATED, &[&chat, &bot])).await?;
        Ok(gates > 0)
    }

    /// Every gate, by name.
    pub async fn gates(&self) -> Result<Vec<SavedGate>> {
        let rows = self.read(|tx| tx.rows::<Row>(ALL, &[])).await?;
        rows.into_iter().map(|row| open(self.keys(), row)).collect()
    }

    /// What may have changed since a copy of the gate was read. Cheap.
    pub async fn latest(&self, slug: &Slug) -> Result<Option<Latest>> {
        let slug = slug.clone();
        let row = self.read(move |tx| tx.row(LATEST, &[&slug.as_str()])).await?;
        Ok(row.map(|(id, revision, state, issued)| Latest { id, revision, state, issued }))
    }

    /// The gates of a bot that are no drafts, by name only. Cheap.
    pub async fn slugs(&self, bot: UserId) -> Result<Vec<Slug>> {
        let rows = self.read(move |tx| tx.rows::<(String,)>(SLUGS_OF_BOT, &[&bot])).await?;
        let slug =
            |(slug,): (String,)| slug.parse().map_err(|_| Error::Damaged("a gate's name that is none"));
        rows.into_iter().map(slug).collect()
    }

    /// Opens or pauses a gate that is still as it was when somebody decided so; tells whether it was. Whoever was slower
    /// does not undo what they never saw.
    pub async fn set_gate_state(
        &self,
        as_it_was: &SavedGate,
        state: GateState,
        who: &str,
        now: UnixTime,
    ) -> Result<bool> {
        let (was, who) = (as_it_was.clone(), who.to_owned());
        self.write(move |tx| set_state(tx, &was, state, &who, now)).await
    }

    /// Pauses a gate in the same way, and if it does, has an errand of its bot done.
    pub async fn pause_gate(
        &self,
        as_it_was: &SavedGate,
        who: &str,
        errand: NewErrand,
        now: UnixTime,
    ) -> Result<bool> {
        let (was, who, keys) = (as_it_was.clone(), who.to_owned(), self.keys().clone());
        self.write(move |tx| {
            let is_so = set_state(tx, &was, GateState::Paused, &who, now)?;
            if is_so {
                outbox::add(tx, &keys, was.bot, &errand, now)?;
            }
            Ok(is_so)
        })
        .await
    }
}

fn set_state(tx: &mut Tx<'_>, was: &SavedGate, state: GateState, who: &str, now: UnixTime) -> Result<bool> {
    let is_so = tx.execute(SET_STATE, &[&state, &now, &was.id, &was.revision, &was.state])? == 1;
    if is_so {
        let deed = if state == GateState::Open { Deed::OpenGate } else { Deed::PauseGate };
        audit::record(tx, deed, who, was.gate.slug.as_str(), now)?;
    }
    Ok(is_so)
}

/// Waits for the gate's turn: nobody else gives a pass or a link, takes a pass back or counts a guess before this
/// transaction ends. What news from Telegram changes does not wait for it. Tells whether there is such a gate.
pub(crate) fn turn(tx: &mut Tx<'_>, gate: GateId) -> Result<bool> {
    Ok(tx.execute(TURN, &[&gate])? == 1)
}

/// Waits for the turn of an open gate that is as it was read. Tells whether it is.
pub(crate) fn turn_unchanged(tx: &mut Tx<'_>, gate: &SavedGate) -> Result<bool> {
    Ok(tx.execute(TURN_UNCHANGED, &[&gate.id, &gate.revision])? == 1)
}

/// A group has a new number: gates that lead to the old one lead to the new one.
pub(crate) fn move_chat(tx: &mut Tx<'_>, keys: &Keyring, old: ChatId, new: ChatId) -> Result<()> {
    keys::expect_current(tx, keys)?;
    for (id, slug, sealed) in tx.rows::<(GateId, String, Vec<u8>)>(OF_CHAT, &[&old])? {
        let mut gate = read(keys, &slug, &sealed)?;
        let mut chats: Vec<ChatId> = Vec::new();
        for chat in gate.chats.iter() {
            let chat = if *chat == old { new } else { *chat };
            if !chats.contains(&chat) {
                chats.push(chat);
            }
        }
        gate.chats =
            gate::Few::new(chats.clone()).map_err(|_| Error::Damaged("a gate with too many chats"))?;
        tx.execute(REWRITE, &[&seal(keys, &gate)?, &id])?;
        keep_chats(tx, id, &chats)?;
    }
    Ok(())
}

fn keep_chats(tx: &mut Tx<'_>, gate: GateId, chats: &[ChatId]) -> Result<()> {
    tx.execute(FORGET_CHATS, &[&gate])?;
    for chat in chats {
        tx.execute(ADD_CHAT, &[&gate, chat])?;
    }
    Ok(())
}

fn open(keys: &Keyring, (id, slug, state, bot, revision, sealed, issued): Row) -> Result<SavedGate> {
    let gate = Arc::new(read(keys, &slug, &sealed)?);
    Ok(SavedGate { id, state, bot, revision, issued, gate })
}

fn seal(keys: &Keyring, gate: &Gate) -> Result<Vec<u8>> {
    let text = serde_json::to_vec(gate).map_err(|_| Error::Damaged("a gate that cannot be written"))?;
    Ok(keys.seal(place(gate.slug.as_str()), &text))
}

fn read(keys: &Keyring, slug: &str, sealed: &[u8]) -> Result<Gate> {
    let text = keys.open(place(slug), sealed)?;
    // Where in the text the fault lies would tell some of what stands there.
    serde_json::from_slice(&text).map_err(|_| Error::Damaged("a gate that cannot be read"))
}

pub(crate) fn place(slug: &str) -> Place<'_> {
    Place { table: "gates", column: "definition", row: slug }
}
