//! `admit keys`: the keys under which the database keeps its secrets.

use crate::context::Context;
use crate::failure::Failure;
use crate::house::{Housing, Place};
use crate::key_file;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::{Args, Subcommand};
use serde::Serialize;

#[derive(Subcommand, Debug)]
#[command(before_help = "\
Examples:
  admit keys show
  admit keys rotate --data /var/lib/admit

Tokens, accepted answers and links are sealed in the database. The keys are in a file of their own, and are shown \
nowhere.")]
pub(crate) enum Keys {
    /// Tell which keys there are, by their numbers.
    Show(Show),
    /// Seal everything anew with a new key, and forget the others.
    Rotate(Rotate),
}

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit keys show
  admit keys show --json")]
pub(crate) struct Show {
    #[command(flatten)]
    housing: Housing,
}

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit keys rotate
  admit keys rotate --dry-run

Stop every `admit serve` first: one that runs does not know the new key. The new key is in the file before anything is \
sealed with it, and the older ones go when nothing is sealed with them, so it can be broken off at any time; do it again, \
and it goes on. A backup from before opens with the keys from before: keep them with it.")]
pub(crate) struct Rotate {
    #[command(flatten)]
    housing: Housing,
}

/// A key ring, without its keys.
#[derive(Serialize)]
struct ShownKeys {
    path: String,
    keys: Vec<u32>,
    /// The one that seals.
    newest: u32,
    /// How many rows were sealed anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealed: Option<u64>,
}

impl Keys {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let shown = match self {
            Self::Show(command) => show(&command.housing.place(ctx)?)?,
            Self::Rotate(command) => {
                let place = command.housing.place(ctx)?;
                if ctx.global.dry_run {
                    return ctx.would(format!(
                        "seal everything anew with a new key in `{}`, and forget the others",
                        place.keys.display()
                    ));
                }
                runtime::run(rotate(ctx, &place))?
            }
        };
        Ok(ctx.output.show(&shown, &Clock::of_this_machine())?)
    }
}

fn show(place: &Place) -> Result<ShownKeys, Failure> {
    let keys = key_file::read(&place.keys)?.ok_or_else(|| Failure::NothingThere {
        what: format!("there are no keys at `{}`", place.keys.display()),
        word: "no_keys",
        hint: "say where they are with `--data DIR`, `--key-file PATH` or ADMIT_KEY_FILE".to_owned(),
    })?;
    let path = place.keys.display().to_string();
    Ok(ShownKeys { path, keys: keys.ids(), newest: keys.newest_id(), sealed: None })
}

async fn rotate(ctx: &Context<'_>, place: &Place) -> Result<ShownKeys, Failure> {
    let now = server::Clock::default().now();
    let (mut store, mut keys) = place.open_alone(now).await?;
    // With several keys, an earlier rotation was broken off, and this one ends it.
    if keys.keys.ids().len() == 1 {
        drop(store);
        keys.add()?;
        store = place.open_with(keys.keys.clone()).await?.store;
    }
    let sealed = store.reseal(&ctx.who(), now).await?;
    drop(store);
    keys.drop_older()?;
    let path = place.keys.display().to_string();
    let (ids, newest) = (keys.keys.ids(), keys.keys.newest_id());
    Ok(ShownKeys { path, keys: ids, newest, sealed: Some(sealed) })
}

impl Shown for ShownKeys {
    const COLUMNS: &'static [&'static str] = &["path", "keys", "newest"];

    fn cells(&self) -> Vec<String> {
        let keys: Vec<String> = self.keys.iter().map(ToString::to_string).collect();
        vec![self.path.clone(), keys.join(" "), self.newest.to_string()]
    }

    fn words(&self, _: &Clock) -> String {
        let Self { path, keys, newest, sealed } = self;
        match (sealed, keys.as_slice()) {
            (Some(sealed), _) => {
                format!(
                    "Key {newest} seals everything now: {sealed} rows were sealed anew. It is alone in `{path}`."
                )
            }
            (None, [only]) => format!("Key {only} seals everything. It is in `{path}`."),
            (None, several) => {
                let older: Vec<String> =
                    several[..several.len() - 1].iter().map(ToString::to_string).collect();
                format!(
                    "Key {newest} seals, and {} opens what was sealed before. They are in `{path}`.\n\
                     A rotation was broken off; `admit keys rotate` goes on.",
                    older.join(", ")
                )
            }
        }
    }

    fn brief(&self) -> String {
        self.newest.to_string()
    }
}
