//! Why a gate cannot work, and what would cure it.

use crate::bounds::Within;
use crate::gate::{Gate, Need};
use crate::question::{Kind, Options, Question, QuestionId};
use links::{ChatId, ChatIdKind};
use std::collections::HashSet;
use std::hash::Hash;
use unicode_normalization::UnicodeNormalization;

/// One reason why nobody, or not everybody who should, could pass a gate. Each is a sentence with its cure, and none
/// repeats an answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Flaw {
    /// Nowhere to go.
    #[error("the gate leads nowhere; name a chat in `chats`")]
    NoChat,
    /// A conversation.
    #[error("{0} is no chat that people can be invited to; name a group, a supergroup or a channel")]
    NoPlace(ChatId),
    /// One chat twice.
    #[error("{0} stands twice in `chats`; leave one")]
    ChatTwice(ChatId),
    /// Nothing is asked.
    #[error("the gate asks nothing; add a question")]
    NoQuestion,
    /// Two questions of one name.
    #[error("two questions are called `{0}`; give one another `id`")]
    QuestionTwice(QuestionId),
    /// More is drawn than there is.
    #[error("`draw` takes {draw} questions and there are {questions}; draw fewer or add some")]
    DrawsTooMany {
        /// How many are drawn.
        draw: u32,
        /// How many there are.
        questions: usize,
    },
    /// More has to be right than is asked.
    #[error("{need} answers have to be right and {asked} are asked; ask for fewer in `need`")]
    NeedsTooMany {
        /// How many have to be right.
        need: u32,
        /// How many are asked.
        asked: usize,
    },
    /// The points do not suffice.
    #[error(
        "{need} points are needed, and somebody can be asked questions that bring {points}; ask for fewer in `need`"
    )]
    NeedsTooMuch {
        /// How many points are needed.
        need: u32,
        /// How many somebody can reach who is right everywhere.
        points: u32,
    },
    /// It closes before it opens.
    #[error("the gate closes before it opens; put `closes_at` after `opens_at`")]
    NeverOpen,
    /// The longest wait is shorter than the first.
    #[error(
        "the longest wait is shorter than the first; make `longest_wait_seconds` at least `first_wait_seconds`"
    )]
    WaitsShrink,
    /// Time runs for some questions only.
    #[error("`{0}` has no time limit and others have; give every question `seconds`, or none")]
    SomeTimed(QuestionId),
    /// Nothing is accepted.
    #[error("no answer to `{0}` is right; name one in `answers`")]
    NoAnswer(QuestionId),
    /// An answer of which nothing is left.
    #[error("an answer to `{0}` has nothing but punctuation, which is not compared; write a word")]
    NothingToCompare(QuestionId),
    /// A right answer nobody can choose.
    #[error("an answer to `{0}` is not among its options; write it exactly as it stands in `options`")]
    NotAnOption(QuestionId),
    /// Too little to choose from.
    #[error("`{0}` needs at least two `options`")]
    TooFewOptions(QuestionId),
    /// Too much to put in order by hand.
    #[error("`{0}` has more than ten items to put in order; leave some out")]
    TooManyItems(QuestionId),
    /// Two options that look alike.
    #[error("two options of `{0}` look the same; change one")]
    OptionTwice(QuestionId),
    /// No option is wrong.
    #[error("every option of `{0}` is right, so whoever answers passes; add a wrong one")]
    NothingWrong(QuestionId),
}

impl Flaw {
    /// The question it is about, if it is about one.
    pub fn question(&self) -> Option<&QuestionId> {
        match self {
            Self::QuestionTwice(id)
            | Self::SomeTimed(id)
            | Self::NoAnswer(id)
            | Self::NothingToCompare(id)
            | Self::NotAnOption(id)
            | Self::TooFewOptions(id)
            | Self::TooManyItems(id)
            | Self::OptionTwice(id)
            | Self::NothingWrong(id) => Some(id),
            Self::NoChat
            | Self::NoPlace(_)
            | Self::ChatTwice(_)
            | Self::NoQuestion
            | Self::DrawsTooMany { .. }
            | Self::NeedsTooMany { .. }
            | Self::NeedsTooMuch { .. }
            | Self::NeverOpen
            | Self::WaitsShrink => None,
        }
    }
}

impl Gate {
    /// Everything that keeps this gate from working. A gate without flaws can be published, as far as it can tell
    /// itself: what Telegram says of its chats is for others to look at.
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        self.look_at_chats(&mut flaws);
        self.look_at_need(&mut flaws);
        self.look_at_times(&mut flaws);
        for question in &self.questions {
            question.look(&mut flaws);
        }
        flaws
    }

    fn look_at_chats(&self, flaws: &mut Vec<Flaw>) {
        if self.chats.is_empty() {
            flaws.push(Flaw::NoChat);
        }
        let is_place =
            |chat: &ChatId| matches!(chat.kind(), ChatIdKind::Group | ChatIdKind::SupergroupOrChannel);
        flaws.extend(self.chats.iter().filter(|chat| !is_place(chat)).map(|chat| Flaw::NoPlace(*chat)));
        flaws.extend(repeated(self.chats.iter().copied()).map(Flaw::ChatTwice));
    }

    fn look_at_need(&self, flaws: &mut Vec<Flaw>) {
        if self.questions.is_empty() {
            return flaws.push(Flaw::NoQuestion);
        }
        flaws.extend(
            repeated(self.questions.iter().map(|question| question.id.clone())).map(Flaw::QuestionTwice),
        );
        let questions = self.questions.len();
        if let Some(draw) = self.draw.map(Within::get).filter(|draw| *draw as usize > questions) {
            flaws.push(Flaw::DrawsTooMany { draw, questions });
        }
        match self.need {
            Need::AtLeast(need) if need.get() as usize > self.asks() => {
                flaws.push(Flaw::NeedsTooMany { need: need.get(), asked: self.asks() });
            }
            Need::Score(need) if need.get() > self.fewest_points() => {
                flaws.push(Flaw::NeedsTooMuch { need: need.get(), points: self.fewest_points() });
            }
            Need::All | Need::AtLeast(_) | Need::Score(_) => {}
        }
    }

    /// The points of somebody who is right everywhere, and was asked the questions that bring least.
    fn fewest_points(&self) -> u32 {
        let mut points: Vec<_> = self.questions.iter().map(|question| question.points.get()).collect();
        points.sort_unstable();
        points.iter().take(self.asks()).sum()
    }

    fn look_at_times(&self, flaws: &mut Vec<Flaw>) {
        if let (Some(opens), Some(closes)) = (self.opens_at, self.closes_at)
            && closes <= opens
        {
            flaws.push(Flaw::NeverOpen);
        }
        if self.tries.longest_wait_seconds.get() < self.tries.first_wait_seconds.get() {
            flaws.push(Flaw::WaitsShrink);
        }
        let untimed = self.questions.iter().find(|question| question.seconds.is_none());
        let timed = self.questions.iter().any(|question| question.seconds.is_some());
        flaws.extend(untimed.filter(|_| timed).map(|question| Flaw::SomeTimed(question.id.clone())));
    }
}

impl Question {
    fn look(&self, flaws: &mut Vec<Flaw>) {
        let mut found = |flaw: fn(QuestionId) -> Flaw, is_there: bool| {
            if is_there {
                flaws.push(flaw(self.id.clone()));
            }
        };
        match &self.kind {
            Kind::Choice { options, right } => {
                found(Flaw::TooFewOptions, options.len() < 2);
                found(Flaw::OptionTwice, look_alike(options));
                found(Flaw::NoAnswer, right.is_empty());
                found(Flaw::NotAnOption, right.iter().any(|answer| !options.contains(answer)));
                found(
                    Flaw::NothingWrong,
                    options.iter().all(|option| right.contains(option)) && !options.is_empty(),
                );
            }
            Kind::Several { options, right } => {
                found(Flaw::TooFewOptions, options.len() < 2);
                found(Flaw::OptionTwice, look_alike(options));
                found(Flaw::NoAnswer, right.is_empty());
                found(Flaw::NotAnOption, right.iter().any(|answer| !options.contains(answer)));
            }
            Kind::Order { items } => {
                found(Flaw::TooFewOptions, items.len() < 2);
                found(Flaw::TooManyItems, items.len() > 10);
                found(Flaw::OptionTwice, look_alike(items));
            }
            Kind::Text { right, .. } => {
                found(Flaw::NoAnswer, right.is_empty());
                found(Flaw::NothingToCompare, right.iter().any(|wording| wording.folded.bare.is_empty()));
            }
            Kind::Number { right, .. } => found(Flaw::NoAnswer, right.is_empty()),
            Kind::Date { right } => found(Flaw::NoAnswer, right.is_empty()),
        }
    }
}

/// Whether two options cannot be told apart by eye; `C` and `C#` can.
fn look_alike(options: &Options) -> bool {
    repeated(options.iter().map(|option| option.as_str().nfkc().collect::<String>())).next().is_some()
}

/// Those that came before.
fn repeated<T: Clone + Eq + Hash>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let mut seen = HashSet::new();
    items.filter(move |item| !seen.insert(item.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{gate, gate_from, gate_with};

    fn check(gate: &Gate, expected: &[&str]) {
        let flaws: Vec<_> = gate.flaws().iter().map(Flaw::to_string).collect();
        assert_eq!(flaws, expected);
    }

    #[test]
    fn a_gate_that_works_has_none() {
        check(&gate(""), &[]);
        check(&gate("need = { at_least = 1 }"), &[]);
        check(&gate("draw = 1\nneed = { score = 1 }"), &[]);
        check(&gate("opens_at = '2026-12-01T18:00:00Z'\ncloses_at = '2026-12-02T18:00:00Z'"), &[]);
    }

    #[test]
    fn a_gate_leads_somewhere() {
        let mut nowhere = gate("");
        nowhere.chats = Default::default();
        check(&nowhere, &["the gate leads nowhere; name a chat in `chats`"]);
        let chat = |number| ChatId::new(number).unwrap();
        nowhere.chats =
            crate::Few::new(vec![chat(-1_001_234_567_890), chat(42), chat(-1_001_234_567_890)]).unwrap();
        check(
            &nowhere,
            &[
                "42 is no chat that people can be invited to; name a group, a supergroup or a channel",
                "-1001234567890 stands twice in `chats`; leave one",
            ],
        );
    }

    #[test]
    fn enough_can_be_right() {
        let mut empty = gate("");
        empty.questions = Default::default();
        check(&empty, &["the gate asks nothing; add a question"]);
        check(&gate("draw = 2"), &["`draw` takes 2 questions and there are 1; draw fewer or add some"]);
        let two = "ask = '?'\nanswers = ['x']\npoints = 5\n[[questions]]\nask = '?'\nanswers = ['x']";
        check(&gate_from("need = { at_least = 2 }", two), &[]);
        check(
            &gate_from("need = { at_least = 2 }\ndraw = 1", two),
            &["2 answers have to be right and 1 are asked; ask for fewer in `need`"],
        );
        check(&gate_from("need = { score = 6 }", two), &[]);
        check(
            &gate_from("need = { score = 5 }\ndraw = 1", two),
            &[
                "5 points are needed, and somebody can be asked questions that bring 1; ask for fewer in `need`",
            ],
        );
        check(
            &gate_from(
                "",
                "id = 'q2'\nask = '?'\nanswers = ['x']\n[[questions]]\nask = '?'\nanswers = ['x']",
            ),
            &["two questions are called `q2`; give one another `id`"],
        );
    }

    #[test]
    fn times_fit_together() {
        check(
            &gate("opens_at = '2026-12-01T18:00:00Z'\ncloses_at = '2026-12-01T19:00:00+01:00'"),
            &["the gate closes before it opens; put `closes_at` after `opens_at`"],
        );
        check(
            &gate("tries = { first_wait_seconds = 60, longest_wait_seconds = 30 }"),
            &[
                "the longest wait is shorter than the first; make `longest_wait_seconds` at least `first_wait_seconds`",
            ],
        );
        check(
            &gate_from(
                "",
                "ask = '?'\nanswers = ['x']\nseconds = 9\n[[questions]]\nask = '?'\nanswers = ['x']",
            ),
            &["`q2` has no time limit and others have; give every question `seconds`, or none"],
        );
    }

    #[test]
    fn every_question_can_be_answered_rightly_and_wrongly() {
        check(&gate_with("ask = '?'"), &["no answer to `q1` is right; name one in `answers`"]);
        check(
            &gate_with("ask = '?'\nanswers = ['owl', '?!']"),
            &["an answer to `q1` has nothing but punctuation, which is not compared; write a word"],
        );
        for kind in ["number", "date"] {
            check(
                &gate_with(&format!("ask = '?'\nkind = '{kind}'")),
                &["no answer to `q1` is right; name one in `answers`"],
            );
        }
        check(
            &gate_with("ask = '?'\nkind = 'choice'\noptions = ['a']\nanswers = ['b']"),
            &[
                "`q1` needs at least two `options`",
                "an answer to `q1` is not among its options; write it exactly as it stands in `options`",
            ],
        );
        check(
            &gate_with("ask = '?'\nkind = 'choice'\noptions = ['a', 'b']\nanswers = ['a', 'b']"),
            &["every option of `q1` is right, so whoever answers passes; add a wrong one"],
        );
        check(&gate_with("ask = '?'\nkind = 'several'\noptions = ['C', 'C#']\nanswers = ['C', 'C#']"), &[]);
        check(
            &gate_with("ask = '?'\nkind = 'order'\noptions = ['a', 'ａ']"),
            &["two options of `q1` look the same; change one"],
        );
        check(
            &gate_with("ask = '?'\nkind = 'order'\noptions = ['a','b','c','d','e','f','g','h','i','j','k']"),
            &["`q1` has more than ten items to put in order; leave some out"],
        );
    }

    #[test]
    fn a_flaw_says_which_question_it_is_about() {
        let flaws = gate_with("id = 'bird'\nask = '?'").flaws();
        assert_eq!(flaws[0].question().unwrap().as_str(), "bird");
        assert_eq!(gate("draw = 9").flaws()[0].question(), None);
    }
}
