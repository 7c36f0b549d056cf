//! Somebody at the door: joins, asks, withdraws; and the administrator who decides.

use super::{Asked, Due, Entry, LinkNo, Office, What, Word, World};

/// Where somebody wants in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// By a link.
    Link(LinkNo),
    /// Directly, which public chats allow.
    Chat(i64),
}

/// What became of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Joining {
    Joined,
    Requested,
    Refused(Word),
    Already,
    /// A guard bot was asked; its query tells how it ends.
    Guarded(String),
}

/// What would become of it, before anything happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Prospect {
    Already,
    Refused(Word),
    /// They would be in at once.
    Enter,
    /// They would be in once they paid.
    Pay,
    /// They would wait for somebody's verdict.
    Ask,
}

/// How somebody came in, for those who are told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    pub(super) via: Option<LinkNo>,
    /// They asked a public chat directly.
    pub(super) asked_directly: bool,
    /// When a paid membership ends.
    pub(super) until: Option<i64>,
}

impl World {
    /// Somebody taps "Join". `pays`: if the link costs Stars, they are paid.
    pub(crate) fn join(&mut self, person: i64, target: Target, pays: bool) -> Joining {
        let outcome = self.try_to_join(person, target, pays);
        if let Joining::Refused(word) = outcome {
            let (chat, via) = self.place(target);
            self.note(Entry::new(What::Refused).chat(chat).user(person).link(via).error(word.0));
        }
        outcome
    }

    fn try_to_join(&mut self, person: i64, target: Target, pays: bool) -> Joining {
        let (chat, link) = self.place(target);
        let via = link.filter(|&number| !self.is_bypassed(number));
        match self.prospect(person, target) {
            Prospect::Already => Joining::Already,
            Prospect::Refused(word) => Joining::Refused(word),
            Prospect::Pay if !pays => Joining::Refused(Word("STARS_PAYMENT_REQUIRED")),
            Prospect::Ask => self.ask(person, chat, via),
            Prospect::Enter | Prospect::Pay => match self.overfull(chat, person) {
                Some(word) => Joining::Refused(word),
                None => {
                    self.enter(person, chat, person, via, false);
                    Joining::Joined
                }
            },
        }
    }

    /// What a tap on "Join" would come to, for this person; for somebody unknown, what it would for a newcomer.
    pub(crate) fn prospect(&self, person: i64, target: Target) -> Prospect {
        let (chat_id, via) = self.place(target);
        let now = self.now;
        let Some(chat) = self.chats.get(&chat_id) else { return Prospect::Refused(Word("CHANNEL_PRIVATE")) };
        // Whatever is wrong with a link, the visitor sees one and the same word.
        let dead =
            Prospect::Refused(Word(if via.is_some() { "INVITE_HASH_EXPIRED" } else { "CHANNEL_PRIVATE" }));
        if chat.upgraded_to.is_some() {
            return dead;
        }
        match chat.office(person) {
            Some(office) if office.is_in() => return Prospect::Already,
            Some(office) if office.is_banned(now) => return dead,
            _ => {}
        }
        let asks = if let Some(number) = via {
            let invite = self.invite(number).expect("a target names a link that exists");
            let orphan = !self.unknowns.links_outlive_rights && !chat.may_invite(invite.creator);
            if invite.is_dead(now) || orphan || (invite.is_full() && !self.is_photo_finish(number)) {
                return dead;
            }
            if invite.is_paid() {
                return Prospect::Pay;
            }
            if self.is_bypassed(number) { chat.asks_directly() } else { invite.by_request }
        } else if chat.username.is_some() {
            chat.asks_directly()
        } else {
            return dead;
        };
        if asks { Prospect::Ask } else { Prospect::Enter }
    }

    /// Most apps show a public chat to whoever opens a link to it, and join it directly. (tdlib/telegram-bot-api
    /// #428, #580.)
    fn is_bypassed(&self, link: LinkNo) -> bool {
        let invite = self.invite(link).filter(|invite| !invite.is_paid());
        let chat = invite.and_then(|invite| self.chats.get(&invite.chat));
        self.unknowns.public_chats_are_joined_directly && chat.is_some_and(|chat| chat.username.is_some())
    }

    /// Somebody takes their request back.
    pub(crate) fn withdraw(&mut self, person: i64, chat: i64) -> Result<(), Word> {
        let asked = self.drop_request(chat, person).ok_or(Word("HIDE_REQUESTER_MISSING"))?;
        self.abandon_query(&asked);
        self.note(Entry::new(What::Withdrew).chat(chat).user(person));
        Ok(())
    }

    /// An administrator decides a request. Whether they may is for the door to say.
    pub(crate) fn decide(&mut self, admin: i64, chat: i64, person: i64, approve: bool) -> Result<(), Word> {
        let at = self.living(chat)?;
        if at.requests.get(&person).is_some_and(|asked| !self.is_open(asked)) {
            return Err(Word("HIDE_REQUESTER_MISSING"));
        }
        if !at.requests.contains_key(&person) {
            let stranger = self.bots.get(&admin).is_some_and(|bot| !bot.has_met(person));
            return Err(Word(if at.has(person) {
                "USER_ALREADY_PARTICIPANT"
            } else if stranger || !self.accounts.contains_key(&person) {
                "USER_ID_INVALID"
            } else {
                "HIDE_REQUESTER_MISSING"
            }));
        }
        if approve {
            self.admissible(chat, person)?;
        }
        let asked = self.drop_request(chat, person).expect("it was there a moment ago");
        self.close_query(&asked, approve);
        if approve {
            self.note(Entry::new(What::Approved).chat(chat).user(person).link(asked.via));
            self.enter(person, chat, admin, asked.via, asked.via.is_none());
        } else {
            self.note(Entry::new(What::Declined).chat(chat).user(person).link(asked.via));
        }
        Ok(())
    }

    /// Whether a request can still be decided.
    fn is_open(&self, asked: &Asked) -> bool {
        let link = asked.via.and_then(|number| self.invite(number));
        self.unknowns.requests_outlive_links || !link.is_some_and(|link| link.is_dead(self.now))
    }

    /// Whether somebody who waits can be let in.
    fn admissible(&self, chat: i64, person: i64) -> Result<(), Word> {
        if self.accounts.get(&person).is_none_or(|account| account.is_deleted) {
            return Err(Word("INPUT_USER_DEACTIVATED"));
        }
        match self.overfull(chat, person) {
            // To whoever decides, it is somebody else who is in too many.
            Some(Word("CHANNELS_TOO_MUCH")) => Err(Word("USER_CHANNELS_TOO_MUCH")),
            Some(word) => Err(word),
            None => Ok(()),
        }
    }

    /// An administrator decides every request of a chat, or every one that came by this link.
    pub(crate) fn decide_all(
        &mut self,
        admin: i64,
        chat: i64,
        link: Option<LinkNo>,
        approve: bool,
    ) -> Result<(), Word> {
        let is_meant = |asked: &Asked| (link.is_none() || asked.via == link) && self.is_open(asked);
        let at = self.manageable(admin, chat)?;
        let waiting: Vec<i64> =
            at.requests().filter(|(_, asked)| is_meant(asked)).map(|(who, _)| who).collect();
        if waiting.is_empty() {
            return Err(Word("HIDE_REQUESTER_MISSING"));
        }
        waiting.into_iter().try_for_each(|person| {
            // Of an account that is gone, nothing waits any more once everybody is decided.
            let is_gone = self.accounts.get(&person).is_none_or(|account| account.is_deleted);
            self.decide(admin, chat, person, approve && !is_gone)
        })
    }

    fn place(&self, target: Target) -> (i64, Option<LinkNo>) {
        match target {
            Target::Chat(chat) => (chat, None),
            Target::Link(number) => (self.invite(number).map_or(0, |invite| invite.chat), Some(number)),
        }
    }

    fn enter(&mut self, person: i64, chat: i64, actor: i64, via: Option<LinkNo>, asked_directly: bool) {
        let invite = via.and_then(|number| self.invite(number));
        let until = invite.filter(|it| it.is_paid()).map(|it| self.now + i64::from(it.period_seconds));
        self.note(Entry::new(What::Joined).chat(chat).user(person).link(via));
        if let Some(via) = via {
            self.finish_line.reach(self.now, via);
        }
        self.change_office(chat, actor, person, Office::Member, Some(Came { via, asked_directly, until }));
        if let Some(until) = until {
            self.at(until, Due::PaidTimeIsOver { chat, person });
        }
    }

    fn ask(&mut self, person: i64, chat: i64, via: Option<LinkNo>) -> Joining {
        let at = self.now;
        self.meet(chat, person);
        let here = self.chats.get(&chat).expect("the caller found it");
        if let Some(waiting) = here.requests.get(&person)
            && let Some(query) = waiting.query.clone()
        {
            return Joining::Guarded(query);
        }
        let guard = here.guard;
        if here.requests.contains_key(&person) {
            if self.unknowns.asking_again_is_silent {
                return Joining::Requested;
            }
            // The new request, perhaps by another link, takes the place of the old one.
            self.drop_request(chat, person);
        }
        let here = self.chats.get_mut(&chat).expect("the caller found it");
        here.requests.insert(person, Asked { at, via, query: None });
        if let Some(invite) = via.and_then(|number| self.invite_mut(number)) {
            invite.pending += 1;
        }
        self.note(Entry::new(What::Asked).chat(chat).user(person).link(via));
        self.tell_waiting(chat);
        match guard {
            Some(bot) => Joining::Guarded(self.ask_guard(bot, chat, person, via)),
            None => {
                self.tell_request(chat, person, via, None);
                Joining::Requested
            }
        }
    }

    /// The request of a person is gone, and its link counts one less.
    pub(super) fn drop_request(&mut self, chat: i64, person: i64) -> Option<Asked> {
        let asked = self.chats.get_mut(&chat)?.requests.remove(&person)?;
        if let Some(invite) = asked.via.and_then(|number| self.invite_mut(number)) {
            invite.pending -= 1;
        }
        self.tell_waiting(chat);
        Some(asked)
    }

    /// In the racy model, whoever taps in the same second as the last one admitted gets in too.
    fn is_photo_finish(&self, link: LinkNo) -> bool {
        !self.unknowns.limits_are_strict && self.finish_line.was_reached(self.now, link)
    }
}

/// Who came in by which link in this very second.
#[derive(Default)]
pub(super) struct FinishLine {
    moment: i64,
    links: std::collections::HashSet<LinkNo>,
}

impl FinishLine {
    fn reach(&mut self, now: i64, link: LinkNo) {
        if self.moment != now {
            self.moment = now;
            self.links.clear();
        }
        self.links.insert(link);
    }

    fn was_reached(&self, now: i64, link: LinkNo) -> bool {
        self.moment == now && self.links.contains(&link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{ChatKind, NewLink, Unknowns};

    #[test]
    fn requests_that_ended_with_their_link_hold_up_no_others() {
        let unknowns = Unknowns { requests_outlive_links: false, ..Unknowns::default() };
        let mut world = World::new(1_800_000_000, 0, "https://t.me", unknowns).unwrap();
        let chat = world.add_chat(ChatKind::Supergroup, "Owls", None, false);
        let owner = world.chat(chat).unwrap().owner;
        let ask = |world: &mut World| {
            let by_request = NewLink { by_request: true, ..NewLink::default() };
            let link = world.create_link(owner, chat, by_request).unwrap();
            let person = world.add_person("Ann").id;
            assert_eq!(world.join(person, Target::Link(link), false), Joining::Requested);
            (person, world.url(world.invite(link).unwrap()))
        };
        let (ann, dead) = ask(&mut world);
        let (bob, _) = ask(&mut world);
        world.revoke_link(owner, chat, &dead).unwrap();
        world.decide_all(owner, chat, None, true).unwrap();
        let at = world.chat(chat).unwrap();
        assert!(at.has(bob) && !at.has(ann) && at.request(ann).is_some());
        assert_eq!(world.decide_all(owner, chat, None, true), Err(Word("HIDE_REQUESTER_MISSING")));
    }
}
