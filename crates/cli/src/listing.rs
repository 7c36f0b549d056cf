//! A list from Telegram, to its end or to where somebody stops it: written as it arrives, with a total for people.

use crate::context::Context;
use crate::failure::{Doing, Failure};
use crate::output::{Format, Output, Shown, is_watched};
use crate::rows::Rows;
use crate::runtime;
use crate::when::Clock;
use futures_util::{FutureExt, StreamExt};
use links::List;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Whoever waits no longer than this needs no progress.
const A_MOMENT: Duration = Duration::from_secs(1);

/// What a list is of: one of them, and several.
pub(crate) type Noun = (&'static str, &'static str);

/// A list that is being written.
pub(crate) struct Listing<T> {
    rows: Rows<T>,
    noun: Noun,
    /// So many at most.
    limit: Option<u64>,
    progress: Progress,
    /// Whether a person sees the rows.
    is_seen: bool,
}

/// Lists what `work` takes in, and says the total it answers. A list that ends early says how far it came.
pub(crate) fn list<T: Shown>(
    ctx: &Context<'_>,
    noun: Noun,
    limit: Option<u64>,
    work: impl AsyncFnOnce(&mut Listing<T>) -> Result<String, Failure>,
) -> Result<(), Failure> {
    write(ctx, Rows::new(&ctx.output, &Clock::of_this_machine()), noun, limit, work)
}

/// The same, for people as a sentence each: something is done to them on the way.
pub(crate) fn tell<T: Shown>(
    ctx: &Context<'_>,
    noun: Noun,
    work: impl AsyncFnOnce(&mut Listing<T>) -> Result<String, Failure>,
) -> Result<(), Failure> {
    write(ctx, Rows::told(&ctx.output, &Clock::of_this_machine()), noun, None, work)
}

fn write<T: Shown>(
    ctx: &Context<'_>,
    rows: Rows<T>,
    noun: Noun,
    limit: Option<u64>,
    work: impl AsyncFnOnce(&mut Listing<T>) -> Result<String, Failure>,
) -> Result<(), Failure> {
    runtime::run_unstopped(async {
        let stopped = runtime::stopped();
        let (progress, is_seen) = (Progress::new(&ctx.output), io::stdout().is_terminal());
        let mut listing = Listing { rows, noun, limit, progress, is_seen };
        let ended = tokio::select! {
            biased;
            stop = stopped => Err(Failure::Stopped(stop)),
            ended = work(&mut listing) => ended,
        };
        listing.progress.clear();
        match ended {
            Ok(total) => {
                let is_full = listing.is_full();
                listing.rows.end()?;
                if matches!(ctx.output.format, Format::Words | Format::Table) {
                    let more = if is_full { "; there may be more" } else { "" };
                    ctx.output.note(format_args!("{total}{more}"));
                }
                Ok(())
            }
            // Nobody reads any more.
            Err(Failure::Output(why)) => Err(why.into()),
            Err(failure) => {
                let written = listing.rows.break_off()?;
                if written > 0 {
                    ctx.output.note(format_args!("The list broke off after {}", count(written, noun)));
                }
                Err(failure)
            }
        }
    })
}

impl<T: Shown> Listing<T> {
    /// Writes a list from Telegram row by row.
    pub(crate) async fn take<I>(
        &mut self,
        mut list: List<'_, I>,
        doing: impl Fn() -> String,
        mut row: impl FnMut(I) -> T,
    ) -> Result<(), Failure> {
        while !self.is_full() {
            let Some(item) = self.next(&mut list, &doing).await? else { break };
            self.put(&row(item))?;
        }
        Ok(())
    }

    /// The next of a list from Telegram. What is there goes out before more is waited for.
    pub(crate) async fn next<I>(
        &mut self,
        list: &mut List<'_, I>,
        doing: impl Fn() -> String,
    ) -> Result<Option<I>, Failure> {
        let next = match list.next().now_or_never() {
            Some(next) => next,
            None => {
                self.rows.flush()?;
                // Rows that scroll by are progress enough.
                if !self.is_seen || self.rows.are_held_back() {
                    let (written, noun) = (self.rows.count(), self.noun);
                    self.progress.show(|| format!("{} so far", count(written, noun)));
                }
                let next = list.next().await;
                if self.is_seen {
                    self.progress.clear();
                }
                next
            }
        };
        next.transpose().doing(doing)
    }

    /// Writes a row.
    pub(crate) fn put(&mut self, row: &T) -> Result<(), Failure> {
        Ok(self.rows.put(row)?)
    }

    /// Whether as many were written as shall be.
    fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.rows.count() >= limit)
    }

    /// How many were written, as a total says it.
    pub(crate) fn said(&self) -> String {
        count(self.rows.count(), self.noun)
    }
}

/// How many there are on a list, and nothing else of it.
pub(crate) async fn number<I>(
    ctx: &Context<'_>,
    mut list: List<'_, I>,
    noun: Noun,
    doing: impl Fn() -> String,
) -> Result<u64, Failure> {
    let (mut number, mut progress) = (0, Progress::new(&ctx.output));
    let counted = loop {
        let next = match list.next().now_or_never() {
            Some(next) => next,
            None => {
                progress.show(|| format!("{} so far", count(number, noun)));
                list.next().await
            }
        };
        match next.transpose().doing(&doing) {
            Ok(Some(_)) => number += 1,
            Ok(None) => break Ok(number),
            Err(failure) => break Err(failure),
        }
    };
    progress.clear();
    counted
}

/// `1 link`, `2 links`.
pub(crate) fn count(number: u64, (one, several): Noun) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A line on stderr that is written over, where somebody watches and it takes longer than a moment.
struct Progress {
    begun: Instant,
    is_wanted: bool,
    is_drawn: bool,
}

impl Progress {
    fn new(output: &Output) -> Self {
        let is_wanted = !output.quiet && is_watched();
        Self { begun: Instant::now(), is_wanted, is_drawn: false }
    }

    fn show(&mut self, words: impl FnOnce() -> String) {
        if self.is_wanted && self.begun.elapsed() >= A_MOMENT {
            // The cursor goes back, so that whatever else is said begins its line here.
            let _ = write!(io::stderr(), "{}\x1b[K\r", words());
            self.is_drawn = true;
        }
    }

    fn clear(&mut self) {
        if self.is_drawn {
            let _ = write!(io::stderr(), "\x1b[K");
            self.is_drawn = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let links = ("link", "links");
        let said: Vec<String> = [0, 1, 2].map(|number| count(number, links)).into();
        assert_eq!(said, ["0 links", "1 link", "2 links"]);
    }
}
