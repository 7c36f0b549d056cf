//! A link that a gate made, where somebody changes it by hand. The ledger stands by what it says of a link, so only its
//! end can change, and the ledger knows of that before Telegram does.

use crate::context::{self, Context};
use crate::failure::{Doing, Failure};
use crate::house::Housing;
use crate::runtime;
use crate::shown::ShownLink;
use crate::when::Clock;
use links::{
    Admission, AdmissionChange, Change, Chat, Edit, Entrance, Kind, Link, LinkName, LinkUrl, Links,
    MemberLimit, Parser, Person, UnixTime,
};
use store::{Bot, LedgerLink, LinkState, Store};
use telegram::bot_api::Token;
use telegram::bot_api::methods::{EditChatInviteLink, Method};

const FOR_ONE: Admission = Admission::Instant { limit: Some(MemberLimit::ONE) };

/// What the ledger knows of the link, if a gate made it.
pub(super) fn entry(
    ctx: &Context<'_>,
    housing: &Housing,
    link: &LinkUrl,
    parser: &Parser,
) -> Result<Option<(Store, LedgerLink)>, Failure> {
    let Ok(hash) = parser.parse(link.as_str()) else { return Ok(None) };
    if !housing.place(ctx)?.is_there() {
        return Ok(None);
    }
    runtime::run(async {
        let store = housing.open(ctx).await?.store;
        Ok(store.ledger_by_hash(&hash).await?.map(|(entry, _)| (store, entry)))
    })
}

/// Why this link is not revoked by itself: a pass would promise a link that is dead.
pub(super) fn expect_no_promise(entry: &LedgerLink) -> Result<(), Failure> {
    let hint = match (entry.state, entry.pass) {
        _ if entry.revoked_at.is_some() => return Ok(()),
        (LinkState::Given, Some(pass)) => format!(
            "`admit pass revoke {pass}` takes the pass back and ends its links; a fan whose link does not work says so \
             on their page, and gets another"
        ),
        (LinkState::Free, _) => "nobody was shown it; a pass that gets it can be taken back, and \
            `admit restore --after` gives none of those that are ready to anybody"
            .to_owned(),
        _ => return Ok(()),
    };
    let why = "a gate made it, and its ledger would not know that it is dead";
    Err(Failure::OtherState { what: named(entry), why: why.to_owned(), word: "kept_link", hint })
}

/// A link of the ledger, and the bot that made it.
pub(super) struct Kept {
    store: Store,
    entry: LedgerLink,
    bot: Bot,
    was: Link,
}

impl Kept {
    /// What the ledger knows of a link, if it can be edited at all.
    pub(super) async fn new(store: Store, entry: LedgerLink) -> Result<Self, Failure> {
        let bots = store.bots().await?;
        let bot = bots.iter().find(|bot| bot.id == entry.bot).ok_or_else(|| Failure::NothingThere {
            what: format!("the bot {} that made this link is not remembered here any more", entry.bot),
            word: "no_bot",
            hint: "give its token to `admit serve` or `admit gate new`".to_owned(),
        })?;
        let was = as_made(&entry, bot).ok_or_else(|| gone(&entry, "Telegram never told what it is"))?;
        Ok(Self { bot: bot.clone(), store, entry, was })
    }

    pub(super) fn edit(
        &self,
        ctx: &Context<'_>,
        chat: &Chat,
        edit: &Edit,
        clock: &Clock,
    ) -> Result<(), Failure> {
        let now = server::Clock::default().now();
        self.expect_promises_kept(chat, edit)?;
        self.expect_in_hands(now)?;
        let until = match edit.expires_at {
            Change::Set(at) => at.at(),
            Change::Keep | Change::Clear => self.entry.expires_at,
        };
        let (chat, url) = (Chat::from(self.entry.chat), &self.was.url);
        if ctx.global.dry_run {
            let terms = edit.merge(url, Some(&self.was)).map_err(|why| {
                Failure::telegram(format!("edit the link {url}"), links::Error::new(Kind::CannotMerge(why)))
            })?;
            return ctx.rehearse(EditChatInviteLink::NAME, &EditChatInviteLink::new(&chat, url, &terms));
        }
        let token = Token::new(self.bot.token.reveal()).map_err(|_| {
            Failure::telegram(format!("edit the link {url}"), links::Error::new(Kind::TokenDead))
        })?;
        let client = ctx.connect_with(token, &context::settings(&ctx.config()?))?.client;
        let edited = runtime::run(async {
            if !self.store.intend_edit(&self.entry, until, &ctx.who(), now).await? {
                return Err(gone(&self.entry, "it was used, replaced or taken back just now"));
            }
            let edited = client.edit(&chat, url, edit, Some(&self.was)).await;
            let is = match &edited {
                Ok(link) => link.expires_at,
                Err(error) if is_unknown(error.kind()) => None,
                Err(_) => Some(self.entry.expires_at),
            };
            if let Some(is) = is {
                self.store.edited(&self.entry, until, is).await?;
            }
            edited.doing(|| format!("edit the link {url}"))
        })?;
        Ok(ctx.output.show(&ShownLink::new(edited), clock)?)
    }

    /// What would break what a gate promises is refused, with what to do instead.
    fn expect_promises_kept(&self, chat: &Chat, edit: &Edit) -> Result<(), Failure> {
        let refused = |why: &str, hint: &str| Err(self.refused(why, hint));
        match chat {
            Chat::Id(id) if *id != self.entry.chat => {
                let hint = format!("say `--chat {}`", self.entry.chat);
                return refused("it leads to another chat", &hint);
            }
            _ => {}
        }
        let is_same_name = match &edit.name {
            Change::Keep => true,
            Change::Set(name) => self.was.name.as_ref() == Some(name),
            Change::Clear => false,
        };
        if !is_same_name {
            let hint = "leave the name away; `admit link show` tells whose the link is";
            return refused("by its name it is known who came by it", hint);
        }
        let is_for_one = match edit.admission {
            AdmissionChange::Keep => true,
            AdmissionChange::Become(admission) => admission == FOR_ONE,
            AdmissionChange::Limit(limit) => limit == MemberLimit::ONE,
            AdmissionChange::NoLimit => false,
        };
        if !is_for_one {
            let hint = "`admit pass grant` gives somebody else a pass; `admit link create` makes a link that is no gate's";
            return refused("it lets one person in, and nobody has to decide that again", hint);
        }
        if edit.expires_at == Change::Clear {
            let hint = "`--expire 30d`";
            return refused("a link without an end could never be replaced", hint);
        }
        Ok(())
    }

    /// Only a link that a pass has and nobody used is worth another end.
    fn expect_in_hands(&self, now: UnixTime) -> Result<(), Failure> {
        let LedgerLink { state, used_at, revoke_wanted_at, revoked_at, expires_at, .. } = self.entry;
        if used_at.is_some() {
            Err(gone(&self.entry, "somebody came by it, and it ends with that"))
        } else if revoked_at.or(revoke_wanted_at).is_some() {
            Err(gone(&self.entry, "it is revoked, or about to be"))
        } else if expires_at <= now {
            Err(gone(&self.entry, "it ran out"))
        } else if state != LinkState::Given {
            let hint = "`admit gate edit` changes how long the links of a gate work";
            Err(self.refused("no pass has it yet, and its gate decides how long it works", hint))
        } else {
            Ok(())
        }
    }

    fn refused(&self, why: &str, hint: &str) -> Failure {
        Failure::OtherState {
            what: named(&self.entry),
            why: why.to_owned(),
            word: "kept_link",
            hint: hint.to_owned(),
        }
    }
}

/// Whether Telegram may have done it all the same.
fn is_unknown(kind: &Kind) -> bool {
    matches!(kind, Kind::OutcomeUnknown | Kind::BrokenAnswer)
}

fn named(entry: &LedgerLink) -> String {
    match entry.pass {
        Some(pass) => format!("the link {} of pass {pass}", entry.marker),
        None => format!("the link {} of a gate", entry.marker),
    }
}

fn gone(entry: &LedgerLink, why: &str) -> Failure {
    let hint = match entry.pass {
        Some(pass) => {
            format!("`admit pass show {pass}` tells how it stands; `admit pass reissue` gives another link")
        }
        None => "`admit link list` tells how it stands".to_owned(),
    };
    Failure::OtherState { what: named(entry), why: why.to_owned(), word: "not_editable", hint }
}

/// A link as a gate made it: for one person, named by its marker.
fn as_made(entry: &LedgerLink, bot: &Bot) -> Option<Link> {
    Some(Link {
        url: entry.url.clone()?,
        name: LinkName::new(&entry.marker.to_string()).ok(),
        creator: Person {
            id: bot.id,
            is_bot: true,
            first_name: bot.username.clone(),
            last_name: None,
            username: Some(bot.username.clone()),
            language: None,
        },
        expires_at: Some(entry.expires_at),
        entrance: Entrance::Ordinary(FOR_ONE),
        is_primary: false,
        is_revoked: entry.revoked_at.is_some(),
        pending: None,
        uses: None,
        created_at: entry.made_at,
    })
}
