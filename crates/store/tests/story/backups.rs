//! Copies, and what is not believed of an old one.

use crate::databases::{Database, keys};
use crate::on_both;
use crate::world::*;
use admit_store::{
    Distrusted, Granted, Handed, LedgerFilter, LinkState, Made, Outcome, Reissued, Store, Token, is_database,
};
use gate::pass::State;
use serde_json::json;

on_both! {
    async fn what_an_old_copy_has_ready_is_never_given_again(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let given = grant(&store, &gate, 1, NOW).await;
        for number in 2..5 {
            make(&store, &gate, number).await;
        }
        intend(&store, &gate, 5).await;
        store.lease("bot:700", "gone", NOW, later(30)).await.unwrap();
        store.reconciled(later(4)).await.unwrap();

        let distrusted = store.distrust("maria", later(5)).await.unwrap();
        assert_eq!(distrusted, Distrusted { dropped: 3, lost: 1, doubted: 1 });
        assert_eq!(store.at_work_until(later(6)).await.unwrap(), None);
        assert_eq!(store.reconciled_at().await.unwrap(), None, "it was another database that was compared");
        // The link that was out is ended; whoever comes now gets one that was made since.
        assert_eq!(store.pass(given).await.unwrap().unwrap().entries[0].link, None);
        let Granted::Granted { entries, .. } = store.grant(&gate, visitor(2), later(6)).await.unwrap() else {
            panic!("not granted");
        };
        assert_eq!(entries, [Handed { chat: chat(), link: None, expires_at: None }]);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap().len(), 4);
        let (_, made) = make(&store, &gate, 6).await;
        assert!(matches!(made, Made::GivenTo(_)), "{made:?}");
        // The answer for what was in the making comes too late, and somebody who has that link after all is noticed.
        let came = store.take_in(bot(), vec![joined(1, 77, Some(5), 10)]).await.unwrap();
        assert!(matches!(came[..], [Outcome::StrayLink { .. }]), "{came:?}");
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap().len(), 5);
        let done = store.audit(None, 1).await.unwrap().remove(0);
        let about = "3 links in pools and 1 in the making given up, 1 passes doubted";
        assert_eq!((done.what.as_str(), done.about.as_str()), ("restore", about));
        // Once more finds nothing but what was made meanwhile.
        assert_eq!(store.distrust("maria", later(9)).await.unwrap(), Distrusted { dropped: 0, lost: 0, doubted: 1 });
    }

    async fn a_pass_that_an_old_copy_shows_unused_is_replaced_by_hand_only(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        for number in 1..5 {
            make(&store, &gate, number).await;
        }
        // Ann is in; the links of Ben and of Cy are out; Dee's ran out before the copy was made, and Eve waits for one.
        let (ann, ben) = (grant(&store, &gate, 1, NOW).await, grant(&store, &gate, 2, NOW).await);
        let cy = store.grant_by_hand(&gate, visitor(3), Some(person(33)), "maria", NOW).await.unwrap();
        let Granted::Granted { pass: cy, .. } = cy else { panic!("{cy:?}") };
        let (dee, eve) = (grant(&store, &gate, 4, NOW).await, grant(&store, &gate, 5, NOW).await);
        database.run("update links set expires_at = given_at + 60 where pass = 4").await;
        database.run("update entries set expires_at = issued_at + 60 where pass = 4").await;
        store.take_in(bot(), vec![joined(1, 11, Some(1), 10)]).await.unwrap();
        assert_eq!(store.expire(later(70)).await.unwrap(), 1);
        store.heard(bot(), later(100)).await.unwrap();

        assert_eq!(store.distrust("maria", later(100)).await.unwrap().doubted, 4);
        let doubted: Vec<_> = store.doubted(Some(gate.id), None, 9).await.unwrap();
        assert_eq!(doubted.iter().map(|held| held.pass).collect::<Vec<_>>(), [eve, dee, cy, ben]);
        assert!(doubted.iter().all(|held| held.entries[0].is_doubted() && !held.waits()));
        assert!(!store.pass(ann).await.unwrap().unwrap().entries[0].is_doubted());
        // A link that is made now is for whoever comes now.
        let (_, made) = make(&store, &gate, 9).await;
        assert_eq!(made, Made::Pooled);
        for link in store.to_revoke(bot(), chat(), 9).await.unwrap() {
            store.revoked(link.link, later(101)).await.unwrap();
        }
        store.heard(bot(), later(90_000)).await.unwrap();
        let until = gate.gate.promised_until(later(110));
        let again = async |pass, who| store.reissue(pass, chat(), until, who, later(110)).await.unwrap();
        for pass in [ben, dee, eve] {
            assert_eq!(again(pass, None).await, Reissued::Unsure, "{pass}");
        }
        // It is known who Cy is, so Telegram can be asked; and it had not told yet that they came.
        assert_eq!(again(cy, None).await, Reissued::NotYet);
        assert_eq!(store.doubts(bot(), 9).await.unwrap().len(), 1);
        store.take_in(bot(), vec![joined(2, 33, Some(3), 90)]).await.unwrap();
        assert_eq!(again(cy, None).await, Reissued::Not(State::Used));
        for pass in [ben, dee, eve] {
            assert!(matches!(again(pass, Some("maria")).await, Reissued::Reissued(_)), "{pass}");
        }
        assert_eq!(store.doubted(None, None, 9).await.unwrap(), []);
        assert!(matches!(make(&store, &gate, 10).await.1, Made::GivenTo(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_while_others_write_is_whole() {
    let database = Database::sqlite();
    let store = database.open().await;
    let gate = open_gate(&store, json!({})).await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::write(&copy, "").unwrap();
    assert!(!is_database(&copy));
    let writes = async {
        for number in 0..200 {
            make(&store, &gate, number).await;
        }
    };
    let ((), copied) = tokio::join!(writes, store.back_up(&copy, "", "maria", NOW));
    assert!(copied.unwrap());
    assert!(is_database(&copy) && !is_database(folder.path()));
    let copied = Store::open(copy.to_str().unwrap(), keys()).await.unwrap();
    let links = copied.ledger(LedgerFilter::default(), 1000).await.unwrap();
    let (free, making) = (LinkState::Free, LinkState::Making);
    assert!(links.iter().all(|link| [free, making].contains(&link.state)), "{links:?}");
    let distrusted = copied.distrust("maria", NOW).await.unwrap();
    assert_eq!(distrusted.dropped + distrusted.lost, links.len() as u64);
    assert_eq!(copied.audit(None, 9).await.unwrap()[1].what, "back up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_kind_is_not_copied() {
    let store = Database::postgres().open().await;
    let folder = tempfile::tempdir().unwrap();
    assert!(!store.back_up(&folder.path().join("copy"), "", "maria", NOW).await.unwrap());
    assert_eq!(store.audit(None, 9).await.unwrap(), []);
}
