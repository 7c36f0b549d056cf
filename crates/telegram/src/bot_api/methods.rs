//! What can be asked of Telegram, method by method, named as the Bot API's reference names it.
//!
//! What is not said is not sent: Telegram reads a JSON `null` as the text "null".

use super::types::{
    BotCommand, ChatFullInfo, ChatInviteLink, ChatMember, InlineKeyboardMarkup, Me, Message, Update,
    WebhookInfo,
};
use crate::pace::Effect;
use links::{Admission, Chat, LinkName, LinkUrl, MemberLimit, Right, Terms, UserId};
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// A request to one method. Implement it for methods that are not here.
pub trait Method: Serialize + Sync {
    /// The method's name: letters and digits.
    const NAME: &'static str;
    /// What carrying it out twice would do; decides what is repeated.
    const EFFECT: Effect;
    /// The right that is missing when Telegram says that one is, but not which.
    const RIGHT: Right = Right::Administrator;
    /// What Telegram answers.
    type Answer: DeserializeOwned;

    /// The chat it is about. What Telegram asks to hold back, it asks per method and chat.
    fn chat(&self) -> Option<&Chat> {
        None
    }

    /// How much longer than other calls it may take, because Telegram was told to wait.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

/// What is to be known about a request: name, effect, answer, and the right it needs in its chat, if it has one.
macro_rules! method {
    ($request:ty: $name:literal, $effect:ident -> $answer:ty $(, $right:ident in chat_id)?) => {
        impl Method for $request {
            const NAME: &'static str = $name;
            const EFFECT: Effect = Effect::$effect;
            type Answer = $answer;
            $(
                const RIGHT: Right = Right::$right;

                fn chat(&self) -> Option<&Chat> {
                    Some(self.chat_id)
                }
            )?
        }
    };
}

fn chat_id<S: Serializer>(chat: &&Chat, serializer: S) -> Result<S::Ok, S::Error> {
    match chat {
        Chat::Id(id) => serializer.serialize_i64(id.get()),
        Chat::Name(_) => serializer.collect_str(chat),
    }
}

fn user_id<S: Serializer>(id: &UserId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(id.get())
}

/// Replaces the bot's primary link. The old one is dead at once.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ExportChatInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
}
method!(ExportChatInviteLink<'_>: "exportChatInviteLink", New -> String, InviteUsers in chat_id);

/// Makes a link.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct CreateChatInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creates_join_request: Option<bool>,
}
method!(CreateChatInviteLink<'_>: "createChatInviteLink", New -> ChatInviteLink, InviteUsers in chat_id);

impl<'a> CreateChatInviteLink<'a> {
    /// The request for a link on these terms.
    pub fn new(chat: &'a Chat, terms: &'a Terms) -> Self {
        let (limit, by_request) = admission(terms.admission);
        Self {
            chat_id: chat,
            name: terms.name.as_ref().map(LinkName::as_str),
            expire_date: terms.expires_at.map(|expiry| expiry.at().get()),
            member_limit: limit,
            creates_join_request: by_request.then_some(true),
        }
    }
}

/// Overwrites a link. Telegram erases what it is not told, so all is always said: what is not there as empty or 0.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct EditChatInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    pub invite_link: &'a str,
    pub name: &'a str,
    pub expire_date: i64,
    pub member_limit: u32,
    pub creates_join_request: bool,
}
method!(EditChatInviteLink<'_>: "editChatInviteLink", Same -> ChatInviteLink, InviteUsers in chat_id);

impl<'a> EditChatInviteLink<'a> {
    /// The request that leaves a link on these terms, whatever they were.
    pub fn new(chat: &'a Chat, link: &'a LinkUrl, terms: &'a Terms) -> Self {
        let (limit, by_request) = admission(terms.admission);
        Self {
            chat_id: chat,
            invite_link: link.as_str(),
            name: terms.name.as_ref().map_or("", LinkName::as_str),
            expire_date: terms.expires_at.map_or(0, |expiry| expiry.at().get()),
            member_limit: limit.unwrap_or(0),
            creates_join_request: by_request,
        }
    }
}

/// A way to come in as the Bot API writes it: the limit, and whether one asks.
pub(super) fn admission(admission: Admission) -> (Option<u32>, bool) {
    match admission {
        Admission::Instant { limit } => (limit.map(MemberLimit::get), false),
        Admission::ByRequest => (None, true),
    }
}

/// Makes a link that costs Stars.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct CreateChatSubscriptionInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// In seconds.
    pub subscription_period: u32,
    /// In Stars.
    pub subscription_price: u32,
}
method!(CreateChatSubscriptionInviteLink<'_>: "createChatSubscriptionInviteLink", New -> ChatInviteLink, InviteUsers in chat_id);

/// Renames a link that costs Stars; without a name, the name is erased.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct EditChatSubscriptionInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    pub invite_link: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}
method!(EditChatSubscriptionInviteLink<'_>: "editChatSubscriptionInviteLink", Same -> ChatInviteLink, InviteUsers in chat_id);

/// Ends a link.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct RevokeChatInviteLink<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    pub invite_link: &'a str,
}
method!(RevokeChatInviteLink<'_>: "revokeChatInviteLink", Same -> ChatInviteLink, InviteUsers in chat_id);

/// Lets a person in who asked.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ApproveChatJoinRequest<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(serialize_with = "user_id")]
    pub user_id: UserId,
}
method!(ApproveChatJoinRequest<'_>: "approveChatJoinRequest", Same -> bool, InviteUsers in chat_id);

/// Turns a person away who asked.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct DeclineChatJoinRequest<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(serialize_with = "user_id")]
    pub user_id: UserId,
}
method!(DeclineChatJoinRequest<'_>: "declineChatJoinRequest", Same -> bool, InviteUsers in chat_id);

/// Answers a guard bot's question within ten seconds.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct AnswerChatJoinRequestQuery<'a> {
    pub chat_join_request_query_id: &'a str,
    pub result: QueryResult,
}
method!(AnswerChatJoinRequestQuery<'_>: "answerChatJoinRequestQuery", Same -> bool);

/// What becomes of a request that a guard bot was asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryResult {
    /// They are in.
    Approve,
    /// They are turned away.
    Decline,
    /// They wait for an administrator.
    Queue,
}

/// Shows a Mini App to somebody a guard bot was asked about, before it answers.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct SendChatJoinRequestWebApp<'a> {
    pub chat_join_request_query_id: &'a str,
    pub web_app_url: &'a str,
}
method!(SendChatJoinRequestWebApp<'_>: "sendChatJoinRequestWebApp", Same -> bool);

/// Who the bot is.
#[derive(Clone, Debug, Serialize)]
pub struct GetMe {}
method!(GetMe: "getMe", Read -> Me);

/// A chat with its particulars, and the bot's own primary link if it may invite.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct GetChat<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
}
method!(GetChat<'_>: "getChat", Read -> ChatFullInfo, Administrator in chat_id);

/// What somebody is in a chat.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct GetChatMember<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(serialize_with = "user_id")]
    pub user_id: UserId,
}
method!(GetChatMember<'_>: "getChatMember", Read -> ChatMember, Administrator in chat_id);

/// The administrators of a chat. Other bots are left out.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct GetChatAdministrators<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
}
method!(GetChatAdministrators<'_>: "getChatAdministrators", Read -> Vec<ChatMember>, Administrator in chat_id);

/// How many people are in a chat.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct GetChatMemberCount<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
}
method!(GetChatMemberCount<'_>: "getChatMemberCount", Read -> u32, Administrator in chat_id);

/// Removes somebody and keeps them out.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct BanChatMember<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(serialize_with = "user_id")]
    pub user_id: UserId,
    /// Less than 30 seconds or more than 366 days ahead is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_messages: Option<bool>,
}
method!(BanChatMember<'_>: "banChatMember", Same -> bool, RestrictMembers in chat_id);

/// Lifts a ban. Without `only_if_banned` it also removes somebody who is a member.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct UnbanChatMember<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    #[serde(serialize_with = "user_id")]
    pub user_id: UserId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_if_banned: Option<bool>,
}
method!(UnbanChatMember<'_>: "unbanChatMember", Same -> bool, RestrictMembers in chat_id);

/// Writes to a chat or a person.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct SendMessage<'a> {
    #[serde(serialize_with = "chat_id")]
    pub chat_id: &'a Chat,
    pub text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parse_mode: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable_notification: Option<bool>,
    /// Keeps it from being forwarded or saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protect_content: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<&'a InlineKeyboardMarkup>,
}
method!(SendMessage<'_>: "sendMessage", New -> Message, SendMessages in chat_id);

/// Answers the press of a button.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct AnswerCallbackQuery<'a> {
    pub callback_query_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_alert: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_time: Option<u32>,
}
method!(AnswerCallbackQuery<'_>: "answerCallbackQuery", Same -> bool);

/// Says which commands the bot offers; an empty list takes them away.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct SetMyCommands<'a> {
    pub commands: &'a [BotCommand],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<BotCommandScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'a str>,
}
method!(SetMyCommands<'_>: "setMyCommands", Same -> bool);

/// Who is offered the commands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BotCommandScope {
    /// Everybody for whom nothing narrower was said.
    Default,
    /// Everybody in a private chat.
    AllPrivateChats,
    /// Everybody in groups.
    AllGroupChats,
    /// The administrators of groups.
    AllChatAdministrators,
}

/// Waits for updates. Telegram forgets all those below `offset`.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct GetUpdates<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// In seconds, at most 50.
    pub timeout: u32,
    /// Which kinds; without it, the same as last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_updates: Option<&'a [&'a str]>,
}

impl Method for GetUpdates<'_> {
    const NAME: &'static str = "getUpdates";
    const EFFECT: Effect = Effect::Read;
    type Answer = Vec<Update>;

    fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

/// Has updates sent to an address. A failure leaves the bot without any webhook.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct SetWebhook<'a> {
    pub url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_updates: Option<&'a [&'a str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_pending_updates: Option<bool>,
    /// Comes back in a header of every update, so that we know whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_token: Option<&'a str>,
}
method!(SetWebhook<'_>: "setWebhook", Same -> bool);

/// Has updates sent nowhere.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct DeleteWebhook {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop_pending_updates: Option<bool>,
}
method!(DeleteWebhook: "deleteWebhook", Same -> bool);

/// Where updates are sent, and how that goes.
#[derive(Clone, Debug, Serialize)]
pub struct GetWebhookInfo {}
method!(GetWebhookInfo: "getWebhookInfo", Read -> WebhookInfo);

#[cfg(test)]
mod tests {
    use super::super::types::InlineKeyboardButton;
    use super::*;

    fn check(request: &impl Method, expected: &str) {
        assert_eq!(serde_json::to_string(request).unwrap(), expected);
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        let chat = "@garden".parse().unwrap();
        let user_id = UserId::new(42).unwrap();
        check(&GetMe {}, "{}");
        check(
            &BanChatMember { chat_id: &chat, user_id, until_date: None, revoke_messages: None },
            r#"{"chat_id":"@garden","user_id":42}"#,
        );
        let scope = Some(BotCommandScope::AllPrivateChats);
        check(
            &SetMyCommands { commands: &[], scope, language_code: None },
            r#"{"commands":[],"scope":{"type":"all_private_chats"}}"#,
        );
        check(
            &AnswerChatJoinRequestQuery { chat_join_request_query_id: "77", result: QueryResult::Queue },
            r#"{"chat_join_request_query_id":"77","result":"queue"}"#,
        );
    }

    #[test]
    fn a_message_has_its_buttons_under_it() {
        let chat = "42".parse().unwrap();
        let url = Some("https://t.me/+Xy3kQ2LmN0o5ZjEy".to_owned());
        let button = InlineKeyboardButton { text: "Come in".to_owned(), url, ..Default::default() };
        let buttons = InlineKeyboardMarkup { inline_keyboard: vec![vec![button]] };
        let message = SendMessage {
            chat_id: &chat,
            text: "Your pass",
            parse_mode: None,
            disable_notification: None,
            protect_content: Some(true),
            reply_markup: Some(&buttons),
        };
        check(
            &message,
            r#"{"chat_id":42,"text":"Your pass","protect_content":true,"reply_markup":{"inline_keyboard":[[{"text":"Come in","url":"https://t.me/+Xy3kQ2LmN0o5ZjEy"}]]}}"#,
        );
    }
}
