//! How many right answers a second become passes with links: through the store, and for SQLite beside a bare thread
//! that writes the same rows in shared commits.
//!
//! `cargo run --release -p admit-store --example claims -- store|bare PLACE [TASKS] [SECONDS] [LINKS]`

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods, reason = "it measures")]

use admit_store::{
    Budget, GateId, GateState, Grant, Granted, Intent, Keyring, Marker, NewGate, Store, Visitor,
};
use links::{ChatId, LinkHash, UnixTime, UserId};
use rusqlite::TransactionBehavior::Immediate;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

const NOW: UnixTime = UnixTime::new(1_790_000_000);
const BUDGET: Budget = Budget { per_minute: 60, per_hour: 600 };

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| arguments.get(at).map_or(default, |text| text.parse().unwrap());
    let [tasks, seconds, links] = [number(2, 64), number(3, 5), number(4, 200_000)];
    let place = arguments[1].clone();
    match arguments[0].as_str() {
        "store" => {
            let store = Store::open(&place, Keyring::generate([7; 32])).await.unwrap();
            let gate = fill(&store, links).await;
            measure("store", tasks, seconds, move |who| {
                let store = store.clone();
                async move {
                    matches!(store.grant(answer(gate, who), NOW).await.unwrap(), Granted::Granted { .. })
                }
            })
            .await;
        }
        "bare" => {
            drop(Store::open(&place, Keyring::generate([7; 32])).await.unwrap());
            let queue = bare(&place, links);
            measure("bare", tasks, seconds, move |who| {
                let queue = queue.clone();
                async move {
                    let (answer, waiting) = oneshot::channel();
                    queue.send((who, answer)).await.unwrap();
                    waiting.await.unwrap()
                }
            })
            .await;
        }
        other => panic!("`{other}` is neither `store` nor `bare`"),
    }
}

fn chat() -> ChatId {
    ChatId::new(-1_001_234_567_890).unwrap()
}

fn chance(number: u64) -> [u8; 16] {
    // Spread, as chance is: rows that come in order are cheaper to keep than those that come.
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (spread ^ (spread >> 61)).to_be_bytes()
}

fn answer(gate: GateId, who: u64) -> Grant {
    let visitor = Visitor::new(chance(who));
    Grant { gate, revision: 1, chats: vec![chat()], visitor, alive_until: NOW, most_tries: 5, budget: BUDGET }
}

/// An open gate and a pool, by a thousand makers at once.
async fn fill(store: &Store, links: u64) -> GateId {
    let gate = NewGate {
        slug: format!("gate-{}", std::process::id()),
        bot: UserId::new(700).unwrap(),
        definition: b"{}".to_vec(),
        chats: vec![chat()],
        quota: Some(100_000_000),
        opens_at: None,
        closes_at: None,
    };
    let slug = gate.slug.clone();
    let (gate, _) = store.save_gate(gate, NOW).await.unwrap();
    store.set_gate_state(&slug, GateState::Open, NOW).await.unwrap();
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let makers = (0..1000).map(|_| {
        let (store, next) = (store.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= links {
                    return;
                }
                let number = number + (u64::from(std::process::id()) << 32);
                let marker = Marker::new(chance(number));
                let (bot, expires_at) = (UserId::new(700).unwrap(), UnixTime::new(NOW.get() + 86_400));
                let intent = Intent { gate, chat: chat(), bot, marker, fence: 1, expires_at };
                let link = store.intend(intent, NOW).await.unwrap();
                let hash = LinkHash::new(&format!("H{}", marker.as_str())).unwrap();
                store.made(link, &hash.url(), &hash, NOW).await.unwrap();
            }
        })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.unwrap();
    }
    println!("links made: {:.0}/s", links as f64 / began.elapsed().as_secs_f64());
    gate
}

type Waiting = (u64, oneshot::Sender<bool>);

/// A thread that writes the rows of a claim and looks at nothing.
fn bare(place: &str, links: u64) -> mpsc::Sender<Waiting> {
    let mut db = rusqlite::Connection::open(place).unwrap();
    db.execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;")
        .unwrap();
    db.execute(
        "insert into gates (slug, state, bot, definition, revision, quota, created_at, changed_at)
         values ('bare', 'open', 700, x'00', 1, 100000000, 1, 1)",
        [],
    )
    .unwrap();
    let gate = db.last_insert_rowid();
    let filling = db.transaction().unwrap();
    for number in 0..links {
        let chance = chance(number);
        let marker = Marker::new(chance);
        filling
            .prepare_cached(
                "insert into links (gate, chat, bot, marker, fence, state, url, hash, expires_at, intended_at)
                 values ($1, $2, 700, $3, 1, 'free', $4, $5, 2000000000, 1)",
            )
            .unwrap()
            .execute((gate, chat().get(), marker.as_str(), [9u8; 96], [chance, chance].concat()))
            .unwrap();
    }
    filling.commit().unwrap();
    let (queue, mut waiting) = mpsc::channel::<Waiting>(4096);
    std::thread::spawn(move || {
        let mut jobs = Vec::new();
        let mut link = 0;
        while waiting.blocking_recv_many(&mut jobs, 256) > 0 {
            let tx = db.transaction_with_behavior(Immediate).unwrap();
            for (who, _) in &jobs {
                link += 1;
                let run = |text: &str, values: &[&dyn rusqlite::ToSql]| {
                    tx.prepare_cached(text).unwrap().execute(values).unwrap()
                };
                run("update gates set issued = issued + 1 where id = $1", &[&gate]);
                run(
                    "insert into passes (gate, visitor, granted_at) values ($1, $2, 1)",
                    &[&gate, &chance(*who)],
                );
                let pass = tx.last_insert_rowid();
                run(
                    "update links set state = 'given', pass = $1, generation = 1, given_at = 1 where id = $2",
                    &[&pass, &link],
                );
                run(
                    "insert into entries (pass, chat, gate, generation, state, link, queued_at, issued_at, expires_at)
                     values ($1, $2, $3, 1, 'issued', $4, 1, 1, 2000000000)",
                    &[&pass, &chat().get(), &gate, &link],
                );
            }
            tx.commit().unwrap();
            for (_, answer) in jobs.drain(..) {
                let _ = answer.send(true);
            }
        }
    });
    queue
}

async fn measure<F: Future<Output = bool> + Send>(
    name: &str,
    tasks: u64,
    seconds: u64,
    claim: impl Fn(u64) -> F + Clone + Send + 'static,
) {
    let began = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|task| {
            let claim = claim.clone();
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while began.elapsed() < Duration::from_secs(seconds) {
                    let asked = Instant::now();
                    if !claim((task << 32) + waits.len() as u64).await {
                        break;
                    }
                    waits.push(asked.elapsed().as_secs_f64() * 1000.0);
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await.unwrap());
    }
    let rate = waits.len() as f64 / began.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    println!(
        "{name}: {rate:.0} claims/s, p50 {:.2} ms, p99 {:.2} ms, {} in all",
        at(0.5),
        at(0.99),
        waits.len()
    );
}
