//! `admit gate plan`: what files would change, field by field.

use super::fields::{Field, differing};
use super::file;
use crate::context::Context;
use crate::failure::{ErrorJson, Failure, Usage};
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::{Flaw, Gate};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use store::SavedGate;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate plan night-owls.toml
  admit gate plan night-owls.toml early-birds.toml --json

Nothing is changed, and the exit code is 0 whether there is something to do or not: with `--json`, `change` is \
`create`, `change` or `none`, and `fields` tells what was and what would be. Answers are `(hidden)` without `--reveal`.")]
pub(crate) struct Plan {
    /// Gates as TOML files, each with one.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Show answers that would change.
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    housing: Housing,
}

/// What a file would change, or did.
#[derive(Serialize)]
pub(super) struct Planned {
    pub(super) slug: String,
    /// `create`, `change` or `none`.
    pub(super) change: &'static str,
    pub(super) fields: Vec<Field>,
    /// Why the gate could not work, as far as it can tell itself.
    pub(super) flaws: Vec<String>,
    /// What became of it, when it was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) revision: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<ErrorJson>,
}

impl Planned {
    pub(super) fn new(kept: Option<&SavedGate>, gate: &Gate, reveals: bool) -> io::Result<Self> {
        let (change, fields) = match kept {
            None => ("create", Vec::new()),
            Some(kept) if *kept.gate == *gate => ("none", Vec::new()),
            Some(kept) => ("change", differing(&kept.gate, gate, reveals)?),
        };
        Ok(Self {
            slug: gate.slug.to_string(),
            change,
            fields,
            flaws: gate.flaws().iter().map(Flaw::to_string).collect(),
            state: None,
            revision: None,
            error: None,
        })
    }
}

impl Plan {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        plan(ctx, &self.files, &self.housing, self.reveal)
    }
}

/// Tells what the files would change.
pub(super) fn plan(
    ctx: &Context<'_>,
    files: &[PathBuf],
    housing: &Housing,
    reveals: bool,
) -> Result<(), Failure> {
    let gates = read_all(ctx, files)?;
    let is_there = housing.place(ctx)?.is_there();
    let planned = runtime::run(async {
        // Without a database everything is new, and it is not made for that.
        let store = match is_there {
            true => Some(housing.open(ctx).await?.store),
            false => None,
        };
        let mut planned = Vec::new();
        for gate in &gates {
            let kept = match &store {
                Some(store) => store.gate(&gate.slug).await?,
                None => None,
            };
            planned.push(Planned::new(kept.as_ref(), gate, reveals)?);
        }
        Ok(planned)
    })?;
    tell(ctx, &planned)
}

pub(super) fn tell(ctx: &Context<'_>, planned: &[Planned]) -> Result<(), Failure> {
    let clock = Clock::of_this_machine();
    match planned {
        [one] => Ok(ctx.output.show(one, &clock)?),
        several => Ok(ctx.output.show_all(several, &clock)?),
    }
}

/// Every gate of the files, or none.
pub(super) fn read_all(ctx: &Context<'_>, files: &[PathBuf]) -> Result<Vec<Gate>, Failure> {
    let mut gates: Vec<Gate> = Vec::new();
    for path in files {
        let gate = file::open(ctx, path)?;
        if gates.iter().any(|other| other.slug == gate.slug) {
            return Err(twice(path, &gate).into());
        }
        gates.push(gate);
    }
    Ok(gates)
}

fn twice(path: &Path, gate: &Gate) -> Usage {
    let rule = format!("another of these files is the gate `{}` too", gate.slug);
    Usage::new(
        format!("`{}`", path.display()),
        rule,
        "`admit gate plan owls.toml birds.toml`, each with its own `slug`",
    )
}

impl Shown for Planned {
    const COLUMNS: &'static [&'static str] = &["slug", "change", "fields", "state", "error"];

    fn cells(&self) -> Vec<String> {
        let fields: Vec<&str> = self.fields.iter().map(|field| field.field.as_str()).collect();
        vec![
            self.slug.clone(),
            self.change.to_owned(),
            fields.join(" "),
            self.state.unwrap_or_default().to_owned(),
            self.error.as_ref().map(|error| error.code.to_owned()).unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let mut words = match (self.change, self.state, &self.error) {
            (_, _, Some(error)) => format!("{}: failed: {}", self.slug, error.detail),
            ("create", None, _) => format!("{}: would be made", self.slug),
            ("change", None, _) => format!("{}: would be changed", self.slug),
            ("create", Some(state), _) => format!("{}: made, {state}", self.slug),
            ("change", Some(state), _) => format!("{}: changed, {state}", self.slug),
            (_, state, _) => format!(
                "{}: nothing to change{}",
                self.slug,
                state.map(|it| format!(", {it}")).unwrap_or_default()
            ),
        };
        for Field { field, was, now } in &self.fields {
            let says = |value: &serde_json::Value| match value {
                serde_json::Value::Null => "nothing".to_owned(),
                value => value.to_string(),
            };
            words += &format!("\n  {field}: {} -> {}", says(was), says(now));
        }
        for flaw in &self.flaws {
            words += &format!("\n  it cannot work: {flaw}");
        }
        words
    }

    fn brief(&self) -> String {
        self.slug.clone()
    }
}
