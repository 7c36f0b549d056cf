//! What an invite link is: the words of the domain as types that cannot say the impossible, and one trait,
//! [`Links`], with every operation Telegram has on invite links and join requests.
//!
//! No runtime, no HTTP, no SQL, no clock and no chance live here. The backends are in `admit-telegram`.

mod chat;
mod edit;
mod error;
mod event;
mod link;
mod member;
mod name;
mod parse;
mod request;
mod time;

pub use chat::{Chat, ChatId, ChatIdKind, ChatName, NotAChat};
pub use edit::{AdmissionChange, CannotMerge, Change, Edit};
pub use error::{Error, Kind, NotHere};
pub use event::{Event, Joined, Left, Standing, Way};
pub use link::{
    Admission, BadLimit, BadPricing, Entrance, Life, Link, LinkFilter, LinkHash, LinkUrl, MemberLimit,
    NotAHash, Pricing, Revoked, Subscription, Terms,
};
pub use member::{AdminLinks, Member, MemberFilter, NotAUser, Person, Right, UserId};
pub use name::{BadName, LinkName};
pub use parse::{NotAHost, NotALink, Parser, parse};
pub use request::{QueryId, Request, RequestFilter, Verdict};
pub use time::{BadExpiry, Expiry, UnixTime};

use async_trait::async_trait;
use futures_core::Stream;
use std::pin::Pin;

/// What every operation answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A list that arrives piece by piece and ends where Telegram's ends. No page shows through.
pub type List<'a, T> = Pin<Box<dyn Stream<Item = Result<T>> + Send + 'a>>;

/// Everything that can be done with the links of a chat and the people who wait at it.
///
/// A backend has some of it. What it lacks answers with [`Kind::NotHere`], which names what has it; ask
/// [`can`](Links::can) beforehand. The methods that need a user session are provided, so that a backend without
/// one writes only what it can do.
///
/// An operation may have been carried out although it answers an error: see [`Kind::OutcomeUnknown`].
///
/// ```
/// use admit_links::{Chat, Expiry, Kind, LinkUrl, Links, Result, Terms};
///
/// /// A link for one person; for nobody, if it could not be handed over.
/// async fn invite(
///     links: &dyn Links,
///     chat: &Chat,
///     until: Expiry,
///     hand_over: impl Fn(&LinkUrl) -> bool,
/// ) -> Result<()> {
///     let link = links.create(chat, &Terms::for_one(until)).await?;
///     if hand_over(&link.url) {
///         return Ok(());
///     }
///     match links.revoke(chat, &link.url).await {
///         Err(error) if *error.kind() == Kind::LinkDead => Ok(()),
///         revoked => revoked.map(drop),
///     }
/// }
/// ```
#[async_trait]
pub trait Links: Send + Sync {
    /// How this backend calls itself in sentences: "a bot", "a user session".
    fn backend(&self) -> &'static str;

    /// Whether this backend has the operation.
    fn can(&self, operation: Operation) -> bool;

    /// Makes a link.
    async fn create(&self, chat: &Chat, terms: &Terms) -> Result<Link>;

    /// Changes what the patch mentions and keeps the rest.
    ///
    /// Backends that overwrite whole links need the link as it `was`, unless the patch mentions everything. Another
    /// link than the one to edit is refused, and nothing is sent.
    async fn edit(&self, chat: &Chat, link: &LinkUrl, edit: &Edit, was: Option<&Link>) -> Result<Link>;

    /// Ends a link. A primary link is replaced by Telegram, which is success too.
    async fn revoke(&self, chat: &Chat, link: &LinkUrl) -> Result<Revoked>;

    /// Replaces our primary link by a new one; the old one is dead at once.
    async fn rotate(&self, chat: &Chat) -> Result<LinkUrl>;

    /// Makes a link that costs Stars. Channels only.
    async fn create_subscription(&self, chat: &Chat, subscription: &Subscription) -> Result<Link>;

    /// Renames a link that costs Stars; without a name, the name is taken away.
    async fn rename_subscription(&self, chat: &Chat, link: &LinkUrl, name: Option<&LinkName>)
    -> Result<Link>;

    /// Decides one person's request.
    async fn decide(&self, chat: &Chat, person: UserId, verdict: Verdict) -> Result<()>;

    /// The links of an administrator, newest first.
    fn list<'a>(&'a self, _chat: &'a Chat, _filter: &'a LinkFilter) -> List<'a, Link> {
        nothing_but(self.not_here(Operation::List))
    }

    /// One link with its counts.
    async fn show(&self, _chat: &Chat, _link: &LinkUrl) -> Result<Link> {
        Err(self.not_here(Operation::Show))
    }

    /// Deletes one revoked link from Telegram's memory.
    async fn delete(&self, _chat: &Chat, _link: &LinkUrl) -> Result<()> {
        Err(self.not_here(Operation::Delete))
    }

    /// Deletes every revoked link of an administrator.
    async fn delete_revoked(&self, _chat: &Chat, _admin: UserId) -> Result<()> {
        Err(self.not_here(Operation::DeleteRevoked))
    }

    /// Who came in by a link, or by any.
    fn members<'a>(&'a self, _chat: &'a Chat, _filter: &'a MemberFilter) -> List<'a, Member> {
        nothing_but(self.not_here(Operation::Members))
    }

    /// Who waits.
    fn requests<'a>(&'a self, _chat: &'a Chat, _filter: &'a RequestFilter) -> List<'a, Request> {
        nothing_but(self.not_here(Operation::Requests))
    }

    /// Decides every request that waits, or every one that came by a link, in one call.
    async fn decide_all(&self, _chat: &Chat, _link: Option<&LinkUrl>, _verdict: Verdict) -> Result<()> {
        Err(self.not_here(Operation::DecideAll))
    }

    /// The administrators of a chat and how many links each holds.
    fn admins<'a>(&'a self, _chat: &'a Chat) -> List<'a, AdminLinks> {
        nothing_but(self.not_here(Operation::Admins))
    }

    /// What a visitor sees of a link, without joining.
    async fn check(&self, _link: &LinkHash) -> Result<Invitation> {
        Err(self.not_here(Operation::Check))
    }

    /// The error for an operation this backend lacks.
    fn not_here(&self, operation: Operation) -> Error {
        NotHere { operation, backend: self.backend(), instead: operation.instead() }.into()
    }
}

/// What a visitor sees of a link before joining.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Invitation {
    /// The chat's title.
    pub title: String,
    /// What the chat says about itself.
    pub about: Option<String>,
    /// About how many members it has.
    pub member_count: u32,
    /// The chat's number, told only to those who are in already or may peek.
    pub chat: Option<ChatId>,
    /// Joining only asks.
    pub by_request: bool,
    /// Joining costs.
    pub pricing: Option<Pricing>,
}

/// The operations of [`Links`], by name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs, reason = "each is documented as the method of the same name")]
pub enum Operation {
    Create,
    Edit,
    Revoke,
    Rotate,
    CreateSubscription,
    RenameSubscription,
    Decide,
    List,
    Show,
    Delete,
    DeleteRevoked,
    Members,
    Requests,
    DecideAll,
    Admins,
    Check,
}

impl Operation {
    /// Every operation there is.
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::Edit,
        Self::Revoke,
        Self::Rotate,
        Self::CreateSubscription,
        Self::RenameSubscription,
        Self::Decide,
        Self::List,
        Self::Show,
        Self::Delete,
        Self::DeleteRevoked,
        Self::Members,
        Self::Requests,
        Self::DecideAll,
        Self::Admins,
        Self::Check,
    ];

    /// The operation as a sentence says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create links",
            Self::Edit => "edit links",
            Self::Revoke => "revoke links",
            Self::Rotate => "rotate the primary link",
            Self::CreateSubscription => "create subscription links",
            Self::RenameSubscription => "rename subscription links",
            Self::Decide => "decide requests",
            Self::List => "list links",
            Self::Show => "look a link up",
            Self::Delete => "delete links",
            Self::DeleteRevoked => "delete all revoked links",
            Self::Members => "list who came by a link",
            Self::Requests => "list who waits",
            Self::DecideAll => "decide all requests at once",
            Self::Admins => "count links per administrator",
            Self::Check => "look at a link without joining",
        }
    }

    /// What does it where a bot does not.
    fn instead(self) -> &'static str {
        match self {
            Self::List | Self::Show => "a user session can, and a ledger knows the links made through it",
            Self::Members => "a user session can, and a ledger knows the joins it saw",
            Self::Requests => "a user session can, and a ledger knows the requests it saw",
            Self::DecideAll => "a user session can; decide them one by one, by user id",
            _ => "a user session can",
        }
    }
}

fn nothing_but<'a, T: Send + 'a>(error: Error) -> List<'a, T> {
    Box::pin(Once(Some(error), std::marker::PhantomData))
}

/// A list of one error.
struct Once<T>(Option<Error>, std::marker::PhantomData<fn() -> T>);

impl<T> Stream for Once<T> {
    type Item = Result<T>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trait_is_object_safe() {
        fn _takes(_: &dyn Links) {}
    }
}
