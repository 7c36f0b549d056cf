//! One thing a gate asks, as its creator wrote it: the kinds, and what is accepted for each.

use crate::bounds::{BadText, Few, Hidden, Line, Prose, Within};
use crate::fold::{Folded, fold};
use crate::{Number, date};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a question is named in forms and in grades: 1 to 32 small letters, digits, `-` and `_`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuestionId(String);

impl QuestionId {
    /// The name of the question in this place, for one that its creator did not name: `q1`, `q2` ...
    pub(crate) fn of_place(index: usize) -> Self {
        Self(format!("q{}", index + 1))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for QuestionId {
    type Err = NotAQuestionId;

    fn from_str(text: &str) -> Result<Self, NotAQuestionId> {
        let fits = |each: u8| each.is_ascii_lowercase() || each.is_ascii_digit() || b"-_".contains(&each);
        let well_formed = (1..=32).contains(&text.len()) && text.bytes().all(fits);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(NotAQuestionId) }
    }
}

impl TryFrom<String> for QuestionId {
    type Error = NotAQuestionId;

    fn try_from(text: String) -> Result<Self, NotAQuestionId> {
        text.parse()
    }
}

impl From<QuestionId> for String {
    fn from(id: QuestionId) -> Self {
        id.0
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// This text names no question.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a question's id has 1 to 32 small letters, digits, `-` and `_`")]
pub struct NotAQuestionId;

/// A question and what is accepted for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Its name in forms.
    pub id: QuestionId,
    /// What is asked, in the creator's words.
    pub ask: Prose<500>,
    /// What kind of answer is wanted, and which are right.
    pub kind: Kind,
    /// What a right answer counts where the gate counts points; one, unless the creator says otherwise.
    pub points: Within<1, 10>,
    /// How long a visitor may think about it.
    pub seconds: Option<Within<5, 3600>>,
}

/// The options of a question, as a visitor reads them.
pub type Options = Few<Line<200>, 20>;

/// What kind of answer is wanted, and which are right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// One of the options; any of the right ones will do.
    Choice {
        /// What there is to choose from.
        options: Options,
        /// The right ones, each as it stands among the options.
        right: Hidden<Options>,
    },
    /// All of the right options and none of the others.
    Several {
        /// What there is to choose from.
        options: Options,
        /// The right ones, each as it stands among the options.
        right: Hidden<Options>,
    },
    /// A few words, compared as [`grade`](crate::Gate::grade) says.
    Text {
        /// What is accepted: any of these.
        right: Hidden<Few<Wording, 50>>,
        /// `cafe` is as good as `café`.
        ignore_accents: bool,
        /// How many slips of a finger are forgiven, and never more than one for every four letters.
        typos: Within<0, 3>,
    },
    /// A number.
    Number {
        /// What is accepted: any of these.
        right: Hidden<Few<Number, 50>>,
        /// How far off an answer may be.
        tolerance: Hidden<Number>,
    },
    /// A day.
    Date {
        /// What is accepted: any of these.
        right: Hidden<Few<Date, 50>>,
    },
    /// All of the items, in their right order.
    Order {
        /// The items, in their right order.
        items: Hidden<Options>,
    },
}

impl Kind {
    /// The kind as a file names it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Choice { .. } => "choice",
            Self::Several { .. } => "several",
            Self::Text { .. } => "text",
            Self::Number { .. } => "number",
            Self::Date { .. } => "date",
            Self::Order { .. } => "order",
        }
    }
}

/// An accepted text, folded once when it is read, so that an answer costs one folding however many are accepted.
#[derive(Clone)]
pub struct Wording {
    text: Line<200>,
    pub(crate) folded: Folded,
}

impl Wording {
    /// An accepted text.
    pub fn new(text: &str) -> Result<Self, BadText> {
        Line::new(text).map(|text| Self { folded: fold(text.as_str()), text })
    }

    /// The text as its creator wrote it.
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl PartialEq for Wording {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Wording {}

impl fmt::Debug for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wording(..)")
    }
}

/// Reads a day as a creator writes it, which is no stricter than what visitors may type.
pub(crate) fn read_day(text: &str) -> Option<Date> {
    match date::read(text) {
        date::Reading::Day(day) => Some(day),
        date::Reading::Ambiguous | date::Reading::Unread => None,
    }
}
