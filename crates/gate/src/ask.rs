//! What one visitor is asked: questions drawn from the pool and options in an order of the visitor's own.
//!
//! Both follow from the gate's name and the visitor alone, so that nothing has to be remembered: a question and an
//! option each get a rank, which is the beginning of the SHA-256 of
//!
//! ```text
//! "admit question" 0 SLUG 0 VISITOR ID
//! "admit option" 0 SLUG 0 VISITOR ID 0 TEXT
//! ```
//!
//! The questions with the lowest ranks are drawn, and options stand in the order of their ranks. Nothing here is
//! secret, and nothing has to be: the rank of an option does not depend on where its creator wrote it, nor on whether
//! it is right, so knowing how ranks are made tells no more than the page does. When a creator edits a gate between a
//! page and its answer, what was not edited keeps its rank.

use crate::bounds::Line;
use crate::code::spell;
use crate::gate::Gate;
use crate::question::{Kind, Question, QuestionId};
use sha2::{Digest, Sha256};

/// A question as a page shows it. It borrows what visitors may read and nothing else; what is accepted cannot be
/// reached from here.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Asked<'gate> {
    /// Its name in forms.
    pub id: &'gate QuestionId,
    /// What is asked.
    pub ask: &'gate str,
    /// How it is answered.
    pub form: Form<'gate>,
    /// How long the visitor may think about it.
    pub seconds: Option<u32>,
}

/// How a question is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Form<'gate> {
    /// One of these.
    Choice(Vec<Offered<'gate>>),
    /// Any number of these.
    Several(Vec<Offered<'gate>>),
    /// A few words.
    Text,
    /// A number.
    Number,
    /// A day.
    Date,
    /// All of these, put in order.
    Order(Vec<Offered<'gate>>),
}

/// An option as a page shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Offered<'gate> {
    /// What a form sends for it: 13 small letters and digits, this visitor's own.
    pub value: String,
    /// What the visitor reads.
    pub text: &'gate str,
}

impl Gate {
    /// The questions of this visitor, always the same ones in the same order.
    pub fn ask(&self, visitor: &[u8; 16]) -> Vec<Asked<'_>> {
        let deck = Deck { slug: self.slug.as_str(), visitor };
        let mut drawn: Vec<&Question> = self.questions.iter().collect();
        if self.draw.is_some() {
            drawn.sort_by_cached_key(|question| deck.rank("admit question", question.id.as_str(), ""));
            drawn.truncate(self.asks());
        }
        drawn.into_iter().map(|question| deck.show(question)).collect()
    }
}

/// What all ranks of one visitor at one gate have in common.
struct Deck<'a> {
    slug: &'a str,
    visitor: &'a [u8; 16],
}

impl Deck<'_> {
    fn show<'gate>(&self, question: &'gate Question) -> Asked<'gate> {
        let form = match &question.kind {
            Kind::Choice { options, .. } => Form::Choice(self.shuffle(question, options)),
            Kind::Several { options, .. } => Form::Several(self.shuffle(question, options)),
            Kind::Order { items } => Form::Order(self.shuffle(question, items)),
            Kind::Text { .. } => Form::Text,
            Kind::Number { .. } => Form::Number,
            Kind::Date { .. } => Form::Date,
        };
        let seconds = question.seconds.map(|seconds| seconds.get());
        Asked { id: &question.id, ask: question.ask.as_str(), form, seconds }
    }

    fn shuffle<'gate>(&self, question: &Question, options: &'gate [Line<200>]) -> Vec<Offered<'gate>> {
        let mut offered: Vec<_> =
            options.iter().map(|option| self.offer(question, option.as_str())).collect();
        offered.sort_by(|one, other| one.value.cmp(&other.value));
        offered
    }

    fn offer<'gate>(&self, question: &Question, text: &'gate str) -> Offered<'gate> {
        Offered { value: spell(&self.rank("admit option", question.id.as_str(), text)), text }
    }

    fn rank(&self, what: &str, id: &str, text: &str) -> [u8; 8] {
        let mut hash = Sha256::new();
        // Slugs and ids have no zeros, and a visitor has 16 bytes, so that no two questions read alike.
        for part in [what.as_bytes(), b"\0", self.slug.as_bytes(), b"\0", self.visitor, id.as_bytes()] {
            hash.update(part);
        }
        if !text.is_empty() {
            hash.update(b"\0");
            hash.update(text);
        }
        let hash: [u8; 32] = hash.finalize().into();
        *hash.first_chunk().expect("a hash of 32 bytes begins with eight")
    }
}
