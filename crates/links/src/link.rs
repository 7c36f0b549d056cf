//! A link, the terms it is made on, and its life: active, used up, expired, revoked.

use crate::{Expiry, LinkName, Person, UnixTime};
use std::fmt;

/// A link's text exactly as Telegram wrote it. Telegram wants the same text back.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkUrl(String);

impl LinkUrl {
    /// Takes the text as it is; what it leads to is for [`parse`](crate::parse) to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Telegram hides the tail of links that other administrators made. Such a text names no link, and two
    /// equal ones may be two links.
    pub fn is_truncated(&self) -> bool {
        is_cut_off(&self.0)
    }
}

pub(crate) fn is_cut_off(text: &str) -> bool {
    text.ends_with('…') || text.ends_with("...")
}

impl From<LinkUrl> for String {
    fn from(url: LinkUrl) -> Self {
        url.0
    }
}

impl fmt::Display for LinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A live link is a bearer token, so a debug print shows only its beginning.
impl fmt::Debug for LinkUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.find("/+").map_or(8, |at| at + 6);
        write!(f, "LinkUrl({}..)", self.0.get(..shown).unwrap_or(""))
    }
}

/// What stands after `t.me/+`: the part that names the link, case and all.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LinkHash(String);

impl LinkHash {
    /// A hash: letters, digits, `_` and `-`, and not what looks like a telephone number.
    pub fn new(text: &str) -> Result<Self, NotAHash> {
        if text.is_empty() {
            Err(NotAHash::Empty)
        } else if let Some(odd) = text.chars().find(|&c| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        {
            Err(NotAHash::Character(odd))
        } else if text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit()) {
            Err(NotAHash::Telephone)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The hash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The link with this hash, spelled as Telegram spells new ones.
    pub fn url(&self) -> LinkUrl {
        LinkUrl(format!("https://t.me/+{}", self.0))
    }
}

impl fmt::Display for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As with [`LinkUrl`]: the beginning is enough to tell two apart.
impl fmt::Debug for LinkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkHash({}..)", &self.0[..self.0.len().min(4)])
    }
}

/// Why a text is no link hash.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAHash {
    /// Nothing there.
    #[error("there is no hash, which is what stands after `https://t.me/+`")]
    Empty,
    /// A character that no hash has.
    #[error("a hash has no `{}`; only letters, digits, `_` and `-`", .0.escape_default())]
    Character(char),
    /// Up to 32 digits are a telephone number to Telegram.
    #[error("Telegram reads up to 32 digits as a telephone number")]
    Telephone,
}

/// How many people may be members through a link *at the same time*: 1 to 99999. A leaver frees a place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct MemberLimit(u32);

impl MemberLimit {
    /// One at a time. This alone is not single use: when the one leaves, the link works again.
    pub const ONE: Self = Self(1);

    /// A limit Telegram takes.
    pub fn new(people: u32) -> Result<Self, BadLimit> {
        if (1..=99_999).contains(&people) { Ok(Self(people)) } else { Err(BadLimit(people)) }
    }

    /// The number of people.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// This number is no member limit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a link can admit 1 to 99999 people at a time, not {0}; leave the limit out to admit any number")]
pub struct BadLimit(u32);

/// What a subscription costs: so many Stars every so many seconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pricing {
    stars: u32,
    period_seconds: u32,
}

impl Pricing {
    /// The one period that Telegram offers: thirty days.
    pub const MONTH_SECONDS: u32 = 2_592_000;

    /// So many Stars a month, 1 to 10000.
    pub fn monthly(stars: u32) -> Result<Self, BadPricing> {
        Self::every(Self::MONTH_SECONDS, stars)
    }

    /// For Telegram's test environment, where periods of 60 and 300 seconds exist too.
    pub fn every(period_seconds: u32, stars: u32) -> Result<Self, BadPricing> {
        if !(1..=10_000).contains(&stars) {
            Err(BadPricing::Stars(stars))
        } else if ![60, 300, Self::MONTH_SECONDS].contains(&period_seconds) {
            Err(BadPricing::Period(period_seconds))
        } else {
            Ok(Self { stars, period_seconds })
        }
    }

    /// The price of one period.
    pub fn stars(self) -> u32 {
        self.stars
    }

    /// The length of one period.
    pub fn period_seconds(self) -> u32 {
        self.period_seconds
    }
}

/// This is no price of a subscription.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPricing {
    /// Too cheap or too dear.
    #[error("a subscription costs 1 to 10000 Stars a month, not {0}")]
    Stars(u32),
    /// Telegram has one period, and two more for tests.
    #[error("a subscription runs for 2592000 seconds (thirty days), not {0}")]
    Period(u32),
}

/// How an ordinary link lets people in. Telegram has no link that does both, and so have we.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Admission {
    /// Whoever taps first is in, up to the limit.
    Instant {
        /// How many at the same time; any number without it.
        limit: Option<MemberLimit>,
    },
    /// Whoever taps asks, and an administrator decides.
    ByRequest,
}

impl Admission {
    /// Any number of people, without asking.
    pub const OPEN: Self = Self::Instant { limit: None };
}

/// All that can be said about an ordinary link when it is made or edited.
///
/// ```
/// use admit_links::{Admission, Expiry, LinkName, MemberLimit, Terms, UnixTime};
///
/// let until = Expiry::new(UnixTime::new(1_790_000_000))?;
/// let terms = Terms::for_one(until).named(LinkName::new("spring")?);
/// assert_eq!(terms.admission, Admission::Instant { limit: Some(MemberLimit::ONE) });
///
/// // Telegram has no link that both asks and counts, and there is no way to say one.
/// assert_eq!(Terms::by_request().admission, Admission::ByRequest);
///
/// // What Telegram would cut, clamp or misread is refused when it is said.
/// assert!(LinkName::new(&"x".repeat(33)).is_err());
/// assert!(MemberLimit::new(100_000).is_err());
/// assert!(Expiry::new(UnixTime::new(1_790_000_000_000)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// A name that only administrators see.
    pub name: Option<LinkName>,
    /// When it stops working.
    pub expires_at: Option<Expiry>,
    /// How it lets people in.
    pub admission: Admission,
}

impl Terms {
    /// A link for one person at a time, until `expires_at`.
    pub fn for_one(expires_at: Expiry) -> Self {
        let admission = Admission::Instant { limit: Some(MemberLimit::ONE) };
        Self { name: None, expires_at: Some(expires_at), admission }
    }

    /// A link that asks an administrator.
    pub fn by_request() -> Self {
        Self { name: None, expires_at: None, admission: Admission::ByRequest }
    }

    /// A link for any number of people, for ever.
    pub fn open() -> Self {
        Self { name: None, expires_at: None, admission: Admission::OPEN }
    }

    /// The same, named.
    #[must_use]
    pub fn named(self, name: LinkName) -> Self {
        Self { name: Some(name), ..self }
    }
}

/// What a new subscription link needs. Telegram offers it in channels, without limit, expiry or asking.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// A name that only administrators see.
    pub name: Option<LinkName>,
    /// The price.
    pub pricing: Pricing,
}

/// How a link that exists lets people in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entrance {
    /// As ordinary links do.
    Ordinary(Admission),
    /// For Stars.
    Paid(Pricing),
}

/// A link as a backend showed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// Its text.
    pub url: LinkUrl,
    /// The name only administrators see.
    pub name: Option<LinkName>,
    /// The administrator who holds it.
    pub creator: Person,
    /// When it stops working.
    pub expires_at: Option<UnixTime>,
    /// How it lets people in.
    pub entrance: Entrance,
    /// The one primary link of its creator, which cannot be edited, only replaced.
    pub is_primary: bool,
    /// It was revoked. Bots are not told when.
    pub is_revoked: bool,
    /// Requests waiting through it, where the backend tells.
    pub pending: Option<u32>,
    /// Members through it now, where the backend tells. Bots are never told.
    pub uses: Option<u32>,
    /// When it was made, where the backend tells. Bots are never told.
    pub created_at: Option<UnixTime>,
}

/// Where a link is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Life {
    /// It opens the door.
    Active,
    /// As many came as it admits at a time; a leaver would free a place.
    UsedUp,
    /// Its time is over.
    Expired,
    /// Somebody revoked it.
    Revoked,
}

impl Link {
    /// The link's life at `now`, as far as its counts are known: a backend that does not count members cannot
    /// see that a link is used up.
    pub fn life(&self, now: UnixTime) -> Life {
        let full = match (self.entrance, self.uses) {
            (Entrance::Ordinary(Admission::Instant { limit: Some(limit) }), Some(uses)) => {
                uses >= limit.get()
            }
            _ => false,
        };
        if self.is_revoked {
            Life::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Life::Expired
        } else if full {
            Life::UsedUp
        } else {
            Life::Active
        }
    }
}

/// What revoking did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Revoked {
    /// The link, now revoked.
    pub link: Link,
    /// Telegram replaces a primary link; a user session is told by which, a bot asks for it.
    pub replaced_by: Option<Link>,
}

/// Which links are meant.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LinkFilter {
    /// Whose; our own without it.
    pub admin: Option<crate::UserId>,
    /// Revoked ones instead of live ones.
    pub revoked: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_print_shows_too_little_to_join_with() {
        let check = |text: &str, shown: &str| {
            assert_eq!(format!("{:?}", LinkUrl::new(text)), format!("LinkUrl({shown}..)"), "{text}");
        };
        check("https://t.me/+AbCdEf0123456789", "https://t.me/+AbCd");
        check("https://t.me/joinchat/AbCdEf0123456789", "https://");
        check("https://gärten.example/+AbCdEf0123456789", "https://gärten.example/+AbCd");
        check("https://t.me/+Abc…", "");
        check("https://t.me/+Ab", "");
        check("", "");
        let hash = LinkHash::new("AbCdEf0123456789").unwrap();
        assert_eq!(format!("{hash:?}"), "LinkHash(AbCd..)");
    }
}
