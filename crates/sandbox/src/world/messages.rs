//! Messages: what people and bots write to each other, buttons, and the notes a chat makes of joins.

use super::{ChatKind, Entry, What, World, to_json};
use telegram::bot_api::types::{
    CallbackQuery, ChatMember, ChatMemberUpdated, InlineKeyboardMarkup, Kicked, Message, MessageEntity, Plain,
};

/// How long a bot may write to somebody who asked to join.
const REQUEST_WINDOW_SECONDS: i64 = 300;
/// So many messages somebody keeps: a bot that is tried with a million of them shall not fill the memory.
const LONGEST_INBOX: usize = 1000;
/// How long a button press waits for its answer.
const CALLBACK_SECONDS: i64 = 150;

/// Where a bot's message goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SendTo {
    Person(i64),
    Chat(i64),
}

/// Why a bot cannot write there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    NeverMet,
    IsBot,
    Blocked,
    NotStarted,
    Deleted,
}

impl World {
    /// A bot writes.
    pub(crate) fn send(
        &mut self,
        bot: i64,
        to: SendTo,
        text: &str,
        reply_markup: Option<InlineKeyboardMarkup>,
    ) -> Result<Message, Refusal> {
        let from = Some(self.user(bot));
        let draft = |message_id, chat| Message {
            message_id,
            from,
            chat,
            date: 0,
            text: Some(text.to_owned()),
            entities: entities(text),
            reply_markup,
            ..Message::default()
        };
        match to {
            SendTo::Chat(chat) => {
                let now = self.now;
                let at = self.chats.get_mut(&chat).ok_or(Refusal::NeverMet)?;
                let number = at.next_message;
                at.next_message += 1;
                Ok(Message { date: now, ..draft(number, at.shown()) })
            }
            SendTo::Person(person) => {
                self.may_write(bot, person)?;
                let now = self.now;
                let account = self.accounts.get_mut(&person).ok_or(Refusal::NeverMet)?;
                let chat = account.private_chat();
                let message = Message { date: now, ..draft(account.next_message, chat) };
                account.next_message += 1;
                account.inbox.push_back(message.clone());
                if account.inbox.len() > LONGEST_INBOX {
                    account.inbox.pop_front();
                }
                self.stirred = true;
                self.note(Entry::new(What::Delivered).user(person));
                Ok(message)
            }
        }
    }

    fn may_write(&self, bot: i64, person: i64) -> Result<(), Refusal> {
        let account = self.accounts.get(&person).ok_or(Refusal::NeverMet)?;
        let bot = self.bots.get(&bot).ok_or(Refusal::NeverMet)?;
        let asked_lately = |chat: &super::Chat| {
            let fresh = |asked: &super::Asked| asked.at + REQUEST_WINDOW_SECONDS > self.now;
            chat.request(person).is_some_and(fresh) && chat.may_invite(bot.id)
        };
        if account.is_bot {
            Err(Refusal::IsBot)
        } else if account.is_deleted {
            Err(Refusal::Deleted)
        } else if bot.blocked.contains(&person) {
            Err(Refusal::Blocked)
        } else if bot.started.contains(&person) || self.chats.values().any(asked_lately) {
            Ok(())
        } else if bot.has_met(person) {
            Err(Refusal::NotStarted)
        } else {
            Err(Refusal::NeverMet)
        }
    }

    /// A person writes to a bot, which starts it.
    pub(crate) fn write(&mut self, person: i64, bot: i64, text: &str) -> Option<i64> {
        let was_blocked = self.bots.get(&bot)?.blocked.contains(&person);
        if was_blocked {
            self.set_blocked(person, bot, false);
        }
        let from = self.user(person);
        let now = self.now;
        let account = self.accounts.get_mut(&person)?;
        let message_id = account.next_message;
        account.next_message += 1;
        let message = Message {
            message_id,
            from: Some(from),
            chat: account.private_chat(),
            date: now,
            text: Some(text.to_owned()),
            entities: entities(text),
            ..Message::default()
        };
        let bot = self.bots.get_mut(&bot)?;
        bot.met.insert(person);
        bot.started.insert(person);
        let bot = bot.id;
        self.note(Entry::new(What::Wrote).user(person));
        self.push(bot, "message", (1, person), &to_json(&message));
        Some(message_id)
    }

    /// A person presses a button under a message they got; nothing, if there is no such button.
    pub(crate) fn press(&mut self, person: i64, message_id: i64, data: &str) -> Option<()> {
        let account = self.accounts.get(&person)?;
        let message = account.inbox.iter().find(|message| message.message_id == message_id)?.clone();
        let mut buttons =
            message.reply_markup.iter().flat_map(|markup| markup.inline_keyboard.iter().flatten());
        buttons.find(|button| button.callback_data.as_deref() == Some(data))?;
        let bot = message.from.as_ref()?.id;
        let id = self.numbers.callback;
        self.numbers.callback += 1;
        self.bots.get_mut(&bot)?.callbacks.insert((id, self.now + CALLBACK_SECONDS));
        let query = CallbackQuery {
            id: id.to_string(),
            from: self.user(person),
            message: Some(message),
            inline_message_id: None,
            chat_instance: person.to_string(),
            data: Some(data.to_owned()),
        };
        self.note(Entry::new(What::Pressed).user(person));
        self.push(bot, "callback_query", (5, person), &to_json(&query));
        Some(())
    }

    /// A bot answers a press, once and in time.
    pub(crate) fn answer_press(&mut self, bot: i64, id: i64) -> bool {
        let now = self.now;
        let Some(bot) = self.bots.get_mut(&bot) else { return false };
        bot.callbacks.retain(|(_, until)| *until > now);
        let known = bot.callbacks.iter().find(|(known, _)| *known == id).copied();
        known.is_some_and(|callback| bot.callbacks.remove(&callback))
    }

    /// A person blocks a bot, or lets it speak again; the bot is told either way.
    pub(crate) fn set_blocked(&mut self, person: i64, bot: i64, blocked: bool) {
        let (user, me) = (self.user(person), self.user(bot));
        let Some(chat) = self.accounts.get(&person).map(super::Account::private_chat) else { return };
        let Some(at) = self.bots.get_mut(&bot) else { return };
        let changed = if blocked { at.blocked.insert(person) } else { at.blocked.remove(&person) };
        if !changed {
            return;
        }
        at.met.insert(person);
        if blocked {
            at.started.remove(&person);
        }
        let inside = ChatMember::Member(me.clone(), Plain::default());
        let outside = ChatMember::Kicked(me, Kicked::default());
        let (old_chat_member, new_chat_member) = if blocked { (inside, outside) } else { (outside, inside) };
        let change = ChatMemberUpdated {
            chat,
            from: user,
            date: self.now,
            old_chat_member,
            new_chat_member,
            invite_link: None,
            via_join_request: false,
            via_chat_folder_invite_link: false,
        };
        if blocked {
            self.note(Entry::new(What::Blocked).user(person));
        }
        self.push(bot, "my_chat_member", (6, person), &to_json(&change));
    }

    /// A chat's own note of what happened, as every bot in it gets it. Channels make none.
    pub(super) fn post_service(&mut self, chat: i64, actor: i64, fill: impl FnOnce(&mut Message)) {
        let from = Some(self.user(actor));
        let now = self.now;
        let Some(at) = self.chats.get_mut(&chat).filter(|chat| chat.kind != ChatKind::Channel) else {
            return;
        };
        let mut message =
            Message { message_id: at.next_message, from, chat: at.shown(), date: now, ..Message::default() };
        at.next_message += 1;
        fill(&mut message);
        let readers: Vec<_> = self.bots.keys().copied().filter(|&bot| at.has(bot)).collect();
        let body = to_json(&message);
        for bot in readers {
            self.push(bot, "message", (1, chat), &body);
        }
    }
}

/// Commands at the beginning of words, which is all our bots look for. Offsets count UTF-16 units.
fn entities(text: &str) -> Vec<MessageEntity> {
    let is_command = |word: &str| {
        let name = word.strip_prefix('/').unwrap_or("");
        !name.is_empty()
            && name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_' || each == '@')
    };
    let units = |text: &str| i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX);
    text.split_whitespace()
        .filter(|word| is_command(word))
        .map(|word| {
            let at = word.as_ptr() as usize - text.as_ptr() as usize;
            MessageEntity { offset: units(&text[..at]), length: units(word), kind: "bot_command".to_owned() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Unknowns;

    #[test]
    fn an_inbox_keeps_the_newest() {
        let mut world = World::new(1_800_000_000, 0, "https://t.me", Unknowns::default()).unwrap();
        let (bot, ann) = (world.add_bot("one_bot", false), world.add_person("Ann").id);
        world.write(ann, bot, "/start");
        for _ in 0..LONGEST_INBOX + 5 {
            world.send(bot, SendTo::Person(ann), "hello", None).unwrap();
        }
        let inbox = &world.account(ann).unwrap().inbox;
        assert_eq!((inbox.len(), inbox[0].message_id), (LONGEST_INBOX, 7));
    }
}
