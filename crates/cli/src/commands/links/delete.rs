//! `admit link delete`: revoked links, out of Telegram's memory.

use super::named::{parser, whole_link};
use crate::context::Context;
use crate::failure::{Doing, ErrorJson, Failure};
use crate::flags::InChat;
use crate::output::Shown;
use crate::runtime;
use crate::several::{Those, each};
use crate::when::Clock;
use clap::Args;
use links::{Error, Kind, Link, LinkName, LinkUrl, Links, Operation};
use serde::Serialize;
use std::pin::pin;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link delete --chat @garden https://t.me/+AbCdEf0123456789
  admit link delete --chat @garden https://t.me/+AbCdEf0123456789 --dry-run --json

Only a link that is revoked already. Afterwards Telegram knows it no more, nor who came by it. It takes an account: \
`admit login`.")]
pub(crate) struct Delete {
    #[command(flatten)]
    chat: InChat,
    /// The links.
    #[arg(value_name = "LINK", required = true)]
    links: Vec<String>,
}

/// What became of a link.
#[derive(Serialize)]
struct Deleted {
    /// Only where it is, so that nobody takes one for the other.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dry_run: bool,
    invite_link: String,
    /// `deleted`, `would be deleted`, or `failed`.
    status: &'static str,
    /// As it was looked up, in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uses: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

impl Delete {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let parser = parser(&ctx.config()?);
        let read = self.links.iter().map(|text| whole_link(text, &parser));
        let these = read.collect::<Result<Vec<_>, _>>()?;
        let (chat, dry_run) = (&self.chat.chat, ctx.global.dry_run);
        let what = match these.as_slice() {
            [one] => format!("this deletes {one} for good, and who came by it is forgotten"),
            several => {
                format!("this deletes {} links for good, and who came by them is forgotten", several.len())
            }
        };
        runtime::run_unstopped(async {
            let mut stopped = pin!(runtime::stopped());
            // Who cannot do it at all is told so before anybody is asked.
            ctx.speaker(Operation::Delete)?;
            let begin = async {
                if dry_run {
                    return ctx.account();
                }
                let (account, _) = ctx.proven_account().await?;
                ctx.confirm(&what).await?;
                Ok(account)
            };
            let links = tokio::select! {
                biased;
                stop = &mut stopped => return Err(Failure::Stopped(stop)),
                links = begin => links?,
            };
            let act = async |link: &LinkUrl| {
                let doing = || format!("delete the link {link}");
                if dry_run {
                    let seen = links.show(chat, link).await.doing(doing)?;
                    return expect_revoked(&seen).doing(doing).map(|()| Deleted::would(link, seen));
                }
                links.delete(chat, link).await.doing(doing).map(|()| Deleted::done(link))
            };
            let failed = |link: &LinkUrl, failure: &Failure| Deleted {
                dry_run,
                status: "failed",
                error: Some(failure.as_json()),
                ..Deleted::done(link)
            };
            each(ctx, stopped, Those::Named(&these), act, failed).await
        })
    }
}

/// As Telegram would refuse it.
fn expect_revoked(link: &Link) -> links::Result<()> {
    match link.is_revoked {
        true => Ok(()),
        false => Err(Error::new(Kind::BadValue("link, because it is not revoked"))),
    }
}

impl Deleted {
    fn done(link: &LinkUrl) -> Self {
        let invite_link = link.as_str().to_owned();
        Self { dry_run: false, invite_link, status: "deleted", name: None, uses: None, error: None }
    }

    fn would(link: &LinkUrl, seen: Link) -> Self {
        let name = seen.name.as_ref().map(LinkName::as_str).map(str::to_owned);
        Self { dry_run: true, status: "would be deleted", name, uses: seen.uses, ..Self::done(link) }
    }
}

impl Shown for Deleted {
    const COLUMNS: &'static [&'static str] = &["invite_link", "status", "name", "uses", "error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.invite_link.clone(),
            self.status.to_owned(),
            self.name.clone().unwrap_or_default(),
            self.uses.map(|uses| uses.to_string()).unwrap_or_default(),
            self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let name = self.name.as_ref().map(|name| format!(", named `{name}`")).unwrap_or_default();
        match &self.error {
            None => format!("{} {}{name}", self.invite_link, self.status),
            Some(error) => format!("failed for {}: {}", self.invite_link, error.code),
        }
    }

    fn brief(&self) -> String {
        self.invite_link.clone()
    }
}
