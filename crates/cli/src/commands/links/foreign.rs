//! A link of the ledger that no gate made.

use super::ledger::{Seen, ShownEntry, seen};
use crate::output::Shown;
use crate::rows::plain;
use crate::when::Clock;
use links::UnixTime;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use store::{ForeignLink, ForeignLinkId, Sighting};

/// How a link that was made elsewhere is called beside those that gates made, which have numbers of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Id(pub(super) ForeignLinkId);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "imported-{}", self.0)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let number = text.strip_prefix("imported-").and_then(|number| number.parse().ok());
        number.map(|number| Self(ForeignLinkId::new(number))).ok_or(NotAnId)
    }
}

/// It names no link of the ledger.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a link of the ledger is called by its number, or `imported-` and a number")]
pub(super) struct NotAnId;

/// A link of the ledger, whoever made it. They are rows of one table.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Ours(Box<ShownEntry>),
    Foreign(Box<ShownForeign>),
}

/// One that was made elsewhere. Its text is shown only where somebody asks for this one link.
#[derive(Serialize)]
pub(super) struct ShownForeign {
    /// As `admit link show` and `--before` take it.
    id: String,
    foreign_link_id: i64,
    chat_id: i64,
    /// Always `imported`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_link: Option<String>,
    name: Option<String>,
    creator_id: i64,
    expires_at: Option<i64>,
    /// So many were in by it when Telegram was last asked.
    uses: Option<u32>,
    imported_at: i64,
    /// When Telegram was last asked.
    told_at: i64,
    /// Since when we know that it is.
    revoked_at: Option<i64>,
    /// Everybody who was seen to come or ask by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<Vec<Seen>>,
}

impl Entry {
    /// For a list, without its text.
    pub(super) fn foreign(link: &ForeignLink) -> Self {
        Self::Foreign(Box::new(ShownForeign::new(link)))
    }

    /// How `--before` names it.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Ours(it) => &it.id,
            Self::Foreign(it) => &it.id,
        }
    }

    /// With all that is known.
    pub(super) fn whole_foreign(link: &ForeignLink, sightings: &[Sighting]) -> Self {
        let shown = ShownForeign {
            invite_link: Some(link.url.to_string()),
            seen: Some(seen(sightings)),
            ..ShownForeign::new(link)
        };
        Self::Foreign(Box::new(shown))
    }
}

impl ShownForeign {
    fn new(link: &ForeignLink) -> Self {
        Self {
            id: Id(link.id).to_string(),
            foreign_link_id: link.id.get(),
            chat_id: link.chat.get(),
            state: "imported",
            invite_link: None,
            name: link.name.clone(),
            creator_id: link.creator.get(),
            expires_at: link.expires_at.map(UnixTime::get),
            uses: link.uses,
            imported_at: link.imported_at.get(),
            told_at: link.told_at.get(),
            revoked_at: link.revoked_at.map(UnixTime::get),
            seen: None,
        }
    }

    fn words(&self, clock: &Clock) -> String {
        let say = |at: i64| clock.say(UnixTime::new(at));
        let head = self.invite_link.as_deref().unwrap_or("A link that was made elsewhere");
        let named = self.name.as_deref().map(|name| format!(", named {}", plain(name))).unwrap_or_default();
        let mut words = format!("{head}\n  made by    {} into {}{named}", self.creator_id, self.chat_id);
        words += &format!("\n  here       {}", self.id);
        words += "\n  it         was made elsewhere, and is left alone";
        if let Some(uses) = self.uses {
            words += &format!("\n  in by it   {uses}, as Telegram said on {}", say(self.told_at));
        }
        let times = [
            ("imported", Some(self.imported_at)),
            ("revoked", self.revoked_at),
            ("ends", self.expires_at.filter(|_| self.revoked_at.is_none())),
        ];
        for (what, at) in times {
            if let Some(at) = at {
                words += &format!("\n  {what:<10} {}", say(at));
            }
        }
        for seen in self.seen.iter().flatten() {
            words += &seen.words(clock);
        }
        words
    }
}

impl Shown for Entry {
    const COLUMNS: &'static [&'static str] = ShownEntry::COLUMNS;

    fn cells(&self) -> Vec<String> {
        let it = match self {
            Self::Ours(it) => return it.cells(),
            Self::Foreign(it) => it,
        };
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        vec![
            it.id.clone(),
            it.name.clone().unwrap_or_default(),
            String::new(),
            it.chat_id.to_string(),
            it.state.to_owned(),
            String::new(),
            number(it.expires_at),
            String::new(),
            number(it.revoked_at),
        ]
    }

    fn words(&self, clock: &Clock) -> String {
        match self {
            Self::Ours(it) => it.words(clock),
            Self::Foreign(it) => it.words(clock),
        }
    }

    fn brief(&self) -> String {
        match self {
            Self::Ours(it) => it.brief(),
            Self::Foreign(it) => it.invite_link.clone().unwrap_or_else(|| it.id.clone()),
        }
    }
}
