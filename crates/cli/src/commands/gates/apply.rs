//! `admit gate apply`: makes gates what files say.

use super::plan::{Planned, plan, read_all, tell};
use super::{change, changed_meanwhile, find, open};
use crate::bot;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use clap::Args;
use gate::Gate;
use links::UnixTime;
use std::path::PathBuf;
use store::{GateState, SavedGate, Store};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate apply night-owls.toml
  admit gate apply night-owls.toml early-birds.toml --publish

Gates that are new become drafts; with `--publish` they are opened, if they can work. A gate that is open stays open, \
and is changed only if it can go on working. Gates without a file are left alone. With `--dry-run` it is \
`admit gate plan`.")]
pub(crate) struct Apply {
    /// Gates as TOML files, each with one.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Open them too.
    #[arg(long)]
    publish: bool,
    /// Which bot makes the links of new gates: `@name` or number. [default: the one whose token is given, or the only one]
    #[arg(long, value_name = "BOT")]
    bot: Option<String>,
    #[command(flatten)]
    housing: Housing,
}

impl Apply {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        if ctx.global.dry_run {
            return plan(ctx, &self.files, &self.housing, false, self.publish);
        }
        let gates = read_all(ctx, &self.files)?;
        let applied = runtime::run(async {
            let store = self.housing.open_or_make(ctx).await?.store;
            let now = server::Clock::default().now();
            let mut applied = Vec::new();
            for gate in &gates {
                let kept = store.gate(&gate.slug).await?;
                let mut planned = Planned::new(kept.as_ref(), gate, false, now)?;
                let done = self.apply(ctx, &store, kept, gate, now).await;
                // A gate may have been saved, and not opened.
                if let Some(kept) = store.gate(&gate.slug).await? {
                    planned.state = Some(kept.state.as_str());
                    planned.revision = Some(kept.revision);
                }
                match done {
                    Ok(()) => {}
                    Err(failure) if gates.len() == 1 => return Err(failure),
                    Err(failure) => planned.error = Some(failure.as_json()),
                }
                applied.push(planned);
            }
            Ok(applied)
        })?;
        tell(ctx, &applied)
    }

    async fn apply(
        &self,
        ctx: &Context<'_>,
        store: &Store,
        kept: Option<SavedGate>,
        gate: &Gate,
        now: UnixTime,
    ) -> Result<(), Failure> {
        let saved = match kept {
            None => {
                let bot = bot::choose(ctx, store, self.bot.as_deref(), now).await?;
                let made = store.create_gate(gate, bot, &ctx.who(), now).await?;
                made.ok_or_else(|| changed_meanwhile(&gate.slug))?;
                find(store, &gate.slug).await?
            }
            Some(kept) if *kept.gate == *gate => kept,
            Some(kept) => change(ctx, store, &kept, gate, kept.bot, now).await?,
        };
        if self.publish && saved.state != GateState::Open {
            open(ctx, store, &saved, now).await?;
        }
        Ok(())
    }
}
