//! `admit gate`: draws gates, looks at them, opens and closes them.

mod apply;
mod edit;
mod export;
mod fields;
mod file;
mod list;
mod new;
mod pause;
mod plan;
mod publish;
mod show;
mod shown;

use crate::context::{self, Context};
use crate::failure::{Failure, Usage};
use clap::Subcommand;
use gate::Slug;
use links::{UnixTime, UserId};
use server::{CannotPublish, Refusal};
use store::{SavedGate, Store};

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit gate new night-owls --title Owls --chat -1001234567890 --ask Drink? --answer espresso
  admit gate edit night-owls
  admit gate publish night-owls
  admit gate export night-owls
  admit gate plan night-owls.toml

A gate is a draft until it is published. It lives in the database, and can be written to a TOML file and read from \
one. The bot that makes its links is remembered when its token is given once: by ADMIT_BOT_TOKEN_FILE, \
`--token-file PATH` or a profile, to one of these commands or to `admit serve`.")]
pub(crate) enum Gate {
    /// Draw a gate, as a draft.
    New(new::New),
    /// List the gates.
    List(list::List),
    /// Show a gate, without its answers.
    Show(show::Show),
    /// Change a gate in an editor, or from a file.
    Edit(edit::Edit),
    /// Open a gate, if it can work.
    Publish(publish::Publish),
    /// Let a gate take no answers for now.
    Pause(pause::Pause),
    /// Show what files would change.
    Plan(plan::Plan),
    /// Make gates what files say.
    Apply(apply::Apply),
    /// Print a gate as a file, with its answers.
    Export(export::Export),
}

impl Gate {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::New(command) => command.run(ctx),
            Self::List(command) => command.run(ctx),
            Self::Show(command) => command.run(ctx),
            Self::Edit(command) => command.run(ctx),
            Self::Publish(command) => command.run(ctx),
            Self::Pause(command) => command.run(ctx),
            Self::Plan(command) => command.run(ctx),
            Self::Apply(command) => command.run(ctx),
            Self::Export(command) => command.run(ctx),
        }
    }
}

/// The gate that is named.
pub(crate) async fn find(store: &Store, slug: &Slug) -> Result<SavedGate, Failure> {
    store.gate(slug).await?.ok_or_else(|| Failure::NothingThere {
        what: format!("there is no gate `{slug}`"),
        word: "no_gate",
        hint: "`admit gate list` tells which there are; `admit gate new` makes one".to_owned(),
    })
}

/// Saves a gate's next revision. While it is open, it has to go on working.
async fn change(
    ctx: &Context<'_>,
    store: &Store,
    kept: &SavedGate,
    gate: &gate::Gate,
    bot: UserId,
    now: UnixTime,
) -> Result<SavedGate, Failure> {
    let road = context::settings(&ctx.config()?);
    let changed = server::change_gate(store, kept, gate, bot, &road, &ctx.who(), now).await;
    changed.map_err(|why| match why {
        CannotPublish::Refused(refusals) => cannot_change(&gate.slug, refusals),
        other => cannot(ctx, &gate.slug, other),
    })?;
    find(store, &gate.slug).await
}

/// Opens a gate, if it can work.
async fn open(
    ctx: &Context<'_>,
    store: &Store,
    kept: &SavedGate,
    now: UnixTime,
) -> Result<SavedGate, Failure> {
    let slug = &kept.gate.slug;
    let road = context::settings(&ctx.config()?);
    let opened = server::publish(store, kept, &road, &ctx.who(), now).await;
    opened.map_err(|why| cannot(ctx, slug, why))?;
    find(store, slug).await
}

fn cannot_open(slug: &Slug, refusals: Vec<Refusal>) -> Failure {
    Failure::CannotPublish { slug: slug.to_string(), what: "be published", refusals, hint: None }
}

fn cannot_change(slug: &Slug, refusals: Vec<Refusal>) -> Failure {
    let hint = Some(format!("`admit gate pause {slug}` first, to change it step by step"));
    let what = "be changed like this while it is open";
    Failure::CannotPublish { slug: slug.to_string(), what, refusals, hint }
}

fn cannot(ctx: &Context<'_>, slug: &Slug, why: CannotPublish) -> Failure {
    match why {
        CannotPublish::Refused(refusals) => cannot_open(slug, refusals),
        CannotPublish::Telegram(error) => {
            Failure::telegram(format!("look at the chats of the gate `{slug}`"), error)
        }
        CannotPublish::Road(why) => {
            let url = ctx.global.api_url.clone().unwrap_or_default();
            Usage::flag("--api-url", url, why, "`--api-url https://api.telegram.org`").into()
        }
        CannotPublish::Store(why) => Failure::Stored(why),
        CannotPublish::Changed => changed_meanwhile(slug),
    }
}

fn changed_meanwhile(slug: &Slug) -> Failure {
    Failure::OtherState {
        what: format!("the gate `{slug}`"),
        why: "somebody changed it meanwhile".to_owned(),
        word: "changed_meanwhile",
        hint: format!("look at it with `admit gate show {slug}`, then do it again"),
    }
}
