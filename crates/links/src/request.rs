//! Somebody asks to be let in.

use crate::{ChatId, Link, Person, UnixTime, UserId};

/// A join request that waits for a verdict.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// Where they want to go.
    pub chat: ChatId,
    /// Who asks.
    pub person: Person,
    /// When they asked.
    pub asked_at: UnixTime,
    /// What they say about themselves.
    pub bio: Option<String>,
    /// The link they came by, where it is told: events do, lists do not.
    pub link: Option<Link>,
    /// Where a bot may write to them for five minutes, even if they never started it.
    pub write_to: Option<ChatId>,
    /// Which administrator decided it, in lists that tell.
    pub decided_by: Option<UserId>,
}

/// Telegram's name for a question it put to a guard bot; answered within ten seconds or not at all.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct QueryId(pub String);

/// The answer to a join request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Let them in.
    Approve,
    /// Turn them away; they may ask again.
    Decline,
}

/// Which of the waiting requests are meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RequestFilter {
    /// Only those that came by this link.
    pub link: Option<crate::LinkUrl>,
    /// Only people whose name matches.
    pub search: Option<String>,
}
