//! What was answered survives `kill -9`, and no link is given twice.
//!
//! The one who is killed is this program itself, started to do nothing but answer.

use crate::databases::Database;
use crate::world::*;
use admit_store::{GateState, Granted, Store};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PLACE: &str = "ADMIT_TEST_PLACE";
const FIRST: &str = "ADMIT_TEST_FIRST";
const ROUNDS: u64 = 8;
const LINKS: u64 = 4000;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    survives(&Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    survives(&Database::postgres()).await;
}

async fn survives(database: &Database) {
    let store = database.open().await;
    let gate = open_gate(&store, json!({})).await;
    let number = AtomicU64::new(0);
    let makers = (0..64).map(|_| async {
        loop {
            match number.fetch_add(1, Ordering::Relaxed) {
                LINKS.. => return,
                number => drop(make(&store, &gate, number).await),
            }
        }
    });
    futures_util::future::join_all(makers).await;
    drop(store);

    let mut answered: HashMap<u64, String> = HashMap::new();
    for round in 0..ROUNDS {
        answered.extend(kill_one(&database.place, round * 1_000_000, Duration::from_millis(40 + 35 * round)));
    }
    assert!(answered.len() > 100, "only {} were answered before they were killed", answered.len());

    let store = database.open().await;
    let mut links = HashSet::new();
    for (who, link) in &answered {
        let holding =
            store.holding(gate.id, visitor(*who)).await.unwrap().expect("what was answered is there");
        let shown = holding.entries[0].link.as_ref().map(|link| link.as_str().to_owned());
        assert_eq!(shown.as_ref(), Some(link), "visitor {who}");
        assert!(links.insert(link), "{link} was given twice");
    }
    let passes = store.passes(Some(gate.id), None, 1_000_000).await.unwrap();
    let issued = store.latest(&gate.gate.slug).await.unwrap().unwrap().issued;
    let stock = store.stock(gate.id, chat(), bot(), NOW, 1_000_000).await.unwrap();
    assert_eq!(passes.len() as u32, issued);
    // A fast machine gives all of them, and then places in the queue.
    let given = passes.iter().filter(|pass| !pass.waits()).count();
    assert_eq!(given as u32, LINKS as u32 - stock.free);
}

/// Starts one that answers and says what it answered, and kills it in the middle of that.
fn kill_one(place: &str, first: u64, after: Duration) -> Vec<(u64, String)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::answers_until_it_is_killed", "--ignored", "--nocapture"])
        .env(PLACE, place)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    let mut keep = |line: String| {
        if let Some((who, link)) = line.strip_prefix("answered ").and_then(|rest| rest.split_once(' ')) {
            answered.push((who.parse().unwrap(), link.to_owned()));
        }
    };
    // Time runs from its first answer; before, it is only starting.
    for line in lines.by_ref() {
        let line = line.unwrap();
        let begun = line.starts_with("answered");
        keep(line);
        if begun {
            break;
        }
    }
    let killer = std::thread::spawn(move || {
        std::thread::sleep(after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    // What was said before the end counts, but for a line that was cut off.
    let mut last = None;
    for line in lines.map_while(Result::ok) {
        if let Some(whole) = last.replace(line) {
            keep(whole);
        }
    }
    killer.join().unwrap();
    answered
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "is started by the others, to be killed"]
async fn answers_until_it_is_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let store = Store::open(&place, crate::databases::keys()).await.unwrap();
    let slug = "night-owls".parse().unwrap();
    let gate = store.gate(&slug).await.unwrap().unwrap();
    assert_eq!(gate.state, GateState::Open);
    let answers = (0..16).map(|task| {
        let (store, gate) = (store.clone(), gate.clone());
        tokio::spawn(async move {
            for who in (0..).map(|turn| first + turn * 16 + task) {
                let granted = store.grant(&gate, visitor(who), NOW).await.unwrap();
                let Granted::Granted { pass, .. } = granted else { panic!("{granted:?}") };
                let holding = store.pass(pass).await.unwrap().unwrap();
                let Some(link) = &holding.entries[0].link else { return };
                let line = format!("answered {who} {link}\n");
                std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
            }
        })
    });
    for answer in answers.collect::<Vec<_>>() {
        answer.await.unwrap();
    }
}
