//! The ledger: everything that happened, refused calls included, in the order it happened.
//!
//! An entry holds numbers and what cannot be derived; its text is made when somebody reads it, so that a million
//! of them fit in memory.

use super::{LinkNo, World};
use serde::Serialize;

/// What an entry tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// A method was called; with `error`, it was refused.
    Call,
    /// A staged fault struck a call.
    Fault,
    /// A call came before the wait was over that one like it was told.
    Early,
    /// Somebody came in.
    Joined,
    /// Somebody tried to come in and was refused.
    Refused,
    /// Somebody asked to be let in.
    Asked,
    /// Somebody took their request back.
    Withdrew,
    /// A request was approved.
    Approved,
    /// A request was declined.
    Declined,
    /// A guard bot was asked.
    GuardAsked,
    /// A guard bot said nothing in time.
    GuardTimedOut,
    /// Somebody left or was removed.
    Left,
    /// Somebody was banned.
    Banned,
    /// Somebody is banned no more.
    Unbanned,
    /// A link was revoked by an administrator who is no bot.
    Revoked,
    /// Somebody's office changed.
    Office,
    /// A group became a supergroup.
    Migrated,
    /// A person wrote to a bot.
    Wrote,
    /// A person pressed a button.
    Pressed,
    /// A bot's message arrived.
    Delivered,
    /// A person blocked a bot.
    Blocked,
    /// A webhook was tried; with `error`, it failed.
    Webhook,
    /// A preview robot fetched an address.
    Robot,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    at: i64,
    pub(crate) chat: i64,
    pub(crate) user: i64,
    pub(crate) link: LinkNo,
    what: What,
    method: Option<&'static str>,
    error: Option<Box<str>>,
}

impl Entry {
    pub(crate) fn new(what: What) -> Self {
        Self { at: 0, chat: 0, user: 0, link: LinkNo::NONE, what, method: None, error: None }
    }

    pub(crate) fn chat(self, chat: i64) -> Self {
        Self { chat, ..self }
    }

    pub(crate) fn user(self, user: i64) -> Self {
        Self { user, ..self }
    }

    pub(crate) fn link(self, link: Option<LinkNo>) -> Self {
        Self { link: link.unwrap_or(LinkNo::NONE), ..self }
    }

    pub(crate) fn method(self, method: &'static str) -> Self {
        Self { method: Some(method), ..self }
    }

    pub(crate) fn error(self, error: &str) -> Self {
        Self { error: Some(error.into()), ..self }
    }
}

/// All entries.
#[derive(Default)]
pub(crate) struct Ledger(Vec<Entry>);

impl World {
    /// Writes an entry down, at this moment.
    pub(crate) fn note(&mut self, entry: Entry) {
        self.ledger.0.push(Entry { at: self.now, ..entry });
    }

    /// How many entries there are.
    pub(crate) fn ledger_len(&self) -> usize {
        self.ledger.0.len()
    }

    /// Up to `most` lines of NDJSON after entry `after`, and the number of the last of them.
    pub(crate) fn ledger_lines(&self, after: usize, most: usize) -> (String, usize) {
        #[derive(Serialize)]
        struct Line<'a> {
            n: usize,
            at: i64,
            what: What,
            #[serde(skip_serializing_if = "Option::is_none")]
            method: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            chat_id: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            user_id: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            link: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<&'a str>,
        }
        let some = |number: i64| (number != 0).then_some(number);
        let mut lines = String::new();
        let mut last = after.min(self.ledger.0.len());
        for entry in self.ledger.0.iter().skip(after).take(most) {
            last += 1;
            let line = Line {
                n: last,
                at: entry.at,
                what: entry.what,
                method: entry.method,
                chat_id: some(entry.chat),
                user_id: some(entry.user),
                link: self.invite(entry.link).map(|invite| self.url(invite)),
                error: entry.error.as_deref(),
            };
            lines.push_str(&serde_json::to_string(&line).expect("numbers and texts are JSON"));
            lines.push('\n');
        }
        (lines, last)
    }
}
