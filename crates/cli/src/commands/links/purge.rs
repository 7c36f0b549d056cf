//! `admit link purge`: every revoked link of an administrator, out of Telegram's memory.

use super::counted::{CountedLink, LINKS};
use super::whose::{Whose, everybody};
use crate::context::{Context, WouldBe};
use crate::failure::{Doing, ErrorJson, Failure};
use crate::flags::InChat;
use crate::listing::{self, count, number};
use crate::output::Shown;
use crate::person::ShownPerson;
use crate::rows::plain;
use crate::runtime;
use crate::several::{Those, each};
use crate::when::Clock;
use clap::Args;
use links::{LinkFilter, Links, Operation, UserId};
use serde::Serialize;
use std::pin::pin;
use telegram::mtproto::Client;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link purge --chat @garden --dry-run
  admit link purge --chat @garden
  admit link purge --chat -1001234567890 --all-admins --yes --json

Afterwards Telegram knows these links no more, nor who came by them. Links that work are left alone. It takes an \
account: `admit login`; for links of others, the chat's owner.")]
pub(crate) struct Purge {
    #[command(flatten)]
    chat: InChat,
    #[command(flatten)]
    whose: Whose,
}

/// One administrator whose dead links go.
struct Owner {
    id: UserId,
    person: Option<ShownPerson>,
    /// How many there are, where they were counted.
    revoked: Option<u64>,
}

/// What became of theirs.
#[derive(Serialize)]
struct Purged {
    user_id: i64,
    first_name: Option<String>,
    /// `purged` or `failed`.
    status: &'static str,
    /// How many there were just before; not counted where nobody was asked whether to go on.
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson>,
}

impl Purge {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        if ctx.global.dry_run {
            return self.rehearse(ctx);
        }
        // Who cannot do it at all is told so before anybody is asked.
        ctx.speaker(Operation::DeleteRevoked)?;
        ctx.can_ask(&format!("this deletes every revoked link to {chat} for good"))?;
        runtime::run_unstopped(async {
            let mut stopped = pin!(runtime::stopped());
            let look = async {
                let (account, me) = ctx.proven_account().await?;
                let owners = self.owners(ctx, &account, me.id).await?;
                Ok::<_, Failure>((account, owners))
            };
            let (account, owners) = tokio::select! {
                biased;
                stop = &mut stopped => return Err(Failure::Stopped(stop)),
                looked = look => looked?,
            };
            let purge = async |owner: &Owner| {
                // Nobody was asked whether to delete what came since.
                if owner.revoked == Some(0) {
                    return Ok(Purged::done(owner));
                }
                let purged = account.delete_revoked(chat, owner.id).await;
                let doing = || format!("delete the revoked links of {} to {chat}", owner.id);
                self.whose.told(purged.doing(doing)).map(|()| Purged::done(owner))
            };
            if owners.is_empty() {
                ctx.output.note(format_args!("No administrator of {chat} has a revoked link"));
            }
            let those =
                if self.whose.all_admins { Those::Found(&owners) } else { Those::Named(owners.as_slice()) };
            each(ctx, stopped, those, purge, Purged::failed).await
        })
    }

    /// Whose links go, once somebody said yes.
    async fn owners(&self, ctx: &Context<'_>, account: &Client, me: UserId) -> Result<Vec<Owner>, Failure> {
        let chat = &self.chat.chat;
        let owners: Vec<Owner> = if self.whose.all_admins {
            let admins = everybody(account, chat).await?.into_iter().filter(|admin| admin.revoked > 0);
            let owner = |admin: links::AdminLinks| Owner {
                id: admin.admin.id,
                revoked: Some(admin.revoked.into()),
                person: Some(ShownPerson::new(admin.admin)),
            };
            admins.map(owner).collect()
        } else {
            let id = self.whose.other().unwrap_or(me);
            let revoked = if ctx.global.yes { None } else { Some(self.revoked(ctx, account).await?) };
            vec![Owner { id, person: None, revoked }]
        };
        let all: Option<u64> = owners.iter().map(|owner| owner.revoked).sum();
        if let Some(all) = all.filter(|&all| all > 0) {
            let whose = match owners.as_slice() {
                [one] => format!("of {}", one.id),
                several => format!("of {} administrators", several.len()),
            };
            let what = count(all, ("revoked link", "revoked links"));
            ctx.confirm(&format!(
                "this deletes {what} {whose} to {chat} for good, and who came by them is forgotten"
            ))
            .await?;
        }
        Ok(owners)
    }

    async fn revoked(&self, ctx: &Context<'_>, account: &Client) -> Result<u64, Failure> {
        let chat = &self.chat.chat;
        let filter = LinkFilter { admin: self.whose.other(), revoked: true };
        self.whose.told(
            number(ctx, account.list(chat, &filter), LINKS, || format!("list the links to {chat}")).await,
        )
    }

    /// Lists what would go.
    fn rehearse(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        listing::list(ctx, LINKS, None, async |listing| {
            let links = ctx.links(Operation::DeleteRevoked)?;
            for admin in self.whose.each(&*links, chat).await? {
                let filter = LinkFilter { admin, revoked: true };
                let theirs = links.list(chat, &filter);
                let would = |link| WouldBe::new("would be deleted", CountedLink::new(link));
                let taken = listing.take(theirs, || format!("list the links to {chat}"), would).await;
                self.whose.told(taken)?;
            }
            Ok(format!("would delete {}", listing.said()))
        })
    }
}

impl Purged {
    fn done(owner: &Owner) -> Self {
        Self {
            user_id: owner.id.get(),
            first_name: owner.person.as_ref().map(|person| person.first_name.clone()),
            status: "purged",
            count: owner.revoked,
            error: None,
        }
    }

    fn failed(owner: &Owner, failure: &Failure) -> Self {
        Self { status: "failed", error: Some(failure.as_json()), ..Self::done(owner) }
    }
}

impl Shown for Purged {
    const COLUMNS: &'static [&'static str] = &["user_id", "first_name", "status", "count", "error"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.user_id.to_string(),
            self.first_name.clone().unwrap_or_default(),
            self.status.to_owned(),
            self.count.map(|count| count.to_string()).unwrap_or_default(),
            self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let whose = match &self.first_name {
            Some(name) => format!("{} ({})", plain(name), self.user_id),
            None => self.user_id.to_string(),
        };
        match (&self.error, self.count) {
            (Some(error), _) => format!("failed for {whose}: {}", error.code),
            (None, Some(0)) => format!("{whose} has no revoked link"),
            (None, Some(several)) => format!("deleted {} of {whose}", count(several, LINKS)),
            (None, None) => format!("deleted every revoked link of {whose}"),
        }
    }

    fn brief(&self) -> String {
        self.user_id.to_string()
    }
}
