//! `admit pass reissue`: another link instead of one that expired or leaked.

use super::no_pass;
use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::house::Housing;
use crate::output::Shown;
use crate::runtime;
use crate::when::Clock;
use clap::Args;
use gate::pass::State;
use links::{Chat, ChatId};
use serde::Serialize;
use store::{Holding, PassId, Reissued};

#[derive(Args, Debug)]
#[command(before_help = "\
Examples:
  admit pass reissue 12
  admit pass reissue 12 --chat -1001234567890 --json

Only a link that expired or leaked is replaced, and only when Telegram has ended the old one, so that no pass has two. \
If the pass is doubted, look first whether its person is in: by this you say that they are not. \
`admit pass show ID --wait 10` waits for the new link and shows it.")]
pub(crate) struct Reissue {
    /// The pass, by its number.
    #[arg(value_name = "ID")]
    pass: PassId,
    /// For this chat; without it, for the one that needs it.
    #[arg(long, value_name = "CHAT", allow_hyphen_values = true)]
    chat: Option<Chat>,
    #[command(flatten)]
    housing: Housing,
}

/// A pass that has another link, or will.
#[derive(Serialize)]
struct Again {
    pass_id: i64,
    chat_id: i64,
    /// `issued` with a link that was ready, or `granted` while one is made.
    state: &'static str,
    expires_at: Option<i64>,
}

impl Reissue {
    pub(crate) fn run(self, ctx: &Context<'_>) -> Result<(), Failure> {
        let pass = self.pass;
        let (chat, again) = runtime::run(async {
            let store = self.housing.open(ctx).await?.store;
            let held = store.pass(pass).await?.ok_or_else(|| no_pass(pass))?;
            let chat = self.choose(&held)?;
            if ctx.global.dry_run {
                return Ok((chat, refusal(&held, chat)));
            }
            let gates = store.gates().await?;
            let gate = gates.iter().find(|saved| saved.id == held.gate).ok_or_else(|| no_pass(pass))?;
            let now = server::Clock::default().now();
            let again =
                store.reissue(pass, chat, gate.gate.promised_until(now), Some(&ctx.who()), now).await?;
            Ok((chat, Some(again)))
        })?;
        let other = |why: String, word, hint: &str| Failure::OtherState {
            what: format!("pass {pass} for {chat}"),
            why,
            word,
            hint: hint.to_owned(),
        };
        match again {
            None => ctx.would(format!("give the pass {pass} another link to {chat}")),
            Some(Reissued::Reissued(handed)) => {
                let state = if handed.link.is_some() { State::Issued } else { State::Granted };
                let again = Again {
                    pass_id: pass.get(),
                    chat_id: chat.get(),
                    state: state.as_str(),
                    expires_at: handed.expires_at.map(|at| at.get()),
                };
                ctx.output.show(&again, &Clock::of_this_machine())?;
                ctx.output.note(format_args!("Its link: `admit pass show {pass} --wait 10`"));
                Ok(())
            }
            // Not said to whoever answers for it.
            Some(Reissued::NotYet | Reissued::Unsure) => Err(other(
                "the old link works at Telegram still".to_owned(),
                "not_yet",
                "it is being ended by `admit serve`; try again in a moment",
            )),
            Some(Reissued::Not(state)) => Err(other(
                format!("it is {state}, and only a link that expired or leaked is replaced"),
                "not_reissuable",
                match state {
                    State::Granted => "it waits for a link; `admit serve` makes one",
                    State::Issued => "`admit pass show` shows the link that it has",
                    _ => {
                        "`admit pass show` tells how it stands; `admit pass grant` gives somebody who has none a pass"
                    }
                },
            )),
            Some(Reissued::NoSuchPass) => Err(no_pass(pass)),
        }
    }

    /// The chat that is named, or the only one there is a need for.
    fn choose(&self, held: &Holding) -> Result<ChatId, Failure> {
        let chats: Vec<ChatId> = held.entries.iter().map(|entry| entry.chat).collect();
        let example = || format!("`--chat {}`", chats.first().map(ToString::to_string).unwrap_or_default());
        match &self.chat {
            Some(Chat::Id(id)) if chats.contains(id) => Ok(*id),
            Some(other) => {
                let rule = format!("the pass {} does not lead there", held.pass);
                Err(Usage::flag("--chat", other, rule, &example()).into())
            }
            None => {
                let can = held.entries.iter().filter(|it| State::Granted.comes_from().contains(&it.state));
                let can: Vec<ChatId> = can.map(|entry| entry.chat).collect();
                match (can.as_slice(), chats.as_slice()) {
                    ([only], _) | ([], [only, ..]) => Ok(*only),
                    _ => {
                        let rule = "more than one of its links can be replaced: say which";
                        Err(Usage::new("no `--chat`", rule, &example()).into())
                    }
                }
            }
        }
    }
}

impl Shown for Again {
    const COLUMNS: &'static [&'static str] = &["pass_id", "chat_id", "state", "expires_at"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.pass_id.to_string(),
            self.chat_id.to_string(),
            self.state.to_owned(),
            self.expires_at.map(|at| at.to_string()).unwrap_or_default(),
        ]
    }

    fn words(&self, _: &Clock) -> String {
        let what = if self.expires_at.is_some() { "has another link" } else { "waits for another link" };
        format!("Pass {} {what} to {}", self.pass_id, self.chat_id)
    }

    fn brief(&self) -> String {
        self.pass_id.to_string()
    }
}

/// Why this pass cannot have another link, as far as a look tells.
fn refusal(held: &Holding, chat: ChatId) -> Option<Reissued> {
    let state = held.entries.iter().find(|entry| entry.chat == chat)?.state;
    (!State::Granted.comes_from().contains(&state)).then_some(Reissued::Not(state))
}
