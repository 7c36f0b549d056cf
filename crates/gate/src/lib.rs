//! What is fair at a gate: the questions it asks, whether an answer is right, how long a wrong one holds the next one
//! back, what a guesser's chances are, and what passing earns.
//!
//! Everything here is a function of plain values. The clock, chance and ids are arguments; no HTTP and no SQL live
//! here.

mod ask;
mod attempt;
mod bounds;
mod code;
mod date;
mod file;
mod flaw;
mod fold;
mod gate;
mod grade;
mod meter;
mod number;
pub mod pass;
mod pool;
mod question;

pub use ask::{Asked, Form, Offered};
pub use attempt::{May, Tries};
pub use bounds::{BadText, Few, Hidden, Line, OutOfBounds, Prose, TooMany, Within};
pub use code::{Code, NotACode};
pub use flaw::Flaw;
pub use gate::{
    Budget, Chats, Entry, Gate, Need, NotASlug, Questions, Slug, Standing, StrangerRule, TryRules,
};
pub use grade::{Given, Grade, LONGEST_FIELD, TooMuch, Unclear};
pub use meter::Meter;
pub use number::Number;
pub use pool::Stock;
pub use question::{Kind, NotAQuestionId, Options, Question, QuestionId, Wording};

#[cfg(test)]
mod tests {
    use crate::Gate;

    /// The smallest gate, with some lines of a file added.
    pub(crate) fn gate(lines: &str) -> Gate {
        gate_from(lines, "ask = 'Which bird is on the label?'\nanswers = ['owl', 'a barn owl']")
    }

    /// A gate with this question.
    pub(crate) fn gate_with(question: &str) -> Gate {
        gate_from("", question)
    }

    /// A gate with these lines and these questions, the first without its heading.
    pub(crate) fn gate_from(lines: &str, questions: &str) -> Gate {
        let head = "slug = 'night-owls'\ntitle = 'Night Owls'\nchats = [-1001234567890]";
        let file = format!("{head}\n{lines}\n[[questions]]\n{questions}");
        toml::from_str(&file).unwrap_or_else(|error| panic!("{error}\n{file}"))
    }
}
