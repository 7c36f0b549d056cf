//! People who come by the link of somebody else's pass.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{LinkId, Outcome, PassId, Reissued, Store, StrangerIs};
use gate::pass::State;
use serde_json::json;

/// The links that have to end do so.
async fn end_links(store: &Store, at: i64) -> Vec<LinkId> {
    let ended = store.to_revoke(bot(), chat(), 10).await.unwrap();
    for link in &ended {
        store.revoked(link.link, later(at)).await.unwrap();
    }
    ended.into_iter().map(|link| link.link).collect()
}

async fn state(store: &Store, pass: PassId) -> State {
    store.pass(pass).await.unwrap().unwrap().entries[0].state
}

on_both! {
    async fn a_stranger_who_comes_again_by_the_next_link_is_one_again(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let (second, _) = make(&store, &gate, 2).await;
        make(&store, &gate, 3).await;
        let pass = pass_of(&store, &gate, 42).await;
        let again = async |at| store.reissue(pass, chat(), later(3700), None, later(at)).await.unwrap();

        store.take_in(bot(), vec![joined(1, 99, Some(1), 10)]).await.unwrap();
        end_links(&store, 11).await;
        let first = store.strangers(bot(), chat(), 10).await.unwrap().remove(0);
        store.stranger_settled(first, later(12)).await.unwrap();
        // A join that is told late was over when they were dealt with, for it was by a link that is dead.
        store.take_in(bot(), vec![joined(2, 99, Some(1), 10)]).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 10).await.unwrap(), []);
        assert!(matches!(again(13).await, Reissued::Reissued(_)));

        let outcomes = store.take_in(bot(), vec![left(3, 99, 12), joined(4, 99, Some(2), 20)]).await.unwrap();
        assert_eq!(outcomes[1], Outcome::Stranger { pass, chat: chat() });
        assert_eq!(state(&store, pass).await, State::Leaked);
        assert_eq!(end_links(&store, 21).await, [second]);
        let strangers = store.strangers(bot(), chat(), 10).await.unwrap();
        assert_eq!((strangers.len(), strangers[0].person), (1, person(99)));
        assert_eq!((strangers[0].link, strangers[0].joined_at), (second, later(20)));
        // Who dealt with them as they came first has not dealt with this.
        store.stranger_settled(first, later(22)).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 10).await.unwrap(), strangers);
        store.stranger_settled(strangers[0], later(23)).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 10).await.unwrap(), []);
        assert!(matches!(again(24).await, Reissued::Reissued(_)));
        let outcomes = store.take_in(bot(), vec![joined(5, 42, Some(3), 30)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Entered { pass, chat: chat() }]);
    }

    async fn a_stranger_who_went_and_earned_a_pass_is_none(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        for number in 1..=3 {
            make(&store, &gate, number).await;
        }
        pass_of(&store, &gate, 42).await;
        pass_of(&store, &gate, 99).await;
        let strangers = async || store.strangers(bot(), chat(), 10).await.unwrap();
        let is = async || strangers().await.into_iter().map(|stranger| stranger.is).collect::<Vec<_>>();

        store.take_in(bot(), vec![joined(1, 99, Some(1), 10)]).await.unwrap();
        end_links(&store, 11).await;
        assert_eq!(is().await, [StrangerIs::Inside]);
        // In the same second, which the numbers of the updates tell apart.
        store.take_in(bot(), vec![left(2, 99, 10)]).await.unwrap();
        assert_eq!(is().await, [StrangerIs::Gone]);
        store.take_in(bot(), vec![joined(3, 99, Some(1), 12)]).await.unwrap();
        assert_eq!(is().await, [StrangerIs::Inside]);
        store.take_in(bot(), vec![left(4, 99, 13), joined(5, 99, Some(2), 20)]).await.unwrap();
        assert_eq!(is().await, [StrangerIs::ByRight]);
        // What they used is theirs until they go.
        store.take_in(bot(), vec![left(6, 99, 30)]).await.unwrap();
        assert_eq!(is().await, [StrangerIs::Gone]);
        // They may come back otherwise.
        store.take_in(bot(), vec![joined(7, 99, None, 40)]).await.unwrap();
        assert_eq!(is().await, [StrangerIs::ByRight]);
        store.stranger_settled(strangers().await[0], later(41)).await.unwrap();
        assert_eq!(strangers().await, []);
    }

    async fn of_two_strangers_whom_two_nodes_hear_of_neither_is_forgotten(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        for round in 1..=30 {
            make(&here, &gate, round).await;
            pass_of(&here, &gate, round.cast_signed()).await;
            let at = round.cast_signed() * 10;
            let come = |id: i64| vec![joined(id, 1000 + id, Some(round), id)];
            // The link was used before, so that they do not queue for it.
            here.take_in(bot(), come(at)).await.unwrap();
            let (one, other) = tokio::join!(
                here.take_in(bot(), come(at + 1)),
                there.take_in(bot(), come(at + 2)),
            );
            assert_eq!(one.unwrap(), other.unwrap());
            end_links(&here, at + 3).await;
            let strangers = there.strangers(bot(), chat(), 1000).await.unwrap();
            let people: Vec<_> = strangers.iter().map(|stranger| stranger.person).collect();
            assert_eq!(people, (at..at + 3).map(|id| person(1000 + id)).collect::<Vec<_>>(), "{round}");
            for stranger in strangers {
                here.stranger_settled(stranger, later(at + 4)).await.unwrap();
            }
        }
    }
}

on_both! {
    async fn who_used_a_pass_and_left_is_a_stranger_by_the_link_of_another(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        make(&store, &gate, 2).await;
        pass_of(&store, &gate, 42).await;
        pass_of(&store, &gate, 43).await;
        store.take_in(bot(), vec![joined(1, 42, Some(1), 10), left(2, 42, 10), joined(3, 42, Some(2), 10)]).await.unwrap();
        end_links(&store, 11).await;
        let strangers = store.strangers(bot(), chat(), 10).await.unwrap();
        assert_eq!((strangers.len(), strangers[0].person, strangers[0].is), (1, person(42), StrangerIs::Inside));
    }

    async fn a_link_tells_who_of_those_who_came_is_a_stranger_and_who_left(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        pass_of(&store, &gate, 42).await;
        let updates = vec![joined(1, 99, Some(1), 10), joined(2, 42, Some(1), 11), left(3, 99, 12), left(4, 98, 13)];
        store.take_in(bot(), updates).await.unwrap();
        let seen = async || {
            let (_, seen) = store.ledger_by_hash(&hash(1)).await.unwrap().unwrap();
            seen.into_iter().map(|it| (it.person, it.is_stranger, it.left_at)).collect::<Vec<_>>()
        };
        assert_eq!(seen().await, [(person(99), true, Some(later(12))), (person(42), false, None)]);
        // They came back by another way: what counts is when they left after they came by this link.
        store.take_in(bot(), vec![joined(5, 99, None, 14), left(6, 99, 15), left(7, 42, 16)]).await.unwrap();
        assert_eq!(seen().await, [(person(99), true, Some(later(12))), (person(42), false, Some(later(16)))]);
    }
}
