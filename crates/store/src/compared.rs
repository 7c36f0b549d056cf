//! Our books beside Telegram's: what they know of a link that Telegram shows, and which links they hold to work.

use crate::audit::{self, Deed};
use crate::connection::Tx;
use crate::statements::statements;
use crate::{ForeignLinkId, Keyring, LinkId, LinkState, Result, Store};
use crate::{keys, ledger, seal};
use gate::Code;
use links::{ChatId, LinkHash, LinkUrl, UnixTime, UserId};

statements! {
    OURS = "
        select id,
            cast(case when revoked_at is null and revoke_wanted_at is null and state in ('free', 'given') then 1 else 0 end
                as bigint),
            cast(case when compared_at is null then 0 else 1 end as bigint)
        from links
        where hash = $1";
    FOREIGN = "select id from foreign_links where hash = $1";
    NAMED = "select id, state, cast(case when url is null then 0 else 1 end as bigint) from links where marker = $1";
    MARKER_OF = "select marker from links where id = $1";
    ADOPT = "
        update links set
            url = $1, hash = $2, made_at = coalesce(made_at, $3), revoke_wanted_at = coalesce(revoke_wanted_at, $3)
        where id = $4 and url is null and state in ('lost', 'refused', 'dropped')";
    WORKING = "
        select id from links
        where bot = $1 and chat = $2 and state in ('free', 'given') and url is not null and made_at < $3
            and expires_at > $4 and used_at is null and revoke_wanted_at is null and revoked_at is null";
    LED_TO = "
        select distinct chat from links
        where bot = $1 and (
            url is not null and compared_at is null and expires_at > $2
            or url is null and state in ('lost', 'refused', 'dropped') and expires_at > $3)
        order by chat";
    IMPORTED_INTO = "
        select distinct chat from foreign_links
        where compared_at > $1 and (revoked_at is null or revoked_at > compared_at)
            and (expires_at is null or expires_at > compared_at)
        order by chat";
    NOT_COMPARED = "
        select id from links
        where bot = $1 and chat = $2 and url is not null and compared_at is null
        order by id";
    URL_OF = "select marker, url from links where id = $1 and url is not null";
    COMPARED = "update links set compared_at = $1 where id = $2 and compared_at is null";
    NOTE = "
        insert into meta (name, value) values ('reconciled', $1)
        on conflict (name) do update set value = excluded.value";
    NOTED = "select value from meta where name = 'reconciled'";
    REST = "
        insert into meta (name, value) values ('reconciling_rests', $1)
        on conflict (name) do update set value = excluded.value";
    RESTS = "select value from meta where name = 'reconciling_rests'";
}

/// What the books know of a link that Telegram shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Booked {
    /// A gate made it.
    Ours {
        /// Its row.
        link: LinkId,
        /// The books hold it to be in the pool or somebody's, and nobody is ending it.
        is_held_to_work: bool,
        /// Who came by it was looked up after its end.
        is_compared: bool,
    },
    /// It was made elsewhere, and imported.
    Foreign(ForeignLinkId),
    /// It bears the name of a link that was asked for and of which nobody told what became of it.
    Lost(LinkId),
    /// It bears the name of one that is asked for at this moment.
    Making,
    /// It bears a name of ours, and they know of no such link.
    Stray,
    /// Nothing.
    Unknown,
}

impl Store {
    /// What is known of a link that Telegram shows, which bears this name if it is one of ours.
    pub async fn booked(&self, hash: &LinkHash, marker: Option<Code>) -> Result<Booked> {
        let hash = seal::hash_of_link(hash);
        self.read(move |tx| booked(tx, &hash, marker)).await
    }

    /// Telegram has this link after all. It was never shown to anybody, and is to be revoked. Tells whether that is news.
    pub async fn adopt(&self, link: LinkId, url: &LinkUrl, hash: &LinkHash, now: UnixTime) -> Result<bool> {
        let (keys, url, hash) = (self.keys().clone(), url.clone(), hash.clone());
        self.write(move |tx| adopt(tx, &keys, link, &url, &hash, now)).await
    }

    /// Links of a bot into a chat that were made before then, and by what is known let somebody in.
    pub async fn held_to_work(
        &self,
        bot: UserId,
        chat: ChatId,
        made_before: UnixTime,
        now: UnixTime,
    ) -> Result<Vec<LinkId>> {
        let rows = self.read(move |tx| tx.rows(WORKING, &[&bot, &chat, &made_before, &now])).await?;
        Ok(rows.into_iter().map(|(link,)| link).collect())
    }

    /// Chats with links of a bot that may let somebody in still, or ended after `since` without anybody looking up who came
    /// by them; whether a gate leads there by this bot or not.
    pub async fn led_to(&self, bot: UserId, now: UnixTime, since: UnixTime) -> Result<Vec<ChatId>> {
        let rows = self.read(move |tx| tx.rows(LED_TO, &[&bot, &since, &now])).await?;
        Ok(rows.into_iter().map(|(chat,)| chat).collect())
    }

    /// Chats with imported links that were compared after `since`, and by which somebody may have come after that.
    pub async fn imported_into(&self, since: UnixTime) -> Result<Vec<ChatId>> {
        let rows = self.read(move |tx| tx.rows(IMPORTED_INTO, &[&since])).await?;
        Ok(rows.into_iter().map(|(chat,)| chat).collect())
    }

    /// Links of a bot into a chat that have a text, and of which it was not looked up after their end who came by them.
    pub async fn not_compared(&self, bot: UserId, chat: ChatId) -> Result<Vec<LinkId>> {
        let rows = self.read(move |tx| tx.rows(NOT_COMPARED, &[&bot, &chat])).await?;
        Ok(rows.into_iter().map(|(link,)| link).collect())
    }

    /// A link's name at Telegram and its text.
    pub async fn url_of(&self, link: LinkId) -> Result<Option<(Code, LinkUrl)>> {
        let row: Option<(Code, Vec<u8>)> = self.read(move |tx| tx.row(URL_OF, &[&link])).await?;
        row.map(|(marker, sealed)| Ok((marker, ledger::reveal(self.keys(), marker, &sealed)?))).transpose()
    }

    /// Who came by this link was looked up, and nobody can come by it any more.
    pub async fn compared(&self, link: LinkId, now: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(COMPARED, &[&now, &link]).map(drop)).await
    }

    /// Writes down that somebody compared the links of a bot into a chat, and what they changed by that.
    pub async fn record_comparison(
        &self,
        bot: UserId,
        chat: ChatId,
        changed: &str,
        who: &str,
        now: UnixTime,
    ) -> Result<()> {
        let (about, who) = (format!("{chat} of bot {bot}: {changed}"), who.to_owned());
        self.write(move |tx| audit::record(tx, Deed::Reconcile, &who, &about, now)).await
    }

    /// The books were last compared with Telegram's then.
    pub async fn reconciled(&self, at: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(NOTE, &[&at.get().to_be_bytes().to_vec()]).map(drop)).await
    }

    /// When that was, if ever.
    pub async fn reconciled_at(&self) -> Result<Option<UnixTime>> {
        self.time_of(NOTED).await
    }

    /// Nothing is compared before then, by whichever node.
    pub async fn rest_from_reconciling(&self, until: UnixTime) -> Result<()> {
        self.write(move |tx| tx.execute(REST, &[&until.get().to_be_bytes().to_vec()]).map(drop)).await
    }

    /// When that is over, if it ever was said.
    pub async fn reconciling_rests_until(&self) -> Result<Option<UnixTime>> {
        self.time_of(RESTS).await
    }

    async fn time_of(&self, statement: &'static str) -> Result<Option<UnixTime>> {
        let row: Option<(Vec<u8>,)> = self.read(move |tx| tx.row(statement, &[])).await?;
        Ok(row.and_then(|(at,)| at.try_into().ok()).map(|at| UnixTime::new(i64::from_be_bytes(at))))
    }
}

fn booked(tx: &mut Tx<'_>, hash: &Vec<u8>, marker: Option<Code>) -> Result<Booked> {
    if let Some((link, works, compared)) = tx.row::<(LinkId, i64, i64)>(OURS, &[hash])? {
        return Ok(Booked::Ours { link, is_held_to_work: works == 1, is_compared: compared == 1 });
    }
    if let Some((link,)) = tx.row(FOREIGN, &[hash])? {
        return Ok(Booked::Foreign(link));
    }
    let Some(marker) = marker else { return Ok(Booked::Unknown) };
    Ok(match tx.row::<(LinkId, LinkState, i64)>(NAMED, &[&marker])? {
        Some((_, LinkState::Making, _)) => Booked::Making,
        Some((link, _, 0)) => Booked::Lost(link),
        // That one has a text, and it is another.
        Some(_) | None => Booked::Stray,
    })
}

fn adopt(
    tx: &mut Tx<'_>,
    keys: &Keyring,
    link: LinkId,
    url: &LinkUrl,
    hash: &LinkHash,
    now: UnixTime,
) -> Result<bool> {
    keys::expect_current(tx, keys)?;
    let Some((marker,)): Option<(Code,)> = tx.row(MARKER_OF, &[&link])? else { return Ok(false) };
    let sealed = keys.seal(ledger::place(&marker.to_string()), url.as_str().as_bytes());
    Ok(tx.execute(ADOPT, &[&sealed, &seal::hash_of_link(hash), &now, &link])? == 1)
}
