//! Right answers that become shown links: over HTTP and durable, beside the same stack answering constants, and beside
//! a bare thread that writes the same rows in shared commits.

mod bare;
mod fans;
mod house;
pub(crate) mod pages;

use self::bare::Bare;
use self::fans::Fans;
use self::house::House;
use crate::admit::Admit;
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

/// A round of each, in answers a second, and how long one fan in a hundred waited for a link.
struct Round {
    constant: f64,
    bare: f64,
    ours: f64,
    p99: f64,
}

pub(crate) fn run(report: &mut Report) {
    let admit = Admit::build();
    let runtime = measure::runtime();
    let house = House::open(&admit, (ROUNDS + 1) * ANSWERS + 1);
    let idle = measure::memory(house.service.id(), "VmRSS");
    let mut fans = runtime.block_on(Fans::come(house.at, FANS));
    let constant = pages::start(admit.directory.path(), &runtime.block_on(fans.one_by_hand()));
    let mut others = runtime.block_on(Fans::come(constant.at(), FANS));
    let mut bare = Bare::open(&admit.directory.path().join("bare.db"), (ROUNDS + 1) * ANSWERS);

    let mut rounds: Vec<Round> = (0..=ROUNDS)
        .map(|_| {
            let (constant, _) = runtime.block_on(others.answer(ANSWERS));
            let bare = bare.claim(ANSWERS, FANS);
            let (ours, p99) = runtime.block_on(fans.answer(ANSWERS));
            Round { constant, bare, ours, p99 }
        })
        .collect();
    // The first found its caches cold.
    rounds.remove(0);

    report.row(format_args!(
        "passes: right answers to shown links, {FANS} at once, medians of {ROUNDS} rounds of {ANSWERS}"
    ));
    let beside_constant = medians(rounds.iter().map(|round| (round.constant, round.ours)));
    report.ratio("beside constants", beside_constant, "/s", Bar::AtLeast(0.25));
    let beside_bare = medians(rounds.iter().map(|round| (round.bare, round.ours)));
    report.ratio("beside bare commits", beside_bare, "/s", Bar::AtLeast(0.5));
    let p99 = measure::median(rounds.iter().map(|round| round.p99).collect());
    report.size("one in a hundred waits longer", p99, "ms", Bar::AtMost(25.0));
    match idle {
        Some(idle) => report.size("held before anybody came", idle / MB, "MB", Bar::AtMost(IDLE_MB)),
        None => report.aside("memory: not told by this system"),
    }
    report.size("from start to ready", house.ready_after * 1000.0, "ms", Bar::AtMost(READY_MS));
}
