//! `admit gate new`: draws a gate, as a draft.

use super::shown::ShownGate;
use super::{file, find};
use crate::bot;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::{Gate, Slug};
use links::{Chat, ChatId};
use serde_json::json;
use std::path::PathBuf;

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit gate new night-owls --title Owls --chat -1001234567890 --ask Drink? --answer espresso --answer ristretto
  admit gate new --file night-owls.toml
  admit gate new night-owls --title Owls --chat -1001234567890 --dry-run

With `--dry-run` it is printed as a file, and not stored. More than one question, choices, limits and times are \
written with `admit gate edit`, or in a file: docs/gates.md has every field, and a question of every kind.")]
pub(crate) struct New {
    /// Its name in addresses: small letters, digits and `-`.
    #[arg(value_name = "SLUG", required_unless_present = "file")]
    slug: Option<Slug>,
    /// What visitors read first.
    #[arg(long, value_name = "TITLE", required_unless_present = "file")]
    title: Option<String>,
    /// The chat a pass opens, by its number; say it again for more.
    #[arg(long = "chat", value_name = "CHAT", allow_hyphen_values = true, required_unless_present = "file")]
    chats: Vec<Chat>,
    /// What is asked.
    #[arg(long, value_name = "QUESTION", requires = "answers", allow_hyphen_values = true)]
    ask: Option<String>,
    /// A right answer; say it again for another wording.
    #[arg(
        long = "answer",
        id = "answers",
        value_name = "ANSWER",
        requires = "ask",
        allow_hyphen_values = true
    )]
    answers: Vec<String>,
    /// Take the gate from this TOML file, or from `-`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["title", "chats", "ask", "answers"])]
    file: Option<PathBuf>,
    /// Which bot makes its links: `@name` or number. [default: the one whose token is given, or the only one]
    #[arg(long, value_name = "BOT")]
    bot: Option<String>,
    #[command(flatten)]
    housing: Housing,
}

impl New {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let gate = self.gate(ctx)?;
        if ctx.global.dry_run {
            return match ctx.output.is_for_programs() {
                true => Ok(ctx.output.json(&gate)?),
                false => Ok(ctx.output.line(file::write(&gate)?.trim_end())?),
            };
        }
        let slug = &gate.slug;
        let shown = runtime::run(async {
            let store = self.housing.open_or_make(ctx).await?.store;
            let now = server::Clock::default().now();
            // Before a token is asked about; and again when it is made, for others may be faster.
            if store.gate(slug).await?.is_some() {
                return Err(exists(slug));
            }
            let bot = bot::choose(ctx, &store, self.bot.as_deref(), now).await?;
            store.create_gate(&gate, bot, &ctx.who(), now).await?.ok_or_else(|| exists(slug))?;
            Ok(ShownGate::new(ctx, find(&store, slug).await?, &store.bots().await?)?)
        })?;
        ctx.output.show(&shown, &Clock::of_this_machine())?;
        match gate.flaws().is_empty() {
            true => ctx.output.note(format_args!("Next: `admit gate publish {slug}`")),
            false => ctx.output.note(format_args!(
                "Next: `admit gate edit {slug}`; docs/gates.md has every field, and a question of every kind"
            )),
        }
        Ok(())
    }

    fn gate(&self, ctx: &Context<'_>) -> Result<Gate, Failure> {
        if let Some(path) = &self.file {
            let gate = file::open(ctx, path)?;
            return match &self.slug {
                Some(slug) if *slug != gate.slug => {
                    let rule = format!("`{}` says `slug = \"{}\"`", path.display(), gate.slug);
                    Err(Usage::new(format!("`{slug}`"), rule, "`admit gate new --file night-owls.toml`")
                        .into())
                }
                _ => Ok(gate),
            };
        }
        let chats = self.chats.iter().map(number).collect::<Result<Vec<_>, _>>()?;
        let numbers: Vec<i64> = chats.iter().map(|chat| chat.get()).collect();
        let questions: Vec<_> =
            self.ask.iter().map(|ask| json!({ "ask": ask, "answers": self.answers })).collect();
        // Each by itself first, so that the message names the flag.
        let check = |flag: &str, value: &str, rule: Result<(), String>| {
            rule.map_err(|rule| {
                Usage::flag(flag, value, rule, "`--title Owls --ask Drink? --answer espresso`")
            })
        };
        let title = self.title.as_deref().unwrap_or_default();
        check("--title", title, gate::Line::<100>::new(title).map(drop).map_err(|why| why.to_string()))?;
        let text = json!({ "slug": self.slug, "title": title, "chats": numbers, "questions": questions });
        let gate = serde_json::from_value(text);
        let what = "`--ask` with `--answer`, or `--chat`";
        Ok(gate.map_err(|why| Usage::new(what, why, "`--ask Drink? --answer espresso`"))?)
    }
}

fn exists(slug: &Slug) -> Failure {
    Failure::OtherState {
        what: format!("the gate `{slug}`"),
        why: "it is there already".to_owned(),
        word: "gate_exists",
        hint: format!("change it with `admit gate edit {slug}` or `admit gate apply FILE`"),
    }
}

/// A gate names chats by their numbers: a chat with a public name needs no gate.
fn number(chat: &Chat) -> Result<ChatId, Usage> {
    match chat {
        Chat::Id(id) => Ok(*id),
        Chat::Name(name) => {
            let rule = "a chat with a public name lets anyone in; make it private, and give its number, which \
                `admit chat show` tells";
            Err(Usage::flag("--chat", format!("@{}", name.as_str()), rule, "`--chat -1001234567890`"))
        }
    }
}
