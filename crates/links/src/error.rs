//! What can go wrong, named by what the caller can do next.

use crate::{CannotMerge, ChatId, Right};
use std::error::Error as StdError;
use std::fmt;

/// Something went wrong: what kind of wrong, and underneath, in `source`, who said so and how.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    lasts: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// One kind for each thing a caller would do differently.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Telegram wants this call not to be repeated for so long.
    Wait {
        /// How long.
        seconds: u32,
    },
    /// An administrator must grant us this right.
    MissingRight(Right),
    /// The chat has a new number; use that.
    ChatMoved {
        /// The new number.
        to: ChatId,
    },
    /// The link is unknown, deleted, or not valid any more; make another.
    LinkDead,
    /// Another administrator made the link; only they can change it.
    NotOurLink,
    /// A primary link cannot be edited; rotate it, or make another.
    PrimaryLink,
    /// Nobody of that id waits: handled already, or withdrawn.
    NobodyWaiting,
    /// They are a member already.
    AlreadyIn,
    /// Telegram knows no such person, or we never met them.
    PersonUnknown,
    /// Their account is deleted.
    PersonGone,
    /// They are in too many chats and must leave one.
    PersonInTooManyChats,
    /// They blocked us, or never started us.
    PersonBlockedUs,
    /// The person holds an office that this call cannot touch.
    PersonIsAdministrator,
    /// There is no such chat, or we cannot see it.
    ChatNotFound,
    /// We are not in that chat, or were thrown out.
    BotNotInChat,
    /// This kind of chat cannot do that.
    WrongKindOfChat,
    /// The chat has as many members as it can have.
    ChatFull,
    /// The token is wrong or was revoked; nothing will work until it is replaced.
    TokenDead,
    /// The session is over, or never was one: somebody must log in again.
    SessionOver,
    /// Somebody else does what only one may do, such as polling for updates.
    Conflict,
    /// Updates are sent to a webhook, so they cannot be fetched; delete the webhook first.
    WebhookActive,
    /// The answer to a query came too late, or a second time.
    QueryTooOld,
    /// A value that Telegram does not take.
    BadValue(&'static str),
    /// This backend has no such operation; another way has.
    NotHere(NotHere),
    /// The patch does not fit the link.
    CannotMerge(CannotMerge),
    /// The request was sent and its answer lost: it may or may not have happened. Not repeated for that reason.
    OutcomeUnknown,
    /// Telegram could not be reached, and nothing happened. [`Error::is_retryable`] tells what may pass from what
    /// somebody must change first, such as a login.
    Unreachable,
    /// The time limit of the call ran out, and nothing happened.
    OutOfTime,
    /// Something answered, but not as Telegram does.
    BrokenAnswer,
    /// A refusal we have no word for, exactly as it came.
    Refused {
        /// Telegram's number for it.
        code: i32,
        /// Telegram's words for it.
        text: String,
    },
}

/// An operation a backend does not have, and what has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotHere {
    /// What was asked for.
    pub operation: crate::Operation,
    /// Who was asked.
    pub backend: &'static str,
    /// What would do it.
    pub instead: &'static str,
}

impl Error {
    /// An error with no deeper cause.
    pub fn new(kind: Kind) -> Self {
        Self { kind, lasts: false, source: None }
    }

    /// An error and who said so.
    pub fn because(kind: Kind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { kind, lasts: false, source: Some(source.into()) }
    }

    /// The same error, known to last until somebody changes something: a login, a certificate.
    #[must_use]
    pub fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }

    /// What kind of wrong.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Whether the same call may succeed later without anybody changing anything, and do no harm.
    ///
    /// It may, not will. Of what cannot be reached, only that is not worth repeating which said so itself: a proxy
    /// that does not take our login, a far side whose certificate is not trusted or that does not speak TLS. A name
    /// that is not found is: a machine without a network says the same of every name.
    pub fn is_retryable(&self) -> bool {
        match self.kind {
            _ if self.lasts => false,
            Kind::Wait { .. } | Kind::Unreachable | Kind::OutOfTime | Kind::BrokenAnswer => true,
            // Telegram is in trouble itself. A call that might have been carried out says `OutcomeUnknown` instead.
            Kind::Refused { code, .. } => code >= 500 || code == 429,
            _ => false,
        }
    }

    /// How long Telegram wants us to wait.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self.kind {
            Kind::Wait { seconds } => Some(seconds),
            _ => None,
        }
    }

    /// The right an administrator must grant.
    pub fn missing_right(&self) -> Option<Right> {
        match self.kind {
            Kind::MissingRight(right) => Some(right),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl From<CannotMerge> for Error {
    fn from(why: CannotMerge) -> Self {
        Self::new(Kind::CannotMerge(why))
    }
}

impl From<NotHere> for Error {
    fn from(what: NotHere) -> Self {
        Self::new(Kind::NotHere(what))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wait { seconds } => write!(f, "Telegram asks to wait {seconds} s before this call"),
            Self::MissingRight(right) => write!(f, "the right `{right}` is missing in this chat"),
            Self::ChatMoved { to } => write!(f, "the group became a supergroup; its number is now {to}"),
            Self::LinkDead => f.write_str("the link is unknown here or not valid any more"),
            Self::NotOurLink => {
                f.write_str("another administrator made this link, and only they can change it")
            }
            Self::PrimaryLink => f.write_str("a primary link cannot be edited, only replaced"),
            Self::NobodyWaiting => f.write_str("this person has no request waiting here"),
            Self::AlreadyIn => f.write_str("this person is a member already"),
            Self::PersonUnknown => f.write_str("Telegram does not let us know this person"),
            Self::PersonGone => f.write_str("this person's account is deleted"),
            Self::PersonInTooManyChats => {
                f.write_str("this person is in too many chats and must leave one first")
            }
            Self::PersonBlockedUs => {
                f.write_str("this person blocked the bot or the account, or never started the bot")
            }
            Self::PersonIsAdministrator => {
                f.write_str("this person is an administrator or the owner of the chat")
            }
            Self::ChatNotFound => {
                f.write_str("there is no such chat, or the bot or account that asks cannot see it")
            }
            Self::BotNotInChat => f.write_str("the bot or account that asks is not in this chat"),
            Self::WrongKindOfChat => f.write_str("this kind of chat cannot do that"),
            Self::ChatFull => f.write_str("the chat has as many members as it can have"),
            Self::TokenDead => f.write_str("Telegram does not accept the bot's token"),
            Self::SessionOver => {
                f.write_str("Telegram ended this session or never knew it; it takes a new log-in")
            }
            Self::Conflict => f.write_str("something else already does this for the same bot"),
            Self::WebhookActive => f.write_str("the bot's updates go to a webhook; delete it to fetch them"),
            Self::QueryTooOld => f.write_str("the query was answered already, or its time is over"),
            Self::BadValue(what) => write!(f, "Telegram does not take this {what}"),
            Self::NotHere(what) => {
                write!(f, "{} cannot {}: {}", what.backend, what.operation.as_str(), what.instead)
            }
            Self::CannotMerge(why) => why.fmt(f),
            Self::OutcomeUnknown => {
                f.write_str("the request was sent but its answer was lost: nobody knows whether it happened")
            }
            Self::Unreachable => f.write_str("Telegram could not be reached"),
            Self::OutOfTime => f.write_str("the time limit ran out"),
            Self::BrokenAnswer => f.write_str("the answer was not one Telegram gives"),
            Self::Refused { code, text } => write!(f, "Telegram refused with {code}: {text}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_account_can_be_told_does_not_speak_of_bots_only() {
        for kind in [Kind::PersonBlockedUs, Kind::ChatNotFound, Kind::BotNotInChat] {
            assert!(kind.to_string().contains("account"), "{kind}");
        }
    }

    #[test]
    fn what_lasts_is_not_worth_repeating() {
        let check = |error: Error, expected| assert_eq!(error.is_retryable(), expected, "{error:?}");
        check(Error::new(Kind::Unreachable), true);
        check(Error::because(Kind::Unreachable, "the name is not found"), true);
        check(Error::because(Kind::Unreachable, "the certificate is not trusted").lasting(), false);
        check(Error::new(Kind::TokenDead), false);
    }
}
