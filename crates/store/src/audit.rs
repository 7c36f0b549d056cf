//! What people did, in rows that are chained a little later, so that a row which is changed, moved or cut out shows.

use crate::connection::Tx;
use crate::statements::statements;
use crate::{Result, Store};
use links::UnixTime;
use sha2::{Digest, Sha256};

statements! {
    RECORD = "insert into audit (at, who, what, about) values ($1, $2, $3, $4)";
    TAKE_HEAD = "
        insert into meta (name, value) values ('audit', $1)
        on conflict (name) do update set value = meta.value
        returning value";
    MOVE_HEAD = "update meta set value = $1 where name = 'audit'";
    HEAD = "select value from meta where name = 'audit'";
    LAST_PLACE = "select cast(coalesce(max(place), 0) as bigint) from audit";
    UNSEALED = "select id, at, who, what, about from audit where place is null order by id limit $1";
    SEAL = "update audit set place = $1, seal = $2 where id = $3";
    SEALED = "
        select place, seal, at, who, what, about from audit
        where place > $1
        order by place
        limit $2";
    LIST = "
        select id, at, who, what, about from audit
        where id < $1
        order by id desc
        limit $2";
}

/// Rows that are sealed or verified in one transaction.
const CHUNK: u32 = 1000;

/// What people can do that is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    SaveGate,
    OpenGate,
    PauseGate,
    GrantByHand,
    RevokePass,
    ReissuePass,
    EditLink,
    ImportLink,
    AddBot,
    ForgetBot,
    RotateKeys,
    BackUp,
    Restore,
    ErasePerson,
    Reconcile,
}

impl Deed {
    fn as_str(self) -> &'static str {
        match self {
            Self::SaveGate => "save gate",
            Self::OpenGate => "open gate",
            Self::PauseGate => "pause gate",
            Self::GrantByHand => "grant pass",
            Self::RevokePass => "revoke pass",
            Self::ReissuePass => "reissue pass",
            Self::EditLink => "edit link",
            Self::ImportLink => "import link",
            Self::AddBot => "add bot",
            Self::ForgetBot => "forget bot",
            Self::RotateKeys => "rotate keys",
            Self::BackUp => "back up",
            Self::Restore => "restore",
            Self::ErasePerson => "erase person",
            Self::Reconcile => "reconcile",
        }
    }
}

/// Something somebody did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// Its row.
    pub id: i64,
    /// When.
    pub at: UnixTime,
    /// Who.
    pub who: String,
    /// What they did, such as `revoke pass`.
    pub what: String,
    /// To what: a gate's name, a pass's number.
    pub about: String,
}

/// What a look at the chain found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chain {
    /// Every row is as it was written, and none is missing.
    Whole {
        /// How many rows.
        rows: u64,
    },
    /// From this place on it is not.
    Broken {
        /// The first row that does not fit.
        place: i64,
    },
}

impl Store {
    /// Chains what people did since it was last called. Answers how many rows that were.
    pub async fn seal_audit(&self) -> Result<u64> {
        let mut sealed = 0;
        loop {
            let some = self.write(seal_some).await?;
            sealed += some;
            if some < u64::from(CHUNK) {
                return Ok(sealed);
            }
        }
    }

    /// Looks whether the chain is whole. What is not chained yet is not looked at.
    pub async fn verify_audit(&self) -> Result<Chain> {
        let (mut place, mut seal, mut is_end) = (0, start(), false);
        loop {
            let rows: Vec<SealedRow> = self.read(move |tx| tx.rows(SEALED, &[&place, &CHUNK])).await?;
            if rows.is_empty() {
                let head: Option<(Vec<u8>,)> = self.read(|tx| tx.row(HEAD, &[])).await?;
                if seal == head.map_or_else(start, |(head,)| head) {
                    return Ok(Chain::Whole { rows: u64::try_from(place).unwrap_or_default() });
                }
                // Rows that were cut off at the end are missed here only, unless they were just being added.
                if is_end {
                    return Ok(Chain::Broken { place: place + 1 });
                }
            }
            is_end = rows.is_empty();
            for (at_place, found, at, who, what, about) in rows {
                let expected = link(&seal, at, &who, &what, &about);
                if at_place != place + 1 || found != expected {
                    return Ok(Chain::Broken { place: place + 1 });
                }
                (place, seal) = (at_place, found);
            }
        }
    }

    /// What people did, newest first, before the row `before` if one is given.
    pub async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<Done>> {
        let before = before.unwrap_or(i64::MAX);
        let rows = self.read(move |tx| tx.rows(LIST, &[&before, &limit])).await?;
        Ok(rows.into_iter().map(|(id, at, who, what, about)| Done { id, at, who, what, about }).collect())
    }
}

type SealedRow = (i64, Vec<u8>, UnixTime, String, String, String);

/// Writes down that somebody did something, in the transaction in which it is done.
pub(crate) fn record(tx: &mut Tx<'_>, deed: Deed, who: &str, about: &str, now: UnixTime) -> Result<()> {
    tx.execute(RECORD, &[&now, &who, &deed.as_str(), &about]).map(drop)
}

fn seal_some(tx: &mut Tx<'_>) -> Result<u64> {
    // Whoever has the head is the only one who seals.
    let (mut seal,): (Vec<u8>,) = tx.one(TAKE_HEAD, &[&start()])?;
    let (mut place,): (i64,) = tx.one(LAST_PLACE, &[])?;
    let rows: Vec<(i64, UnixTime, String, String, String)> = tx.rows(UNSEALED, &[&CHUNK])?;
    for (id, at, who, what, about) in &rows {
        place += 1;
        seal = link(&seal, *at, who, what, about);
        tx.execute(SEAL, &[&place, &seal, id])?;
    }
    tx.execute(MOVE_HEAD, &[&seal])?;
    Ok(rows.len() as u64)
}

/// What the first row is chained to.
fn start() -> Vec<u8> {
    vec![0; 32]
}

fn link(before: &[u8], at: UnixTime, who: &str, what: &str, about: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(at.get().to_be_bytes());
    for text in [who, what, about] {
        // With its length, so that no two rows read alike.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().to_vec()
}
