//! Gates as they are kept: sealed, numbered by revision, and drafts until somebody opens them.

use crate::seal::Place;
use crate::statements::statements;
use crate::value::stored;
use crate::{GateId, Keyring, Result, Store};
use links::{ChatId, UnixTime, UserId};

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
    FORGET_CHATS = "delete from gate_chats where gate = $1";
    ADD_CHAT = "insert into gate_chats (gate, chat) values ($1, $2) on conflict do nothing";
    BY_SLUG = "
        select id, slug, state, bot, revision, definition, issued
        from gates
        where slug = $1";
    ALL = "
        select id, slug, state, bot, revision, definition, issued
        from gates
        order by slug";
    REVISION = "select id, revision, state from gates where slug = $1";
    SET_STATE = "update gates set state = $1, changed_at = $2 where slug = $3";
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

stored!(Text, text, GateState, |state| state.as_str(), |raw| GateState::read(&raw));

/// A gate to save.
#[derive(Clone)]
pub struct NewGate {
    /// The last part of its address.
    pub slug: String,
    /// Which bot makes its links.
    pub bot: UserId,
    /// All of it, answers included.
    pub definition: Vec<u8>,
    /// Where it leads.
    pub chats: Vec<ChatId>,
    /// How many passes it may give.
    pub quota: Option<u32>,
    /// When it begins to take answers.
    pub opens_at: Option<UnixTime>,
    /// When it ends.
    pub closes_at: Option<UnixTime>,
}

/// A gate as it is kept.
#[derive(Clone)]
pub struct SavedGate {
    /// Its row.
    pub id: GateId,
    /// The last part of its address.
    pub slug: String,
    /// Whether it lets anybody try.
    pub state: GateState,
    /// Which bot makes its links.
    pub bot: UserId,
    /// Grows with every change.
    pub revision: i64,
    /// All of it, answers included.
    pub definition: Vec<u8>,
    /// How many passes it gave.
    pub issued: u32,
}

type Row = (GateId, String, GateState, UserId, i64, Vec<u8>, u32);

impl Store {
    /// Saves a gate: a new one as a draft, one that exists as its next revision.
    pub async fn save_gate(&self, gate: NewGate, now: UnixTime) -> Result<(GateId, i64)> {
        let sealed = self.keys().seal(place(&gate.slug), &gate.definition);
        self.write(move |tx| {
            let saved: (GateId, i64) = tx.one(
                SAVE,
                &[&gate.slug, &gate.bot, &sealed, &gate.quota, &gate.opens_at, &gate.closes_at, &now],
            )?;
            tx.execute(FORGET_CHATS, &[&saved.0])?;
            for chat in &gate.chats {
                tx.execute(ADD_CHAT, &[&saved.0, chat])?;
            }
            Ok(saved)
        })
        .await
    }

    /// A gate by the last part of its address.
    pub async fn gate(&self, slug: &str) -> Result<Option<SavedGate>> {
        let slug = slug.to_owned();
        let row = self.read(move |tx| tx.row::<Row>(BY_SLUG, &[&slug])).await?;
        row.map(|row| open(self.keys(), row)).transpose()
    }

    /// Every gate, by address.
    pub async fn gates(&self) -> Result<Vec<SavedGate>> {
        let rows = self.read(|tx| tx.rows::<Row>(ALL, &[])).await?;
        rows.into_iter().map(|row| open(self.keys(), row)).collect()
    }

    /// Which revision of a gate is the latest, and whether it is open: cheap, so that a copy can be kept.
    pub async fn revision(&self, slug: &str) -> Result<Option<(GateId, i64, GateState)>> {
        let slug = slug.to_owned();
        self.read(move |tx| tx.row(REVISION, &[&slug])).await
    }

    /// Opens or pauses a gate; tells whether there is such a gate.
    pub async fn set_gate_state(&self, slug: &str, state: GateState, now: UnixTime) -> Result<bool> {
        let slug = slug.to_owned();
        self.write(move |tx| Ok(tx.execute(SET_STATE, &[&state, &now, &slug])? == 1)).await
    }
}

fn open(keys: &Keyring, (id, slug, state, bot, revision, sealed, issued): Row) -> Result<SavedGate> {
    let definition = keys.open(place(&slug), &sealed)?;
    Ok(SavedGate { id, slug, state, bot, revision, definition, issued })
}

fn place(slug: &str) -> Place<'_> {
    Place { table: "gates", column: "definition", row: slug }
}
