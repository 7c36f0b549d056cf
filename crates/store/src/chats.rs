//! The chats our bots are in, and what they may do there.

use crate::connection::Tx;
use crate::joins::Moment;
use crate::statements::statements;
use crate::value::stored;
use crate::{Error, NewErrand, Result, Store, hearing, outbox};
use links::{ChatId, Right, Standing, UnixTime, UserId};

statements! {
    KNOW = "
        insert into chats (bot, id, kind, title, username, looked_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (bot, id) do update set
            kind = excluded.kind, title = excluded.title, username = excluded.username, looked_at = excluded.looked_at";
    LOOKED_AT = "select looked_at from chats where bot = $1 and id = $2 and looked_at is not null";
    KNOW_OWNER = "update chats set owner = $1 where bot = $2 and id = $3";
    OWNER = "select owner from chats where bot = $1 and id = $2 and owner is not null";
    TELL_RIGHTS = "
        insert into chats (bot, id, standing, rights, told_at, told_update)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (bot, id) do update set
            standing = excluded.standing, rights = excluded.rights,
            told_at = excluded.told_at, told_update = excluded.told_update
        where (chats.told_at, chats.told_update) < (excluded.told_at, excluded.told_update)";
    OF_BOT = "
        select bot, id, kind, title, username, standing, rights, told_at, deaf_from from chats
        where bot = $1
        order by id";
    ONE = "
        select bot, id, kind, title, username, standing, rights, told_at, deaf_from from chats
        where bot = $1 and id = $2";
    CARRY = "
        insert into chats (bot, id, kind, title)
        values ($1, $2, 'supergroup', (select title from chats where bot = $1 and id = $3))
        on conflict (bot, id) do update set
            kind = excluded.kind, title = coalesce(chats.title, excluded.title)";
    FORGET = "delete from chats where bot = $1 and id = $2";
}

/// What kind of chat it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChatKind {
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A channel.
    Channel,
}

impl ChatKind {
    /// The kind as Telegram names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Supergroup => "supergroup",
            Self::Channel => "channel",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Group, Self::Supergroup, Self::Channel].into_iter().find(|kind| kind.as_str() == name)
    }
}

stored!(Text, text, ChatKind, |kind| kind.as_str().into(), |raw| ChatKind::read(&raw));

/// A chat one of our bots is in, or was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownChat {
    /// Which bot.
    pub bot: UserId,
    /// Which chat.
    pub id: ChatId,
    /// What kind it is, once somebody asked.
    pub kind: Option<ChatKind>,
    /// Its title, once somebody asked.
    pub title: Option<String>,
    /// Its public name without `@`, if it has one.
    pub username: Option<String>,
    /// What the bot is there, once Telegram told.
    pub standing: Option<Standing>,
    /// When Telegram told.
    pub told_at: UnixTime,
    /// Since when who comes there may not be told to us, until that is dealt with.
    pub deaf_from: Option<UnixTime>,
}

impl KnownChat {
    /// Whether links can be given out here, as far as is known: the bot may end them, and is told who comes by them.
    pub fn may_give(&self) -> bool {
        let may_end = self.standing.as_ref().is_none_or(|standing| standing.may(Right::InviteUsers));
        may_end && self.deaf_from.is_none() && self.username.is_none()
    }
}

/// How a chat looks from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChatFace {
    /// What kind it is.
    pub kind: ChatKind,
    /// Its title.
    pub title: String,
    /// Its public name without `@`, if it has one.
    pub username: Option<String>,
}

type Row = (
    UserId,
    ChatId,
    Option<ChatKind>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    UnixTime,
    Option<UnixTime>,
);

impl Store {
    /// Remembers how a chat looks. Of joins to a public one Telegram does not tell by which link they came, and it may
    /// have been public since it was last looked at.
    pub async fn know_chat(&self, bot: UserId, id: ChatId, face: ChatFace, at: UnixTime) -> Result<()> {
        self.write(move |tx| {
            if face.username.is_some() {
                let before: Option<(UnixTime,)> = tx.row(LOOKED_AT, &[&bot, &id])?;
                hearing::go_deaf(tx, bot, id, before.map_or(at, |(before,)| before))?;
            }
            tx.execute(KNOW, &[&bot, &id, &face.kind, &face.title, &face.username, &at]).map(drop)
        })
        .await
    }

    /// Remembers who owns a chat.
    pub async fn know_owner(&self, bot: UserId, id: ChatId, owner: UserId) -> Result<()> {
        self.write(move |tx| tx.execute(KNOW_OWNER, &[&owner, &bot, &id]).map(drop)).await
    }

    /// Who owned the chat when that was last asked.
    pub async fn owner(&self, bot: UserId, id: ChatId) -> Result<Option<UserId>> {
        Ok(self.read(move |tx| tx.row(OWNER, &[&bot, &id])).await?.map(|(owner,)| owner))
    }

    /// Somebody asked Telegram what the bot is in a chat, and was told this at that time. Tells whether it is news, and if
    /// so, has the errand done.
    pub async fn know_standing(
        &self,
        bot: UserId,
        id: ChatId,
        standing: Standing,
        errand: Option<NewErrand>,
        at: UnixTime,
    ) -> Result<bool> {
        let keys = self.keys().clone();
        // Of one second, what an update says is the newer.
        self.write(move |tx| {
            if !matches!(standing, Standing::Administrator(_)) {
                hearing::go_deaf(tx, bot, id, at)?;
            }
            let is_news = rights_changed(tx, bot, id, &standing, (at, 0))?;
            if let Some(errand) = errand.as_ref().filter(|_| is_news) {
                outbox::add(tx, &keys, bot, errand, at)?;
            }
            Ok(is_news)
        })
        .await
    }

    /// The chats of a bot.
    pub async fn chats(&self, bot: UserId) -> Result<Vec<KnownChat>> {
        self.read(move |tx| tx.rows::<Row>(OF_BOT, &[&bot])).await?.into_iter().map(known).collect()
    }

    /// One chat of a bot.
    pub async fn chat(&self, bot: UserId, id: ChatId) -> Result<Option<KnownChat>> {
        self.read(move |tx| tx.row::<Row>(ONE, &[&bot, &id])).await?.map(known).transpose()
    }
}

/// Remembers what a bot is in a chat, unless something newer is known. Tells whether it is news.
pub(crate) fn rights_changed(
    tx: &mut Tx<'_>,
    bot: UserId,
    chat: ChatId,
    standing: &Standing,
    told: Moment,
) -> Result<bool> {
    let (standing, rights) = write(standing);
    Ok(tx.execute(TELL_RIGHTS, &[&bot, &chat, &standing, &rights, &told.0, &told.1])? == 1)
}

/// A group became a supergroup and has a new number. What the bot is there has to be told anew.
pub(crate) fn move_chat(tx: &mut Tx<'_>, bot: UserId, old: ChatId, new: ChatId) -> Result<()> {
    tx.execute(CARRY, &[&bot, &new, &old])?;
    tx.execute(FORGET, &[&bot, &old]).map(drop)
}

const RIGHTS: [Right; 4] =
    [Right::InviteUsers, Right::RestrictMembers, Right::Administrator, Right::SendMessages];

fn write(standing: &Standing) -> (&'static str, String) {
    match standing {
        Standing::Administrator(rights) => {
            let names: Vec<&str> = rights.iter().map(|right| right.as_str()).collect();
            ("administrator", names.join(" "))
        }
        Standing::Member => ("member", String::new()),
        Standing::Out => ("out", String::new()),
        Standing::Banned => ("banned", String::new()),
    }
}

fn read(standing: &str, rights: &str) -> Result<Standing> {
    let right = |name: &str| RIGHTS.into_iter().find(|right| right.as_str() == name);
    match standing {
        "administrator" => Ok(Standing::Administrator(rights.split(' ').filter_map(right).collect())),
        "member" => Ok(Standing::Member),
        "out" => Ok(Standing::Out),
        "banned" => Ok(Standing::Banned),
        _ => Err(Error::Damaged("no standing of a bot there")),
    }
}

fn known((bot, id, kind, title, username, standing, rights, told_at, deaf_from): Row) -> Result<KnownChat> {
    let standing =
        standing.map(|standing| read(&standing, rights.as_deref().unwrap_or_default())).transpose()?;
    Ok(KnownChat { bot, id, kind, title, username, standing, told_at, deaf_from })
}
