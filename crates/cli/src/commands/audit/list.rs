//! `admit audit list`: what people did, newest first.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use links::UnixTime;
use serde::Serialize;
use store::Done;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit audit list
  admit audit list --limit 100 --json
  admit audit list --before 1200 -o ndjson")]
pub(crate) struct List {
    /// So many at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// What was done before this: for the next page.
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    #[command(flatten)]
    housing: Housing,
}

/// Something somebody did.
#[derive(Serialize)]
struct ShownDeed {
    audit_id: i64,
    at: i64,
    who: String,
    what: String,
    about: String,
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let deeds = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let deeds = store.audit(self.before, self.limit).await?;
            Ok(deeds.into_iter().map(ShownDeed::from).collect::<Vec<_>>())
        })?;
        ctx.output.list(&deeds, &Clock::of_this_machine())?;
        if let Some(last) = deeds.last().filter(|_| deeds.len() == self.limit as usize) {
            ctx.output.note(format_args!("There may be more: `--before {}`", last.audit_id));
        }
        Ok(())
    }
}

impl From<Done> for ShownDeed {
    fn from(done: Done) -> Self {
        let Done { id, at, who, what, about } = done;
        Self { audit_id: id, at: at.get(), who, what, about }
    }
}

impl Shown for ShownDeed {
    const COLUMNS: &'static [&'static str] = &["audit_id", "at", "who", "what", "about"];

    fn cells(&self) -> Vec<String> {
        let Self { audit_id, at, who, what, about } = self;
        vec![audit_id.to_string(), at.to_string(), who.clone(), what.clone(), about.clone()]
    }

    fn words(&self, clock: &Clock) -> String {
        let Self { at, who, what, about, .. } = self;
        format!("{}: {who}: {what} {about}", clock.say(UnixTime::new(*at)))
    }

    fn brief(&self) -> String {
        self.audit_id.to_string()
    }
}
