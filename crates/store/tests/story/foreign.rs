//! Links that somebody made elsewhere, taken into the books.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{By, Effect, Erased, Imported, Outcome, Shown, Store, Token};
use serde_json::json;

async fn imported(store: &Store, number: u64) -> admit_store::ForeignLink {
    assert!(matches!(store.import(shown(number), "maria", NOW).await.unwrap(), Imported::Imported(_)));
    store.foreign_link(&hash(number)).await.unwrap().unwrap().0
}

on_both! {
    async fn a_link_is_imported_once_and_says_what_telegram_says(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        let link = imported(&store, 5).await;
        assert_eq!((&link.url, link.name.as_deref(), link.creator), (&hash(5).url(), Some("spring"), person(900)));
        assert_eq!((link.imported_at, link.compared_at, link.revoked_at), (NOW, NOW, None));

        let told = Shown {
            name: None, expires_at: Some(later(60)), uses: Some(7), is_revoked: true, creator: person(901), ..shown(5)
        };
        assert_eq!(store.import(told.clone(), "bo", later(9)).await.unwrap(), Imported::Already);
        assert_eq!(store.import(told, "bo", later(10)).await.unwrap(), Imported::Already);
        let again = store.foreign_links(Some(chat()), None, 9).await.unwrap();
        let expected = admit_store::ForeignLink {
            name: None,
            expires_at: Some(later(60)),
            uses: Some(7),
            revoked_at: Some(later(9)),
            told_at: later(10),
            ..link.clone()
        };
        assert_eq!(again, [expected]);
        assert!(store.foreign_link_told(shown(5), later(11)).await.unwrap());
        assert_eq!(store.foreign_links(None, None, 9).await.unwrap()[0].revoked_at, None);
        assert_eq!(store.foreign_links(None, Some(link.id), 9).await.unwrap(), []);
        assert_eq!(store.foreign_link_by_id(link.id).await.unwrap().unwrap().0.url, link.url);
        let done = store.audit(None, 9).await.unwrap();
        assert_eq!(done.iter().filter(|done| done.what == "import link").count(), 1);

        make(&store, &gate, 1).await;
        assert_eq!(store.import(shown(1), "maria", NOW).await.unwrap(), Imported::Ours);
        let named = Shown { name: Some(marker(1).to_string()), ..shown(6) };
        assert_eq!(store.import(named, "maria", NOW).await.unwrap(), Imported::Ours, "it has the name of one of ours");
        assert_eq!(store.foreign_link(&hash(1)).await.unwrap(), None);
    }

    async fn who_comes_by_a_foreign_link_is_seen_like_anybody(database: &Database) {
        let store = database.open().await;
        imported(&store, 5).await;
        let asked = Effect::Asked {
            chat: chat(),
            person: person(12),
            at: later(3),
            by: By { creator: Some(person(900)), link: Some((hash(5).url(), hash(5))), ..By::default() },
        };
        let updates = vec![joined_by_foreign(1, 11, 5, 1), left(2, 11, 2), update(3, asked)];
        let outcomes = store.take_in(bot(), [updates.clone(), updates].concat()).await.unwrap();
        assert_eq!(outcomes[..3], [Outcome::Noted; 3]);
        assert_eq!(outcomes[3..], [Outcome::Repeated; 3]);
        let (_, seen) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        let seen: Vec<_> = seen.iter().map(|it| (it.person, it.what.as_str(), it.at, it.left_at)).collect();
        let [ann, ben] = [person(11), person(12)];
        assert_eq!(seen, [(ann, "joined", later(1), Some(later(2))), (ben, "asked", later(3), None)]);
    }

    async fn a_link_that_is_named_like_one_of_ours_is_none(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        imported(&store, 5).await;
        let [ours, theirs] = [Some(bot()), Some(person(900))];
        let by = |number| By {
            marker: Some(marker(1)), creator: theirs, link: Some((hash(number).url(), hash(number)))
        };
        let came = |id, number| {
            update(id, Effect::Joined { chat: chat(), person: person(10 + id), at: later(id), by: by(number) })
        };
        let outcomes = store.take_in(bot(), vec![came(1, 5), came(2, 6)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Noted; 2]);
        assert_eq!(store.foreign_link(&hash(5)).await.unwrap().unwrap().1.len(), 1);
        // Where its text was told in part, its name is known, and who made it; whichever bot of ours tells of it.
        let named = |id, creator| {
            let by = By { marker: Some(marker(1)), creator, link: None };
            update(id, Effect::Joined { chat: chat(), person: person(10 + id), at: later(id), by })
        };
        let outcomes = store.take_in(person(701), vec![named(3, theirs), named(4, None)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Noted; 2]);
        let outcomes = store.take_in(person(701), vec![named(5, ours)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Entered { pass, chat: chat() }]);
        // Nor does anybody else's show what text a lost one has.
        intend(&store, &gate, 7).await;
        let whole = |id, creator| {
            let by = By { marker: Some(marker(7)), creator, link: Some((hash(7).url(), hash(7))) };
            update(id, Effect::Joined { chat: chat(), person: person(10 + id), at: later(id), by })
        };
        let outcomes = store.take_in(bot(), vec![whole(6, theirs), whole(7, ours)]).await.unwrap();
        assert!(matches!(outcomes[..], [Outcome::Noted, Outcome::StrayLink { .. }]), "{outcomes:?}");
    }

    /// Whatever ends links, gives them, or doubts them.
    async fn a_foreign_link_is_left_alone_whatever_happens(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        store.heard(bot(), NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        let link = imported(&store, 5).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        store.take_in(bot(), vec![joined_by_foreign(1, 11, 5, 1), joined_by_foreign(2, 12, 5, 2)]).await.unwrap();
        store.drop_pools(bot()).await.unwrap();
        store.lose_earlier(bot(), 99).await.unwrap();
        store.revoke_pass(pass, "maria", later(3)).await.unwrap();
        store.heard(bot(), later(9 * 86_400)).await.unwrap();
        store.tidy(later(9 * 86_400)).await.unwrap();
        store.expire(later(9 * 86_400)).await.unwrap();
        store.distrust("maria", later(9 * 86_400)).await.unwrap();
        assert_eq!(store.chats_to_tend(bot()).await.unwrap(), []);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap(), []);
        assert_eq!(store.strangers(bot(), chat(), 9).await.unwrap(), []);
        assert_eq!(store.hand_out(&gate, chat(), NOW, NOW).await.unwrap(), 0);
        let stock = store.stock(gate.id, chat(), bot(), NOW, 9).await.unwrap();
        assert_eq!(stock.free, 0);
        let (after, seen) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        assert_eq!((after, seen.len()), (link, 2));

        // Its chat becomes another, where it leads nowhere.
        let to = links::ChatId::new(-1_009_999_999_999).unwrap();
        store.take_in(bot(), vec![update(9, Effect::Migrated { from: chat(), to, at: later(50) })]).await.unwrap();
        let moved = store.foreign_links(Some(to), None, 9).await.unwrap();
        assert_eq!(moved[0].revoked_at, Some(later(50)));
    }

    async fn who_made_one_or_came_by_it_can_be_erased(database: &Database) {
        let store = database.open().await;
        imported(&store, 5).await;
        store.take_in(bot(), vec![joined_by_foreign(1, 11, 5, 1)]).await.unwrap();
        for who in [900, 11] {
            let erased = store.erase_person(person(who), "maria", later(9)).await.unwrap();
            assert!(matches!(erased, Erased::Erased { places: 1, .. }), "{erased:?}");
        }
        let (link, seen) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        assert!(link.creator != person(900) && seen[0].person != person(11));
        // Telegram tells of them by their own numbers still.
        assert_eq!(link.compared_at, later(9));
        store.import(shown(5), "maria", later(10)).await.unwrap();
        assert_ne!(store.foreign_links(None, None, 1).await.unwrap()[0].creator, person(900));
    }
}
