//! Telegram's own upper-case words for what went wrong. Both of its interfaces pass them on as they are.

use links::{Kind, Right};

/// Not the code that was sent.
pub(crate) const WRONG_CODE: Kind = Kind::BadValue("code");
/// Not the account's second password.
pub(crate) const WRONG_PASSWORD: Kind = Kind::BadValue("password");
/// A code that was used, given up, or not used in time.
pub(crate) const CODE_OVER: Kind = Kind::BadValue("code, because its time is over");

/// A price that is too high, or a period there is none of. In a chat that is no channel, Telegram may say so of the
/// chat.
pub(crate) const BAD_PRICE: Kind = Kind::BadValue("price or period of a subscription");

/// What a word means for the caller, if we have a word for it too. `right` is the one that the method needs, for
/// refusals that name none.
pub(crate) fn kind(word: &str, right: Right) -> Option<Kind> {
    Some(match word {
        "CHAT_WRITE_FORBIDDEN" | "CHAT_SEND_PLAIN_FORBIDDEN" => Kind::MissingRight(Right::SendMessages),
        "CHAT_ADMIN_REQUIRED" => Kind::MissingRight(right),

        "INVITE_HASH_EXPIRED" | "INVITE_HASH_INVALID" | "INVITE_HASH_EMPTY" => Kind::LinkDead,
        "EDIT_BOT_INVITE_FORBIDDEN" => Kind::NotOurLink,
        "CHAT_INVITE_PERMANENT" => Kind::PrimaryLink,

        "HIDE_REQUESTER_MISSING" => Kind::NobodyWaiting,
        "USER_ALREADY_PARTICIPANT" => Kind::AlreadyIn,
        "USER_ID_INVALID" | "PARTICIPANT_ID_INVALID" | "ADMIN_ID_INVALID" => Kind::PersonUnknown,
        "INPUT_USER_DEACTIVATED" | "USER_DELETED" => Kind::PersonGone,
        "USER_CHANNELS_TOO_MUCH" | "CHANNELS_TOO_MUCH" => Kind::PersonInTooManyChats,
        "USER_IS_BLOCKED" => Kind::PersonBlockedUs,
        "USER_ADMIN_INVALID" => Kind::PersonIsAdministrator,

        "CHAT_ID_INVALID"
        | "CHAT_INVALID"
        | "PEER_ID_INVALID"
        | "CHANNEL_INVALID"
        | "USERNAME_INVALID"
        | "USERNAME_NOT_OCCUPIED" => Kind::ChatNotFound,
        // Telegram throws somebody out and says they were never in.
        "CHANNEL_PRIVATE" | "CHANNEL_PUBLIC_GROUP_NA" => Kind::BotNotInChat,
        "USERS_TOO_MUCH" => Kind::ChatFull,
        "CHANNEL_MONOFORUM_UNSUPPORTED" => Kind::WrongKindOfChat,

        "PHONE_NUMBER_INVALID" => Kind::BadValue("telephone number"),
        "PHONE_NUMBER_UNOCCUPIED" => Kind::BadValue("telephone number, because nobody has it"),
        "PHONE_NUMBER_BANNED" => Kind::BadValue("telephone number, because it is banned"),
        "PHONE_NUMBER_FLOOD" => Kind::BadValue("telephone number, because too many codes were sent to it"),
        "PHONE_PASSWORD_FLOOD" => Kind::BadValue("telephone number, because too many log-ins failed"),
        "PHONE_CODE_INVALID" | "PHONE_CODE_EMPTY" | "PHONE_CODE_HASH_EMPTY" => WRONG_CODE,
        "PHONE_CODE_EXPIRED" => CODE_OVER,
        "AUTH_TOKEN_EXPIRED" => Kind::BadValue("log-in token, because its time is over"),
        "AUTH_TOKEN_ALREADY_ACCEPTED" => Kind::BadValue("log-in token, because it was accepted before"),
        "AUTH_TOKEN_INVALID" | "AUTH_TOKEN_INVALIDX" | "AUTH_TOKEN_EXCEPTION" => {
            Kind::BadValue("log-in token")
        }
        "PASSWORD_HASH_INVALID" => WRONG_PASSWORD,
        "SRP_ID_INVALID" | "SRP_PASSWORD_CHANGED" => {
            Kind::BadValue("proof of the password, because it asks for another one by now")
        }
        // A key that was used in two places at once is good for nothing any more.
        "AUTH_KEY_DUPLICATED" => Kind::SessionOver,
        "API_ID_PUBLISHED_FLOOD" => Kind::BadValue("number of an application, because it was published"),
        "API_ID_INVALID" => Kind::BadValue("number of an application, or its hash"),

        "QUERY_ID_INVALID" => Kind::QueryTooOld,

        "EXPIRE_DATE_INVALID" => Kind::BadValue("expiry"),
        "USAGE_LIMIT_INVALID" | "MEMBER_LIMIT_INVALID" => Kind::BadValue("member limit"),
        "INVITE_LINK_NAME_INVALID" => Kind::BadValue("link name"),
        "STARS_PAYMENT_REQUIRED" => Kind::BadValue("link, because joining by it is paid for in the app"),
        "SEARCH_WITH_LINK_NOT_SUPPORTED" => Kind::BadValue("search, because it names a link too"),
        "INVITE_REVOKED_MISSING" => Kind::BadValue("link, because it is not revoked"),
        "PRICING_CHAT_INVALID" | "SUBSCRIPTION_PERIOD_INVALID" | "STARS_SUBSCRIPTION_PRICE_INVALID" => {
            BAD_PRICE
        }
        _ => return None,
    })
}
