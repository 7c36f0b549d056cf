//! `admit chat`: looks at a chat as the bot sees it.

use crate::context::{Connection, Context};
use crate::failure::{Doing, Failure};
use crate::flags::{InChat, Speaker};
use crate::output::Shown;
use crate::when::Clock;
use clap::{Args, Subcommand};
use links::UserId;
use serde::Serialize;
use telegram::bot_api::methods::{GetChat, GetChatMember, GetChatMemberCount};
use telegram::bot_api::types::{ChatFullInfo, ChatMember};

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit chat show --chat @garden")]
pub(crate) enum Chat {
    /// Show a chat, and what the bot may do there.
    Show(Show),
}

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit chat show --chat @garden
  admit chat show --chat -1001234567890 --json")]
pub(crate) struct Show {
    #[command(flatten)]
    chat: InChat,
}

/// A chat with the bot's own standing in it.
#[derive(Serialize)]
struct ShownChat {
    #[serde(flatten)]
    chat: ChatFullInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    member_count: Option<u32>,
    /// What the bot is in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<ChatMember>,
}

impl Chat {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let Self::Show(Show { chat: InChat { chat } }) = self;
        ctx.expect_speaker(Speaker::Bot, "chat show")?;
        let Connection { client, bot_id } = ctx.connect()?;
        let shown = ctx.talk(async {
            let full = client.call(&GetChat { chat_id: &chat }).await.doing(|| format!("look at {chat}"))?;
            // The rest is welcome and not needed: a bot that is no administrator is told less.
            let member_count = client.call(&GetChatMemberCount { chat_id: &chat }).await.ok();
            let bot = match bot_id.and_then(|id| UserId::new(id).ok()) {
                Some(user_id) => client.call(&GetChatMember { chat_id: &chat, user_id }).await.ok(),
                None => None,
            };
            Ok(ShownChat { chat: full, member_count, bot })
        })?;
        Ok(ctx.output.show(&shown, &Clock::of_this_machine())?)
    }
}

impl ShownChat {
    /// What the bot may do here that matters to links.
    fn standing(&self) -> String {
        match &self.bot {
            None => "what the bot may do here is not known".to_owned(),
            Some(ChatMember::Creator(..)) => "the bot owns it".to_owned(),
            Some(ChatMember::Administrator(_, administrator)) => {
                let may = |right: bool| if right { "may" } else { "may not" };
                let rights = &administrator.rights;
                format!(
                    "the bot {} invite and {} remove members",
                    may(rights.can_invite_users),
                    may(rights.can_restrict_members)
                )
            }
            Some(other) => format!("the bot is no administrator here ({})", other.status()),
        }
    }
}

impl Shown for ShownChat {
    const COLUMNS: &'static [&'static str] =
        &["id", "type", "title", "username", "member_count", "invite_link"];

    fn cells(&self) -> Vec<String> {
        let chat = &self.chat;
        vec![
            chat.id.to_string(),
            chat.kind.clone(),
            chat.title.clone().or_else(|| chat.first_name.clone()).unwrap_or_default(),
            chat.username.clone().unwrap_or_default(),
            self.member_count.map(|count| count.to_string()).unwrap_or_default(),
            chat.invite_link.clone().unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let chat = &self.chat;
        let title = chat.title.as_deref().or(chat.first_name.as_deref()).unwrap_or("(no title)");
        let name = chat.username.as_ref().map(|name| format!(", @{name}")).unwrap_or_default();
        let members = self.member_count.map(|count| format!(", {count} members")).unwrap_or_default();
        let primary =
            chat.invite_link.as_ref().map(|link| format!("\nprimary link: {link}")).unwrap_or_default();
        format!("{title}: {} {}{name}{members}\n{}{primary}", chat.kind, chat.id, self.standing())
    }

    fn brief(&self) -> String {
        self.chat.id.to_string()
    }
}
