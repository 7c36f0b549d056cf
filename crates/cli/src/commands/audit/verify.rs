//! `admit audit verify`: whether the record of what people did is whole.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use store::Chain;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit audit verify
  admit audit verify --json

Each row is tied to the one before it by a hash. A row that was changed, moved or cut out shows; whoever can write to \
the database could make all of them anew, so keep a backup elsewhere. If the record is broken, the exit code is 1 and \
`code` is `audit_broken`.")]
pub(crate) struct Verify {
    #[command(flatten)]
    housing: Housing,
}

/// A record that is whole.
#[derive(Serialize)]
struct Whole {
    whole: bool,
    rows: u64,
}

impl Verify {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let chain = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            store.seal_audit().await?;
            Ok(store.verify_audit().await?)
        })?;
        match chain {
            Chain::Whole { rows } => {
                Ok(ctx.output.show(&Whole { whole: true, rows }, &Clock::of_this_machine())?)
            }
            Chain::Broken { place } => Err(Failure::AuditBroken { place }),
        }
    }
}

impl Shown for Whole {
    const COLUMNS: &'static [&'static str] = &["whole", "rows"];

    fn cells(&self) -> Vec<String> {
        vec![self.whole.to_string(), self.rows.to_string()]
    }

    fn words(&self, _: &Clock) -> String {
        format!("The record of what people did is whole: {} rows.", self.rows)
    }

    fn brief(&self) -> String {
        self.rows.to_string()
    }
}
