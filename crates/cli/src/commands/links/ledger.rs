//! A link as the ledger has it: which gate asked for it, which pass has it, and what happened to it.

use crate::output::Shown;
use crate::when::Clock;
use gate::Slug;
use links::{UnixTime, UserId};
use serde::Serialize;
use std::collections::HashMap;
use store::{GateId, LedgerLink, Sighting};

/// A link of the ledger. Its text is shown only where somebody asks for this one link.
#[derive(Serialize)]
pub(super) struct ShownEntry {
    /// As `admit link show` and `--before` take it; one that was imported has such a name, too.
    pub(super) id: String,
    link_id: i64,
    gate: String,
    chat_id: i64,
    bot_id: i64,
    /// Its name at Telegram.
    name: String,
    /// The same: by it a gate's link is known.
    marker: String,
    /// `making`, `free`, `given`, `lost`, `refused` or `dropped`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<String>,
    expires_at: i64,
    /// The end that an edit is to give it, of which nobody knows yet whether it has it.
    expiry_wanted: Option<i64>,
    intended_at: i64,
    made_at: Option<i64>,
    pass_id: Option<i64>,
    /// Which of the pass's links for this chat it is.
    generation: Option<u32>,
    given_at: Option<i64>,
    used_at: Option<i64>,
    used_by: Option<i64>,
    revoke_wanted_at: Option<i64>,
    revoked_at: Option<i64>,
    /// Everybody who was seen to come or ask by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<Seen>>,
}

#[derive(Serialize)]
pub(super) struct Seen {
    user_id: i64,
    /// `joined` or `asked`.
    what: String,
    at: i64,
    /// Whether the pass that has the link is not theirs.
    is_stranger: bool,
    /// When they went, if they came.
    left_at: Option<i64>,
}

impl ShownEntry {
    /// For a list, without its text.
    pub(super) fn new(link: &LedgerLink, slugs: &HashMap<GateId, Slug>) -> Self {
        let second = |time: Option<UnixTime>| time.map(UnixTime::get);
        Self {
            id: link.id.get().to_string(),
            link_id: link.id.get(),
            gate: slugs.get(&link.gate).map(ToString::to_string).unwrap_or_default(),
            chat_id: link.chat.get(),
            bot_id: link.bot.get(),
            name: link.marker.to_string(),
            marker: link.marker.to_string(),
            state: link.state.as_str(),
            invite_link: None,
            expires_at: link.expires_at.get(),
            expiry_wanted: second(link.expiry_wanted),
            intended_at: link.intended_at.get(),
            made_at: second(link.made_at),
            pass_id: link.pass.map(|pass| pass.get()),
            generation: link.generation,
            given_at: second(link.given_at),
            used_at: second(link.used_at),
            used_by: link.used_by.map(UserId::get),
            revoke_wanted_at: second(link.revoke_wanted_at),
            revoked_at: second(link.revoked_at),
            seen: None,
        }
    }

    /// With all that is known.
    pub(super) fn whole(link: &LedgerLink, sightings: &[Sighting], slugs: &HashMap<GateId, Slug>) -> Self {
        Self {
            invite_link: link.url.as_ref().map(ToString::to_string),
            seen: Some(seen(sightings)),
            ..Self::new(link, slugs)
        }
    }
}

/// Who was seen, as it is shown.
pub(super) fn seen(sightings: &[Sighting]) -> Vec<Seen> {
    let seen = sightings.iter().map(|it| Seen {
        user_id: it.person.get(),
        what: it.what.clone(),
        at: it.at.get(),
        is_stranger: it.is_stranger,
        left_at: it.left_at.map(UnixTime::get),
    });
    seen.collect()
}

impl Seen {
    /// A line of its own.
    pub(super) fn words(&self, clock: &Clock) -> String {
        let say = |at: i64| clock.say(UnixTime::new(at));
        let as_whom = if self.is_stranger { ", a stranger" } else { "" };
        let left = self.left_at.map(|at| format!(", and left on {}", say(at))).unwrap_or_default();
        format!("\n  {} {} on {}{as_whom}{left}", self.user_id, self.what, say(self.at))
    }
}

impl Shown for ShownEntry {
    const COLUMNS: &'static [&'static str] =
        &["link_id", "marker", "gate", "chat_id", "state", "pass_id", "expires_at", "used_by", "revoked_at"];

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        vec![
            self.link_id.to_string(),
            self.marker.clone(),
            self.gate.clone(),
            self.chat_id.to_string(),
            self.state.to_owned(),
            number(self.pass_id),
            self.expires_at.to_string(),
            number(self.used_by),
            number(self.revoked_at),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        let say = |at: i64| clock.say(UnixTime::new(at));
        let head = self.invite_link.as_deref().unwrap_or("A link whose text Telegram never told");
        let mut words =
            format!("{head}\n  made for   {} into {}, named {}", self.gate, self.chat_id, self.marker);
        let state = match (self.state, self.pass_id) {
            ("making", _) => "is asked for right now".to_owned(),
            ("free", _) => "waits in the pool".to_owned(),
            ("given", Some(pass)) => format!("is of pass {pass}, link {}", self.generation.unwrap_or(1)),
            ("lost", _) => "may exist: Telegram's answer was lost, and nobody was shown it".to_owned(),
            ("refused", _) => "was refused by Telegram".to_owned(),
            ("dropped", _) => "ended in the pool, unused".to_owned(),
            (other, _) => other.to_owned(),
        };
        words += &format!("\n  it         {state}");
        let used = self.used_by.map(|person| format!(", by {person}")).unwrap_or_default();
        let times = [
            ("asked for", Some(self.intended_at), ""),
            ("made", self.made_at, ""),
            ("given", self.given_at, ""),
            ("used", self.used_at, used.as_str()),
            ("revoked", self.revoked_at, ""),
            ("ends", Some(self.expires_at).filter(|_| self.revoked_at.is_none()), ""),
        ];
        for (what, at, more) in times {
            if let Some(at) = at {
                words += &format!("\n  {what:<10} {}{more}", say(at));
            }
        }
        if self.revoke_wanted_at.is_some() && self.revoked_at.is_none() {
            words += "\n  It is to be revoked; `admit serve` does that.";
        }
        if let Some(wanted) = self.expiry_wanted {
            words += &format!(
                "\n  An edit was to end it on {}; nobody knows whether Telegram did that. `admit link edit` does it again.",
                say(wanted)
            );
        }
        for seen in self.seen.iter().flatten() {
            words += &seen.words(clock);
        }
        words
    }

    fn brief(&self) -> String {
        self.invite_link.clone().unwrap_or_else(|| self.id.clone())
    }
}
