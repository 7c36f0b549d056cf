//! `admit pass`: gives, looks at and takes back passes.

mod grant;
mod list;
mod reissue;
mod revoke;
mod show;
mod shown;

use crate::context::Context;
use crate::failure::Failure;
use clap::Subcommand;
use gate::Slug;
use std::collections::HashMap;
use store::{GateId, PassId, Store};

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit pass grant --gate night-owls --person 123456789
  admit pass show 12 --wait 10
  admit pass list --gate night-owls
  admit pass revoke 12
  admit pass reissue 12

Links are made and ended by `admit serve`; these commands work beside it, on the same database.")]
pub(crate) enum Pass {
    /// Give a pass by hand.
    Grant(grant::Grant),
    /// List passes, newest first.
    List(list::List),
    /// Show a pass and its links.
    Show(show::Show),
    /// Take a pass back.
    Revoke(revoke::Revoke),
    /// Give another link instead of one that expired or leaked.
    Reissue(reissue::Reissue),
}

impl Pass {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Grant(command) => command.run(ctx),
            Self::List(command) => command.run(ctx),
            Self::Show(command) => command.run(ctx),
            Self::Revoke(command) => command.run(ctx),
            Self::Reissue(command) => command.run(ctx),
        }
    }
}

fn no_pass(pass: PassId) -> Failure {
    Failure::NothingThere {
        what: format!("there is no pass {pass}"),
        word: "no_pass",
        hint: "`admit pass list` tells which there are".to_owned(),
    }
}

/// The gates by their numbers.
pub(crate) async fn slugs(store: &Store) -> Result<HashMap<GateId, Slug>, Failure> {
    Ok(store.gates().await?.into_iter().map(|saved| (saved.id, saved.gate.slug.clone())).collect())
}
