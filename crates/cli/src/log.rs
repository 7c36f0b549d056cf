//! `--log`: what happened on the way to Telegram, for whoever looks for a fault. Without it nothing is set up, except
//! for a service, which has nobody else to tell.

use crate::config::{Error, Origin, Variables};
use crate::flags::Global;
use crate::output::aside;
use std::io::{self, Write};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

const RULE: &str = "this is `error`, `warn`, `info`, `debug` or `trace`, for all or for a part, as in \
    `debug` or `admit_telegram=debug,hyper_util=trace`";

/// What a service logs unless it is told something else.
pub(crate) const OF_A_SERVICE: &str = "warn,admit_server=info,admit_store=info,admit_telegram=info";

/// Begins to write the log to stderr, if one was asked for or is usual.
pub(crate) fn start(
    flags: &Global,
    variables: Variables<'_>,
    usual: Option<&'static str>,
) -> Result<(), Error> {
    let (text, origin) = match (&flags.log, variables("ADMIT_LOG")) {
        (Some(text), _) => (text.clone(), Origin::Flag("--log")),
        (None, Some(text)) => (text, Origin::Variable("ADMIT_LOG")),
        (None, None) => match usual {
            Some(levels) => (levels.to_owned(), Origin::Default),
            None => return Ok(()),
        },
    };
    let Some(filter) = filter(&text) else {
        return Err(Error::Bad { origin, value: text, rule: RULE.to_owned() });
    };
    let lines = fmt::layer().with_ansi(false).with_writer(|| Aside);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}

/// Reads levels. A mistyped one would pass for the name of a part, and log nothing.
fn filter(text: &str) -> Option<Targets> {
    let is_level = |part: &str| {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        !level.is_empty() && level.parse::<LevelFilter>().is_ok()
    };
    if text.split(',').all(is_level) { text.parse().ok() } else { None }
}

/// The log goes where all words on the side go, and what is secret is taken out of it there.
struct Aside;

impl Write for Aside {
    /// Gets one whole line each time.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        aside(String::from_utf8_lossy(line).trim_end());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_slips_are_not() {
        for right in
            ["debug", "WARN", "off", "admit_telegram=debug", "warn,admit_telegram=trace,hyper_util=off"]
        {
            assert!(filter(right).is_some(), "{right}");
        }
        for wrong in ["", "deubg", "debug,", "admit_telegram", "admit_telegram=", "debug;trace", "=", "a=b=c"]
        {
            assert!(filter(wrong).is_none(), "{wrong}");
        }
    }
}
