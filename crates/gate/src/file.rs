//! A gate as a file, and as JSON: how its parts are written where their types are not what a person would write.

use crate::bounds::{BadText, Few, Hidden, Line, Prose, TooMany, Within};
use crate::question::{Kind, Options, Question, QuestionId, Wording, read_day};
use crate::{Number, gate};
use jiff::civil::Date;
use links::{ChatId, UnixTime};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Chats as their numbers.
pub(crate) mod chats {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(chats: &gate::Chats, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(chats.iter().map(|chat| chat.get()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<gate::Chats, D::Error> {
        let numbers = Few::<i64, { gate::MOST_CHATS }>::deserialize(deserializer)?;
        numbers.map(ChatId::new).map_err(D::Error::custom)
    }
}

/// A moment as RFC 3339 writes it, such as `2026-12-01T18:00:00Z`.
pub(crate) mod moment {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        time: &Option<UnixTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let Some(time) = time else { return serializer.serialize_none() };
        let moment = jiff::Timestamp::from_second(time.get());
        serializer
            .collect_str(&moment.map_err(|_| S::Error::custom("this moment lies outside the calendar"))?)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UnixTime>, D::Error> {
        let Some(scalar) = Option::<Scalar>::deserialize(deserializer)? else { return Ok(None) };
        let moment = match &scalar {
            Scalar::Text(text) => text.as_str().parse::<jiff::Timestamp>().ok(),
            Scalar::Whole(_) | Scalar::Float(_) => None,
        };
        let wanted =
            "write a moment with its zone, such as `2026-12-01T18:00:00Z` or `2026-12-01T19:00:00+01:00`";
        Ok(Some(UnixTime::new(moment.ok_or_else(|| D::Error::custom(wanted))?.as_second())))
    }
}

/// Questions, those without an id being named by their place.
pub(crate) mod questions {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        questions: &gate::Questions,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(questions.iter().map(Form::of))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<gate::Questions, D::Error> {
        let read = Few::<Unnamed, { gate::MOST_QUESTIONS }>::deserialize(deserializer)?;
        let named =
            read.into_iter().enumerate().map(|(index, Unnamed { id, ask, kind, points, seconds })| {
                Question { id: id.unwrap_or_else(|| QuestionId::of_place(index)), ask, kind, points, seconds }
            });
        Few::new(named.collect()).map_err(D::Error::custom)
    }
}

/// A question that may have no name yet.
#[derive(Deserialize)]
#[serde(try_from = "Form")]
struct Unnamed {
    id: Option<QuestionId>,
    ask: Prose<500>,
    kind: Kind,
    points: Within<1, 10>,
    seconds: Option<Within<5, 3600>>,
}

/// A question as it is written: one table for all kinds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<QuestionId>,
    ask: Prose<500>,
    #[serde(default)]
    kind: KindName,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<Few<Scalar, 50>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_accents: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    typos: Option<Within<0, 3>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerance: Option<Scalar>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Within<1, 10>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<Within<5, 3600>>,
}

#[derive(Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KindName {
    Choice,
    Several,
    #[default]
    Text,
    Number,
    Date,
    Order,
}

/// Why a question cannot be read. It does not repeat what may be an answer.
#[derive(Debug, thiserror::Error)]
enum BadQuestion {
    #[error("`{field}` is not for a question of this kind")]
    NotForThisKind { field: &'static str },
    #[error("put this answer in quotes, or say `kind = \"number\"`")]
    NumberForText,
    #[error("this is no number we can read; write it with a decimal point and nothing else")]
    NotANumber,
    #[error("`tolerance` says how far off an answer may be, so it is not negative")]
    NegativeTolerance,
    #[error("this is no date we can read; write it as \"1969-07-20\"")]
    NotADate,
    #[error(transparent)]
    Text(#[from] BadText),
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

impl TryFrom<Form> for Unnamed {
    type Error = BadQuestion;

    fn try_from(mut form: Form) -> Result<Self, BadQuestion> {
        let kind = form.take_kind()?;
        form.refuse_leftovers()?;
        let Form { id, ask, points, seconds, .. } = form;
        Ok(Self { id, ask, kind, points: points.unwrap_or(gate::ONE_POINT), seconds })
    }
}

impl Form {
    /// Takes the fields that say what is right, each where its kind has it.
    fn take_kind(&mut self) -> Result<Kind, BadQuestion> {
        Ok(match self.kind {
            KindName::Choice => Kind::Choice { options: self.take_options(), right: self.take_right()? },
            KindName::Several => Kind::Several { options: self.take_options(), right: self.take_right()? },
            KindName::Order => Kind::Order { items: Hidden(self.take_options()) },
            KindName::Text => Kind::Text {
                right: Hidden(self.take_answers().map(|answer| read_wording(&answer))?),
                ignore_accents: self.ignore_accents.take().unwrap_or(false),
                typos: self.typos.take().unwrap_or(Within::known(0)),
            },
            KindName::Number => Kind::Number {
                right: Hidden(self.take_answers().map(|answer| answer.number())?),
                tolerance: Hidden(self.take_tolerance()?),
            },
            KindName::Date => {
                Kind::Date { right: Hidden(self.take_answers().map(|answer| read_date(&answer))?) }
            }
        })
    }

    fn take_options(&mut self) -> Options {
        self.options.take().unwrap_or_default()
    }

    fn take_answers(&mut self) -> Few<Scalar, 50> {
        self.answers.take().unwrap_or_default()
    }

    fn take_right(&mut self) -> Result<Hidden<Options>, BadQuestion> {
        let right = self.take_answers().into_iter().map(|answer| Ok(Line::new(answer.text()?)?));
        let right = right.collect::<Result<Vec<_>, BadQuestion>>()?;
        Ok(Hidden(Few::new(right)?))
    }

    fn take_tolerance(&mut self) -> Result<Number, BadQuestion> {
        match self.tolerance.take().map(|scalar| scalar.number()).transpose()? {
            Some(number) if number.is_negative() => Err(BadQuestion::NegativeTolerance),
            tolerance => Ok(tolerance.unwrap_or(Number::ZERO)),
        }
    }

    /// What no kind took was written in vain, and somebody should know.
    fn refuse_leftovers(&self) -> Result<(), BadQuestion> {
        let leftovers = [
            ("options", self.options.is_some()),
            ("answers", self.answers.is_some()),
            ("ignore_accents", self.ignore_accents.is_some()),
            ("typos", self.typos.is_some()),
            ("tolerance", self.tolerance.is_some()),
        ];
        match leftovers.into_iter().find(|(_, is_left)| *is_left) {
            Some((field, _)) => Err(BadQuestion::NotForThisKind { field }),
            None => Ok(()),
        }
    }

    fn of(question: &Question) -> Self {
        let mut form = Self {
            id: Some(question.id.clone()),
            ask: question.ask.clone(),
            kind: KindName::Text,
            options: None,
            answers: None,
            ignore_accents: None,
            typos: None,
            tolerance: None,
            points: Some(question.points).filter(|points| *points != gate::ONE_POINT),
            seconds: question.seconds,
        };
        match &question.kind {
            Kind::Choice { options, right } => {
                form.kind = KindName::Choice;
                form.options = Some(options.clone());
                form.answers = scalars(right, |option| Scalar::Text(option.to_string()));
            }
            Kind::Several { options, right } => {
                form.kind = KindName::Several;
                form.options = Some(options.clone());
                form.answers = scalars(right, |option| Scalar::Text(option.to_string()));
            }
            Kind::Text { right, ignore_accents, typos } => {
                form.answers = scalars(right, |wording| Scalar::Text(wording.as_str().to_owned()));
                form.ignore_accents = Some(*ignore_accents).filter(|ignore| *ignore);
                form.typos = Some(*typos).filter(|typos| typos.get() > 0);
            }
            Kind::Number { right, tolerance } => {
                form.kind = KindName::Number;
                form.answers = scalars(right, |number| Scalar::of(*number));
                form.tolerance = Some(tolerance.0).filter(|far| *far != Number::ZERO).map(Scalar::of);
            }
            Kind::Date { right } => {
                form.kind = KindName::Date;
                form.answers = scalars(right, |day| Scalar::Text(day.to_string()));
            }
            Kind::Order { items } => {
                form.kind = KindName::Order;
                form.options = Some(items.0.clone());
            }
        }
        form
    }
}

fn scalars<T>(items: &[T], write: impl Fn(&T) -> Scalar) -> Option<Few<Scalar, 50>> {
    let list = items.iter().map(write).collect();
    Some(Few::new(list).expect("no kind accepts more than a list of answers holds"))
}

fn read_wording(answer: &Scalar) -> Result<Wording, BadQuestion> {
    Ok(Wording::new(answer.text()?)?)
}

fn read_date(answer: &Scalar) -> Result<Date, BadQuestion> {
    answer.text().ok().and_then(read_day).ok_or(BadQuestion::NotADate)
}

/// What may stand for an answer: a number as one, everything else in quotes.
enum Scalar {
    Whole(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    fn of(number: Number) -> Self {
        match (number.to_whole(), number.to_float()) {
            (Some(whole), _) => Self::Whole(whole),
            (None, Some(float)) => Self::Float(float),
            (None, None) => Self::Text(number.to_string()),
        }
    }

    fn number(&self) -> Result<Number, BadQuestion> {
        let read = match self {
            Self::Whole(number) => Number::from_whole(*number),
            Self::Float(number) => Number::from_float(*number),
            Self::Text(text) => Number::read(text).or_else(|| Number::from_plain(text)),
        };
        read.ok_or(BadQuestion::NotANumber)
    }

    fn text(&self) -> Result<&str, BadQuestion> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Whole(_) | Self::Float(_) => Err(BadQuestion::NumberForText),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a text in quotes")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Whole(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Scalar, E> {
                i64::try_from(number).map(Scalar::Whole).map_err(|_| E::custom(BadQuestion::NotANumber))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Float(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar::Text(text.to_owned()))
            }

            /// TOML has dates and moments of its own, and hands them over as a table of one text.
            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Scalar, A::Error> {
                let only = table.next_entry::<String, String>()?;
                only.map(|(_, text)| Scalar::Text(text))
                    .ok_or_else(|| A::Error::custom("nothing is written here"))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Gate;
    use crate::tests::gate_with;
    use proptest::prelude::*;

    /// Everything a file can say, once.
    const ALL: &str = r#"
slug = "night-owls"
title = "Night Owls"
intro = "For those who listened.\nTo the end."
chats = [-1001234567890, -42]
entry = "message"
draw = 4
tells_which = true
quota = 500
opens_at = "2026-12-01T18:00:00Z"
closes_at = "2026-12-24T00:00:00+02:00"
link_life_seconds = 86400
pool = 50
stranger = "keep"

[need]
score = 3

[tries]
most = 3
first_wait_seconds = 5
longest_wait_seconds = 60

[guesses]
per_minute = 30
per_hour = 300

[[questions]]
id = "label"
ask = "Which bird is on the label?"
answers = ["owl", "a barn owl"]
ignore_accents = true
typos = 1
points = 2
seconds = 60

[[questions]]
ask = "Which of these did we never play?"
kind = "choice"
options = ["Dusk", "Dawn", "Noon"]
answers = ["Noon"]
seconds = 60

[[questions]]
ask = "Which of these did we play?"
kind = "several"
options = ["Dusk", "Dawn", "Noon"]
answers = ["Dusk", "Dawn"]
seconds = 60

[[questions]]
ask = "How long is a night?"
kind = "number"
answers = [12, 11.5, "0.000000000001"]
tolerance = 0.25
seconds = 60

[[questions]]
ask = "When was the first?"
kind = "date"
answers = ["1969-07-20", 1969-07-21]
seconds = 60

[[questions]]
ask = "What comes first?"
kind = "order"
options = ["Dusk", "Night", "Dawn"]
seconds = 60
"#;

    fn read(file: &str) -> Gate {
        toml::from_str(file).unwrap_or_else(|error| panic!("{error}"))
    }

    const DOCUMENT: &str = include_str!("../../../docs/gates.md");

    #[test]
    fn the_document_shows_a_gate_that_works_with_a_question_of_every_kind() {
        let example = DOCUMENT.split("```toml").nth(1).unwrap().split("```").next().unwrap();
        let gate: Gate = toml::from_str(example).unwrap();
        assert_eq!(gate.flaws(), []);
        let kinds: Vec<&str> = gate.questions.iter().map(|question| question.kind.name()).collect();
        assert_eq!(kinds, ["choice", "several", "text", "number", "date", "order"]);
        for kind in kinds {
            assert!(DOCUMENT.contains(&format!("\n| `\"{kind}\"` |")), "{kind}");
        }
    }

    #[test]
    fn the_document_names_every_field() {
        let head = "slug = 'a'\ntitle = 'A'\nchats = [-42]\n";
        for place in ["", "[tries]\n", "[guesses]\n", "[[questions]]\nask = 'Who?'\n"] {
            let error = toml::from_str::<Gate>(&format!("{head}{place}nonsense = 1")).unwrap_err();
            // Whoever reads it is told what there would have been.
            let (_, fields) = error.message().split_once("expected").unwrap();
            let fields: Vec<&str> = fields.split('`').skip(1).step_by(2).collect();
            assert!(fields.len() > 1, "{fields:?}");
            for field in fields {
                assert!(DOCUMENT.contains(&format!("`{field}`")), "{place}{field}");
            }
        }
    }

    #[test]
    fn a_gate_is_the_same_as_a_file_and_as_json() {
        for gate in [read(ALL), crate::tests::gate("")] {
            let file = toml::to_string(&gate).unwrap();
            assert_eq!(toml::from_str::<Gate>(&file).unwrap(), gate, "{file}");
            let json = serde_json::to_string(&gate).unwrap();
            assert_eq!(serde_json::from_str::<Gate>(&json).unwrap(), gate, "{json}");
            // Written again it is the same text, so that a plan shows no change where there is none.
            assert_eq!(toml::to_string(&toml::from_str::<Gate>(&file).unwrap()).unwrap(), file);
        }
        assert_eq!(read(ALL).flaws(), []);
    }

    #[test]
    fn what_a_file_says_is_what_is_read() {
        let gate = read(ALL);
        assert_eq!(gate.opens_at, Some(UnixTime::new(1_796_148_000)));
        assert_eq!(gate.closes_at, Some(UnixTime::new(1_798_063_200)));
        assert_eq!(gate.need, gate::Need::Score(Within::known(3)));
        let ids: Vec<_> = gate.questions.iter().map(|question| question.id.as_str()).collect();
        assert_eq!(ids, ["label", "q2", "q3", "q4", "q5", "q6"]);
        let Kind::Date { right } = &gate.questions[4].kind else { panic!("a date") };
        assert_eq!(right[1], jiff::civil::date(1969, 7, 21));
        let toml_moment = ALL.replace("\"2026-12-01T18:00:00Z\"", "2026-12-01T18:00:00Z");
        assert_eq!(read(&toml_moment), gate);
    }

    #[test]
    fn what_a_file_leaves_out_is_filled_in() {
        let gate = crate::tests::gate("");
        let file = toml::to_string(&gate).unwrap();
        assert_eq!(
            file,
            r#"slug = "night-owls"
title = "Night Owls"
chats = [-1001234567890]
entry = "link"
need = "all"
tells_which = false
link_life_seconds = 604800
pool = 20
stranger = "remove"

[tries]
most = 5
first_wait_seconds = 10
longest_wait_seconds = 3600

[guesses]
per_minute = 60
per_hour = 600

[[questions]]
id = "q1"
ask = "Which bird is on the label?"
kind = "text"
answers = ["owl", "a barn owl"]
"#
        );
    }

    /// A file with one thing changed is refused with these words.
    #[track_caller]
    fn refused(from: &str, to: &str, because: &str) {
        assert!(ALL.contains(from), "{from}");
        let error = toml::from_str::<Gate>(&ALL.replacen(from, to, 1)).unwrap_err();
        assert_eq!(error.message(), because, "{to}");
    }

    #[test]
    fn a_file_that_cannot_be_meant_is_refused() {
        refused("Night Owls", &"x".repeat(101), "at most 100 characters, and this has 101");
        refused("\"Night Owls\"", "\"\"", "nothing is written here");
        refused("night-owls", "Night Owls", &gate::NotASlug.to_string());
        refused("\"label\"", "\"a label\"", "a question's id has 1 to 32 small letters, digits, `-` and `_`");
        refused("pool = 50", "pool = 10001", "10001 is not within 0 to 10000");
        refused("score = 3", "score = 0", "0 is not within 1 to 1000");
        refused(
            "[-1001234567890, -42]",
            "[0]",
            "`0` names no chat: give its public name such as `@garden`, or its number such as `-1001234567890`",
        );
        refused("[-1001234567890, -42]", &format!("{:?}", vec![-42; 21]), "at most 20 of these");
        refused(
            "\"2026-12-01T18:00:00Z\"",
            "\"2026-12-01 18:00\"",
            "write a moment with its zone, such as `2026-12-01T18:00:00Z` or `2026-12-01T19:00:00+01:00`",
        );
        refused(
            "\"2026-12-01T18:00:00Z\"",
            "1796148000",
            "write a moment with its zone, such as `2026-12-01T18:00:00Z` or `2026-12-01T19:00:00+01:00`",
        );
    }

    #[test]
    fn a_question_that_cannot_be_meant_is_refused() {
        refused("\"owl\"", "7", "put this answer in quotes, or say `kind = \"number\"`");
        refused("typos = 1", "typos = 4", "4 is not within 0 to 3");
        refused("typos = 1", "tolerance = 1", "`tolerance` is not for a question of this kind");
        refused("\"owl\", \"a barn owl\"", &"'x',".repeat(51), "at most 50 of these");
        refused("[\"Dusk\", \"Dawn\", \"Noon\"]", &format!("{:?}", vec!["x"; 21]), "at most 20 of these");
        refused("[\"Noon\"]", &format!("{:?}", vec!["Noon"; 21]), "at most 20 of these");
        refused(
            "\"Noon\"]\nanswers",
            "\"Noon\"]\ntypos = 1\nanswers",
            "`typos` is not for a question of this kind",
        );
        let number = "this is no number we can read; write it with a decimal point and nothing else";
        for wrong in ["\"1,234\"", "\"about 12\"", "inf", "nan", "1e300", "9223372036854775807"] {
            refused("[12, 11.5,", &format!("[{wrong},"), number);
        }
        refused(
            "tolerance = 0.25",
            "tolerance = -1",
            "`tolerance` says how far off an answer may be, so it is not negative",
        );
        for wrong in ["\"7/8/1969\"", "\"1969\"", "1969", "07:30:00"] {
            refused("\"1969-07-20\"", wrong, "this is no date we can read; write it as \"1969-07-20\"");
        }
        refused(
            "options = [\"Dusk\", \"Night\", \"Dawn\"]",
            "options = [\"Dusk\", \"Dawn\"]\nanswers = [\"Dusk\"]",
            "`answers` is not for a question of this kind",
        );
    }

    #[test]
    fn what_a_file_does_not_know_is_refused() {
        for (from, to) in [("pool", "poll"), ("most", "max"), ("per_hour", "per_day"), ("typos", "typo")] {
            let error = toml::from_str::<Gate>(&ALL.replacen(from, to, 1)).unwrap_err();
            assert!(error.message().starts_with(&format!("unknown field `{to}`")), "{error}");
        }
    }

    #[test]
    fn numbers_in_json_are_read_as_they_stand() {
        let json = |answer: &str| {
            let question = format!(r#"{{"ask": "?", "kind": "number", "answers": [{answer}]}}"#);
            let gate = format!(r#"{{"slug": "a", "title": "A", "chats": [-42], "questions": [{question}]}}"#);
            serde_json::from_str::<Gate>(&gate)
        };
        for (answer, written) in
            [("0.1", "0.1"), ("12", "12"), ("-3.50", "-3.5"), ("1e3", "1000"), ("\"0.3\"", "0.3")]
        {
            let gate = json(answer).unwrap();
            let Kind::Number { right, .. } = &gate.questions[0].kind else { panic!("a number") };
            assert_eq!(right[0].to_string(), written);
        }
        assert!(json("18446744073709551615").is_err());
        assert!(json("null").is_err());
        assert!(json("true").is_err());
    }

    proptest! {
        #[test]
        fn every_number_survives_its_file(units in any::<i64>(), places in 0usize..12) {
            let digits = format!("{:0>1$}", (units / 1_000_000).unsigned_abs(), places + 1);
            let (whole, part) = digits.split_at(digits.len() - places);
            let sign = if units < 0 { "-" } else { "" };
            let gate = gate_with(&format!("ask = '?'\nkind = 'number'\nanswers = ['{sign}{whole}.{part}0000']"));
            let file = toml::to_string(&gate).unwrap();
            prop_assert_eq!(&toml::from_str::<Gate>(&file).unwrap(), &gate, "{}", file);
            let json = serde_json::to_string(&gate).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Gate>(&json).unwrap(), &gate, "{}", json);
        }

        #[test]
        fn any_text_is_a_gate_or_an_error(text in any::<String>()) {
            let _ = toml::from_str::<Gate>(&text);
            let _ = serde_json::from_str::<Gate>(&text);
        }
    }
}
