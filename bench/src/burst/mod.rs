//! A thousand fans in one second, at a Telegram that is slow and makes few links: who is shown what, and when; beside
//! asking Telegram for each of them.

mod fan;
mod naive;

use self::fan::{Fan, Shown};
use crate::admit::Admit;
use crate::house::House;
use crate::measure;
use crate::report::{Bar, Report};
use crate::sandbox::{Call, Sandbox};
use futures_util::future::join_all;
use std::time::Duration;
use telegram::bot_api::methods::{CreateChatInviteLink, Method};
use tokio::time::{Instant, sleep_until};

const FANS: u32 = 1000;
/// In which they all come.
const BURST: Duration = Duration::from_secs(1);
/// What a fan may wait.
const WAIT_MS: f64 = 2000.0;
/// Of Telegram's answers.
const LATENCY_MS: u32 = 150;
/// So many links are made in a minute; whoever asks for another is told to wait one.
const LINKS: u32 = 20;
const RETRY_AFTER_SECONDS: u32 = 60;
/// How long it is watched whether Telegram is asked again.
const WATCHED: Duration = Duration::from_secs(10);

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let runtime = measure::runtime();
    for pool in [FANS, FANS / 5] {
        let house = House::open(&admit, &format!("pool-of-{pool}"), pool.into(), pool);
        let burst = runtime.block_on(burst(&house));
        tell(report, pool, &burst);
    }
    let naive = runtime.block_on(naive::burst(&Sandbox::start(&admit)));
    report.row(format_args!("burst, the naive way: Telegram is asked for each of the {FANS}"));
    report.aside(format_args!("{} were shown their link within 2 s", naive.shown));
    report.aside(format_args!("{} calls were refused", naive.refused));
}

/// The little that Telegram does in its slow minute.
async fn slow_minute(sandbox: &Sandbox) {
    sandbox.stage(CreateChatInviteLink::NAME, "latency", LATENCY_MS, LINKS).await;
    sandbox.stage(CreateChatInviteLink::NAME, "429", RETRY_AFTER_SECONDS, u32::MAX).await;
    sandbox.stage("*", "latency", LATENCY_MS, u32::MAX).await;
}

/// Does something for each fan, at the moment when they come.
async fn each_fan<T>(did: impl AsyncFn(u32) -> T) -> Vec<T> {
    let began = Instant::now();
    let did = &did;
    join_all((0..FANS).map(async |number| {
        sleep_until(began + BURST * number / FANS).await;
        did(number).await
    }))
    .await
}

/// What was seen of a burst.
struct Burst {
    fans: Vec<Fan>,
    /// Where those in the queue stand at the end, in the order of `fans`.
    places_later: Vec<Option<u32>>,
    too_early: usize,
    refused: usize,
}

async fn burst(house: &House) -> Burst {
    slow_minute(&house.sandbox).await;
    let began = Instant::now();
    let mut fans = each_fan(async |_| Fan::comes(house.at).await).await;
    sleep_until(began + WATCHED).await;
    let mut places_later = Vec::new();
    for fan in &mut fans {
        places_later.push(fan.looks_again().await);
    }
    let calls = house.sandbox.calls(CreateChatInviteLink::NAME).await;
    Burst { fans, places_later, too_early: too_early(&calls), refused: refused(&calls).count() }
}

/// Calls after Telegram had said to wait. Those of the same second were on their way already; the service has as many
/// on their way as it asks for at once.
fn too_early(calls: &[Call]) -> usize {
    let Some(first) = refused(calls).next().map(|call| call.at) else { return 0 };
    let waits = first + 2..first + i64::from(RETRY_AFTER_SECONDS);
    calls.iter().filter(|call| waits.contains(&call.at)).count()
}

/// Calls that were told to wait.
fn refused(calls: &[Call]) -> impl Iterator<Item = &Call> {
    calls.iter().filter(|call| call.error.as_ref().is_some_and(|error| error.contains("Too Many")))
}

fn tell(report: &mut Report, pool: u32, burst: &Burst) {
    report.row(format_args!(
        "burst: {FANS} fans in a second, a pool of {pool}, Telegram at {LATENCY_MS} ms and {LINKS} links a minute"
    ));
    let shown = burst.fans.iter().filter(|fan| matches!(fan.shown, Shown::Link)).count();
    report.size("were shown their link", shown as f64, "fans", Bar::AtLeast(pool.into()));
    let longest = burst.fans.iter().map(|fan| fan.waited_ms).fold(0.0, f64::max);
    report.size("the longest wait for link or place", longest, "ms", Bar::AtMost(WAIT_MS));
    let untrue = untrue_places(burst);
    report.size("places that were not true", untrue as f64, "", Bar::AtMost(0.0));
    report.size("calls before the time to wait ended", burst.too_early as f64, "", Bar::AtMost(0.0));
    report.aside(format_args!("{} calls were refused, on their way at once", burst.refused));
}

/// At the end of the burst the places are 1, 2, 3 and so on, each once. While it lasted, whoever stood there was at
/// most so many places further back as links were made since.
fn untrue_places(burst: &Burst) -> usize {
    let mut at_the_end: Vec<u32> = burst.places_later.iter().copied().flatten().collect();
    at_the_end.sort_unstable();
    let out_of_order = (1..).zip(&at_the_end).filter(|(place, seen)| place != *seen).count();
    let moved = |(fan, later): (&Fan, &Option<u32>)| match (&fan.shown, later) {
        (Shown::Place(place), Some(later)) => !(*later..=later + LINKS).contains(place),
        (Shown::Place(place), None) => *place > LINKS,
        (Shown::Link, later) => later.is_some(),
    };
    out_of_order + burst.fans.iter().zip(&burst.places_later).filter(|seen| moved(*seen)).count()
}
