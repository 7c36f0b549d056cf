//! The gate a creator draws: who is asked what, how much must be right, and how often one may be wrong.

use crate::bounds::{Few, Line, Prose, Within};
use crate::file;
use crate::question::Question;
use links::{ChatId, UnixTime};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How many chats one pass can open.
pub(crate) const MOST_CHATS: usize = 20;
/// How many questions a pool holds.
pub(crate) const MOST_QUESTIONS: usize = 100;
pub(crate) const ONE_POINT: Within<1, 10> = Within::known(1);

/// The chats a pass opens.
pub type Chats = Few<ChatId, MOST_CHATS>;
/// The questions of a gate, or the pool they are drawn from.
pub type Questions = Few<Question, MOST_QUESTIONS>;

/// A gate, as a file or a form says it. Every part is bounded by its type; whether the whole can work is what
/// [`flaws`](Gate::flaws) tells.
///
/// ```
/// use admit_gate::Gate;
///
/// let gate: Gate = toml::from_str(r#"
///     slug = "night-owls"
///     title = "Night Owls"
///     chats = [-1001234567890]
///
///     [[questions]]
///     ask = "Which bird is on the label?"
///     answers = ["owl", "a barn owl"]
/// "#)?;
/// assert!(gate.flaws().is_empty());
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its name in addresses.
    pub slug: Slug,
    /// What visitors read first.
    pub title: Line<100>,
    /// What visitors read before they answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intro: Option<Prose<2000>>,
    /// Where passing leads.
    #[serde(with = "file::chats")]
    pub chats: Chats,
    /// How a pass lets its person in.
    #[serde(default)]
    pub entry: Entry,
    /// How much has to be right.
    #[serde(default)]
    pub need: Need,
    /// How many of the questions one visitor is asked; all of them without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<Within<1, 100>>,
    /// Whether a visitor learns which answer was wrong.
    #[serde(default)]
    pub tells_which: bool,
    /// How many passes there are; any number without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<Within<1, 100_000_000>>,
    /// From when on it may be passed.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "file::moment")]
    pub opens_at: Option<UnixTime>,
    /// From when on it may not.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "file::moment")]
    pub closes_at: Option<UnixTime>,
    /// How long a link works from the moment it is shown: a minute to a year.
    #[serde(default = "a_week")]
    pub link_life_seconds: Within<60, 31_536_000>,
    /// How many links are held ready for each chat.
    #[serde(default = "twenty_links")]
    pub pool: Within<0, 10_000>,
    /// What becomes of somebody who came in by a link that was not theirs.
    #[serde(default)]
    pub stranger: StrangerRule,
    /// How often one visitor may be wrong.
    #[serde(default)]
    pub tries: TryRules,
    /// How often all visitors together may be wrong.
    #[serde(default)]
    pub guesses: Budget,
    /// What is asked.
    #[serde(default, with = "file::questions")]
    pub questions: Questions,
}

fn a_week() -> Within<60, 31_536_000> {
    Within::known(604_800)
}

fn twenty_links() -> Within<0, 10_000> {
    Within::known(20)
}

impl Gate {
    /// Whether it can be passed at this moment, as far as its own times say.
    pub fn standing(&self, now: UnixTime) -> Standing {
        if self.closes_at.is_some_and(|at| at <= now) {
            return Standing::Closed;
        }
        match self.opens_at {
            Some(at) if now < at => Standing::NotYet { at },
            _ => Standing::Open,
        }
    }

    /// How many questions one visitor is asked.
    pub fn asks(&self) -> usize {
        self.draw.map_or(self.questions.len(), |draw| self.questions.len().min(draw.get() as usize))
    }

    /// Whether a visitor has to press *Start* before there is anything to answer: the questions are this visitor's
    /// own, or time runs.
    pub fn needs_start(&self) -> bool {
        self.draw.is_some() || self.questions.iter().any(|question| question.seconds.is_some())
    }
}

/// Whether a gate can be passed at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Not before this.
    NotYet {
        /// When it opens.
        at: UnixTime,
    },
    /// Now.
    Open,
    /// No more.
    Closed,
}

/// The name of a gate in addresses: 1 to 64 small letters, digits and `-`, with no `-` at either end.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl Slug {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = NotASlug;

    fn from_str(text: &str) -> Result<Self, NotASlug> {
        let fits = |each: u8| each.is_ascii_lowercase() || each.is_ascii_digit() || each == b'-';
        let well_formed = (1..=64).contains(&text.len())
            && text.bytes().all(fits)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if well_formed { Ok(Self(text.to_owned())) } else { Err(NotASlug) }
    }
}

impl TryFrom<String> for Slug {
    type Error = NotASlug;

    fn try_from(text: String) -> Result<Self, NotASlug> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// This text names no gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a gate's name has 1 to 64 small letters, digits and `-`, with no `-` at either end, such as `night-owls`"
)]
pub struct NotASlug;

/// How a pass lets its person in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entry {
    /// By a link for one person, revoked at its first join.
    #[default]
    Link,
    /// The same, handed over by the bot to a known account.
    Message,
    /// By a join request that is approved for whoever holds a pass.
    Request,
    /// Through the chat's guard bot, with no link at all.
    Guard,
}

impl Entry {
    /// The entry as a file names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Message => "message",
            Self::Request => "request",
            Self::Guard => "guard",
        }
    }
}

/// How much has to be right.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Every question.
    #[default]
    All,
    /// So many of them.
    AtLeast(Within<1, 100>),
    /// So many points.
    Score(Within<1, 1000>),
}

/// What becomes of somebody who came in by a link that was not theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StrangerRule {
    /// Out again.
    #[default]
    Remove,
    /// They may stay; the link is dead all the same.
    Keep,
}

/// How often one visitor may be wrong, and how long each wrong answer holds the next one back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TryRules {
    /// How many wrong answers there may be.
    pub most: Within<1, 100>,
    /// The wait after the first wrong answer. Every further one doubles it.
    pub first_wait_seconds: Within<0, 86_400>,
    /// No wait is longer.
    pub longest_wait_seconds: Within<0, 604_800>,
}

impl Default for TryRules {
    fn default() -> Self {
        Self {
            most: Within::known(5),
            first_wait_seconds: Within::known(10),
            longest_wait_seconds: Within::known(3600),
        }
    }
}

/// How often all visitors of a gate together may be wrong, wherever they come from. Guessing from a thousand addresses
/// is no faster than this.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Wrong answers within any minute.
    pub per_minute: Within<1, 100_000>,
    /// Wrong answers within any hour.
    pub per_hour: Within<1, 1_000_000>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { per_minute: Within::known(60), per_hour: Within::known(600) }
    }
}

impl Budget {
    /// Whether one more answer may be graded, after so many wrong ones within the last minute and the last hour.
    pub fn allows(self, in_minute: u32, in_hour: u32) -> bool {
        in_minute < self.per_minute.get() && in_hour < self.per_hour.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_into_addresses() {
        for name in ["night-owls", "a", "1", "a--b", &"a".repeat(64)] {
            assert_eq!(name.parse::<Slug>().unwrap().as_str(), name);
        }
        for wrong in ["", "-", "-a", "a-", "Night", "a b", "a/b", "é", "a_b", &"a".repeat(65)] {
            assert_eq!(wrong.parse::<Slug>(), Err(NotASlug), "{wrong}");
        }
    }

    #[test]
    fn a_gate_is_open_from_one_moment_until_another() {
        let check = |lines: &str, now: i64, expected| {
            assert_eq!(crate::tests::gate(lines).standing(UnixTime::new(now)), expected, "{lines} at {now}");
        };
        let opens = "opens_at = '2026-12-01T18:00:00Z'"; // 1796148000
        let closes = "closes_at = '2026-12-02T18:00:00Z'"; // 1796234400
        let both = format!("{opens}\n{closes}");
        let not_yet = Standing::NotYet { at: UnixTime::new(1_796_148_000) };
        check("", 0, Standing::Open);
        check(opens, 1_796_147_999, not_yet);
        check(opens, 1_796_148_000, Standing::Open);
        check(closes, 1_796_234_399, Standing::Open);
        check(closes, 1_796_234_400, Standing::Closed);
        check(&both, 0, not_yet);
        check(&both, 1_796_200_000, Standing::Open);
        check(&both, i64::MAX, Standing::Closed);
    }

    #[test]
    fn a_budget_is_spent_by_the_minute_and_by_the_hour() {
        let budget = Budget::default();
        assert!(budget.allows(0, 0));
        assert!(budget.allows(59, 599));
        assert!(!budget.allows(60, 60));
        assert!(!budget.allows(0, 600));
    }
}
