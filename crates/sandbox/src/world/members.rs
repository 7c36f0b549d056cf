//! Offices in a chat: given, taken, lost by a ban, kept through a migration.

use super::joining::Came;
use super::{Account, Chat, ChatKind, Entry, Lapsed, Membership, Rights, What, Word, World};

/// Nobody is in more supergroups and channels. (Telegram's apps, `channels_limit_default`.)
const MOST_CHATS: usize = 500;

/// What somebody is in a chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Office {
    Owner,
    Administrator(Rights),
    Member,
    Left,
    /// Banned until then; zero is for ever.
    Banned {
        until: i64,
    },
}

impl Office {
    pub(crate) fn is_in(&self) -> bool {
        matches!(self, Self::Owner | Self::Administrator(_) | Self::Member)
    }

    pub(crate) fn is_banned(&self, now: i64) -> bool {
        matches!(self, Self::Banned { until } if *until == 0 || *until > now)
    }
}

impl World {
    /// A human administrator gives a bot an office, or takes it away.
    pub(crate) fn set_office(&mut self, chat: i64, who: i64, office: Office) -> Result<(), Word> {
        let owner = self.living(chat)?.owner;
        if !self.accounts.contains_key(&who) {
            return Err(Word("USER_ID_INVALID"));
        }
        if who == owner {
            return Err(Word("USER_CREATOR"));
        }
        self.note(Entry::new(What::Office).chat(chat).user(who));
        self.change_office(chat, owner, who, office, None);
        Ok(())
    }

    /// Somebody goes of their own will. An owner cannot.
    pub(crate) fn leave(&mut self, person: i64, chat: i64) -> Result<(), Word> {
        let at = self.living(chat)?;
        if !at.has(person) {
            return Err(Word("USER_NOT_PARTICIPANT"));
        }
        if person == at.owner {
            return Err(Word("USER_CREATOR"));
        }
        self.note(Entry::new(What::Left).chat(chat).user(person));
        self.change_office(chat, person, person, Office::Left, None);
        Ok(())
    }

    /// Somebody paid for so long, and no longer.
    pub(super) fn end_paid_membership(&mut self, chat: i64, person: i64) {
        let is_over =
            |it: &&Membership| it.office == Office::Member && it.until.is_some_and(|until| until <= self.now);
        let Some(over) = self.chats.get(&chat).and_then(|chat| chat.membership(person)).filter(is_over)
        else {
            return;
        };
        let lapsed = over.via.map(|via| Lapsed { via, since: over.since });
        self.note(Entry::new(What::Left).chat(chat).user(person));
        self.change_office(chat, person, person, Office::Left, None);
        let after = self.chats.get_mut(&chat).and_then(|chat| chat.members.get_mut(&person));
        after.expect("their office just changed").lapsed = lapsed;
        if let Some(invite) = lapsed.and_then(|lapsed| self.invite_mut(lapsed.via)) {
            invite.lapsed += 1;
        }
    }

    /// An account is deleted. It stays in its chats, without a name, and what it asked for waits on.
    pub(crate) fn delete_account(&mut self, person: i64) {
        if let Some(account) = self.accounts.get_mut(&person) {
            let (id, chats, next_message) = (account.id, account.chats, account.next_message);
            let nameless = Account::new(id, false, String::new());
            *account = Account { is_deleted: true, chats, next_message, ..nameless };
        }
    }

    /// Why somebody cannot come in, though the door is open to them.
    pub(super) fn overfull(&self, chat: i64, person: i64) -> Option<Word> {
        let is_full = self.chats.get(&chat).is_some_and(Chat::is_full);
        let counts = self.chats.get(&chat).is_some_and(|chat| chat.kind != ChatKind::Group);
        let is_everywhere = self.accounts.get(&person).is_some_and(|account| account.chats >= MOST_CHATS);
        if is_full {
            Some(Word("USERS_TOO_MUCH"))
        } else {
            (counts && is_everywhere).then_some(Word("CHANNELS_TOO_MUCH"))
        }
    }

    /// Somebody is put out and kept out. From a basic group they are only removed.
    pub(crate) fn ban(&mut self, actor: i64, chat: i64, person: i64, until: i64) -> Result<(), Word> {
        let at = self.living(chat)?;
        if !self.accounts.contains_key(&person) {
            return Err(Word("USER_ID_INVALID"));
        }
        if person == at.owner {
            return Err(Word("USER_CREATOR"));
        }
        let office = if at.kind == ChatKind::Group { Office::Left } else { Office::Banned { until } };
        self.note(Entry::new(What::Banned).chat(chat).user(person));
        self.change_office(chat, actor, person, office, None);
        Ok(())
    }

    /// Somebody who is banned may come back. Whoever is not stays what they are: a member who came back a moment
    /// ago is not put out again.
    pub(crate) fn unban(&mut self, actor: i64, chat: i64, person: i64) {
        let office = self.chats.get(&chat).and_then(|chat| chat.office(person));
        if office.is_some_and(|office| office.is_banned(self.now)) {
            self.note(Entry::new(What::Unbanned).chat(chat).user(person));
            self.change_office(chat, actor, person, Office::Left, None);
        }
    }

    /// A basic group becomes a supergroup: a new number, the same people, no links and nobody who waits.
    pub(crate) fn migrate(&mut self, chat: i64) -> Result<i64, Word> {
        let old = self.living(chat)?;
        if old.kind != ChatKind::Group {
            return Err(Word("CHAT_ID_INVALID"));
        }
        let waiting: Vec<i64> = old.requests.keys().copied().collect();
        for person in waiting {
            self.drop_request(chat, person);
        }
        let new = self.next_chat_id(ChatKind::Supergroup);
        let old = self.chats.get_mut(&chat).expect("it was just found");
        old.upgraded_to = Some(new);
        let owner = old.owner;
        let mut members = old.members.clone();
        members.values_mut().for_each(|membership| membership.via = None);
        for (who, _) in members.iter().filter(|(_, membership)| membership.office.is_in()) {
            if let Some(account) = self.accounts.get_mut(who) {
                account.chats += 1;
            }
        }
        let supergroup = Chat {
            join_by_request: old.join_by_request,
            administrators: old.administrators.clone(),
            members,
            inside: old.inside,
            ..Chat::new(new, ChatKind::Supergroup, &old.title, owner)
        };
        self.chats.insert(new, supergroup);
        self.note(Entry::new(What::Migrated).chat(new).user(owner));
        self.post_service(chat, owner, |message| message.migrate_to_chat_id = Some(new));
        self.post_service(new, owner, |message| message.migrate_from_chat_id = Some(chat));
        Ok(new)
    }

    /// The one place where an office changes: counts follow, and everybody who may know is told.
    pub(super) fn change_office(
        &mut self,
        chat: i64,
        actor: i64,
        who: i64,
        office: Office,
        came: Option<Came>,
    ) {
        // Whoever comes in or is kept out waits no more.
        if let Some(asked) = self.drop_request(chat, who) {
            self.close_query(&asked, office.is_in());
        }
        let Some(at) = self.chats.get_mut(&chat) else { return };
        let before = at.members.get(&who).cloned().unwrap_or_else(Membership::outside);
        let (was_in, is_in) = (before.office.is_in(), office.is_in());
        let (via, until) = match came {
            // Another office changes nothing about how somebody came. What was paid for and is over is forgotten:
            // whoever was administrator by then stays by grace.
            _ if was_in && is_in => (before.via, before.until.filter(|&until| until > self.now)),
            Some(came) => (came.via, came.until),
            None => (None, None),
        };
        let (since, approved_by) = match came {
            _ if was_in && is_in => (before.since, before.approved_by),
            Some(_) => (self.now, (actor != who).then_some(actor)),
            None if is_in => (self.now, None),
            None => (0, None),
        };
        let after = Membership { office, via, until, since, approved_by, lapsed: None };
        at.members.insert(who, after.clone());
        at.inside = at.inside + usize::from(is_in) - usize::from(was_in);
        if matches!(office, Office::Owner | Office::Administrator(_)) {
            at.administrators.insert(who);
        } else {
            at.administrators.remove(&who);
        }
        // Telegram drops a guard that can no longer decide, however it lost its right.
        if at.guard == Some(who) && !at.may_invite(who) {
            at.guard = None;
        }

        if at.kind != ChatKind::Group
            && let Some(account) = self.accounts.get_mut(&who)
        {
            account.chats = account.chats + usize::from(is_in) - usize::from(was_in);
        }
        if let Some(invite) = before.lapsed.and_then(|lapsed| self.invite_mut(lapsed.via)) {
            invite.lapsed -= 1;
        }
        // A leaver frees a place: a limit counts people at the same time.
        if was_in
            && !is_in
            && let Some(invite) = before.via.and_then(|number| self.invite_mut(number))
        {
            invite.uses -= 1;
        }
        if !was_in
            && is_in
            && let Some(invite) = via.and_then(|number| self.invite_mut(number))
        {
            invite.uses += 1;
        }
        if before.office == office {
            return;
        }
        self.meet(chat, who);
        self.tell_office(chat, actor, who, &before, &after, came);
        let user = self.user(who);
        if !was_in && is_in {
            self.post_service(chat, if came.is_some() { who } else { actor }, |message| {
                message.new_chat_participant = Some(user.clone());
                message.new_chat_member = Some(user.clone());
                message.new_chat_members = vec![user];
            });
        } else if was_in && !is_in {
            self.post_service(chat, actor, |message| {
                message.left_chat_participant = Some(user.clone());
                message.left_chat_member = Some(user);
            });
        }
    }

    /// Bots of a chat get to know whoever comes by.
    pub(super) fn meet(&mut self, chat: i64, who: i64) {
        let Some(at) = self.chats.get(&chat) else { return };
        for bot in self.bots.values_mut().filter(|bot| bot.id != who && at.has(bot.id)) {
            bot.met.insert(who);
        }
    }
}

impl Chat {
    /// The bots and people that decide requests and make links here.
    pub(super) fn administrators(&self) -> impl Iterator<Item = i64> {
        self.administrators.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Target, Unknowns};

    #[test]
    fn whoever_came_back_in_the_meantime_is_not_put_out_by_the_end_of_a_ban() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let chat = world.add_chat(ChatKind::Supergroup, "Owls", Some("owls".to_owned()), false);
        let (owner, ann) = (world.chat(chat).unwrap().owner, world.add_person("Ann").id);
        world.ban(owner, chat, ann, 0).unwrap();
        world.unban(owner, chat, ann);
        world.join(ann, Target::Chat(chat), false);
        // The other half of an `unbanChatMember` that began before.
        world.unban(owner, chat, ann);
        assert!(world.chat(chat).unwrap().has(ann));
    }
}
