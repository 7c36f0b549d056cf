//! The floor of claims: a thread that writes the rows of a pass in shared commits, and looks at nothing.

use crate::measure;
use crate::pool::{self, spread};
use gate::Code;
use rusqlite::{Connection, ToSql, TransactionBehavior};
use std::path::Path;
use std::time::Instant;
use store::Store;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

const CHAT: i64 = -1_001_234_567_890;
/// So many claims share a commit at most, as in the store.
const TOGETHER: usize = 256;

type Claim = (u64, oneshot::Sender<()>);

pub(crate) struct Bare {
    queue: mpsc::Sender<Claim>,
    runtime: Runtime,
    claimed: u64,
}

impl Bare {
    /// With a schema like ours, and so many links.
    pub(crate) fn open(path: &Path, links: usize) -> Self {
        let runtime = measure::runtime();
        let place = path.display().to_string();
        drop(runtime.block_on(Store::open(&place, pool::keys())).expect("a new database opens"));
        let mut db = Connection::open(path).expect("it was made a moment ago");
        db.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;")
            .expect("SQLite knows these");
        let gate = fill(&mut db, links);
        let (queue, waiting) = mpsc::channel(4096);
        std::thread::spawn(move || write(db, gate, waiting));
        Self { queue, runtime, claimed: 0 }
    }

    /// Claims so many by so many at once; answers how many that is a second.
    pub(crate) fn claim(&mut self, claims: usize, at_once: usize) -> f64 {
        let began = Instant::now();
        let from = self.claimed;
        self.claimed += claims as u64;
        let claiming = (0..at_once).map(|place| {
            let queue = &self.queue;
            async move {
                for number in (place..claims).step_by(at_once) {
                    let (answer, waiting) = oneshot::channel();
                    queue.send((from + number as u64, answer)).await.expect("the writer waits");
                    waiting.await.expect("the writer answers");
                }
            }
        });
        self.runtime.block_on(futures_util::future::join_all(claiming));
        claims as f64 / began.elapsed().as_secs_f64()
    }
}

fn fill(db: &mut Connection, links: usize) -> i64 {
    const GATE: &str = "
        insert into gates (slug, state, bot, definition, revision, quota, created_at, changed_at)
        values ('bare', 'open', 700, x'00', 1, 100000000, 1, 1)";
    const LINK: &str = "
        insert into links (gate, chat, bot, marker, fence, state, url, hash, expires_at, intended_at)
        values ($1, $2, 700, $3, 1, 'free', $4, $5, 2000000000, 1)";
    let filling = db.transaction().expect("nobody else writes");
    filling.execute(GATE, []).expect("it is our schema");
    let gate = filling.last_insert_rowid();
    for number in 0..links as u64 {
        let chance = spread(number);
        let marker = Code::new(chance).to_string();
        let mut link = filling.prepare_cached(LINK).expect("it is our schema");
        let row: [&dyn ToSql; 5] = [&gate, &CHAT, &marker, &[9u8; 96], &[chance, chance].concat()];
        link.execute(&row[..]).expect("it is our schema");
    }
    filling.commit().expect("nobody else writes");
    gate
}

fn write(mut db: Connection, gate: i64, mut waiting: mpsc::Receiver<Claim>) {
    let mut claims = Vec::new();
    let mut link = 0i64;
    while waiting.blocking_recv_many(&mut claims, TOGETHER) > 0 {
        let tx = db.transaction_with_behavior(TransactionBehavior::Immediate).expect("nobody else writes");
        for (who, _) in &claims {
            link += 1;
            let run = |text: &str, values: &[&dyn ToSql]| {
                tx.prepare_cached(text).and_then(|mut each| each.execute(values)).expect("it is our schema");
            };
            run("update gates set issued = issued + 1 where id = $1", &[&gate]);
            run("insert into passes (gate, visitor, granted_at) values ($1, $2, 1)", &[&gate, &spread(*who)]);
            let pass = tx.last_insert_rowid();
            run(
                "update links set state = 'given', pass = $1, generation = 1, given_at = 1 where id = $2",
                &[&pass, &link],
            );
            run(
                "insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
                 values ($1, $2, $3, 1, 'issued', $4, 1, 1, 2000000000)",
                &[&pass, &CHAT, &gate, &link],
            );
        }
        tx.commit().expect("the disk takes it");
        for (_, answer) in claims.drain(..) {
            // Whoever asked may be gone.
            let _ = answer.send(());
        }
    }
}
