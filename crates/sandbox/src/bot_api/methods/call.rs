//! One call while it is carried out: where it wants to act, whether it may, and what its arguments mean.

use crate::bot_api::answer::{Answer, Failure};
use crate::bot_api::arguments::{Arguments, wrapping};
use crate::world::{Bot, Chat, ChatKind, Entry, LinkNo, NewLink, Office, World};

/// One call while it is carried out.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) arguments: &'a Arguments,
    pub(crate) bot: i64,
    /// What the ledger will say of it.
    pub(crate) entry: Entry,
    pub(crate) strict: bool,
}

pub(crate) type Outcome = Result<Answer, Failure>;

/// Where a call wants to act.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Person(i64),
    Chat(i64),
}

/// What a call wants to do there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    ReadMembers,
    Write,
}

impl Call<'_> {
    pub(super) fn bot(&self) -> &Bot {
        self.world.bot(self.bot).expect("the token named it")
    }

    pub(super) fn bot_mut(&mut self) -> &mut Bot {
        self.world.bot_mut(self.bot).expect("the token named it")
    }

    pub(super) fn at(&self, chat: i64) -> &Chat {
        self.world.chat(chat).expect("the place was checked")
    }

    /// The link as the answer, and for the ledger.
    pub(super) fn link(&mut self, number: LinkNo) -> Answer {
        self.entry.link = number;
        let invite = self.world.invite(number).expect("it was just touched");
        Answer::of(&self.world.shown_link(invite, self.bot))
    }

    /// The ledger shall know whose query it was.
    pub(super) fn name_query(&mut self, query: &str) {
        if let Some((chat, person)) = self.world.query_of(self.bot, query) {
            (self.entry.chat, self.entry.user) = (chat, person);
        }
    }

    pub(super) fn link_name(&self) -> Result<String, Failure> {
        let text = self.arguments.text("name").ok_or_else(not_utf8)?;
        Ok(links::LinkName::clean(text).map(|name| name.as_str().to_owned()).unwrap_or_default())
    }

    pub(super) fn link_text(&mut self) -> Result<String, Failure> {
        let text = self.arguments.text("invite_link").map(str::to_owned).ok_or_else(not_utf8)?;
        if let Some(number) = self.world.find_link(&text) {
            self.entry.link = number;
        }
        Ok(text)
    }

    /// Name, expiry, limit and approval, clamped and never refused; only the name can be no text.
    pub(super) fn terms(&self) -> Result<NewLink, Failure> {
        let expires_at = self.arguments.int("expire_date", 0, i32::MAX).unsigned_abs();
        let limit = self.arguments.int("member_limit", 0, 100_000).unsigned_abs();
        let by_request = self.arguments.flag("creates_join_request");
        Ok(NewLink { name: self.link_name()?, expires_at, limit, by_request, ..NewLink::default() })
    }

    pub(super) fn user_id(&mut self) -> Result<i64, Failure> {
        let user = self.arguments.long("user_id");
        if user <= 0 {
            return Err(Failure::bad("invalid user_id specified"));
        }
        self.entry.user = user;
        Ok(user)
    }

    /// The chat whose links are meant. Private chats have none, and without the right there is nothing to manage.
    pub(super) fn links_of(&self, place: Place) -> Result<i64, Failure> {
        match place {
            Place::Person(_) => Err(Failure::bad("can't invite members to a private chat")),
            Place::Chat(chat) if !self.at(chat).may_invite(self.bot) => {
                Err(Failure::bad("not enough rights to manage chat invite link"))
            }
            Place::Chat(chat) => Ok(chat),
        }
    }

    /// The chat a person can be put out of by this bot.
    pub(super) fn removable(&mut self, person: i64) -> Result<i64, Failure> {
        let place = self.chat(Access::Write)?;
        let Place::Chat(chat) = place else { return Err(Failure::bad("can't ban members in private chats")) };
        let at = self.at(chat);
        let may = matches!(at.office(self.bot), Some(Office::Administrator(rights)) if rights.has("can_restrict_members"));
        let wrong = if person == self.bot {
            "can't restrict self"
        } else if !may {
            "not enough rights to restrict/unrestrict chat member"
        } else if self.world.account(person).is_none() {
            "member not found"
        } else {
            match at.office(person) {
                Some(Office::Owner) => "can't remove chat owner",
                Some(Office::Administrator(_)) => "user is an administrator of the chat",
                _ => return Ok(chat),
            }
        };
        Err(Failure::bad(wrong))
    }

    /// Reads `chat_id` and looks whether the bot may do this there.
    pub(super) fn chat(&mut self, access: Access) -> Result<Place, Failure> {
        self.chat_named(self.arguments.bytes("chat_id"), access)
    }

    /// The same, where a chat is named otherwise.
    pub(super) fn chat_named(&mut self, name: &[u8], access: Access) -> Result<Place, Failure> {
        let place = self.find_place(name)?;
        let number = match place {
            Place::Person(person) => person,
            Place::Chat(chat) => chat,
        };
        self.entry.chat = number;
        if let Place::Chat(chat) = place {
            check_access(self.at(chat), self.bot, access, self.world.now)?;
        }
        Ok(place)
    }

    fn find_place(&self, raw: &[u8]) -> Result<Place, Failure> {
        let not_found = || Failure::bad("chat not found");
        if raw.is_empty() {
            return Err(Failure::bad("chat_id is empty"));
        }
        if let Some(name) = raw.strip_prefix(b"@") {
            let name = String::from_utf8_lossy(name);
            let bot = || self.world.account_by_name(&name).filter(|account| account.is_bot);
            let chat = self.world.chat_by_name(&name).map(|chat| Place::Chat(chat.id));
            return chat.or_else(|| bot().map(|bot| Place::Person(bot.id))).ok_or_else(not_found);
        }
        let number = wrapping(raw);
        if number > 0 {
            let known = number == self.bot || self.bot().has_met(number);
            return if known { Ok(Place::Person(number)) } else { Err(not_found()) };
        }
        let chat = self.world.chat(number).ok_or_else(not_found)?;
        let known = chat.membership(self.bot).is_some() || chat.username.is_some();
        if known { Ok(Place::Chat(number)) } else { Err(not_found()) }
    }
}

fn not_utf8() -> Failure {
    Failure::bad("strings must be encoded in UTF-8")
}

/// Whether a bot may read or write in a chat. (Bot API server, `Client::check_chat_access`.)
fn check_access(chat: &Chat, bot: i64, access: Access, now: i64) -> Result<(), Failure> {
    let name = chat.kind.as_str();
    let office = chat.office(bot).copied().unwrap_or(Office::Left);
    if let Some(new) = chat.upgraded_to
        && access == Access::Write
    {
        let text = "group chat was upgraded to a supergroup chat";
        return Err(Failure { migrate_to: Some(new), ..Failure::bad(text) });
    }
    // A basic group can be read about by whoever was in it; other chats only from inside, unless they are public.
    let open = match chat.kind {
        ChatKind::Group => access != Access::Write,
        ChatKind::Supergroup | ChatKind::Channel => access != Access::Write && chat.username.is_some(),
    };
    let banned_counts = chat.kind != ChatKind::Group || access == Access::Write;
    if office.is_banned(now) && banned_counts {
        Err(Failure::forbidden(&format!("bot was kicked from the {name} chat")))
    } else if !office.is_in() && !open {
        Err(Failure::forbidden(&format!("bot is not a member of the {name} chat")))
    } else {
        Ok(())
    }
}
