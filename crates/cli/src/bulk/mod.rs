//! Many links in one command: streamed in, streamed out, and resumable.
//!
//! With `--out FILE` everything that happens is written down at once: in `FILE.journal` that a call is about to be
//! sent, in `FILE.partial` what was answered. A process that is killed loses nothing: run the same command again, and
//! it makes what is missing. A call whose answer was never written may have made a link that nobody saw, so it is
//! reported as unknown and not repeated. At the end the answers, one line for each input, are renamed into place.

mod input;
mod journal;
mod left;
mod progress;
mod reading;
mod run;
mod synced;

pub(crate) use run::{Job, fails_all, run};

use crate::failure::Usage;
use std::path::{Path, PathBuf};

/// What a batch is made from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    /// So many links on the same terms.
    Count(u64),
    /// A line each.
    File(PathBuf),
    /// A line each, from standard input.
    Stdin,
}

impl Source {
    pub(crate) fn choose(count: Option<&str>, from: Option<&Path>) -> Result<Self, Usage> {
        match (count, from) {
            (Some(count), None) => read_count(count).map(Self::Count),
            (None, Some(path)) if path == Path::new("-") => Ok(Self::Stdin),
            (None, Some(path)) => Ok(Self::File(path.to_owned())),
            _ => {
                let rule = "a batch is counted or read, not both";
                Err(Usage::new("`--count` with `--from`", rule, "`--count 500`, or `--from people.csv`"))
            }
        }
    }
}

fn read_count(text: &str) -> Result<u64, Usage> {
    let count = text.trim().parse().ok().filter(|count| (1..=10_000_000).contains(count));
    count.ok_or_else(|| {
        Usage::flag("--count", text, "a batch is a whole number of links from 1 to 10000000", "`--count 500`")
    })
}

/// Reads `--concurrency`.
pub(crate) fn concurrency(text: Option<&str>) -> Result<usize, Usage> {
    const USUAL: usize = 8;
    let Some(text) = text else { return Ok(USUAL) };
    let calls = text.trim().parse().ok().filter(|calls| (1..=256).contains(calls));
    calls.ok_or_else(|| {
        Usage::flag(
            "--concurrency",
            text,
            "1 to 256 calls can be on their way at the same time",
            "`--concurrency 32`",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_counted_or_read() {
        assert_eq!(Source::choose(Some("5"), None), Ok(Source::Count(5)));
        assert_eq!(Source::choose(None, Some(Path::new("-"))), Ok(Source::Stdin));
        assert!(Source::choose(Some("5"), Some(Path::new("x"))).is_err());
        for wrong in ["0", "-1", "x", "10000001", ""] {
            let why = Source::choose(Some(wrong), None).unwrap_err().to_string();
            assert!(why.contains(&format!("`--count {wrong}`")), "{why}");
        }
    }

    #[test]
    fn concurrency_has_bounds() {
        assert_eq!(concurrency(None), Ok(8));
        assert_eq!(concurrency(Some("256")), Ok(256));
        for wrong in ["0", "257", "many"] {
            assert!(concurrency(Some(wrong)).is_err());
        }
    }
}
