//! What a guesser's chances are, said before somebody else finds out.
//!
//! The guesser of this meter knows the kind of every question and its options and nothing of what the gate is about,
//! never guesses the same thing twice, and forgets nothing between visitors. How likely one guess at one question is
//! right follows from its kind:
//!
//! | kind | chance of one guess |
//! |---|---|
//! | choice | right options out of all |
//! | several | one of the 2^n - 1 ways to tick something |
//! | order | one of the n! orders |
//! | date | one in 365 for each accepted day: the year is often known |
//! | number | what the tolerance covers, out of ten for one digit and out of 64 for more: a year is worth six bits |
//! | text | 2^-4 for one letter, 2^-8 for two, 2^-10 for a word, 2^-20 for several words; a number is a number |
//!
//! The last three are estimates, and low ones: words that somebody chose for others to know come from a small world.
//! Every accepted wording adds its own chance, and every typing error that is forgiven adds as much again. An answer
//! that can be looked up is found by looking it up, and no meter sees that.

use crate::Number;
use crate::gate::{Gate, Need};
use crate::question::{Kind, Question, Wording};
use std::collections::HashSet;
use std::fmt;

/// How likely a guesser gets in. Printed, it is a sentence.
///
/// ```
/// # let gate: admit_gate::Gate = toml::from_str(r#"
/// #     slug = "night-owls"
/// #     title = "Night Owls"
/// #     chats = [-1001234567890]
/// #     [[questions]]
/// #     ask = "Which of these flies at night?"
/// #     kind = "choice"
/// #     options = ["owl", "lark", "wren", "kite"]
/// #     answers = ["owl"]
/// # "#).unwrap();
/// assert_eq!(gate.chance(1), 0.25);
/// assert_eq!(
///     gate.meter().to_string(),
///     "A guesser with 5 tries gets in with 100 %, and one with a day's 14400 guesses from many addresses with 100 %."
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Meter {
    /// How many tries one visitor has.
    pub tries: u32,
    /// How likely one of them is right, from 0 to 1.
    pub chance: f64,
    /// How many wrong answers the gate takes from everybody together within a day.
    pub daily_guesses: u32,
    /// How likely one of them is right, if they all are one guesser's.
    pub daily_chance: f64,
    /// Whether an estimate went into this: texts, numbers and dates have no number of possible answers.
    pub is_estimate: bool,
}

impl fmt::Display for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tries, daily_guesses, is_estimate, .. } = self;
        let about = if *is_estimate { "about " } else { "" };
        let tries = if *tries == 1 { String::from("1 try") } else { format!("{tries} tries") };
        let (chance, daily_chance) = (Percent(self.chance), Percent(self.daily_chance));
        write!(
            f,
            "A guesser with {tries} gets in with {about}{chance}, and one with a day's {daily_guesses} guesses from \
             many addresses with {about}{daily_chance}."
        )
    }
}

impl Gate {
    /// What a guesser's chances are at this gate.
    pub fn meter(&self) -> Meter {
        let (minute, hour) = (self.guesses.per_minute.get(), self.guesses.per_hour.get());
        let daily_guesses = (minute.saturating_mul(24 * 60)).min(hour.saturating_mul(24));
        let tries = self.tries.most.get();
        Meter {
            tries,
            chance: self.chance(tries),
            daily_guesses,
            daily_chance: self.chance_of(&self.easiest(), self.asks(), daily_guesses),
            is_estimate: self.questions.iter().any(Question::is_estimated)
                || (self.draw.is_some() && matches!(self.need, Need::Score(_))),
        }
    }

    /// How likely a visitor who guesses so often gets in, from 0 to 1; over all the draws that may fall to them.
    ///
    /// Exact where everything has to be right or the gate tells which answer was wrong; elsewhere it is no less than
    /// the truth.
    pub fn chance(&self, guesses: u32) -> f64 {
        let all: Vec<_> = self.questions.iter().collect();
        self.chance_of(&all, self.asks(), guesses)
    }

    fn chance_of(&self, questions: &[&Question], drawn: usize, guesses: u32) -> f64 {
        let guesses = f64::from(guesses);
        // Told which answers are wrong, a guesser works at every question by itself.
        let apart: Vec<_> = questions.iter().map(|question| (question.chance() * guesses).min(1.0)).collect();
        let told = self.enough(questions, &apart, drawn);
        if self.tells_which {
            return told;
        }
        let once: Vec<_> = questions.iter().map(|question| question.chance()).collect();
        // Who is told less does no better, and no better than if no two guesses had anything in common.
        told.min(self.enough(questions, &once, drawn) * guesses)
    }

    /// How likely enough is right, where each question is right with its own chance and so many of them are drawn.
    fn enough(&self, questions: &[&Question], chances: &[f64], drawn: usize) -> f64 {
        let worth = |question: &Question| match self.need {
            Need::All | Need::AtLeast(_) => 1,
            Need::Score(_) => question.points.get() as usize,
        };
        let needed = match self.need {
            Need::All => drawn,
            Need::AtLeast(least) => least.get() as usize,
            Need::Score(least) => least.get() as usize,
        };
        if drawn == 0 {
            return 0.0;
        }
        // `odds[taken][score]`: so many drawn so far, and so much right among them; more than needed counts as needed.
        let mut odds = vec![vec![0.0; needed + 1]; drawn + 1];
        odds[0][0] = 1.0;
        for (seen, (question, chance)) in questions.iter().zip(chances).enumerate() {
            let left = (questions.len() - seen) as f64;
            // From the top, so that no question is drawn twice.
            for taken in (0..=drawn.min(seen)).rev() {
                let draw = (drawn - taken) as f64 / left;
                for score in (0..=needed).rev() {
                    let here = std::mem::take(&mut odds[taken][score]);
                    if here == 0.0 {
                        continue;
                    }
                    odds[taken][score] += here * (1.0 - draw);
                    if taken < drawn {
                        odds[taken + 1][score] += here * draw * (1.0 - chance);
                        odds[taken + 1][needed.min(score + worth(question))] += here * draw * chance;
                    }
                }
            }
        }
        // Sums of fractions may end a hair above one.
        odds[drawn][needed].min(1.0)
    }

    /// As many questions as are drawn, those a guesser would wait for. Pages cost nothing, so somebody with all day
    /// looks at many before guessing at one.
    fn easiest(&self) -> Vec<&Question> {
        let mut questions: Vec<_> = self.questions.iter().collect();
        let ease = |question: &Question| match self.need {
            Need::All | Need::AtLeast(_) => question.chance(),
            Need::Score(_) => question.chance() * f64::from(question.points.get()),
        };
        questions.sort_by(|one, other| ease(other).total_cmp(&ease(one)));
        questions.truncate(self.asks());
        questions
    }
}

impl Question {
    /// How likely one guess is right.
    fn chance(&self) -> f64 {
        let chance = match &self.kind {
            Kind::Choice { options, right } => {
                let right = options.iter().filter(|option| right.contains(option)).count();
                right as f64 / options.len().max(1) as f64
            }
            Kind::Several { options, .. } => 1.0 / ((1u64 << options.len()) - 1).max(1) as f64,
            Kind::Order { items } => 1.0 / (1..=items.len()).map(|place| place as f64).product::<f64>(),
            Kind::Date { right } => right.len() as f64 / 365.0,
            Kind::Number { right, tolerance } => {
                right.iter().map(|number| number_chance(*number, tolerance.0)).sum()
            }
            Kind::Text { right, typos, .. } => {
                let mut seen = HashSet::new();
                let different = right.iter().filter(|wording| seen.insert(&wording.folded.bare));
                different.map(text_chance).sum::<f64>() * f64::from(1 + typos.get())
            }
        };
        chance.clamp(0.0, 1.0)
    }

    fn is_estimated(&self) -> bool {
        match self.kind {
            Kind::Text { .. } | Kind::Number { .. } | Kind::Date { .. } => true,
            Kind::Choice { .. } | Kind::Several { .. } | Kind::Order { .. } => false,
        }
    }
}

fn number_chance(number: Number, tolerance: Number) -> f64 {
    let likely = if number.digits() <= 1 { 10.0 } else { 64.0 };
    number.neighbours(tolerance) / likely
}

fn text_chance(wording: &Wording) -> f64 {
    if let Some(number) = Number::read(wording.as_str()) {
        return number_chance(number, Number::ZERO);
    }
    let words = wording.as_str().split_whitespace().count();
    let bits = match (words, wording.folded.bare.chars().count()) {
        (_, 0..=1) => 4,
        (_, 2) => 8,
        (0..=1, _) => 10,
        _ => 20,
    };
    0.5f64.powi(bits)
}

/// A chance as people read it: two digits that mean something, and no certainty that is none.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 * 100.0 {
            percent if percent >= 100.0 => write!(f, "100 %"),
            percent if percent > 99.0 => write!(f, "more than 99 %"),
            percent if percent >= 10.0 => write!(f, "{percent:.0} %"),
            percent if percent >= 1.0 => write!(f, "{percent:.1} %"),
            percent if percent >= 0.01 => write!(f, "{percent:.2} %"),
            percent if percent > 0.0 => write!(f, "less than 0.01 %"),
            _ => write!(f, "0 %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{gate_from, gate_with};
    use proptest::prelude::*;

    const COIN: &str = "ask = '?'\nkind = 'choice'\noptions = ['a', 'b']\nanswers = ['a']\n";
    const FOUR: &str = "ask = '?'\nkind = 'choice'\noptions = ['a', 'b', 'c', 'd']\nanswers = ['a']\n";

    fn check(gate: &Gate, guesses: u32, expected: f64) {
        let chance = gate.chance(guesses);
        assert!((chance - expected).abs() <= 1e-12 * expected.max(1.0), "{chance} is not {expected}");
    }

    fn questions(each: &[&str]) -> String {
        each.join("[[questions]]\n")
    }

    #[test]
    fn every_kind_has_its_chance() {
        let one = |question: &str, expected| check(&gate_with(question), 1, expected);
        one(FOUR, 0.25);
        one("ask = '?'\nkind = 'choice'\noptions = ['a', 'b', 'c']\nanswers = ['a', 'c']", 2.0 / 3.0);
        one("ask = '?'\nkind = 'several'\noptions = ['a', 'b', 'c']\nanswers = ['a']", 1.0 / 7.0);
        one("ask = '?'\nkind = 'order'\noptions = ['a', 'b', 'c', 'd']", 1.0 / 24.0);
        one("ask = '?'\nkind = 'date'\nanswers = ['1969-07-20']", 1.0 / 365.0);
        one("ask = '?'\nkind = 'number'\nanswers = [7]", 0.1);
        one("ask = '?'\nkind = 'number'\nanswers = [1984]", 1.0 / 64.0);
        one("ask = '?'\nkind = 'number'\nanswers = [1984]\ntolerance = 2", 5.0 / 64.0);
        one("ask = '?'\nkind = 'number'\nanswers = [3.14]\ntolerance = 0.01", 3.0 / 64.0);
        one("ask = '?'\nkind = 'number'\nanswers = [1984]\ntolerance = 999999", 1.0);
        one("ask = '?'\nanswers = ['owl']", 1.0 / 1024.0);
        one("ask = '?'\nanswers = ['owl', 'Owl!', 'lark']", 2.0 / 1024.0);
        one("ask = '?'\nanswers = ['nightingale']\ntypos = 2", 3.0 / 1024.0);
        one("ask = '?'\nanswers = ['a barn owl']", 1.0 / 1_048_576.0);
        one("ask = '?'\nanswers = ['x']", 1.0 / 16.0);
        one("ask = '?'\nanswers = ['1984']", 1.0 / 64.0);
        one("ask = '?'", 0.0);
    }

    #[test]
    fn enough_has_to_be_right_at_once() {
        let three = questions(&[FOUR, FOUR, COIN]);
        check(&gate_from("", &three), 1, 1.0 / 32.0);
        check(&gate_from("", &three), 5, 5.0 / 32.0);
        check(&gate_from("", &three), 99, 1.0);
        // Both quarters without the half, one quarter with it, or all.
        let two = (1.0 / 16.0) * 0.5 + 2.0 * (0.25 * 0.75) * 0.5 + (1.0 / 16.0) * 0.5;
        check(&gate_from("need = { at_least = 2 }", &three), 1, two);
        check(&gate_from("need = { at_least = 1 }", &three), 1, 1.0 - 0.75 * 0.75 * 0.5);
        let worth = questions(&[&format!("{FOUR}points = 3\n"), FOUR, COIN]);
        check(&gate_from("need = { score = 3 }", &worth), 1, 0.25);
        check(&gate_from("need = { score = 2 }", &worth), 1, 0.25 + 0.75 * 0.25 * 0.5);
    }

    #[test]
    fn telling_which_is_wrong_helps_a_guesser() {
        let three = questions(&[FOUR, FOUR, COIN]);
        check(&gate_from("tells_which = true", &three), 1, 1.0 / 32.0);
        check(&gate_from("tells_which = true", &three), 2, 0.5 * 0.5);
        check(&gate_from("tells_which = true", &three), 4, 1.0);
    }

    #[test]
    fn draws_are_averaged() {
        let pool = questions(&[FOUR, FOUR, COIN]);
        // Two of three: the quarters, or a quarter and the half twice.
        check(&gate_from("draw = 2", &pool), 1, (1.0 / 16.0 + 2.0 / 8.0) / 3.0);
        check(&gate_from("draw = 1", &pool), 1, (0.25 + 0.25 + 0.5) / 3.0);
        check(&gate_from("draw = 3", &pool), 1, 1.0 / 32.0);
        // With all day, the easiest draw is waited for.
        let gate = gate_from(
            "draw = 2\nguesses = { per_hour = 1 }",
            &questions(&[
                "ask = '?'\nanswers = ['owl']\n",
                "ask = '?'\nanswers = ['lark']\n",
                "ask = '?'\nanswers = ['x']\n",
            ]),
        );
        let meter = gate.meter();
        assert_eq!((meter.tries, meter.daily_guesses), (5, 24));
        assert!((meter.daily_chance - 24.0 / 16384.0).abs() < 1e-12, "{meter:?}");
    }

    #[test]
    fn a_gate_without_questions_is_not_guessed_at() {
        let mut gate = gate_with(COIN);
        gate.questions = Default::default();
        check(&gate, 1000, 0.0);
    }

    #[test]
    fn it_is_said_in_a_sentence() {
        let says = |lines: &str, question: &str, expected: &str| {
            assert_eq!(gate_from(lines, question).meter().to_string(), expected);
        };
        says(
            "",
            "ask = '?'\nanswers = ['owl']",
            "A guesser with 5 tries gets in with about 0.49 %, and one with a day's 14400 guesses from many addresses \
             with about 100 %.",
        );
        says(
            "tries = { most = 1 }\nguesses = { per_minute = 1, per_hour = 60 }",
            &questions(&[FOUR, FOUR, FOUR, FOUR]),
            "A guesser with 1 try gets in with 0.39 %, and one with a day's 1440 guesses from many addresses with 100 %.",
        );
        for (chance, expected) in [
            (0.0, "0 %"),
            (1e-9, "less than 0.01 %"),
            (0.012, "1.2 %"),
            (0.256, "26 %"),
            (0.9999, "more than 99 %"),
        ] {
            assert_eq!(Percent(chance).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn more_guesses_never_hurt_a_guesser(
            kinds in prop::collection::vec(prop::sample::select(vec![COIN, FOUR, "ask = '?'\nanswers = ['owl']\n"]), 1..6),
            lines in prop::sample::select(vec!["", "need = { at_least = 1 }", "need = { score = 1 }", "draw = 1"]),
            tells in any::<bool>(),
            guesses in 0u32..2000,
        ) {
            let gate = gate_from(&format!("{lines}\ntells_which = {tells}"), &questions(&kinds));
            let (fewer, more) = (gate.chance(guesses), gate.chance(guesses + 1));
            prop_assert!((0.0..=1.0).contains(&fewer) && fewer <= more + 1e-12, "{fewer} {more}");
            let mut told = gate.clone();
            told.tells_which = true;
            prop_assert!(fewer <= told.chance(guesses) + 1e-12);
        }

        /// By counting every way the questions of a small gate can turn out.
        #[test]
        fn chances_are_those_of_counting(
            coins in prop::collection::vec((any::<bool>(), 1u32..=3), 1..7),
            need in 1u32..6,
            by_points in any::<bool>(),
        ) {
            let each: Vec<_> = coins
                .iter()
                .map(|(coin, points)| format!("{}points = {points}\n", if *coin { COIN } else { FOUR }))
                .collect();
            let each: Vec<_> = each.iter().map(String::as_str).collect();
            let lines = if by_points { format!("need = {{ score = {need} }}") } else { format!("need = {{ at_least = {need} }}") };
            let gate = gate_from(&lines, &questions(&each));
            let mut counted = 0.0;
            for outcome in 0u32..1 << coins.len() {
                let (mut odds, mut sum) = (1.0, 0);
                for (place, (coin, points)) in coins.iter().enumerate() {
                    let chance = if *coin { 0.5 } else { 0.25 };
                    let is_right = outcome >> place & 1 == 1;
                    odds *= if is_right { chance } else { 1.0 - chance };
                    sum += if !is_right { 0 } else if by_points { *points } else { 1 };
                }
                if sum >= need {
                    counted += odds;
                }
            }
            prop_assert!((gate.chance(1) - counted).abs() < 1e-12, "{} {counted}", gate.chance(1));
        }
    }
}
