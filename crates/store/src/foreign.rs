//! Links that somebody made elsewhere, taken into the books: who comes by them is seen, and that is all. They stand in a
//! table of their own, so that nothing which gives links, ends them or doubts them can touch them.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::ledger::{SightingRow, sighting};
use crate::seal::{self, Place};
use crate::statements::statements;
use crate::value::{Bind, Column, FromRow, Row};
use crate::{Error, ForeignLinkId, Keyring, Result, Sighting, Store, keys};
use gate::Code;
use links::{ChatId, LinkHash, LinkUrl, UnixTime, UserId};

statements! {
    IS_OURS = "select count(*) from links where hash = $1 or marker = $2";
    TOLD = "
        update foreign_links set
            name = $1, expires_at = $2, uses = $3, told_at = $4,
            revoked_at = case when $5 = 0 then null else coalesce(revoked_at, $4) end
        where hash = $6";
    ADD = "
        insert into foreign_links
            (chat, hash, url, name, creator, expires_at, uses, revoked_at, imported_at, told_at, compared_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9)
        on conflict (hash) do nothing
        returning id";
    SEAL = "update foreign_links set url = $1 where id = $2";
    GONE = "update foreign_links set revoked_at = coalesce(revoked_at, $1), told_at = $1 where id = $2";
    COMPARED = "update foreign_links set compared_at = $1 where id = $2 and compared_at < $1";
    LIST = "
        select id, chat, url, name, creator, expires_at, uses, revoked_at, imported_at, told_at, compared_at
        from foreign_links
        where id < $1 and (chat = $2 or $3 = 0)
        order by id desc
        limit $4";
    BY_HASH = "
        select id, chat, url, name, creator, expires_at, uses, revoked_at, imported_at, told_at, compared_at
        from foreign_links
        where hash = $1";
    BY_ID = "
        select id, chat, url, name, creator, expires_at, uses, revoked_at, imported_at, told_at, compared_at
        from foreign_links
        where id = $1";
    SEEN = "
        select s.person, s.what, s.at, cast(0 as bigint) as strangers,
            (select w.at from sightings w
                where w.chat = s.chat and w.person = s.person and s.what = 'joined' and w.what in ('left', 'banned')
                    and (w.at, w.update_id) > (s.at, s.update_id)
                order by w.at, w.update_id
                limit 1)
        from sightings s
        where s.foreign_link = $1
        order by s.at, s.update_id, s.id";
    MOVE = "update foreign_links set chat = $1, revoked_at = coalesce(revoked_at, $2) where chat = $3";
}

/// A link as Telegram shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Into which chat.
    pub chat: ChatId,
    /// Its text.
    pub url: LinkUrl,
    /// What stands in it after `t.me/+`.
    pub hash: LinkHash,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who made it.
    pub creator: UserId,
    /// When it ends, if it does.
    pub expires_at: Option<UnixTime>,
    /// How many are in by it, where that is told.
    pub uses: Option<u32>,
    /// Whether it was revoked.
    pub is_revoked: bool,
}

/// A link that was made elsewhere, as the books have it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the times and numbers are named after what they are of")]
pub struct ForeignLink {
    pub id: ForeignLinkId,
    pub chat: ChatId,
    pub url: LinkUrl,
    pub name: Option<String>,
    pub creator: UserId,
    pub expires_at: Option<UnixTime>,
    pub uses: Option<u32>,
    /// Since when we know that it is.
    pub revoked_at: Option<UnixTime>,
    pub imported_at: UnixTime,
    /// When Telegram last said all this.
    pub told_at: UnixTime,
    /// Who came by it before then was looked up.
    pub compared_at: UnixTime,
}

/// What became of a link that was to be taken into the books.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Imported {
    /// It is in them now.
    Imported(ForeignLinkId),
    /// It was in them, and they say now what Telegram says.
    Already,
    /// A gate made it, or one that has its name.
    Ours,
}

/// A row, its link still sealed.
struct Sealed(ForeignLinkId, Vec<u8>, Unsealed);

/// The rest of it.
struct Unsealed {
    chat: ChatId,
    name: Option<String>,
    creator: UserId,
    expires_at: Option<UnixTime>,
    uses: Option<u32>,
    revoked_at: Option<UnixTime>,
    imported_at: UnixTime,
    told_at: UnixTime,
    compared_at: UnixTime,
}

impl FromRow for Sealed {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let rest = Unsealed {
            chat: Column::read(row, 1)?,
            name: Column::read(row, 3)?,
            creator: Column::read(row, 4)?,
            expires_at: Column::read(row, 5)?,
            uses: Column::read(row, 6)?,
            revoked_at: Column::read(row, 7)?,
            imported_at: Column::read(row, 8)?,
            told_at: Column::read(row, 9)?,
            compared_at: Column::read(row, 10)?,
        };
        Ok(Self(Column::read(row, 0)?, Column::read(row, 2)?, rest))
    }
}

impl Sealed {
    fn open(self, keys: &Keyring) -> Result<ForeignLink> {
        let Self(id, sealed, rest) = self;
        let Unsealed { chat, name, creator, expires_at, uses, revoked_at, imported_at, told_at, compared_at } =
            rest;
        let url = LinkUrl::new(keys.open_text(place(&id.to_string()), &sealed)?);
        Ok(ForeignLink {
            id,
            chat,
            url,
            name,
            creator,
            expires_at,
            uses,
            revoked_at,
            imported_at,
            told_at,
            compared_at,
        })
    }
}

impl Store {
    /// Takes a link into the books that no gate made. Whoever comes by it from now on is seen; one that is in them
    /// already is brought up to date.
    pub async fn import(&self, shown: Shown, who: &str, now: UnixTime) -> Result<Imported> {
        let (keys, who) = (self.keys().clone(), who.to_owned());
        self.write(move |tx| import(tx, &keys, &shown, &who, now)).await
    }

    /// Brings a link that was imported up to date. Tells whether there is one.
    pub async fn foreign_link_told(&self, shown: Shown, now: UnixTime) -> Result<bool> {
        self.write(move |tx| told(tx, &shown, now)).await
    }

    /// Telegram does not know this link any more.
    pub async fn foreign_link_gone(&self, link: ForeignLinkId, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(GONE, &[&now, &link]).map(drop)).await
    }

    /// Who came by it before then was looked up.
    pub async fn foreign_link_compared(&self, link: ForeignLinkId, until: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(COMPARED, &[&until, &link]).map(drop)).await
    }

    /// Links that were made elsewhere, newest first, into one chat or any, before the link `before` if one is given.
    pub async fn foreign_links(
        &self,
        chat: Option<ChatId>,
        before: Option<ForeignLinkId>,
        limit: u32,
    ) -> Result<Vec<ForeignLink>> {
        let (before, of_chat) = (before.unwrap_or(ForeignLinkId::new(i64::MAX)), i64::from(chat.is_some()));
        let rows: Vec<Sealed> =
            self.read(move |tx| tx.rows(LIST, &[&before, &chat, &of_chat, &limit])).await?;
        rows.into_iter().map(|row| row.open(self.keys())).collect()
    }

    /// The one with this hash, and who was seen by it.
    pub async fn foreign_link(&self, hash: &LinkHash) -> Result<Option<(ForeignLink, Vec<Sighting>)>> {
        let hash = seal::hash_of_link(hash);
        self.with_seen(self.read(move |tx| tx.row(BY_HASH, &[&hash])).await?).await
    }

    /// This one, and who was seen by it.
    pub async fn foreign_link_by_id(
        &self,
        id: ForeignLinkId,
    ) -> Result<Option<(ForeignLink, Vec<Sighting>)>> {
        self.with_seen(self.read(move |tx| tx.row(BY_ID, &[&id])).await?).await
    }

    async fn with_seen(&self, row: Option<Sealed>) -> Result<Option<(ForeignLink, Vec<Sighting>)>> {
        let Some(link) = row.map(|row| row.open(self.keys())).transpose()? else { return Ok(None) };
        let id = link.id;
        let seen: Vec<SightingRow> = self.read(move |tx| tx.rows(SEEN, &[&id])).await?;
        Ok(Some((link, seen.into_iter().map(sighting).collect())))
    }
}

fn import(tx: &mut Tx<'_>, keys: &Keyring, shown: &Shown, who: &str, now: UnixTime) -> Result<Imported> {
    let hash = seal::hash_of_link(&shown.hash);
    let marker: Option<Code> = shown.name.as_ref().and_then(|name| name.parse().ok());
    if tx.one::<(i64,)>(IS_OURS, &[&hash, &marker])?.0 > 0 {
        return Ok(Imported::Ours);
    }
    if told(tx, shown, now)? {
        return Ok(Imported::Already);
    }
    keys::expect_current(tx, keys)?;
    let Shown { chat, name, creator, expires_at, uses, .. } = shown;
    let revoked_at = shown.is_revoked.then_some(now);
    // Its number, which the seal is tied to, is known once it is there.
    let unsealed: Vec<u8> = Vec::new();
    let row: [&dyn Bind; 9] = [chat, &hash, &unsealed, name, creator, expires_at, uses, &revoked_at, &now];
    let (id,): (ForeignLinkId,) = tx.row(ADD, &row)?.ok_or(Error::Contended)?;
    let sealed = keys.seal(place(&id.to_string()), shown.url.as_str().as_bytes());
    tx.execute(SEAL, &[&sealed, &id])?;
    audit::record(tx, Deed::ImportLink, who, &format!("{id} into {chat}"), now)?;
    Ok(Imported::Imported(id))
}

fn told(tx: &mut Tx<'_>, shown: &Shown, now: UnixTime) -> Result<bool> {
    let (hash, is_revoked) = (seal::hash_of_link(&shown.hash), i64::from(shown.is_revoked));
    let values: [&dyn Bind; 6] = [&shown.name, &shown.expires_at, &shown.uses, &now, &is_revoked, &hash];
    Ok(tx.execute(TOLD, &values)? == 1)
}

/// A group has a new number, and its links are dead.
pub(crate) fn move_chat(tx: &mut Tx<'_>, old: ChatId, new: ChatId, at: UnixTime) -> Result<()> {
    tx.execute(MOVE, &[&new, &at, &old]).map(drop)
}

pub(crate) fn place(id: &str) -> Place<'_> {
    Place { table: "foreign_links", column: "url", row: id }
}
