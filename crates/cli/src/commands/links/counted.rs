//! A link as Telegram tells it to an account: with its counts, and whose it is.

use crate::listing::{Noun, count};
use crate::output::Shown;
use crate::rows::plain;
use crate::shown::ShownLink;
use crate::when::Clock;
use links::{Link, UnixTime};
use serde::Serialize;

pub(super) const LINKS: Noun = ("link", "links");

/// For programs it is any other link.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct CountedLink(ShownLink);

impl CountedLink {
    pub(super) fn new(link: Link) -> Self {
        Self(ShownLink::new(link))
    }
}

impl Shown for CountedLink {
    const COLUMNS: &'static [&'static str] = &[
        "invite_link",
        "name",
        "uses",
        "member_limit",
        "pending",
        "expire_date",
        "created_at",
        "creates_join_request",
        "is_primary",
        "is_revoked",
        "creator_id",
        "subscription_price",
        "subscription_period",
    ];

    fn cells(&self) -> Vec<String> {
        let ShownLink { link, uses, pending, created_at, .. } = &self.0;
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        vec![
            link.invite_link.clone(),
            link.name.clone().unwrap_or_default(),
            number(uses.map(i64::from)),
            number(link.member_limit.map(i64::from)),
            number(pending.map(i64::from)),
            number(link.expire_date),
            number(*created_at),
            link.creates_join_request.to_string(),
            link.is_primary.to_string(),
            link.is_revoked.to_string(),
            link.creator.id.to_string(),
            number(link.subscription_price.map(i64::from)),
            number(link.subscription_period.map(i64::from)),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        let ShownLink { link, uses, pending, created_at, .. } = &self.0;
        let mut words = self.0.words(clock);
        if let Some(uses) = uses {
            words += &format!("\n{} in by it", count(u64::from(*uses), ("member is", "members are")));
        }
        if let Some(pending) = pending.filter(|&pending| pending > 0) {
            words += &format!(", {}", count(u64::from(pending), ("person waits", "people wait")));
        }
        let made = created_at.map(|at| format!(" on {}", clock.say(UnixTime::new(at)))).unwrap_or_default();
        words + &format!("\nmade by {} ({}){made}", plain(&link.creator.first_name), link.creator.id)
    }

    fn brief(&self) -> String {
        self.0.brief()
    }
}
