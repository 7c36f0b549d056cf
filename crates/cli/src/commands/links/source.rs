//! Where links are looked up: in our own ledger, or at Telegram, which tells an account and no bot.

use crate::context::Context;
use crate::failure::{Failure, Usage};
use crate::flags::Speaker;
use clap::ValueEnum;
use links::Chat;

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Source {
    /// What gates made, and what became of it.
    Ledger,
    /// What there is, with counts; it takes an account, and `--chat`.
    Telegram,
}

/// The same, with what has to be known.
pub(super) enum Chosen<'a> {
    Ledger,
    Telegram(&'a Chat),
}

/// A flag, and whether it was given.
pub(super) type Given = (&'static str, bool);

impl Source {
    /// The one that was said, or that knows what was asked for; else Telegram where it can be asked.
    pub(super) fn choose<'a>(
        said: Option<Self>,
        ctx: &Context<'_>,
        chat: Option<&'a Chat>,
        of_ledger: &[Given],
        of_telegram: &[Given],
    ) -> Result<Chosen<'a>, Failure> {
        let first = |flags: &[Given]| flags.iter().find(|(_, given)| *given).map(|(flag, _)| *flag);
        let (ledgers, telegrams) = (first(of_ledger), first(of_telegram));
        let source = match said {
            Some(source) => source,
            None if telegrams.is_some() => Self::Telegram,
            // An account is asked for nothing else.
            None if ctx.global.speak_as == Some(Speaker::Account) => Self::Telegram,
            None if ledgers.is_some() => Self::Ledger,
            // A bot is told of no list.
            None if ctx.global.speak_as == Some(Speaker::Bot) => Self::Ledger,
            None if chat.is_some() && ctx.has_account()? => Self::Telegram,
            None => Self::Ledger,
        };
        let refuse = |flag: &str, rule, example| Err(Usage::new(format!("`{flag}`"), rule, example).into());
        match (source, ledgers, telegrams, chat) {
            (Self::Ledger, _, Some(flag), _) => {
                refuse(flag, "the ledger does not know that, Telegram does", "`--from telegram`")
            }
            (Self::Telegram, Some(flag), ..) => {
                refuse(flag, "Telegram does not know that, the ledger does", "`--from ledger`")
            }
            (Self::Telegram, None, _, None) => {
                let rule = "Telegram tells the links of one chat: say which";
                Err(Usage::new("no `--chat`", rule, "`--chat @garden`").into())
            }
            (Self::Telegram, None, _, Some(chat)) => Ok(Chosen::Telegram(chat)),
            (Self::Ledger, _, None, _) => Ok(Chosen::Ledger),
        }
    }
}
