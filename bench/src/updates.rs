//! Join updates taken in: what the service remembers of somebody who came by a link of ours, beside a bare session that
//! writes the same rows in the same groups and looks at nothing.

use crate::admit;
use crate::claimer::{CHAT, Claimer};
use crate::measure::medians;
use crate::pool;
use crate::report::{Bar, Report};
use gate::Code;
use links::{ChatId, LinkHash, UserId};
use rusqlite::{Connection, ToSql, TransactionBehavior};
use std::path::Path;
use std::time::Instant;
use store::{By, Effect, Outcome, Update};

/// As many as Telegram hands out at once. They share a commit.
const TOGETHER: usize = 100;
const UPDATES: usize = 5000;
const ROUNDS: usize = 11;
const PASSES: usize = (ROUNDS + 1) * UPDATES;
/// Passes are claimed by so many at once, before anything is measured.
const CLAIMERS: usize = 1000;

pub(crate) fn run(report: &mut Report) {
    let folder = admit::folder();
    let file = |name: &str| folder.path().join(name);
    let open = |name: &str| {
        let mut claimer = Claimer::on_sqlite(&file(name), PASSES);
        claimer.claim(PASSES, CLAIMERS);
        claimer
    };
    drop(open("bare.db"));
    let mut bare = Bare::open(&file("bare.db"));
    let ours = open("ours.db");
    let rounds: Vec<(f64, f64)> = (0..=ROUNDS)
        .map(|round| {
            let updates = round * UPDATES..(round + 1) * UPDATES;
            let per_second = |began: Instant| UPDATES as f64 / began.elapsed().as_secs_f64();
            let began = Instant::now();
            updates.clone().step_by(TOGETHER).for_each(|from| bare.take_in(from));
            let floor = per_second(began);
            let groups: Vec<Vec<Update>> = updates.step_by(TOGETHER).map(group).collect();
            let began = Instant::now();
            groups.into_iter().for_each(|group| take_in(&ours, group));
            (floor, per_second(began))
        })
        .collect();
    // The first found its caches cold.
    let rounds = &rounds[1..];
    report.row(format_args!(
        "updates: joins taken in on SQLite, {TOGETHER} in a commit, medians of {ROUNDS} rounds of {UPDATES}"
    ));
    report.ratio("beside bare inserts", medians(rounds.iter().copied()), "/s", Bar::AtLeast(0.5));
}

/// Somebody else came by each of these links.
fn group(from: usize) -> Vec<Update> {
    let (chat, at) = (ChatId::new(CHAT).expect("it is that of a chat"), pool::now());
    let update = |number: usize| {
        let marker = Code::new(pool::spread(number as u64));
        let hash = LinkHash::new(&format!("B{marker}")).expect("letters and digits are a hash");
        let by = By { marker: Some(marker), link: Some((hash.url(), hash)), ..By::default() };
        let effect = Effect::Joined { chat, person: person(number), at, by };
        Update { id: number as i64, received_at: at, effect, errand: None }
    };
    (from..from + TOGETHER).map(update).collect()
}

fn person(number: usize) -> UserId {
    UserId::new(1000 + number as i64).expect("it is above nothing")
}

fn take_in(ours: &Claimer, group: Vec<Update>) {
    let outcomes = ours.runtime.block_on(ours.store.take_in(ours.gate.bot, group));
    let outcomes = outcomes.expect("the store writes");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Entered { .. })), "{outcomes:?}");
}

struct Bare {
    db: Connection,
    bot: i64,
}

impl Bare {
    /// At a file of ours.
    fn open(path: &Path) -> Self {
        let db = Connection::open(path).expect("it was made a moment ago");
        db.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;")
            .expect("SQLite knows these");
        let bot = db.query_row("select bot from gates", [], |row| row.get(0)).expect("it has a gate");
        Self { db, bot }
    }

    fn take_in(&mut self, from: usize) {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate);
        let tx = tx.expect("nobody else writes");
        let run = |text: &str, values: &[&dyn ToSql]| {
            tx.prepare_cached(text).and_then(|mut each| each.execute(values)).expect("it is our schema");
        };
        for number in from..from + TOGETHER {
            // Links have the order of their passes.
            let (update, link, person) = (number as i64, number as i64 + 1, person(number).get());
            run(
                "insert into inbox (bot, update_id, received_at) values ($1, $2, 1790000000)",
                &[&self.bot, &update],
            );
            run(
                "insert into sightings (chat, person, at, update_id, what, link, pass)
                 values ($1, $2, 1790000000, $3, 'joined', $4, $4)",
                &[&CHAT, &person, &update, &link],
            );
            run(
                "update links set used_at = 1790000000, used_by = $1, used_update = $2, revoke_wanted_at = 1790000000
                 where id = $3",
                &[&person, &update, &link],
            );
            run(
                "update entries set state = 'used', used_at = 1790000000, used_by = $1
                 where pass = $2 and chat = $3",
                &[&person, &link, &CHAT],
            );
        }
        tx.commit().expect("the disk takes it");
    }
}
