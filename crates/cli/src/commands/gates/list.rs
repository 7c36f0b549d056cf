//! `admit gate list`: every gate in a line.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use store::SavedGate;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate list
  admit gate list --json")]
pub(crate) struct List {
    #[command(flatten)]
    housing: Housing,
}

/// A gate in a line.
#[derive(Serialize)]
struct Row {
    slug: String,
    state: &'static str,
    issued: u32,
    quota: Option<u32>,
    revision: i64,
    bot_id: i64,
    chats: Vec<i64>,
    title: String,
}

impl Row {
    fn of(saved: &SavedGate) -> Self {
        let gate = &saved.gate;
        Self {
            slug: gate.slug.to_string(),
            state: saved.state.as_str(),
            issued: saved.issued,
            quota: gate.quota.map(|quota| quota.get()),
            revision: saved.revision,
            bot_id: saved.bot.get(),
            chats: gate.chats.iter().map(|chat| chat.get()).collect(),
            title: gate.title.as_str().to_owned(),
        }
    }
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let gates = runtime::run(async { Ok(self.housing.open(ctx).await?.store.gates().await?) })?;
        let rows: Vec<Row> = gates.iter().map(Row::of).collect();
        ctx.output.list(&rows, &Clock::of_this_machine())?;
        if rows.is_empty() {
            ctx.output.note("There is no gate yet. `admit gate new` makes one.");
        }
        Ok(())
    }
}

impl Shown for Row {
    const COLUMNS: &'static [&'static str] =
        &["slug", "state", "issued", "quota", "revision", "bot_id", "chats", "title"];

    fn cells(&self) -> Vec<String> {
        let chats: Vec<String> = self.chats.iter().map(ToString::to_string).collect();
        vec![
            self.slug.clone(),
            self.state.to_owned(),
            self.issued.to_string(),
            self.quota.map(|quota| quota.to_string()).unwrap_or_default(),
            self.revision.to_string(),
            self.bot_id.to_string(),
            chats.join(" "),
            self.title.clone(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        self.cells().join("  ")
    }

    fn brief(&self) -> String {
        self.slug.clone()
    }
}
