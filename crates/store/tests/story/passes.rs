//! From a right answer into the chat.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{
    Counted, Effect, Granted, Held, LedgerFilter, LinkState, Made, Outcome, Reissued, Revoked, Stock, Store,
};
use gate::pass::State;
use links::LinkUrl;
use serde_json::json;
use tokio::task::JoinSet;

async fn held(store: &Store, gate: &admit_store::SavedGate, who: u64) -> Held {
    store.holding(gate.id, visitor(who)).await.unwrap().unwrap().entries.remove(0)
}

fn url(number: u64) -> Option<LinkUrl> {
    Some(hash(number).url())
}

on_both! {
    async fn a_right_answer_takes_the_oldest_link_and_a_join_ends_it(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        let (first, made) = make(&store, &gate, 1).await;
        assert_eq!(made, Made::Pooled);
        make(&store, &gate, 2).await;

        let granted = store.grant(&gate, visitor(1), NOW).await.unwrap();
        let Granted::Granted { pass, entries } = granted else { panic!("{granted:?}") };
        assert_eq!(entries[0].link, Some(first));
        assert_eq!(store.grant(&gate, visitor(1), NOW).await.unwrap(), Granted::Already { pass });
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.link), (State::Issued, url(1)));
        assert_eq!(store.holding(gate.id, visitor(2)).await.unwrap(), None);

        let update = joined(10, 42, Some(1), 60);
        let outcomes = store.take_in(bot(), vec![update.clone(), update]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Entered { pass, chat: chat() }, Outcome::Repeated]);
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.used_at, entry.link), (State::Used, Some(later(60)), None));

        let to_revoke = store.to_revoke(bot(), chat(), 10).await.unwrap();
        assert_eq!(to_revoke.iter().map(|each| each.link).collect::<Vec<_>>(), [first]);
        assert_eq!(Some(&to_revoke[0].url), url(1).as_ref());
        store.revoked(first, later(61)).await.unwrap();
        assert_eq!(store.to_revoke(bot(), chat(), 10).await.unwrap(), []);

        let (link, seen) = store.ledger_by_hash(&hash(1)).await.unwrap().unwrap();
        assert_eq!((link.state, link.pass, link.used_by), (LinkState::Given, Some(pass), Some(person(42))));
        assert_eq!((link.revoke_wanted_at, link.revoked_at), (Some(later(60)), Some(later(61))));
        assert_eq!(seen.len(), 1);
    }

    /// The form sent many times at once, to two nodes: whoever has the last place is never told that there is none.
    async fn whoever_takes_the_last_place_has_it_however_often_they_ask(database: &Database) {
        let nodes = [database.open().await, database.open().await];
        open_gate(&nodes[0], json!({})).await;
        for who in 1..=20 {
            let definition = definition("night-owls", json!({ "quota": who }));
            nodes[0].save_gate(&definition, bot(), "maria", NOW).await.unwrap();
            let gate = nodes[0].gate(&definition.slug).await.unwrap().unwrap();
            let mut asking = JoinSet::new();
            for store in nodes.iter().cycle().take(16) {
                let (store, gate) = (store.clone(), gate.clone());
                asking.spawn(async move { store.grant(&gate, visitor(who), NOW).await.unwrap() });
            }
            let (granted, others): (Vec<_>, Vec<_>) = asking
                .join_all()
                .await
                .into_iter()
                .partition(|granted| matches!(granted, Granted::Granted { .. }));
            assert_eq!(granted.len(), 1, "{granted:?}");
            assert!(others.iter().all(|other| matches!(other, Granted::Already { .. })), "{who}: {others:?}");
        }
    }

    async fn whoever_waits_longest_gets_the_next_link(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        for who in 1..=3 {
            grant(&store, &gate, who, later(who as i64)).await;
        }
        let third = held(&store, &gate, 3).await;
        assert_eq!((third.state, third.before, third.link), (State::Granted, Some(2), None));
        let stock = store.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap();
        assert_eq!(stock, Stock { free: 0, waiting: 3, making: 0 });

        let first = store.holding(gate.id, visitor(1)).await.unwrap().unwrap();
        assert_eq!(make(&store, &gate, 1).await.1, Made::GivenTo(first.pass));
        assert_eq!(held(&store, &gate, 1).await.link, url(1));
        let link = intend(&store, &gate, 2).await;
        let stock = store.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap();
        assert_eq!(stock, Stock { free: 0, waiting: 2, making: 1 });
        store.lost(link).await.unwrap();
        assert_eq!(held(&store, &gate, 3).await.before, Some(1));
    }

    /// Its token died, or it lost its right, between the asking and the answer.
    async fn a_link_that_is_made_while_the_bot_could_not_end_it_waits_in_the_pool(database: &Database) {
        let store = database.open().await;
        let token = admit_store::Token::new("700:fake");
        store.remember_bot(bot(), "owl_bot", &token, "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        grant(&store, &gate, 1, NOW).await;
        let link = intend(&store, &gate, 1).await;
        assert!(store.bot_died(bot(), NOW).await.unwrap());
        assert_eq!(store.made(link, &hash(1).url(), &hash(1), NOW).await.unwrap(), Made::Pooled);
        assert_eq!(held(&store, &gate, 1).await.state, State::Granted);
        assert_eq!(store.hand_out(&gate, chat(), gate.gate.promised_until(NOW), NOW).await.unwrap(), 0);
        assert!(store.bot_lives(bot()).await.unwrap());
        assert_eq!(store.hand_out(&gate, chat(), gate.gate.promised_until(NOW), NOW).await.unwrap(), 1);
        assert_eq!(held(&store, &gate, 1).await.link, url(1));
    }

    async fn what_is_given_up_is_never_shown_but_revoked_when_it_turns_up(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        let late = intend(&store, &gate, 1).await;
        let silent = intend(&store, &gate, 2).await;
        intend(&store, &gate, 3).await;
        assert_eq!(store.lose_earlier(bot(), 1).await.unwrap(), 0);
        assert_eq!(store.lose_earlier(bot(), 2).await.unwrap(), 3);
        assert_eq!(store.made(late, &hash(1).url(), &hash(1), NOW).await.unwrap(), Made::TooLate);
        let outcomes = store.take_in(bot(), vec![joined(1, 42, Some(2), 5)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::StrayLink { link: silent }]);
        let to_revoke = store.to_revoke(bot(), chat(), 10).await.unwrap();
        let urls: Vec<_> = to_revoke.into_iter().map(|link| Some(link.url)).collect();
        assert_eq!(urls, [url(1), url(2)]);
        grant(&store, &gate, 1, NOW).await;
        assert_eq!(held(&store, &gate, 1).await.state, State::Granted);
    }

    /// An administrator saw it at Telegram, and showed it to somebody.
    async fn a_link_by_which_somebody_came_before_it_was_known_to_be_made_is_given_to_nobody(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        grant(&store, &gate, 1, NOW).await;
        let link = intend(&store, &gate, 1).await;
        let outcomes = store.take_in(bot(), vec![joined(1, 42, Some(1), 5)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::StrayLink { link }]);
        assert_eq!(store.made(link, &hash(1).url(), &hash(1), NOW).await.unwrap(), Made::TooLate);
        assert_eq!(held(&store, &gate, 1).await.state, State::Granted);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap().len(), 1);
    }

    async fn what_the_bot_of_before_made_is_given_to_nobody(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let making = intend(&store, &gate, 2).await;
        store.save_gate(&gate.gate, person(701), "maria", NOW).await.unwrap();
        let gate = store.gate(&gate.gate.slug).await.unwrap().unwrap();
        grant(&store, &gate, 1, NOW).await;
        assert_eq!(store.made(making, &hash(2).url(), &hash(2), NOW).await.unwrap(), Made::TooLate);
        assert_eq!(held(&store, &gate, 1).await.state, State::Granted);
        assert_eq!(store.to_revoke(bot(), chat(), 9).await.unwrap().len(), 2);
        assert_eq!(store.stock(gate.id, chat(), bot(), NOW, 9).await.unwrap().making, 0);
        let (_, made) = make(&store, &gate, 3).await;
        assert!(matches!(made, Made::GivenTo(_)));
    }

    async fn what_was_asked_for_long_ago_or_by_who_slept_is_given_up(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        let link = intend(&store, &gate, 1).await;
        let lose = async |gate, at| store.lose_silent(gate, chat(), bot(), at, 1).await.unwrap();
        assert_eq!(lose(gate.id, NOW).await, 0);
        assert_eq!(lose(admit_store::GateId::new(gate.id.get() + 1), later(1)).await, 0);
        assert_eq!(lose(gate.id, later(1)).await, 1);
        assert_eq!(store.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap().making, 0);
        assert_eq!(store.made(link, &hash(1).url(), &hash(1), NOW).await.unwrap(), Made::TooLate);
        // The other node has the lease now, and gave up what there was; then the sleeper wrote down one more wish.
        store.lose_earlier(bot(), 2).await.unwrap();
        let link = intend(&store, &gate, 2).await;
        assert_eq!(store.lose_silent(gate.id, chat(), bot(), NOW, 2).await.unwrap(), 1);
        assert_eq!(store.made(link, &hash(2).url(), &hash(2), NOW).await.unwrap(), Made::TooLate);
    }

    async fn a_link_that_somebody_used_in_the_pool_is_given_to_nobody(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        make(&store, &gate, 2).await;
        store.take_in(bot(), vec![joined(1, 42, Some(1), 5)]).await.unwrap();
        grant(&store, &gate, 1, later(6)).await;
        assert_eq!(held(&store, &gate, 1).await.link, url(2));
    }

    async fn an_expired_link_is_replaced_once_asked(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        let again = async |now| store.reissue(pass, chat(), gate.gate.promised_until(now), None, now).await.unwrap();
        assert_eq!(again(NOW).await, Reissued::Not(State::Issued));
        assert_eq!(store.expire(later(86_399)).await.unwrap(), 0);
        assert_eq!(store.expire(later(86_400)).await.unwrap(), 1);
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.link), (State::Expired, None));
        // Whether somebody came by it is known when everything was heard.
        let token = admit_store::Token::new("700:fake");
        store.remember_bot(bot(), "owl_bot", &token, "maria", NOW).await.unwrap();
        for heard in [1, 40_000, 80_000, 86_429] {
            store.heard(bot(), later(heard)).await.unwrap();
            assert_eq!(again(later(86_430)).await, Reissued::NotYet, "heard until {heard}");
        }
        store.heard(bot(), later(86_430)).await.unwrap();
        let Reissued::Reissued(handed) = again(later(86_400)).await else { panic!() };
        assert_eq!(handed.link, None);
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.generation, entry.before), (State::Granted, 2, Some(0)));
        // A link that is there to stay for an hour only is too short-lived, and so is not free.
        let stock = store.stock(gate.id, chat(), bot(), later(86_400), 1000).await.unwrap();
        assert_eq!((stock.free, stock.waiting), (0, 1));
    }

    async fn a_link_whose_use_was_perhaps_not_heard_of_is_replaced_by_hand(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        let token = admit_store::Token::new("700:fake");
        store.remember_bot(bot(), "owl_bot", &token, "maria", NOW).await.unwrap();
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        assert_eq!(store.heard(bot(), later(10)).await.unwrap(), 0);
        // Telegram keeps for a day what nobody takes.
        assert_eq!(store.heard(bot(), later(10 + 23 * 3600 + 1)).await.unwrap(), 1);
        assert_eq!(store.heard(bot(), later(86_500)).await.unwrap(), 0);
        assert!(held(&store, &gate, 1).await.is_doubted());
        assert_eq!(store.expire(later(86_500)).await.unwrap(), 0, "it was ended then");
        let until = gate.gate.promised_until(later(86_500));
        let again = async |who| store.reissue(pass, chat(), until, who, later(86_500)).await.unwrap();
        assert_eq!(again(None).await, Reissued::Unsure);
        assert!(matches!(again(Some("maria")).await, Reissued::Reissued(_)));
    }

    async fn a_link_that_is_being_edited_counts_as_working_until_the_later_end(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        for number in 1..3 {
            make(&store, &gate, number).await;
        }
        let pass = grant(&store, &gate, 1, NOW).await;
        let link = async |number| store.ledger_by_marker(marker(number)).await.unwrap().unwrap().0;
        let ends = async || {
            let entry = held(&store, &gate, 1).await;
            let link = link(1).await;
            assert_eq!(Some(link.expires_at), entry.expires_at);
            (link.expires_at, link.expiry_wanted)
        };
        let edit = async |number, until| {
            store.intend_edit(&link(number).await, later(until), "maria", NOW).await.unwrap()
        };
        assert!(edit(1, 90_000).await);
        assert_eq!(ends().await, (later(90_000), Some(later(90_000))));
        assert_eq!(store.expire(later(86_400)).await.unwrap(), 0);
        // Telegram refused.
        store.edited(&link(1).await, later(90_000), later(86_400)).await.unwrap();
        assert_eq!(ends().await, (later(86_400), None));
        // Somebody begins another edit before it is known what came of the first.
        assert!(edit(1, 50).await && edit(1, 40).await);
        assert_eq!(ends().await, (later(86_400), Some(later(40))));
        store.edited(&link(1).await, later(50), later(50)).await.unwrap();
        assert_eq!(ends().await, (later(86_400), Some(later(40))));
        store.edited(&link(1).await, later(40), later(40)).await.unwrap();
        assert_eq!(ends().await, (later(40), None));
        let done = store.audit(None, 1).await.unwrap().remove(0);
        assert_eq!((done.what, done.about), ("edit link".to_owned(), format!("{} ends at {}", marker(1), later(40))));

        // Neither a link that nobody has, nor one that ended.
        assert!(!edit(2, 90_000).await);
        assert_eq!(store.expire(later(40)).await.unwrap(), 1);
        assert!(!edit(1, 90_000).await);
        store.revoke_pass(pass, "maria", later(41)).await.unwrap();
        assert!(!edit(1, 90_000).await);
        let second = grant(&store, &gate, 2, NOW).await;
        store.take_in(bot(), vec![joined(1, 42, Some(2), 5)]).await.unwrap();
        assert!(!edit(2, 90_000).await, "{second} is used");
    }

    async fn a_pass_that_is_taken_back_lets_nobody_in(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        let revoked = store.revoke_pass(pass, "maria", later(10)).await.unwrap();
        assert_eq!(revoked, Revoked::Revoked { inside: vec![] });
        assert_eq!(store.revoke_pass(pass, "maria", later(10)).await.unwrap(), Revoked::Already);
        assert_eq!(store.to_revoke(bot(), chat(), 10).await.unwrap().len(), 1);
        let outcomes = store.take_in(bot(), vec![joined(1, 42, Some(1), 11)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Stranger { pass, chat: chat() }]);
        assert_eq!(held(&store, &gate, 1).await.state, State::Revoked);
        let link = store.to_revoke(bot(), chat(), 10).await.unwrap().remove(0).link;
        assert_eq!(store.strangers(bot(), chat(), 10).await.unwrap(), []);
        store.revoked(link, later(12)).await.unwrap();
        let strangers = store.strangers(bot(), chat(), 10).await.unwrap();
        assert_eq!((strangers.len(), strangers[0].person), (1, person(42)));
        store.stranger_settled(strangers[0], later(13)).await.unwrap();
        assert_eq!(store.strangers(bot(), chat(), 10).await.unwrap(), []);
        let again = store.reissue(pass, chat(), later(3610), None, later(10)).await.unwrap();
        assert_eq!(again, Reissued::Not(State::Revoked));
    }

    async fn a_pass_can_be_granted_by_hand_and_is_listed(database: &Database) {
        let store = database.open().await;
        let gate = definition("night-owls", json!({ "quota": 1 }));
        store.save_gate(&gate, bot(), "maria", NOW).await.unwrap();
        let gate = store.gate(&gate.slug).await.unwrap().unwrap();
        assert_eq!(store.grant(&gate, visitor(1), NOW).await.unwrap(), Granted::NotOpen);
        let (link, _) = make(&store, &gate, 1).await;
        let granted = store.grant_by_hand(&gate, visitor(1), Some(person(42)), "maria", NOW).await.unwrap();
        let Granted::Granted { pass, entries } = granted else { panic!("{granted:?}") };
        assert_eq!(entries[0].link, Some(link));
        let again = store.grant_by_hand(&gate, visitor(2), Some(person(42)), "maria", NOW).await.unwrap();
        assert_eq!(again, Granted::Already { pass });
        let full = store.grant_by_hand(&gate, visitor(3), None, "maria", NOW).await.unwrap();
        assert_eq!(full, Granted::Full);

        let listed = store.passes(Some(gate.id), None, 10).await.unwrap();
        assert_eq!(listed, [store.pass(pass).await.unwrap().unwrap()]);
        assert_eq!((listed[0].granted_by.as_deref(), listed[0].person), (Some("maria"), Some(person(42))));
        assert_eq!(store.passes(None, Some(pass), 10).await.unwrap(), []);
        let links = store.ledger(LedgerFilter { pass: Some(pass), ..LedgerFilter::default() }, 10).await.unwrap();
        assert_eq!((links.len(), &links[0].url), (1, &url(1)));
    }

    async fn an_account_that_was_shown_is_the_person(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        make(&store, &gate, 2).await;
        let start = |id, who, as_whom, at| {
            let visitor = visitor(as_whom);
            update(id, Effect::Started { person: person(who), gate: gate.id, visitor, at: later(at) })
        };
        // Whoever was first is believed, in whatever order it is told.
        let updates = vec![start(3, 43, 1, 30), start(1, 42, 1, 10), start(4, 44, 1, 20), start(5, 42, 2, 40)];
        let outcomes = store.take_in(bot(), updates).await.unwrap();
        let bound = |who| Outcome::Bound { gate: gate.id, visitor: visitor(who) };
        assert_eq!(outcomes, [bound(1), bound(1), Outcome::Noted, bound(2)]);
        assert_eq!(store.attempt(gate.id, visitor(1)).await.unwrap().person, Some(person(42)));

        let pass = grant(&store, &gate, 1, NOW).await;
        // The same account under another name holds the same pass.
        assert_eq!(store.grant(&gate, visitor(2), NOW).await.unwrap(), Granted::Already { pass });
        assert_eq!(store.holding(gate.id, visitor(2)).await.unwrap().unwrap().pass, pass);

        // Somebody else comes by its link.
        let outcomes = store.take_in(bot(), vec![joined(6, 99, Some(1), 50)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Stranger { pass, chat: chat() }]);
        assert_eq!(held(&store, &gate, 1).await.state, State::Leaked);
        let again = async || store.reissue(pass, chat(), later(3700), None, later(60)).await.unwrap();
        assert_eq!(again().await, Reissued::NotYet);
        let link = store.to_revoke(bot(), chat(), 10).await.unwrap().remove(0).link;
        store.revoked(link, later(61)).await.unwrap();
        assert!(matches!(again().await, Reissued::Reissued(_)));
        assert_eq!(held(&store, &gate, 1).await.link, url(2));
        let outcomes = store.take_in(bot(), vec![joined(7, 42, Some(2), 70)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Entered { pass, chat: chat() }]);
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.generation, entry.used_by), (State::Used, 2, Some(person(42))));
    }

    async fn who_leaves_may_come_back_and_who_comes_second_is_a_stranger(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        let (here, chat) = (pass, chat());
        let tell = async |update| store.take_in(bot(), vec![update]).await.unwrap().remove(0);
        assert_eq!(tell(joined(1, 42, Some(1), 10)).await, Outcome::Entered { pass: here, chat });
        assert_eq!(tell(left(2, 42, 20)).await, Outcome::Gone { pass: here, chat });
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.left_at), (State::Left, Some(later(20))));
        assert_eq!(tell(joined(3, 99, Some(1), 30)).await, Outcome::Stranger { pass: here, chat });
        assert_eq!(tell(joined(4, 42, None, 40)).await, Outcome::Entered { pass: here, chat });
        assert_eq!(tell(left(5, 99, 50)).await, Outcome::Noted);
        let entry = held(&store, &gate, 1).await;
        assert_eq!((entry.state, entry.used_by, entry.left_at), (State::Used, Some(person(42)), None));
        let link = store.to_revoke(bot(), chat, 9).await.unwrap().remove(0).link;
        store.revoked(link, later(51)).await.unwrap();
        assert_eq!(store.strangers(bot(), chat, 9).await.unwrap()[0].person, person(99));
    }

    async fn of_64_answers_of_one_visitor_one_is_granted(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        for number in 0..4 {
            make(&here, &gate, number).await;
        }
        let answers = (0..64).map(|at| {
            let (store, gate) = (if at % 2 == 0 { here.clone() } else { there.clone() }, gate.clone());
            tokio::spawn(async move { store.grant(&gate, visitor(1), NOW).await.unwrap() })
        });
        let mut granted = 0;
        for one in answers.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Granted::Granted { .. } => granted += 1,
                other => assert!(matches!(other, Granted::Already { .. }), "{other:?}"),
            }
        }
        assert_eq!(granted, 1);
        assert_eq!(here.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap().free, 3);
    }

    /// Whoever comes in a crowd hears what they would hear alone.
    async fn a_crowd_hears_one_by_one(database: &Database) {
        let store = database.open().await;
        let other = chat().get() - 1;
        let gate = open_gate(&store, json!({ "chats": [chat().get(), other] })).await;
        for number in 0..20 {
            make(&store, &gate, number).await;
        }
        // One was wrong a moment ago, one was before, one showed an account, one has a pass.
        store.wrong(&gate, visitor(100), NOW).await.unwrap();
        store.wrong(&gate, visitor(101), later(-1000)).await.unwrap();
        let start =
            Effect::Started { person: person(42), gate: gate.id, visitor: visitor(102), at: later(-1) };
        store.take_in(bot(), vec![update(1, start)]).await.unwrap();
        let before = grant(&store, &gate, 103, NOW).await;

        let crowd: Vec<u64> = (0..60).chain(0..10).chain(100..104).collect();
        let answers = crowd.iter().map(|who| store.grant(&gate, visitor(*who), NOW));
        let answers: Vec<Granted> =
            futures_util::future::join_all(answers).await.into_iter().map(Result::unwrap).collect();
        let (mut passes, mut links) = (Vec::new(), Vec::new());
        for (who, answer) in crowd.iter().zip(&answers) {
            match answer {
                Granted::Granted { pass, entries } => {
                    let holding = store.holding(gate.id, visitor(*who)).await.unwrap().unwrap();
                    assert_eq!((holding.pass, holding.entries.len()), (*pass, 2), "{who}");
                    assert_eq!(holding.person, (*who == 102).then(|| person(42)));
                    let shown = holding.entries.iter().any(|held| held.chat == chat() && held.link.is_some());
                    assert_eq!(entries[0].link.is_some(), shown, "{who}");
                    assert_eq!((entries[1].chat.get(), &entries[1].link), (other, &None));
                    links.extend(entries[0].link);
                    passes.push(*pass);
                }
                Granted::Already { pass } => {
                    assert!(*who < 10 || (*who == 103 && *pass == before), "{who}");
                }
                Granted::TooSoon { .. } => assert_eq!(*who, 100),
                odd => panic!("{who}: {odd:?}"),
            }
        }
        assert_eq!(passes.len(), 62);
        links.sort();
        links.dedup();
        assert_eq!(links.len(), 19, "each link is given once, until there is none");
        assert_eq!(store.gate(&gate.gate.slug).await.unwrap().unwrap().issued, 63);
        let waiting = store.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap().waiting;
        assert_eq!(waiting, 62 - 19);
    }

    async fn a_quota_is_exact_on_two_nodes(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({ "quota": 20 })).await;
        for number in 0..64 {
            make(&here, &gate, number).await;
        }
        let answers = (0..64).map(|at| {
            let (store, gate) = (if at % 2 == 0 { here.clone() } else { there.clone() }, gate.clone());
            tokio::spawn(async move { store.grant(&gate, visitor(at), NOW).await.unwrap() })
        });
        let mut links = Vec::new();
        for one in answers.collect::<Vec<_>>() {
            match one.await.unwrap() {
                Granted::Granted { entries, .. } => links.extend(entries[0].link),
                other => assert_eq!(other, Granted::Full),
            }
        }
        links.sort();
        links.dedup();
        assert_eq!(links.len(), 20);
    }

    async fn a_budget_is_exact_on_two_nodes(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let budget = json!({ "per_minute": 20, "per_hour": 30 });
        let gate = open_gate(&here, json!({ "guesses": budget, "tries": { "first_wait_seconds": 0 } })).await;
        // A minute is over when another second of its first ten is; an hour likewise.
        for (seconds, expected) in [(0, 20), (59, 0), (70, 10), (140, 0), (3680, 20)] {
            let now = later(seconds);
            let guesses = (0..64).map(|at| {
                let (store, gate) = (if at % 2 == 0 { here.clone() } else { there.clone() }, gate.clone());
                let who = visitor(1000 * seconds as u64 + at);
                tokio::spawn(async move { store.wrong(&gate, who, now).await.unwrap() })
            });
            let mut counted = 0;
            for one in guesses.collect::<Vec<_>>() {
                match one.await.unwrap() {
                    Counted::Counted(tries) => counted += tries.wrong,
                    other => assert_eq!(other, Counted::BudgetSpent),
                }
            }
            assert_eq!(counted, expected, "after {seconds} s");
            assert_eq!(here.grant(&gate, visitor(5000), now).await.unwrap(), Granted::BudgetSpent);
        }
        // One who shows an account is heard, and spends nothing of it.
        let start =
            Effect::Started { person: person(42), gate: gate.id, visitor: visitor(6000), at: later(3680) };
        here.take_in(bot(), vec![update(1, start)]).await.unwrap();
        for wrong in 1..=5 {
            let counted = there.wrong(&gate, visitor(6000), later(3680)).await.unwrap();
            assert!(matches!(counted, Counted::Counted(tries) if tries.wrong == wrong), "{counted:?}");
        }
        assert_eq!(there.wrong(&gate, visitor(6000), later(3680)).await.unwrap(), Counted::NoMoreTries);
    }

    /// A wrong one does not either; so the time it takes does not tell which it was.
    async fn a_right_answer_that_is_held_back_writes_nothing(database: &Database) {
        let store = database.open().await;
        let limits = json!({
            "tries": { "most": 2, "first_wait_seconds": 60 },
            "guesses": { "per_minute": 3, "per_hour": 10 },
        });
        let gate = open_gate(&store, limits).await;
        make(&store, &gate, 1).await;
        let pass = grant(&store, &gate, 4, NOW).await;
        for (who, at) in [(2, -5000), (2, -4000), (1, 0), (10, 0), (11, 0)] {
            let counted = store.wrong(&gate, visitor(who), later(at)).await.unwrap();
            assert!(matches!(counted, Counted::Counted(_)), "{who}: {counted:?}");
        }
        let before = database.last_written().await;
        for (who, right, wrong) in [
            (1, Granted::TooSoon { until: later(60) }, Counted::TooSoon { until: later(60) }),
            (2, Granted::NoMoreTries, Counted::NoMoreTries),
            (3, Granted::BudgetSpent, Counted::BudgetSpent),
            (4, Granted::Already { pass }, Counted::Already { pass }),
        ] {
            assert_eq!(store.grant(&gate, visitor(who), NOW).await.unwrap(), right);
            assert_eq!(store.wrong(&gate, visitor(who), NOW).await.unwrap(), wrong);
            assert!(database.last_written().await == before, "{right:?}");
        }
    }

    async fn answers_that_come_together_are_looked_at_one_after_the_other(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let gate = open_gate(&here, json!({})).await;
        // A guesser sends every answer at once, one of which is right.
        for round in 0..20 {
            let answers = (0..16).map(|at| {
                let (store, gate) = (if at % 2 == 0 { here.clone() } else { there.clone() }, gate.clone());
                tokio::spawn(async move {
                    if at == 15 {
                        let granted = store.grant(&gate, visitor(round), NOW).await.unwrap();
                        return matches!(granted, Granted::Granted { .. });
                    }
                    matches!(store.wrong(&gate, visitor(round), NOW).await.unwrap(), Counted::Counted(_))
                })
            });
            let mut heard = 0;
            for one in answers.collect::<Vec<_>>() {
                heard += u32::from(one.await.unwrap());
            }
            assert_eq!(heard, 1, "answers looked at in round {round}");
        }
    }
}
