//! The people around a link, and what they may do in a chat.

use crate::{LinkUrl, UnixTime};
use std::fmt;
use std::str::FromStr;

pub(crate) const LAST_USER: i64 = (1 << 40) - 1;

/// The number of a person or a bot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct UserId(i64);

impl UserId {
    /// A user id, if Telegram could give out this number: 1 to 2^40 - 1.
    pub fn new(number: i64) -> Result<Self, NotAUser> {
        if (1..=LAST_USER).contains(&number) { Ok(Self(number)) } else { Err(NotAUser(number.to_string())) }
    }

    /// The number itself.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl FromStr for UserId {
    type Err = NotAUser;

    fn from_str(text: &str) -> Result<Self, NotAUser> {
        let number = text.parse().map_err(|_| NotAUser(text.to_owned()))?;
        Self::new(number)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// This text is no user id.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "`{0}` is no user id: give the person's number such as `123456789` (bots cannot look people up by name)"
)]
pub struct NotAUser(String);

/// Somebody Telegram told us about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// Bots are people too, here.
    pub is_bot: bool,
    /// The name they show.
    pub first_name: String,
    /// The rest of it.
    pub last_name: Option<String>,
    /// Their public name, without `@`.
    pub username: Option<String>,
    /// The language of their app, as an IETF tag.
    pub language: Option<String>,
}

/// Somebody who came in, as a user session can list them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// When they came in.
    pub joined_at: UnixTime,
    /// Which administrator let them in, if they had asked.
    pub approved_by: Option<UserId>,
    /// They came by a folder of chats.
    pub via_folder: bool,
    /// The link they came by, where it is known.
    pub link: Option<LinkUrl>,
}

/// Which of those who came are meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct MemberFilter {
    /// Only those who came by this link.
    pub link: Option<LinkUrl>,
    /// Not those who are in, but those whose paid time ended, and their membership with it.
    pub lapsed: bool,
}

/// An administrator and how many links they hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AdminLinks {
    /// Who.
    pub admin: Person,
    /// Links that are not revoked.
    pub live: u32,
    /// Links that are.
    pub revoked: u32,
}

/// What an administrator may do that matters to links.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Right {
    /// Make links, approve and decline.
    InviteUsers,
    /// Remove and ban members.
    RestrictMembers,
    /// Own the chat: see and end what others made.
    Owner,
    /// Be an administrator at all.
    Administrator,
    /// Write to the chat.
    SendMessages,
}

impl Right {
    /// The right as Telegram names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InviteUsers => "can_invite_users",
            Self::RestrictMembers => "can_restrict_members",
            Self::Owner => "creator",
            Self::Administrator => "administrator",
            Self::SendMessages => "can_send_messages",
        }
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
