//! Somebody is forgotten, and nobody comes in by that.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{Effect, Erased, Granted, Outcome, Store, Token};
use gate::pass::State;
use serde_json::json;

/// Told apart from everything else that stands in a database.
const ANN: i64 = 0x12_3456_789a;

/// Whether her number is in a dump, as either engine writes numbers.
fn stands(dump: &[u8]) -> bool {
    let written = [ANN.to_be_bytes()[3..].to_vec(), ANN.to_string().into_bytes()];
    written.iter().any(|number| dump.windows(number.len()).any(|bytes| bytes == number))
}

async fn erase(store: &Store, who: i64) -> Erased {
    store.erase_person(person(who), "maria", later(500)).await.unwrap()
}

on_both! {
    async fn who_holds_no_pass_is_forgotten_after_a_time(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let shows = |id, who, number| {
            update(id, Effect::Started { person: person(who), gate: gate.id, visitor: visitor(number), at: later(1) })
        };
        // Ann was wrong and passed. Ben was wrong, with an account, and Cy without; Dee only began.
        store.take_in(bot(), vec![shows(1, ANN, 1), shows(2, 22, 2)]).await.unwrap();
        for number in 1..4 {
            store.wrong(&gate, visitor(number), later(2)).await.unwrap();
        }
        store.start(gate.id, visitor(4), later(2)).await.unwrap();
        grant(&store, &gate, 1, later(300)).await;
        // All of them are seen in the chat, Ann by her link; Eve comes later, by nothing of ours.
        let mut seen = vec![joined(10, ANN, Some(1), 400), left(11, ANN, 500)];
        seen.extend([joined(12, 22, None, 400), left(13, 22, 500), joined(14, 55, None, 9_000)]);
        store.take_in(bot(), seen).await.unwrap();

        assert_eq!(store.forget_others(later(1)).await.unwrap(), 0);
        // Two visitors and their two tries' counts: Ben's account and himself, Cy, Dee; and Ben in the chat, twice.
        assert_eq!(store.forget_others(later(9_000)).await.unwrap(), 6);
        assert_eq!(store.forget_others(later(9_000)).await.unwrap(), 0);
        for number in 2..5 {
            assert_eq!(store.attempt(gate.id, visitor(number)).await.unwrap(), Default::default(), "{number}");
        }
        let ann = store.attempt(gate.id, visitor(1)).await.unwrap();
        assert_eq!((ann.person, ann.tries.wrong), (Some(person(ANN)), 1));
        assert_eq!(erase(&store, 22).await, Erased::Unknown);
        // Whoever comes back is who they were.
        store.take_in(bot(), vec![joined(15, ANN, None, 9_500)]).await.unwrap();
        let pass = store.holding(gate.id, visitor(1)).await.unwrap().unwrap();
        assert_eq!(pass.entries[0].state, State::Used);
        assert_eq!(store.forget_others(later(10_000)).await.unwrap(), 1, "Eve");
        assert!(matches!(erase(&store, ANN).await, Erased::Erased { .. }));
    }

    async fn who_is_erased_stands_nowhere_and_what_they_used_stays_used(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        for number in 1..4 {
            make(&store, &gate, number).await;
        }
        // Ann showed her account, was wrong once, passed, and came in.
        let shown = Effect::Started { person: person(ANN), gate: gate.id, visitor: visitor(1), at: later(1) };
        store.take_in(bot(), vec![update(1, shown)]).await.unwrap();
        store.wrong(&gate, visitor(1), later(2)).await.unwrap();
        let used = grant(&store, &gate, 1, later(300)).await;
        store.take_in(bot(), vec![joined(2, ANN, Some(1), 310)]).await.unwrap();
        assert_eq!(store.pass(used).await.unwrap().unwrap().entries[0].state, State::Used);
        // Among many others, so that her rows have neighbours.
        for other in 1..200 {
            store.take_in(bot(), vec![joined(10 + other, ANN + 1000 * (other - 100), None, 310)]).await.unwrap();
        }
        assert_eq!(erase(&store, 999).await, Erased::Unknown);
        drop(store);
        assert!(stands(&database.dump().await), "this is no dump");
        let store = database.open().await;

        let erased = erase(&store, ANN).await;
        let Erased::Erased { number, places, revoked } = erased else { panic!("{erased:?}") };
        assert!(places >= 5 && revoked.is_empty(), "{places} {revoked:?}");
        assert_eq!(erase(&store, ANN).await, Erased::Unknown);
        let pass = store.pass(used).await.unwrap().unwrap();
        assert_eq!((pass.person, pass.entries[0].used_by, pass.entries[0].state), (Some(number), Some(number), State::Used));
        // Her browser gets no second pass, and whoever has her link is a stranger.
        assert_eq!(store.grant(&gate, visitor(1), later(600)).await.unwrap(), Granted::Already { pass: used });
        assert_eq!(store.attempt(gate.id, visitor(1)).await.unwrap().tries.wrong, 1);
        let came = store.take_in(bot(), vec![joined(3, 66, Some(1), 610)]).await.unwrap();
        assert!(matches!(came[..], [Outcome::Stranger { pass, .. }] if pass == used), "{came:?}");
        assert_eq!(store.pass(used).await.unwrap().unwrap().entries[0].used_by, Some(number));
        // Another who is erased is another nobody.
        let other = store.grant_by_hand(&gate, visitor(2), Some(person(77)), "maria", later(620)).await.unwrap();
        assert!(matches!(other, Granted::Granted { .. }), "{other:?}");
        let erased = erase(&store, 77).await;
        assert!(matches!(&erased, Erased::Erased { number: other, revoked, .. } if *other != number && revoked.len() == 1), "{erased:?}");

        let done = store.audit(None, 9).await.unwrap();
        assert!(done.iter().any(|done| done.what == "erase person" && done.about == format!("now {number}")));
        assert!(done.iter().all(|done| !done.about.contains(&ANN.to_string())));
        drop(store);
        assert!(!stands(&database.dump().await), "Ann is not forgotten");
    }

    async fn what_they_have_not_used_is_taken_back(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let granted = store.grant_by_hand(&gate, visitor(1), Some(person(ANN)), "maria", NOW).await.unwrap();
        let Granted::Granted { pass, .. } = granted else { panic!("{granted:?}") };
        let erased = erase(&store, ANN).await;
        assert!(matches!(&erased, Erased::Erased { revoked, .. } if *revoked == [pass]), "{erased:?}");
        assert_eq!(store.pass(pass).await.unwrap().unwrap().entries[0].state, State::Revoked);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap().len(), 1);
        // By that link nobody comes in, not even they.
        let came = store.take_in(bot(), vec![joined(1, ANN, Some(1), 600)]).await.unwrap();
        assert!(matches!(came[..], [Outcome::Stranger { .. }]), "{came:?}");
    }

    async fn a_stranger_is_removed_before_they_are_forgotten(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let granted = store.grant_by_hand(&gate, visitor(1), Some(person(1)), "maria", NOW).await.unwrap();
        assert!(matches!(granted, Granted::Granted { .. }), "{granted:?}");
        store.take_in(bot(), vec![joined(1, ANN, Some(1), 10)]).await.unwrap();
        assert_eq!(erase(&store, ANN).await, Erased::StrangerIn(vec![chat()]));
        let link = store.to_revoke(bot(), chat(), 9).await.unwrap().remove(0).link;
        store.revoked(link, later(12)).await.unwrap();
        let stranger = store.strangers(bot(), chat(), 9).await.unwrap().remove(0);
        store.stranger_settled(stranger, later(13)).await.unwrap();
        let erased = erase(&store, ANN).await;
        assert!(matches!(erased, Erased::Erased { .. }), "{erased:?}");
    }

    async fn who_is_heard_of_while_they_are_forgotten_has_one_number_everywhere(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        for round in 1..=40u64 {
            let (who, update) = (1000 + round as i64, 2 * round as i64);
            make(&here, &gate, round).await;
            let pass = grant(&here, &gate, round, NOW).await;
            here.take_in(bot(), vec![left(update, who, 1)]).await.unwrap();
            let (came, _) = tokio::join!(
                here.take_in(bot(), vec![joined(update + 1, who, Some(round), 5)]),
                erase(&there, who)
            );
            came.unwrap();
            let (link, seen) = here.ledger_by_marker(marker(round)).await.unwrap().unwrap();
            let held = here.pass(pass).await.unwrap().unwrap().entries.remove(0);
            let one = Some(seen[0].person);
            assert_eq!((link.used_by, held.used_by), (one, one), "round {round}");
        }
    }
}
