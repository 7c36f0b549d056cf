//! `admit link rotate`: replaces the bot's primary link, which ends the old one at once.

use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::flags::InChat;
use crate::output::Shown;
use crate::when::Clock;
use clap::Args;
use links::{LinkUrl, Links};
use serde::Serialize;
use telegram::bot_api::methods::{ExportChatInviteLink, GetChat, Method};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit link rotate --chat @garden
  admit link rotate --chat -1001234567890 --yes --json

Every administrator has one primary link of their own. This replaces the bot's; the old one is dead at once, \
and whoever still holds it cannot come in by it.")]
pub(crate) struct Rotate {
    #[command(flatten)]
    chat: InChat,
}

/// The new primary link, and the one it replaced, where that was known.
#[derive(Serialize)]
struct Rotated {
    invite_link: String,
    is_primary: bool,
    replaced: Option<String>,
}

impl Rotate {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chat = &self.chat.chat;
        if ctx.global.dry_run {
            return ctx.rehearse(ExportChatInviteLink::NAME, &ExportChatInviteLink { chat_id: chat });
        }
        ctx.can_ask(&format!("this ends the bot's primary link to {chat} at once"))?;
        let client = ctx.connect()?.client;
        let rotated = ctx.talk(async {
            // Only a look, so that the question can name what dies; a bot without a primary link has none to name.
            let old = client
                .call(&GetChat { chat_id: chat })
                .await
                .doing(|| format!("look at {chat}"))?
                .invite_link;
            let what = match &old {
                Some(old) => format!("this ends {old}, the bot's primary link to {chat}, at once"),
                None => format!("this ends the bot's primary link to {chat}, if it has one"),
            };
            ctx.confirm(&what).await?;
            let new: LinkUrl =
                client.rotate(chat).await.doing(|| format!("replace the primary link to {chat}"))?;
            Ok(Rotated { invite_link: new.as_str().to_owned(), is_primary: true, replaced: old })
        })?;
        Ok(ctx.output.show(&rotated, &Clock::of_this_machine())?)
    }
}

impl Shown for Rotated {
    const COLUMNS: &'static [&'static str] = &["invite_link", "replaced"];

    fn cells(&self) -> Vec<String> {
        vec![self.invite_link.clone(), self.replaced.clone().unwrap_or_default()]
    }

    fn words(&self, _: &Clock) -> String {
        let new = &self.invite_link;
        match &self.replaced {
            Some(old) => format!("{new}\nis the primary link now; {old} is dead"),
            None => format!("{new}\nis the primary link now"),
        }
    }

    fn brief(&self) -> String {
        self.invite_link.clone()
    }
}
