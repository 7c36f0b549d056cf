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
//! The questions with the lowest ranks are drawn. The rank of an option, spelled in letters and digits, is what a form
//! sends for it, and options stand in the alphabetical order of these spellings.
//!
//! Nothing here is secret, and nothing has to be: the rank of an option does not depend on where its creator wrote it,
//! nor on whether it is right, so knowing how ranks are made tells no more than the page does. When a creator edits a
//! gate between a page and its answer, what was not edited keeps its rank.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{gate_from, gate_with};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, HashSet};

    const OWLS: &str =
        "ask = '?'\nkind = 'choice'\noptions = ['tawny', 'barn', 'snowy', 'eagle']\nanswers = ['barn']";

    fn visitor(number: u64) -> [u8; 16] {
        let mut visitor = [0; 16];
        visitor[..8].copy_from_slice(&number.to_be_bytes());
        visitor
    }

    fn offered<'gate>(gate: &'gate Gate, visitor: &[u8; 16]) -> Vec<Offered<'gate>> {
        match gate.ask(visitor).swap_remove(0).form {
            Form::Choice(offered) | Form::Several(offered) | Form::Order(offered) => offered,
            Form::Text | Form::Number | Form::Date => Vec::new(),
        }
    }

    /// A pool of ten questions, of which so many are drawn.
    fn pool(draw: usize) -> Gate {
        let question = |number| format!("id = 'n{number}'\nask = '?'\nanswers = ['x']\n");
        let questions: Vec<_> = (0..10).map(question).collect();
        gate_from(&format!("draw = {draw}"), &questions.join("[[questions]]\n"))
    }

    fn drawn(gate: &Gate, visitor: &[u8; 16]) -> Vec<String> {
        gate.ask(visitor).iter().map(|question| question.id.to_string()).collect()
    }

    /// Written down, so that a visitor's page does not change under them when the program does.
    #[test]
    fn ranks_are_what_they_always_were() {
        let gate = gate_with(OWLS);
        let shown: Vec<_> =
            offered(&gate, &[1; 16]).iter().map(|each| format!("{} {}", each.value, each.text)).collect();
        assert_eq!(
            shown,
            ["cx7aq2xcbohw4 eagle", "kumo2jmejtofq barn", "pw2icwkuz7pdq tawny", "yd77lbcluzsgq snowy"]
        );
        assert_eq!(drawn(&pool(3), &[1; 16]), ["n9", "n5", "n2"]);
    }

    #[test]
    fn every_option_stands_everywhere_equally_often() {
        let gate = gate_with(OWLS);
        let mut places = BTreeMap::<(usize, String), u32>::new();
        for number in 0..4000 {
            for (place, option) in offered(&gate, &visitor(number)).iter().enumerate() {
                *places.entry((place, option.text.to_owned())).or_default() += 1;
            }
        }
        assert_eq!(places.len(), 16);
        // A thousand of each are expected; 160 away is more than five standard deviations.
        assert!(places.values().all(|count| (840..1160).contains(count)), "{places:?}");
    }

    #[test]
    fn every_question_is_drawn_equally_often() {
        let gate = pool(3);
        let mut counts = BTreeMap::<String, u32>::new();
        for number in 0..4000 {
            let drawn = drawn(&gate, &visitor(number));
            assert_eq!(drawn.iter().collect::<HashSet<_>>().len(), 3);
            drawn.into_iter().for_each(|id| *counts.entry(id).or_default() += 1);
        }
        // 1200 of each are expected.
        assert!(
            counts.len() == 10 && counts.values().all(|count| (1040..1360).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn where_an_option_was_written_and_whether_it_is_right_changes_nothing() {
        let gate = gate_with(OWLS);
        let other = "ask = 'Who?'\nkind = 'several'\noptions = ['eagle', 'snowy', 'barn', 'tawny']\nanswers = ['tawny', 'eagle']";
        assert_eq!(offered(&gate, &[9; 16]), offered(&gate_with(other), &[9; 16]));
    }

    #[test]
    fn an_edit_leaves_the_values_of_the_other_options_alone() {
        let gate = gate_with(OWLS);
        let edited = gate_with(&OWLS.replace("'snowy'", "'scops', 'little'"));
        let kept = offered(&edited, &[9; 16]);
        for option in offered(&gate, &[9; 16]).iter().filter(|option| option.text != "snowy") {
            assert!(kept.contains(option), "{option:?}");
        }
    }

    #[test]
    fn without_a_draw_all_questions_come_as_they_were_written() {
        let mut gate = pool(10);
        assert_eq!(drawn(&gate, &[1; 16]).len(), 10);
        gate.draw = None;
        assert_eq!(drawn(&gate, &[1; 16]), (0..10).map(|number| format!("n{number}")).collect::<Vec<_>>());
    }

    #[test]
    fn a_page_cannot_print_what_is_accepted() {
        let gate = gate_with("ask = 'Which bird?'\nanswers = ['barn owl']");
        assert!(!format!("{:?}", gate.ask(&[1; 16])).contains("barn"));
        assert!(!format!("{gate:?}").contains("barn"));
    }

    proptest! {
        #[test]
        fn the_same_visitor_is_asked_the_same(visitor in any::<[u8; 16]>(), other in any::<[u8; 16]>()) {
            let gate = gate_with(OWLS);
            let again = gate_with(OWLS);
            prop_assert_eq!(gate.ask(&visitor), again.ask(&visitor));
            let values = |visitor| offered(&gate, visitor).into_iter().map(|each| each.value).collect::<HashSet<_>>();
            prop_assert_eq!(values(&visitor).len(), 4);
            prop_assert!(visitor == other || values(&visitor).is_disjoint(&values(&other)));
        }

        #[test]
        fn a_smaller_draw_is_the_beginning_of_a_larger_one(visitor in any::<[u8; 16]>(), draw in 1usize..10) {
            prop_assert_eq!(&drawn(&pool(draw + 1), &visitor)[..draw], &drawn(&pool(draw), &visitor)[..]);
        }
    }
}
