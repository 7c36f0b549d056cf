//! `admit bot list`: the bots that are remembered, without their tokens.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use links::UnixTime;
use serde::Serialize;
use store::Bot;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit bot list
  admit bot list --json")]
pub(crate) struct List {
    #[command(flatten)]
    housing: Housing,
}

#[derive(Serialize)]
struct Row {
    bot_id: i64,
    username: String,
    /// Everything that happened before then was told to us.
    heard_at: Option<i64>,
    /// Since when Telegram refuses the token.
    dead_at: Option<i64>,
}

impl Row {
    fn of(bot: &Bot) -> Self {
        Self {
            bot_id: bot.id.get(),
            username: bot.username.clone(),
            heard_at: bot.heard_at.map(UnixTime::get),
            dead_at: bot.dead_at.map(UnixTime::get),
        }
    }
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let bots = runtime::run(async { Ok(self.housing.open(ctx).await?.store.bots().await?) })?;
        let rows: Vec<Row> = bots.iter().map(Row::of).collect();
        ctx.output.list(&rows, &Clock::of_this_machine())?;
        if rows.is_empty() {
            ctx.output.note(
                "No bot is remembered yet. `admit gate new` remembers the one whose token it is given.",
            );
        }
        Ok(())
    }
}

impl Shown for Row {
    const COLUMNS: &'static [&'static str] = &["bot_id", "username", "heard_at", "dead_at"];

    fn cells(&self) -> Vec<String> {
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        vec![self.bot_id.to_string(), self.username.clone(), number(self.heard_at), number(self.dead_at)]
    }

    fn words(&self, _: &Clock) -> String {
        self.cells().join("  ")
    }

    fn brief(&self) -> String {
        self.bot_id.to_string()
    }
}
