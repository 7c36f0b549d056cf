//! What Telegram answers, object by object, with the fields in the order Telegram writes them.
//!
//! Both sides of the wire use these: our client reads them, the sandbox writes them. Requests are not here; the
//! real server reads those far more leniently than any struct can say. Fields we do not know are skipped, and
//! kinds we do not know are kept as they came: nothing new from Telegram is fatal.

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, Value, to_raw_value};
use std::fmt;

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A person or a bot.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct User {
    pub id: i64,
    pub is_bot: bool,
    pub first_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_premium: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub added_to_attachment_menu: bool,
}

/// A bot about itself: the answer of `getMe`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Me {
    pub id: i64,
    pub is_bot: bool,
    pub first_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    pub can_join_groups: bool,
    pub can_read_all_group_messages: bool,
    pub supports_inline_queries: bool,
    pub supports_guest_queries: bool,
    pub can_connect_to_business: bool,
    pub has_main_web_app: bool,
    pub has_topics_enabled: bool,
    pub allows_users_to_create_topics: bool,
    pub can_manage_bots: bool,
    pub supports_join_request_queries: bool,
}

/// A chat as updates and messages name it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Chat {
    pub id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_forum: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_direct_messages: bool,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_members_are_administrators: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_gift_types: Option<AcceptedGiftTypes>,
}

/// Which presents a chat takes; present in every full chat, and of no use to us.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct AcceptedGiftTypes {
    pub unlimited_gifts: bool,
    pub limited_gifts: bool,
    pub unique_gifts: bool,
    pub premium_subscription: bool,
    pub gifts_from_channels: bool,
}

/// A chat with all its particulars: the answer of `getChat`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ChatFullInfo {
    pub id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// `private`, `group`, `supergroup` or `channel`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub active_usernames: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The asking bot's own primary link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<ChatPermissions>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub join_to_send_messages: bool,
    /// Joining the chat *directly* only asks; links have their own rule.
    #[serde(default, skip_serializing_if = "is_false")]
    pub join_by_request: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_members_are_administrators: Option<bool>,
    #[serde(default)]
    pub accepted_gift_types: AcceptedGiftTypes,
    #[serde(default)]
    pub max_reaction_count: i32,
    #[serde(default)]
    pub accent_color_id: i32,
    /// The bot that decides who may join; shown to administrators.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard_bot: Option<User>,
}

/// What ordinary members may do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ChatPermissions {
    pub can_send_messages: bool,
    pub can_send_media_messages: bool,
    pub can_send_audios: bool,
    pub can_send_documents: bool,
    pub can_send_photos: bool,
    pub can_send_videos: bool,
    pub can_send_video_notes: bool,
    pub can_send_voice_notes: bool,
    pub can_send_polls: bool,
    pub can_send_other_messages: bool,
    pub can_add_web_page_previews: bool,
    pub can_react_to_messages: bool,
    pub can_edit_tag: bool,
    pub can_change_info: bool,
    pub can_invite_users: bool,
    pub can_pin_messages: bool,
    pub can_manage_topics: bool,
}

impl Default for ChatPermissions {
    /// What a new group allows.
    fn default() -> Self {
        Self {
            can_send_messages: true,
            can_send_media_messages: true,
            can_send_audios: true,
            can_send_documents: true,
            can_send_photos: true,
            can_send_videos: true,
            can_send_video_notes: true,
            can_send_voice_notes: true,
            can_send_polls: true,
            can_send_other_messages: true,
            can_add_web_page_previews: true,
            can_react_to_messages: true,
            can_edit_tag: true,
            can_change_info: false,
            can_invite_users: true,
            can_pin_messages: false,
            can_manage_topics: false,
        }
    }
}

/// An invite link.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ChatInviteLink {
    pub invite_link: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub creator: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_date: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_limit: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_join_request_count: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_period: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription_price: Option<u32>,
    pub creates_join_request: bool,
    pub is_primary: bool,
    pub is_revoked: bool,
}

/// What an administrator may do. The optional ones exist only in some kinds of chats.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct AdministratorRights {
    pub can_manage_chat: bool,
    pub can_change_info: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_post_messages: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_edit_messages: Option<bool>,
    pub can_delete_messages: bool,
    pub can_invite_users: bool,
    pub can_restrict_members: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_pin_messages: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_manage_topics: Option<bool>,
    pub can_promote_members: bool,
    pub can_manage_video_chats: bool,
    pub can_post_stories: bool,
    pub can_edit_stories: bool,
    pub can_delete_stories: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_manage_direct_messages: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_manage_tags: Option<bool>,
    pub is_anonymous: bool,
}

/// What somebody is in a chat.
#[derive(Clone, Debug)]
pub enum ChatMember {
    /// The owner.
    Creator(User, Creator),
    /// An administrator.
    Administrator(User, Administrator),
    /// A member.
    Member(User, Plain),
    /// Somebody with less than a member's rights, in the chat or not.
    Restricted(User, Restricted),
    /// Not in the chat.
    Left(User),
    /// Banned.
    Kicked(User, Kicked),
    /// A status newer than these types.
    Unknown(Box<RawValue>),
}

/// The particulars of an owner.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Creator {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_title: Option<String>,
    pub is_anonymous: bool,
}

/// The particulars of an administrator.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Administrator {
    pub can_be_edited: bool,
    #[serde(flatten)]
    pub rights: AdministratorRights,
    pub can_manage_voice_chats: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_title: Option<String>,
}

/// The particulars of a member.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Plain {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// When their subscription ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_date: Option<i64>,
}

/// The particulars of somebody restricted.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Restricted {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    pub until_date: i64,
    #[serde(flatten)]
    pub permissions: ChatPermissions,
    pub is_member: bool,
}

/// The particulars of a ban.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Kicked {
    /// 0 is for ever.
    pub until_date: i64,
}

impl ChatMember {
    /// Who it is; unknown statuses do not tell.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::Creator(user, _)
            | Self::Administrator(user, _)
            | Self::Member(user, _)
            | Self::Restricted(user, _)
            | Self::Left(user)
            | Self::Kicked(user, _) => Some(user),
            Self::Unknown(_) => None,
        }
    }

    /// Whether they are in the chat; unknown statuses do not tell.
    pub fn is_in(&self) -> Option<bool> {
        match self {
            Self::Creator(..) | Self::Administrator(..) | Self::Member(..) => Some(true),
            Self::Restricted(_, restricted) => Some(restricted.is_member),
            Self::Left(_) | Self::Kicked(..) => Some(false),
            Self::Unknown(_) => None,
        }
    }

    /// The status as Telegram writes it.
    pub fn status(&self) -> &str {
        match self {
            Self::Creator(..) => "creator",
            Self::Administrator(..) => "administrator",
            Self::Member(..) => "member",
            Self::Restricted(..) => "restricted",
            Self::Left(_) => "left",
            Self::Kicked(..) => "kicked",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl Serialize for ChatMember {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Who and what first, then what only this status has.
        #[derive(Serialize)]
        struct Written<'a, T> {
            user: &'a User,
            status: &'a str,
            #[serde(flatten)]
            particulars: &'a T,
        }
        #[derive(Serialize)]
        struct Nothing {}

        let status = self.status();
        match self {
            Self::Creator(user, particulars) => Written { user, status, particulars }.serialize(serializer),
            Self::Administrator(user, particulars) => {
                Written { user, status, particulars }.serialize(serializer)
            }
            Self::Member(user, particulars) => Written { user, status, particulars }.serialize(serializer),
            Self::Restricted(user, particulars) => {
                Written { user, status, particulars }.serialize(serializer)
            }
            Self::Left(user) => Written { user, status, particulars: &Nothing {} }.serialize(serializer),
            Self::Kicked(user, particulars) => Written { user, status, particulars }.serialize(serializer),
            Self::Unknown(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ChatMember {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Head {
            user: User,
            status: String,
        }
        fn particulars<T: for<'a> Deserialize<'a>, E: de::Error>(raw: &RawValue) -> Result<T, E> {
            serde_json::from_str(raw.get()).map_err(E::custom)
        }

        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let Ok(Head { user, status }) = serde_json::from_str(raw.get()) else {
            return Ok(Self::Unknown(raw));
        };
        Ok(match status.as_str() {
            "creator" => Self::Creator(user, particulars(&raw)?),
            "administrator" => Self::Administrator(user, particulars(&raw)?),
            "member" => Self::Member(user, particulars(&raw)?),
            "restricted" => Self::Restricted(user, particulars(&raw)?),
            "left" => Self::Left(user),
            "kicked" => Self::Kicked(user, particulars(&raw)?),
            _ => Self::Unknown(raw),
        })
    }
}

/// Somebody's standing in a chat changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ChatMemberUpdated {
    pub chat: Chat,
    /// Who changed it.
    pub from: User,
    pub date: i64,
    pub old_chat_member: ChatMember,
    pub new_chat_member: ChatMember,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<ChatInviteLink>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub via_join_request: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub via_chat_folder_invite_link: bool,
}

/// Somebody asks to join.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ChatJoinRequest {
    pub chat: Chat,
    pub from: User,
    pub user_chat_id: i64,
    pub date: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite_link: Option<ChatInviteLink>,
    /// Only for the chat's guard bot, who has ten seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_id: Option<String>,
}

/// A message, as far as a bot of ours looks at it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct Message {
    pub message_id: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_chat: Option<Chat>,
    pub chat: Chat,
    pub date: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<MessageEntity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_chat_participant: Option<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_chat_member: Option<User>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new_chat_members: Vec<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_chat_participant: Option<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_chat_member: Option<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrate_to_chat_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrate_from_chat_id: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboardMarkup>,
}

/// A part of a text with a meaning, such as a command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct MessageEntity {
    pub offset: i32,
    pub length: i32,
    #[serde(rename = "type")]
    pub kind: String,
}

/// Buttons under a message.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct InlineKeyboardMarkup {
    pub inline_keyboard: Vec<Vec<InlineKeyboardButton>>,
}

/// One button.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct InlineKeyboardButton {
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_data: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_app: Option<WebAppInfo>,
}

/// A Mini App to open.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct WebAppInfo {
    pub url: String,
}

/// Somebody pressed a button.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct CallbackQuery {
    pub id: String,
    pub from: User,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_message_id: Option<String>,
    #[serde(default)]
    pub chat_instance: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// A command a bot offers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct BotCommand {
    pub command: String,
    pub description: String,
}

/// The answer of `getWebhookInfo`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct WebhookInfo {
    pub url: String,
    pub has_custom_certificate: bool,
    pub pending_update_count: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_updates: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_synchronization_error_date: Option<i64>,
}

/// What an error adds for a program.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "named by the Bot API's reference")]
pub struct ResponseParameters {
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "if_a_number")]
    pub migrate_to_chat_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "if_a_number")]
    pub retry_after: Option<i64>,
}

/// A number, also in quotes. Anything else is left out, so that it does not hide the error it was added to.
fn if_a_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    })
}

/// Something happened, and Telegram numbered it.
#[derive(Clone, Debug)]
pub struct Update {
    /// Rises by one, until a week of silence.
    pub update_id: i64,
    /// What happened.
    pub kind: UpdateKind,
}

/// What can happen.
#[derive(Clone, Debug)]
pub enum UpdateKind {
    /// A message, or something in a chat that is shown like one.
    Message(Box<Message>),
    /// Somebody pressed a button.
    CallbackQuery(Box<CallbackQuery>),
    /// The bot's own standing changed.
    MyChatMember(Box<ChatMemberUpdated>),
    /// Somebody else's standing changed.
    ChatMember(Box<ChatMemberUpdated>),
    /// Somebody asks to join.
    ChatJoinRequest(Box<ChatJoinRequest>),
    /// Something newer than these types, or not of their shape: its name and what it held, as they came.
    Unknown(String, Box<RawValue>),
}

impl Serialize for Update {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("update_id", &self.update_id)?;
        match &self.kind {
            UpdateKind::Message(it) => map.serialize_entry("message", it)?,
            UpdateKind::CallbackQuery(it) => map.serialize_entry("callback_query", it)?,
            UpdateKind::MyChatMember(it) => map.serialize_entry("my_chat_member", it)?,
            UpdateKind::ChatMember(it) => map.serialize_entry("chat_member", it)?,
            UpdateKind::ChatJoinRequest(it) => map.serialize_entry("chat_join_request", it)?,
            UpdateKind::Unknown(name, raw) => map.serialize_entry(name, raw)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Update {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Update;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an update with its number")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Update, A::Error> {
                let (mut update_id, mut kind) = (None, None);
                while let Some(name) = map.next_key::<String>()? {
                    if name == "update_id" {
                        update_id = Some(map.next_value()?);
                    } else {
                        let raw = map.next_value::<Box<RawValue>>()?;
                        kind.get_or_insert_with(|| UpdateKind::read(name, raw));
                    }
                }
                let update_id = update_id.ok_or_else(|| de::Error::missing_field("update_id"))?;
                let nothing = || UpdateKind::Unknown(String::new(), to_raw_value(&()).expect("null is JSON"));
                Ok(Update { update_id, kind: kind.unwrap_or_else(nothing) })
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

impl UpdateKind {
    fn read(name: String, raw: Box<RawValue>) -> Self {
        fn boxed<T: for<'a> Deserialize<'a>>(raw: &RawValue) -> Option<Box<T>> {
            serde_json::from_str(raw.get()).ok().map(Box::new)
        }
        let known = match name.as_str() {
            "message" => boxed(&raw).map(Self::Message),
            "callback_query" => boxed(&raw).map(Self::CallbackQuery),
            "my_chat_member" => boxed(&raw).map(Self::MyChatMember),
            "chat_member" => boxed(&raw).map(Self::ChatMember),
            "chat_join_request" => boxed(&raw).map(Self::ChatJoinRequest),
            _ => None,
        };
        known.unwrap_or(Self::Unknown(name, raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Serialize + for<'a> Deserialize<'a>>(written: &str) {
        let read: T = serde_json::from_str(written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }

    #[test]
    fn objects_are_written_in_telegrams_order() {
        check::<ChatInviteLink>(
            r#"{"invite_link":"https://t.me/+Xy3kQ2LmN0o5ZjEy","name":"spring","creator":{"id":7000000001,"is_bot":true,"first_name":"Gate","username":"gate_bot"},"expire_date":1790000000,"member_limit":5,"creates_join_request":false,"is_primary":false,"is_revoked":false}"#,
        );
        check::<ChatMember>(r#"{"user":{"id":1,"is_bot":false,"first_name":"Ann"},"status":"left"}"#);
        check::<ChatMember>(
            r#"{"user":{"id":1,"is_bot":false,"first_name":"Ann"},"status":"kicked","until_date":0}"#,
        );
        check::<ChatMember>(
            r#"{"user":{"id":1,"is_bot":true,"first_name":"Gate"},"status":"administrator","can_be_edited":false,"can_manage_chat":true,"can_change_info":false,"can_delete_messages":false,"can_invite_users":true,"can_restrict_members":true,"can_pin_messages":false,"can_manage_topics":false,"can_promote_members":false,"can_manage_video_chats":false,"can_post_stories":false,"can_edit_stories":false,"can_delete_stories":false,"can_manage_tags":false,"is_anonymous":false,"can_manage_voice_chats":false}"#,
        );
    }

    #[test]
    fn what_is_newer_than_these_types_is_kept_as_it_came() {
        check::<ChatMember>(
            r#"{"user":{"id":1,"is_bot":false,"first_name":"Ann"},"status":"haunting","since":3}"#,
        );
        check::<Update>(r#"{"update_id":9,"tea_time":{"sugar":2}}"#);
        check::<Update>(r#"{"update_id":9,"message":{"of another":"shape"}}"#);
    }
}
