//! `admit gate edit`: a gate in an editor, or from a file. What was typed is never lost.

use super::shown::ShownGate;
use super::{change, changed_meanwhile, file, find};
use crate::bot;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::{Gate, Slug};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use store::SavedGate;
use tempfile::NamedTempFile;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate edit night-owls
  admit gate edit night-owls --file night-owls.toml

The editor is VISUAL or EDITOR. What does not read, or could not work while the gate is open, changes nothing: the \
text is kept in a file, and told where.")]
pub(crate) struct Edit {
    /// The gate's name in addresses.
    #[arg(value_name = "SLUG")]
    slug: Slug,
    /// Take it from this TOML file, or from `-`, instead of an editor.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Let another bot make its links: `@name` or number.
    #[arg(long, value_name = "BOT")]
    bot: Option<String>,
    #[command(flatten)]
    housing: Housing,
}

impl Edit {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let kept = runtime::run(async { find(&self.housing.open(ctx).await?.store, &self.slug).await })?;
        let text = match (&self.file, &self.bot) {
            (Some(path), _) => Text::Given(path.clone(), Box::new(file::open(ctx, path)?)),
            (None, Some(_)) => Text::Untouched,
            (None, None) => type_in(ctx, &kept.gate)?,
        };
        let saved = match &text {
            Text::Untouched => self.save(ctx, &kept, &kept.gate),
            Text::Given(path, gate) => self.check(path, gate).and_then(|()| self.save(ctx, &kept, gate)),
            Text::Typed(typed) => {
                let read = std::fs::read_to_string(typed.path()).map_err(Failure::Output);
                read.and_then(|text| {
                    let gate = file::read(Path::new("what was typed"), &text)?;
                    self.check(Path::new("what was typed"), &gate)?;
                    self.save(ctx, &kept, &gate)
                })
            }
        };
        let failure = match saved {
            Ok(saved) => return self.tell(ctx, saved),
            Err(failure) => failure,
        };
        if let Text::Typed(typed) = text {
            let (_, path) = typed.keep().map_err(|why| Failure::Output(why.error))?;
            ctx.output.warn(format_args!(
                "nothing was changed; the text is kept: `admit gate edit {} --file {}`",
                self.slug,
                path.display()
            ));
        }
        Err(failure)
    }

    fn tell(&self, ctx: &Context<'_>, saved: Option<ShownGate>) -> Result<(), Failure> {
        match saved {
            None if ctx.global.dry_run => ctx.would(format!("change the gate `{}`", self.slug)),
            None => {
                ctx.output.note("Nothing was changed.");
                Ok(())
            }
            Some(saved) => Ok(ctx.output.show(&saved, &Clock::of_this_machine())?),
        }
    }

    /// A gate's name is in addresses that people know.
    fn check(&self, path: &Path, gate: &Gate) -> Result<(), Failure> {
        if gate.slug == self.slug {
            return Ok(());
        }
        let what = format!("`slug = \"{}\"` in `{}`", gate.slug, path.display());
        let rule =
            "a gate keeps its name, which stands in addresses; `admit gate new --file` makes another gate";
        Err(Usage::new(what, rule, &format!("`slug = \"{}\"`", self.slug)).into())
    }

    /// Saves it, unless nothing would change.
    fn save(&self, ctx: &Context<'_>, kept: &SavedGate, gate: &Gate) -> Result<Option<ShownGate>, Failure> {
        runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let now = server::Clock::default().now();
            let bot = match &self.bot {
                Some(_) => bot::choose(ctx, &store, self.bot.as_deref(), now).await?,
                None => kept.bot,
            };
            if ctx.global.dry_run || (*kept.gate == *gate && kept.bot == bot) {
                return Ok(None);
            }
            let latest = find(&store, &self.slug).await?;
            if latest.revision != kept.revision {
                return Err(changed_meanwhile(&self.slug));
            }
            let saved = change(ctx, &store, &latest, gate, bot, now).await?;
            Ok(Some(ShownGate::new(ctx, saved, &store.bots().await?)?))
        })
    }
}

/// Where the gate's next text is.
enum Text {
    Untouched,
    Given(PathBuf, Box<Gate>),
    Typed(NamedTempFile),
}

/// Lets somebody type. The file is theirs alone, for the answers stand in it.
fn type_in(ctx: &Context<'_>, gate: &Gate) -> Result<Text, Failure> {
    let wrong =
        |what: String, rule: &str| Usage::new(what, rule, "`--file night-owls.toml`, or `EDITOR=nano`");
    if ctx.global.no_input {
        return Err(wrong("`--no-input` without `--file`".to_owned(), "an editor asks for input").into());
    }
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| (ctx.variables)(name));
    let editor = editor.ok_or_else(|| {
        wrong("no editor".to_owned(), "say which one in VISUAL or EDITOR, or give a file with `--file`")
    })?;
    let mut file = tempfile::Builder::new().prefix(&format!("{}.", gate.slug)).suffix(".toml").tempfile()?;
    let text = format!(
        "# The gate `{}`. Save and close; leave it as it is to change nothing.\n\n{}",
        gate.slug,
        super::file::write(gate)?
    );
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let mut words = editor.split_whitespace();
    let ended = Command::new(words.next().unwrap_or_default()).args(words).arg(file.path()).status();
    let why = match ended {
        Ok(status) if status.success() => return Ok(Text::Typed(file)),
        Ok(status) => status.to_string(),
        Err(why) => why.to_string(),
    };
    let is_touched = std::fs::read_to_string(file.path()).is_ok_and(|now| now != text);
    let kept = if is_touched {
        let (_, path) = file.keep().map_err(|why| why.error)?;
        format!(", and the text is in `{}`", path.display())
    } else {
        String::new()
    };
    let rule = format!("it did not end well ({why}); nothing was changed{kept}");
    Err(wrong(format!("the editor `{editor}`"), &rule).into())
}
