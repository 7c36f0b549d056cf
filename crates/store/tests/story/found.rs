//! What Telegram's own lists say beside what updates told: links nobody knew of, and people nobody saw come.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{
    Booked, Did, Effect, Erased, Found, Held, Imported, LinkId, LinkState, Outcome, PassId, SavedGate,
    Sighting, Store, Token,
};
use gate::pass::State;
use serde_json::json;

const DAY: i64 = 86_400;

async fn opened(database: &Database) -> (Store, SavedGate) {
    let store = database.open().await;
    store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
    store.heard(bot(), NOW).await.unwrap();
    let gate = open_gate(&store, json!({})).await;
    (store, gate)
}

async fn entry(store: &Store, pass: PassId) -> Held {
    store.pass(pass).await.unwrap().unwrap().entries.remove(0)
}

async fn seen(store: &Store, number: u64) -> Vec<Sighting> {
    store.ledger_by_marker(marker(number)).await.unwrap().unwrap().1
}

fn came(who: i64, link: LinkId, at: i64) -> Found {
    Found { chat: chat(), person: person(who), at: later(at), did: Did::ComeBy(link) }
}

fn asks(who: i64, at: i64) -> Found {
    Found { chat: chat(), person: person(who), at: later(at), did: Did::Ask }
}

fn asked(id: i64, who: i64, at: i64) -> admit_store::Update {
    let by = admit_store::By::default();
    update(id, Effect::Asked { chat: chat(), person: person(who), at: later(at), by })
}

/// Takes one in; nothing, if that is no news.
async fn find(store: &Store, found: Found) -> Option<Outcome> {
    let news = store.not_seen(vec![found]).await.unwrap();
    let outcome = store.take_in_found(vec![found]).await.unwrap().remove(0);
    assert_eq!(news.is_empty(), outcome == Outcome::Repeated, "{found:?}");
    (outcome != Outcome::Repeated).then_some(outcome)
}

on_both! {
    async fn whoever_came_while_nobody_listened_has_used_the_pass_and_its_link_ends(database: &Database) {
        let (store, gate) = opened(database).await;
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        store.heard(bot(), later(2 * DAY)).await.unwrap();
        assert!(entry(&store, pass).await.is_doubted());
        let entered = Outcome::Entered { pass, chat: chat() };
        assert_eq!(find(&store, came(42, link, 60)).await, Some(entered));
        let after = entry(&store, pass).await;
        assert_eq!((after.state, after.used_by, after.used_at), (State::Used, Some(person(42)), Some(later(60))));
        assert_eq!((after.is_doubted(), store.doubted(None, None, 9).await.unwrap()), (false, vec![]));
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap()[0].link, link);
        // Once is enough, and whoever else came by it is somebody else.
        assert_eq!(find(&store, came(42, link, 60)).await, None);
        assert_eq!(find(&store, came(66, link, 90)).await, Some(Outcome::Stranger { pass, chat: chat() }));
        assert_eq!(entry(&store, pass).await.used_by, Some(person(42)));
        assert_eq!(seen(&store, 1).await.len(), 2);
    }

    async fn who_comes_by_the_link_of_somebody_else_is_a_stranger_though_they_hold_a_pass(database: &Database) {
        let (store, gate) = opened(database).await;
        make(&store, &gate, 1).await;
        make(&store, &gate, 2).await;
        let theirs = pass_of(&store, &gate, 41).await;
        let own = pass_of(&store, &gate, 42).await;
        let update = |id, number, at| vec![joined(id, 42, Some(number), at)];
        assert_eq!(store.take_in(bot(), update(1, 2, 10)).await.unwrap(), [Outcome::Entered { pass: own, chat: chat() }]);
        let stranger = Outcome::Stranger { pass: theirs, chat: chat() };
        assert_eq!(store.take_in(bot(), update(2, 1, 20)).await.unwrap(), [stranger]);
    }

    async fn a_join_that_is_found_and_told_is_one_join_in_either_order(database: &Database) {
        let (store, gate) = opened(database).await;
        let mut ends = Vec::new();
        // A list may show another second than the update.
        for (number, listed) in [(1, 60), (2, 60), (3, 58), (4, 58), (5, 61), (6, 61)] {
            let (link, _) = make(&store, &gate, number).await;
            let pass = grant(&store, &gate, number, NOW).await;
            let who = 40 + number as i64;
            let told = joined(100 + number as i64, who, Some(number), 60);
            if number % 2 == 0 {
                store.take_in(bot(), vec![told]).await.unwrap();
                assert_eq!(find(&store, came(who, link, listed)).await, None);
            } else {
                assert!(find(&store, came(who, link, listed)).await.is_some());
                let outcome = store.take_in(bot(), vec![told.clone()]).await.unwrap().remove(0);
                assert_eq!(outcome, Outcome::Entered { pass, chat: chat() });
                // Also once it was forgotten that this update came.
                store.tidy(later(9 * DAY)).await.unwrap();
                store.take_in(bot(), vec![told]).await.unwrap();
                assert_eq!(find(&store, came(who, link, listed)).await, None);
            }
            assert_eq!(seen(&store, number).await.len(), 1, "{number}");
            let (link, _) = store.ledger_by_marker(marker(number)).await.unwrap().unwrap();
            let entry = entry(&store, pass).await;
            ends.push((entry.state, entry.used_at, link.used_at, link.used_by.map(|who| who.get() - number as i64)));
        }
        assert_eq!(ends, vec![(State::Used, Some(later(60)), Some(later(60)), Some(40)); 6]);
    }

    async fn whoever_went_and_came_again_came_twice(database: &Database) {
        let (store, gate) = opened(database).await;
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        store.take_in(bot(), vec![joined(1, 42, Some(1), 10), left(2, 42, 20)]).await.unwrap();
        assert_eq!(entry(&store, pass).await.state, State::Left);
        assert_eq!(find(&store, came(42, link, 10)).await, None, "they were in then");
        assert!(find(&store, came(42, link, 30)).await.is_some());
        assert_eq!((entry(&store, pass).await.state, seen(&store, 1).await.len()), (State::Used, 2));
        // All of that in one second: whoever is in the list is in.
        let (link, _) = make(&store, &gate, 3).await;
        let pass = grant(&store, &gate, 3, NOW).await;
        store.take_in(bot(), vec![left(3, 44, 10)]).await.unwrap();
        assert_eq!(find(&store, came(44, link, 10)).await, Some(Outcome::Entered { pass, chat: chat() }));
        assert_eq!(entry(&store, pass).await.state, State::Used);
        // The update of the first time is told late, the one of the second not at all.
        let (link, _) = make(&store, &gate, 2).await;
        let pass = grant(&store, &gate, 2, NOW).await;
        store.take_in(bot(), vec![left(12, 43, 20)]).await.unwrap();
        assert!(find(&store, came(43, link, 30)).await.is_some());
        store.take_in(bot(), vec![joined(11, 43, Some(2), 10)]).await.unwrap();
        assert_eq!((entry(&store, pass).await.state, seen(&store, 2).await.len()), (State::Used, 2));
    }

    async fn a_join_of_which_no_link_was_told_gets_the_one_that_is_listed(database: &Database) {
        let (store, gate) = opened(database).await;
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        store.take_in(bot(), vec![joined(1, 42, None, 60)]).await.unwrap();
        assert_eq!(find(&store, came(42, link, 60)).await, Some(Outcome::Entered { pass, chat: chat() }));
        assert_eq!((entry(&store, pass).await.state, seen(&store, 1).await.len()), (State::Used, 1));
        assert_eq!(places(&store, 42).await, 3, "in the entry, in the link, and once in the chat");
        // And the other way round.
        let (link, _) = make(&store, &gate, 2).await;
        let pass = grant(&store, &gate, 2, NOW).await;
        assert!(find(&store, came(43, link, 60)).await.is_some());
        let outcome = store.take_in(bot(), vec![joined(2, 43, None, 60)]).await.unwrap().remove(0);
        assert_eq!(outcome, Outcome::Entered { pass, chat: chat() });
        assert_eq!((entry(&store, pass).await.state, seen(&store, 2).await.len()), (State::Used, 1));
        assert_eq!(places(&store, 43).await, 3);
    }

    async fn what_is_told_long_after_it_was_found_is_another_time(database: &Database) {
        let (store, gate) = opened(database).await;
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        assert!(find(&store, came(42, link, 500)).await.is_some());
        store.revoke_pass(pass, "maria", later(600)).await.unwrap();
        store.revoked(link, later(601)).await.unwrap();
        // They went unheard of, and come back by something else.
        store.take_in(bot(), vec![joined(1, 42, None, 700_000)]).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 9).await.unwrap(), []);
        let after = entry(&store, pass).await;
        assert_eq!((after.used_by, after.used_at), (Some(person(42)), Some(later(500))));
        assert_eq!(seen(&store, 1).await.len(), 1);
    }

    async fn whoever_is_listed_long_after_they_were_seen_to_come_by_that_link_went_unheard_of(database: &Database) {
        let (store, _) = opened(database).await;
        let Imported::Imported(link) = store.import(shown(5), "maria", NOW).await.unwrap() else { panic!() };
        let found = |at| Found { chat: chat(), person: person(42), at: later(at), did: Did::ComeByForeign(link) };
        store.take_in(bot(), vec![joined_by_foreign(1, 42, 5, 1000)]).await.unwrap();
        // Earlier is what was found late, and a little later is another clock.
        for at in [10, 1000, 1600] {
            assert_eq!(find(&store, found(at)).await, None, "{at}");
        }
        assert_eq!(find(&store, found(1601)).await, Some(Outcome::Noted));
        assert_eq!(find(&store, found(1601)).await, None);
        let (_, seen) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        assert_eq!(seen.iter().map(|it| it.at).collect::<Vec<_>>(), [later(1000), later(1601)]);
    }

    async fn what_is_found_long_after_something_was_told_is_another_time(database: &Database) {
        let (store, gate) = opened(database).await;
        store.take_in(bot(), vec![joined(1, 42, None, 10)]).await.unwrap();
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, later(4000)).await;
        assert_eq!(find(&store, came(42, link, 5000)).await, Some(Outcome::Entered { pass, chat: chat() }));
        let after = entry(&store, pass).await;
        assert_eq!((after.state, after.used_at), (State::Used, Some(later(5000))));
        assert_eq!(places(&store, 42).await, 4, "in the entry, in the link, and twice in the chat");
    }

    async fn who_waits_is_written_down_once(database: &Database) {
        let (store, _) = opened(database).await;
        let count = async || {
            let erased = store.cannot_erase(person(42)).await.unwrap();
            erased.is_none()
        };
        assert!(!count().await);
        assert_eq!(find(&store, asks(42, 10)).await, Some(Outcome::Noted));
        assert!(count().await);
        assert_eq!(find(&store, asks(42, 10)).await, None);
        store.take_in(bot(), vec![asked(1, 42, 10)]).await.unwrap();
        assert_eq!(find(&store, asks(42, 10)).await, None);
        // They were let in, went, and ask again.
        store.take_in(bot(), vec![joined(2, 42, None, 20), left(3, 42, 30)]).await.unwrap();
        assert_eq!(find(&store, asks(42, 40)).await, Some(Outcome::Noted));
    }

    async fn who_came_by_a_foreign_link_unseen_is_found(database: &Database) {
        let (store, _) = opened(database).await;
        let Imported::Imported(link) = store.import(shown(5), "maria", NOW).await.unwrap() else { panic!() };
        let found = Found { chat: chat(), person: person(42), at: later(10), did: Did::ComeByForeign(link) };
        assert_eq!(find(&store, found).await, Some(Outcome::Noted));
        store.take_in(bot(), vec![joined_by_foreign(1, 42, 5, 10)]).await.unwrap();
        assert_eq!(find(&store, found).await, None);
        assert_eq!(store.foreign_link(&hash(5)).await.unwrap().unwrap().1.len(), 1);
        store.foreign_link_compared(link, later(50)).await.unwrap();
        store.foreign_link_gone(link, later(60)).await.unwrap();
        let (link, _) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        assert_eq!((link.compared_at, link.revoked_at), (later(50), Some(later(60))));
    }

    async fn a_lost_link_that_telegram_has_is_adopted_and_ends(database: &Database) {
        let (store, gate) = opened(database).await;
        let booked = async |number: u64| store.booked(&hash(number), Some(marker(number))).await.unwrap();
        let link = intend(&store, &gate, 1).await;
        assert_eq!(booked(1).await, Booked::Making);
        assert!(!store.adopt(link, &hash(1).url(), &hash(1), NOW).await.unwrap(), "whoever asked is told yet");
        store.lost(link).await.unwrap();
        assert_eq!(booked(1).await, Booked::Lost(link));
        assert!(store.adopt(link, &hash(1).url(), &hash(1), later(5)).await.unwrap());
        assert!(!store.adopt(link, &hash(1).url(), &hash(1), later(6)).await.unwrap());
        let ours = Booked::Ours { link, is_held_to_work: false, is_compared: false };
        assert_eq!(booked(1).await, ours);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap()[0].url, hash(1).url());
        assert_eq!(grant_waits(&store, &gate).await, State::Granted, "it is given to nobody");
        store.compared(link, later(9)).await.unwrap();
        assert_eq!(booked(1).await, Booked::Ours { link, is_held_to_work: false, is_compared: true });
        // Another link of the same name is nobody's; and so is one of a name that nobody drew.
        assert_eq!(store.booked(&hash(2), Some(marker(1))).await.unwrap(), Booked::Stray);
        assert_eq!(booked(3).await, Booked::Stray);
        assert_eq!(store.booked(&hash(3), None).await.unwrap(), Booked::Unknown);
        store.import(shown(3), "maria", NOW).await.unwrap();
        assert!(matches!(booked(3).await, Booked::Foreign(_)));
    }

    async fn a_link_of_the_pool_that_died_is_given_to_nobody(database: &Database) {
        let (store, gate) = opened(database).await;
        let (first, _) = make(&store, &gate, 1).await;
        let (second, _) = make(&store, &gate, 2).await;
        let working = async |before| store.held_to_work(bot(), chat(), later(before), later(5)).await.unwrap();
        assert_eq!(working(1).await, [first, second]);
        assert_eq!(working(0).await, [], "these were made since");
        assert_eq!(store.url_of(first).await.unwrap(), Some((marker(1), hash(1).url())));
        store.link_died(first, later(5)).await.unwrap();
        assert_eq!(working(1).await, [second]);
        grant(&store, &gate, 1, later(6)).await;
        let (dead, _) = store.ledger_by_marker(marker(1)).await.unwrap().unwrap();
        let (given, _) = store.ledger_by_marker(marker(2)).await.unwrap().unwrap();
        assert_eq!((dead.state, given.state), (LinkState::Dropped, LinkState::Given));
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap(), []);
    }

    async fn who_was_erased_is_not_found_again(database: &Database) {
        let (store, gate) = opened(database).await;
        let (link, _) = make(&store, &gate, 1).await;
        grant(&store, &gate, 1, NOW).await;
        store.take_in(bot(), vec![joined(1, 42, Some(1), 60)]).await.unwrap();
        store.erase_person(person(42), "maria", later(70)).await.unwrap();
        let booked = store.booked(&hash(1), None).await.unwrap();
        assert!(matches!(booked, Booked::Ours { link: it, is_compared: true, .. } if it == link), "{booked:?}");
        // Nor by whoever had the list before.
        assert_eq!(find(&store, came(42, link, 60)).await, None);
        let Imported::Imported(link) = store.import(shown(5), "maria", NOW).await.unwrap() else { panic!() };
        store.take_in(bot(), vec![joined_by_foreign(2, 43, 5, 60)]).await.unwrap();
        store.erase_person(person(43), "maria", later(70)).await.unwrap();
        let found = |at| Found { chat: chat(), person: person(43), at: later(at), did: Did::ComeByForeign(link) };
        assert_eq!(find(&store, found(60)).await, None);
        assert!(find(&store, found(80)).await.is_some(), "they came again");
    }

    async fn who_was_erased_is_not_found_again_though_nobody_told_by_which_link_they_came(database: &Database) {
        let (store, gate) = opened(database).await;
        let Imported::Imported(theirs) = store.import(shown(5), "maria", NOW).await.unwrap() else { panic!() };
        let by_theirs =
            |who, at| Found { chat: chat(), person: person(who), at: later(at), did: Did::ComeByForeign(theirs) };
        let is_known = async |who| store.cannot_erase(person(who)).await.unwrap() != Some(Erased::Unknown);
        // Of a link that somebody else made, a bot is told the beginning only.
        store.take_in(bot(), vec![joined(1, 42, None, 6000), joined(2, 43, None, 6060)]).await.unwrap();
        store.erase_person(person(42), "maria", later(7000)).await.unwrap();
        let as_booked = store.not_seen(vec![by_theirs(42, 6001)]).await.unwrap();
        assert!(as_booked[0].person != person(42), "nobody who compares is told their number");
        for found in [by_theirs(42, 6001), as_booked[0]] {
            find(&store, found).await;
            assert_eq!(find(&store, found).await, None);
        }
        assert!(!is_known(42).await);
        // Ben came a minute later, and is who he was; so is whoever comes again.
        assert_eq!(find(&store, by_theirs(43, 6060)).await, Some(Outcome::Noted));
        assert_eq!(find(&store, by_theirs(42, 7060)).await, Some(Outcome::Noted));
        let (_, seen) = store.foreign_link(&hash(5)).await.unwrap().unwrap();
        let seen: Vec<_> = seen.iter().map(|it| (it.person, it.at)).collect();
        let nobody = as_booked[0].person;
        assert_eq!(seen, [(nobody, later(6001)), (person(43), later(6060)), (person(42), later(7060))]);

        // A link of ours is used all the same, by nobody.
        let (link, _) = make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        store.take_in(bot(), vec![joined(3, 44, None, 8000)]).await.unwrap();
        store.erase_person(person(44), "maria", later(9000)).await.unwrap();
        assert_eq!(find(&store, came(44, link, 8000)).await, Some(Outcome::Entered { pass, chat: chat() }));
        assert_eq!(find(&store, came(44, link, 8000)).await, None);
        assert_eq!(entry(&store, pass).await.state, State::Used);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap()[0].link, link);
        assert!(!is_known(44).await);
    }

    async fn who_came_beside_somebody_who_was_erased_is_found(database: &Database) {
        let (store, gate) = opened(database).await;
        let mut links = Vec::new();
        for number in 1..=2 {
            links.push(make(&store, &gate, number).await.0);
            grant(&store, &gate, number, NOW).await;
        }
        store.take_in(bot(), vec![joined(1, 42, None, 6000), joined(2, 43, Some(1), 6500)]).await.unwrap();
        // Longer before or after is somebody else, and so is whoever came since.
        store.erase_person(person(42), "maria", later(6100)).await.unwrap();
        let is_known = async |who| store.cannot_erase(person(who)).await.unwrap() != Some(Erased::Unknown);
        for (who, at) in [(51, 5399), (52, 6101)] {
            assert!(find(&store, came(who, links[1], at)).await.is_some());
            assert!(is_known(who).await, "{who}");
        }
        assert_eq!(find(&store, came(43, links[0], 6500)).await, None);
        // Nor is it somebody of whom it was told that they came by another link.
        store.erase_person(person(43), "maria", later(9000)).await.unwrap();
        assert!(find(&store, came(53, links[1], 6700)).await.is_some());
        assert!(is_known(53).await);
    }

    async fn whom_a_pass_is_for_and_a_stranger_by_its_link_are_nobody_who_was_erased(database: &Database) {
        let (store, gate) = opened(database).await;
        let (ours, _) = make(&store, &gate, 1).await;
        let pass = pass_of(&store, &gate, 43).await;
        let (theirs, _) = make(&store, &gate, 2).await;
        let other = pass_of(&store, &gate, 44).await;
        store.take_in(bot(), vec![joined(1, 42, None, 6000)]).await.unwrap();
        store.erase_person(person(42), "maria", later(7000)).await.unwrap();
        assert_eq!(find(&store, came(43, ours, 6060)).await, Some(Outcome::Entered { pass, chat: chat() }));
        assert_eq!(entry(&store, pass).await.used_by, Some(person(43)));
        let stranger = Outcome::Stranger { pass: other, chat: chat() };
        assert_eq!(find(&store, came(66, theirs, 6060)).await, Some(stranger));
        assert_eq!(store.strangers(bot(), chat(), 9).await.unwrap(), []);
        store.revoked(theirs, later(7100)).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 9).await.unwrap()[0].person, person(66));
        // They came by another link than theirs.
        let Imported::Imported(link) = store.import(shown(5), "maria", NOW).await.unwrap() else { panic!() };
        let found = Found { chat: chat(), person: person(44), at: later(6060), did: Did::ComeByForeign(link) };
        assert_eq!(find(&store, found).await, Some(Outcome::Noted));
        assert_eq!(store.foreign_link(&hash(5)).await.unwrap().unwrap().1[0].person, person(44));
    }

    async fn who_was_erased_and_waits_still_is_not_written_down_again(database: &Database) {
        let (store, _) = opened(database).await;
        assert!(find(&store, asks(42, 10)).await.is_some());
        store.erase_person(person(42), "maria", later(70)).await.unwrap();
        assert_eq!(find(&store, asks(42, 10)).await, None);
        assert!(find(&store, asks(43, 71)).await.is_some());
    }

    async fn who_was_erased_before_there_were_these_books_is_not_found_again(database: &Database) {
        let (store, gate) = opened(database).await;
        let mut links = Vec::new();
        for number in 1..=5 {
            links.push(make(&store, &gate, number).await.0);
        }
        // Ann came by hers, Ben by the one of somebody else, Cy holds one, and Dee came by one of nobody.
        grant(&store, &gate, 1, NOW).await;
        pass_of(&store, &gate, 99).await;
        pass_of(&store, &gate, 43).await;
        let seen = vec![
            joined(1, 41, Some(1), 60), joined(2, 42, Some(2), 60), joined(3, 44, Some(4), 60), joined(4, 45, Some(5), 60),
        ];
        store.take_in(bot(), seen).await.unwrap();
        store.revoked(links[1], later(65)).await.unwrap();
        let stranger = store.strangers(bot(), chat(), 9).await.unwrap().remove(0);
        store.stranger_settled(stranger, later(66)).await.unwrap();
        for who in [41, 42, 43, 44] {
            let erased = store.erase_person(person(who), "maria", later(70)).await.unwrap();
            assert!(matches!(erased, Erased::Erased { .. }), "{erased:?}");
        }
        assert_eq!(store.not_compared(bot(), chat()).await.unwrap(), links[4..]);
        drop(store);
        database.go_back_to_the_first_schema().await;
        let store = database.open().await;
        assert_eq!(store.not_compared(bot(), chat()).await.unwrap(), links[4..]);
    }

    async fn who_was_erased_before_there_were_these_books_and_waits_still_is_not_written_down_again(database: &Database) {
        let (store, _) = opened(database).await;
        store.take_in(bot(), vec![asked(1, 42, 10), asked(2, 43, 20)]).await.unwrap();
        store.erase_person(person(42), "maria", later(60)).await.unwrap();
        store.erase_person(person(43), "maria", later(70)).await.unwrap();
        drop(store);
        database.go_back_to_the_first_schema().await;
        let store = database.open().await;
        assert_eq!(find(&store, asks(42, 10)).await, None);
        assert_eq!(find(&store, asks(44, 70)).await, None);
        assert!(find(&store, asks(45, 71)).await.is_some());
    }

    async fn when_the_books_were_last_compared_is_remembered(database: &Database) {
        let (store, _) = opened(database).await;
        assert_eq!(store.reconciled_at().await.unwrap(), None);
        for at in [5, 9] {
            store.reconciled(later(at)).await.unwrap();
            assert_eq!(store.reconciled_at().await.unwrap(), Some(later(at)));
        }
    }
}

/// In how many places somebody stood.
async fn places(store: &Store, who: i64) -> u64 {
    match store.erase_person(person(who), "maria", later(99)).await.unwrap() {
        Erased::Erased { places, .. } => places,
        other => panic!("{other:?}"),
    }
}

/// How a new pass stands.
async fn grant_waits(store: &Store, gate: &SavedGate) -> State {
    let pass = grant(store, gate, 77, later(7)).await;
    entry(store, pass).await.state
}
