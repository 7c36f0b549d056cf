//! Telegram's errors are prose; this file reads it.
//!
//! Texts are compared without their prefix and without case. Some are here although the server never says them:
//! widely read documents print them, and proxies and imitations of the server repeat them.

use super::types::ResponseParameters;
use crate::words;
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
    let word = words.to_ascii_uppercase();
    words::kind(&word, right).or_else(|| by_prose(words, right))
}

fn by_prose(words: &str, right: Right) -> Option<Kind> {
    Some(match words {
        "not enough rights to manage chat invite link"
        | "not enough rights to manage chat join requests"
        | "not enough rights to invite users"
        | "not enough rights to create invite link" => Kind::MissingRight(Right::InviteUsers),
        "not enough rights to restrict/unrestrict chat member" => Kind::MissingRight(Right::RestrictMembers),
        "need administrator rights in the channel chat"
        | "member list is inaccessible"
        | "bot is not an administrator" => Kind::MissingRight(Right::Administrator),
        "have no write access to the chat" | "not enough rights to send text messages to the chat" => {
            Kind::MissingRight(Right::SendMessages)
        }
        "not enough rights" => Kind::MissingRight(right),

        "user not found" | "member not found" | "private chat not found" => Kind::PersonUnknown,
        "user is deactivated" => Kind::PersonGone,
        "bot was blocked by the user" | "bot can't initiate conversation with a user" => {
            Kind::PersonBlockedUs
        }
        "user is an administrator of the chat" | "can't remove chat owner" => Kind::PersonIsAdministrator,

        "chat not found" | "chat is deactivated" | "the group chat was deleted" => Kind::ChatNotFound,
        "can't invite members to a private chat"
        | "the chat can't have join requests"
        | "can't ban members in private chats"
        | "method is available for supergroup and channel chats only"
        | "method not available for this chat type"
        | "there are no administrators in the private chat"
        | "the bot can't send messages to the bot"
        | "can't change commands in channel chats"
        | "can't use specified scope in private chats" => Kind::WrongKindOfChat,

        "query is too old and response timeout expired or query id is invalid" => Kind::QueryTooOld,

        "member limit can't be specified for links requiring administrator approval"
        | "can't combine member limit with join request approval" => {
            Kind::BadValue("member limit on a link that asks")
        }
        "invite link must be non-empty" => Kind::BadValue("empty link"),
        "invalid subscription pricing specified" => words::BAD_PRICE,
        "invalid user_id specified" | "can't restrict self" => Kind::BadValue("user id"),
        "chat_id is empty" => Kind::BadValue("empty chat id"),
        "strings must be encoded in utf-8" => Kind::BadValue("text, because it is not UTF-8"),
        "message text is empty" | "text is too long" | "message is too long" => {
            Kind::BadValue("message text")
        }
        "reply markup is too long" => Kind::BadValue("long row of buttons"),
        "wrong http url specified" | "invalid webhook url specified" | "web app url must be https" => {
            Kind::BadValue("URL")
        }
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
        ("parameter \"", Kind::BadValue("call, because something is left out")),
        ("bad webhook: ", Kind::BadValue("webhook URL")),
        ("certificate size is too big", Kind::BadValue("certificate")),
        ("can't parse commands", Kind::BadValue("list of commands")),
        ("can't parse botcommand", Kind::BadValue("list of commands")),
        ("expected an array of botcommand", Kind::BadValue("list of commands")),
        ("command ", Kind::BadValue("list of commands")),
    ];
    beginnings.iter().find(|(beginning, _)| words.starts_with(beginning)).map(|(_, kind)| kind.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: i32, text: &str, expected: Kind) {
        let said = Said { code, text: text.to_owned() };
        let error = read(said.clone(), &ResponseParameters::default(), Right::RestrictMembers);
        assert_eq!(*error.kind(), expected, "{text}");
        if let Some(source) = std::error::Error::source(&error) {
            assert_eq!(*source.downcast_ref::<Said>().unwrap(), said);
        }
    }

    fn check_kept(code: i32, text: &str) {
        check(code, text, Kind::Refused { code, text: text.to_owned() });
    }

    #[test]
    fn the_token() {
        check(401, "Unauthorized", Kind::TokenDead);
        check(401, "Unauthorized: invalid token specified", Kind::TokenDead);
        check(404, "Not Found", Kind::TokenDead);
        check(421, "Misdirected Request: unallowed token specified", Kind::TokenDead);
        check_kept(401, "Unauthorized: invalid api-id/api-hash");
        check_kept(404, "Not Found: method not found");
        check_kept(404, "Not Found: absolute URI is specified in the Request-Line");
        check_kept(400, "Bad Request: the bot has already been closed");
        check_kept(400, "Logged out");
        check_kept(400, "Bad Request: logged out");
    }

    #[test]
    fn rights() {
        use Right::{Administrator, InviteUsers, RestrictMembers, SendMessages};
        for (text, right) in [
            ("Bad Request: not enough rights to manage chat invite link", InviteUsers),
            ("Bad Request: not enough rights to manage chat join requests", InviteUsers),
            ("Bad Request: not enough rights to restrict/unrestrict chat member", RestrictMembers),
            ("Bad Request: not enough rights to send text messages to the chat", SendMessages),
            ("Bad Request: need administrator rights in the channel chat", Administrator),
            ("Bad Request: have no write access to the chat", SendMessages),
            ("Bad Request: member list is inaccessible", Administrator),
            ("Bad Request: CHAT_WRITE_FORBIDDEN", SendMessages),
            // The one the method needs.
            ("Bad Request: CHAT_ADMIN_REQUIRED", RestrictMembers),
        ] {
            check(400, text, Kind::MissingRight(right));
        }
    }

    #[test]
    fn links() {
        check(400, "Bad Request: INVITE_HASH_EXPIRED", Kind::LinkDead);
        check(400, "Bad Request: CHAT_INVITE_PERMANENT", Kind::PrimaryLink);
        check(400, "Bad Request: EDIT_BOT_INVITE_FORBIDDEN", Kind::NotOurLink);
        check(400, "Bad Request: invite link must be non-empty", Kind::BadValue("empty link"));
        check(400, "Bad Request: EXPIRE_DATE_INVALID", Kind::BadValue("expiry"));
        check(400, "Bad Request: USAGE_LIMIT_INVALID", Kind::BadValue("member limit"));
        check(
            400,
            "Bad Request: member limit can't be specified for links requiring administrator approval",
            Kind::BadValue("member limit on a link that asks"),
        );
        for text in
            ["PRICING_CHAT_INVALID", "invalid subscription pricing specified", "SUBSCRIPTION_PERIOD_INVALID"]
        {
            check(400, &format!("Bad Request: {text}"), Kind::BadValue("price or period of a subscription"));
        }
    }

    #[test]
    fn requests_and_people() {
        check(400, "Bad Request: HIDE_REQUESTER_MISSING", Kind::NobodyWaiting);
        check(400, "Bad Request: USER_ALREADY_PARTICIPANT", Kind::AlreadyIn);
        check(400, "Bad Request: USER_CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats);
        check(400, "Bad Request: CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats);
        check(400, "Bad Request: USERS_TOO_MUCH", Kind::ChatFull);
        check(400, "Bad Request: invalid user_id specified", Kind::BadValue("user id"));
        check(400, "Bad Request: can't restrict self", Kind::BadValue("user id"));
        for text in [
            "USER_ID_INVALID",
            "PARTICIPANT_ID_INVALID",
            "user not found",
            "member not found",
            "private chat not found",
        ] {
            check(400, &format!("Bad Request: {text}"), Kind::PersonUnknown);
        }
        for text in ["can't remove chat owner", "user is an administrator of the chat"] {
            check(400, &format!("Bad Request: {text}"), Kind::PersonIsAdministrator);
        }
        check(403, "Forbidden: user is deactivated", Kind::PersonGone);
        check(403, "Forbidden: bot was blocked by the user", Kind::PersonBlockedUs);
        check(403, "Forbidden: bot can't initiate conversation with a user", Kind::PersonBlockedUs);
        let late = "Bad Request: query is too old and response timeout expired or query ID is invalid";
        check(400, late, Kind::QueryTooOld);
    }

    #[test]
    fn chats() {
        for text in
            ["chat not found", "chat is deactivated", "CHANNEL_INVALID", "CHAT_ID_INVALID", "PEER_ID_INVALID"]
        {
            check(400, &format!("Bad Request: {text}"), Kind::ChatNotFound);
        }
        check(403, "Forbidden: the group chat was deleted", Kind::ChatNotFound);
        check(400, "Bad Request: CHANNEL_PRIVATE", Kind::BotNotInChat);
        check(403, "Forbidden: CHANNEL_PUBLIC_GROUP_NA", Kind::BotNotInChat);
        for chat in ["group", "supergroup", "channel"] {
            check(403, &format!("Forbidden: bot was kicked from the {chat} chat"), Kind::BotNotInChat);
            check(403, &format!("Forbidden: bot is not a member of the {chat} chat"), Kind::BotNotInChat);
        }
        for text in [
            "can't invite members to a private chat",
            "the chat can't have join requests",
            "can't ban members in private chats",
            "method is available for supergroup and channel chats only",
            "CHANNEL_MONOFORUM_UNSUPPORTED",
            "can't change commands in channel chats",
            "can't use specified scope in private chats",
            "there are no administrators in the private chat",
        ] {
            check(400, &format!("Bad Request: {text}"), Kind::WrongKindOfChat);
        }
        check(403, "Forbidden: the bot can't send messages to the bot", Kind::WrongKindOfChat);
        check(400, "Bad Request: chat_id is empty", Kind::BadValue("empty chat id"));
    }

    #[test]
    fn a_chat_that_moved_tells_its_new_number() {
        let said =
            Said { code: 400, text: "Bad Request: group chat was upgraded to a supergroup chat".to_owned() };
        let moved = |to| ResponseParameters { migrate_to_chat_id: Some(to), retry_after: None };
        let to = ChatId::new(-1_001_234_567_890).unwrap();
        let error = read(said.clone(), &moved(to.get()), Right::InviteUsers);
        assert_eq!(*error.kind(), Kind::ChatMoved { to });
        let error = read(said, &moved(0), Right::InviteUsers);
        assert!(matches!(error.kind(), Kind::Refused { code: 400, .. }));
    }

    #[test]
    fn messages_and_commands() {
        for text in ["message text is empty", "text is too long", "message is too long"] {
            check(400, &format!("Bad Request: {text}"), Kind::BadValue("message text"));
        }
        check(400, "Bad Request: reply markup is too long", Kind::BadValue("long row of buttons"));
        let not_utf8 = Kind::BadValue("text, because it is not UTF-8");
        check(400, "Bad Request: strings must be encoded in UTF-8", not_utf8);
        for text in [
            "can't parse commands JSON object",
            "expected an Array of BotCommand",
            "can't parse BotCommand: no",
            "can't parse BotCommandScope JSON object",
            "can't parse BotCommandScope: no",
            "command must be non-empty",
            "command length must not exceed 32",
            "command description must be non-empty",
            "command description length must not exceed 256",
        ] {
            check(400, &format!("Bad Request: {text}"), Kind::BadValue("list of commands"));
        }
    }

    #[test]
    fn updates_and_webhooks() {
        let webhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
        check(409, webhook, Kind::WebhookActive);
        let other = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
        check(409, other, Kind::Conflict);
        check(409, "Conflict: terminated by setWebhook request", Kind::Conflict);
        check(409, "Conflict: terminated by other setWebhook", Kind::Conflict);
        for text in ["invalid webhook URL specified", "Web App URL must be HTTPS"] {
            check(400, &format!("Bad Request: {text}"), Kind::BadValue("URL"));
        }
        let left_out = Kind::BadValue("call, because something is left out");
        check(400, "Bad Request: parameter \"web_app_url\" is required", left_out);
        check(400, "Bad Request: secret token is too long", Kind::BadValue("webhook secret"));
        check(
            400,
            "Bad Request: secret token contains unallowed characters",
            Kind::BadValue("webhook secret"),
        );
        check(400, "Bad Request: certificate size is too big (9 bytes)", Kind::BadValue("certificate"));
        for text in [
            "An HTTPS URL must be provided for webhook",
            "Webhook can be set up only on ports 80, 88, 443 or 8443",
            "Failed to resolve host: Name or service not known",
            "IP address 10.0.0.1 is reserved",
        ] {
            check(400, &format!("Bad Request: bad webhook: {text}"), Kind::BadValue("webhook URL"));
        }
    }

    #[test]
    fn texts_that_only_documents_print() {
        check(403, "Forbidden: not enough rights", Kind::MissingRight(Right::RestrictMembers));
        for text in ["not enough rights to invite users", "not enough rights to create invite link"] {
            check(403, &format!("Forbidden: {text}"), Kind::MissingRight(Right::InviteUsers));
            check(400, &format!("Bad Request: {text}"), Kind::MissingRight(Right::InviteUsers));
        }
        check(403, "Forbidden: bot is not an administrator", Kind::MissingRight(Right::Administrator));
        check(
            400,
            "Bad Request: can't combine member limit with join request approval",
            Kind::BadValue("member limit on a link that asks"),
        );
        check(400, "Bad Request: can't combine this with that", Kind::BadValue("combination of settings"));
        check(400, "Bad Request: INVITE_LINK_NAME_INVALID", Kind::BadValue("link name"));
        check(400, "Bad Request: MEMBER_LIMIT_INVALID", Kind::BadValue("member limit"));
        check(400, "Bad Request: INVITE_HASH_INVALID", Kind::LinkDead);
        let price = Kind::BadValue("price or period of a subscription");
        check(400, "Bad Request: STARS_SUBSCRIPTION_PRICE_INVALID", price);
        check(400, "Bad Request: method not available for this chat type", Kind::WrongKindOfChat);
    }

    #[test]
    fn the_prefix_and_the_case_do_not_matter() {
        check(400, "invite_hash_expired", Kind::LinkDead);
        check(403, "INVITE_HASH_EXPIRED", Kind::LinkDead);
        check(400, "bad request: Chat Not Found", Kind::ChatNotFound);
    }

    #[test]
    fn what_is_new_is_kept_as_it_came() {
        check_kept(400, "Bad Request: TEA_TOO_COLD");
        check_kept(406, "");
        check_kept(500, "Internal Server Error: receive invalid invite link");
    }

    #[test]
    fn a_quote_is_short_and_harmless() {
        let broken = Broken::new(502, "it is not JSON", &format!("<html>\u{1b}[2J{}", "x".repeat(9_000)));
        let shown = broken.to_string();
        assert!(shown.starts_with(
            "the answer (HTTP 502) cannot be understood: it is not JSON; it begins with `<html>"
        ));
        assert!(shown.chars().count() < 250 && !shown.contains('\u{1b}'));
    }
}
