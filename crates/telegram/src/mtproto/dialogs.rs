//! The account's chats, page after page: where the next page begins, and when there is none.

use super::objects;
use super::peers::PAGE;
use grammers_tl_types::functions::messages::GetDialogs;
use grammers_tl_types::{enums, types};
use std::collections::HashSet;

/// A way through all chats. Pure: it is told the pages, and says what to ask for.
#[derive(Default)]
pub(super) struct Walk {
    /// The chats that were on a page.
    seen: HashSet<(Sort, i64)>,
}

/// Each sort of chat has numbers of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Sort {
    Person,
    Group,
    Channel,
}

/// A page of the account's chats.
pub(super) struct Page {
    dialogs: Vec<types::Dialog>,
    messages: Vec<enums::Message>,
    pub(super) chats: Vec<enums::Chat>,
    users: Vec<enums::User>,
    /// Telegram says that there are no others.
    is_all: bool,
}

impl Walk {
    pub(super) fn first() -> GetDialogs {
        GetDialogs {
            exclude_pinned: false,
            folder_id: None,
            offset_date: 0,
            offset_id: 0,
            offset_peer: enums::InputPeer::Empty,
            limit: PAGE,
            hash: 0,
        }
    }

    /// What to ask for after this page. A page that brings nobody new is the last: from a place it does not know,
    /// Telegram begins again.
    pub(super) fn after(&mut self, page: &Page) -> Option<GetDialogs> {
        let before = self.seen.len();
        self.seen.extend(page.dialogs.iter().map(|dialog| key(&dialog.peer)));
        if page.is_all || self.seen.len() == before {
            return None;
        }
        // What is pinned comes first, whatever its date. It was on the first page.
        let next = GetDialogs { exclude_pinned: true, ..Self::first() };
        Some(match page.end() {
            Some((offset_date, offset_id, offset_peer)) => {
                GetDialogs { offset_date, offset_id, offset_peer, ..next }
            }
            None => next,
        })
    }
}

impl Page {
    pub(super) fn of(page: enums::messages::Dialogs) -> Self {
        use enums::messages::Dialogs::{Dialogs, NotModified, Slice};
        let (dialogs, messages, chats, users, is_all) = match page {
            Dialogs(it) => (it.dialogs, it.messages, it.chats, it.users, true),
            Slice(it) => (it.dialogs, it.messages, it.chats, it.users, false),
            NotModified(_) => Default::default(),
        };
        let dialogs = dialogs.into_iter().filter_map(|dialog| match dialog {
            enums::Dialog::Dialog(it) => Some(it),
            enums::Dialog::Folder(_) | enums::Dialog::Community(_) => None,
        });
        Self { dialogs: dialogs.collect(), messages, chats, users, is_all }
    }

    /// The date and number of the last message of the last chat, and the chat. It has to be one that can be named with
    /// the number Telegram gave with it, and whose message has a date; where no message has, its name is what there is.
    fn end(&self) -> Option<(i32, i32, enums::InputPeer)> {
        let in_order = || self.dialogs.iter().rev().filter(|dialog| !dialog.pinned);
        let dated = in_order()
            .find_map(|dialog| Some((self.date(dialog)?, dialog.top_message, self.named(&dialog.peer)?)));
        dated.or_else(|| {
            in_order().find_map(|dialog| Some((0, dialog.top_message, self.named(&dialog.peer)?)))
        })
    }

    fn date(&self, dialog: &types::Dialog) -> Option<i32> {
        self.messages.iter().find_map(|message| {
            let (id, peer, date) = match message {
                enums::Message::Message(it) => (it.id, &it.peer_id, it.date),
                enums::Message::Service(it) => (it.id, &it.peer_id, it.date),
                enums::Message::Empty(_) => return None,
            };
            (id == dialog.top_message && *peer == dialog.peer).then_some(date)
        })
    }

    fn named(&self, peer: &enums::Peer) -> Option<enums::InputPeer> {
        Some(match peer {
            enums::Peer::Channel(it) => {
                let mut channels = self.chats.iter().filter_map(objects::channel);
                let (_, access_hash) = channels.find(|(id, _)| objects::bare(*id) == it.channel_id)?;
                types::InputPeerChannel { channel_id: it.channel_id, access_hash }.into()
            }
            enums::Peer::Chat(it) => types::InputPeerChat { chat_id: it.chat_id }.into(),
            enums::Peer::User(it) => {
                let access_hash = objects::access_hash(it.user_id, &self.users)?;
                types::InputPeerUser { user_id: it.user_id, access_hash }.into()
            }
        })
    }
}

fn key(peer: &enums::Peer) -> (Sort, i64) {
    match peer {
        enums::Peer::User(it) => (Sort::Person, it.user_id),
        enums::Peer::Chat(it) => (Sort::Group, it.chat_id),
        enums::Peer::Channel(it) => (Sort::Channel, it.channel_id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::{Deserializable, Serializable};

    /// Somebody the account talks with.
    #[derive(Clone, Copy)]
    struct Talk {
        id: i64,
        /// Of the last message, whose number is the same.
        date: Option<i32>,
        is_pinned: bool,
        is_nameable: bool,
    }

    fn talk(id: i64, date: i32) -> Talk {
        Talk { id, date: Some(date), is_pinned: false, is_nameable: true }
    }

    impl Talk {
        fn peer(self) -> enums::Peer {
            types::PeerUser { user_id: self.id }.into()
        }

        fn dialog(self) -> enums::Dialog {
            let settings: types::PeerNotifySettings = Deserializable::from_bytes(&[0; 4]).expect("no flags");
            let settings = enums::PeerNotifySettings::from(settings).to_bytes();
            let bytes = [&[0; 4][..], &self.peer().to_bytes(), &[0; 28], &settings].concat();
            let dialog: types::Dialog =
                Deserializable::from_bytes(&bytes).expect("no flags, a peer, numbers");
            let top_message = self.date.unwrap_or_default();
            types::Dialog { top_message, pinned: self.is_pinned, ..dialog }.into()
        }

        fn message(self) -> enums::Message {
            let Some(date) = self.date else {
                return types::MessageEmpty { id: 0, peer_id: Some(self.peer()) }.into();
            };
            let action = enums::MessageAction::Empty.to_bytes();
            let bytes = [&[0; 8][..], &self.peer().to_bytes(), &[0; 4], &action].concat();
            let message: types::MessageService =
                Deserializable::from_bytes(&bytes).expect("no flags, a number, a peer, a date, an action");
            types::MessageService { id: date, date, ..message }.into()
        }

        fn user(self) -> enums::User {
            let user: types::User = Deserializable::from_bytes(&[0; 16]).expect("flags and a number");
            types::User { id: self.id, access_hash: self.is_nameable.then_some(self.id), ..user }.into()
        }
    }

    /// As Telegram answers: on each page first what is pinned, then the newest, those without a message where they were
    /// put. From no date it begins at the beginning.
    fn answer(talks: &[Talk], asked: &GetDialogs, limit: usize) -> enums::messages::Dialogs {
        let pinned = talks.iter().filter(|talk| talk.is_pinned && !asked.exclude_pinned);
        let mut others: Vec<_> = talks.iter().filter(|talk| !talk.is_pinned).collect();
        if asked.offset_date > 0 {
            let is_last = |talk: &&Talk| talk.date == Some(asked.offset_date);
            others.drain(..=others.iter().position(is_last).expect("it was told of this one"));
        }
        let is_first = asked.offset_date == 0;
        let all: Vec<_> = pinned.chain(others).copied().collect();
        let here: Vec<_> = all.iter().copied().take(limit).collect();
        let dialogs = here.iter().map(|talk| talk.dialog()).collect();
        let messages = here.iter().map(|talk| talk.message()).collect();
        let users = here.iter().map(|talk| talk.user()).collect();
        let chats = Vec::new();
        if is_first && !asked.exclude_pinned && here.len() == talks.len() {
            return types::messages::Dialogs { dialogs, messages, chats, users }.into();
        }
        types::messages::DialogsSlice { count: 0, dialogs, messages, chats, users }.into()
    }

    /// Goes through all of them; answers whom it met, and how many pages it took.
    fn walk(talks: &[Talk], limit: usize) -> (Vec<i64>, usize) {
        let (mut walk, mut next, mut met, mut pages) = (Walk::default(), Some(Walk::first()), Vec::new(), 0);
        while let Some(asked) = next {
            assert!(pages <= talks.len(), "it goes round in circles");
            pages += 1;
            let page = Page::of(answer(talks, &asked, limit));
            for dialog in &page.dialogs {
                let (_, id) = key(&dialog.peer);
                if !met.contains(&id) {
                    met.push(id);
                }
            }
            next = walk.after(&page);
        }
        (met, pages)
    }

    #[test]
    fn all_chats_are_found_and_then_it_ends() {
        let talks: Vec<_> = (1..=7).map(|id| talk(id, 100 - i32::try_from(id).unwrap())).collect();
        assert_eq!(walk(&talks, 3), ((1..=7).collect(), 4));
        assert_eq!(walk(&talks, 7), ((1..=7).collect(), 1));
        assert_eq!(walk(&[], 7), (Vec::new(), 1));
    }

    #[test]
    fn a_page_that_ends_with_a_chat_without_a_message_is_not_the_last() {
        let mut talks: Vec<_> = (1..=6).map(|id| talk(id, 100 - i32::try_from(id).unwrap())).collect();
        talks[2].date = None;
        assert_eq!(walk(&talks, 3).0, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_page_ends_at_a_chat_that_telegram_knows_again() {
        let mut talks: Vec<_> = (1..=6).map(|id| talk(id, 100 - i32::try_from(id).unwrap())).collect();
        talks[2].is_nameable = false;
        assert_eq!(walk(&talks, 3).0, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn what_is_pinned_comes_once_and_is_no_place_to_go_on_from() {
        let mut talks: Vec<_> = (1..=6).map(|id| talk(id, 100 - i32::try_from(id).unwrap())).collect();
        (talks[4].is_pinned, talks[5].is_pinned) = (true, true);
        assert_eq!(walk(&talks, 3).0, [5, 6, 1, 2, 3, 4]);
        assert_eq!(walk(&talks, 2).0, [5, 6, 1, 2, 3, 4]);
    }

    #[test]
    fn where_no_message_has_a_date_the_name_is_what_there_is() {
        let mut page = Page::of(answer(&[talk(1, 0), talk(2, 0)], &Walk::first(), 2));
        page.messages.clear();
        let next = Walk::default().after(&Page { is_all: false, ..page }).unwrap();
        let last = types::InputPeerUser { user_id: 2, access_hash: 2 };
        assert_eq!((next.offset_peer, next.exclude_pinned), (last.into(), true));
    }
}
