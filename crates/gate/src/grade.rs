//! Is this answer right?

use crate::ask::{Asked, Form, Offered};
use crate::fold::fold;
use crate::gate::{Gate, Need};
use crate::question::{Kind, Question, QuestionId, Wording};
use crate::{Number, date};
use std::collections::BTreeMap;
use std::fmt;

/// Fields of one form.
const MOST_FIELDS: usize = 2000;
/// Bytes of one field, which is several times what any right answer has.
const LONGEST_FIELD: usize = 2000;

/// What a visitor typed and ticked, by question. Empty fields are as good as none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// From fields called `answer`, for a gate with one question.
    only: Vec<String>,
    /// From fields called `answer.ID`.
    named: BTreeMap<String, Vec<String>>,
}

impl Given {
    /// The answers among the fields of a form: `answer` for the only question, `answer.ID` for one of several. A field
    /// comes once for each option ticked, and for each place of an order, first place first.
    pub fn read<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, TooMuch> {
        let mut given = Self::default();
        for (count, (name, value)) in fields.into_iter().enumerate() {
            if count >= MOST_FIELDS || value.len() > LONGEST_FIELD || name.len() > LONGEST_FIELD {
                return Err(TooMuch);
            }
            if value.trim().is_empty() {
                continue;
            }
            match name.strip_prefix("answer") {
                Some("") => given.only.push(value.to_owned()),
                Some(rest) => {
                    if let Some(id) = rest.strip_prefix('.') {
                        given.named.entry(id.to_owned()).or_default().push(value.to_owned());
                    }
                }
                None => {}
            }
        }
        Ok(given)
    }

    fn values(&self, asked: &[Asked<'_>], id: &QuestionId) -> &[String] {
        match self.named.get(id.as_str()) {
            Some(values) => values,
            None if asked.len() == 1 => &self.only,
            None => &[],
        }
    }
}

/// It may hold the right answer.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given(..)")
    }
}

/// More was sent than anybody types.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an answer is longer than any we would accept")]
pub struct TooMuch;

/// What became of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Grade {
    /// Enough is right.
    Right,
    /// Not enough is right.
    Wrong {
        /// The questions that were not answered rightly, if the gate tells; otherwise none.
        which: Vec<QuestionId>,
    },
    /// Something could not be read, so nothing was graded and nothing counts. This follows from what was typed and
    /// from the kind of question alone, and says nothing about what is right.
    Unclear {
        /// Where, and why.
        which: Vec<(QuestionId, Unclear)>,
    },
}

/// Why an answer could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unclear {
    /// Nothing there.
    #[error("this is still without an answer")]
    Blank,
    /// Several answers where one is wanted.
    #[error("one answer, please")]
    MoreThanOne,
    /// An option this visitor was not offered: the page is older than the question.
    #[error("the options have changed; please choose again")]
    NotOffered,
    /// An item is missing or stands in two places.
    #[error("every item in exactly one place, please")]
    NotAnOrder,
    /// No number.
    #[error("digits only, please, such as `42` or `3.5`")]
    NotANumber,
    /// No date.
    #[error("a date, please, such as `1969-07-20`")]
    NotADate,
    /// Two dates.
    #[error("this could be two dates; please put the year first, as in `1969-07-20`")]
    TwoDates,
}

/// What one answer is worth.
enum Mark {
    Right,
    Wrong,
    Unclear(Unclear),
}

impl Gate {
    /// Whether what was given to the questions [asked](Gate::ask) is right.
    ///
    /// - *choice*: one of the right options. *several*: all of them and no other. *order*: every item in its place.
    /// - *text* is compared without regard to case (by Unicode's full case folding), width and ligatures (NFKC),
    ///   spaces, punctuation, and the script of digits. `#`, `%`, `&`, `@` and symbols count. Accents count unless the
    ///   gate ignores them; marks that are vowels, tones or consonants of their script always count. Typing errors
    ///   (a letter too much, too few, another, or two swapped) are forgiven if the gate says so: one for every four
    ///   letters of the answer, up to the gate's number, and never in a digit.
    /// - *number*: as [`Number::readings`] reads it, within the tolerance.
    /// - *date*: a year of four digits first, or day, month and year with points, or any order that can be only one
    ///   date.
    ///
    /// All accepted answers are compared, whichever is right. The time this takes still follows the lengths of the
    /// texts; a page that wants to hide even that has to answer after a fixed time.
    pub fn grade(&self, asked: &[Asked<'_>], given: &Given) -> Grade {
        // No question is no answer, and neither is a part of the questions.
        if asked.is_empty() || asked.len() != self.asks() {
            return Grade::Wrong { which: Vec::new() };
        }
        let marks: Vec<_> =
            asked.iter().map(|question| self.mark(question, given.values(asked, question.id))).collect();
        let unclear = self.unclear(asked, &marks);
        if !unclear.is_empty() {
            return Grade::Unclear { which: unclear };
        }
        let (mut count, mut points) = (0, 0);
        let mut wrong = Vec::new();
        for (question, (mark, worth)) in asked.iter().zip(&marks) {
            match mark {
                Mark::Right => {
                    count += 1;
                    points += worth;
                }
                Mark::Wrong | Mark::Unclear(_) => wrong.push(question.id.clone()),
            }
        }
        let enough = match self.need {
            Need::All => wrong.is_empty(),
            Need::AtLeast(least) => count >= least.get(),
            Need::Score(least) => points >= least.get(),
        };
        match enough {
            true => Grade::Right,
            false if self.tells_which => Grade::Wrong { which: wrong },
            false => Grade::Wrong { which: Vec::new() },
        }
    }

    /// What cannot be graded. Where not everything has to be right, a question may be left out, but not all of them.
    fn unclear(&self, asked: &[Asked<'_>], marks: &[(Mark, u32)]) -> Vec<(QuestionId, Unclear)> {
        let blank = |mark: &Mark| matches!(mark, Mark::Unclear(Unclear::Blank));
        let may_skip = self.need != Need::All && !marks.iter().all(|(mark, _)| blank(mark));
        let unclear = asked.iter().zip(marks).filter_map(|(question, (mark, _))| match mark {
            Mark::Unclear(Unclear::Blank) if may_skip => None,
            Mark::Unclear(why) => Some((question.id.clone(), *why)),
            Mark::Right | Mark::Wrong => None,
        });
        unclear.collect()
    }

    /// What the answer to one question is worth, and how many points a right one brings.
    fn mark(&self, asked: &Asked<'_>, values: &[String]) -> (Mark, u32) {
        let question = self.questions.iter().find(|question| question.id == *asked.id);
        // Asked by another revision of the gate, which the caller should not mix with this one.
        let Some(question) = question else { return (Mark::Wrong, 0) };
        let mark = match right(question, asked, values) {
            Ok(true) => Mark::Right,
            Ok(false) => Mark::Wrong,
            Err(why) => Mark::Unclear(why),
        };
        (mark, question.points.get())
    }
}

fn right(question: &Question, asked: &Asked<'_>, values: &[String]) -> Result<bool, Unclear> {
    if values.is_empty() {
        return Err(Unclear::Blank);
    }
    match (&question.kind, &asked.form) {
        (Kind::Choice { right, .. }, Form::Choice(offered)) => {
            let chosen = choose(offered, only(values)?)?;
            Ok(right.iter().fold(false, |found, option| found | (option.as_str() == chosen)))
        }
        (Kind::Several { right, .. }, Form::Several(offered)) => {
            let ticked = values.iter().map(|value| choose(offered, value)).collect::<Result<Vec<_>, _>>()?;
            let is_right = |text: &str| right.iter().any(|option| option.as_str() == text);
            Ok(offered
                .iter()
                .fold(true, |all, each| all & (is_right(each.text) == ticked.contains(&each.text))))
        }
        (Kind::Order { items }, Form::Order(offered)) => {
            let order = values.iter().map(|value| choose(offered, value)).collect::<Result<Vec<_>, _>>()?;
            let once =
                offered.iter().all(|each| order.iter().filter(|text| **text == each.text).count() == 1);
            if !once || order.len() != offered.len() {
                return Err(Unclear::NotAnOrder);
            }
            Ok(items.iter().zip(order).fold(true, |all, (item, text)| all & (item.as_str() == text)))
        }
        (Kind::Text { right, ignore_accents, typos }, Form::Text) => {
            let typed = fold(only(values)?);
            let compare = |wording: &Wording| match ignore_accents {
                true => same(&wording.folded.bare, &typed.bare, typos.get()),
                false => same(&wording.folded.key, &typed.key, typos.get()),
            };
            Ok(right.iter().fold(false, |found, wording| found | compare(wording)))
        }
        (Kind::Number { right, tolerance }, Form::Number) => {
            let readings = Number::readings(only(values)?);
            if readings.is_empty() {
                return Err(Unclear::NotANumber);
            }
            let pairs = right.iter().flat_map(|number| readings.iter().map(move |reading| (number, reading)));
            Ok(pairs.fold(false, |found, (number, reading)| found | reading.is_near(*number, tolerance.0)))
        }
        (Kind::Date { right }, Form::Date) => match date::read(only(values)?) {
            date::Reading::Day(day) => Ok(right.iter().fold(false, |found, each| found | (*each == day))),
            date::Reading::Ambiguous => Err(Unclear::TwoDates),
            date::Reading::Unread => Err(Unclear::NotADate),
        },
        // The question became one of another kind since it was asked.
        _ => Err(Unclear::NotOffered),
    }
}

fn only(values: &[String]) -> Result<&str, Unclear> {
    match values {
        [one] => Ok(one),
        _ => Err(Unclear::MoreThanOne),
    }
}

fn choose<'gate>(offered: &[Offered<'gate>], value: &str) -> Result<&'gate str, Unclear> {
    let chosen = offered.iter().find(|each| each.value == value);
    chosen.map(|each| each.text).ok_or(Unclear::NotOffered)
}

/// Whether two folded texts are the same, but for so many slips of a finger.
fn same(wanted: &str, typed: &str, typos: u32) -> bool {
    // Nothing is left of an answer of nothing but punctuation, and nothing is no answer.
    if wanted.is_empty() {
        return false;
    }
    let forgiven = (typos as usize).min(wanted.chars().count() / 4);
    equal(wanted, typed) | (forgiven > 0 && slips(wanted, typed, forgiven))
}

/// Looks at every byte, whichever differs first.
fn equal(one: &str, other: &str) -> bool {
    let differences = one.bytes().zip(other.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b));
    (one.len() == other.len()) & (differences == 0)
}

fn slips(wanted: &str, typed: &str, forgiven: usize) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    // The work grows with both lengths, so it is not begun where the lengths alone rule the answer out.
    let lengths_apart = wanted.chars().count().abs_diff(typed.chars().count());
    lengths_apart <= forgiven
        && digits(wanted) == digits(typed)
        && strsim::osa_distance(wanted, typed) <= forgiven
}
