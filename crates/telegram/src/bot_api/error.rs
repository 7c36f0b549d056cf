//! Telegram's errors are prose; this file reads it.
//!
//! Texts are compared without their prefix and without case. Some are here although the server never says them:
//! widely read documents print them, and proxies and imitations of the server repeat them.

use super::types::ResponseParameters;
use links::{ChatId, Error, Kind, Right};

/// How much of an answer that cannot be understood is quoted.
const LONGEST_QUOTE: usize = 120;

/// A refusal in Telegram's own words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Telegram said `{text}` ({code})")]
pub struct Said {
    /// Its number for it.
    pub code: i32,
    /// Its words for it.
    pub text: String,
}

/// An answer that is not one of Telegram's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the answer (HTTP {status}) cannot be understood: {why}{quote}")]
pub struct Broken {
    status: u16,
    why: &'static str,
    quote: String,
}

impl Broken {
    /// What is wrong with an answer, and how its body begins.
    pub(super) fn new(status: u16, why: &'static str, body: &str) -> Self {
        // Escaped, because a terminal obeys some characters.
        let begins: String = body.trim().chars().take(LONGEST_QUOTE).flat_map(char::escape_debug).collect();
        let quote = if begins.is_empty() { String::new() } else { format!("; it begins with `{begins}`") };
        Self { status, why, quote }
    }
}

/// What a refusal means for the caller. `right` is the one that the method needs, for refusals that name none.
pub(super) fn read(said: Said, parameters: &ResponseParameters, right: Right) -> Error {
    let moved_to = parameters.migrate_to_chat_id.and_then(|to| ChatId::new(to).ok());
    match moved_to.map(|to| Kind::ChatMoved { to }).or_else(|| kind(&said, right)) {
        Some(kind) => Error::because(kind, said),
        None => Error::new(Kind::Refused { code: said.code, text: said.text }),
    }
}

fn kind(said: &Said, right: Right) -> Option<Kind> {
    let text = said.text.to_ascii_lowercase();
    let prefixes = ["bad request: ", "forbidden: ", "unauthorized: ", "conflict: "];
    let words = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text);
    by_code(said.code, words).or_else(|| by_words(words, right)).or_else(|| by_beginning(words))
}

fn by_code(code: i32, words: &str) -> Option<Kind> {
    match (code, words) {
        // The operator of the server gave it wrong keys; our token may be fine.
        (401, "invalid api-id/api-hash") => None,
        (401 | 421, _) => Some(Kind::TokenDead),
        // What the front-end of api.telegram.org says of a malformed token.
        (404, "not found") => Some(Kind::TokenDead),
        (409, _) if words.contains("webhook is active") => Some(Kind::WebhookActive),
        (409, _) => Some(Kind::Conflict),
        _ => None,
    }
}

fn by_words(words: &str, right: Right) -> Option<Kind> {
    Some(match words {
        "not enough rights to manage chat invite link"
        | "not enough rights to manage chat join requests"
        | "not enough rights to invite users" => Kind::MissingRight(Right::InviteUsers),
        "not enough rights to restrict/unrestrict chat member" => Kind::MissingRight(Right::RestrictMembers),
        "need administrator rights in the channel chat"
        | "member list is inaccessible"
        | "bot is not an administrator" => Kind::MissingRight(Right::Administrator),
        "have no write access to the chat"
        | "not enough rights to send text messages to the chat"
        | "chat_write_forbidden"
        | "chat_send_plain_forbidden" => Kind::MissingRight(Right::SendMessages),
        "chat_admin_required" | "not enough rights" => Kind::MissingRight(right),

        "invite_hash_expired" | "invite_hash_invalid" | "invite_hash_empty" => Kind::LinkDead,
        "edit_bot_invite_forbidden" => Kind::NotOurLink,
        "chat_invite_permanent" => Kind::PrimaryLink,

        "hide_requester_missing" => Kind::NobodyWaiting,
        "user_already_participant" => Kind::AlreadyIn,
        "user_id_invalid"
        | "participant_id_invalid"
        | "user not found"
        | "member not found"
        | "private chat not found" => Kind::PersonUnknown,
        "user is deactivated" | "input_user_deactivated" | "user_deleted" => Kind::PersonGone,
        "user_channels_too_much" | "channels_too_much" => Kind::PersonInTooManyChats,
        "bot was blocked by the user" | "bot can't initiate conversation with a user" | "user_is_blocked" => {
            Kind::PersonBlockedUs
        }
        "user is an administrator of the chat" | "user_admin_invalid" | "can't remove chat owner" => {
            Kind::PersonIsAdministrator
        }

        "chat not found"
        | "chat is deactivated"
        | "the group chat was deleted"
        | "chat_id_invalid"
        | "peer_id_invalid"
        | "channel_invalid" => Kind::ChatNotFound,
        // Telegram throws a bot out and says it was never in.
        "channel_private" => Kind::BotNotInChat,
        "users_too_much" => Kind::ChatFull,
        "can't invite members to a private chat"
        | "the chat can't have join requests"
        | "can't ban members in private chats"
        | "method is available for supergroup and channel chats only"
        | "method not available for this chat type"
        | "the bot can't send messages to the bot"
        | "can't change commands in channel chats"
        | "can't use specified scope in private chats"
        | "channel_monoforum_unsupported"
        | "pricing_chat_invalid" => Kind::WrongKindOfChat,

        "query is too old and response timeout expired or query id is invalid" | "query_id_invalid" => {
            Kind::QueryTooOld
        }

        "expire_date_invalid" => Kind::BadValue("expiry"),
        "usage_limit_invalid" | "member_limit_invalid" => Kind::BadValue("member limit"),
        "member limit can't be specified for links requiring administrator approval"
        | "can't combine member limit with join request approval" => {
            Kind::BadValue("member limit on a link that asks")
        }
        "invite_link_name_invalid" => Kind::BadValue("link name"),
        "invite link must be non-empty" => Kind::BadValue("empty link"),
        "invalid subscription pricing specified"
        | "subscription_period_invalid"
        | "stars_subscription_price_invalid" => Kind::BadValue("price or period of a subscription"),
        "invalid user_id specified" | "can't restrict self" => Kind::BadValue("user id"),
        "chat_id is empty" => Kind::BadValue("empty chat id"),
        "strings must be encoded in utf-8" => Kind::BadValue("text, because it is not UTF-8"),
        "message text is empty" | "text is too long" | "message is too long" => {
            Kind::BadValue("message text")
        }
        "reply markup is too long" => Kind::BadValue("long row of buttons"),
        "wrong http url specified" | "invalid webhook url specified" => Kind::BadValue("URL"),
        "secret token is too long" | "secret token contains unallowed characters" => {
            Kind::BadValue("webhook secret")
        }
        _ => return None,
    })
}

fn by_beginning(words: &str) -> Option<Kind> {
    let beginnings: &[(&str, Kind)] = &[
        ("bot was kicked from the ", Kind::BotNotInChat),
        ("bot is not a member of the ", Kind::BotNotInChat),
        ("can't combine ", Kind::BadValue("combination of settings")),
        ("bad webhook: ", Kind::BadValue("webhook URL")),
        ("certificate size is too big", Kind::BadValue("certificate")),
        ("can't parse commands", Kind::BadValue("list of commands")),
        ("can't parse botcommand", Kind::BadValue("list of commands")),
        ("expected an array of botcommand", Kind::BadValue("list of commands")),
        ("command ", Kind::BadValue("list of commands")),
    ];
    beginnings.iter().find(|(beginning, _)| words.starts_with(beginning)).map(|(_, kind)| kind.clone())
}
