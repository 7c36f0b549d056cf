//! `admit doctor`: what an operator can have got wrong, all of it at once, each with its cure.

mod address;
mod bots;
mod files;
mod gates;
mod report;
mod session;

use self::report::Report;
use super::serve;
use crate::context::{self, Context};
use crate::failure::Failure;
use crate::house::Housing;
use crate::runtime;
use crate::trials;
use crate::when;
use clap::Args;
use links::UnixTime;
use server::Clock;
use store::{Chain, Store};
use telegram::bot_api::Settings as Road;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit doctor
  admit doctor --data /var/lib/admit --public-url https://gate.example
  admit doctor --json

It looks at the files, the keys, the database, the record of what people did, the bots, the gates, the account's \
session where one is kept, and the public URL. \
It changes nothing, takes no updates away from a service, and says what it could not look at. The exit code is 1 if \
something has to be put right, and 0 if there are warnings only. It asks Telegram in the name of the bots that are \
remembered, and needs no token.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    housing: Housing,
    /// Where people reach the service, as they see it. [env: ADMIT_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Telegram is to send its updates there, as with `admit serve --webhook`. [env: ADMIT_WEBHOOK]
    #[arg(long)]
    webhook: bool,
}

/// What is looked at.
struct Patient<'a> {
    store: &'a Store,
    road: &'a Road,
    public_url: Option<&'a str>,
    /// Telegram is to send its updates.
    webhook: bool,
    clock: &'a Clock,
    now: UnixTime,
    /// Until when a service is at work, at least, if one is.
    at_work: Option<UnixTime>,
}

impl Doctor {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let road = context::settings(&ctx.config()?);
        let public_url = serve::address(ctx, "--public-url", "ADMIT_PUBLIC_URL", self.public_url.as_deref())?;
        let webhook = serve::webhook(ctx, self.webhook)?;
        let place = self.housing.place(ctx)?;
        let clock = trials::clock(ctx.variables);
        let report = runtime::run(async {
            let mut report = Report::default();
            files::look(&mut report, &place);
            match place.open().await {
                Ok(house) => {
                    let (store, now) = (&house.store, clock.now());
                    let at_work = store.at_work_until(now).await?;
                    let (road, public_url, clock) = (&road, public_url.as_deref(), &clock);
                    let patient = Patient { store, road, public_url, webhook, clock, now, at_work };
                    inside(&mut report, &patient).await?;
                }
                Err(failure) => {
                    report.failure(&failure);
                    report
                        .leave_out("bots, gates and the record of what people did", "the database is closed");
                }
            }
            session::look(&mut report, ctx).await;
            address::look(&mut report, public_url.as_deref(), webhook).await;
            Ok(report.sorted())
        })?;
        match ctx.output.is_for_programs() {
            true => ctx.output.json(&report)?,
            false => ctx.output.line(report.words())?,
        }
        report.end().map_err(|failure| Failure::Told(Box::new(failure)))
    }
}

async fn inside(report: &mut Report, patient: &Patient<'_>) -> Result<(), Failure> {
    if let Chain::Broken { place } = patient.store.verify_audit().await? {
        report.failure(&Failure::AuditBroken { place });
    }
    bots::look(report, patient).await?;
    gates::look(report, patient).await
}

fn say(at: UnixTime) -> String {
    when::Clock::of_this_machine().say(at)
}
