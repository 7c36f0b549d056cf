//! Claims on PostgreSQL: passes with a link from the pool, beside the textbook's way to take a row from a queue, and
//! beside one session that writes the rows of many claims with one statement and looks at nothing.

mod floors;

use self::floors::First;
use crate::claimer::Claimer;
use crate::measure::medians;
use crate::postgres::Postgres;
use crate::report::{Bar, Report};

/// So many claims at once; the bare session writes as many with one statement.
const AT_ONCE: usize = 64;
/// So many claims in a round.
const CLAIMS: usize = 9600;
/// The textbook's are fewer, because they take longer.
const TEXTBOOK_CLAIMS: usize = 1600;
const TEXTBOOK_CONNECTIONS: usize = 16;
const ROUNDS: usize = 7;

/// A round of each, in claims a second.
struct Round {
    textbook: f64,
    /// The textbook with our index.
    helped: f64,
    bare: f64,
    ours: f64,
}

pub(crate) fn run(report: &mut Report) {
    let server = Postgres::start();
    let (textbook, helped) = (server.database("textbook"), server.database("helped"));
    let (bare, ours) = (server.database("bare"), server.database("ours"));
    floors::fill(&textbook, (ROUNDS + 1) * TEXTBOOK_CLAIMS);
    floors::fill(&helped, (ROUNDS + 1) * TEXTBOOK_CLAIMS);
    floors::fill(&bare, (ROUNDS + 1) * CLAIMS);
    let mut ours = Claimer::on_postgres(&ours, (ROUNDS + 1) * CLAIMS);
    let by_textbook =
        |database, first| floors::textbook(database, first, TEXTBOOK_CLAIMS, TEXTBOOK_CONNECTIONS);
    let rounds: Vec<Round> = (0..=ROUNDS)
        .map(|number| Round {
            textbook: by_textbook(&textbook, First::Number),
            helped: by_textbook(&helped, First::End),
            bare: floors::bare(&bare, CLAIMS, AT_ONCE, number * CLAIMS),
            ours: ours.claim(CLAIMS, AT_ONCE).per_second,
        })
        .collect();
    // The first found its caches cold.
    let rounds = &rounds[1..];

    report.row(format_args!(
        "claims: passes with a link from the pool on PostgreSQL, {AT_ONCE} at once, medians of {ROUNDS} rounds of {CLAIMS}"
    ));
    let beside_textbook = medians(rounds.iter().map(|round| (round.textbook, round.ours)));
    report.ratio("beside the textbook", beside_textbook, "/s", Bar::AtLeast(4.0));
    let (helped, _, ratio) = medians(rounds.iter().map(|round| (round.helped, round.ours)));
    report.aside(format_args!("the textbook with our index: {helped:.0} /s, ratio {ratio:.2}"));
    let beside_bare = medians(rounds.iter().map(|round| (round.bare, round.ours)));
    report.ratio("beside bare batches", beside_bare, "/s", Bar::AtLeast(0.3));
}
