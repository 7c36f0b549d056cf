//! Guard bots (Bot API 10.1): Telegram asks, and waits ten seconds.

use super::{Asked, Due, Entry, LinkNo, What, Word, World, queue};

/// How long a guard bot has for its first word.
const PATIENCE_SECONDS: i64 = 10;

/// A question Telegram put to a guard bot.
pub(super) struct Query {
    bot: i64,
    chat: i64,
    person: i64,
    state: QueryState,
}

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum QueryState {
    /// The bot has not said a word.
    Open,
    /// The bot wants the person to see a Mini App first.
    WebApp(String),
    Approved,
    Declined,
    /// The bot leaves it to the other administrators.
    Queued,
    /// The bot was too late; the request waits for the administrators.
    TimedOut,
    /// The person did not wait.
    Withdrawn,
}

/// A guard bot's verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum GuardAnswer {
    Approve,
    Decline,
    Queue,
}

impl World {
    /// The chat's guard from now on; it must be able to decide.
    pub(crate) fn set_guard(&mut self, chat: i64, bot: Option<i64>) -> Result<(), Word> {
        let at = self.living(chat)?;
        let may_guard = |bot: i64| {
            let may = at.kind == super::ChatKind::Supergroup && at.may_invite(bot);
            may && self.bots.get(&bot).is_some_and(|bot| bot.guard)
        };
        if !bot.is_none_or(may_guard) {
            return Err(Word("CHAT_ADMIN_REQUIRED"));
        }
        self.chats.get_mut(&chat).expect("it was just found").guard = bot;
        Ok(())
    }

    /// How far a query is.
    pub(crate) fn query(&self, id: &str) -> Option<&QueryState> {
        self.queries.get(id).map(|query| &query.state)
    }

    /// The chat and the person of a query that this bot may still act on.
    pub(crate) fn query_of(&self, bot: i64, id: &str) -> Option<(i64, i64)> {
        let query = self.queries.get(id).filter(|query| query.bot == bot)?;
        Some((query.chat, query.person))
    }

    /// The bot that a query was put to.
    pub(crate) fn guard_of(&self, id: &str) -> Option<i64> {
        self.queries.get(id).map(|query| query.bot)
    }

    pub(super) fn ask_guard(&mut self, bot: i64, chat: i64, person: i64, via: Option<LinkNo>) -> String {
        self.forget_settled_queries();
        let id = self.chance.i64(1_000_000_000_000_000..i64::MAX).to_string();
        let query = Query { bot, chat, person, state: QueryState::Open };
        self.queries.insert(id.clone(), query);
        let asked = self.chats.get_mut(&chat).and_then(|chat| chat.requests.get_mut(&person));
        if let Some(asked) = asked {
            asked.query = Some(id.clone());
        }
        self.at(self.now + PATIENCE_SECONDS, Due::GuardTimeout(id.clone()));
        self.note(Entry::new(What::GuardAsked).chat(chat).user(person).link(via));
        self.tell_request(chat, person, via, Some((bot, &id)));
        id
    }

    /// The guard bot decides, once.
    pub(crate) fn answer_query(&mut self, bot: i64, id: &str, answer: GuardAnswer) -> Result<(), Word> {
        let query = self.undecided(bot, id)?;
        let (chat, person) = (query.chat, query.person);
        match answer {
            GuardAnswer::Approve => self.decide(bot, chat, person, true),
            GuardAnswer::Decline => self.decide(bot, chat, person, false),
            GuardAnswer::Queue => {
                self.leave_to_administrators(id, chat, person, QueryState::Queued);
                Ok(())
            }
        }
    }

    /// The guard bot shows a Mini App first, and decides later.
    pub(crate) fn show_web_app(&mut self, bot: i64, id: &str, url: String) -> Result<(), Word> {
        self.undecided(bot, id)?.state = QueryState::WebApp(url);
        self.stirred = true;
        Ok(())
    }

    fn undecided(&mut self, bot: i64, id: &str) -> Result<&mut Query, Word> {
        let query = self.queries.get_mut(id).filter(|query| query.bot == bot);
        let open = |query: &&mut Query| matches!(query.state, QueryState::Open | QueryState::WebApp(_));
        query.filter(open).ok_or(Word("QUERY_ID_INVALID"))
    }

    pub(super) fn time_out(&mut self, id: &str) {
        let Some(query) = self.queries.get_mut(id).filter(|query| query.state == QueryState::Open) else {
            return;
        };
        let (chat, person) = (query.chat, query.person);
        self.note(Entry::new(What::GuardTimedOut).chat(chat).user(person).error("JOIN_GUARD_TIMEOUT"));
        self.leave_to_administrators(id, chat, person, QueryState::TimedOut);
    }

    /// The request waits like any other from now on.
    fn leave_to_administrators(&mut self, id: &str, chat: i64, person: i64, state: QueryState) {
        let asked = self.chats.get_mut(&chat).and_then(|chat| chat.requests.get_mut(&person));
        if let Some(asked) = asked {
            asked.query = None;
        }
        self.settle(id, state);
    }

    /// A request was decided, whoever did it.
    pub(super) fn close_query(&mut self, asked: &Asked, approve: bool) {
        if let Some(id) = &asked.query {
            self.settle(id, if approve { QueryState::Approved } else { QueryState::Declined });
        }
    }

    /// A person did not wait for the verdict.
    pub(super) fn abandon_query(&mut self, asked: &Asked) {
        if let Some(id) = &asked.query {
            self.settle(id, QueryState::Withdrawn);
        }
    }

    /// It is over, and whoever waits may see how.
    fn settle(&mut self, id: &str, state: QueryState) {
        if let Some(query) = self.queries.get_mut(id) {
            query.state = state;
            self.settled_queries.push_back((self.now, id.to_owned()));
            self.stirred = true;
        }
    }

    /// Updates live for a day, so nobody learns of an older query any more; to a bot that still remembers it, one
    /// that is over and one that never was are the same.
    fn forget_settled_queries(&mut self) {
        while let Some((at, id)) = self.settled_queries.front()
            && at + queue::LIFE_SECONDS <= self.now
        {
            self.queries.remove(id);
            self.settled_queries.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{ChatKind, Joining, Office, Rights, Target, Unknowns};

    const HOUR: i64 = 3600;

    #[test]
    fn queries_are_forgotten_a_day_after_they_are_over() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let chat = world.add_chat(ChatKind::Supergroup, "Owls", Some("owls".to_owned()), false);
        let bot = world.add_bot("guard_bot", true);
        let rights = Rights::named(["can_invite_users"]).unwrap();
        world.set_office(chat, bot, Office::Administrator(rights)).unwrap();
        world.set_guard(chat, Some(bot)).unwrap();
        let ask = |world: &mut World| {
            let person = world.add_person("Ann").id;
            match world.join(person, Target::Chat(chat), false) {
                Joining::Guarded(query) => query,
                other => panic!("{other:?}"),
            }
        };
        let open = ask(&mut world);
        world.show_web_app(bot, &open, "https://example.com".to_owned()).unwrap();
        let declined = ask(&mut world);
        world.answer_query(bot, &declined, GuardAnswer::Decline).unwrap();
        // The guard says nothing any more.
        for _ in 0..23 {
            world.turn(world.now + HOUR);
            ask(&mut world);
        }
        assert_eq!(world.query(&declined), Some(&QueryState::Declined));
        let late = world.answer_query(bot, &declined, GuardAnswer::Approve);
        for _ in 0..100 {
            world.turn(world.now + HOUR);
            ask(&mut world);
        }
        assert_eq!(world.query(&declined), None);
        assert_eq!(world.answer_query(bot, &declined, GuardAnswer::Approve), late);
        assert_eq!(world.queries.len(), 26, "a day's, and the one that still waits for its verdict");
        world.answer_query(bot, &open, GuardAnswer::Approve).unwrap();
    }
}
