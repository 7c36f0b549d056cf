//! Bots, chats, holds, leases, errands, the audit trail and keys.

use crate::databases::{Database, keys};
use crate::on_both;
use crate::world::*;
use admit_store::{
    CannotOpen, Chain, ChatFace, ChatKind, Effect, Error, GateState, Granted, Intent, NewErrand, OpenError,
    Outcome, Overdue, Store, Token, Update,
};
use links::{ChatId, Right, Standing};
use serde_json::json;

fn administrator() -> Standing {
    Standing::Administrator(vec![Right::InviteUsers, Right::RestrictMembers])
}

fn message(body: &[u8]) -> NewErrand {
    NewErrand { what: "message", body: body.to_vec() }
}

on_both! {
    async fn a_bot_is_remembered_with_its_token_and_forgotten(database: &Database) {
        let store = database.open().await;
        let token = Token::new("700:AAsecret");
        store.remember_bot(bot(), "owl_bot", &token, "maria", NOW).await.unwrap();
        assert!(store.bot_died(bot(), later(1)).await.unwrap());
        assert!(!store.bot_died(bot(), later(2)).await.unwrap());
        let known = store.bot(bot()).await.unwrap().unwrap();
        assert_eq!((known.token.reveal(), known.dead_at), ("700:AAsecret", Some(later(1))));
        assert!(!format!("{known:?}").contains("secret"));
        assert!(store.bot_lives(bot()).await.unwrap());
        assert_eq!(store.bots().await.unwrap()[0].dead_at, None);
        assert!(store.forget_bot(bot(), "maria", NOW).await.unwrap());
        assert!(!store.forget_bot(bot(), "maria", NOW).await.unwrap());
        assert_eq!(store.bots().await.unwrap(), []);
    }

    async fn what_a_bot_may_do_is_what_was_said_last(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let face = ChatFace { kind: ChatKind::Channel, title: "Owls".to_owned(), username: None };
        store.know_chat(bot(), chat(), face, NOW).await.unwrap();
        assert_eq!(store.chat(bot(), chat()).await.unwrap().unwrap().standing, None);
        let told = |id, at, standing| {
            update(id, Effect::RightsChanged { chat: chat(), at: later(at), standing })
        };
        let updates = vec![told(2, 20, administrator()), told(1, 10, Standing::Out), told(3, 20, Standing::Member)];
        let outcomes = store.take_in(bot(), updates).await.unwrap();
        let news = Outcome::RightsChanged { chat: chat() };
        assert_eq!(outcomes, [news, Outcome::Noted, news]);
        let known = store.chat(bot(), chat()).await.unwrap().unwrap();
        assert_eq!((known.title.as_deref(), known.standing), (Some("Owls"), Some(Standing::Member)));
        assert!(!store.know_standing(bot(), chat(), Standing::Out, None, later(20)).await.unwrap());
        assert!(store.know_standing(bot(), chat(), administrator(), None, later(21)).await.unwrap());
        assert_eq!(store.chats(bot()).await.unwrap()[0].standing, Some(administrator()));
    }

    async fn a_group_that_becomes_a_supergroup_takes_everything_along(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let group = ChatId::new(-12_345).unwrap();
        let gate = open_gate(&store, json!({ "chats": [group.get()] })).await;
        make(&store, &gate, 1).await;
        make(&store, &gate, 2).await;
        let pass = grant(&store, &gate, 1, NOW).await;
        let migrated = Effect::Migrated { from: group, to: chat(), at: later(10) };
        let outcomes = store.take_in(bot(), vec![update(1, migrated.clone()), update(2, migrated)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Moved { to: chat() }, Outcome::Noted]);

        assert_eq!(store.grant(&gate, visitor(2), later(20)).await.unwrap(), Granted::Changed);
        let gate = store.gate(&gate.gate.slug).await.unwrap().unwrap();
        assert_eq!((gate.revision, gate.gate.chats.to_vec()), (2, vec![chat()]));
        // The links of the group are dead, also the one in the pool.
        let entry = store.pass(pass).await.unwrap().unwrap().entries.remove(0);
        assert_eq!((entry.chat, entry.state), (chat(), gate::pass::State::Expired));
        let stock = store.stock(gate.id, chat(), bot(), NOW, 1000).await.unwrap();
        assert_eq!((stock.free, store.to_revoke(bot(), chat(), 9).await.unwrap().len()), (0, 0));
        store.reissue(pass, chat(), later(3600), None, later(20)).await.unwrap();
        let (_, made) = make(&store, &gate, 3).await;
        assert_eq!(made, admit_store::Made::GivenTo(pass));
    }

    async fn what_telegram_wants_held_back_is_held_back_on_every_node(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        here.hold(bot(), "createChatInviteLink", Some(chat()), later(31)).await.unwrap();
        here.hold(bot(), "createChatInviteLink", Some(chat()), later(10)).await.unwrap();
        let held = async |method, chat, now| there.held(bot(), method, chat, later(now)).await.unwrap();
        assert_eq!(held("createChatInviteLink", Some(chat()), 30).await, Some(later(31)));
        assert_eq!(held("createChatInviteLink", Some(chat()), 31).await, None);
        assert_eq!(held("createChatInviteLink", None, 0).await, None);
        assert_eq!(held("getChat", Some(chat()), 0).await, None);
        assert_eq!(there.holds(bot(), NOW).await.unwrap().len(), 1);
        there.tidy(later(31)).await.unwrap();
        assert_eq!(there.holds(bot(), NOW).await.unwrap(), []);
    }

    async fn one_node_at_a_time_has_a_lease(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        let lease = async |store: &Store, who, now, until| {
            store.lease("maker 700", who, later(now), later(until)).await.unwrap()
        };
        assert_eq!(lease(&here, "a", 0, 10).await, Some(1));
        assert_eq!(lease(&there, "b", 5, 15).await, None);
        assert_eq!(lease(&here, "a", 9, 20).await, Some(1));
        assert_eq!(lease(&there, "b", 19, 30).await, None);
        assert_eq!(lease(&there, "b", 20, 30).await, Some(2));
        assert_eq!(lease(&here, "a", 21, 30).await, None);
        assert_eq!(lease(&there, "b", 21, 30).await, Some(2));
        there.give_back("maker 700", "a").await.unwrap();
        assert_eq!(lease(&here, "a", 22, 40).await, None);
        there.give_back("maker 700", "b").await.unwrap();
        assert_eq!(lease(&here, "a", 22, 40).await, Some(3));
    }

    async fn an_errand_is_taken_by_one_node_until_it_is_done(database: &Database) {
        let (here, there) = (database.open().await, database.open().await);
        for number in 0..10u8 {
            here.send_out(bot(), message(&[number]), later(i64::from(number))).await.unwrap();
        }
        assert_eq!(here.errands_left(bot(), later(4)).await.unwrap(), Some(Overdue { count: 4, since: NOW }));
        let take = async |store: &Store, who, now| {
            store.take_errands(bot(), who, 4, later(now), later(now + 60)).await.unwrap()
        };
        let (ours, theirs) = tokio::join!(take(&here, "a", 6), take(&there, "b", 6));
        // Whoever comes second may find all of them taken, and looks again.
        let mut taken: Vec<_> = ours.into_iter().chain(theirs).collect();
        taken.extend(take(&there, "b", 6).await);
        taken.sort_by_key(|errand| errand.id);
        let bodies: Vec<u8> = taken.iter().map(|errand| errand.body[0]).collect();
        assert_eq!(bodies, [0, 1, 2, 3, 4, 5, 6]);
        here.errand_done(taken[0].id).await.unwrap();
        here.errand_later(taken[1].id, later(100)).await.unwrap();
        // What nobody finished is taken again, the first four of what is due.
        let again = take(&there, "b", 66).await;
        assert!(again.iter().any(|errand| errand.tries == 2), "{again:?}");
        assert!(again.iter().all(|errand| errand.id != taken[0].id && errand.id != taken[1].id));
    }

    async fn an_errand_that_cannot_be_opened_holds_up_no_other(database: &Database) {
        let store = database.open().await;
        for number in 0..2u8 {
            store.send_out(bot(), message(&[number]), NOW).await.unwrap();
        }
        // What was sealed for one place opens at no other.
        database.run("update outbox set what = 'sing' where id = 1").await;
        let taken = store.take_errands(bot(), "a", 9, NOW, later(60)).await.unwrap();
        assert_eq!(taken.iter().map(|errand| errand.body[0]).collect::<Vec<_>>(), [1]);
    }

    async fn what_people_did_is_chained(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        assert_eq!(store.verify_audit().await.unwrap(), Chain::Whole { rows: 0 });
        assert_eq!(store.seal_audit().await.unwrap(), 2);
        assert_eq!(store.seal_audit().await.unwrap(), 0);
        let pass = grant(&store, &gate, 1, NOW).await;
        store.revoke_pass(pass, "omar", later(5)).await.unwrap();
        assert_eq!(store.seal_audit().await.unwrap(), 1);
        assert_eq!(store.verify_audit().await.unwrap(), Chain::Whole { rows: 3 });
        let done = store.audit(None, 10).await.unwrap();
        let newest = (done[0].who.as_str(), done[0].what.as_str(), done[0].about.as_str());
        assert_eq!((done.len(), newest), (3, ("omar", "revoke pass", pass.to_string().as_str())));
        assert_eq!(store.audit(Some(done[0].id), 10).await.unwrap(), done[1..]);

        // Somebody with the database in their hands makes it look as if another had done it; or as if nobody had.
        database.run("update audit set who = 'maria' where who = 'omar'").await;
        assert_eq!(store.verify_audit().await.unwrap(), Chain::Broken { place: 3 });
        database.run("delete from audit where who = 'maria' and what = 'revoke pass'").await;
        assert_eq!(store.verify_audit().await.unwrap(), Chain::Broken { place: 3 });
    }

    async fn everything_is_sealed_anew_with_another_key(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("700:AAsecret"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        for number in 0..450 {
            make(&store, &gate, number).await;
        }
        store.send_out(bot(), message(b"come in"), NOW).await.unwrap();
        store.import(shown(500), "maria", NOW).await.unwrap();
        drop(store);
        let both = keys().with_newer([9; 32]);
        let store = Store::open(&database.place, both.clone()).await.unwrap();
        assert_eq!(store.reseal("maria", NOW).await.unwrap(), 454);
        assert_eq!(store.reseal("maria", NOW).await.unwrap(), 0);
        drop(store);
        let wrong = Store::open(&database.place, keys()).await.unwrap_err();
        assert!(matches!(wrong, OpenError::WrongKeys(_)), "{wrong:?}");
        let store = Store::open(&database.place, both.without_older()).await.unwrap();
        assert_eq!(store.bots().await.unwrap()[0].token.reveal(), "700:AAsecret");
        assert_eq!(store.gates().await.unwrap()[0].gate, gate.gate);
        assert_eq!(store.ledger(Default::default(), 1000).await.unwrap().len(), 450);
        assert_eq!(store.foreign_links(None, None, 9).await.unwrap()[0].url, hash(500).url());
        assert_eq!(store.take_errands(bot(), "a", 9, NOW, later(9)).await.unwrap()[0].body, b"come in");
    }

    async fn a_node_without_the_newest_key_seals_nothing_more(database: &Database) {
        let (here, there) = (database.open().await, keys().with_newer([9; 32]));
        here.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&here, json!({})).await;
        let link = intend(&here, &gate, 1).await;
        let rotating = Store::open(&database.place, there.clone()).await.unwrap();
        assert!(here.ready().await.is_ok());
        rotating.reseal("maria", NOW).await.unwrap();

        // It runs on with the older key only, and says what is wrong.
        let refused = |error: Error| {
            assert!(matches!(error, Error::Sealed(CannotOpen::NoSuchKey(2))), "{error:?}");
        };
        refused(here.ready().await.unwrap_err());
        let intent = Intent {
            gate: gate.id, chat: chat(), bot: bot(), marker: marker(2), fence: 1, expires_at: later(60),
        };
        refused(here.intend(intent, NOW).await.unwrap_err());
        refused(here.made(link, &hash(1).url(), &hash(1), NOW).await.unwrap_err());
        refused(here.save_gate(&gate.gate, bot(), "omar", NOW).await.unwrap_err());
        refused(here.remember_bot(bot(), "owl_bot", &Token::new("u"), "omar", NOW).await.unwrap_err());
        refused(here.send_out(bot(), message(b"come in"), NOW).await.unwrap_err());
        let came = joined(1, 42, Some(1), 5);
        refused(here.take_in(bot(), vec![came.clone()]).await.unwrap_err());
        let wrong = Store::open(&database.place, keys()).await.unwrap_err();
        assert!(matches!(wrong, OpenError::WrongKeys(CannotOpen::NoSuchKey(2))), "{wrong:?}");

        // Nothing is lost by that: what it could not take in comes again to one that can.
        let alone = Store::open(&database.place, there.without_older()).await.unwrap();
        assert_eq!(alone.bot(bot()).await.unwrap().unwrap().token.reveal(), "t");
        assert_eq!(alone.gates().await.unwrap()[0].gate, gate.gate);
        assert_eq!(alone.take_in(bot(), vec![came]).await.unwrap(), [Outcome::StrayLink { link }]);
        assert_eq!(alone.ledger(Default::default(), 9).await.unwrap()[0].url, Some(hash(1).url()));
    }

    async fn a_database_that_takes_no_rows_is_not_ready(database: &Database) {
        let store = database.open().await;
        store.ready().await.unwrap();
        database.run(match database.place.starts_with("postgres") {
            false => "create trigger no_room before insert on meta begin select raise(abort, 'full'); end",
            true => {
                "create function refuse() returns trigger language plpgsql as 'begin raise exception ''full''; end';
                create trigger no_room before insert on meta for each row execute function refuse()"
            }
        })
        .await;
        store.ready().await.unwrap_err();
    }

    async fn nothing_that_is_sealed_stands_in_the_database(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("700:AAcanary"), "maria", NOW).await.unwrap();
        let question = json!([{ "ask": "Who hoots at night?", "answers": ["canary owl"] }]);
        let gate = open_gate(&store, json!({ "questions": question })).await;
        make(&store, &gate, 7).await;
        store.send_out(bot(), message(b"canary note"), NOW).await.unwrap();
        drop(store);
        let dump = database.dump().await;
        for canary in ["AAcanary", "canary owl", "canary note", "Hash000000000007"] {
            let stands = dump.windows(canary.len()).any(|bytes| bytes == canary.as_bytes());
            assert!(!stands, "{canary}");
        }
        assert!(dump.windows(7).any(|bytes| bytes == b"owl_bot"), "this is no dump");
    }

    async fn a_database_of_a_newer_program_is_refused(database: &Database) {
        drop(database.open().await);
        database.run("insert into migrations (number, name) values (99, 'from the future')").await;
        let error = Store::open(&database.place, keys()).await.unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 99, .. }), "{error:?}");
    }

    async fn many_may_open_a_new_database_at_once(database: &Database) {
        let all = futures_util::future::join_all((0..8).map(|_| database.open())).await;
        let gate = definition("night-owls", json!({}));
        all[0].save_gate(&gate, bot(), "maria", NOW).await.unwrap();
        for store in &all {
            assert_eq!(store.latest(&gate.slug).await.unwrap().unwrap().state, GateState::Draft);
            store.ready().await.unwrap();
        }
    }

    async fn a_link_that_cannot_be_ended_waits_behind_the_others(database: &Database) {
        let store = database.open().await;
        let gate = open_gate(&store, json!({})).await;
        for number in 1..=3 {
            make(&store, &gate, number).await;
            let pass = grant(&store, &gate, number, NOW).await;
            store.revoke_pass(pass, "maria", later(number.cast_signed())).await.unwrap();
        }
        let waiting = async || store.to_revoke(bot(), chat(), 9).await.unwrap();
        let names = async || waiting().await.into_iter().map(|link| link.marker).collect::<Vec<_>>();
        assert_eq!(names().await, [marker(1), marker(2), marker(3)]);
        store.revoke_refused(waiting().await[0].link, later(20)).await.unwrap();
        store.revoke_later(waiting().await[0].link, later(10)).await.unwrap();
        assert_eq!(names().await, [marker(3), marker(2), marker(1)]);
        let dues: Vec<_> = waiting().await.iter().map(|link| (link.refused, link.due_at)).collect();
        assert_eq!(dues, [(0, links::UnixTime::new(0)), (0, later(10)), (1, later(20))]);
    }

    async fn what_is_to_be_said_is_written_down_with_what_it_is_about(database: &Database) {
        let store = database.open().await;
        store.remember_bot(bot(), "owl_bot", &Token::new("t"), "maria", NOW).await.unwrap();
        let gate = open_gate(&store, json!({})).await;
        let said = async || {
            let errands = store.take_errands(bot(), "here", 9, later(100), later(200)).await.unwrap();
            for errand in &errands {
                store.errand_done(errand.id).await.unwrap();
            }
            errands.into_iter().map(|errand| String::from_utf8(errand.body).unwrap()).collect::<Vec<_>>()
        };
        let out = |id: i64, words: &[u8]| {
            let effect = Effect::RightsChanged { chat: chat(), at: later(id), standing: Standing::Out };
            Update { errand: Some(message(words)), ..update(id, effect) }
        };
        store.take_in(bot(), vec![out(5, b"I am out")]).await.unwrap();
        assert_eq!(said().await, ["I am out"]);
        // Nothing is said of what was heard before, nor of what is no news any more.
        let outcomes = store.take_in(bot(), vec![out(5, b"again"), out(4, b"late")]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Repeated, Outcome::Noted]);
        assert_eq!(said().await, [""; 0]);

        let found = async |words: &[u8], at| {
            store.know_standing(bot(), chat(), Standing::Member, Some(message(words)), later(at)).await.unwrap()
        };
        assert!(found(b"I am a member", 6).await && !found(b"I was one", 3).await);
        assert_eq!(said().await, ["I am a member"]);

        let pause = async |words: &[u8]| store.pause_gate(&gate, "admit", message(words), NOW).await.unwrap();
        assert!(pause(b"it is paused").await && !pause(b"it was open").await);
        assert_eq!(said().await, ["it is paused"]);
    }
}
