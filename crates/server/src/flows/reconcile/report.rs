//! What was found when our books were laid beside Telegram's, as a value: whoever shows it says it in their own way.

use gate::Code;
use links::{ChatId, LinkUrl, UnixTime, UserId};
use store::{Outcome, PassId};

/// What was found, chat by chat.
#[derive(Debug, Default)]
pub struct Report {
    /// Each chat with each bot that makes links there.
    pub chats: Vec<ChatReport>,
}

/// One chat, and one bot's links there.
#[derive(Debug)]
pub struct ChatReport {
    /// Which chat.
    pub chat: ChatId,
    /// Whose links.
    pub bot: UserId,
    /// What differs, as far as that was looked at.
    pub found: Difference,
    /// Whether all of it was.
    pub outcome: Result<(), NotCompared>,
}

/// Why a chat was not compared, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotCompared {
    /// Telegram shows the links of another administrator to the owner only.
    #[error("only the owner of a chat sees the links of its bots, and this account is not the owner")]
    NotOwner,
    /// Telegram refused, or could not be asked.
    #[error(transparent)]
    Telegram(links::Error),
    /// Somebody stopped it, or nothing could be compared any more.
    #[error("the comparison broke off")]
    BrokeOff,
}

/// Where the books and Telegram differ, and what was done about it.
#[derive(Debug, Default)]
pub struct Difference {
    /// So many links of the bot Telegram showed.
    pub links: u64,
    /// Links that were asked for and lost, and which Telegram has. Nobody was shown them; they end.
    pub adopted: Vec<Unshown>,
    /// Links that bear a name of ours and which the books do not know. Nobody was shown them.
    pub strays: Vec<Unshown>,
    /// Links of whichever administrator that no gate made and nobody imported. They are left alone.
    pub foreign: Vec<Foreign>,
    /// Links that were to work, and which somebody ended at Telegram.
    pub died: Vec<Code>,
    /// People who came unseen.
    pub came: Vec<Came>,
    /// Links that could not be compared; all others were.
    pub failed: Vec<Failure>,
    /// So many wait to be let in.
    pub waiting: u64,
    /// Those of them whose asking nobody told us of.
    pub asked: Vec<UserId>,
}

/// A link nobody was shown.
#[derive(Debug)]
pub struct Unshown {
    /// Its name at Telegram.
    pub marker: Code,
    /// What became of it.
    pub end: End,
    /// So many are in by it, where that is told.
    pub uses: Option<u32>,
}

/// What became of a link that nobody was shown.
#[derive(Debug)]
pub enum End {
    /// It is dead.
    Ended,
    /// It would be ended, if this were no rehearsal.
    Due,
    /// It was to be left as it is.
    Left,
    /// It is older than what these books know of the bot, so it may be in others; it was left as it is.
    Older,
    /// Telegram did not end it.
    Refused(links::Error),
}

/// A link that could not be compared.
#[derive(Debug)]
pub struct Failure {
    /// Its name, if it has one.
    pub link: Option<String>,
    /// What Telegram said of it.
    pub why: links::Error,
}

/// A link that no gate made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Its text.
    pub url: LinkUrl,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// So many are in by it, where that is told.
    pub uses: Option<u32>,
}

/// Somebody who came unseen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Came {
    /// Who.
    pub person: UserId,
    /// When, as Telegram says.
    pub at: UnixTime,
    /// The name of the link they came by, if it has one.
    pub link: Option<String>,
    /// What that made of them.
    pub became: Became,
}

/// What somebody is who came unseen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Became {
    /// Whoever this pass is for.
    Holder(PassId),
    /// Somebody else than whoever this pass is for.
    Stranger(PassId),
    /// Somebody who came by a link of no pass, and is in.
    Guest,
    /// Nothing yet, because nothing was to be changed.
    NotYet,
}

impl From<Outcome> for Became {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Entered { pass, .. } | Outcome::Gone { pass, .. } => Self::Holder(pass),
            Outcome::Stranger { pass, .. } => Self::Stranger(pass),
            _ => Self::Guest,
        }
    }
}

impl Report {
    /// A chat is about to be looked at.
    pub(super) fn begin(&mut self, chat: ChatId, bot: UserId) -> &mut ChatReport {
        let (found, outcome) = (Difference::default(), Err(NotCompared::BrokeOff));
        self.chats.push(ChatReport { chat, bot, found, outcome });
        self.chats.last_mut().expect("it was put there just now")
    }

    /// What differs, as far as that was looked at.
    pub fn differences(&self) -> impl Iterator<Item = &Difference> {
        self.chats.iter().map(|chat| &chat.found)
    }

    /// Whether something could not be compared or ended now, and may be later without anybody doing anything.
    pub fn is_worth_repeating(&self) -> bool {
        self.refusals().any(links::Error::is_retryable)
    }

    /// For how long Telegram wants to be left alone.
    pub(crate) fn wait_seconds(&self) -> u32 {
        self.refusals().filter_map(links::Error::retry_after_seconds).max().unwrap_or_default()
    }

    fn refusals(&self) -> impl Iterator<Item = &links::Error> {
        let of_chats = self.chats.iter().filter_map(|chat| match &chat.outcome {
            Err(NotCompared::Telegram(error)) => Some(error),
            _ => None,
        });
        of_chats.chain(self.differences().flat_map(Difference::refusals))
    }
}

impl Difference {
    /// Each link that nobody was shown.
    pub fn unshown(&self) -> impl Iterator<Item = &Unshown> {
        self.adopted.iter().chain(&self.strays)
    }

    /// What Telegram refused of single links.
    fn refusals(&self) -> impl Iterator<Item = &links::Error> {
        self.failed.iter().map(|failure| &failure.why).chain(self.not_ended())
    }

    /// Why links work still that were to end.
    pub(crate) fn not_ended(&self) -> impl Iterator<Item = &links::Error> {
        self.unshown().filter_map(|link| match &link.end {
            End::Refused(why) => Some(why),
            _ => None,
        })
    }

    /// Whether anything was changed because of it.
    pub(super) fn has_changed(&self) -> bool {
        self.counts().iter().any(|(_, count)| *count > 0)
    }

    /// How much of what was changed, and nobody's number.
    pub(super) fn changed(&self) -> String {
        let counts = self.counts().map(|(what, count)| format!("{count} {what}"));
        counts.join(", ")
    }

    fn counts(&self) -> [(&'static str, usize); 5] {
        let ended = self.strays.iter().filter(|it| matches!(it.end, End::Ended)).count();
        [
            ("adopted", self.adopted.len()),
            ("strays ended", ended),
            ("died", self.died.len()),
            ("came", self.came.len()),
            ("asked", self.asked.len()),
        ]
    }

    /// Whether nothing differs. Who waits, and was seen to ask, is no difference.
    pub fn is_nothing(&self) -> bool {
        self.foreign.is_empty() && self.is_nothing_but_foreign()
    }

    /// Whether nothing differs of what is ours.
    pub(crate) fn is_nothing_but_foreign(&self) -> bool {
        let Self { links: _, adopted, strays, foreign: _, died, came, failed, waiting: _, asked } = self;
        failed.is_empty()
            && adopted.is_empty()
            && strays.is_empty()
            && died.is_empty()
            && came.is_empty()
            && asked.is_empty()
    }
}
