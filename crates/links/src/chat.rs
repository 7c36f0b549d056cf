//! The place a link leads to, and the ways to name it.

use std::fmt;
use std::str::FromStr;

/// The largest `k` of a supergroup or channel id, which is written `-1000000000000 - k`.
const LAST_CHANNEL: i64 = 1_000_000_000_000 - (1 << 31) - 1;
/// Direct-messages chats of channels begin here.
const FIRST_MONOFORUM: i64 = 1_000_000_000_000 + (1 << 31) + 1;
const CHANNELS_BEGIN: i64 = -1_000_000_000_000;

/// The number of a chat, in the form bots use: `-1001234567890` for a supergroup or a channel,
/// `-12345` for a basic group, a person's own number for a private chat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ChatId(i64);

/// What a chat id says about its chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChatIdKind {
    /// A conversation with one person.
    Private,
    /// A basic group.
    Group,
    /// A supergroup or a channel; the id does not tell which.
    SupergroupOrChannel,
    /// The direct-messages chat of a channel.
    DirectMessages,
}

impl ChatId {
    /// A chat id, if a chat can have this number.
    pub fn new(number: i64) -> Result<Self, NotAChat> {
        let id = Self(number);
        id.read_kind().map(|_| id).ok_or_else(|| NotAChat(number.to_string()))
    }

    /// The supergroup or channel that Telegram itself numbers `bare`.
    pub fn channel(bare: i64) -> Result<Self, NotAChat> {
        match bare {
            1..=LAST_CHANNEL => Ok(Self(CHANNELS_BEGIN - bare)),
            _ => Err(NotAChat(bare.to_string())),
        }
    }

    /// The number itself.
    pub fn get(self) -> i64 {
        self.0
    }

    /// What the number says about the chat.
    pub fn kind(self) -> ChatIdKind {
        self.read_kind().expect("the constructor refuses numbers of no kind")
    }

    fn read_kind(self) -> Option<ChatIdKind> {
        match self.0 {
            1..=crate::member::LAST_USER => Some(ChatIdKind::Private),
            -999_999_999_999..=-1 => Some(ChatIdKind::Group),
            number => match CHANNELS_BEGIN.checked_sub(number)? {
                1..=LAST_CHANNEL => Some(ChatIdKind::SupergroupOrChannel),
                FIRST_MONOFORUM..=3_000_000_000_000 => Some(ChatIdKind::DirectMessages),
                _ => None,
            },
        }
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The public name of a chat, kept without its `@`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ChatName(String);

impl ChatName {
    /// A public name, with or without the leading `@`: a letter, then letters, digits and `_`, 3 to 32 in all.
    pub fn new(name: &str) -> Result<Self, NotAChat> {
        let bare = name.strip_prefix('@').unwrap_or(name);
        let well_formed = (3..=32).contains(&bare.len())
            && bare.starts_with(|first: char| first.is_ascii_alphabetic())
            && bare.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
        if well_formed { Ok(Self(bare.to_owned())) } else { Err(NotAChat(name.to_owned())) }
    }

    /// The name without its `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChatName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// How a caller names a chat: by number, or by public name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Chat {
    /// By number; never changes while the chat lives, and costs Telegram no look-up.
    Id(ChatId),
    /// By public name.
    Name(ChatName),
}

impl FromStr for Chat {
    type Err = NotAChat;

    fn from_str(text: &str) -> Result<Self, NotAChat> {
        if text.starts_with('@') {
            return ChatName::new(text).map(Self::Name);
        }
        let number = text.parse().map_err(|_| NotAChat(text.to_owned()))?;
        ChatId::new(number).map(Self::Id)
    }
}

impl From<ChatId> for Chat {
    fn from(id: ChatId) -> Self {
        Self::Id(id)
    }
}

impl From<ChatName> for Chat {
    fn from(name: ChatName) -> Self {
        Self::Name(name)
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// This text names no chat.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{0}` names no chat: give its public name such as `@garden`, or its number such as `-1001234567890`"
)]
pub struct NotAChat(String);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<ChatIdKind>) {
        let read = text.parse::<Chat>().ok().map(|chat| match chat {
            Chat::Id(id) => id.kind(),
            Chat::Name(name) => panic!("{name} is no number"),
        });
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn numbers_say_what_kind_of_chat_they_are() {
        check("42", Some(ChatIdKind::Private));
        check("1099511627775", Some(ChatIdKind::Private));
        check("1099511627776", None);
        check("-1", Some(ChatIdKind::Group));
        check("-999999999999", Some(ChatIdKind::Group));
        check("-1000000000000", None);
        check("-1000000000001", Some(ChatIdKind::SupergroupOrChannel));
        check("-1001234567890", Some(ChatIdKind::SupergroupOrChannel));
        check("-1997852516351", Some(ChatIdKind::SupergroupOrChannel));
        check("-1997852516352", None);
        check("-2002147483649", Some(ChatIdKind::DirectMessages));
        check("-4000000000000", Some(ChatIdKind::DirectMessages));
        check("-4000000000001", None);
        check("0", None);
        check("-9223372036854775808", None);
        check("-100x", None);
        check("https://t.me/garden", None);
        check("garden", None);
        check("", None);
    }

    #[test]
    fn names_begin_with_an_at_sign_and_a_letter() {
        for name in ["@garden", "@Night_Owls_2", "@gif"] {
            assert_eq!(name.parse::<Chat>().unwrap().to_string(), name);
        }
        for wrong in ["@", "@ab", "@1garden", "@gar-den", "@gärten", &format!("@{}", "a".repeat(33))] {
            assert!(wrong.parse::<Chat>().is_err(), "{wrong}");
        }
    }
}
