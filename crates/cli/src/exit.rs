//! The exit codes by name, and which error ends with which. `docs/exit-codes.md` is this file as a table.

use crate::when;
use links::{Kind, Right};
use std::time::Duration;

/// How the program ends: a number for shells, a name for JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exit {
    pub(crate) code: u8,
    pub(crate) name: &'static str,
}

const fn exit(code: u8, name: &'static str) -> Exit {
    Exit { code, name }
}

/// Everything else that can fail.
pub(crate) const FAILED: Exit = exit(1, "failed");
/// What was typed makes no sense; nothing was changed.
pub(crate) const USAGE: Exit = exit(2, "usage");
/// The chat, link, person or request does not exist.
pub(crate) const NOT_FOUND: Exit = exit(3, "not_found");
/// There is no token or session, or Telegram does not take it.
pub(crate) const CREDENTIALS: Exit = exit(4, "credentials");
/// An administrator must first grant the bot something.
pub(crate) const RIGHT_MISSING: Exit = exit(5, "right_missing");
/// It is in another state than the call needs.
pub(crate) const CONFLICT: Exit = exit(6, "conflict");
/// Telegram wants us to wait.
pub(crate) const RATE_LIMITED: Exit = exit(7, "rate_limited");
/// Telegram cannot be reached, or something else answered.
pub(crate) const UNREACHABLE: Exit = exit(8, "unreachable");
/// Of several, some failed.
pub(crate) const SOME_FAILED: Exit = exit(9, "some_failed");
/// The time limit ran out or the answer was lost.
pub(crate) const UNKNOWN: Exit = exit(10, "unknown");
/// Telegram's rules forbid it.
pub(crate) const REFUSED: Exit = exit(11, "refused");
/// Interrupted from the keyboard.
pub(crate) const INTERRUPTED: Exit = exit(130, "interrupted");
/// Nobody reads the output any more.
pub(crate) const BROKEN_PIPE: Exit = exit(141, "broken_pipe");
/// Asked to end.
pub(crate) const TERMINATED: Exit = exit(143, "terminated");

/// The word for a kind of error in JSON, and the exit it leads to.
pub(crate) fn of(kind: &Kind) -> (&'static str, Exit) {
    match kind {
        Kind::Wait { .. } => ("wait", RATE_LIMITED),
        Kind::MissingRight(_) => ("missing_right", RIGHT_MISSING),
        Kind::ChatMoved { .. } => ("chat_moved", CONFLICT),
        Kind::LinkDead => ("link_dead", NOT_FOUND),
        Kind::NotOurLink => ("not_our_link", REFUSED),
        Kind::PrimaryLink => ("primary_link", CONFLICT),
        Kind::NobodyWaiting => ("nobody_waiting", NOT_FOUND),
        Kind::AlreadyIn => ("already_in", CONFLICT),
        Kind::PersonUnknown => ("person_unknown", NOT_FOUND),
        Kind::PersonGone => ("person_gone", NOT_FOUND),
        Kind::PersonInTooManyChats => ("person_in_too_many_chats", REFUSED),
        Kind::PersonBlockedUs => ("person_blocked_us", REFUSED),
        Kind::PersonIsAdministrator => ("person_is_administrator", REFUSED),
        Kind::ChatNotFound => ("chat_not_found", NOT_FOUND),
        Kind::BotNotInChat => ("bot_not_in_chat", RIGHT_MISSING),
        Kind::WrongKindOfChat => ("wrong_kind_of_chat", REFUSED),
        Kind::ChatFull => ("chat_full", REFUSED),
        Kind::TokenDead => ("token_dead", CREDENTIALS),
        Kind::SessionOver => ("session_over", CREDENTIALS),
        Kind::Conflict => ("conflict", CONFLICT),
        Kind::WebhookActive => ("webhook_active", CONFLICT),
        Kind::QueryTooOld => ("query_too_old", CONFLICT),
        Kind::BadValue(_) => ("bad_value", USAGE),
        Kind::NotHere(_) => ("not_here", USAGE),
        Kind::CannotMerge(_) => ("cannot_merge", USAGE),
        Kind::OutcomeUnknown => ("outcome_unknown", UNKNOWN),
        Kind::Unreachable => ("unreachable", UNREACHABLE),
        Kind::OutOfTime => ("out_of_time", UNKNOWN),
        Kind::BrokenAnswer => ("broken_answer", UNREACHABLE),
        Kind::Refused { .. } => ("refused", FAILED),
        _ => ("unnamed", FAILED),
    }
}

/// What a person can do about a kind of error, where there is something.
pub(crate) fn hint(kind: &Kind) -> Option<String> {
    let hint = match kind {
        Kind::Wait { seconds } => {
            let limit = Duration::from_secs(u64::from(*seconds) + 10);
            let or_wait = if limit <= when::LONGEST_LIMIT {
                format!(", or let the call wait with `--timeout {}s`", limit.as_secs())
            } else {
                String::new()
            };
            return Some(format!("try again in {seconds} s{or_wait}"));
        }
        Kind::ChatMoved { to } => return Some(format!("use `--chat {to}` from now on")),
        Kind::MissingRight(Right::Owner) => {
            "only the owner of the chat can do this; they log in with `admit login`"
        }
        Kind::MissingRight(right) => {
            return Some(format!(
                "an administrator of the chat grants the right `{right}`; `admit chat show` tells a bot which it has"
            ));
        }
        Kind::LinkDead => "make another with `admit link create`",
        Kind::NotOurLink => {
            "ask the administrator who made it to revoke it; if that was another bot, use its token"
        }
        Kind::PrimaryLink => "replace it with `admit link rotate`, or make another with `admit link create`",
        Kind::NobodyWaiting => "the request was withdrawn or already decided",
        Kind::PersonUnknown => "give the user id that came with their request or message",
        Kind::ChatNotFound => {
            "check `--chat` (the numbers of supergroups and channels begin with -100), and that the bot or the account is in the chat"
        }
        Kind::BotNotInChat => "add the bot or the account to the chat as an administrator who may invite",
        Kind::TokenDead => "take the current token from @BotFather",
        Kind::SessionOver => "log in again with `admit login`",
        Kind::NotHere(_) => {
            "with the session of an account it can be done: `admit login`, and without `--as bot`"
        }
        Kind::OutcomeUnknown => "look at the chat's invite links before you repeat it",
        Kind::Unreachable => {
            "check the network, and for a bot `--api-url` and `--proxy`; nothing happened, so repeating is safe"
        }
        Kind::OutOfTime => "nothing was changed, so repeating is safe; give more time with `--timeout 2m`",
        Kind::BrokenAnswer => {
            "something other than Telegram answers; for a bot check `--api-url` and `--proxy`"
        }
        Kind::CannotMerge(_) => {
            "hand in the link with `--was FILE`, as `admit link create --json` printed it, or mention every field"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use links::{CannotMerge, ChatId, NotHere, Operation, Right};

    const EXITS: [Exit; 14] = [
        FAILED,
        USAGE,
        NOT_FOUND,
        CREDENTIALS,
        RIGHT_MISSING,
        CONFLICT,
        RATE_LIMITED,
        UNREACHABLE,
        SOME_FAILED,
        UNKNOWN,
        REFUSED,
        INTERRUPTED,
        BROKEN_PIPE,
        TERMINATED,
    ];

    fn every_kind() -> Vec<Kind> {
        let not_here =
            NotHere { operation: Operation::List, backend: "a bot", instead: "a user session can" };
        vec![
            Kind::Wait { seconds: 7 },
            Kind::MissingRight(Right::InviteUsers),
            Kind::ChatMoved { to: ChatId::new(-1_001_234_567_890).unwrap() },
            Kind::LinkDead,
            Kind::NotOurLink,
            Kind::PrimaryLink,
            Kind::NobodyWaiting,
            Kind::AlreadyIn,
            Kind::PersonUnknown,
            Kind::PersonGone,
            Kind::PersonInTooManyChats,
            Kind::PersonBlockedUs,
            Kind::PersonIsAdministrator,
            Kind::ChatNotFound,
            Kind::BotNotInChat,
            Kind::WrongKindOfChat,
            Kind::ChatFull,
            Kind::TokenDead,
            Kind::SessionOver,
            Kind::Conflict,
            Kind::WebhookActive,
            Kind::QueryTooOld,
            Kind::BadValue("name"),
            Kind::NotHere(not_here),
            Kind::CannotMerge(CannotMerge::Subscription),
            Kind::OutcomeUnknown,
            Kind::Unreachable,
            Kind::OutOfTime,
            Kind::BrokenAnswer,
            Kind::Refused { code: 400, text: "Bad Request: SOMETHING_NEW".into() },
        ]
    }

    /// The first two cells of each row of the tables in the document, without their backticks.
    fn rows() -> Vec<(String, String)> {
        let document = include_str!("../../../docs/exit-codes.md");
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>();
        document
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| (cells(line)[1].clone(), cells(line)[2].clone()))
            .collect()
    }

    #[test]
    fn the_document_says_what_the_program_does() {
        let exits = EXITS.iter().map(|exit| (exit.code.to_string(), exit.name.to_owned()));
        let kinds = every_kind()
            .iter()
            .map(|kind| of(kind))
            .map(|(word, exit)| (word.into(), exit.code.to_string()))
            .collect::<Vec<_>>();
        let mut expected: Vec<(String, String)> = exits.chain(kinds).collect();
        expected.insert(0, ("0".into(), "done".into()));
        assert_eq!(rows(), expected);
    }

    #[test]
    fn a_wait_is_offered_only_where_a_call_may_take_so_long() {
        let check = |seconds, expected: &str| assert_eq!(hint(&Kind::Wait { seconds }).unwrap(), expected);
        check(7, "try again in 7 s, or let the call wait with `--timeout 17s`");
        check(86_390, "try again in 86390 s, or let the call wait with `--timeout 86400s`");
        check(86_391, "try again in 86391 s");
        check(u32::MAX, "try again in 4294967295 s");
    }

    #[test]
    fn every_kind_has_a_word_of_its_own() {
        let kinds = every_kind();
        let mut words: Vec<_> = kinds.iter().map(|kind| of(kind).0).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), kinds.len());
        assert!(!words.contains(&"unnamed"));
    }
}
