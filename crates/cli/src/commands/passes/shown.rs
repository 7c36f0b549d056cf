//! A pass as it is shown. Its links are shown only where somebody asks for this one pass: whoever has one may come in.

use crate::output::Shown;
use crate::when::Clock;
use gate::Slug;
use gate::pass::State;
use links::{UnixTime, UserId};
use serde::Serialize;
use std::collections::HashMap;
use store::{GateId, Held, Holding};

/// A pass and how far it has come.
#[derive(Serialize)]
pub(super) struct ShownPass {
    pass_id: i64,
    gate: String,
    person_id: Option<i64>,
    granted_at: i64,
    granted_by: Option<String>,
    revoked_at: Option<i64>,
    entries: Vec<Entry>,
}

/// How far it has come with one chat.
#[derive(Serialize)]
struct Entry {
    chat_id: i64,
    state: &'static str,
    /// Which of its links for this chat it is.
    generation: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<String>,
    expires_at: Option<i64>,
    /// How many wait before it for a link.
    before: Option<u32>,
    used_at: Option<i64>,
    used_by: Option<i64>,
    left_at: Option<i64>,
    /// Since when it is known that somebody may have come in by it unseen; gone when that does not matter any more.
    doubted_at: Option<i64>,
}

impl ShownPass {
    pub(super) fn new(held: &Holding, slugs: &HashMap<GateId, Slug>) -> Self {
        Self {
            pass_id: held.pass.get(),
            gate: slugs.get(&held.gate).map(ToString::to_string).unwrap_or_default(),
            person_id: held.person.map(UserId::get),
            granted_at: held.granted_at.get(),
            granted_by: held.granted_by.clone(),
            revoked_at: held.revoked_at.map(UnixTime::get),
            entries: held.entries.iter().map(Entry::new).collect(),
        }
    }

    /// The same without its links.
    pub(super) fn without_links(mut self) -> Self {
        for entry in &mut self.entries {
            entry.invite_link = None;
        }
        self
    }

    /// Its links that can be used.
    pub(super) fn links(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| entry.invite_link.as_deref())
    }
}

impl Entry {
    fn new(held: &Held) -> Self {
        Self {
            chat_id: held.chat.get(),
            state: held.state.as_str(),
            generation: held.generation,
            invite_link: held.link.as_ref().map(ToString::to_string),
            expires_at: held.expires_at.map(UnixTime::get),
            before: held.before,
            used_at: held.used_at.map(UnixTime::get),
            used_by: held.used_by.map(UserId::get),
            left_at: held.left_at.map(UnixTime::get),
            doubted_at: held.doubted_at.filter(|_| held.is_doubted()).map(UnixTime::get),
        }
    }

    fn words(&self, clock: &Clock) -> String {
        let at = |time: Option<i64>| {
            time.map(|at| format!(" on {}", clock.say(UnixTime::new(at)))).unwrap_or_default()
        };
        let by = self.used_by.map(|person| format!(" by {person}")).unwrap_or_default();
        let state = match self.state.parse::<State>() {
            _ if self.doubted_at.is_some() => {
                "may have been used unseen: look who is in the chat, then `admit pass reissue`".to_owned()
            }
            Ok(State::Granted) => match self.before {
                Some(0) => "is the next to get a link".to_owned(),
                Some(before) => format!("waits for a link, with {before} before it"),
                None => "waits for a link".to_owned(),
            },
            Ok(State::Issued) => {
                let until = self.expires_at.map(|at| clock.say(UnixTime::new(at))).unwrap_or_default();
                format!("has a link that works once, until {until}")
            }
            Ok(State::Used) => format!("was used{by}{}", at(self.used_at)),
            Ok(State::Left) => format!("was used{by}, who left{}", at(self.left_at)),
            Ok(State::Leaked) => format!("leaked: somebody else came in{by}{}", at(self.used_at)),
            Ok(State::Expired) if self.expires_at.is_some_and(|at| clock.now.as_second() < at) => {
                "was ended before it was used".to_owned()
            }
            Ok(State::Expired) => format!("expired unused{}", at(self.expires_at)),
            Ok(State::Revoked) => "is revoked".to_owned(),
            Err(_) => self.state.to_owned(),
        };
        let link = self.invite_link.as_ref().map(|link| format!("\n    {link}")).unwrap_or_default();
        format!("{}: {state}{link}", self.chat_id)
    }
}

impl Shown for ShownPass {
    const COLUMNS: &'static [&'static str] =
        &["pass_id", "gate", "person_id", "state", "granted_at", "granted_by", "revoked_at", "doubted_at"];

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let states: Vec<&str> = self.entries.iter().map(|entry| entry.state).collect();
        vec![
            self.pass_id.to_string(),
            self.gate.clone(),
            number(self.person_id),
            states.join(" "),
            self.granted_at.to_string(),
            self.granted_by.clone().unwrap_or_default(),
            number(self.revoked_at),
            number(self.entries.iter().filter_map(|entry| entry.doubted_at).min()),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        let whose = self.person_id.map(|person| format!(" of {person}")).unwrap_or_default();
        let by = self.granted_by.as_ref().map(|who| format!(", by {who}")).unwrap_or_default();
        let say = |at: i64| clock.say(UnixTime::new(at));
        let mut words =
            format!("Pass {}{whose} at {}, granted on {}{by}", self.pass_id, self.gate, say(self.granted_at));
        if let Some(at) = self.revoked_at {
            words += &format!(", revoked on {}", say(at));
        }
        for entry in &self.entries {
            words += &format!("\n  {}", entry.words(clock));
        }
        words
    }

    fn brief(&self) -> String {
        self.pass_id.to_string()
    }
}
