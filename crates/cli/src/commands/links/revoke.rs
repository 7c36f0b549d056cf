//! `admit link revoke`: ends a link.

use super::kept;
use super::named::{parser, whole_link};
use super::was;
use crate::context::{Connection, Context};
use crate::failure::{Failure, Usage};
use crate::flags::{InChat, Speaker};
use crate::house::Housing;
use crate::shown::ShownLink;
use crate::when::Clock;
use clap::Args;
use links::{Kind, Link, LinkUrl, Links, Operation, Person};
use std::path::PathBuf;
use telegram::bot_api::methods::{Method, RevokeChatInviteLink};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link revoke --chat @garden https://t.me/+AbCdEf0123456789
  admit link revoke --chat -1001234567890 --was link.json --json

Nobody new comes in by a revoked link; members who came by it stay. Revoking a primary link makes \
Telegram put a new one in its place. A link that a gate made is ended with its pass: `admit pass revoke`.")]
pub(crate) struct Revoke {
    /// The link; without it, the one in `--was`.
    #[arg(value_name = "LINK", required_unless_present = "was")]
    link: Option<String>,
    #[command(flatten)]
    chat: InChat,
    /// A file that `link create --json` wrote, or `-`.
    #[arg(long, value_name = "FILE")]
    was: Option<PathBuf>,
    #[command(flatten)]
    housing: Housing,
}

impl Revoke {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let typed = self.link.as_deref().map(|text| whole_link(text, &parser)).transpose()?;
        let was = match &self.was {
            Some(path) => Some(was::read(ctx, path, typed.as_ref().map(LinkUrl::as_str))?),
            None => None,
        };
        let link = match (typed, &was) {
            (Some(link), _) => link,
            (None, Some(was)) => was.url.clone(),
            (None, None) => {
                let rule = "say which one: give it, or the file it is in";
                return Err(Usage::new("no link", rule, "`https://t.me/+AbCdEf0123456789`").into());
            }
        };
        if let Some((_, entry)) = kept::entry(ctx, &self.housing, &link, &parser)? {
            kept::expect_no_promise(&entry)?;
        }
        let chat = &self.chat.chat;
        let speaker = ctx.speaker(Operation::Revoke)?;
        if ctx.global.dry_run && speaker == Speaker::Account {
            return ctx.would(format!("revoke {link}"));
        }
        if ctx.global.dry_run {
            let request = RevokeChatInviteLink { chat_id: chat, invite_link: link.as_str() };
            return ctx.rehearse(RevokeChatInviteLink::NAME, &request);
        }
        let revoked = ctx.talk(async {
            let (links, me): (Box<dyn Links>, _) = match speaker {
                Speaker::Bot => {
                    let Connection { client, bot_id } = ctx.connect()?;
                    (Box::new(client), bot_id)
                }
                // An owner revokes everybody's links, so whose it is explains nothing.
                Speaker::Account => (Box::new(ctx.proven_account().await?.0), None),
            };
            let was = was.as_ref().filter(|_| speaker == Speaker::Bot);
            links.revoke(chat, &link).await.map_err(|error| refused(error, &link, was, me))
        })?;
        let replaced_by = revoked.replaced_by.as_ref().map(|link| &link.url);
        let shown = ShownLink::new(revoked.link).replaced_by(replaced_by);
        Ok(ctx.output.show(&shown, &Clock::of_this_machine())?)
    }
}

/// A link of another administrator cannot be revoked; if we know whose it is, that is worth more than the rule.
/// Telegram has several words for it, so the link's creator decides.
fn refused(error: links::Error, link: &LinkUrl, was: Option<&Link>, bot_id: Option<i64>) -> Failure {
    let is_about_whose = matches!(error.kind(), Kind::NotOurLink | Kind::MissingRight(_) | Kind::LinkDead);
    let creator = was.map(|was| &was.creator).filter(|creator| Some(creator.id.get()) != bot_id);
    let whose = creator.filter(|_| is_about_whose);
    let hint = whose.map(|creator| {
        format!(
            "{} made it: ask them to revoke it, or use their token if that is a bot of yours",
            named(creator)
        )
    });
    match Failure::telegram(format!("revoke the link {link}"), error) {
        Failure::Telegram { doing, error, hint: usual } => {
            Failure::Telegram { doing, error, hint: hint.or(usual) }
        }
        other => other,
    }
}

fn named(person: &Person) -> String {
    match &person.username {
        Some(name) => format!("@{name} ({})", person.id),
        None => format!("{} ({})", person.first_name, person.id),
    }
}
