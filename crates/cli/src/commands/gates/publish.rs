//! `admit gate publish`: opens a gate, if it can work.

use super::shown::ShownGate;
use super::{cannot, cannot_open, find, open};
use crate::bot;
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate publish night-owls
  admit gate publish night-owls --dry-run

Telegram is asked about its chats and the bot's rights there. A gate that cannot work stays as it is, and every \
reason is told. A service that runs sees at once that the gate is open.")]
pub(crate) struct Publish {
    /// The gate's name in addresses.
    #[arg(value_name = "SLUG")]
    slug: Slug,
    #[command(flatten)]
    housing: Housing,
}

impl Publish {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let slug = &self.slug;
        let opened = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let kept = find(&store, slug).await?;
            let now = server::Clock::default().now();
            // The current token may be what was missing.
            bot::remember(ctx, &store, now).await?;
            if ctx.global.dry_run {
                let road = context::settings(&ctx.config()?);
                let refusals = server::refusals_to_publish(&store, &kept, &road, now).await;
                return match refusals {
                    Ok(refusals) if refusals.is_empty() => Ok(None),
                    Ok(refusals) => Err(cannot_open(slug, refusals)),
                    Err(why) => Err(cannot(ctx, slug, why)),
                };
            }
            let opened = open(ctx, &store, &kept, now).await?;
            let is_served = store.at_work_until(now).await?.is_some();
            Ok(Some((ShownGate::new(ctx, opened, &store.bots().await?)?, is_served)))
        })?;
        match opened {
            Some((opened, is_served)) => {
                ctx.output.show(&opened, &Clock::of_this_machine())?;
                if !is_served {
                    ctx.output
                        .note("No service is running: `admit serve` shows its page and makes its links.");
                }
                Ok(())
            }
            None => ctx.would(format!("open the gate `{slug}`")),
        }
    }
}
