//! Whether anything can be written down, what waits for a node that is at work, and for how long, so that somebody
//! notices when none is.

use crate::connection::Tx;
use crate::statements::statements;
use crate::{Result, Store};
use links::{ChatId, UnixTime, UserId};

statements! {
    TRY = "insert into meta (name, value) values ('try', $1)";
    TAKE_BACK = "delete from meta where name = 'try'";
    ENDING = "
        select count(*), cast(coalesce(min(revoke_wanted_at), 0) as bigint) from links
        where bot = $1 and revoke_wanted_at < $2 and revoked_at is null and url is not null and expires_at > $2";
    OUT = "
        select count(*) from links l
        where l.bot = $1 and l.chat = $2 and l.state = 'given' and l.revoked_at is null and l.expires_at > $3
            and (l.used_at is null or l.revoke_wanted_at is not null)";
    STRANGERS = "
        select count(*), cast(coalesce(min(s.joined_at), 0) as bigint)
        from strangers s
        join links l on l.id = s.link
        where s.settled_at is null and l.bot = $1 and s.joined_at < $2";
    ERRANDS = "
        select count(*), cast(coalesce(min(due_at), 0) as bigint) from outbox
        where bot = $1 and due_at < $2";
}

/// Things that wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overdue {
    /// How many.
    pub count: u32,
    /// Since when the first of them.
    pub since: UnixTime,
}

impl Store {
    /// Links of a bot that work still and should have been revoked before then.
    pub async fn links_to_end(&self, bot: UserId, before: UnixTime) -> Result<Option<Overdue>> {
        let row = self.read(move |tx| tx.one(ENDING, &[&bot, &before])).await?;
        Ok(overdue(row))
    }

    /// How many links of a bot into a chat were given to somebody and may work still.
    pub async fn links_out(&self, bot: UserId, chat: ChatId, now: UnixTime) -> Result<u32> {
        let (out,): (u32,) = self.read(move |tx| tx.one(OUT, &[&bot, &chat, &now])).await?;
        Ok(out)
    }

    /// People who came in before then by somebody else's link of this bot, and with whom nobody has dealt.
    pub async fn strangers_inside(&self, bot: UserId, before: UnixTime) -> Result<Option<Overdue>> {
        let row = self.read(move |tx| tx.one(STRANGERS, &[&bot, &before])).await?;
        Ok(overdue(row))
    }

    /// What this bot should have said or done before then, and has not.
    pub async fn errands_left(&self, bot: UserId, before: UnixTime) -> Result<Option<Overdue>> {
        let row = self.read(move |tx| tx.one(ERRANDS, &[&bot, &before])).await?;
        Ok(overdue(row))
    }
}

/// Writes a row and takes it back, which a full disk or a database that is only read does not let happen.
pub(crate) fn try_writing(tx: &mut Tx<'_>) -> Result<()> {
    tx.execute(TRY, &[&Vec::<u8>::new()])?;
    tx.execute(TAKE_BACK, &[])?;
    Ok(())
}

fn overdue((count, since): (u32, UnixTime)) -> Option<Overdue> {
    (count > 0).then_some(Overdue { count, since })
}
