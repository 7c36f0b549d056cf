//! From what was typed to a command; or to help, or to an error with a right example.

use crate::commands::chats::Chat;
use crate::commands::links::Link;
use crate::commands::members::Member;
use crate::commands::passes::Pass;
use crate::commands::requests::Request;
use crate::commands::{Cli, definition};
use crate::config::Variables;
use crate::exit;
use crate::failure::{ErrorJson, ErrorLine};
use crate::flags::Global;
use crate::output::{Colour, Format, Output, aside, hide_secrets, is_watched};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, FromArgMatches, Subcommand};
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// Reads the arguments. Whatever ends here was already said, and comes back as the exit code.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    variables: Variables<'_>,
) -> Result<Cli, ExitCode> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if let [_, only] = arguments.as_slice()
        && (only == "--version" || only == "-V")
    {
        // Scripts ask for nothing else so often, and it needs no definition of the command line.
        let words = concat!("admit ", env!("CARGO_PKG_VERSION"), "\n");
        return Err(print(words.as_bytes()));
    }
    if let Some(cli) = read_at_once(&arguments) {
        return Ok(cli);
    }
    let colour = colour(&arguments, variables);
    let mut definition = definition().color(colour);
    let read = definition.try_get_matches_from_mut(&arguments);
    read.and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|error| tell(&error, &definition, &arguments))
}

/// Adds to a command what it consists of.
type Define = fn(Command) -> Command;

/// What scripts run again and again. Each is defined alone: all commands together take longer to define than most take.
const OFTEN: [(&str, Define); 5] = [
    ("chat", Chat::augment_subcommands),
    ("link", Link::augment_subcommands),
    ("member", Member::augment_subcommands),
    ("pass", Pass::augment_subcommands),
    ("request", Request::augment_subcommands),
];

/// Reads a command that is run often. What is no success here, help or an error, is for the whole definition to tell.
fn read_at_once(arguments: &[OsString]) -> Option<Cli> {
    let typed = arguments.get(1)?;
    let (name, define) = OFTEN.iter().find(|(name, _)| typed == name)?;
    let definition = Global::augment_args(Command::new("admit")).subcommand(define(Command::new(*name)));
    let matches = definition.try_get_matches_from(arguments).ok()?;
    Cli::from_arg_matches(&matches).ok()
}

/// Help goes to stdout and is a success; everything else is a usage error.
fn tell(error: &clap::Error, definition: &Command, arguments: &[OsString]) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match error.print() {
            Err(why) if why.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(exit::BROKEN_PIPE.code),
            Err(_) => ExitCode::from(exit::FAILED.code),
            Ok(()) => ExitCode::SUCCESS,
        };
    }
    let example = example(definition, arguments, flag(error));
    if wants_json(arguments) {
        let words = error.to_string();
        let detail = words.trim_start_matches("error: ").split("\n\n").next().unwrap_or_default().trim();
        let error = ErrorJson {
            kind: exit::USAGE.name,
            code: "bad_input",
            detail: hide_secrets(detail),
            retryable: false,
            retry_after_ms: None,
            hint: example.as_ref().map(|line| format!("for example `{line}`")),
            reasons: Vec::new(),
        };
        let output = Output { format: Format::Json, quiet: false, coloured: false };
        // If stdout is gone, the words below still say it.
        let _ = output.json(&ErrorLine { error });
    }
    let rendered = error.render();
    let words =
        if error.use_stderr() && is_watched() { rendered.ansi().to_string() } else { rendered.to_string() };
    aside(words.trim_end());
    if let Some(line) = example
        && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    {
        aside(format_args!("\nhint: for example `{line}`"));
    }
    ExitCode::from(exit::USAGE.code)
}

fn print(bytes: &[u8]) -> ExitCode {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(exit::BROKEN_PIPE.code),
        Err(_) => ExitCode::from(exit::FAILED.code),
    }
}

/// The flag an error is about, in the spelling that was probably meant.
fn flag(error: &clap::Error) -> Option<&str> {
    [ContextKind::SuggestedArg, ContextKind::InvalidArg].into_iter().find_map(|kind| {
        let words = match error.get(kind)? {
            ContextValue::String(words) => words,
            ContextValue::Strings(several) => several.first()?,
            _ => return None,
        };
        words.split_whitespace().next()
    })
}

/// An example of the command that was meant, as far as it can be told; one with this flag, if there is one.
fn example(definition: &Command, arguments: &[OsString], flag: Option<&str>) -> Option<String> {
    let mut command = definition;
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        command = command.find_subcommand(word).unwrap_or(command);
    }
    let examples = command.get_before_help()?.to_string();
    let mut lines = examples.lines().map(str::trim).filter(|line| line.starts_with("admit "));
    let first = lines.next()?;
    let has_flag = |line: &str| flag.is_some_and(|flag| line.split_whitespace().any(|word| word == flag));
    let better = if has_flag(first) { None } else { lines.find(|line| has_flag(line)) };
    Some(better.unwrap_or(first).to_owned())
}

/// Whether JSON was asked for, by arguments that could not be read as a whole.
fn wants_json(arguments: &[OsString]) -> bool {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let is_json = |word: &str| matches!(word, "json" | "ndjson");
    words.iter().any(|word| {
        *word == "--json"
            || word.strip_prefix("--output=").is_some_and(is_json)
            || word.strip_prefix("-o").is_some_and(|rest| is_json(rest.trim_start_matches('=')))
    }) || words.windows(2).any(|pair| matches!(pair[0], "-o" | "--output") && is_json(pair[1]))
}

/// The colour of help, which is written before the arguments are read as a whole.
fn colour(arguments: &[OsString], variables: Variables<'_>) -> clap::ColorChoice {
    let said = |choice: &str| {
        arguments.iter().any(|word| word.to_str() == Some(&format!("--color={choice}")))
            || arguments.windows(2).any(|pair| pair[0] == "--color" && pair[1] == choice)
    };
    let flag = match () {
        () if said("always") => Colour::Always,
        () if said("never") || arguments.iter().any(|word| word == "--no-color") => Colour::Never,
        () => Colour::Auto,
    };
    match flag {
        Colour::Always => clap::ColorChoice::Always,
        Colour::Auto if flag.decide(variables, true) => clap::ColorChoice::Auto,
        _ => clap::ColorChoice::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_definition_holds_together() {
        definition().debug_assert();
    }

    #[test]
    fn json_is_seen_in_arguments_that_make_no_sense() {
        for line in
            ["admit --json x", "admit x -o json", "admit -ojson", "admit --output=ndjson", "admit -o=json"]
        {
            assert!(wants_json(&words(line)), "{line}");
        }
        for line in ["admit x", "admit -o table json", "admit --output csv"] {
            assert!(!wants_json(&words(line)), "{line}");
        }
    }

    #[test]
    fn only_what_can_be_done_is_read_at_once() {
        for line in [
            "admit link create --chat @garden",
            "admit pass list --json",
            "admit chat show -q --chat @garden",
        ] {
            assert!(read_at_once(&words(line)).is_some(), "{line}");
        }
        for line in [
            "admit",
            "admit link",
            "admit link --help",
            "admit link help",
            "admit link crate",
            "admit --json link list",
        ] {
            assert!(read_at_once(&words(line)).is_none(), "{line}");
        }
    }

    #[test]
    fn every_command_that_does_something_has_an_example_that_can_be_read() {
        fn check(command: &Command, path: &str) {
            let examples = command.get_before_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> =
                examples.lines().map(str::trim).filter(|line| line.starts_with("admit ")).collect();
            assert!(!lines.is_empty(), "{path} has no example");
            for line in lines {
                let line = line.split(['|', '>', '<']).next().unwrap_or_default().trim();
                let read = definition().try_get_matches_from(line.split_whitespace());
                let matches = read.unwrap_or_else(|error| panic!("`{line}`: {error}"));
                let typed: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
                if let Some(cli) = read_at_once(&typed) {
                    let whole = Cli::from_arg_matches(&matches).unwrap();
                    assert_eq!(format!("{cli:?}"), format!("{whole:?}"), "`{line}`");
                }
            }
            for each in command.get_subcommands().filter(|each| each.get_name() != "help") {
                check(each, &format!("{path} {}", each.get_name()));
            }
        }
        check(&definition(), "admit");
    }
}
