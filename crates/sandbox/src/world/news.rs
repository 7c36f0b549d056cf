//! What accounts are told unasked at the MTProto door: of each account that listens there, the newest of it.

use super::joining::Came;
use super::{ChatKind, LinkNo, Membership, World};
use std::collections::VecDeque;

/// So much is kept for one account.
const MOST: usize = 1000;

/// Something one account is told.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// To people who decide: others wait in this chat than before.
    Waiting { chat: i64 },
    /// To a person: they are something else in this chat than before.
    Standing { chat: i64 },
    /// To bots: somebody's office changed.
    Office(Change),
    /// To bots that decide: somebody asks.
    Asked { chat: i64, person: i64, via: Option<LinkNo>, query: Option<String> },
}

/// A change of office.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) chat: i64,
    pub(crate) actor: i64,
    pub(crate) who: i64,
    pub(crate) before: Membership,
    pub(crate) after: Membership,
    pub(crate) via: Option<LinkNo>,
    /// They asked a public chat directly.
    pub(crate) asked_directly: bool,
}

/// What stands in an account's news: its number, its moment, and what it is.
pub(crate) type Told<'a> = (i32, i64, &'a News);

/// The news of one account.
#[derive(Default)]
pub(super) struct Paper {
    /// The number of the newest.
    last: i32,
    /// The number of the newest that is forgotten.
    forgotten: i32,
    kept: VecDeque<(i32, i64, News)>,
}

impl World {
    /// From now on an account's news are kept. Answers the number of the newest.
    pub(crate) fn listen(&mut self, account: i64) -> i32 {
        self.papers.entry(account).or_default().last
    }

    /// An account's news after this number, oldest first.
    pub(crate) fn news_after(&self, account: i64, number: i32) -> impl Iterator<Item = Told<'_>> {
        let kept = self.papers.get(&account).into_iter().flat_map(|paper| &paper.kept);
        kept.filter(move |(it, ..)| *it > number).map(|(number, at, news)| (*number, *at, news))
    }

    /// Whether some of the news after this number are forgotten.
    pub(crate) fn is_news_forgotten(&self, account: i64, number: i32) -> bool {
        self.papers.get(&account).is_some_and(|paper| number < paper.forgotten)
    }

    /// Tells those who decide that others wait in a chat than before.
    pub(super) fn tell_waiting(&mut self, chat: i64) {
        let Some(at) = self.chats.get(&chat).filter(|_| !self.papers.is_empty()) else { return };
        let is_told = |one: &i64| self.papers.contains_key(one) && !self.bots.contains_key(one);
        let told: Vec<i64> = at.administrators().filter(is_told).filter(|&one| at.may_invite(one)).collect();
        for admin in told {
            self.tell(admin, News::Waiting { chat });
        }
    }

    /// Tells bots, and whoever it is about, of a change of office.
    pub(super) fn tell_change(&mut self, bots: &[i64], came: Option<Came>, change: Change) {
        let change = Change {
            via: came.and_then(|came| came.via),
            asked_directly: came.is_some_and(|came| came.asked_directly),
            ..change
        };
        for &bot in bots {
            if self.papers.contains_key(&bot) {
                self.tell(bot, News::Office(change.clone()));
            }
        }
        let (chat, who) = (change.chat, change.who);
        if self.bots.contains_key(&who) {
            self.tell(who, News::Office(change));
        } else if self.chats.get(&chat).is_some_and(|chat| chat.kind != ChatKind::Group) {
            self.tell(who, News::Standing { chat });
        }
    }

    /// Whoever does not listen is told nothing.
    pub(super) fn tell(&mut self, account: i64, news: News) {
        let now = self.now;
        let Some(paper) = self.papers.get_mut(&account) else { return };
        // Who waits is told as it is when somebody listens, so the same thing twice in a row is said once.
        let again = |(.., last): &(i32, i64, News)| matches!((last, &news), (News::Waiting { chat: one }, News::Waiting { chat: other }) if one == other);
        if paper.kept.back().is_some_and(again) {
            paper.kept.pop_back();
        }
        paper.last = paper.last.saturating_add(1);
        paper.kept.push_back((paper.last, now, news));
        if paper.kept.len() > MOST
            && let Some((number, ..)) = paper.kept.pop_front()
        {
            paper.forgotten = number;
        }
        self.has_news = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{ChatKind, Office, Target, Unknowns};

    #[test]
    fn only_the_newest_is_kept_and_only_of_those_who_listen() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let chat = world.add_chat(ChatKind::Supergroup, "Owls", Some("owls".to_owned()), false);
        let (bot, deaf) = (world.add_bot("one_bot", false), world.add_bot("deaf_bot", false));
        for bot in [bot, deaf] {
            world.set_office(chat, bot, Office::Administrator(Default::default())).unwrap();
        }
        assert_eq!(world.listen(bot), 0, "what was before is no news");
        for _ in 0..MOST + 5 {
            let person = world.add_person("Fan").id;
            world.join(person, Target::Chat(chat), false);
        }
        assert_eq!(world.news_after(bot, 0).count(), MOST);
        assert_eq!(world.news_after(bot, 1003).map(|(number, ..)| number).collect::<Vec<_>>(), [1004, 1005]);
        assert!(world.is_news_forgotten(bot, 4) && !world.is_news_forgotten(bot, 5));
        assert_eq!((world.news_after(deaf, 0).count(), world.papers.len()), (0, 1));
    }

    #[test]
    fn who_waits_is_said_once() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let chat = world.add_chat(ChatKind::Supergroup, "Owls", Some("owls".to_owned()), true);
        let owner = world.chat(chat).unwrap().owner;
        world.listen(owner);
        for _ in 0..3 {
            let person = world.add_person("Fan").id;
            world.join(person, Target::Chat(chat), false);
        }
        let told: Vec<_> = world.news_after(owner, 0).map(|(number, ..)| number).collect();
        assert_eq!(told, [3]);
    }
}
