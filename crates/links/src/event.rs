//! What Telegram tells us about the people at the door, in our words.

use crate::{ChatId, Link, Person, QueryId, Request, Right, UnixTime, UserId};

/// Something happened in a chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Somebody is in who was not.
    Joined(Joined),
    /// Somebody is out who was in.
    Left(Left),
    /// Somebody asks to be let in.
    Asked(Request),
    /// Somebody asks, and Telegram waits ten seconds for our answer.
    GuardQuery {
        /// What the answer must name.
        query: QueryId,
        /// Who asks, and where.
        request: Request,
    },
    /// What we ourselves may do in a chat changed.
    RightsChanged {
        /// Where.
        chat: ChatId,
        /// When.
        at: UnixTime,
        /// Who changed it.
        by: UserId,
        /// What we are there now.
        standing: Standing,
    },
    /// A basic group became a supergroup; its old number is dead, and so are its links.
    ChatMigrated {
        /// The dead number.
        from: ChatId,
        /// The new one.
        to: ChatId,
    },
}

/// Somebody came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Joined {
    /// Where.
    pub chat: ChatId,
    /// Who.
    pub person: Person,
    /// When.
    pub at: UnixTime,
    /// Who did it: the person, or the administrator who approved or added them.
    pub by: UserId,
    /// How they came.
    pub way: Way,
}

/// How somebody came in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// By a link. Its text is truncated if another administrator made it.
    Link(Box<Link>),
    /// By a link out of a folder of chats.
    Folder(Option<Box<Link>>),
    /// By asking a public chat directly, and being approved.
    DirectRequest,
    /// Telegram did not say: added by a member, or joined a public chat directly.
    Untold,
}

/// Somebody went out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// From where.
    pub chat: ChatId,
    /// Who.
    pub person: Person,
    /// When.
    pub at: UnixTime,
    /// Who did it: the person, or the administrator who removed them.
    pub by: UserId,
    /// They were banned and cannot come back by a link.
    pub banned: bool,
}

/// What we are in a chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Standing {
    /// An administrator with these of the rights that matter to links.
    Administrator(Vec<Right>),
    /// A member without rights.
    Member,
    /// Not there any more, or never.
    Out,
    /// Thrown out, and kept out.
    Banned,
}

impl Standing {
    /// Whether this right is ours here, as far as Telegram tells: of writing it does not.
    pub fn may(&self, right: Right) -> bool {
        match self {
            Self::Administrator(rights) => right == Right::Administrator || rights.contains(&right),
            _ => false,
        }
    }
}
