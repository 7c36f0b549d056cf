//! `admit gate export`: a gate as a file, with its answers.

use super::{file, find};
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use clap::Args;
use gate::Slug;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate export night-owls
  admit gate export night-owls --json

The answers stand in it: keep it where only those read it who may. `admit gate apply` reads it back.")]
pub(crate) struct Export {
    /// The gate's name in addresses.
    #[arg(value_name = "SLUG")]
    slug: Slug,
    #[command(flatten)]
    housing: Housing,
}

impl Export {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let kept = runtime::run(async { find(&self.housing.open(ctx).await?.store, &self.slug).await })?;
        match ctx.output.is_for_programs() {
            true => Ok(ctx.output.json(&*kept.gate)?),
            false => Ok(ctx.output.line(file::write(&kept.gate)?.trim_end())?),
        }
    }
}
