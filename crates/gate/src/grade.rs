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
/// Letters of one field, which is several times what any right answer has.
pub const LONGEST_FIELD: usize = 500;

/// What a visitor typed and ticked, by question. Empty fields are as good as none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Given {
    /// From fields called `answer`, for a gate with one question.
    only: Vec<String>,
    /// From fields called `answer.ID`.
    named: BTreeMap<String, Vec<String>>,
}

fn is_too_long(text: &str) -> bool {
    text.chars().nth(LONGEST_FIELD).is_some()
}

impl Given {
    /// The answers among the fields of a form: `answer` for the only question, `answer.ID` for one of several. A field
    /// comes once for each option ticked, and for each place of an order, first place first.
    pub fn read<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, TooMuch> {
        let mut given = Self::default();
        for (count, (name, value)) in fields.into_iter().enumerate() {
            if count >= MOST_FIELDS || is_too_long(value) || is_too_long(name) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::gate_with;
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization;

    const VISITOR: [u8; 16] = [7; 16];

    /// The grade for one text question with these rules.
    fn grade_text(rules: &str, accepted: &str, typed: &str) -> Grade {
        let gate = gate_with(&format!("ask = 'Which?'\nanswers = ['''{accepted}''']\n{rules}"));
        gate.grade(&gate.ask(&VISITOR), &Given::read([("answer", typed)]).unwrap())
    }

    fn wrong() -> Grade {
        Grade::Wrong { which: Vec::new() }
    }

    /// Accepted, and typed in ways that are right and in ways that are wrong.
    fn check(rules: &str, accepted: &str, right: &[&str], not: &[&str]) {
        for typed in right {
            assert_eq!(grade_text(rules, accepted, typed), Grade::Right, "{typed:?} for {accepted:?}");
        }
        for typed in not {
            assert_eq!(grade_text(rules, accepted, typed), wrong(), "{typed:?} for {accepted:?}");
        }
    }

    #[test]
    fn latin() {
        check(
            "",
            "Night Owl",
            &["night owl", " NIGHT  OWL ", "Night-Owl!", "nightowl", "ｎｉｇｈｔ ｏｗｌ"],
            &["owl", "night"],
        );
        check("", "Straße", &["strasse", "STRASSE", "STRAẞE", "straße"], &["strase", "straſe"]);
        check("", "Café", &["cafe\u{301}", "CAFÉ", "café."], &["cafe"]);
        check(
            "",
            "Don't stop",
            &["dont stop", "don’t stop", "DON`T STOP", "donʼt stop", "don´t stop"],
            &["do stop"],
        );
        check("", "U.S.A.", &["usa", "USA", "u s a"], &["us"]);
        check("", "İstanbul", &["istanbul", "ISTANBUL", "ıstanbul", "İSTANBUL"], &["stanbul"]);
        check("", "ﬁre", &["fire", "FIRE"], &["ire"]);
        check("", "C#", &["c#", "C #"], &["c", "c++"]);
        check("", "C++", &["c++"], &["c"]);
        check("", "1.5", &["1,5", "1 5", "1-5"], &["15"]);
        check("", "9/11", &["9-11", "9.11"], &["911"]);
        check("", "soft\u{ad}ware", &["software", "soft\u{200b}ware", "\u{feff}software\u{200e}"], &["soft"]);
    }

    #[test]
    fn latin_without_accents() {
        let rules = "ignore_accents = true";
        check(rules, "Café", &["cafe", "CAFÉ", "cafè", "cafe\u{301}"], &["caf", "caffe"]);
        check(rules, "Đà Nẵng", &["da nang", "Đà Nẵng", "đa nang"], &["nang"]);
        check(rules, "Łódź", &["lodz", "ŁÓDŹ"], &["lod"]);
        check(rules, "smørrebrød", &["smorrebrod"], &["smrrebrd"]);
        check(rules, "año", &["ano", "AÑO"], &["an"]);
        check(rules, "Œuvre", &["oeuvre", "œuvre"], &["uvre"]);
    }

    #[test]
    fn greek() {
        check("", "Όδυσσεύς", &["όδυσσεύσ", "ΌΔΥΣΣΕΎΣ"], &["οδυσσευς", "όδυσσεύ"]);
        check("ignore_accents = true", "Οδυσσεύς", &["ΟΔΥΣΣΕΥΣ", "οδυσσευσ", "Ὀδυσσεύς"], &["οδυσσε"]);
    }

    #[test]
    fn cyrillic() {
        check("", "Сова", &["сова", "СОВА", "«сова»"], &["сов", "cobа"]);
        check("ignore_accents = true", "Ёлка", &["елка", "ЁЛКА", "е́лка"], &["иолка"]);
        // The bow of й is no accent, and neither are the dots of ї.
        check("ignore_accents = true", "йод", &["ЙОД"], &["иод"]);
        check("ignore_accents = true", "їжак", &["ЇЖАК"], &["іжак"]);
    }

    #[test]
    fn armenian_and_georgian() {
        check("", "Երևան", &["երևան", "ԵՐԵՒԱՆ", "երեւան"], &["երան"]);
        check("", "თბილისი", &["ᲗᲑᲘᲚᲘᲡᲘ", "თბილისი!"], &["თბილი"]);
    }

    #[test]
    fn hebrew_and_arabic() {
        check("", "ינשוף", &["ינשוף", "\u{200f}ינשוף\u{200e}"], &["ינשו"]);
        check("ignore_accents = true", "שָׁלוֹם", &["שלום", "שָׁלוֹם"], &["שלם"]);
        check("", "بومة", &["بومة", "بـــومة", "ﺑﻮﻣﺔ"], &["بوم"]);
        check("ignore_accents = true", "مُحَمَّد", &["محمد"], &["محد"]);
        check("ignore_accents = true", "أحمد", &["احمد", "أحمد"], &["حمد"]);
        check("", "بیت ۱۲", &["بیت 12", "بیت ١٢", "بیت\u{200c}12"], &["بیت 13"]);
    }

    #[test]
    fn scripts_whose_marks_are_letters() {
        for rules in ["", "ignore_accents = true"] {
            // Without its vowel signs and its virama, another word.
            check(rules, "हिन्दी", &["हिन्दी", " हिन्दी। "], &["हनद", "हिन्द", "हिनदी"]);
            check(rules, "क़लम", &["\u{915}\u{93c}लम", "\u{958}लम"], &["कलम"]);
            check(rules, "பூனை", &["பூனை"], &["பன", "பூன"]);
            check(rules, "นกฮูก", &["นกฮูก", "นก ฮูก"], &["นกฮก"]);
            check(rules, "ใกล้", &["ใกล้"], &["ใกล"]);
            check(rules, "น้ำ", &["น้ำ", "น้\u{e4d}\u{e32}"], &["นำ"]);
            check(rules, "ភ្នំពេញ", &["ភ្នំពេញ"], &["ភនពញ"]);
        }
    }

    #[test]
    fn han_hangul_and_kana() {
        for rules in ["", "ignore_accents = true"] {
            check(rules, "猫头鹰", &["猫头鹰", "猫 头 鹰", "「猫头鹰」。"], &["猫", "头鹰"]);
            check(rules, "올빼미", &["올빼미", &"올빼미".nfd().collect::<String>()], &["올배미"]);
            check(rules, "フクロウ", &["フクロウ", "ﾌｸﾛｳ", "フクロウ！"], &["フクロ"]);
            check(rules, "ガラス", &["ｶﾞﾗｽ", "カ\u{3099}ラス", "カ゛ラス"], &["カラス"]);
            check(rules, "パン", &["ﾊﾟﾝ"], &["ハン", "バン"]);
            check(rules, "第２問", &["第2問"], &["第3問"]);
        }
    }

    #[test]
    fn symbols_are_answers_too() {
        check("", "🦉", &["🦉", "🦉\u{fe0f}", " 🦉!"], &["🐦"]);
        check("", "👍", &["👍🏽"], &["👎"]);
        check("", "❤️", &["❤"], &["💔"]);
        check("", "₿ 5 €", &["₿5€"], &["₿5$"]);
    }

    #[test]
    fn typing_errors_are_forgiven_by_the_length_of_the_answer() {
        let rules = "typos = 3";
        check(rules, "owl", &["owl"], &["owk", "ow", "owll"]);
        check(rules, "lark", &["larj", "lar", "larkk", "lrak"], &["pars", "lrka"]);
        check(
            rules,
            "nightingale",
            &["nightingake", "nigtingale", "nihgtingalee"],
            &["nihgtingakee", "nightin"],
        );
        check(rules, "year 1984", &["yaer 1984", "year1984"], &["year 1985", "year 1948", "year 198"]);
        check("typos = 1", "nightingale", &["nightingal"], &["nightinga"]);
        check("", "nightingale", &[], &["nightingal"]);
    }

    #[test]
    fn nothing_is_no_answer() {
        let blank = |typed| {
            let which = vec![("q1".parse().unwrap(), Unclear::Blank)];
            assert_eq!(grade_text("", "owl", typed), Grade::Unclear { which }, "{typed:?}");
        };
        blank("");
        blank(" \n\t ");
        check("typos = 3", "owl", &[], &["?!", "\u{200b}", "\u{301}"]);
        // Such a gate has a flaw; should it be asked all the same, nobody passes.
        check("", "?!", &[], &["?!", "!?"]);
    }

    /// One question of any kind, and what is given as values of its options' texts.
    fn check_kind(question: &str, given: &[&str], expected: Result<bool, Unclear>) {
        let gate = gate_with(question);
        let asked = gate.ask(&VISITOR);
        let offered = match &asked[0].form {
            Form::Choice(offered) | Form::Several(offered) | Form::Order(offered) => offered.as_slice(),
            Form::Text | Form::Number | Form::Date => &[],
        };
        let value = |text: &str| {
            offered.iter().find(|each| each.text == text).map_or(text.to_owned(), |each| each.value.clone())
        };
        let values: Vec<String> = given.iter().map(|text| value(text)).collect();
        let given = Given::read(values.iter().map(|value| ("answer.q1", value.as_str()))).unwrap();
        let expected = match expected {
            Ok(true) => Grade::Right,
            Ok(false) => wrong(),
            Err(why) => Grade::Unclear { which: vec![("q1".parse().unwrap(), why)] },
        };
        assert_eq!(gate.grade(&asked, &given), expected, "{values:?} for {question}");
    }

    #[test]
    fn choices() {
        let choice =
            "ask = '?'\nkind = 'choice'\noptions = ['owl', 'lark', 'wren']\nanswers = ['owl', 'wren']";
        check_kind(choice, &["owl"], Ok(true));
        check_kind(choice, &["wren"], Ok(true));
        check_kind(choice, &["lark"], Ok(false));
        check_kind(choice, &["owl", "wren"], Err(Unclear::MoreThanOne));
        check_kind(choice, &["0"], Err(Unclear::NotOffered));
        check_kind(choice, &[], Err(Unclear::Blank));
        let several =
            "ask = '?'\nkind = 'several'\noptions = ['owl', 'lark', 'wren']\nanswers = ['owl', 'wren']";
        check_kind(several, &["wren", "owl"], Ok(true));
        check_kind(several, &["wren", "owl", "owl"], Ok(true));
        check_kind(several, &["owl"], Ok(false));
        check_kind(several, &["owl", "lark", "wren"], Ok(false));
        check_kind(several, &["lark"], Ok(false));
        check_kind(several, &["robin"], Err(Unclear::NotOffered));
        let order = "ask = '?'\nkind = 'order'\noptions = ['egg', 'owlet', 'owl']";
        check_kind(order, &["egg", "owlet", "owl"], Ok(true));
        check_kind(order, &["owl", "owlet", "egg"], Ok(false));
        check_kind(order, &["egg", "owl"], Err(Unclear::NotAnOrder));
        check_kind(order, &["egg", "egg", "owl"], Err(Unclear::NotAnOrder));
        check_kind(order, &["egg", "owlet", "owl", "owl"], Err(Unclear::NotAnOrder));
        check_kind(order, &["egg", "owlet", "robin"], Err(Unclear::NotOffered));
    }

    #[test]
    fn numbers_and_dates() {
        let number = "ask = '?'\nkind = 'number'\nanswers = [1234, -3.5]\ntolerance = 0.5";
        for right in ["1234", "1.234", "1,234", "1 234", "1234,5", "1233.5", "-3.5", "−4", "١٢٣٤"] {
            check_kind(number, &[right], Ok(true));
        }
        for wrong in ["1233.49", "1234.51", "3.5", "12.34"] {
            check_kind(number, &[wrong], Ok(false));
        }
        check_kind(number, &["about 1234"], Err(Unclear::NotANumber));
        let day = "ask = '?'\nkind = 'date'\nanswers = ['1969-07-20']";
        check_kind(day, &["20.7.1969"], Ok(true));
        check_kind(day, &["1969-07-21"], Ok(false));
        check_kind(day, &["7/8/1969"], Err(Unclear::TwoDates));
        check_kind(day, &["July 1969"], Err(Unclear::NotADate));
    }

    const THREE: &str = "id = 'a'\nask = '?'\nanswers = ['x']\n[[questions]]\nid = 'b'\nask = '?'\nanswers = ['x']\n\
                         points = 3\n[[questions]]\nid = 'c'\nask = '?'\nanswers = ['x']";

    /// Three questions, all of which want an `x`.
    fn check_three(need: &str, [a, b, c]: [&str; 3], expected: Grade) {
        let gate = crate::tests::gate_from(need, THREE);
        let given = Given::read([("answer.a", a), ("answer.b", b), ("answer.c", c), ("token", "x")]).unwrap();
        assert_eq!(gate.grade(&gate.ask(&VISITOR), &given), expected, "{need}: {a}{b}{c}");
    }

    fn ids(names: &[&str]) -> Vec<QuestionId> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn how_much_has_to_be_right() {
        check_three("", ["x", "x", "x"], Grade::Right);
        check_three("", ["x", "x", "y"], wrong());
        check_three("tells_which = true", ["y", "x", "y"], Grade::Wrong { which: ids(&["a", "c"]) });
        check_three("need = { at_least = 2 }", ["x", "y", "x"], Grade::Right);
        check_three("need = { at_least = 2 }", ["x", "y", "y"], wrong());
        check_three("need = { score = 4 }", ["x", "x", "y"], Grade::Right);
        check_three("need = { score = 4 }", ["x", "y", "x"], wrong());
    }

    #[test]
    fn what_is_left_out_is_asked_for_again_where_it_is_needed() {
        let blank = |names: &[&str]| Grade::Unclear {
            which: ids(names).into_iter().map(|id| (id, Unclear::Blank)).collect(),
        };
        check_three("", ["y", "", "y"], blank(&["b"]));
        check_three("need = { at_least = 2 }", ["x", "", "x"], Grade::Right);
        check_three("need = { at_least = 2 }", ["x", "", ""], wrong());
        check_three("need = { at_least = 2 }", ["", " ", ""], blank(&["a", "b", "c"]));
    }

    #[test]
    fn only_what_was_asked_is_graded() {
        let gate = crate::tests::gate_from("", THREE);
        let asked = gate.ask(&VISITOR);
        let given = Given::read([("answer.a", "x")]).unwrap();
        assert_eq!(gate.grade(&asked[..1], &given), wrong());
        assert_eq!(gate.grade(&[], &given), wrong());
        let other = gate_with("ask = '?'\nanswers = ['x']");
        assert_eq!(other.grade(&asked[..1], &given), wrong());
    }

    #[test]
    fn forms_of_any_size_are_refused() {
        let long = "x".repeat(LONGEST_FIELD + 1);
        assert_eq!(Given::read([("answer", long.as_str())]), Err(TooMuch));
        assert_eq!(Given::read([(long.as_str(), "x")]), Err(TooMuch));
        assert_eq!(Given::read(std::iter::repeat_n(("answer", "x"), MOST_FIELDS + 1)), Err(TooMuch));
        let given =
            Given::read([("answers", "a"), ("answer", "b"), ("answerq1", "c"), ("Answer", "d")]).unwrap();
        assert_eq!(given.only, ["b"]);
        assert!(given.named.is_empty());
    }

    /// What a phone and a hasty thumb do to an answer.
    fn typed_hastily(text: &str, seed: u64) -> String {
        let mut typed = String::from("  ");
        for (place, each) in text.chars().enumerate() {
            match (seed >> (place % 64)) & 3 {
                0 => typed.extend(each.to_uppercase()),
                1 => typed.push(each),
                2 => typed.extend([each, '\u{200b}']),
                _ => typed.extend(each.nfd()),
            }
        }
        typed + " .\u{a0}"
    }

    proptest! {
        #[test]
        fn a_right_answer_stays_right(
            text in "[a-zà-žα-ωа-яѐ-џა-ჰऄ-हก-๎ぁ-ゖァ-ヺ一-丿가-힣0-9]{1,12}( [a-zа-я]{1,8})?",
            seed in any::<u64>(),
            rules in prop::sample::select(vec!["", "ignore_accents = true", "typos = 2"]),
        ) {
            prop_assume!(!fold(&text).bare.is_empty());
            prop_assert_eq!(grade_text(rules, &text, &text), Grade::Right);
            for typed in [
                typed_hastily(&text, seed),
                text.nfd().collect(),
                text.nfc().collect(),
                text.nfkd().collect(),
                format!("\u{feff}«{text}»!"),
            ] {
                prop_assert_eq!(grade_text(rules, &text, &typed), Grade::Right, "{:?} for {:?}", typed, text);
            }
        }

        #[test]
        fn folding_is_done_once_and_for_all(text in any::<String>()) {
            let folded = fold(&text);
            prop_assert_eq!(&fold(&folded.key).key, &folded.key);
            prop_assert_eq!(&fold(&folded.bare).bare, &folded.bare);
        }

        #[test]
        fn anything_may_be_given(
            fields in prop::collection::vec((".{0,3}|answer(\\.[a-c])?", any::<String>()), 0..8),
            need in prop::sample::select(vec!["", "need = { at_least = 1 }", "need = { score = 2 }"]),
        ) {
            let gate = crate::tests::gate_from(need, THREE);
            let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let grade = gate.grade(&gate.ask(&VISITOR), &Given::read(fields).unwrap());
            prop_assert_eq!(&grade, &grade.clone());
        }

        #[test]
        fn a_wrong_answer_is_not_forgiven_beyond_the_typos(text in "[a-z]{4,16}", other in "[a-z]{4,16}") {
            let apart = strsim::osa_distance(&text, &other);
            prop_assert_eq!(
                grade_text("typos = 3", &text, &other) == Grade::Right,
                apart <= (text.len() / 4).min(3),
            );
        }
    }
}
