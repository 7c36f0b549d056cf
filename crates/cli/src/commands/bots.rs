//! `admit bot`: who the token belongs to.

use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::flags::Speaker;
use crate::output::Shown;
use crate::when::Clock;
use clap::Subcommand;
use telegram::bot_api::methods::GetMe;
use telegram::bot_api::types::Me;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit bot show")]
pub(crate) enum Bot {
    /// Show the bot, which also proves its token.
    #[command(before_help = "\
Examples:
  admit bot show
  admit bot show --json")]
    Show,
}

impl Bot {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Bot, "bot show")?;
        let client = ctx.connect()?.client;
        let me = ctx.talk(async { client.call(&GetMe {}).await.doing(|| "look at the bot".to_owned()) })?;
        Ok(ctx.output.show(&me, &Clock::of_this_machine())?)
    }
}

impl Shown for Me {
    const COLUMNS: &'static [&'static str] =
        &["id", "username", "first_name", "supports_join_request_queries"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.username.clone().unwrap_or_default(),
            self.first_name.clone(),
            self.supports_join_request_queries.to_string(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let name = self.username.as_ref().map(|name| format!("@{name}, ")).unwrap_or_default();
        let guard = if self.supports_join_request_queries { "can" } else { "cannot" };
        format!("{name}{} ({}); {guard} be the guard of a chat", self.first_name, self.id)
    }

    fn brief(&self) -> String {
        self.id.to_string()
    }
}
