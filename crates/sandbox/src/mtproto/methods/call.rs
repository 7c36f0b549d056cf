//! One call while it is carried out: who asks, where they want to act, and whom they mean.

use crate::mtproto::objects::{self, View};
use crate::mtproto::offers::Offers;
use crate::mtproto::sessions::Session;
use crate::world::{Chat, ChatKind, Entry, LinkNo, Word, World};
use grammers_tl_types::enums::{InputChannel, InputPeer, InputUser};
use std::borrow::Cow;
use std::net::SocketAddr;

/// What the door knows of itself.
#[derive(Clone, Copy)]
pub(in crate::mtproto) struct Here {
    pub(in crate::mtproto) address: SocketAddr,
    pub(in crate::mtproto) secret: u64,
}

/// One call while it is carried out.
pub(in crate::mtproto) struct Call<'a> {
    pub(in crate::mtproto) world: &'a mut World,
    pub(in crate::mtproto) session: &'a mut Session,
    pub(in crate::mtproto) offers: &'a mut Offers,
    pub(in crate::mtproto) here: Here,
    /// What the ledger will say of it.
    pub(in crate::mtproto) entry: Entry,
    /// The number of the newest news when it began.
    pub(in crate::mtproto) since: i32,
    /// The question that was put to a guard bot. Its first word is the answer.
    pub(in crate::mtproto) guarded: Option<String>,
}

pub(super) type Outcome<T> = Result<T, Refusal>;

/// A call that was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::mtproto) struct Refusal {
    pub(in crate::mtproto) code: i32,
    pub(in crate::mtproto) text: Cow<'static, str>,
}

impl Refusal {
    pub(in crate::mtproto) fn new(code: i32, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    pub(super) fn unreadable() -> Self {
        Self::new(400, "INPUT_FETCH_FAIL")
    }

    pub(in crate::mtproto) fn flood(seconds: i64) -> Self {
        Self::new(420, format!("FLOOD_WAIT_{seconds}"))
    }
}

/// Telegram's words keep their spelling, and a few have a code of their own.
impl From<Word> for Refusal {
    fn from(Word(word): Word) -> Self {
        let code = match word {
            "CHAT_WRITE_FORBIDDEN" | "EDIT_BOT_INVITE_FORBIDDEN" | "USER_CHANNELS_TOO_MUCH" => 403,
            "AUTH_KEY_UNREGISTERED" | "SESSION_PASSWORD_NEEDED" | "SESSION_REVOKED" => 401,
            _ => 400,
        };
        Self::new(code, word)
    }
}

/// What a visitor is told of a link that does not let them in: it is not that something was called wrongly.
pub(super) fn at_the_door(Word(word): Word) -> Refusal {
    match word {
        "INVITE_HASH_EXPIRED" | "CHANNEL_PRIVATE" => Refusal::new(406, word),
        _ => Word(word).into(),
    }
}

/// The chat a peer names, as bots number chats; whether it is there is another question.
pub(super) fn number(peer: &InputPeer) -> Option<i64> {
    match peer {
        InputPeer::Channel(it) => Some(objects::channel(it.channel_id)),
        InputPeer::Chat(it) => Some(it.chat_id.saturating_neg()),
        _ => None,
    }
}

/// No call names more chats or people.
const MOST_NAMED: usize = 200;

/// Whether a call names no more than it may: a few bytes of what is zipped can name very many.
pub(super) fn few_enough<T>(named: &[T]) -> Outcome<()> {
    if named.len() <= MOST_NAMED { Ok(()) } else { Err(Word("LIMIT_INVALID").into()) }
}

impl Call<'_> {
    /// Who is logged in. Methods for whoever has a key do not ask: nobody may be.
    pub(super) fn user(&self) -> i64 {
        self.session.user.expect("whoever calls this was found logged in, in the same turn")
    }

    pub(super) fn is_bot(&self) -> bool {
        self.world.bot(self.user()).is_some()
    }

    pub(super) fn view(&self) -> View<'_> {
        View { world: self.world, viewer: self.user(), secret: self.here.secret }
    }

    pub(super) fn at(&self, chat: i64) -> &Chat {
        self.world.chat(chat).expect("the peer was checked")
    }

    /// The chat a peer names, if it is there, the caller was told of it, and they are in it or it is public.
    pub(super) fn chat(&mut self, peer: &InputPeer) -> Outcome<i64> {
        let (chat, hash) = match peer {
            InputPeer::Channel(it) => (objects::channel(it.channel_id), Some(it.access_hash)),
            InputPeer::Chat(it) => (it.chat_id.saturating_neg(), None),
            _ => return Err(Word("PEER_ID_INVALID").into()),
        };
        self.find_chat(chat, hash)
    }

    pub(super) fn channel(&mut self, channel: &InputChannel) -> Outcome<i64> {
        match channel {
            InputChannel::Channel(it) => {
                self.find_chat(objects::channel(it.channel_id), Some(it.access_hash))
            }
            _ => Err(Word("CHANNEL_INVALID").into()),
        }
    }

    fn find_chat(&mut self, id: i64, hash: Option<i64>) -> Outcome<i64> {
        self.entry.chat = id;
        let (user, nobody) =
            (self.user(), if hash.is_some() { "CHANNEL_INVALID" } else { "CHAT_ID_INVALID" });
        // Basic groups are named by their number alone, and no others.
        let is_so_named = |chat: &&Chat| (chat.kind == ChatKind::Group) == hash.is_none();
        let chat = self.world.chat(id).filter(is_so_named).ok_or(Word(nobody))?;
        // Of a chat they are in, bots need to know nothing but the number.
        let is_told =
            |hash| hash == self.view().access_hash(id) || (hash == 0 && self.is_bot() && chat.has(user));
        if hash.is_some_and(|hash| !is_told(hash)) {
            return Err(Word("CHANNEL_INVALID").into());
        }
        match chat.has(user) || chat.username.is_some() {
            true => Ok(id),
            false if hash.is_some() => Err(Word("CHANNEL_PRIVATE").into()),
            false => Err(Word("CHAT_ID_INVALID").into()),
        }
    }

    /// The account that is meant, if the caller was told of it.
    pub(super) fn account(&self, user: &InputUser) -> Outcome<i64> {
        let invalid = || Refusal::from(Word("USER_ID_INVALID"));
        match user {
            InputUser::UserSelf => Ok(self.user()),
            InputUser::User(it) => {
                let met = it.access_hash == 0
                    && self.world.bot(self.user()).is_some_and(|bot| bot.has_met(it.user_id));
                let is_told = met || it.access_hash == self.view().access_hash(it.user_id);
                let known = is_told && self.world.account(it.user_id).is_some();
                if known { Ok(it.user_id) } else { Err(invalid()) }
            }
            _ => Err(invalid()),
        }
    }

    /// The link a text spells, in this chat, if the caller may touch it.
    pub(super) fn link(&mut self, chat: i64, text: &str) -> Outcome<LinkNo> {
        if let Some(number) = self.world.find_link(text) {
            self.entry.link = number;
        }
        Ok(self.world.own_link(self.user(), chat, text)?)
    }
}
