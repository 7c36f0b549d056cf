//! Strangers: people who came into a chat by somebody else's link.

use crate::statements::statements;
use crate::{GateId, LinkId, PassId, Result, Store};
use links::{ChatId, UnixTime, UserId};

statements! {
    STRANGERS = "
        select s.pass, s.chat, s.person, s.link, s.joined_at, l.gate,
            (select count(*) from (
                select 1 from sightings own
                join entries e on e.pass = own.pass and e.chat = own.chat
                where own.chat = s.chat and own.person = s.person and own.what = 'joined'
                    and e.used_by = s.person and e.state = 'used'
                    and not exists (
                        select 1 from sightings came
                        where came.chat = s.chat and came.person = s.person and came.pass = s.pass
                            and came.what = 'joined' and (came.at, came.update_id) > (own.at, own.update_id))
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
            and ($3 = 0 or s.person = $3)
        order by s.joined_at, s.person
        limit $4";
    STRANGER_SETTLED = "
        update strangers set settled_at = $1
        where pass = $2 and chat = $3 and person = $4 and link = $5 and joined_at = $6 and settled_at is null";
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
    /// They used a pass of their own since, and it is theirs to be in. One that they used before they came by that link
    /// was used up when they left.
    ByRight,
}

/// A stranger with their link's gate, how often they are in by right, and how often they left since; once is enough.
type StrangerRow = (PassId, ChatId, UserId, LinkId, UnixTime, GateId, i64, i64);

impl Store {
    /// People who came into a chat by somebody else's link of this bot, once that link is revoked: what is done with
    /// them is the gate's rule.
    pub async fn strangers(&self, bot: UserId, chat: ChatId, limit: u32) -> Result<Vec<Stranger>> {
        self.find_strangers(bot, chat, 0, limit).await
    }

    /// Those of [`Store::strangers`] that are this person.
    pub async fn strangers_who_are(
        &self,
        bot: UserId,
        chat: ChatId,
        person: UserId,
    ) -> Result<Vec<Stranger>> {
        self.find_strangers(bot, chat, person.get(), u32::MAX).await
    }

    async fn find_strangers(
        &self,
        bot: UserId,
        chat: ChatId,
        person: i64,
        limit: u32,
    ) -> Result<Vec<Stranger>> {
        let rows = self.read(move |tx| tx.rows(STRANGERS, &[&bot, &chat, &person, &limit])).await?;
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
