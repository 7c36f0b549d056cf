//! `admit reconcile`: our books beside Telegram's, as the account of a chat's owner sees them.

use super::links::{number, parser};
use super::serve;
use crate::context::Context;
use crate::failure::{ErrorJson, Failure, chain};
use crate::flags::Speaker;
use crate::house::Housing;
use crate::listing::count;
use crate::output::Shown;
use crate::rows::plain;
use crate::runtime;
use crate::trials;
use crate::when::Clock;
use clap::Args;
use links::{Chat, Kind, UnixTime};
use serde::Serialize;
use server::{
    Became, Books, Came, CannotReconcile, ChatReport, Difference, End, NotCompared, Report, Strays, Unshown,
    Wish,
};
use std::collections::BTreeSet;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit reconcile --dry-run
  admit reconcile
  admit reconcile --chat -1001234567890 --json
  admit reconcile --keep-strays
  admit reconcile --end-all-strays --yes

It takes the account of whoever owns the chats, `admit login`, and works beside a service, which does the same every \
night. Links that were lost in the making end, and so do strays: links of our bot that bear a name of ours and that the \
ledger does not know; it asks before it ends any. A stray that is older than what this ledger knows of the bot may be \
in another ledger, which has the same bot: it is left, unless you say that there is no other. A link that somebody ended \
by hand is known to be dead, and whoever came unseen has used their pass; `admit serve` ends the link they came by. \
Links that bear another name are listed and left alone: `admit link import` takes them into the ledger.")]
pub(crate) struct Reconcile {
    /// This chat only, by its number; may be given several times.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Vec<Chat>,
    /// Leave strays as they are.
    #[arg(long)]
    keep_strays: bool,
    /// End those strays, too, that are older than what this ledger knows of the bot.
    #[arg(long, conflicts_with = "keep_strays")]
    end_all_strays: bool,
    /// For how many days people are remembered who hold no pass, as the service is told. [env: ADMIT_KEEP_DAYS] [default: 90]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    keep_days: Option<u32>,
    #[command(flatten)]
    housing: Housing,
}

/// One chat, and the links of one bot there.
#[derive(Serialize)]
struct ShownChat {
    chat_id: i64,
    bot_id: i64,
    /// `compared`, `not_compared`, or `broke_off` where it was not compared to its end.
    status: &'static str,
    /// Nothing was changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    /// As far as it was looked at.
    #[serde(flatten)]
    found: Option<ShownDifference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
    #[serde(skip)]
    why: Option<String>,
}

#[derive(Serialize)]
struct ShownDifference {
    /// So many links Telegram showed.
    links: u64,
    adopted: Vec<ShownUnshown>,
    strays: Vec<ShownUnshown>,
    foreign: Vec<ShownForeign>,
    /// The names of links that somebody ended by hand.
    died: Vec<String>,
    came: Vec<ShownCame>,
    /// Links that could not be compared.
    failed: Vec<ShownFailure>,
    /// So many wait to be let in.
    waiting: u64,
    /// Those of them who were not seen to ask.
    asked: Vec<i64>,
}

/// A link that nobody was shown.
#[derive(Serialize)]
struct ShownUnshown {
    marker: String,
    /// `ended`, `would be ended`, `left`, `older` or `failed`.
    status: &'static str,
    /// So many are in by it.
    uses: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

/// A link that could not be compared.
#[derive(Serialize)]
struct ShownFailure {
    /// Its name.
    link: Option<String>,
    error: ErrorJson,
}

/// A link that no gate made.
#[derive(Serialize)]
struct ShownForeign {
    invite_link: String,
    name: Option<String>,
    uses: Option<u32>,
}

/// Somebody who came unseen.
#[derive(Serialize)]
struct ShownCame {
    user_id: i64,
    at: i64,
    /// The name of the link they came by.
    link: Option<String>,
    /// `holder`, `stranger` or `guest`; nothing in a rehearsal.
    became: Option<&'static str>,
    pass_id: Option<i64>,
}

impl Reconcile {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Account, "reconcile")?;
        let chats = self.chat.iter().map(number).collect::<Result<_, _>>()?;
        let strays = match (self.keep_strays, self.end_all_strays) {
            (true, _) => Strays::Keep,
            (_, true) => Strays::EndAll,
            _ => Strays::End,
        };
        let mut wish = Wish { chats, who: Some(ctx.who()), dry_run: ctx.global.dry_run, strays };
        let config = ctx.config()?;
        let (links, road) = (parser(&config), crate::context::settings(&config));
        let keep_days =
            serve::keep_days(ctx, self.keep_days)?.unwrap_or(server::Settings::default().keep_days);
        let clock = trials::clock(ctx.variables);
        let mut report = Report::default();
        let ended = runtime::run(async {
            let account = ctx.account()?;
            let store = self.housing.open(ctx).await?.store;
            let books = Books { store: &store, account: &account, links: &links, clock: &clock, keep_days };
            let compare = async |wish: &Wish, report: &mut Report| {
                let compared = server::reconcile(books, &road, wish, report).await;
                compared.map_err(|why| failure("compare the ledger with Telegram's links", why))
            };
            if !wish.dry_run && !self.keep_strays && !ctx.global.yes {
                let mut rehearsed = Report::default();
                compare(&Wish { dry_run: true, ..wish.clone() }, &mut rehearsed).await?;
                match ends(&rehearsed) {
                    Some(what) => ctx.confirm(&what).await?,
                    // What was not shown, nobody could be asked about.
                    None if rehearsed.is_worth_repeating() => {
                        ctx.output.note(
                            "Telegram did not show all at first, so strays that are found now are left",
                        );
                        wish.strays = Strays::Keep;
                    }
                    None => {}
                }
            }
            compare(&wish, &mut report).await
        });
        // What was done is told, however it ended.
        if report.chats.is_empty() {
            ended?;
            ctx.output.note("No gate leads anywhere, so there is nothing to compare; `--chat` names a chat");
            return Ok(ctx.output.show_all::<ShownChat>(&[], &Clock::of_this_machine())?);
        }
        let total = report.chats.len();
        let failed = report.chats.iter().filter(|chat| has_failed(chat)).count();
        let is_of_pass = |came: &Came| matches!(came.became, Became::Holder(_) | Became::Stranger(_));
        let to_end = report.differences().any(|found| found.came.iter().any(is_of_pass));
        let rows: Vec<_> = report.chats.into_iter().map(|chat| ShownChat::new(chat, wish.dry_run)).collect();
        ctx.output.show_all(&rows, &Clock::of_this_machine())?;
        if to_end {
            ctx.output.note("Links by which somebody came end as soon as `admit serve` runs");
        }
        match failed {
            _ if ended.is_err() => ended,
            0 => Ok(()),
            failed => Err(Failure::SomeFailed { failed: failed as u64, total: total as u64 }),
        }
    }
}

/// What would be ended for good, if anything.
fn ends(rehearsed: &Report) -> Option<String> {
    let of = |found: &Difference| found.unshown().filter(|link| matches!(link.end, End::Due)).count() as u64;
    let links: u64 = rehearsed.differences().map(of).sum();
    let chats: BTreeSet<_> =
        rehearsed.chats.iter().filter(|chat| of(&chat.found) > 0).map(|it| it.chat).collect();
    let (all, chats) = (count(links, ("link", "links")), count(chats.len() as u64, ("chat", "chats")));
    let more = if rehearsed.is_worth_repeating() { ", and what Telegram did not show just now" } else { "" };
    (links > 0)
        .then(|| format!("this ends {all} of {chats} for good{more}; `admit reconcile --dry-run` names them"))
}

/// A chat that was not compared to its end, or where Telegram did not show or end a link.
fn has_failed(chat: &ChatReport) -> bool {
    chat.outcome.is_err()
        || !chat.found.failed.is_empty()
        || chat.found.unshown().any(|link| matches!(link.end, End::Refused(_)))
}

/// Why nothing could be compared, in the words of the command line.
pub(super) fn failure(doing: &str, why: CannotReconcile) -> Failure {
    match why {
        CannotReconcile::Store(why) => Failure::Stored(why),
        CannotReconcile::SessionOver(error) => Failure::telegram(doing.to_owned(), error),
        CannotReconcile::Telegram(error) => Failure::telegram(doing.to_owned(), error).of_owners(),
        CannotReconcile::Bot(why) => Failure::Service(why),
    }
}

impl ShownChat {
    fn new(report: ChatReport, dry_run: bool) -> Self {
        let (chat_id, bot_id) = (report.chat.get(), report.bot.get());
        let is_looked_at = report.outcome.is_ok()
            || report.found.links + report.found.waiting > 0
            || !report.found.is_nothing();
        let found = is_looked_at.then(|| ShownDifference::new(report.found));
        let compared = Self { chat_id, bot_id, status: "compared", dry_run, found, error: None, why: None };
        match report.outcome {
            Ok(()) => compared,
            Err(why @ NotCompared::BrokeOff) => {
                Self { status: "broke_off", why: Some(why.to_string()), ..compared }
            }
            Err(why) => {
                let words = chain(&why).join(": ");
                let error = match why {
                    NotCompared::Telegram(error) => error,
                    why => links::Error::because(Kind::MissingRight(links::Right::Administrator), why),
                };
                let error = Failure::telegram(format!("compare the links to {chat_id}"), error).of_owners();
                Self { status: "not_compared", error: Some(error.as_json()), why: Some(words), ..compared }
            }
        }
    }
}

impl ShownDifference {
    fn new(found: Difference) -> Self {
        let unshown = |links: Vec<Unshown>| links.into_iter().map(ShownUnshown::new).collect();
        let foreign = found.foreign.into_iter().map(|it| ShownForeign {
            invite_link: it.url.to_string(),
            name: it.name,
            uses: it.uses,
        });
        let came = found.came.into_iter().map(|it| {
            let (became, pass) = match it.became {
                Became::Holder(pass) => (Some("holder"), Some(pass)),
                Became::Stranger(pass) => (Some("stranger"), Some(pass)),
                Became::Guest => (Some("guest"), None),
                Became::NotYet => (None, None),
            };
            let pass_id = pass.map(|pass| pass.get());
            ShownCame { user_id: it.person.get(), at: it.at.get(), link: it.link, became, pass_id }
        });
        let failed = found.failed.into_iter().map(|it| {
            let error = Failure::telegram("compare a link".to_owned(), it.why).as_json();
            ShownFailure { link: it.link, error }
        });
        Self {
            failed: failed.collect(),
            links: found.links,
            adopted: unshown(found.adopted),
            strays: unshown(found.strays),
            foreign: foreign.collect(),
            died: found.died.iter().map(ToString::to_string).collect(),
            came: came.collect(),
            waiting: found.waiting,
            asked: found.asked.iter().map(|person| person.get()).collect(),
        }
    }

    fn says(&self, is_rehearsal: bool, clock: &Clock) -> Vec<String> {
        let mut lines = Vec::new();
        let would = if is_rehearsal { "would be " } else { "" };
        for link in &self.adopted {
            lines.push(format!("{} was lost in the making, and {}", link.marker, link.says()));
        }
        for link in &self.strays {
            lines.push(format!("{} is in no ledger, and {}", link.marker, link.says()));
        }
        for link in &self.died {
            lines.push(format!("{link} was ended by hand, which {would}written down"));
        }
        for came in &self.came {
            let by = came.link.as_deref().map(|link| format!(" by {}", plain(link))).unwrap_or_default();
            let as_what = match (came.became, came.pass_id) {
                (Some("holder"), Some(pass)) => format!(", and has used pass {pass}"),
                (Some("stranger"), Some(pass)) => format!(", and pass {pass} is not theirs"),
                _ => String::new(),
            };
            let at = clock.say(UnixTime::new(came.at));
            lines.push(format!("{} came unseen{by} on {at}{as_what}", came.user_id));
        }
        for link in &self.foreign {
            let named = link.name.as_deref().map(|name| format!(", named {}", plain(name)));
            let uses = link.uses.map(|uses| format!(", with {uses} in by it")).unwrap_or_default();
            let named = named.unwrap_or_default();
            lines.push(format!("{} is no gate's{named}{uses}; it is left alone", link.invite_link));
        }
        for failure in &self.failed {
            let link = failure.link.as_deref().map_or("a link without a name".into(), plain);
            lines.push(format!("{link} could not be compared: {}", failure.error.code));
        }
        for person in &self.asked {
            lines.push(format!("{person} asked unseen to be let in"));
        }
        if self.waiting > 0 {
            lines.push(format!("{} wait to be let in", self.waiting));
        }
        lines
    }
}

impl ShownUnshown {
    fn new(link: Unshown) -> Self {
        let (status, error) = match link.end {
            End::Ended => ("ended", None),
            End::Due => ("would be ended", None),
            End::Left => ("left", None),
            End::Older => ("older", None),
            End::Refused(error) => {
                let failure = Failure::telegram(format!("end the link {}", link.marker), error);
                ("failed", Some(failure.as_json()))
            }
        };
        Self { marker: link.marker.to_string(), status, uses: link.uses, error }
    }

    fn says(&self) -> String {
        let end = match (self.status, &self.error) {
            (_, Some(error)) => format!("could not be ended: {}", error.code),
            ("older", _) => {
                "is older than what the ledger knows of the bot, so it is left as it is".to_owned()
            }
            ("left", _) => "is left as it is".to_owned(),
            ("ended", _) => "is ended".to_owned(),
            (would_be_ended, _) => would_be_ended.to_owned(),
        };
        match self.uses {
            None | Some(0) => end,
            Some(uses) => format!("{end}; {uses} in by it"),
        }
    }
}

impl Shown for ShownChat {
    const COLUMNS: &'static [&'static str] = &[
        "chat_id", "bot_id", "status", "links", "adopted", "strays", "foreign", "died", "came", "waiting",
        "asked", "error",
    ];

    fn cells(&self) -> Vec<String> {
        let counts = match &self.found {
            Some(it) => [
                it.links,
                it.adopted.len() as u64,
                it.strays.len() as u64,
                it.foreign.len() as u64,
                it.died.len() as u64,
                it.came.len() as u64,
                it.waiting,
                it.asked.len() as u64,
            ]
            .map(|count| count.to_string()),
            None => std::array::from_fn(|_| String::new()),
        };
        let mut cells = vec![self.chat_id.to_string(), self.bot_id.to_string(), self.status.to_owned()];
        cells.extend(counts);
        cells.push(self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default());
        cells
    }

    fn words(&self, clock: &Clock) -> String {
        let chat = self.chat_id;
        let found = self.found.as_ref();
        let lines = found.map(|found| found.says(self.dry_run, clock)).unwrap_or_default();
        let shown = count(found.map_or(0, |found| found.links), ("link", "links"));
        let head = match &self.why {
            Some(why) => format!("{chat} could not be compared: {why}"),
            None if lines.is_empty() => format!("{chat}: the ledger says what Telegram says of {shown}"),
            None => format!("{chat}: of {shown} at Telegram"),
        };
        [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n  ")
    }

    fn brief(&self) -> String {
        self.chat_id.to_string()
    }
}
