//! Several draw gates at once, and none writes over what another wrote.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use futures_util::future::join_all;
use serde_json::json;

on_both! {
    async fn of_those_who_make_or_change_a_gate_at_once_one_does(database: &Database) {
        let stores = [database.open().await, database.open().await];
        let named = |title: usize| definition("night-owls", json!({ "title": title.to_string() }));
        let made = join_all((0..16).map(|each| {
            let store = &stores[each % 2];
            async move { store.create_gate(&named(each), bot(), "maria", NOW).await.unwrap() }
        }));
        let made = made.await;
        let winner = made.iter().position(Option::is_some).unwrap();
        assert_eq!(made.iter().flatten().count(), 1);
        let kept = stores[0].gate(&named(0).slug).await.unwrap().unwrap();
        assert_eq!((kept.revision, kept.gate.title.as_str()), (1, winner.to_string().as_str()));

        let changed = join_all((0..16).map(|each| {
            let store = &stores[each % 2];
            async move { store.change_gate(&named(each), bot(), 1, "maria", NOW).await.unwrap() }
        }));
        let changed = changed.await;
        let winner = changed.iter().position(Option::is_some).unwrap();
        assert_eq!(changed.iter().flatten().collect::<Vec<_>>(), [&2]);
        let kept = stores[1].gate(&named(0).slug).await.unwrap().unwrap();
        assert_eq!((kept.revision, kept.gate.title.as_str()), (2, winner.to_string().as_str()));
        // Only what was done is written down.
        assert_eq!(stores[0].audit(None, 99).await.unwrap().len(), 2);
    }
}
