//! `admit gate plan`: what files would change, field by field.

use super::fields::{Field, differing};
use super::{cannot_change, cannot_open, file};
use crate::context::Context;
use crate::failure::{ErrorJson, Failure, Usage};
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::Gate;
use links::UnixTime;
use serde::Serialize;
use server::{Refusal, refusals_of_itself, refusals_to_open};
use std::io;
use std::path::{Path, PathBuf};
use store::{GateState, SavedGate};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate plan night-owls.toml
  admit gate plan night-owls.toml early-birds.toml --json

Nothing is changed, and the exit code is 0 whether there is something to do or not; a change of an open gate that could \
not work is refused as `admit gate apply` would, as far as that is known without Telegram. With `--json`, `change` is \
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
    pub(super) fn new(
        kept: Option<&SavedGate>,
        gate: &Gate,
        reveals: bool,
        now: UnixTime,
    ) -> io::Result<Self> {
        let (change, fields) = match kept {
            None => ("create", Vec::new()),
            Some(kept) if *kept.gate == *gate => ("none", Vec::new()),
            Some(kept) => ("change", differing(&kept.gate, gate, reveals)?),
        };
        Ok(Self {
            slug: gate.slug.to_string(),
            change,
            fields,
            flaws: refusals_of(kept, gate, now).iter().map(Refusal::to_string).collect(),
            state: None,
            revision: None,
            error: None,
        })
    }
}

impl Plan {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        plan(ctx, &self.files, &self.housing, self.reveal, false)
    }
}

/// Tells what the files would change. What would be refused without a look at Telegram is refused here too.
pub(super) fn plan(
    ctx: &Context<'_>,
    files: &[PathBuf],
    housing: &Housing,
    reveals: bool,
    publishes: bool,
) -> Result<(), Failure> {
    let gates = read_all(ctx, files)?;
    let planned = runtime::run(async {
        // Without a database everything is new, and it is not made for that.
        let store = match housing.open(ctx).await {
            Ok(house) => Some(house.store),
            Err(Failure::NothingThere { .. }) => None,
            Err(failure) => return Err(failure),
        };
        let now = server::Clock::default().now();
        let mut planned = Vec::new();
        for gate in &gates {
            let kept = match &store {
                Some(store) => store.gate(&gate.slug).await?,
                None => None,
            };
            let mut one = Planned::new(kept.as_ref(), gate, reveals, now)?;
            match refused(kept.as_ref(), gate, publishes, now) {
                Some(failure) if gates.len() == 1 => return Err(failure),
                failure => one.error = failure.map(|failure| failure.as_json()),
            }
            planned.push(one);
        }
        Ok(planned)
    })?;
    tell(ctx, &planned)
}

/// What keeps it from going on, if it is open, and from being opened, if it is not; without a look at Telegram.
fn refusals_of(kept: Option<&SavedGate>, gate: &Gate, now: UnixTime) -> Vec<Refusal> {
    match is_open(kept) {
        true => refusals_of_itself(gate),
        false => refusals_to_open(gate, now),
    }
}

fn is_open(kept: Option<&SavedGate>) -> bool {
    kept.is_some_and(|kept| kept.state == GateState::Open)
}

fn refused(kept: Option<&SavedGate>, gate: &Gate, publishes: bool, now: UnixTime) -> Option<Failure> {
    let is_open = is_open(kept);
    let refusals = refusals_of(kept, gate, now);
    match (is_open, publishes) {
        _ if refusals.is_empty() || kept.is_some_and(|kept| is_open && *kept.gate == *gate) => None,
        (true, _) => Some(cannot_change(&gate.slug, refusals)),
        (false, true) => Some(cannot_open(&gate.slug, refusals)),
        (false, false) => None,
    }
}

/// Tells what each came to; it fails if one of several did.
pub(super) fn tell(ctx: &Context<'_>, planned: &[Planned]) -> Result<(), Failure> {
    let clock = Clock::of_this_machine();
    match planned {
        [one] => ctx.output.show(one, &clock)?,
        several => ctx.output.show_all(several, &clock)?,
    }
    match planned.iter().filter(|each| each.error.is_some()).count() as u64 {
        0 => Ok(()),
        failed => Err(Failure::SomeFailed { failed, total: planned.len() as u64 }),
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
        for reason in self.error.iter().flat_map(|error| &error.reasons) {
            words += &format!("\n  - {}", reason.detail);
        }
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
