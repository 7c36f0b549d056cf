//! The methods, and all of those that answer at once: what they read, what the server refuses before Telegram is asked, and what
//! they answer. The order of the checks is the server's own.

use super::answer::{Answer, Failure};
use super::arguments::{Arguments, wrapping};
use crate::world::{
    Chat, ChatKind, Entry, GuardAnswer, LinkNo, NewLink, Office, Refusal, SendTo, World, to_json,
};
use telegram::bot_api::types;

/// One call while it is carried out.
pub(super) struct Call<'a> {
    pub(super) world: &'a mut World,
    pub(super) arguments: &'a Arguments,
    pub(super) bot: i64,
    /// What the ledger will say of it.
    pub(super) entry: Entry,
    pub(super) strict: bool,
}

type Outcome = Result<Answer, Failure>;

/// A method: its proper name, and how it is carried out.
#[derive(Clone, Copy)]
pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) run: Run,
}

/// How a method is carried out.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// In one turn of the world.
    AtOnce(fn(&mut Call) -> Outcome),
    GetUpdates,
    SetWebhook,
    DeleteWebhook,
    GetWebhookInfo,
    Unban,
}

/// The method of this name in lower case.
pub(super) fn find(lower_case: &str) -> Option<Method> {
    let at_once = |name, run| Method { name, run: Run::AtOnce(run) };
    Some(match lower_case {
        "createchatinvitelink" => at_once("createChatInviteLink", create),
        "exportchatinvitelink" => at_once("exportChatInviteLink", export),
        "editchatinvitelink" => at_once("editChatInviteLink", edit),
        "createchatsubscriptioninvitelink" => {
            at_once("createChatSubscriptionInviteLink", create_subscription)
        }
        "editchatsubscriptioninvitelink" => at_once("editChatSubscriptionInviteLink", edit_subscription),
        "revokechatinvitelink" => at_once("revokeChatInviteLink", revoke),
        "approvechatjoinrequest" => at_once("approveChatJoinRequest", approve),
        "declinechatjoinrequest" => at_once("declineChatJoinRequest", decline),
        "answerchatjoinrequestquery" => at_once("answerChatJoinRequestQuery", answer_query),
        "sendchatjoinrequestwebapp" => at_once("sendChatJoinRequestWebApp", send_web_app),
        "getme" => at_once("getMe", get_me),
        "getchat" => at_once("getChat", get_chat),
        "getchatmember" => at_once("getChatMember", get_chat_member),
        "getchatadministrators" => at_once("getChatAdministrators", get_chat_administrators),
        "getchatmembercount" | "getchatmemberscount" => at_once("getChatMemberCount", get_chat_member_count),
        "banchatmember" | "kickchatmember" => at_once("banChatMember", ban),
        "leavechat" => at_once("leaveChat", leave),
        "sendmessage" => at_once("sendMessage", send_message),
        "answercallbackquery" => at_once("answerCallbackQuery", answer_callback),
        "setmycommands" => at_once("setMyCommands", set_my_commands),
        "getmycommands" => at_once("getMyCommands", get_my_commands),
        "deletemycommands" => at_once("deleteMyCommands", delete_my_commands),
        "logout" => at_once("logOut", log_out),
        "close" => at_once("close", close),
        "unbanchatmember" => Method { name: "unbanChatMember", run: Run::Unban },
        "getupdates" => Method { name: "getUpdates", run: Run::GetUpdates },
        "setwebhook" => Method { name: "setWebhook", run: Run::SetWebhook },
        "deletewebhook" => Method { name: "deleteWebhook", run: Run::DeleteWebhook },
        "getwebhookinfo" => Method { name: "getWebhookInfo", run: Run::GetWebhookInfo },
        _ => return None,
    })
}

// Links.

fn create(call: &mut Call) -> Outcome {
    let new = call.terms();
    let place = call.chat(Access::Write)?;
    let new = new?;
    if new.by_request && new.limit > 0 {
        return Err(limit_with_approval());
    }
    let chat = call.links_of(place)?;
    let made = call.world.create_link(call.bot, chat, new)?;
    Ok(call.link(made))
}

fn create_subscription(call: &mut Call) -> Outcome {
    let name = call.link_name();
    let period = call.arguments.int("subscription_period", 0, 1_000_000_000).unsigned_abs();
    let stars = call.arguments.int("subscription_price", 0, 1_000_000).unsigned_abs();
    let place = call.chat(Access::Write)?;
    let name = name?;
    if period == 0 || stars == 0 {
        return Err(Failure::bad("invalid subscription pricing specified"));
    }
    let chat = call.links_of(place)?;
    let new = NewLink { name, period_seconds: period, stars, ..NewLink::default() };
    let made = call.world.create_link(call.bot, chat, new)?;
    Ok(call.link(made))
}

fn export(call: &mut Call) -> Outcome {
    let place = call.chat(Access::Write)?;
    let chat = call.links_of(place)?;
    let made = call.world.replace_primary(call.bot, chat)?;
    call.entry.link = made;
    let invite = call.world.invite(made).expect("it was just made");
    Ok(Answer::of(&call.world.url(invite)))
}

fn edit(call: &mut Call) -> Outcome {
    let new = call.terms();
    let place = call.chat(Access::Write)?;
    let new = new?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    if new.by_request && new.limit > 0 {
        return Err(limit_with_approval());
    }
    let link = not_empty(link)?;
    let edited = call.world.edit_link(call.bot, chat, &link, new)?;
    Ok(call.link(edited))
}

fn edit_subscription(call: &mut Call) -> Outcome {
    let name = call.link_name();
    let place = call.chat(Access::Write)?;
    let name = name?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    let link = not_empty(link)?;
    let edited = call.world.rename_link(call.bot, chat, &link, name)?;
    Ok(call.link(edited))
}

fn revoke(call: &mut Call) -> Outcome {
    let place = call.chat(Access::Write)?;
    let link = call.link_text()?;
    let chat = call.links_of(place)?;
    let link = not_empty(link)?;
    let (revoked, _) = call.world.revoke_link(call.bot, chat, &link)?;
    Ok(call.link(revoked))
}

fn limit_with_approval() -> Failure {
    Failure::bad("member limit can't be specified for links requiring administrator approval")
}

fn not_empty(link: String) -> Result<String, Failure> {
    if link.is_empty() { Err(Failure::bad("invite link must be non-empty")) } else { Ok(link) }
}

// Requests.

fn approve(call: &mut Call) -> Outcome {
    decide(call, true)
}

fn decline(call: &mut Call) -> Outcome {
    decide(call, false)
}

fn decide(call: &mut Call, approve: bool) -> Outcome {
    let person = call.user_id()?;
    let chat = call.chat(Access::Write)?;
    let Place::Chat(chat) = chat else { return Err(Failure::bad("the chat can't have join requests")) };
    if !call.at(chat).may_invite(call.bot) {
        return Err(Failure::bad("not enough rights to manage chat join requests"));
    }
    if person >= 1 << 40 {
        return Err(Failure::bad("user not found"));
    }
    call.world.decide(call.bot, chat, person, approve)?;
    Ok(Answer::yes())
}

fn answer_query(call: &mut Call) -> Outcome {
    let query = call.arguments.lossy("chat_join_request_query_id").into_owned();
    let answer = match &*call.arguments.lossy("result") {
        "approve" => GuardAnswer::Approve,
        "decline" => GuardAnswer::Decline,
        "queue" => GuardAnswer::Queue,
        _ => return Err(Failure::bad("invalid result specified")),
    };
    call.name_query(&query);
    call.world.answer_query(call.bot, &query, answer)?;
    Ok(Answer::yes())
}

fn send_web_app(call: &mut Call) -> Outcome {
    let query = call.arguments.lossy("chat_join_request_query_id").into_owned();
    let url = call.arguments.lossy("web_app_url").into_owned();
    call.name_query(&query);
    if !(url.starts_with("https://") || (!call.strict && url.starts_with("http://"))) {
        return Err(Failure::bad("Web App URL must be HTTPS"));
    }
    call.world.show_web_app(call.bot, &query, url)?;
    Ok(Answer::yes())
}

// The bot itself.

/// How long a bot may not come back after `logOut`, and may not `close` after its launch.
const TEN_MINUTES: i64 = 600;

fn log_out(call: &mut Call) -> Outcome {
    call.bot_mut().logged_out_until = call.world.now + TEN_MINUTES;
    Ok(Answer::yes())
}

fn close(call: &mut Call) -> Outcome {
    let left = call.bot().launched_at + TEN_MINUTES - call.world.now;
    if left > 0 {
        return Err(Failure::too_many(left));
    }
    call.bot_mut().launched_at = call.world.now;
    Ok(Answer::yes())
}

// Chats and their members.

fn get_me(call: &mut Call) -> Outcome {
    let user = call.world.user(call.bot);
    let me = types::Me {
        id: user.id,
        is_bot: true,
        first_name: user.first_name,
        username: user.username,
        can_join_groups: true,
        supports_join_request_queries: call.world.bot(call.bot).is_some_and(|bot| bot.guard),
        ..types::Me::default()
    };
    Ok(Answer::of(&me))
}

fn get_chat(call: &mut Call) -> Outcome {
    let chat = match call.chat(Access::Read)? {
        Place::Person(person) => {
            let person = call.world.account(person).ok_or_else(|| Failure::bad("chat not found"))?;
            let chat = person.private_chat();
            let bio = person.bio.clone();
            let active_usernames = chat.username.clone().into_iter().collect();
            let named =
                types::ChatFullInfo { id: chat.id, kind: chat.kind, bio, ..types::ChatFullInfo::default() };
            let named = types::ChatFullInfo { first_name: chat.first_name, active_usernames, ..named };
            types::ChatFullInfo { username: chat.username, ..named }
        }
        Place::Chat(chat) => {
            let may_invite = call.at(chat).may_invite(call.bot) && call.at(chat).upgraded_to.is_none();
            let primary = if may_invite { Some(call.world.primary_link(call.bot, chat)?) } else { None };
            let primary = primary.and_then(|number| call.world.invite(number));
            let invite_link = primary.map(|invite| call.world.url(invite));
            full_chat(call, call.at(chat), invite_link)
        }
    };
    Ok(Answer::of(&chat))
}

fn full_chat(call: &Call, chat: &Chat, invite_link: Option<String>) -> types::ChatFullInfo {
    let is_administrator = matches!(chat.office(call.bot), Some(Office::Administrator(_)));
    types::ChatFullInfo {
        id: chat.id,
        title: Some(chat.title.clone()),
        username: chat.username.clone(),
        kind: chat.kind.as_str().to_owned(),
        active_usernames: chat.username.clone().into_iter().collect(),
        invite_link,
        permissions: (chat.kind != ChatKind::Channel).then(types::ChatPermissions::default),
        join_by_request: chat.join_by_request && chat.kind == ChatKind::Supergroup,
        all_members_are_administrators: (chat.kind == ChatKind::Group).then_some(true),
        max_reaction_count: 11,
        guard_bot: chat.guard.filter(|_| is_administrator).map(|bot| call.world.user(bot)),
        ..types::ChatFullInfo::default()
    }
}

fn get_chat_member(call: &mut Call) -> Outcome {
    let person = call.user_id()?;
    let itself = person == call.bot;
    let chat = call.chat(if itself { Access::Read } else { Access::ReadMembers })?;
    let Place::Chat(chat) = chat else { return Err(Failure::bad("member not found")) };
    let chat = call.at(chat);
    let known = itself || chat.membership(person).is_some() || call.bot().has_met(person);
    if chat.kind == ChatKind::Channel
        && !itself
        && !matches!(chat.office(call.bot), Some(Office::Administrator(_)))
    {
        return Err(Failure::bad("member list is inaccessible"));
    }
    if !known || call.world.account(person).is_none() {
        return Err(Failure::bad("member not found"));
    }
    Ok(Answer::of(&call.world.shown_member(chat.kind, person, chat.membership(person))))
}

fn get_chat_administrators(call: &mut Call) -> Outcome {
    let Place::Chat(chat) = call.chat(Access::ReadMembers)? else {
        return Err(Failure::bad("there are no administrators in the private chat"));
    };
    let with_bots = call.arguments.flag("return_bots");
    let chat = call.at(chat);
    let is_shown = |who: i64| with_bots || who == call.bot || call.world.bot(who).is_none();
    let administrators: Vec<_> = chat
        .memberships()
        .filter(|(who, it)| matches!(it.office, Office::Owner | Office::Administrator(_)) && is_shown(*who))
        .map(|(who, membership)| call.world.shown_member(chat.kind, who, Some(membership)))
        .collect();
    Ok(Answer::of(&administrators))
}

fn get_chat_member_count(call: &mut Call) -> Outcome {
    let count = match call.chat(Access::Read)? {
        Place::Person(person) => 1 + usize::from(person != call.bot),
        Place::Chat(chat) => call.at(chat).member_count(),
    };
    Ok(Answer::of(&count))
}

fn ban(call: &mut Call) -> Outcome {
    let person = call.user_id()?;
    let until = i64::from(call.arguments.int("until_date", i32::MIN, i32::MAX));
    let chat = call.removable(person)?;
    let ahead = until - call.world.now;
    let until = if (30..=366 * 24 * 3600).contains(&ahead) { until } else { 0 };
    call.world.ban(call.bot, chat, person, until)?;
    Ok(Answer::yes())
}

/// The first half of `unbanChatMember`: whether a member has to be put out first.
pub(super) enum Unban {
    /// Nothing to do any more.
    Done,
    /// They were banned a moment ago, so that they are out; one second later they may come back.
    ThenLetBack { chat: i64, person: i64 },
}

pub(super) fn unban(call: &mut Call) -> Result<Unban, Failure> {
    let person = call.user_id()?;
    let only_if_banned = call.arguments.flag("only_if_banned");
    let chat = call.removable(person)?;
    if call.at(chat).kind == ChatKind::Group {
        return Err(Failure::bad("method is available for supergroup and channel chats only"));
    }
    let office = call.at(chat).office(person).copied();
    let now = call.world.now;
    match office {
        Some(office) if office.is_banned(now) => call.world.unban(call.bot, chat, person),
        Some(office) if office.is_in() && !only_if_banned => {
            call.world.ban(call.bot, chat, person, now + 60)?;
            return Ok(Unban::ThenLetBack { chat, person });
        }
        _ => {}
    }
    Ok(Unban::Done)
}

fn leave(call: &mut Call) -> Outcome {
    let Place::Chat(chat) = call.chat(Access::Write)? else { return Err(Failure::bad("chat not found")) };
    call.world.leave(call.bot, chat)?;
    Ok(Answer::yes())
}

// Messages.

fn send_message(call: &mut Call) -> Outcome {
    let text = call.arguments.text("text").map(str::to_owned);
    let text = text.ok_or_else(|| Failure::bad("strings must be encoded in UTF-8"))?;
    if text.trim().is_empty() {
        return Err(Failure::bad("message text is empty"));
    }
    if text.len() > 32_768 {
        return Err(Failure::bad("text is too long"));
    }
    let markup = match call.arguments.bytes("reply_markup") {
        b"" => None,
        raw => {
            let keyboard = serde_json::from_slice::<types::InlineKeyboardMarkup>(raw);
            Some(keyboard.map_err(|_| Failure::bad("can't parse reply keyboard markup JSON object"))?)
        }
    };
    let to = match call.chat(Access::Write)? {
        Place::Person(person) => SendTo::Person(person),
        Place::Chat(chat) => {
            let at = call.at(chat);
            let may_post = match at.office(call.bot) {
                Some(Office::Administrator(rights)) => rights.has("can_post_messages"),
                _ => false,
            };
            if at.kind == ChatKind::Channel && !may_post {
                return Err(Failure::bad("need administrator rights in the channel chat"));
            }
            SendTo::Chat(chat)
        }
    };
    if text.chars().count() > 4096 {
        return Err(Failure::bad("message is too long"));
    }
    let sent = call.world.send(call.bot, to, &text, markup).map_err(|refusal| match refusal {
        Refusal::NeverMet => Failure::bad("chat not found"),
        Refusal::IsBot => Failure::forbidden("the bot can't send messages to the bot"),
        Refusal::Blocked => Failure::forbidden("bot was blocked by the user"),
        Refusal::NotStarted => Failure::forbidden("bot can't initiate conversation with a user"),
    })?;
    Ok(Answer::of(&sent))
}

fn answer_callback(call: &mut Call) -> Outcome {
    let id = call.arguments.long("callback_query_id");
    if call.world.answer_press(call.bot, id) {
        Ok(Answer::yes())
    } else {
        Err(crate::world::Word("QUERY_ID_INVALID").into())
    }
}

fn set_my_commands(call: &mut Call) -> Outcome {
    let raw = call.arguments.bytes("commands");
    let commands = if raw.is_empty() { b"[]" } else { raw };
    let json: serde_json::Value =
        serde_json::from_slice(commands).map_err(|_| Failure::bad("can't parse commands JSON object"))?;
    if !json.is_array() {
        return Err(Failure::bad("expected an Array of BotCommand"));
    }
    let mut commands: Vec<types::BotCommand> = serde_json::from_value(json).map_err(|_| {
        Failure::bad("can't parse BotCommand: expected an Object with fields command and description")
    })?;
    for each in &mut commands {
        each.command = each.command.strip_prefix('/').unwrap_or(&each.command).to_owned();
        let (command, description) = (each.command.chars().count(), each.description.chars().count());
        let wrong = match () {
            () if command == 0 => "command must be non-empty",
            () if command > 32 => "command length must not exceed 32",
            () if description == 0 => "command description must be non-empty",
            () if description > 256 => "command description length must not exceed 256",
            () => continue,
        };
        return Err(Failure::bad(wrong));
    }
    call.bot_mut().commands = to_json(&commands);
    Ok(Answer::yes())
}

fn get_my_commands(call: &mut Call) -> Outcome {
    Ok(Answer { result: call.bot().commands.clone(), description: None })
}

fn delete_my_commands(call: &mut Call) -> Outcome {
    call.bot_mut().commands = "[]".to_owned();
    Ok(Answer::yes())
}

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
    fn bot(&self) -> &crate::world::Bot {
        self.world.bot(self.bot).expect("the token named it")
    }

    fn bot_mut(&mut self) -> &mut crate::world::Bot {
        self.world.bot_mut(self.bot).expect("the token named it")
    }

    fn at(&self, chat: i64) -> &Chat {
        self.world.chat(chat).expect("the place was checked")
    }

    /// The link as the answer, and for the ledger.
    fn link(&mut self, number: LinkNo) -> Answer {
        self.entry.link = number;
        let invite = self.world.invite(number).expect("it was just touched");
        Answer::of(&self.world.shown_link(invite, self.bot))
    }

    /// The ledger shall know whose query it was.
    fn name_query(&mut self, query: &str) {
        if let Some((chat, person)) = self.world.query_of(self.bot, query) {
            (self.entry.chat, self.entry.user) = (chat, person);
        }
    }

    fn link_name(&self) -> Result<String, Failure> {
        let text = self.arguments.text("name").ok_or_else(not_utf8)?;
        Ok(links::LinkName::clean(text).map(|name| name.as_str().to_owned()).unwrap_or_default())
    }

    fn link_text(&mut self) -> Result<String, Failure> {
        let text = self.arguments.text("invite_link").map(str::to_owned).ok_or_else(not_utf8)?;
        if let Some(number) = self.world.find_link(&text) {
            self.entry.link = number;
        }
        Ok(text)
    }

    /// Name, expiry, limit and approval, clamped and never refused; only the name can be no text.
    fn terms(&self) -> Result<NewLink, Failure> {
        let expires_at = self.arguments.int("expire_date", 0, i32::MAX).unsigned_abs();
        let limit = self.arguments.int("member_limit", 0, 100_000).unsigned_abs();
        let by_request = self.arguments.flag("creates_join_request");
        Ok(NewLink { name: self.link_name()?, expires_at, limit, by_request, ..NewLink::default() })
    }

    fn user_id(&mut self) -> Result<i64, Failure> {
        let user = self.arguments.long("user_id");
        if user <= 0 {
            return Err(Failure::bad("invalid user_id specified"));
        }
        self.entry.user = user;
        Ok(user)
    }

    /// The chat whose links are meant. Private chats have none, and without the right there is nothing to manage.
    fn links_of(&self, place: Place) -> Result<i64, Failure> {
        match place {
            Place::Person(_) => Err(Failure::bad("can't invite members to a private chat")),
            Place::Chat(chat) if !self.at(chat).may_invite(self.bot) => {
                Err(Failure::bad("not enough rights to manage chat invite link"))
            }
            Place::Chat(chat) => Ok(chat),
        }
    }

    /// The chat a person can be put out of by this bot.
    fn removable(&mut self, person: i64) -> Result<i64, Failure> {
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
        let place = self.find_place()?;
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

    fn find_place(&self) -> Result<Place, Failure> {
        let not_found = || Failure::bad("chat not found");
        let raw = self.arguments.bytes("chat_id");
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
