//! Offices in a chat: given, taken, lost by a ban, kept through a migration.

use super::{Chat, ChatKind, Entry, Membership, Rights, What, Word, World};

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
        if !self.accounts.contains_key(&who) {
            return Err(Word("USER_ID_INVALID"));
        }
        let owner = self.owner(chat).ok_or(Word("CHAT_ID_INVALID"))?;
        self.note(Entry::new(What::Office).chat(chat).user(who));
        self.change_office(chat, owner, who, office, None);
        let chat = self.chats.get_mut(&chat).expect("its owner was just found");
        // Telegram drops a guard that can no longer decide.
        if chat.guard == Some(who) && !chat.may_invite(who) {
            chat.guard = None;
        }
        Ok(())
    }

    /// Who owns the chat.
    pub(crate) fn owner(&self, chat: i64) -> Option<i64> {
        let owns = |membership: &Membership| membership.office == Office::Owner;
        self.chats.get(&chat)?.members.iter().find(|(_, membership)| owns(membership)).map(|(&who, _)| who)
    }

    /// Somebody goes of their own will.
    pub(crate) fn leave(&mut self, person: i64, chat: i64) -> Result<(), Word> {
        if !self.chats.get(&chat).ok_or(Word("CHAT_ID_INVALID"))?.has(person) {
            return Err(Word("USER_NOT_PARTICIPANT"));
        }
        self.note(Entry::new(What::Left).chat(chat).user(person));
        self.change_office(chat, person, person, Office::Left, None);
        Ok(())
    }

    /// Somebody is put out and kept out. From a basic group they are only removed.
    pub(crate) fn ban(&mut self, actor: i64, chat: i64, person: i64, until: i64) -> Result<(), Word> {
        let kind = self.chats.get(&chat).ok_or(Word("CHAT_ID_INVALID"))?.kind;
        let office = if kind == ChatKind::Group { Office::Left } else { Office::Banned { until } };
        if let Some(asked) = self.drop_request(chat, person) {
            self.abandon_query(&asked);
        }
        self.note(Entry::new(What::Banned).chat(chat).user(person));
        self.change_office(chat, actor, person, office, None);
        Ok(())
    }

    /// Somebody may come back.
    pub(crate) fn unban(&mut self, actor: i64, chat: i64, person: i64) {
        self.note(Entry::new(What::Unbanned).chat(chat).user(person));
        self.change_office(chat, actor, person, Office::Left, None);
    }

    /// A basic group becomes a supergroup: a new number, the same people, no links.
    pub(crate) fn migrate(&mut self, chat: i64) -> Result<i64, Word> {
        let old = self.chats.get(&chat).ok_or(Word("CHAT_ID_INVALID"))?;
        if old.kind != ChatKind::Group || old.upgraded_to.is_some() {
            return Err(Word("CHAT_ID_INVALID"));
        }
        let (title, owner) = (old.title.clone(), self.owner(chat).ok_or(Word("CHAT_ID_INVALID"))?);
        let new = self.add_chat(ChatKind::Supergroup, &title, None, false);
        let old = self.chats.get_mut(&chat).expect("it was just found");
        old.upgraded_to = Some(new);
        old.requests.clear();
        let mut members = old.members.clone();
        members.values_mut().for_each(|membership| membership.via = None);
        self.chats.get_mut(&new).expect("it was just made").members = members;
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
        entry: Option<super::joining::Came>,
    ) {
        let now = self.now;
        let Some(at) = self.chats.get_mut(&chat) else { return };
        let before = at.members.get(&who).cloned();
        let was = before.as_ref().map_or(Office::Left, |membership| membership.office);
        let via = match (was.is_in(), office.is_in()) {
            (true, true) => before.as_ref().and_then(|membership| membership.via),
            _ => entry.as_ref().and_then(|came| came.via),
        };
        let until = entry.as_ref().and_then(|came| came.until);
        let after = Membership { office, via, until };
        at.members.insert(who, after.clone());

        // A leaver frees a place: a limit counts people at the same time.
        let left_by = before.as_ref().and_then(|membership| membership.via).filter(|_| !office.is_in());
        if let Some(invite) = left_by.and_then(|number| self.invite_mut(number)) {
            invite.uses -= 1;
        }
        if let Some(invite) = via.filter(|_| !was.is_in()).and_then(|number| self.invite_mut(number)) {
            invite.uses += 1;
        }
        if was == office {
            return;
        }
        self.meet(chat, who);
        let before = before.unwrap_or(Membership { office: Office::Left, via: None, until: None });
        self.tell_office(chat, actor, who, &before, &after, entry.as_ref(), now);
        match (was.is_in(), office.is_in()) {
            (false, true) => {
                let user = self.user(who);
                self.post_service(chat, if entry.is_some() { who } else { actor }, |message| {
                    message.new_chat_participant = Some(user.clone());
                    message.new_chat_member = Some(user.clone());
                    message.new_chat_members = vec![user];
                });
            }
            (true, false) => {
                let user = self.user(who);
                self.post_service(chat, actor, |message| {
                    message.left_chat_participant = Some(user.clone());
                    message.left_chat_member = Some(user);
                });
            }
            _ => {}
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
        self.members
            .iter()
            .filter(|(_, membership)| matches!(membership.office, Office::Owner | Office::Administrator(_)))
            .map(|(&who, _)| who)
    }
}
