//! `admit pass list`: passes, newest first.

use super::shown::ShownPass;
use super::slugs;
use crate::commands::gates::find;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;
use store::PassId;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit pass list
  admit pass list --gate night-owls --limit 100 --json
  admit pass list --doubted
  admit pass list --before 1200 -o ndjson

Links are not shown here; `admit pass show ID` shows those of one pass.

A pass is doubted when somebody may have come in by it unseen: updates of more than a day were lost, or the database is \
an old copy. Where it is known whose it is, Telegram is asked whether they are in; of the others nobody gets another link \
before `admit pass reissue ID`.")]
pub(crate) struct List {
    /// Those of this gate only.
    #[arg(long, value_name = "SLUG")]
    gate: Option<Slug>,
    /// Those only by which somebody may have come in unseen.
    #[arg(long)]
    doubted: bool,
    /// So many at most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Those granted before this one: for the next page.
    #[arg(long, value_name = "ID")]
    before: Option<PassId>,
    #[command(flatten)]
    housing: Housing,
}

impl List {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let passes = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let gate = match &self.gate {
                Some(slug) => Some(find(&store, slug).await?.id),
                None => None,
            };
            let slugs = slugs(&store).await?;
            let passes = match self.doubted {
                true => store.doubted(gate, self.before, self.limit).await?,
                false => store.passes(gate, self.before, self.limit).await?,
            };
            Ok(passes.iter().map(|held| ShownPass::new(held, &slugs).without_links()).collect::<Vec<_>>())
        })?;
        ctx.output.list(&passes, &Clock::of_this_machine())?;
        if let Some(last) = passes.last().filter(|_| passes.len() == self.limit as usize) {
            ctx.output.note(format_args!("There may be more: `--before {}`", last.brief()));
        }
        Ok(())
    }
}
