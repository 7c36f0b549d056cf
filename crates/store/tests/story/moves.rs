//! What can become of a pass: the statements move it as the table in `gate::pass` says, and in no other way.

use crate::databases::Database;
use crate::world::*;
use admit_store::{GateState, Granted, PassId, SavedGate, Store};
use fastrand::Rng;
use gate::pass::State;
use serde_json::json;
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_makes_the_moves_of_the_table_and_no_others() {
    let made = wander(&Database::sqlite(), 120).await;
    for to in State::ALL {
        for from in to.comes_from() {
            assert!(made.contains(&(*from, to)), "no history moved from {from} to {to}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_makes_no_other_moves_than_those_of_the_table() {
    wander(&Database::postgres(), 20).await;
}

/// Draws histories from seeds, which a failure prints. Answers which moves there were.
async fn wander(database: &Database, histories: u64) -> HashSet<(State, State)> {
    let store = database.open().await;
    let mut made = HashSet::new();
    for seed in 0..histories {
        let mut history = History::begin(&store, seed).await;
        let mut before = history.stands().await;
        for _ in 0..30 {
            let what = history.go_on().await;
            let after = history.stands().await;
            for (from, to) in way(before, after) {
                assert!(to.comes_from().contains(&from), "seed {seed}: {from} became {to}: {what}");
                made.insert((from, to));
            }
            before = after;
        }
    }
    made
}

/// A state and its generation.
type Stands = (State, u32);

/// The moves from the one to the other. Some are made two at a time.
fn way((before, old): Stands, (after, new): Stands) -> Vec<(State, State)> {
    let mut states = vec![before];
    states.extend((new > old).then_some(State::Granted));
    states.extend((after == State::Left && before != State::Left).then_some(State::Used));
    states.push(after);
    states.dedup();
    states.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// A pass at a gate of its own, and three people who meet nobody else; it may be for the first of them.
struct History<'a> {
    store: &'a Store,
    gate: SavedGate,
    pass: PassId,
    seed: u64,
    /// Numbers of the links that were made.
    links: Vec<u64>,
    updates: i64,
    now: i64,
    rng: Rng,
}

impl<'a> History<'a> {
    async fn begin(store: &'a Store, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let gate = definition(&format!("gate-{seed}"), json!({}));
        store.save_gate(&gate, bot(), "maria", NOW).await.unwrap();
        let draft = store.gate(&gate.slug).await.unwrap().unwrap();
        assert!(store.set_gate_state(&draft, GateState::Open, "maria", NOW).await.unwrap());
        let gate = store.gate(&gate.slug).await.unwrap().unwrap();
        let whose = rng.bool().then(|| person(first_person(seed)));
        let granted = store.grant_by_hand(&gate, visitor(seed), whose, "maria", NOW).await.unwrap();
        let Granted::Granted { pass, .. } = granted else { panic!("{granted:?}") };
        Self { store, gate, pass, seed, links: Vec::new(), updates: 0, now: 0, rng }
    }

    async fn stands(&self) -> Stands {
        let entry = self.store.pass(self.pass).await.unwrap().unwrap().entries.remove(0);
        (entry.state, entry.generation)
    }

    /// Something happens, or is told of late.
    async fn go_on(&mut self) -> &'static str {
        let (store, pass) = (self.store, self.pass);
        self.now += self.rng.i64(1..50);
        let (now, at) = (later(self.now), self.rng.i64(0..=self.now));
        let who = first_person(self.seed) + self.rng.i64(0..3);
        self.updates += 1;
        let id = 1000 * self.seed as i64 + self.updates;
        match self.rng.u32(0..21) {
            0..=4 => {
                let number = 1000 * self.seed + self.links.len() as u64;
                make(store, &self.gate, number).await;
                self.links.push(number);
                "a link was made"
            }
            5..=8 => {
                let by = self.rng.choice(&self.links).copied();
                store.take_in(bot(), vec![joined(id, who, by, at)]).await.unwrap();
                "somebody joined"
            }
            9..=11 => {
                store.take_in(bot(), vec![left(id, who, at)]).await.unwrap();
                "somebody left"
            }
            12 => {
                store.expire(later(86_400)).await.unwrap();
                "its time was over"
            }
            13..=16 => {
                for link in store.to_revoke(bot(), chat(), 9).await.unwrap() {
                    store.revoked(link.link, now).await.unwrap();
                }
                store.reissue(pass, chat(), now, Some("maria"), now).await.unwrap();
                "another link was asked for"
            }
            17 => {
                if let Some(number) = self.rng.choice(&self.links) {
                    let link = store.ledger_by_hash(&hash(*number)).await.unwrap().unwrap().0;
                    store.link_died(link.id, now).await.unwrap();
                }
                "a link was dead"
            }
            18 => {
                store.found_in(pass, chat(), now).await.unwrap();
                "its person was found to be in"
            }
            19 => {
                store.distrust("maria", now).await.unwrap();
                "the database is an old copy"
            }
            _ if self.rng.bool() => {
                store.revoke_pass(pass, "maria", now).await.unwrap();
                "it was taken back"
            }
            _ => "nothing",
        }
    }
}

fn first_person(seed: u64) -> i64 {
    1000 + 10 * seed as i64
}
