//! Claims as the service makes them, without the service: [`Store::grant`] for one visitor after the other.

use crate::pool;
use crate::postgres::Database;
use links::{ChatId, UserId};
use rusqlite::types::ValueRef;
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;
use store::{Granted, SavedGate, Store};
use tokio::runtime::Runtime;

const BOT: i64 = 700;
pub(crate) const CHAT: i64 = -1_001_234_567_890;

/// Who claims at a gate with a pool that lasts.
pub(crate) struct Claimer {
    pub(crate) store: Store,
    pub(crate) gate: SavedGate,
    pub(crate) runtime: Runtime,
    claimed: u64,
}

/// How a round of claims went.
pub(crate) struct Claimed {
    pub(crate) per_second: f64,
    /// What each took, in milliseconds, from the quickest on.
    pub(crate) waits: Vec<f64>,
}

impl Claimer {
    /// At a new file, with a pool of so many links.
    pub(crate) fn on_sqlite(path: &Path, links: usize) -> Self {
        let claimer = Self::at(&path.display().to_string());
        claimer.runtime.block_on(pool::fill(&claimer.store, &claimer.gate, links as u64));
        claimer
    }

    /// At a new database, with a pool of so many links.
    pub(crate) fn on_postgres(database: &Database<'_>, links: usize) -> Self {
        let claimer = Self::at(&database.url());
        database.run(&copy_of_a_pool(links));
        claimer
    }

    fn at(place: &str) -> Self {
        let runtime = Runtime::new().expect("a runtime needs nothing but threads");
        let store = runtime.block_on(Store::open(place, pool::keys())).expect("a new database opens");
        let bot = UserId::new(BOT).expect("it is that of a bot");
        let chat = ChatId::new(CHAT).expect("it is that of a chat");
        let gate = runtime.block_on(pool::open_gate(&store, bot, chat, 0));
        Self { store, gate, runtime, claimed: 0 }
    }

    /// Claims so many by so many at once.
    pub(crate) fn claim(&mut self, claims: usize, at_once: usize) -> Claimed {
        let began = Instant::now();
        let from = self.claimed;
        self.claimed += claims as u64;
        let claiming = (0..at_once).map(|place| {
            let (store, gate) = (&self.store, &self.gate);
            async move {
                let mut waits = Vec::with_capacity(claims / at_once + 1);
                for number in (place..claims).step_by(at_once) {
                    let (asked, visitor) = (Instant::now(), pool::visitor(from + number as u64));
                    let granted = store.grant(gate, visitor, pool::now()).await.expect("the store writes");
                    waits.push(asked.elapsed().as_secs_f64() * 1000.0);
                    let Granted::Granted { entries, .. } = granted else { panic!("it was {granted:?}") };
                    assert!(entries[0].link.is_some(), "the pool lasts");
                }
                waits
            }
        });
        let mut waits = self.runtime.block_on(futures_util::future::join_all(claiming)).concat();
        let per_second = claims as f64 / began.elapsed().as_secs_f64();
        waits.sort_by(f64::total_cmp);
        Claimed { per_second, waits }
    }
}

impl Claimed {
    /// What so many in a hundred did not take longer than.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.waits[(self.waits.len() - 1) * percent / 100]
    }
}

/// A script that writes the links of a pool. It is made on SQLite, where that is quick; the rows are the same.
fn copy_of_a_pool(links: usize) -> String {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    let place = folder.path().join("pool.db");
    drop(Claimer::on_sqlite(&place, links));
    let columns = "gate, chat, bot, marker, fence, state, url, hash, expires_at, intended_at, made_at";
    let mut script = format!("copy links ({columns}) from stdin;\n");
    let db = rusqlite::Connection::open(&place).expect("it was made a moment ago");
    let mut select =
        db.prepare(&format!("select {columns} from links order by id")).expect("it is our schema");
    let mut rows = select.query([]).expect("it is our schema");
    while let Some(row) = rows.next().expect("the disk is read") {
        for column in 0..columns.split(',').count() {
            let separator = if column == 0 { "" } else { "\t" };
            // Writing to a text cannot fail.
            let _ = match row.get_ref(column).expect("it is one of the columns") {
                ValueRef::Null => write!(script, "{separator}\\N"),
                ValueRef::Integer(number) => write!(script, "{separator}{number}"),
                ValueRef::Real(number) => write!(script, "{separator}{number}"),
                ValueRef::Text(text) => write!(script, "{separator}{}", String::from_utf8_lossy(text)),
                ValueRef::Blob(bytes) => {
                    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    write!(script, "{separator}\\\\x{hex}")
                }
            };
        }
        script.push('\n');
    }
    script.push_str("\\.\nvacuum analyze links;\ncheckpoint;\n");
    script
}
