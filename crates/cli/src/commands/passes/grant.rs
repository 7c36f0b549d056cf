//! `admit pass grant`: a pass without an answer.

use crate::commands::gates::find;
use crate::context::Context;
use crate::failure::Failure;
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Slug;
use links::UserId;
use serde::Serialize;
use std::io;
use store::{GateState, Granted, PassId, Visitor};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit pass grant --gate night-owls
  admit pass grant --gate night-owls --person 123456789 --json

It counts towards the gate's quota, and is given though the gate is paused. Whoever else comes in by the link of a \
person's pass is a stranger there. Somebody who has a pass keeps that one. The link is made by `admit serve`; \
`admit pass show ID --wait 10` waits for it and shows it.")]
pub(crate) struct Grant {
    /// The gate, by its name in addresses.
    #[arg(long, value_name = "SLUG")]
    gate: Slug,
    /// Whose it is: their user id at Telegram, if it is known.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    person: Option<UserId>,
    #[command(flatten)]
    housing: Housing,
}

/// A pass that was given.
#[derive(Serialize)]
struct Given {
    pass_id: i64,
    gate: String,
    person_id: Option<i64>,
    /// `granted`, or `already` if they had it.
    status: &'static str,
}

impl Grant {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let slug = &self.gate;
        let whose = self.person.map(|person| format!(" to {person}")).unwrap_or_default();
        let given = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let saved = find(&store, slug).await?;
            if ctx.global.dry_run {
                return Ok(None);
            }
            let mut chance = [0; 16];
            getrandom::fill(&mut chance).map_err(io::Error::other)?;
            let now = server::Clock::default().now();
            let visitor = Visitor::new(chance);
            let granted = store.grant_by_hand(&saved, visitor, self.person, &ctx.who(), now).await?;
            let given = |pass: PassId, status| Given {
                pass_id: pass.get(),
                gate: slug.to_string(),
                person_id: self.person.map(UserId::get),
                status,
            };
            match granted {
                Granted::Granted { pass, .. } => Ok(Some((given(pass, "granted"), saved.state))),
                Granted::Already { pass } => Ok(Some((given(pass, "already"), saved.state))),
                Granted::NoSuchGate => Err(find(&store, slug).await.err().unwrap_or_else(|| not_given(slug))),
                Granted::Full => Err(Failure::OtherState {
                    what: format!("the gate `{slug}`"),
                    why: "it gave all the passes it may".to_owned(),
                    word: "gate_full",
                    hint: format!("raise its `quota` with `admit gate edit {slug}`"),
                }),
                // A pass by hand asks for no answer, so nothing of an answer holds it back.
                _ => Err(not_given(slug)),
            }
        })?;
        let Some((given, state)) = given else {
            return ctx.would(format!("grant a pass at `{slug}`{whose}"));
        };
        ctx.output.show(&given, &Clock::of_this_machine())?;
        match state {
            GateState::Draft => ctx.output.note(format_args!(
                "The gate is a draft: its links are made once it is open. `admit gate publish {slug}`"
            )),
            _ => ctx.output.note(format_args!("Its link: `admit pass show {} --wait 10`", given.pass_id)),
        }
        Ok(())
    }
}

fn not_given(slug: &Slug) -> Failure {
    Failure::OtherState {
        what: format!("the gate `{slug}`"),
        why: "it was changed meanwhile".to_owned(),
        word: "changed_meanwhile",
        hint: "try again".to_owned(),
    }
}

impl Shown for Given {
    const COLUMNS: &'static [&'static str] = &["pass_id", "gate", "person_id", "status"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.pass_id.to_string(),
            self.gate.clone(),
            self.person_id.map(|id| id.to_string()).unwrap_or_default(),
            self.status.to_owned(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let whose = self.person_id.map(|person| format!(" of {person}")).unwrap_or_default();
        match self.status {
            "already" => format!("Pass {}{whose} at {} was there already", self.pass_id, self.gate),
            _ => format!("Pass {}{whose} at {} is granted", self.pass_id, self.gate),
        }
    }

    fn brief(&self) -> String {
        self.pass_id.to_string()
    }
}
