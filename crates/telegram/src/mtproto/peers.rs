//! Chats and people as Telegram wants them named: with a number it told this account when they met.

use super::client::{About, Client};
use super::dialogs::{Page, Walk};
use super::error::NeverMet;
use super::objects;
use crate::common::odd;
use crate::pace::Effect;
use grammers_tl_types::{enums, functions, types};
use links::{Chat, ChatId, ChatIdKind, ChatName, Error, Kind, Person, Result, Right, UserId};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;

/// So many people are remembered: those who wait, and administrators. A list may have very many more.
const MOST_PEOPLE: usize = 10_000;
/// A name may go to another chat.
const A_NAME_LASTS: Duration = Duration::from_secs(300);
/// The longest page of anything.
pub(super) const PAGE: i32 = 100;

/// Whom this account has met.
#[derive(Default)]
pub(super) struct Peers {
    channels: HashMap<ChatId, Channel>,
    /// Who bore a name, and when that was told.
    names: HashMap<ChatName, (ChatId, Instant)>,
    people: HashMap<UserId, i64>,
    /// In the order they were met.
    met: VecDeque<UserId>,
    pub(super) me: Option<Person>,
}

/// A supergroup or channel.
struct Channel {
    /// What Telegram wants to be told with its number.
    access_hash: i64,
    is_broadcast: bool,
}

impl Peers {
    pub(super) fn learn_chats(&mut self, chats: &[enums::Chat]) {
        for chat in chats {
            if let Some((id, access_hash)) = objects::channel(chat) {
                let is_broadcast = objects::is_broadcast(chat);
                self.channels.insert(id, Channel { access_hash, is_broadcast });
            }
            if let enums::Chat::Chat(types::Chat {
                migrated_to: Some(enums::InputChannel::Channel(to)), ..
            }) = chat
                && let Ok(id) = ChatId::channel(to.channel_id)
            {
                self.channels.insert(id, Channel { access_hash: to.access_hash, is_broadcast: false });
            }
        }
    }

    pub(super) fn learn_people(&mut self, users: &[enums::User]) {
        let met = users.iter().filter_map(|user| match user {
            enums::User::User(user) if !user.min => Some((UserId::new(user.id).ok()?, user.access_hash?)),
            _ => None,
        });
        for (id, hash) in met {
            if self.people.insert(id, hash).is_none() {
                self.met.push_back(id);
            }
        }
        while self.met.len() > MOST_PEOPLE {
            self.met.pop_front().map(|id| self.people.remove(&id));
        }
    }

    /// The number of a chat, if it is known.
    fn number(&self, chat: &Chat) -> Option<ChatId> {
        match chat {
            Chat::Id(id) => Some(*id),
            Chat::Name(name) => {
                let (id, told_at) = self.names.get(name)?;
                (told_at.elapsed() < A_NAME_LASTS).then_some(*id)
            }
        }
    }

    fn learn_name(&mut self, name: &ChatName, id: ChatId) {
        self.names.retain(|_, (_, told_at)| told_at.elapsed() < A_NAME_LASTS);
        self.names.insert(name.clone(), (id, Instant::now()));
    }

    fn channel(&self, id: ChatId) -> Option<enums::InputPeer> {
        let access_hash = self.channels.get(&id)?.access_hash;
        Some(types::InputPeerChannel { channel_id: objects::bare(id), access_hash }.into())
    }

    /// Whether a chat is known to be a group, basic or super.
    pub(super) fn is_group(&self, chat: &Chat) -> bool {
        self.number(chat).is_some_and(|id| {
            id.kind() == ChatIdKind::Group || self.channels.get(&id).is_some_and(|it| !it.is_broadcast)
        })
    }

    pub(super) fn person(&self, id: UserId) -> Option<enums::InputUser> {
        let access_hash = *self.people.get(&id)?;
        Some(types::InputUser { user_id: id.get(), access_hash }.into())
    }
}

impl Client {
    /// A chat's number, and the chat as Telegram wants it named. One that this account never met is not found; nothing
    /// is ever made up.
    pub(super) async fn peer(&self, deadline: Instant, chat: &Chat) -> Result<(ChatId, enums::InputPeer)> {
        let known = self.peers().number(chat);
        let id = match (known, chat) {
            (Some(id), _) => id,
            (None, Chat::Id(id)) => *id,
            (None, Chat::Name(name)) => self.resolve(deadline, name).await?,
        };
        let peer = match id.kind() {
            ChatIdKind::Group => types::InputPeerChat { chat_id: objects::bare(id) }.into(),
            ChatIdKind::Private | ChatIdKind::DirectMessages => {
                return Err(Error::new(Kind::WrongKindOfChat));
            }
            ChatIdKind::SupergroupOrChannel => {
                let known = self.peers().channel(id);
                match known {
                    Some(peer) => peer,
                    None => self.find_channel(deadline, id).await?,
                }
            }
        };
        Ok((id, peer))
    }

    /// Who this account is.
    pub async fn me(&self) -> Result<Person> {
        self.me_by(self.deadline()).await
    }

    pub(super) async fn me_by(&self, deadline: Instant) -> Result<Person> {
        let known = self.peers().me.clone();
        if let Some(me) = known {
            return Ok(me);
        }
        let request = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
        let users = self.call(self.looking(deadline), &request).await?;
        let me = users.first().ok_or_else(|| odd(NeverMet("itself")))?;
        let me = objects::person(me)?;
        self.peers().me = Some(me.clone());
        Ok(me)
    }

    fn looking(&self, deadline: Instant) -> About {
        About { chat: None, effect: Effect::Read, right: Right::Administrator, deadline }
    }

    async fn resolve(&self, deadline: Instant, name: &ChatName) -> Result<ChatId> {
        let request =
            functions::contacts::ResolveUsername { username: name.as_str().to_owned(), referer: None };
        let enums::contacts::ResolvedPeer::Peer(found) = self.call(self.looking(deadline), &request).await?;
        let mut peers = self.peers();
        peers.learn_chats(&found.chats);
        let id = match found.peer {
            enums::Peer::Channel(it) => ChatId::channel(it.channel_id).map_err(odd)?,
            enums::Peer::Chat(it) => ChatId::new(-it.chat_id).map_err(odd)?,
            enums::Peer::User(_) => return Err(Error::new(Kind::WrongKindOfChat)),
        };
        peers.learn_name(name, id);
        Ok(id)
    }

    /// Goes through the account's chats until it is found.
    async fn find_channel(&self, deadline: Instant, id: ChatId) -> Result<enums::InputPeer> {
        let mut walk = Walk::default();
        let mut next = Some(Walk::first());
        while let Some(asked) = next {
            let page = Page::of(self.call(self.looking(deadline), &asked).await?);
            let known = {
                let mut peers = self.peers();
                peers.learn_chats(&page.chats);
                peers.channel(id)
            };
            if let Some(peer) = known {
                return Ok(peer);
            }
            next = walk.after(&page);
        }
        Err(Error::because(Kind::ChatNotFound, NeverMet("that chat")))
    }

    /// Where a basic group went that Telegram refuses to know, if it became a supergroup.
    pub(super) async fn moved_to(&self, deadline: Instant, id: ChatId) -> Option<ChatId> {
        if id.kind() != ChatIdKind::Group {
            return None;
        }
        let request = functions::messages::GetChats { id: vec![objects::bare(id)] };
        let chats = match self.call(self.looking(deadline), &request).await.ok()? {
            enums::messages::Chats::Chats(it) => it.chats,
            enums::messages::Chats::Slice(it) => it.chats,
        };
        self.peers().learn_chats(&chats);
        chats.iter().find_map(objects::moved_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64, min: bool) -> enums::User {
        let mut user: types::User =
            grammers_tl_types::Deserializable::from_bytes(&[0; 16]).expect("flags and a number");
        (user.id, user.min, user.access_hash) = (id, min, Some(id * 2));
        enums::User::User(user)
    }

    #[test]
    fn only_so_many_people_are_remembered() {
        let mut peers = Peers::default();
        let most = i64::try_from(MOST_PEOPLE).unwrap();
        for id in 1..=most + 5 {
            peers.learn_people(&[user(id, false)]);
            peers.learn_people(&[user(id, false)]);
        }
        let known = |id| peers.person(UserId::new(id).unwrap());
        assert_eq!((peers.people.len(), peers.met.len()), (MOST_PEOPLE, MOST_PEOPLE));
        assert!(known(5).is_none());
        let expected = types::InputUser { user_id: most + 5, access_hash: (most + 5) * 2 };
        assert_eq!(known(most + 5), Some(expected.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_asked_about_again_after_some_minutes() {
        let mut peers = Peers::default();
        let (name, id) = (ChatName::new("garden").unwrap(), ChatId::new(-5).unwrap());
        peers.learn_name(&name, id);
        assert_eq!(peers.number(&Chat::Name(name.clone())), Some(id));
        tokio::time::advance(A_NAME_LASTS).await;
        assert_eq!(peers.number(&Chat::Name(name)), None);
    }

    #[test]
    fn a_number_that_is_good_for_less_is_not_remembered() {
        let mut peers = Peers::default();
        peers.learn_people(&[user(7, true)]);
        assert_eq!(peers.person(UserId::new(7).unwrap()), None);
    }
}
