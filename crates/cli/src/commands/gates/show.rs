//! `admit gate show`: a gate, without its answers.

use super::find;
use super::shown::ShownGate;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate show night-owls
  admit gate show night-owls --reveal --json

It says how likely a guesser gets in. An answer that can be looked up is found by looking it up, and no meter sees \
that.")]
pub(crate) struct Show {
    /// The gate's name in addresses.
    #[arg(value_name = "SLUG")]
    slug: Slug,
    /// Show the answers too.
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    housing: Housing,
}

impl Show {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let shown = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let shown = ShownGate::new(ctx, find(&store, &self.slug).await?, &store.bots().await?)?;
            Ok(if self.reveal { shown.revealed()? } else { shown })
        })?;
        Ok(ctx.output.show(&shown, &Clock::of_this_machine())?)
    }
}
