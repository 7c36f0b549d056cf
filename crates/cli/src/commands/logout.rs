//! `admit logout`: ends the session of an account at Telegram, and forgets it here.

use crate::account::{proven, session_place};
use crate::context::Context;
use crate::failure::Failure;
use crate::flags::Speaker;
use crate::output::Shown;
use crate::when::Clock;
use clap::Args;
use links::Kind;
use serde::Serialize;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit logout
  admit logout --session-file garden.session

A session that Telegram ended already is forgotten too. While Telegram cannot be reached nothing is forgotten: whoever \
had a copy of the file could go on with it.")]
pub(crate) struct Logout {}

/// What was forgotten.
#[derive(Serialize)]
struct LoggedOut {
    id: i64,
    session_file: String,
}

impl Logout {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.expect_speaker(Speaker::Account, "logout")?;
        let config = ctx.config()?;
        let place = session_place(&config)?;
        let kept = place.open()?;
        let (account, path) = (kept.account, place.path.display().to_string());
        if ctx.global.dry_run {
            return ctx
                .would(format!("end the session of account {account} at Telegram, and delete `{path}`"));
        }
        let failed = |error| Failure::Telegram {
            doing: format!("end the session of account {account}"),
            error,
            hint: Some(format!("`{path}` is as it was; do it again when Telegram can be reached")),
        };
        ctx.talk(async {
            let client = ctx.account_of(&config, &kept)?;
            match proven(&client, &place, &kept).await {
                Ok(_) => client.log_out().await.map_err(failed),
                // It is over, whoever ended it.
                Err(Failure::Telegram { error, .. }) if *error.kind() == Kind::SessionOver => Ok(()),
                Err(Failure::Telegram { error, .. }) => Err(failed(error)),
                Err(other) => Err(other),
            }
        })?;
        if place.delete(&kept)? {
            ctx.output.note(format_args!("Another session was kept in `{path}` meanwhile, and stays"));
        }
        let logged_out = LoggedOut { id: account.get(), session_file: path };
        Ok(ctx.output.show(&logged_out, &Clock::of_this_machine())?)
    }
}

impl Shown for LoggedOut {
    const COLUMNS: &'static [&'static str] = &["id", "session_file"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.session_file.clone()]
    }

    fn words(&self, _: &Clock) -> String {
        format!(
            "Logged out: the session of account {} is over, and no more in `{}`.",
            self.id, self.session_file
        )
    }

    fn brief(&self) -> String {
        self.id.to_string()
    }
}
