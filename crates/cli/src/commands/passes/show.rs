//! `admit pass show`: a pass and its links.

use super::shown::ShownPass;
use super::{no_pass, slugs};
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use std::time::Duration;
use store::PassId;
use tokio::time::{Instant, sleep};

/// How often to look while waiting: the bells of the service are not heard here.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit pass show 12
  admit pass show 12 --wait 10 --quiet

With `--quiet` only its links are printed. Whoever has such a link may come in, once.")]
pub(crate) struct Show {
    /// The pass, by its number.
    #[arg(value_name = "ID")]
    pass: PassId,
    /// Wait for its links, so many seconds at most.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=86_400))]
    wait: Option<u32>,
    #[command(flatten)]
    housing: Housing,
}

impl Show {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let (held, shown) = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let until = Instant::now() + Duration::from_secs(self.wait.unwrap_or(0).into());
            let held = loop {
                let held = store.pass(self.pass).await?.ok_or_else(|| no_pass(self.pass))?;
                if !held.waits() || Instant::now() >= until {
                    break held;
                }
                sleep(LOOK_AGAIN).await;
            };
            let shown = ShownPass::new(&held, &slugs(&store).await?);
            Ok((held, shown))
        })?;
        match ctx.output.quiet {
            true => shown.links().try_for_each(|link| ctx.output.line(link))?,
            false => ctx.output.show(&shown, &Clock::of_this_machine())?,
        }
        match self.wait {
            Some(seconds) if held.waits() => {
                let what = format!("pass {} waits for a link still, after {seconds} s", self.pass);
                let hint = "links are made by `admit serve`; look whether it runs, and what it logs";
                Err(Failure::Told(Box::new(Failure::StillWaiting { what, hint })))
            }
            _ => Ok(()),
        }
    }
}
