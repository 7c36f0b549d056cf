//! A gate as it is shown: all that is said of it, and its answers only to those who ask for them.

use crate::context::Context;
use crate::output::Shown;
use crate::when::Clock;
use gate::{Flaw, Gate, Kind, Meter, Need, Question, Standing};
use links::UnixTime;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::io;
use store::{Bot, GateState, SavedGate};

/// A gate and how it stands.
#[derive(Serialize)]
pub(super) struct ShownGate {
    slug: String,
    state: &'static str,
    revision: i64,
    bot_id: i64,
    /// How many passes it gave.
    issued: u32,
    /// Where people find it; a path if nobody said where the service is.
    url: String,
    /// Why it cannot work, as far as it can tell itself.
    flaws: Vec<String>,
    meter: ShownMeter,
    gate: Value,
    #[serde(skip)]
    kept: SavedGate,
    #[serde(skip)]
    bot: String,
    #[serde(skip)]
    reveals: bool,
}

/// How likely a guesser gets in.
#[derive(Serialize)]
struct ShownMeter {
    words: String,
    tries: u32,
    chance: f64,
    daily_guesses: u32,
    daily_chance: f64,
    is_estimate: bool,
}

impl ShownGate {
    pub(super) fn new(ctx: &Context<'_>, kept: SavedGate, bots: &[Bot]) -> io::Result<Self> {
        let Meter { tries, chance, daily_guesses, daily_chance, is_estimate } = kept.gate.meter();
        let words = kept.gate.meter().to_string();
        let public_url = (ctx.variables)("ADMIT_PUBLIC_URL").unwrap_or_default();
        Ok(Self {
            slug: kept.gate.slug.to_string(),
            state: kept.state.as_str(),
            revision: kept.revision,
            bot_id: kept.bot.get(),
            issued: kept.issued,
            url: format!("{}/g/{}", public_url.trim_end_matches('/'), kept.gate.slug),
            flaws: kept.gate.flaws().iter().map(Flaw::to_string).collect(),
            meter: ShownMeter { words, tries, chance, daily_guesses, daily_chance, is_estimate },
            gate: without_answers(serde_json::to_value(&*kept.gate)?),
            bot: crate::bot::name(bots, kept.bot),
            kept,
            reveals: false,
        })
    }

    /// The same with its answers.
    pub(super) fn revealed(self) -> io::Result<Self> {
        Ok(Self { gate: serde_json::to_value(&*self.kept.gate)?, reveals: true, ..self })
    }

    fn question(&self, question: &Question, words: &mut String) {
        let kind = match &question.kind {
            Kind::Choice { .. } => "choice",
            Kind::Several { .. } => "several",
            Kind::Text { .. } => "text",
            Kind::Number { .. } => "number",
            Kind::Date { .. } => "date",
            Kind::Order { .. } => "order",
        };
        let _ = write!(words, "\n  {:<10} {} ({kind})", question.id.as_str(), question.ask.as_str());
        let is_meant = |value: &&Value| value["id"] == question.id.as_str();
        let shown = self.gate["questions"].as_array().into_iter().flatten().find(is_meant);
        let Some(answers) = shown.filter(|_| self.reveals) else { return };
        let right = answers.get("answers").unwrap_or(&answers["options"]);
        let _ = write!(words, "\n             {right}");
        if let Some(tolerance) = answers.get("tolerance") {
            let _ = write!(words, " within {tolerance}");
        }
    }
}

/// A gate as JSON, without what opens it.
pub(super) fn without_answers(mut gate: Value) -> Value {
    for question in gate["questions"].as_array_mut().into_iter().flatten() {
        hide(question);
    }
    gate
}

/// Takes out of a question what opens it. The items of an order stand in the right one, so they are sorted.
pub(super) fn hide(question: &mut Value) {
    let Some(fields) = question.as_object_mut() else { return };
    fields.remove("answers");
    fields.remove("tolerance");
    if fields.get("kind").is_some_and(|kind| kind == "order")
        && let Some(items) = fields.get_mut("options").and_then(Value::as_array_mut)
    {
        items.sort_by_key(Value::to_string);
    }
}

impl Shown for ShownGate {
    const COLUMNS: &'static [&'static str] = &["slug", "state", "issued", "revision", "bot_id", "title"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.slug.clone(),
            self.state.to_owned(),
            self.issued.to_string(),
            self.revision.to_string(),
            self.bot_id.to_string(),
            self.kept.gate.title.as_str().to_owned(),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        let gate: &Gate = &self.kept.gate;
        let state = match self.kept.state {
            GateState::Draft => "is a draft, which nobody sees".to_owned(),
            GateState::Open => match gate.standing(UnixTime::new(clock.now.as_second())) {
                Standing::Open => format!("is open at {}", self.url),
                Standing::NotYet { .. } => format!("is not open yet, at {}", self.url),
                Standing::Closed => format!("is over, at {}", self.url),
            },
            GateState::Paused => "is paused, and takes no answers".to_owned(),
        };
        let mut words = format!("{} ({}) {state}", gate.title.as_str(), self.slug);
        let chats: Vec<String> = gate.chats.iter().map(ToString::to_string).collect();
        let _ =
            write!(words, "\n  leads to   {}, by {} of {}", chats.join(", "), gate.entry.as_str(), self.bot);
        let quota = gate.quota.map(|quota| format!(" of {}", quota.get())).unwrap_or_default();
        let _ = write!(words, "\n  passes     {}{quota} given", self.issued);
        for (what, at) in [("opens", gate.opens_at), ("closes", gate.closes_at)] {
            if let Some(at) = at {
                let _ = write!(words, "\n  {what:<10} {}", clock.say(at));
            }
        }
        match gate.need {
            Need::All => {}
            Need::AtLeast(least) => drop(write!(words, "\n  needs      {} right answers", least.get())),
            Need::Score(points) => drop(write!(words, "\n  needs      {} points", points.get())),
        }
        for question in &gate.questions {
            self.question(question, &mut words);
        }
        let _ = write!(words, "\n{}", self.meter.words);
        for flaw in &self.flaws {
            let _ = write!(words, "\nIt cannot work: {flaw}.");
        }
        words
    }

    fn brief(&self) -> String {
        self.slug.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_a_gate_is_hidden() {
        let text = "slug = 'a'\ntitle = 'A'\nchats = [-1001234567890]\n\
            [[questions]]\nask = 'Bird?'\nanswers = ['CANARY']\n\
            [[questions]]\nask = 'How long?'\nkind = 'number'\nanswers = [4711]\ntolerance = 815\n\
            [[questions]]\nask = 'In which order?'\nkind = 'order'\noptions = ['b', 'c', 'a']\n";
        let gate: Gate = toml::from_str(text).unwrap();
        let shown = without_answers(serde_json::to_value(&gate).unwrap());
        let words = shown.to_string();
        assert!(!words.contains("CANARY") && !words.contains("4711") && !words.contains("815"), "{words}");
        assert_eq!(shown["questions"][2]["options"], serde_json::json!(["a", "b", "c"]));
    }
}
