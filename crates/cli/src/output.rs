//! Everything that reaches a terminal or a pipe: answers on stdout, words about them on stderr.

use crate::failure::{ErrorLine, Failure, chain};
use crate::rows::Rows;
use crate::when::Clock;
use clap::ValueEnum;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// How answers are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum Format {
    /// Sentences for a person.
    #[default]
    #[value(skip)]
    Words,
    /// One JSON value; where it breaks off, it is closed, and the error is a line of its own.
    Json,
    /// One JSON object a line, whatever happens: for long lists.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
    /// Aligned columns with a header.
    Table,
}

/// Whether to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal that takes it.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}

impl Colour {
    /// Decides by the flag, then by what the environment asks, then by what reads it.
    pub(crate) fn decide(self, variable: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
        let forced = variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let unwanted = variable("CLICOLOR").is_some_and(|value| value == "0")
            || variable("TERM").is_some_and(|value| value == "dumb");
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if variable("NO_COLOR").is_some() => false,
            Self::Auto => forced || (terminal && !unwanted),
        }
    }
}

/// Where a command speaks.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) coloured: bool,
}

/// An answer that can be written in every format.
pub(crate) trait Shown: Serialize {
    /// The names of its cells.
    const COLUMNS: &'static [&'static str];
    /// It as a row.
    fn cells(&self) -> Vec<String>;
    /// It as something a person can act on.
    fn words(&self, clock: &Clock) -> String;
    /// The one thing a script wants of it.
    fn brief(&self) -> String;
}

impl Output {
    /// Writes one answer.
    pub(crate) fn show<T: Shown>(&self, answer: &T, clock: &Clock) -> io::Result<()> {
        match self.format {
            Format::Json if !self.quiet => self.json(answer),
            _ => self.show_all(std::slice::from_ref(answer), clock),
        }
    }

    /// Writes several answers of a kind.
    pub(crate) fn show_all<T: Shown>(&self, answers: &[T], clock: &Clock) -> io::Result<()> {
        self.write(Rows::told(self, clock), answers)
    }

    /// Writes a list: for people as a table.
    pub(crate) fn list<T: Shown>(&self, answers: &[T], clock: &Clock) -> io::Result<()> {
        self.write(Rows::new(self, clock), answers)
    }

    fn write<T: Shown>(&self, mut rows: Rows<T>, answers: &[T]) -> io::Result<()> {
        answers.iter().try_for_each(|answer| rows.put(answer))?;
        rows.end().map(drop)
    }

    /// Writes one line of JSON.
    pub(crate) fn json<T: Serialize>(&self, value: &T) -> io::Result<()> {
        self.line(serde_json::to_string(value)?)
    }

    /// Writes one line.
    pub(crate) fn line(&self, line: impl Display) -> io::Result<()> {
        lines([line])
    }

    /// Whether programs read the output.
    pub(crate) fn is_for_programs(&self) -> bool {
        matches!(self.format, Format::Json | Format::Ndjson)
    }

    /// Says something on the side. Nobody may be listening, and that is no failure.
    pub(crate) fn note(&self, words: impl Display) {
        if !self.quiet {
            aside(words);
        }
    }

    /// Tells people on the side how to go on, in lines they may copy. They are written as they are, so nothing
    /// secret may be in them.
    pub(crate) fn guide(&self, words: impl Display) {
        if !self.quiet && !self.is_for_programs() {
            let _ = writeln!(io::stderr(), "{words}");
        }
    }

    /// Says what a person should know although it worked.
    pub(crate) fn warn(&self, words: impl Display) {
        aside(format_args!("{} {words}", self.label("warning:", "33")));
    }

    /// Tells a failure: its chain in words, and for programs as JSON too.
    pub(crate) fn failure(&self, failure: &Failure) {
        if let Failure::Output(source) = failure
            && source.kind() == io::ErrorKind::BrokenPipe
        {
            return;
        }
        // What failed one by one was told one by one.
        if self.is_for_programs() && !matches!(failure, Failure::SomeFailed { .. } | Failure::Told(_)) {
            // If stdout is gone, the words below still say it.
            let _ = self.json(&ErrorLine { error: failure.as_json() });
        }
        let chain = chain(failure);
        aside(format_args!("{} {}", self.label("error:", "1;31"), chain[0]));
        for cause in &chain[1..] {
            aside(format_args!("  because {cause}"));
        }
        for reason in failure.reasons() {
            aside(format_args!("  - {}", reason.detail));
        }
        if let Some(hint) = failure.hint() {
            aside(format_args!("{} {hint}", self.label("hint:", "36")));
        }
    }

    fn label(&self, word: &str, colour: &str) -> String {
        if self.coloured { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.to_owned() }
    }
}

/// Writes lines to stdout and sees to it that they are out.
fn lines<T: Display>(lines: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    for line in lines {
        writeln!(stdout, "{line}")?;
    }
    stdout.flush()
}

/// Writes a line to stderr, without anything secret that may have got into it.
pub(crate) fn aside(words: impl Display) {
    let _ = writeln!(io::stderr(), "{}", hide_secrets(&words.to_string()));
}

/// Whether a person looks at stderr.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// Takes bot tokens and the passwords of URLs out of a text, wherever they came from.
pub(crate) fn hide_secrets(text: &str) -> String {
    hide_tokens(&hide_passwords(text))
}

/// `123456:AAE...` becomes `123456:(hidden)`: the number is public, the rest is not.
fn hide_tokens(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, after) = (&rest[..colon], &rest[colon + 1..]);
        let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
        let secret =
            after.bytes().take_while(|&b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-').count();
        kept.push_str(before);
        kept.push(':');
        if digits >= 3 && secret >= 16 {
            kept.push_str("(hidden)");
            rest = &after[secret..];
        } else {
            rest = after;
        }
    }
    kept + rest
}

/// `http://ann:secret@proxy` becomes `http://(hidden)@proxy`.
fn hide_passwords(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        let authority =
            after.find(|c: char| c.is_whitespace() || "/?#`'\"".contains(c)).unwrap_or(after.len());
        kept.push_str(before);
        match after[..authority].rfind('@') {
            Some(at) => {
                kept.push_str("(hidden)");
                rest = &after[at..];
            }
            None => rest = after,
        }
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check_hidden(text: &str, expected: &str) {
        assert_eq!(hide_secrets(text), expected);
    }

    #[test]
    fn secrets_are_taken_out_of_words() {
        check_hidden("no path `7000000001:AAFyzNYOAFbuXyZ_-123`", "no path `7000000001:(hidden)`");
        check_hidden("/bot123:AAFyzNYOAFbuXyZ_-123/getMe", "/bot123:(hidden)/getMe");
        check_hidden("at 12:00:00, a:b, 2026-11-28T14:00", "at 12:00:00, a:b, 2026-11-28T14:00");
        check_hidden("'http://ann:pass@word@proxy:80/x'", "'http://(hidden)@proxy:80/x'");
        check_hidden("http://proxy:80/~ann@home", "http://proxy:80/~ann@home");
        check_hidden("", "");
    }

    #[test]
    fn colour_follows_the_flag_then_the_environment_then_the_terminal() {
        let check = |flag: Colour, variables: &[(&str, &str)], terminal, expected| {
            let variable = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(flag.decide(variable, terminal), expected, "{flag:?} {variables:?} {terminal}");
        };
        check(Colour::Auto, &[], true, true);
        check(Colour::Auto, &[], false, false);
        check(Colour::Auto, &[("NO_COLOR", "1")], true, false);
        check(Colour::Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, false);
        check(Colour::Auto, &[("CLICOLOR_FORCE", "1")], false, true);
        check(Colour::Auto, &[("CLICOLOR", "0")], true, false);
        check(Colour::Auto, &[("TERM", "dumb")], true, false);
        check(Colour::Always, &[("NO_COLOR", "1")], false, true);
        check(Colour::Never, &[("CLICOLOR_FORCE", "1")], true, false);
    }

    proptest! {
        #[test]
        fn a_token_is_found_wherever_it_stands(before in "\\PC{0,20}", after in "([^A-Za-z0-9_-]\\PC{0,20})?") {
            let hidden = hide_secrets(&format!("{before}123456:AAFyzNYOAFbuXyZ_-123{after}"));
            prop_assert!(!hidden.contains("AAFyzNYOAFbuXyZ"), "{}", hidden);
        }
    }
}
