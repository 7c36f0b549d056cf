//! Something that is done to several, one after the other.

use crate::bulk::fails_all;
use crate::context::Context;
use crate::failure::{Failure, Stop, chain};
use crate::output::{Format, Shown};
use crate::when::Clock;
use std::pin::pin;

/// To whom it is done.
#[derive(Clone, Copy)]
pub(crate) enum Those<'a, I> {
    /// Those that somebody named. One alone is answered alone.
    Named(&'a [I]),
    /// Those that there were, which is a list however many they are.
    Found(&'a [I]),
}

/// Does it to each, and shows what became of them. What would fail for all the others, too, ends it, and so does a
/// signal; what was done until then is told all the same.
pub(crate) async fn each<I, R: Shown>(
    ctx: &Context<'_>,
    stopped: impl Future<Output = Stop>,
    those: Those<'_, I>,
    mut act: impl AsyncFnMut(&I) -> Result<R, Failure>,
    failed: impl Fn(&I, &Failure) -> R,
) -> Result<(), Failure> {
    let (mut rows, mut failures, mut stopped) = (Vec::new(), 0, pin!(stopped));
    let mut end = None;
    let (items, is_alone) = match those {
        Those::Named(items) => (items, items.len() == 1),
        Those::Found(items) => (items, false),
    };
    for item in items {
        let done = tokio::select! {
            biased;
            stop = &mut stopped => Err(Failure::Stopped(stop)),
            done = act(item) => done,
        };
        match done {
            Ok(row) => rows.push(row),
            Err(failure) if is_alone || is_for_all(&failure) => {
                end = Some(failure);
                break;
            }
            Err(failure) => {
                failures += 1;
                if ctx.output.format == Format::Words {
                    ctx.output.warn(chain(&failure).join(": "));
                }
                if !ctx.output.quiet {
                    rows.push(failed(item, &failure));
                }
            }
        }
    }
    let clock = Clock::of_this_machine();
    match rows.as_slice() {
        [] if !items.is_empty() => {}
        [one] if is_alone => ctx.output.show(one, &clock)?,
        several => ctx.output.show_all(several, &clock)?,
    }
    match (end, failures) {
        (Some(end), _) => Err(end),
        (None, 0) => Ok(()),
        (None, failed) => Err(Failure::SomeFailed { failed, total: items.len() as u64 }),
    }
}

fn is_for_all(failure: &Failure) -> bool {
    match failure {
        Failure::Telegram { error, .. } => fails_all(error.kind()),
        _ => true,
    }
}
