//! `admit gate pause`: a gate takes no answers until it is published again.

use super::shown::ShownGate;
use super::{changed_meanwhile, find};
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;
use store::GateState;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate pause night-owls

Passes that were given stay good. `admit gate publish` opens it again.")]
pub(crate) struct Pause {
    /// The gate's name in addresses.
    #[arg(value_name = "SLUG")]
    slug: Slug,
    #[command(flatten)]
    housing: Housing,
}

impl Pause {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let slug = &self.slug;
        let paused = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let kept = find(&store, slug).await?;
            if kept.state == GateState::Draft {
                return Err(Failure::OtherState {
                    what: format!("the gate `{slug}`"),
                    why: "it is a draft, and takes no answers yet".to_owned(),
                    word: "draft",
                    hint: format!("`admit gate publish {slug}` opens it"),
                });
            }
            if ctx.global.dry_run {
                return Ok(None);
            }
            let now = server::Clock::default().now();
            if !store.set_gate_state(&kept, GateState::Paused, &ctx.who(), now).await? {
                return Err(changed_meanwhile(slug));
            }
            Ok(Some(ShownGate::new(ctx, find(&store, slug).await?, &store.bots().await?)?))
        })?;
        match paused {
            Some(paused) => Ok(ctx.output.show(&paused, &Clock::of_this_machine())?),
            None => ctx.would(format!("pause the gate `{slug}`")),
        }
    }
}
