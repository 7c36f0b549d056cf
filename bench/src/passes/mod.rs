//! Right answers that become shown links: over HTTP and durable, beside the same stack answering constants, and beside
//! a bare thread that writes the same rows in shared commits.

mod bare;
pub(crate) mod pages;

use self::bare::Bare;
use crate::admit::Admit;
use crate::fans::{Answered, Fans};
use crate::house::House;
use crate::measure::{self, medians};
use crate::report::{Bar, Report};

/// So many fans at once.
const FANS: usize = 64;
/// So many answers in a round.
const ANSWERS: usize = 3200;
const ROUNDS: usize = 11;
/// What the service may hold and take when nobody has come yet.
const IDLE_MB: f64 = 40.0;
const READY_MS: f64 = 300.0;
const MB: f64 = 1e6;

/// A round of each.
struct Round {
    constant: Answered,
    /// Claims a second.
    bare: f64,
    ours: Answered,
}

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let runtime = measure::runtime();
    // Nothing is made while it is measured: the pool lasts, and is not filled up.
    let links = (ROUNDS + 1) * ANSWERS + 1;
    let house = House::open(&admit, "data", links as u64, 0);
    let idle = measure::memory(house.service.id(), "VmRSS");
    let mut fans = runtime.block_on(Fans::come(house.at, FANS));
    let constant = pages::start(admit.directory.path(), &runtime.block_on(fans.one_by_hand()));
    let mut others = runtime.block_on(Fans::come(constant.at(), FANS));
    let mut bare = Bare::open(&admit.directory.path().join("bare.db"), (ROUNDS + 1) * ANSWERS);

    let mut rounds: Vec<Round> = (0..=ROUNDS)
        .map(|_| {
            let constant = runtime.block_on(others.answer(ANSWERS, constant.id()));
            let bare = bare.claim(ANSWERS, FANS);
            let ours = runtime.block_on(fans.answer(ANSWERS, house.service.id()));
            Round { constant, bare, ours }
        })
        .collect();
    // The first found its caches cold.
    rounds.remove(0);

    report.row(format_args!(
        "passes: right answers to shown links, {FANS} at once, medians of {ROUNDS} rounds of {ANSWERS}"
    ));
    let beside_constant =
        medians(rounds.iter().map(|round| (round.constant.per_second, round.ours.per_second)));
    report.ratio("beside constants", beside_constant, "/s", Bar::AtLeast(0.25));
    let beside_bare = medians(rounds.iter().map(|round| (round.bare, round.ours.per_second)));
    report.ratio("beside bare commits", beside_bare, "/s", Bar::AtLeast(0.5));
    let p99 = measure::median(rounds.iter().map(|round| round.ours.p99).collect());
    report.size("one in a hundred waits longer", p99, "ms", Bar::AtMost(25.0));
    let (floor, ours, ratio) = medians(rounds.iter().map(|round| (round.constant.micros, round.ours.micros)));
    report.aside(format_args!(
        "CPU of an answer: {floor:.0} us of constants, {ours:.0} us of ours, ratio {ratio:.2}"
    ));
    match idle {
        Some(idle) => report.size("held before anybody came", idle / MB, "MB", Bar::AtMost(IDLE_MB)),
        None => report.aside("memory: not told by this system"),
    }
    report.size("from start to ready", house.ready_after * 1000.0, "ms", Bar::AtMost(READY_MS));
}
