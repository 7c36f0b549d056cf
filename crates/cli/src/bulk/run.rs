//! The one loop of a batch: hand out, write down, send, write down.

use super::Source;
use super::input::Input;
use super::journal::{self, Journal};
use super::left::{Header, Left, UNKNOWN};
use super::progress::{Progress, Waits};
use super::reading::Reading;
use crate::commands::links::Typed;
use crate::commands::{Connection, Context};
use crate::failure::{ErrorJson, Failure, Usage, chain};
use crate::output::{Format, Output};
use crate::runtime::{self, stopped};
use crate::shown::ShownLink;
use crate::when::{Clock, whole_seconds};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use links::{Chat, Error, Kind, Link, Links, Terms};
use serde::Serialize;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use telegram::bot_api::Client;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// After so many failures without a link between them the rest would fail too.
const MOST_FAILURES_IN_A_ROW: u32 = 64;

/// A batch, as it was asked for.
pub(crate) struct Job {
    pub(crate) chat: Chat,
    /// What the flags say; lines may say otherwise.
    pub(crate) defaults: Typed,
    pub(crate) zone: Option<TimeZone>,
    pub(crate) source: Source,
    pub(crate) concurrency: usize,
    pub(crate) out: Option<PathBuf>,
}

/// The answer of a line that has no link.
#[derive(Serialize)]
struct Failed {
    index: u64,
    error: ErrorJson,
}

/// Makes the links of a batch.
pub(crate) fn run(ctx: &Context<'_>, job: &Job) -> Result<(), Failure> {
    let now = Clock::of_this_machine().now;
    let input = Input::open(&job.source, &job.defaults)?;
    let (claim, left) = match &job.out {
        Some(out) => journal::claim(out).map(|(claim, left)| (Some(claim), left))?,
        None => (None, None),
    };
    // Lengths of time count from when the batch was begun, so that all its links end together.
    let started =
        left.as_ref().and_then(|left| Timestamp::from_second(left.header.started_at).ok()).unwrap_or(now);
    let reading = Reading { job, input: &input, started, now };
    let (total, digest) = reading.check()?;
    if ctx.global.dry_run {
        return reading.rehearse(ctx);
    }
    let (ending, ended) = watch::channel(false);
    let patience = Patience { waits: Waits::default(), output: ctx.output.clone(), ended };
    let Connection { client, bot_id } = connect(ctx, &patience)?;
    let digest = digest.and(&bot_id.unwrap_or_default().to_string()).hex();
    let header = match &left {
        Some(Left { header, .. }) if header.digest != digest || header.total != total => {
            return Err(other_batch(job));
        }
        Some(Left { header, .. }) => header.clone(),
        None => Header::new(digest, total, started.as_second()),
    };
    let sink = match claim {
        Some(claim) => {
            Sink::Journal(Journal::open(claim, &header, left.as_ref(), |index| journal::line(&lost(index)))?)
        }
        None if ctx.output.quiet => Sink::Links,
        None => Sink::Lines,
    };
    let (made, unknown) = left.as_ref().map_or((0, 0), |left| (left.made, left.unknown));
    let progress = Progress::new(total, made, unknown, &ctx.output, patience.waits.clone());
    if let Some(left) = &left {
        progress.say(format_args!("going on with {made} of {total} links made"));
        for index in left.in_flight() {
            progress.say(format_args!("{index}: unknown: it was on its way when the last run ended"));
        }
    }
    let mut batch = Batch { ctx, sink, progress, ending, answers: Vec::new(), in_a_row: 0, end: None };
    runtime::run_unstopped(batch.work(&reading, &client, &patience, left.as_ref(), total))?;
    batch.finish(total)
}

/// A connection whose waits become part of the progress.
fn connect(ctx: &Context<'_>, patience: &Patience) -> Result<Connection, Failure> {
    let Connection { client, bot_id } = ctx.connect()?;
    let patience = patience.clone();
    let client = client.on_wait(Arc::new(move |_, wait| patience.tell(wait)));
    Ok(Connection { client, bot_id })
}

/// Who is told that Telegram asked to wait, and who says that it is in vain.
#[derive(Clone)]
struct Patience {
    waits: Waits,
    output: Output,
    ended: watch::Receiver<bool>,
}

impl Patience {
    fn tell(&self, wait: Duration) {
        if self.waits.note(wait) {
            self.output.note(format_args!("Telegram asked to wait {} s", whole_seconds(wait)));
        }
    }

    /// Waits; tells whether the batch is still on.
    async fn wait(&self, wait: Duration) -> bool {
        self.tell(wait);
        let mut ended = self.ended.clone();
        tokio::select! {
            () = sleep(wait) => true,
            _ = ended.wait_for(|ended| *ended) => false,
        }
    }
}

fn other_batch(job: &Job) -> Failure {
    let journal = job.out.as_deref().map(journal::journal).unwrap_or_default();
    let rule = format!(
        "`{}` was begun with another input, other options, another chat or another bot; nothing was sent",
        journal.display()
    );
    Usage::new("`--out`", rule, "the same command as before, or another `--out`").into()
}

/// The answer for a call that was in flight when its process ended.
fn lost(index: u64) -> Failed {
    let failure = Failure::telegram("make the link".into(), Error::new(Kind::OutcomeUnknown));
    Failed { index, error: failure.as_json() }
}

/// Where answers go.
enum Sink {
    Journal(Journal),
    /// To stdout, as JSON lines.
    Lines,
    /// To stdout, only the links.
    Links,
}

/// A batch on its way.
struct Batch<'a> {
    ctx: &'a Context<'a>,
    sink: Sink,
    progress: Progress,
    /// Lines that are not written yet.
    answers: Vec<u8>,
    in_a_row: u32,
    /// Tells those who wait that they wait in vain.
    ending: watch::Sender<bool>,
    /// Why nothing more is handed out.
    end: Option<Failure>,
}

impl Batch<'_> {
    async fn work(
        &mut self,
        reading: &Reading<'_>,
        client: &Client,
        patience: &Patience,
        left: Option<&Left>,
        total: u64,
    ) -> Result<(), Failure> {
        let concurrency = reading.job.concurrency;
        // A file that grew since it was checked ends where it ended then.
        let mut lines = (0..total)
            .zip(reading.terms()?)
            .filter(|(index, _)| !left.is_some_and(|left| left.settled.has(*index)));
        let mut flying = FuturesUnordered::new();
        let mut next = Vec::with_capacity(concurrency);
        let mut ticks = interval(self.progress.interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopping = std::pin::pin!(stopped());
        loop {
            while self.end.is_none() && flying.len() + next.len() < concurrency {
                let Some((index, terms)) = lines.next() else { break };
                if let Sink::Journal(journal) = &mut self.sink {
                    journal.announce(index);
                }
                next.push((index, terms?));
            }
            // The announcement is out before the call is.
            self.write()?;
            let chat = &reading.job.chat;
            flying.extend(next.drain(..).map(|(index, terms)| make(client, chat, index, terms, patience)));
            tokio::select! {
                biased;
                stop = &mut stopping => {
                    // The first signal asks: what is in flight may still land. The second is not waited for.
                    if self.end.is_some() {
                        return Ok(());
                    }
                    self.progress.say("stopping; waiting for the calls that are on their way");
                    self.end_with(Failure::Stopped(stop));
                    stopping.set(stopped());
                }
                answer = flying.next() => match answer {
                    Some((index, answer)) => {
                        self.take(index, answer);
                        while let Some(Some((index, answer))) = flying.next().now_or_never() {
                            self.take(index, answer);
                        }
                    }
                    None => return self.write(),
                },
                _ = ticks.tick() => self.progress.show(),
            }
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Journal(journal) => journal.append(&self.answers)?,
            Sink::Lines | Sink::Links if self.answers.is_empty() => {}
            Sink::Lines | Sink::Links => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&self.answers).and_then(|()| stdout.flush())?;
            }
        }
        self.answers.clear();
        Ok(())
    }

    fn take(&mut self, index: u64, answer: links::Result<Link>) {
        let error = match answer {
            Ok(link) => {
                self.in_a_row = 0;
                self.progress.made += 1;
                match self.sink {
                    Sink::Links => {
                        self.answers.extend_from_slice(link.url.as_str().as_bytes());
                        self.answers.push(b'\n');
                    }
                    _ => journal::put_made(index, &ShownLink::new(link), &mut self.answers),
                }
                return;
            }
            Err(error) => error,
        };
        self.in_a_row += 1;
        let is_for_all = fails_all(error.kind());
        let failure = Failure::telegram(format!("make link {index}"), error);
        let (code, _) = failure.class();
        match code {
            UNKNOWN => self.progress.unknown += 1,
            _ => self.progress.failed += 1,
        }
        self.progress.say(format_args!("{index}: {}", chain(&failure).join(": ")));
        let answer = Failed { index, error: failure.as_json() };
        match &mut self.sink {
            Sink::Links => {}
            Sink::Journal(journal) if code != UNKNOWN => journal.note(&answer),
            Sink::Journal(_) | Sink::Lines => journal::put(&answer, &mut self.answers),
        }
        if matches!(self.sink, Sink::Journal(_)) && self.ctx.output.is_for_programs() {
            // The file has it too, but a program that started us reads stdout.
            let _ = self.ctx.output.json(&answer);
        }
        if self.end.is_none() && (is_for_all || self.in_a_row >= MOST_FAILURES_IN_A_ROW) {
            self.end_with(failure);
        }
    }

    /// Hands nothing more out.
    fn end_with(&mut self, why: Failure) {
        self.end = Some(why);
        self.ending.send_replace(true);
    }

    /// Puts the answers into place, unless there is more to do.
    fn finish(self, total: u64) -> Result<(), Failure> {
        self.progress.clear();
        let (failed, unknown) = (self.progress.failed, self.progress.unknown);
        let out = match &self.sink {
            Sink::Journal(_) => self.ctx.output.format,
            _ => Format::Words,
        };
        if let Some(end) = self.end {
            if let Sink::Journal(journal) = self.sink {
                journal.stop()?;
                self.progress.say(format_args!("{}; run the same again to go on", self.progress.summary()));
            } else {
                self.progress.say(self.progress.summary());
            }
            return Err(end);
        }
        if let Sink::Journal(journal) = self.sink {
            if failed > 0 { journal.finish_with_failures()? } else { journal.finish()? }
        }
        self.progress.say(self.progress.summary());
        if failed > 0 && !self.ctx.output.quiet {
            self.progress.say("run the same again to make what failed");
        }
        if matches!(out, Format::Json | Format::Ndjson) {
            let made = self.progress.made;
            let summary =
                serde_json::json!({ "total": total, "made": made, "failed": failed, "unknown": unknown });
            self.ctx.output.json(&summary)?;
        }
        match failed + unknown {
            0 => Ok(()),
            failed => Err(Failure::SomeFailed { failed, total }),
        }
    }
}

/// One link. A wait that is longer than a call may take is waited for here: nothing was made, and there is time.
async fn make(
    client: &Client,
    chat: &Chat,
    index: u64,
    terms: Terms,
    patience: &Patience,
) -> (u64, links::Result<Link>) {
    loop {
        match client.create(chat, &terms).await {
            Err(error) => match error.retry_after_seconds() {
                Some(seconds) if Box::pin(patience.wait(Duration::from_secs(seconds.into()))).await => {}
                _ => return (index, Err(error)),
            },
            made => return (index, made),
        }
    }
}

/// Whether all other calls would fail the same way that go to the same chat by the same road.
pub(crate) fn fails_all(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::TokenDead
            | Kind::SessionOver
            | Kind::ChatNotFound
            | Kind::BotNotInChat
            | Kind::MissingRight(_)
            | Kind::WrongKindOfChat
            | Kind::ChatMoved { .. }
            | Kind::Unreachable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_whole_batch_shares_ends_it() {
        assert!(fails_all(&Kind::TokenDead));
        assert!(fails_all(&Kind::SessionOver));
        assert!(fails_all(&Kind::Unreachable));
        assert!(!fails_all(&Kind::OutcomeUnknown));
        assert!(!fails_all(&Kind::BrokenAnswer));
    }
}
