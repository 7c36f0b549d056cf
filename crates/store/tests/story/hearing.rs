//! What was not heard: which passes it puts in doubt, and what settles that.

use crate::databases::Database;
use crate::on_both;
use crate::world::*;
use admit_store::{
    ChatFace, ChatKind, Doubt, Effect, GateState, Granted, Held, LinkId, PassId, Reissued, SavedGate, Store,
    Token,
};
use gate::pass::State;
use links::{Right, Standing, UnixTime};
use serde_json::json;

const DAY: i64 = 86_400;

fn administrator() -> Standing {
    Standing::Administrator(vec![Right::InviteUsers])
}

async fn opened(database: &Database) -> (Store, SavedGate) {
    let store = database.open().await;
    store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
    store.heard(bot(), NOW).await.unwrap();
    let gate = open_gate(&store, json!({})).await;
    (store, gate)
}

/// A pass of this person with a link.
async fn known(store: &Store, gate: &SavedGate, number: u64) -> (PassId, LinkId) {
    let (link, _) = make(store, gate, number).await;
    let who = Some(person(number as i64));
    match store.grant_by_hand(gate, visitor(number), who, "maria", NOW).await.unwrap() {
        Granted::Granted { pass, .. } => (pass, link),
        other => panic!("{other:?}"),
    }
}

async fn entry(store: &Store, pass: PassId) -> Held {
    store.pass(pass).await.unwrap().unwrap().entries.remove(0)
}

async fn ending(store: &Store) -> Vec<LinkId> {
    store.to_revoke(bot(), chat(), 9).await.unwrap().into_iter().map(|link| link.link).collect()
}

on_both! {
    async fn of_those_in_doubt_who_is_known_is_asked_about(database: &Database) {
        let (store, gate) = opened(database).await;
        let (ann, first) = known(&store, &gate, 1).await;
        let (ben, second) = known(&store, &gate, 2).await;
        let (third, _) = make(&store, &gate, 3).await;
        let nobody = grant(&store, &gate, 3, NOW).await;
        let late = later(DAY);
        assert_eq!(store.heard(bot(), late).await.unwrap(), 3);
        assert_eq!(ending(&store).await, [first, second, third]);
        for pass in [ann, ben, nobody] {
            let entry = entry(&store, pass).await;
            assert_eq!((entry.state, entry.link, entry.doubted_at), (State::Expired, None, Some(late)));
        }
        let doubt = |pass, number| Doubt { pass, chat: chat(), person: person(number), doubted_at: late };
        assert_eq!(store.doubts(bot(), 9).await.unwrap(), [doubt(ann, 1), doubt(ben, 2)]);
        for link in [first, second, third] {
            store.revoked(link, late).await.unwrap();
        }
        store.heard(bot(), later(DAY + 31)).await.unwrap();
        let again = async |pass| {
            store.reissue(pass, chat(), later(2 * DAY), None, later(DAY + 31)).await.unwrap()
        };
        assert_eq!(again(ann).await, Reissued::NotYet);
        assert_eq!(again(nobody).await, Reissued::Unsure);

        assert!(store.found_in(ann, chat(), late).await.unwrap());
        let entry_of_ann = entry(&store, ann).await;
        assert_eq!((entry_of_ann.state, entry_of_ann.used_by), (State::Used, Some(person(1))));
        assert_eq!((entry_of_ann.used_at, entry_of_ann.doubted_at), (Some(before(late)), None));
        assert!(!store.found_in(ann, chat(), late).await.unwrap(), "they are in");
        // An update tells of it a moment later: that is the same join.
        store.take_in(bot(), vec![joined(6, 1, Some(1), DAY + 40)]).await.unwrap();
        let (_, seen) = store.ledger_by_marker(marker(1)).await.unwrap().unwrap();
        assert_eq!(seen.len(), 1);
        // What Telegram tells late was earlier.
        store.take_in(bot(), vec![joined(7, 1, Some(1), 90)]).await.unwrap();
        assert_eq!(entry(&store, ann).await.used_at, Some(later(90)));

        store.found_out(doubt(ben, 2)).await.unwrap();
        assert_eq!(store.doubts(bot(), 9).await.unwrap(), []);
        assert!(matches!(again(ben).await, Reissued::Reissued(_)));
    }

    async fn what_ended_before_a_gap_or_began_after_it_is_not_in_doubt(database: &Database) {
        let (store, gate) = opened(database).await;
        make(&store, &gate, 1).await;
        let early = grant(&store, &gate, 1, NOW).await;
        for hours in [20, 24, 25] {
            store.heard(bot(), later(hours * 3600)).await.unwrap();
        }
        store.expire(later(25 * 3600)).await.unwrap();
        assert_eq!(store.heard(bot(), later(60 * 3600)).await.unwrap(), 0);
        assert_eq!(entry(&store, early).await.doubted_at, None);
        // Others listened, however short that was.
        let other = open_gate(&store, json!({ "chats": [chat().get()], "link_life_seconds": 60 })).await;
        make(&store, &other, 2).await;
        assert_eq!(store.heard_after_others(bot(), later(60 * 3600 + 5)).await.unwrap(), 0);
    }

    async fn while_others_listened_is_a_gap_however_short(database: &Database) {
        let (store, gate) = opened(database).await;
        let (pass, _) = known(&store, &gate, 1).await;
        assert_eq!(store.heard(bot(), later(10)).await.unwrap(), 0);
        assert_eq!(store.heard_after_others(bot(), later(20)).await.unwrap(), 1);
        assert_eq!(entry(&store, pass).await.doubted_at, Some(later(20)));
    }

    async fn a_bot_that_is_no_administrator_is_not_told_who_comes(database: &Database) {
        let (store, gate) = opened(database).await;
        let (pass, given) = known(&store, &gate, 1).await;
        let (pooled, _) = make(&store, &gate, 2).await;
        let told = |id, at, standing| update(id, Effect::RightsChanged { chat: chat(), at: later(at), standing });
        let updates = vec![told(1, 5, administrator()), told(2, 10, Standing::Member)];
        store.take_in(bot(), updates).await.unwrap();
        // Nothing is given out meanwhile, though there is a pool.
        let waiting = store.grant(&gate, visitor(3), later(11)).await.unwrap();
        let Granted::Granted { pass: waits, entries } = waiting else { panic!("{waiting:?}") };
        assert_eq!(entries[0].link, None);
        assert_eq!(store.hand_out(&gate, chat(), later(3611), later(11)).await.unwrap(), 0);
        assert_eq!(store.chats_heard_again(bot()).await.unwrap(), []);

        store.take_in(bot(), vec![told(3, 20, administrator())]).await.unwrap();
        assert_eq!(store.chats_heard_again(bot()).await.unwrap(), [(chat(), later(10))]);
        assert_eq!(store.hand_out(&gate, chat(), later(3611), later(21)).await.unwrap(), 0, "not before it is dealt with");
        assert_eq!(store.hear_again(bot(), chat(), later(9), later(22)).await.unwrap(), 0, "another gap");
        assert_eq!(store.hear_again(bot(), chat(), later(10), later(22)).await.unwrap(), 1);
        assert_eq!(store.hear_again(bot(), chat(), later(10), later(22)).await.unwrap(), 0);
        assert_eq!(entry(&store, pass).await.doubted_at, Some(later(22)));
        assert_eq!(ending(&store).await, [given, pooled]);
        make(&store, &gate, 4).await;
        assert_eq!(entry(&store, waits).await.state, State::Issued);
    }

    async fn links_are_not_given_where_nobody_could_end_them(database: &Database) {
        let (store, gate) = opened(database).await;
        for number in 1..=3 {
            make(&store, &gate, number).await;
        }
        let gives = async |who| match store.grant(&gate, visitor(who), later(1)).await.unwrap() {
            Granted::Granted { entries, .. } => entries[0].link.is_some(),
            other => panic!("{other:?}"),
        };
        store.bot_died(bot(), later(1)).await.unwrap();
        assert!(!gives(1).await, "the token is dead");
        store.bot_lives(bot()).await.unwrap();
        assert_eq!(store.hand_out(&gate, chat(), later(3601), later(1)).await.unwrap(), 1);
        let none = Standing::Administrator(vec![Right::RestrictMembers]);
        store.know_standing(bot(), chat(), none, None, later(2)).await.unwrap();
        assert!(!gives(2).await, "it may not invite");
        store.know_standing(bot(), chat(), administrator(), None, later(3)).await.unwrap();
        assert_eq!(store.hand_out(&gate, chat(), later(3601), later(3)).await.unwrap(), 1);
        let face = |username: Option<&str>| ChatFace {
            kind: ChatKind::Supergroup,
            title: "Owls".to_owned(),
            username: username.map(str::to_owned),
        };
        store.know_chat(bot(), chat(), face(None), later(4)).await.unwrap();
        store.know_chat(bot(), chat(), face(Some("owls")), later(9)).await.unwrap();
        assert!(!gives(3).await, "the chat is public");
        assert_eq!(store.chats_heard_again(bot()).await.unwrap(), []);
        store.know_chat(bot(), chat(), face(None), later(12)).await.unwrap();
        // It may have been public since it was last seen to be private.
        assert_eq!(store.chats_heard_again(bot()).await.unwrap(), [(chat(), later(4))]);
    }

    async fn a_link_that_died_by_hand_is_replaced_when_all_was_heard(database: &Database) {
        let (store, gate) = opened(database).await;
        let (pass, link) = known(&store, &gate, 1).await;
        store.link_died(link, later(30)).await.unwrap();
        assert_eq!(entry(&store, pass).await.state, State::Expired);
        assert_eq!(ending(&store).await, []);
        let again = async || store.reissue(pass, chat(), later(3700), None, later(40)).await.unwrap();
        assert_eq!(again().await, Reissued::NotYet);
        store.heard(bot(), later(31)).await.unwrap();
        assert!(matches!(again().await, Reissued::Reissued(_)));
    }

    async fn the_state_of_a_gate_changes_only_from_what_was_seen(database: &Database) {
        let (store, gate) = opened(database).await;
        let set = async |seen: &SavedGate, state| store.set_gate_state(seen, state, "maria", NOW).await.unwrap();
        store.save_gate(&gate.gate, bot(), "bo", NOW).await.unwrap();
        assert!(!set(&gate, GateState::Paused).await, "another revision");
        let latest = store.gate(&gate.gate.slug).await.unwrap().unwrap();
        assert!(set(&latest, GateState::Paused).await);
        assert!(!set(&latest, GateState::Paused).await, "another state");
        assert_eq!(store.gate(&gate.gate.slug).await.unwrap().unwrap().state, GateState::Paused);
    }

    async fn an_update_that_is_told_again_after_it_was_forgotten_changes_nothing(database: &Database) {
        let (store, gate) = opened(database).await;
        let (pass, _) = known(&store, &gate, 1).await;
        store.take_in(bot(), vec![joined(1, 1, Some(1), 10)]).await.unwrap();
        store.take_in(bot(), vec![left(2, 1, 20)]).await.unwrap();
        let before = entry(&store, pass).await;
        assert_eq!(before.state, State::Left);
        store.tidy(later(10 * DAY)).await.unwrap();
        store.take_in(bot(), vec![joined(1, 1, Some(1), 10)]).await.unwrap();
        assert_eq!(entry(&store, pass).await, before);
        let (_, seen) = store.ledger_by_marker(marker(1)).await.unwrap().unwrap();
        assert_eq!(seen.len(), 1);
    }
}

/// The second before.
fn before(at: UnixTime) -> UnixTime {
    UnixTime::new(at.get() - 1)
}
