//! From a right answer into the chat.

use crate::databases::Database;
use crate::on_both;
use admit_store::{
    Budget, By, Counted, Effect, EntryState, GateId, GateState, Grant, Granted, Intent, LinkId, Made, Marker,
    NewGate, Outcome, Stock, Store, Update, Visitor,
};
use links::{ChatId, LinkHash, UnixTime, UserId};

const NOW: UnixTime = UnixTime::new(1_790_000_000);
const BUDGET: Budget = Budget { per_minute: 60, per_hour: 600 };

fn later(seconds: i64) -> UnixTime {
    UnixTime::new(NOW.get() + seconds)
}

fn bot() -> UserId {
    UserId::new(700).unwrap()
}

fn chat() -> ChatId {
    ChatId::new(-1_001_234_567_890).unwrap()
}

fn person(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

fn visitor(number: u64) -> Visitor {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Visitor::new(bytes)
}

fn marker(number: u64) -> Marker {
    let mut bytes = [9; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Marker::new(bytes)
}

fn hash(number: u64) -> LinkHash {
    LinkHash::new(&format!("Hash{number:012}")).unwrap()
}

async fn gate(store: &Store, slug: &str, quota: Option<u32>) -> GateId {
    let gate = NewGate {
        slug: slug.to_owned(),
        bot: bot(),
        definition: b"who hoots at night? an owl".to_vec(),
        chats: vec![chat()],
        quota,
        opens_at: None,
        closes_at: None,
    };
    let (id, _) = store.save_gate(gate, NOW).await.unwrap();
    assert!(store.set_gate_state(slug, GateState::Open, NOW).await.unwrap());
    id
}

fn answer(gate: GateId, who: u64) -> Grant {
    Grant {
        most_tries: 5,
        gate,
        revision: 1,
        chats: vec![chat()],
        visitor: visitor(who),
        alive_until: later(3600),
        budget: BUDGET,
    }
}

async fn intend(store: &Store, gate: GateId, number: u64) -> LinkId {
    let marker = marker(number);
    let intent = Intent { gate, chat: chat(), bot: bot(), marker, fence: 1, expires_at: later(86_400) };
    store.intend(intent, NOW).await.unwrap()
}

async fn make(store: &Store, gate: GateId, number: u64) -> (LinkId, Made) {
    let link = intend(store, gate, number).await;
    (link, store.made(link, &hash(number).url(), &hash(number), NOW).await.unwrap())
}

fn joined(id: i64, who: i64, number: u64, at: i64) -> Update {
    let by = By { marker: Some(marker(number)), hash: Some(hash(number)) };
    let effect = Effect::Joined { chat: chat(), person: person(who), at: later(at), by };
    Update { id, received_at: later(at), effect }
}

on_both! {
    async fn a_right_answer_takes_the_oldest_link_and_a_join_ends_it(database: &Database) {
        let store = database.open().await;
        let gate = gate(&store, "night-owls", None).await;
        let (first, made) = make(&store, gate, 1).await;
        assert_eq!(made, Made::Pooled);
        make(&store, gate, 2).await;

        let Granted::Granted { pass, entries } = store.grant(answer(gate, 1), NOW).await.unwrap() else { panic!() };
        assert_eq!(entries[0].link, Some(hash(1).url()));
        assert_eq!(store.grant(answer(gate, 1), NOW).await.unwrap(), Granted::Already { pass });
        let holding = store.holding(gate, visitor(1)).await.unwrap().unwrap();
        assert_eq!((holding.pass, holding.entries[0].state), (pass, EntryState::Issued));
        assert_eq!(holding.entries[0].link, Some(hash(1).url()));
        assert_eq!(store.holding(gate, visitor(2)).await.unwrap(), None);

        let update = joined(10, 42, 1, 60);
        let outcomes = store.take_in(bot(), vec![update.clone(), update]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Entered { pass, link: first }, Outcome::Repeated]);
        let holding = store.holding(gate, visitor(1)).await.unwrap().unwrap();
        assert_eq!((holding.entries[0].state, holding.entries[0].used_at), (EntryState::Used, Some(later(60))));
        assert_eq!(holding.entries[0].link, None);

        let to_revoke = store.to_revoke(bot(), 10).await.unwrap();
        assert_eq!(to_revoke.iter().map(|each| each.link).collect::<Vec<_>>(), [first]);
        assert_eq!(to_revoke[0].url, hash(1).url());
        store.revoked(first, later(61)).await.unwrap();
        assert_eq!(store.to_revoke(bot(), 10).await.unwrap(), []);
    }

    async fn whoever_waits_longest_gets_the_next_link(database: &Database) {
        let store = database.open().await;
        let gate = gate(&store, "night-owls", None).await;
        for who in 1..=3 {
            let granted = store.grant(answer(gate, who), later(who as i64)).await.unwrap();
            assert!(matches!(granted, Granted::Granted { entries, .. } if entries[0].link.is_none()));
        }
        let third = store.holding(gate, visitor(3)).await.unwrap().unwrap();
        assert_eq!((third.entries[0].state, third.entries[0].before), (EntryState::Granted, Some(2)));
        let stock = store.stock(gate, chat(), bot(), NOW).await.unwrap();
        assert_eq!(stock, Stock { free: 0, waiting: 3, in_making: 0 });

        let first = store.holding(gate, visitor(1)).await.unwrap().unwrap();
        assert_eq!(make(&store, gate, 1).await.1, Made::GivenTo(first.pass));
        let link = intend(&store, gate, 2).await;
        store.lost(link).await.unwrap();
        let late = store.made(link, &hash(2).url(), &hash(2), NOW).await.unwrap();
        assert_eq!(late, Made::TooLate);
        assert_eq!(store.to_revoke(bot(), 10).await.unwrap().len(), 1);
        let third = store.holding(gate, visitor(3)).await.unwrap().unwrap();
        assert_eq!(third.entries[0].before, Some(1));
        let stock = store.stock(gate, chat(), bot(), NOW).await.unwrap();
        assert_eq!(stock, Stock { free: 0, waiting: 2, in_making: 0 });
    }

    async fn of_64_answers_of_one_visitor_one_is_granted(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = gate(&here, "night-owls", None).await;
        for number in 0..4 {
            make(&here, gate, number).await;
        }
        let answers = (0..64).map(|at| {
            let store = if at % 2 == 0 { here.clone() } else { there.clone() };
            tokio::spawn(async move { store.grant(answer(gate, 1), NOW).await.unwrap() })
        });
        let mut granted = 0;
        for one in answers.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Granted::Granted { .. } => granted += 1,
                other => assert!(matches!(other, Granted::Already { .. }), "{other:?}"),
            }
        }
        assert_eq!(granted, 1);
        assert_eq!(here.stock(gate, chat(), bot(), NOW).await.unwrap().free, 3);
    }

    async fn a_quota_is_exact_on_two_nodes(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = gate(&here, "night-owls", Some(20)).await;
        for number in 0..64 {
            make(&here, gate, number).await;
        }
        let answers = (0..64).map(|at| {
            let store = if at % 2 == 0 { here.clone() } else { there.clone() };
            tokio::spawn(async move { store.grant(answer(gate, at), NOW).await.unwrap() })
        });
        let mut links = Vec::new();
        for one in answers.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Granted::Granted { entries, .. } => links.extend(entries[0].link.clone()),
                other => assert_eq!(other, Granted::Full),
            }
        }
        links.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        links.dedup();
        assert_eq!(links.len(), 20);
    }

    async fn a_budget_is_exact_on_two_nodes(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = gate(&here, "night-owls", None).await;
        let budget = Budget { per_minute: 20, per_hour: 30 };
        for (minute, expected) in [(0, 20), (1, 10), (2, 0), (60, 20)] {
            let now = later(60 * minute);
            let guesses = (0..64).map(|at| {
                let store = if at % 2 == 0 { here.clone() } else { there.clone() };
                let who = visitor(1000 * minute as u64 + at);
                tokio::spawn(async move { store.wrong(gate, who, now, now, 5, budget).await.unwrap() })
            });
            let mut counted = 0;
            for one in guesses.collect::<Vec<_>>() {
                match one.await.unwrap() {
                    Counted::Counted { wrong } => counted += wrong,
                    other => assert_eq!(other, Counted::BudgetSpent),
                }
            }
            assert_eq!(counted, expected, "minute {minute}");
            if counted < 20 {
                let right = Grant { budget, ..answer(gate, 5000) };
                assert_eq!(here.grant(right, now).await.unwrap(), Granted::BudgetSpent);
            }
        }
    }
}
