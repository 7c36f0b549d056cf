//! Changing a link without losing what was not mentioned: keep, set or clear, merged onto the link as it was.

use crate::{Admission, Entrance, Expiry, Link, LinkName, LinkUrl, MemberLimit, Terms};

/// What happens to one field.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Change<T> {
    /// It stays as it was.
    #[default]
    Keep,
    /// It becomes this.
    Set(T),
    /// It is taken away.
    Clear,
}

/// What happens to the way people come in. Limit and approval exclude each other, so they change together.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AdmissionChange {
    /// It stays as it was.
    #[default]
    Keep,
    /// The limit changes, and a link that asks is refused: dropping the asking must be said aloud.
    Limit(MemberLimit),
    /// There is no limit any more; a link that asks goes on asking.
    NoLimit,
    /// It becomes exactly this.
    Become(Admission),
}

/// A patch of an ordinary link. What is not mentioned stays.
///
/// ```
/// use admit_links::{AdmissionChange, CannotMerge, Change, Edit, LinkName, LinkUrl, MemberLimit, Terms};
///
/// let summer = Edit { name: Change::Set(LinkName::new("summer")?), ..Edit::default() };
/// let five = Edit { admission: AdmissionChange::Limit(MemberLimit::new(5)?), ..Edit::default() };
/// assert_ne!(summer, five);
///
/// // Without the link as it was, what a patch leaves out would be erased.
/// let link = LinkUrl::new("https://t.me/+AbCdEf0123456789");
/// assert_eq!(summer.merge(&link, None), Err(CannotMerge::Unknown("expiry")));
/// assert_eq!(Edit::replace(Terms::open()).merge(&link, None), Ok(Terms::open()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Edit {
    /// Its name.
    pub name: Change<LinkName>,
    /// Its expiry.
    pub expires_at: Change<Expiry>,
    /// How people come in.
    pub admission: AdmissionChange,
}

impl Edit {
    /// The patch that mentions everything, and so needs no link as it was.
    pub fn replace(terms: Terms) -> Self {
        Self {
            name: terms.name.map_or(Change::Clear, Change::Set),
            expires_at: terms.expires_at.map_or(Change::Clear, Change::Set),
            admission: AdmissionChange::Become(terms.admission),
        }
    }

    /// What `link` shall say afterwards: everything mentioned, and the rest as it `was`.
    ///
    /// Without the link as it was, everything must be mentioned; the Bot API would erase the rest.
    pub fn merge(&self, link: &LinkUrl, was: Option<&Link>) -> Result<Terms, CannotMerge> {
        let was = match was {
            None => Err(()),
            Some(other) if other.url != *link => return Err(CannotMerge::AnotherLink),
            Some(Link { is_primary: true, .. }) => return Err(CannotMerge::Primary),
            Some(link) => Ok(link),
        };
        let name = match &self.name {
            Change::Keep => was.map_err(|()| CannotMerge::Unknown("name"))?.name.clone(),
            Change::Set(name) => Some(name.clone()),
            Change::Clear => None,
        };
        let expires_at = match self.expires_at {
            Change::Keep => match was.map_err(|()| CannotMerge::Unknown("expiry"))?.expires_at {
                Some(at) => Some(Expiry::new(at).map_err(|_| CannotMerge::OddExpiry)?),
                None => None,
            },
            Change::Set(at) => Some(at),
            Change::Clear => None,
        };
        let admission = match was.map(|link| link.entrance) {
            Ok(Entrance::Paid(_)) => return Err(CannotMerge::Subscription),
            Ok(Entrance::Ordinary(admission)) => Some(admission),
            Err(()) => None,
        };
        let admission = match (self.admission, admission) {
            (AdmissionChange::Become(admission), _) => admission,
            (_, None) => return Err(CannotMerge::Unknown("limit and approval")),
            (AdmissionChange::Keep, Some(admission)) => admission,
            (AdmissionChange::Limit(_), Some(Admission::ByRequest)) => {
                return Err(CannotMerge::LimitNeedsInstant);
            }
            (AdmissionChange::Limit(limit), Some(Admission::Instant { .. })) => {
                Admission::Instant { limit: Some(limit) }
            }
            (AdmissionChange::NoLimit, Some(Admission::ByRequest)) => Admission::ByRequest,
            (AdmissionChange::NoLimit, Some(Admission::Instant { .. })) => Admission::OPEN,
        };
        Ok(Terms { name, expires_at, admission })
    }
}

/// Why a patch does not fit a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CannotMerge {
    /// A field is neither mentioned nor known, and writing without it would erase it.
    #[error("the {0} would be erased: hand in the link as it was, or mention every field")]
    Unknown(&'static str),
    /// The link as it was is not the link to edit, which would get the other's name, limit and expiry.
    #[error("the link as it was is another link than the one to edit: hand in the one that is meant")]
    AnotherLink,
    /// A limit on a link that asks.
    #[error(
        "this link asks an administrator, and such links have no limit: make it instant in the same edit"
    )]
    LimitNeedsInstant,
    /// Paid links keep their price for ever.
    #[error("a subscription link can only be renamed")]
    Subscription,
    /// Primary links cannot be edited.
    #[error("a primary link cannot be edited, only replaced")]
    Primary,
    /// Telegram showed an expiry that it would not take back.
    #[error("the link's expiry as it was is no expiry that can be written back: mention it")]
    OddExpiry,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Person, Pricing, UnixTime, UserId};
    use proptest::prelude::*;

    fn abc() -> LinkUrl {
        LinkUrl::new("https://t.me/+abc")
    }

    fn link(name: Option<&str>, expires_at: Option<i64>, entrance: Entrance) -> Link {
        let creator = Person {
            id: UserId::new(7).unwrap(),
            is_bot: true,
            first_name: "Gate".into(),
            last_name: None,
            username: None,
            language: None,
        };
        Link {
            url: abc(),
            name: name.and_then(LinkName::clean),
            creator,
            expires_at: expires_at.map(UnixTime::new),
            entrance,
            is_primary: false,
            is_revoked: false,
            pending: None,
            uses: None,
            created_at: None,
        }
    }

    fn instant(limit: u32) -> Admission {
        Admission::Instant { limit: Some(MemberLimit::new(limit).unwrap()) }
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        let was = link(Some("spring"), Some(1_790_000_000), Entrance::Ordinary(instant(5)));
        let edit = Edit { name: Change::Set(LinkName::clean("summer").unwrap()), ..Edit::default() };
        let terms = edit.merge(&abc(), Some(&was)).unwrap();
        assert_eq!(terms.name.unwrap().as_str(), "summer");
        assert_eq!(terms.expires_at.unwrap().at().get(), 1_790_000_000);
        assert_eq!(terms.admission, instant(5));
    }

    #[test]
    fn a_limit_does_not_silently_open_a_link_that_asks() {
        let was = link(None, None, Entrance::Ordinary(Admission::ByRequest));
        let limit = |admission| Edit { admission, ..Edit::default() }.merge(&abc(), Some(&was));
        let five = MemberLimit::new(5).unwrap();
        assert_eq!(limit(AdmissionChange::Limit(five)), Err(CannotMerge::LimitNeedsInstant));
        assert_eq!(limit(AdmissionChange::NoLimit).unwrap().admission, Admission::ByRequest);
        assert_eq!(limit(AdmissionChange::Become(instant(5))).unwrap().admission, instant(5));
    }

    #[test]
    fn without_the_link_as_it_was_everything_must_be_mentioned() {
        let edit = Edit { name: Change::Clear, ..Edit::default() };
        assert_eq!(edit.merge(&abc(), None), Err(CannotMerge::Unknown("expiry")));
        let edit = Edit { expires_at: Change::Clear, ..edit };
        assert_eq!(edit.merge(&abc(), None), Err(CannotMerge::Unknown("limit and approval")));
        assert_eq!(Edit::replace(Terms::open()).merge(&abc(), None), Ok(Terms::open()));
    }

    #[test]
    fn another_link_lends_nothing() {
        let was = link(Some("spring"), Some(1_790_000_000), Entrance::Ordinary(instant(5)));
        let another = LinkUrl::new("https://t.me/+abC");
        for edit in [Edit::default(), Edit::replace(Terms::open())] {
            assert_eq!(edit.merge(&another, Some(&was)), Err(CannotMerge::AnotherLink));
        }
    }

    #[test]
    fn paid_and_primary_links_are_not_edited() {
        let paid = link(None, None, Entrance::Paid(Pricing::monthly(50).unwrap()));
        assert_eq!(Edit::replace(Terms::open()).merge(&abc(), Some(&paid)), Err(CannotMerge::Subscription));
        let primary = Link { is_primary: true, ..link(None, None, Entrance::Ordinary(Admission::OPEN)) };
        assert_eq!(Edit::default().merge(&abc(), Some(&primary)), Err(CannotMerge::Primary));
    }

    fn any_admission() -> impl Strategy<Value = Admission> {
        prop_oneof![Just(Admission::OPEN), Just(Admission::ByRequest), (1u32..=99_999).prop_map(instant),]
    }

    fn any_terms() -> impl Strategy<Value = Terms> {
        let name =
            proptest::option::of("[a-z]{1,12}").prop_map(|name| name.and_then(|name| LinkName::clean(&name)));
        let expiry = proptest::option::of(1_000_000_000i64..=2_147_483_647)
            .prop_map(|at| at.map(|at| Expiry::new(UnixTime::new(at)).unwrap()));
        (name, expiry, any_admission()).prop_map(|(name, expires_at, admission)| Terms {
            name,
            expires_at,
            admission,
        })
    }

    fn as_link(terms: &Terms) -> Link {
        let name = terms.name.as_ref().map(LinkName::as_str);
        link(name, terms.expires_at.map(|at| at.at().get()), Entrance::Ordinary(terms.admission))
    }

    proptest! {
        #[test]
        fn an_empty_patch_changes_nothing(was in any_terms()) {
            prop_assert_eq!(Edit::default().merge(&abc(), Some(&as_link(&was))).unwrap(), was);
        }

        #[test]
        fn a_replacing_patch_forgets_everything(was in any_terms(), terms in any_terms()) {
            prop_assert_eq!(Edit::replace(terms.clone()).merge(&abc(), Some(&as_link(&was))).unwrap(), terms);
        }

        #[test]
        fn patching_twice_is_patching_once(was in any_terms(), terms in any_terms(), keep in 0u8..8) {
            let whole = Edit::replace(terms);
            let edit = Edit {
                name: if keep & 1 == 0 { Change::Keep } else { whole.name },
                expires_at: if keep & 2 == 0 { Change::Keep } else { whole.expires_at },
                admission: if keep & 4 == 0 { AdmissionChange::Keep } else { whole.admission },
            };
            let once = edit.merge(&abc(), Some(&as_link(&was))).unwrap();
            prop_assert_eq!(edit.merge(&abc(), Some(&as_link(&once))).unwrap(), once);
        }
    }
}
