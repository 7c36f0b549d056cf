//! `admit pass revoke`: takes a pass back.

use super::no_pass;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use serde::Serialize;
use store::{Holding, PassId, Revoked};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit pass revoke 12
  admit pass revoke 12 --yes --json

Its links are ended by `admit serve`, and nobody gets another. Whoever is in stays in: `admit member remove` removes \
them. It asks first, unless `--yes` is given.")]
pub(crate) struct Revoke {
    /// The pass, by its number.
    #[arg(value_name = "ID")]
    pass: PassId,
    #[command(flatten)]
    housing: Housing,
}

/// A pass that was taken back.
#[derive(Serialize)]
struct TakenBack {
    pass_id: i64,
    /// `revoked`, or `already` if it was before.
    status: &'static str,
    /// Who came in by it, and stays in.
    inside: Vec<Inside>,
}

#[derive(Serialize)]
struct Inside {
    chat_id: i64,
    user_id: i64,
}

impl Revoke {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let pass = self.pass;
        let done = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let held = store.pass(pass).await?.ok_or_else(|| no_pass(pass))?;
            if held.revoked_at.is_none() {
                let question = question(&held);
                if ctx.global.dry_run {
                    return Ok(None);
                }
                ctx.confirm(&question).await?;
            }
            let now = server::Clock::default().now();
            let (status, inside) = match store.revoke_pass(pass, &ctx.who(), now).await? {
                Revoked::Revoked { inside } => ("revoked", inside),
                Revoked::Already => ("already", Vec::new()),
                Revoked::NoSuchPass => return Err(no_pass(pass)),
            };
            let inside =
                inside.iter().map(|(chat, user)| Inside { chat_id: chat.get(), user_id: user.get() });
            Ok(Some(TakenBack { pass_id: pass.get(), status, inside: inside.collect() }))
        })?;
        match done {
            Some(done) => Ok(ctx.output.show(&done, &Clock::of_this_machine())?),
            None => ctx.would(format!("revoke the pass {pass}")),
        }
    }
}

/// What is about to happen, and to whom.
fn question(held: &Holding) -> String {
    let mut words =
        format!("Revoking the pass {} ends its links for ever, and nobody gets another by it.", held.pass);
    for entry in &held.entries {
        if let (Some(person), Some(_), None) = (entry.used_by, entry.used_at, entry.left_at) {
            words += &format!(" {person} came into {} by it, and stays in.", entry.chat);
        }
    }
    words
}

impl Shown for TakenBack {
    const COLUMNS: &'static [&'static str] = &["pass_id", "status", "inside"];

    fn cells(&self) -> Vec<String> {
        let inside: Vec<String> =
            self.inside.iter().map(|Inside { chat_id, user_id }| format!("{user_id}@{chat_id}")).collect();
        vec![self.pass_id.to_string(), self.status.to_owned(), inside.join(" ")]
    }

    fn words(&self, _: &Clock) -> String {
        let mut words = match self.status {
            "already" => format!("Pass {} was revoked before", self.pass_id),
            _ => format!("Pass {} is revoked", self.pass_id),
        };
        for Inside { chat_id, user_id } in &self.inside {
            words += &format!(
                "\n{user_id} is in {chat_id} by it: `admit member remove --chat {chat_id} --user {user_id}`"
            );
        }
        words
    }

    fn brief(&self) -> String {
        self.pass_id.to_string()
    }
}
