//! What went wrong with a call: how its try ended, and what that means for the caller.

use crate::pace::Ending;
use crate::words;
use grammers_mtsender::{InvocationError, RpcError};
use links::{Error, Kind, Right};
use std::io;
use std::time::Duration;

/// Telegram's name for "so many requests that it does not say how long to wait".
const TRANSPORT_FLOOD: u32 = 429;
/// And for a key it has never seen.
const TRANSPORT_UNKNOWN_KEY: u32 = 404;

/// A refusal in Telegram's own words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Telegram said `{word}` ({code})")]
pub struct Said {
    /// Its number for it.
    pub code: i32,
    /// Its word for it.
    pub word: String,
}

/// Telegram wants to be told a number with every chat and person, and tells it to those who meet them; this session was
/// never told one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this account never met {0}: it is in none of its chats and in no list that names it")]
pub struct NeverMet(pub(super) &'static str);

/// How a try ended that brought no answer, and what to tell the caller if it was the last. The library does not tell a
/// connection that could not be made from one that broke, so all may have been sent but what says itself that it was
/// not.
pub(super) fn read(error: InvocationError, right: Right) -> (Ending, Error) {
    use InvocationError::{Authentication, Deserialize, Dropped, InvalidDc, Io, Rpc, Session, Transport};
    match error {
        Rpc(said) => refused(&said, right),
        Io(why) if why.kind() == io::ErrorKind::ConnectionRefused => {
            (Ending::Unsent, Error::because(Kind::Unreachable, why))
        }
        Io(why) => (Ending::Lost, Error::because(Kind::Unreachable, why)),
        Dropped(why) => (Ending::Lost, Error::because(Kind::Unreachable, why)),
        Transport(why) => match status(&why) {
            // The library tells it to everybody whom this connection owes an answer.
            Some(TRANSPORT_FLOOD) => (Ending::Failed, Error::because(Kind::Unreachable, why)),
            Some(TRANSPORT_UNKNOWN_KEY) => (Ending::Garbled, Error::because(Kind::SessionOver, why)),
            _ => (Ending::Lost, Error::because(Kind::BrokenAnswer, why)),
        },
        Deserialize(why) => (Ending::Garbled, Error::because(Kind::BrokenAnswer, why)),
        // To a key that Telegram has never seen, the library answers by asking for a new one.
        Authentication(why) => (Ending::Barred, Error::because(Kind::SessionOver, why)),
        Session(why) => (Ending::Barred, Error::because(Kind::Unreachable, why).lasting()),
        InvalidDc => (Ending::Barred, invalid_dc()),
    }
}

/// How the try of a call ended for which it was first asked whether anybody is there, and nobody said so: whatever
/// became of the question, the call was not sent.
pub(super) fn unsent(ending: Ending) -> Ending {
    match ending {
        Ending::Lost | Ending::Failed => Ending::Unsent,
        Ending::Garbled => Ending::Barred,
        other => other,
    }
}

/// There is no such data centre as far as the session knows.
pub(super) fn invalid_dc() -> Error {
    let why = "the account is at a data centre that the session does not know";
    Error::because(Kind::Unreachable, why).lasting()
}

fn status(why: &grammers_mtproto::transport::Error) -> Option<u32> {
    match why {
        grammers_mtproto::transport::Error::BadStatus { status } => Some(*status),
        _ => None,
    }
}

fn refused(said: &RpcError, right: Right) -> (Ending, Error) {
    let whole = Said { code: said.code, word: whole_word(said) };
    match (said.code, said.value) {
        (303, Some(dc_id)) => {
            let kind = Kind::Refused { code: said.code, text: whole.word };
            let to = SentOn(i32::try_from(dc_id).unwrap_or(i32::MAX));
            (Ending::Refused, Error::because(kind, to))
        }
        (420, Some(seconds)) => {
            let wait = Duration::from_secs(seconds.into());
            (Ending::Held(wait), Error::because(Kind::Wait { seconds }, whole))
        }
        (500.. | ..0, _) => (Ending::Failed, unnamed(whole)),
        _ if said.name.starts_with("FROZEN_") => {
            let kind = Kind::Refused { code: said.code, text: whole.word };
            (Ending::Refused, Error::because(kind, Frozen))
        }
        (401, _) if said.name != "SESSION_PASSWORD_NEEDED" => {
            (Ending::Refused, Error::because(Kind::SessionOver, whole))
        }
        _ => {
            let error = match words::kind(&said.name, right) {
                Some(kind) => Error::because(kind, whole),
                None => unnamed(whole),
            };
            (Ending::Refused, error)
        }
    }
}

/// What Telegram said last of a call: also where an earlier try leaves it unknown how that one ended.
pub(super) fn last_word(why: &Error) -> &Kind {
    let source = std::error::Error::source(why).and_then(|source| source.downcast_ref::<Error>());
    match (why.kind(), source) {
        (Kind::OutcomeUnknown, Some(source)) => source.kind(),
        (kind, _) => kind,
    }
}

/// The data centre that Telegram wants to be asked instead.
pub(super) fn sent_on_to(error: &Error) -> Option<i32> {
    let source = std::error::Error::source(error)?.downcast_ref::<SentOn>()?;
    Some(source.0)
}

/// The account, or the telephone, is at home at another data centre.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the account is at home at data centre {0}")]
pub(super) struct SentOn(i32);

/// Telegram lets the account look, and do nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("Telegram froze this account; its app says why, and takes an appeal")]
struct Frozen;

fn unnamed(said: Said) -> Error {
    Error::new(Kind::Refused { code: said.code, text: said.word })
}

/// The library takes the number out of the word.
fn whole_word(said: &RpcError) -> String {
    match said.value {
        Some(number) => format!("{} ({number})", said.name),
        None => said.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::types;

    fn check(error_code: i32, word: &str, ending: Ending, expected: Kind) {
        let said = types::RpcError { error_code, error_message: word.to_owned() };
        let (seen, error) = read(InvocationError::Rpc(said.into()), Right::InviteUsers);
        assert_eq!((seen, error.kind()), (ending, &expected), "{word}");
    }

    #[test]
    fn every_documented_word_is_one_of_ours() {
        use Ending::Refused;
        let right = Kind::MissingRight(Right::InviteUsers);
        for (code, word, kind) in [
            (400, "CHANNEL_INVALID", Kind::ChatNotFound),
            (400, "CHAT_ID_INVALID", Kind::ChatNotFound),
            (400, "PEER_ID_INVALID", Kind::ChatNotFound),
            (400, "CHAT_INVALID", Kind::ChatNotFound),
            (400, "USERNAME_NOT_OCCUPIED", Kind::ChatNotFound),
            (400, "CHANNEL_MONOFORUM_UNSUPPORTED", Kind::WrongKindOfChat),
            (400, "CHANNEL_PRIVATE", Kind::BotNotInChat),
            (406, "CHANNEL_PRIVATE", Kind::BotNotInChat),
            (400, "CHAT_ADMIN_REQUIRED", right),
            (403, "CHAT_WRITE_FORBIDDEN", Kind::MissingRight(Right::SendMessages)),
            (400, "EXPIRE_DATE_INVALID", Kind::BadValue("expiry")),
            (400, "USAGE_LIMIT_INVALID", Kind::BadValue("member limit")),
            (400, "PRICING_CHAT_INVALID", words::BAD_PRICE),
            (400, "SUBSCRIPTION_PERIOD_INVALID", Kind::BadValue("price or period of a subscription")),
            (400, "INPUT_USER_DEACTIVATED", Kind::PersonGone),
            (400, "CHAT_INVITE_PERMANENT", Kind::PrimaryLink),
            (403, "EDIT_BOT_INVITE_FORBIDDEN", Kind::NotOurLink),
            (400, "INVITE_HASH_EXPIRED", Kind::LinkDead),
            (406, "INVITE_HASH_EXPIRED", Kind::LinkDead),
            (400, "INVITE_HASH_INVALID", Kind::LinkDead),
            (400, "INVITE_HASH_EMPTY", Kind::LinkDead),
            (400, "INVITE_REVOKED_MISSING", Kind::BadValue("link, because it is not revoked")),
            (400, "ADMIN_ID_INVALID", Kind::PersonUnknown),
            (400, "USER_ID_INVALID", Kind::PersonUnknown),
            (400, "HIDE_REQUESTER_MISSING", Kind::NobodyWaiting),
            (400, "USER_ALREADY_PARTICIPANT", Kind::AlreadyIn),
            (403, "USER_CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats),
            (400, "CHANNELS_TOO_MUCH", Kind::PersonInTooManyChats),
            (400, "USERS_TOO_MUCH", Kind::ChatFull),
            (401, "AUTH_KEY_UNREGISTERED", Kind::SessionOver),
            (401, "SESSION_REVOKED", Kind::SessionOver),
            (401, "USER_DEACTIVATED", Kind::SessionOver),
        ] {
            check(code, word, Refused, kind);
        }
        let new = Kind::Refused { code: 400, text: "TEA_TOO_COLD".to_owned() };
        check(400, "TEA_TOO_COLD", Refused, new);
    }

    #[test]
    fn what_fails_may_have_been_carried_out_unless_it_was_not_sent() {
        let check = |error, ending, before| {
            let (seen, why) = read(error, Right::InviteUsers);
            assert_eq!((seen, unsent(seen)), (ending, before), "{why:?}");
        };
        for (why, ending) in [
            (io::ErrorKind::NetworkUnreachable, Ending::Lost),
            (io::ErrorKind::ConnectionReset, Ending::Lost),
            (io::ErrorKind::ConnectionRefused, Ending::Unsent),
        ] {
            check(InvocationError::Io(io::Error::from(why)), ending, Ending::Unsent);
        }
        for (status, ending, before) in [
            (TRANSPORT_FLOOD, Ending::Failed, Ending::Unsent),
            (TRANSPORT_UNKNOWN_KEY, Ending::Garbled, Ending::Barred),
        ] {
            let why = grammers_mtproto::transport::Error::BadStatus { status };
            check(InvocationError::Transport(why), ending, before);
        }
    }

    #[test]
    fn a_flood_says_how_long() {
        check(420, "FLOOD_WAIT_31", Ending::Held(Duration::from_secs(31)), Kind::Wait { seconds: 31 });
        check(420, "FLOOD_PREMIUM_WAIT_3", Ending::Held(Duration::from_secs(3)), Kind::Wait { seconds: 3 });
    }

    #[test]
    fn whose_account_is_frozen_is_told_where_to_appeal() {
        let text = "FROZEN_METHOD_INVALID".to_owned();
        let said = types::RpcError { error_code: 420, error_message: text.clone() };
        let (ending, error) = read(InvocationError::Rpc(said.into()), Right::InviteUsers);
        assert_eq!((ending, error.kind()), (Ending::Refused, &Kind::Refused { code: 420, text }));
        assert!(!error.is_retryable());
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Frozen>());
        assert_eq!(source, Some(&Frozen));
    }

    #[test]
    fn a_server_in_trouble_may_have_carried_it_out() {
        let text = |text: &str, code| Kind::Refused { code, text: text.to_owned() };
        check(500, "RPC_CALL_FAIL", Ending::Failed, text("RPC_CALL_FAIL", 500));
        check(-503, "Timeout", Ending::Failed, text("Timeout", -503));
    }
}
