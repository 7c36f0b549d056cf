//! Our books are laid beside Telegram's, as the owner of the chat sees them.

use crate::house::{House, eventually};
use admit_server::{
    Became, BecameOfIt, CannotReconcile, ChatReport, Difference, End, Importing, NotCompared, Report, Strays,
    Unshown, Wish,
};
use gate::Code;
use links::{LinkUrl, Links, UnixTime};
use serde_json::{Value, json};
use store::{Intent, LinkState};

const DAY: i64 = 86_400;

async fn compared(house: &House) -> Difference {
    only(house.reconcile_by(&house.account, &Wish::default()).await.unwrap())
}

async fn rehearsed(house: &House) -> Difference {
    let wish = Wish { dry_run: true, ..Wish::default() };
    only(house.reconcile_by(&house.account, &wish).await.unwrap())
}

/// What was found of the one chat there is.
fn only(mut report: Report) -> Difference {
    assert_eq!(report.chats.len(), 1);
    let ChatReport { found, outcome, .. } = report.chats.remove(0);
    outcome.unwrap();
    found
}

/// A link that somebody makes with the bot's token.
async fn made_by_hand(house: &House, name: &str) -> String {
    let made = json!({ "chat_id": house.chat.get(), "name": name });
    let made = house.as_bot("createChatInviteLink", made).await;
    made["result"]["invite_link"].as_str().unwrap().to_owned()
}

fn markers(unshown: &[Unshown]) -> Vec<Code> {
    assert!(unshown.iter().all(|it| matches!(it.end, End::Ended)), "{unshown:?}");
    unshown.iter().map(|it| it.marker).collect()
}

async fn is_dead(house: &House, link: &str) -> bool {
    let person = house.person().await;
    house.join(person, link).await == "refused"
}

/// What was called about this link, by whomever.
async fn calls_about(house: &House, link: &str) -> Vec<String> {
    let ledger = house.ledger().await;
    let about = |line: &&str| line.contains(link) && line.contains("ChatInvite");
    ledger.lines().filter(about).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_link_that_was_lost_in_the_making_is_found_and_ends() {
    let house = House::with(json!({ "pool": 0 })).await;
    let (gate, marker) = (house.gate().await, Code::new([9; 16]));
    let (chat, bot, expires_at) = (house.chat, house.bot, gate.gate.promised_until(house.now()));
    let intent = Intent { gate: gate.id, chat, bot, marker, fence: 1, expires_at };
    let row = house.store.intend(intent, house.now()).await.unwrap();
    let link = made_by_hand(&house, &marker.to_string()).await;
    house.store.lost(row).await.unwrap();

    let found = rehearsed(&house).await;
    assert!(matches!(found.adopted[..], [Unshown { end: End::Due, .. }]), "{found:?}");
    assert_eq!(house.store.url_of(row).await.unwrap(), None, "that was a rehearsal");
    assert_eq!(markers(&compared(&house).await.adopted), [marker]);
    assert!(is_dead(&house, &link).await);
    let (entry, _) = house.store.ledger_by_marker(marker).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.url), (LinkState::Lost, Some(LinkUrl::new(link))));
    assert!(entry.revoked_at.is_some());
    assert!(compared(&house).await.is_nothing());
}

#[tokio::test]
async fn a_link_of_our_name_that_nobody_knows_of_ends_unless_it_is_to_stay() {
    let house = House::with(json!({ "pool": 0 })).await;
    let marker = Code::new([8; 16]);
    let link = made_by_hand(&house, &marker.to_string()).await;
    let keep = Wish { strays: Strays::Keep, ..Wish::default() };
    let found = only(house.reconcile_by(&house.account, &keep).await.unwrap());
    assert!(matches!(found.strays[..], [Unshown { end: End::Left, .. }]), "{found:?}");
    let found = rehearsed(&house).await;
    assert!(matches!(found.strays[..], [Unshown { end: End::Due, .. }]), "{found:?}");
    // Telegram refuses once: it is told, and tried again the next time.
    let words =
        json!({ "method": "revokeChatInviteLink", "kind": "4xx", "n": 400, "text": "Bad Request: NO" });
    house.control("faults", words).await;
    let found = compared(&house).await;
    assert!(matches!(found.strays[..], [Unshown { end: End::Refused(_), .. }]), "{found:?}");
    // Telegram wants to rest, so that the night is not over.
    let rest = json!({ "method": "revokeChatInviteLink", "kind": "429", "n": 400 });
    house.control("faults", rest).await;
    let report = house.reconcile_by(&house.account, &Wish::default()).await.unwrap();
    assert!(report.is_worth_repeating(), "{report:?}");
    house.advance(401).await;
    let report = house.reconcile_by(&house.account, &Wish::default()).await.unwrap();
    assert!(!report.is_worth_repeating(), "{report:?}");
    assert_eq!(markers(&only(report).strays), [marker]);
    assert!(is_dead(&house, &link).await);
    assert!(compared(&house).await.is_nothing());
}

#[tokio::test]
async fn who_compares_stands_in_the_audit_with_what_it_changed() {
    let house = House::with(json!({ "pool": 0 })).await;
    made_by_hand(&house, &Code::new([5; 16]).to_string()).await;
    let audit = async || {
        let done = house.store.audit(None, 9).await.unwrap();
        let done = done.into_iter().filter(|done| done.what == "reconcile");
        done.map(|done| (done.who, done.about)).collect::<Vec<_>>()
    };
    rehearsed(&house).await;
    assert_eq!(audit().await, []);
    compared(&house).await;
    compared(&house).await;
    let place = format!("{} of bot {}", house.chat, house.bot);
    let about = |strays: u32| format!("{place}: 0 adopted, {strays} strays ended, 0 died, 0 came, 0 asked");
    // What is only at Telegram is written down before it ends, so that it stands here whatever comes in between.
    let by_itself = |about: String| ("the service".to_owned(), about);
    let ends = format!("{place}: ends stray {}", Code::new([5; 16]));
    assert_eq!(audit().await, [by_itself(about(1)), by_itself(ends)], "by itself, what changed something");
    let wish = Wish { who: Some("maria".to_owned()), ..Wish::default() };
    house.reconcile_by(&house.account, &wish).await.unwrap();
    assert_eq!(audit().await[0], ("maria".to_owned(), about(0)));
}

#[tokio::test]
async fn a_link_that_is_older_than_what_the_books_know_of_the_bot_is_anothers() {
    let house = House::with(json!({ "pool": 0 })).await;
    let marker = Code::new([6; 16]);
    let link = made_by_hand(&house, &marker.to_string()).await;
    // As somebody has it who opened other books with the bot's token a moment ago.
    house.run(&format!("update bots set added_at = {}", house.now().get() + 1));
    for _ in 0..2 {
        let found = compared(&house).await;
        assert!(matches!(found.strays[..], [Unshown { end: End::Older, .. }]), "{found:?}");
    }
    assert!(!is_dead(&house, &link).await);
    let all = Wish { strays: Strays::EndAll, ..Wish::default() };
    let found = only(house.reconcile_by(&house.account, &all).await.unwrap());
    assert_eq!(markers(&found.strays), [marker]);
    assert!(is_dead(&house, &link).await);
}

#[tokio::test]
async fn a_link_of_another_name_is_told_of_and_left_alone() {
    let house = House::with(json!({ "pool": 0 })).await;
    let link = made_by_hand(&house, "spring").await;
    for _ in 0..2 {
        let found = compared(&house).await;
        let foreign: Vec<_> = found.foreign.iter().map(|it| (it.url.as_str(), it.name.as_deref())).collect();
        assert_eq!(foreign, [(link.as_str(), Some("spring"))]);
    }
    assert_eq!(calls_about(&house, &link).await.len(), 1, "it was made");

    let parser = house.links();
    let import = async |dry_run| {
        let books = house.books(&house.account, &parser);
        let shown = house.account.show(&house.chat.into(), &LinkUrl::new(link.as_str())).await.unwrap();
        let importing = Importing { chat: house.chat, dry_run, who: "maria" };
        admit_server::import(books, &shown, importing).await.unwrap()
    };
    assert_eq!(import(true).await, BecameOfIt::Imported);
    assert_eq!(house.store.foreign_links(None, None, 9).await.unwrap(), []);
    assert_eq!(import(false).await, BecameOfIt::Imported);
    assert_eq!(import(false).await, BecameOfIt::Already);
    // It is in the books as Telegram has it now; a rehearsal leaves them as they are.
    let renamed = json!({ "chat_id": house.chat.get(), "invite_link": link, "name": "summer" });
    house.as_bot("editChatInviteLink", renamed).await;
    for (dry_run, name) in [(true, "spring"), (false, "summer")] {
        assert_eq!(import(dry_run).await, BecameOfIt::Already);
        let booked = house.store.foreign_link(&parser.parse(&link).unwrap()).await.unwrap().unwrap().0;
        assert_eq!(booked.name.as_deref(), Some(name));
    }
    assert!(compared(&house).await.is_nothing());

    // Who comes by it is seen, told of or not, and it works on.
    let ann = house.person().await;
    assert_eq!(house.join(ann, &link).await, "joined");
    let hash = parser.parse(&link).unwrap();
    let seen = async || house.store.foreign_link(&hash).await.unwrap().unwrap();
    eventually("Ann is seen", async || (seen().await.1.len() == 1).then_some(())).await;
    let ben = house.person().await;
    house.forget_while_away(DAY, async || assert_eq!(house.join(ben, &link).await, "joined")).await;
    let found = compared(&house).await;
    let came: Vec<_> = found.came.iter().map(|it| (it.person.get(), it.became)).collect();
    assert_eq!(came, [(ben, Became::Guest)]);
    let (entry, seen) = seen().await;
    assert_eq!((seen.len(), entry.uses), (2, Some(2)));
    assert!(!is_dead(&house, &link).await);

    house.as_bot("revokeChatInviteLink", json!({ "chat_id": house.chat.get(), "invite_link": link })).await;
    compared(&house).await;
    let (entry, _) = house.store.foreign_link(&hash).await.unwrap().unwrap();
    assert!(entry.revoked_at.is_some());
}

#[tokio::test]
async fn by_a_link_of_somebody_else_people_are_seen_once_the_books_are_compared() {
    let house = House::with(json!({ "pool": 0 })).await;
    let made = links::Links::create(&house.account, &house.chat.into(), &links::Terms::open()).await.unwrap();
    let parser = house.links();
    let books = house.books(&house.account, &parser);
    let importing = Importing { chat: house.chat, dry_run: false, who: "maria" };
    admit_server::import(books, &made, importing).await.unwrap();
    let ann = house.person().await;
    assert_eq!(house.join(ann, made.url.as_str()).await, "joined");
    // Another one is told of, though it has a name of ours, and left alone.
    let name = links::LinkName::new(&Code::new([4; 16]).to_string()).unwrap();
    let named = links::Terms { name: Some(name), ..links::Terms::open() };
    let other = links::Links::create(&house.account, &house.chat.into(), &named).await.unwrap();
    let found = rehearsed(&house).await;
    assert_eq!(found.foreign.iter().map(|it| &it.url).collect::<Vec<_>>(), [&other.url]);
    assert_eq!(found.strays.len(), 0);
    assert_eq!(admit_server::import(books, &other, importing).await.unwrap(), BecameOfIt::Imported);
    links::Links::revoke(&house.account, &house.chat.into(), &other.url).await.unwrap();
    // Of a link that somebody else made, Telegram shows a bot the beginning only.
    house.leap(60).await;
    assert_eq!(house.number("select count(*) from sightings where foreign_link is not null"), 0);
    assert_eq!(compared(&house).await.came.len(), 1);
    let (_, seen) =
        house.store.foreign_link(&parser.parse(made.url.as_str()).unwrap()).await.unwrap().unwrap();
    assert_eq!(seen.iter().map(|it| it.person.get()).collect::<Vec<_>>(), [ann]);
    assert_eq!(house.number("select count(*) from sightings where what = 'joined'"), 1);
    assert!(compared(&house).await.is_nothing());
}

#[tokio::test]
async fn whoever_came_while_nobody_listened_is_found_and_their_link_ends() {
    let house = House::with(json!({ "pool": 1, "link_life_seconds": 2_592_000 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let (ann, ben) = (house.person().await, house.person().await);
    house.forget_while_away(2 * DAY, async || assert_eq!(house.join(ann, &link).await, "joined")).await;
    fan.reads("we could not see who came by it").await;
    let found = rehearsed(&house).await;
    assert!(found.came.iter().all(|it| it.became == Became::NotYet) && found.came.len() == 1, "{found:?}");
    let found = compared(&house).await;
    let came: Vec<_> = found.came.iter().map(|it| (it.person.get(), it.became)).collect();
    let pass = house.store.passes(None, None, 1).await.unwrap()[0].pass;
    assert_eq!(came, [(ann, Became::Holder(pass))]);
    fan.reads("You are in. Your invitation was used").await;
    eventually("it is dead", async || (house.join(ben, &link).await == "refused").then_some(())).await;
    // Who came by it was looked up after its end, so nobody asks again; who waits is asked each time.
    let asked = async || house.ledger().await.matches("getChatInviteImporters").count();
    let before = asked().await;
    assert!(compared(&house).await.is_nothing());
    assert_eq!(asked().await - before, 1);
}

#[tokio::test]
async fn a_join_is_counted_once_whoever_tells_of_it_first() {
    let house = House::with(json!({ "pool": 2 })).await;
    let parser = house.links();
    let seen = async |link: &str| {
        house.store.ledger_by_hash(&parser.parse(link).unwrap()).await.unwrap().unwrap().1.len()
    };
    // First the update, then the list.
    let (mut one, mut other) = (house.fan().await, house.fan().await);
    let (first, second) = (one.pass().await, other.pass().await);
    let (ann, ben) = (house.person().await, house.person().await);
    assert_eq!(house.join(ann, &first).await, "joined");
    one.reads("You are in. Your invitation was used").await;
    assert!(compared(&house).await.came.is_empty());
    assert_eq!(seen(&first).await, 1);
    // First the list: what Telegram has to tell goes to an address where nobody is.
    house.as_bot("setWebhook", json!({ "url": "http://127.0.0.1:9/" })).await;
    assert_eq!(house.join(ben, &second).await, "joined");
    assert_eq!(compared(&house).await.came.len(), 1);
    other.reads("You are in. Your invitation was used").await;
    house.as_bot("deleteWebhook", json!({})).await;
    house.leap(60).await;
    assert_eq!(seen(&second).await, 1);
    assert!(compared(&house).await.is_nothing());
}

#[tokio::test]
async fn a_link_that_somebody_ended_or_deleted_is_replaced() {
    let house = House::with(json!({ "pool": 1 })).await;
    let mut fan = house.fan().await;
    let old = fan.pass().await;
    let revoke = async |link: &str| {
        let link = json!({ "chat_id": house.chat.get(), "invite_link": link });
        house.as_bot("revokeChatInviteLink", link).await;
    };
    eventually("the pool is full", async || {
        let free = house.number("select count(*) from links where state = 'free'");
        (free == 1).then_some(())
    })
    .await;
    let pooled = house.number("select id from links where state = 'free'");
    let (_, pooled) = house.store.url_of(store::LinkId::new(pooled)).await.unwrap().unwrap();
    // The second where it was made may be the one in which the list begins.
    house.leap(5).await;
    revoke(&old).await;
    revoke(pooled.as_str()).await;
    links::Links::delete(&house.account, &house.chat.into(), &pooled).await.unwrap();
    assert_eq!(rehearsed(&house).await.died.len(), 2);
    assert_eq!(compared(&house).await.died.len(), 2);
    fan.reads("Get a new invitation").await;
    let new = house.fan().await.pass().await;
    assert_ne!(new, pooled.as_str());
    assert!(!is_dead(&house, &new).await);
}

#[tokio::test]
async fn who_came_by_a_link_is_asked_before_it_is_declared_dead() {
    let house = House::with(json!({ "pool": 0 })).await;
    let mut fan = house.fan().await;
    let link = fan.pass().await;
    let (ann, ben) = (house.person().await, house.person().await);
    let asking = json!({ "chat_id": house.chat.get(), "creates_join_request": true });
    let other = house.as_bot("createChatInviteLink", asking).await["result"]["invite_link"].clone();
    // Nobody listens, and somebody ends it.
    house.as_bot("setWebhook", json!({ "url": "http://127.0.0.1:9/" })).await;
    assert_eq!(house.join(ann, &link).await, "joined");
    assert_eq!(house.join(ben, other.as_str().unwrap()).await, "requested");
    links::Links::revoke(&house.account, &house.chat.into(), &LinkUrl::new(link.as_str())).await.unwrap();
    let refused = |method: &str, text: &str, times: u32| json!({ "method": method, "kind": "4xx", "n": 400, "text": text, "times": times });
    let issued = || house.number("select count(*) from entries where state = 'issued'");
    house.control("faults", refused("messages.getChatInviteImporters", "SOMETHING_NEW", 1)).await;
    let found = compared(&house).await;
    assert_eq!(found.waiting, 1, "the rest is compared");
    assert_eq!((found.failed.len(), issued()), (1, 1), "nobody knows yet who came by it");
    // The bot is among nobody with links, as Telegram has it.
    house.control("faults", refused("messages.getExportedChatInvites", "ADMIN_ID_INVALID", 2)).await;
    let found = compared(&house).await;
    let came: Vec<_> = found.came.iter().map(|it| it.person.get()).collect();
    assert_eq!((found.links, came, found.died.len()), (1, vec![ann], 1));
    fan.reads("You are in. Your invitation was used").await;
    // That it ended is known, so nobody asks about it again.
    house.control("faults", refused("messages.getExportedChatInvites", "ADMIN_ID_INVALID", 2)).await;
    assert_eq!(compared(&house).await.links, 0);
}

#[tokio::test]
async fn a_chat_to_which_no_gate_leads_any_more_is_compared_while_its_links_work() {
    let house = House::with(json!({ "pool": 0 })).await;
    let link = house.fan().await.pass().await;
    let new = json!({ "kind": "supergroup", "title": "Larks" });
    let other = house.control("chats", new).await["chat_id"].as_i64().unwrap();
    let gate = json!({
        "slug": "night-owls",
        "title": "Night Owls",
        "chats": [other],
        "questions": [{ "ask": "Who hoots at night?", "answers": ["owl"] }],
    });
    let gate = serde_json::from_value(gate).unwrap();
    house.store.save_gate(&gate, house.bot, "maria", house.now()).await.unwrap();
    let chats = async || {
        let report = house.reconcile_by(&house.account, &Wish::default()).await.unwrap();
        report.chats.iter().map(|it| it.chat).collect::<Vec<_>>()
    };
    assert_eq!(chats().await.len(), 2);
    links::Links::revoke(&house.account, &house.chat.into(), &LinkUrl::new(link)).await.unwrap();
    chats().await;
    let other = links::ChatId::new(other).unwrap();
    assert_eq!(chats().await, [other]);
}

#[tokio::test]
async fn a_chat_of_imported_links_is_compared_though_no_gate_leads_there() {
    let house = House::with(json!({ "pool": 0 })).await;
    let new = json!({ "kind": "supergroup", "title": "Larks", "bots": [{ "id": house.bot.get(), "rights": ["can_invite_users"] }] });
    let other = house.control("chats", new).await["chat_id"].as_i64().unwrap();
    let made = house.as_bot("createChatInviteLink", json!({ "chat_id": other })).await;
    let link = made["result"]["invite_link"].as_str().unwrap();
    let chat = links::ChatId::new(other).unwrap();
    let owner = house.chat_at_telegram(chat).await["members"][0]["user"]["id"].as_i64().unwrap();
    let account = house.account_of(owner).await;
    let chats = async || {
        let report = house.reconcile_by(&account, &Wish::default()).await.unwrap();
        report.chats.iter().map(|it| it.chat).collect::<Vec<_>>()
    };
    assert_eq!(chats().await, [house.chat]);
    let parser = house.links();
    let shown = links::Links::show(&account, &chat.into(), &LinkUrl::new(link)).await.unwrap();
    let importing = Importing { chat, dry_run: false, who: "maria" };
    admit_server::import(house.books(&account, &parser), &shown, importing).await.unwrap();
    let both = [house.chat, chat];
    assert_eq!(chats().await, both);
    links::Links::revoke(&account, &chat.into(), &LinkUrl::new(link)).await.unwrap();
    assert_eq!(chats().await, both, "who came by it since");
    assert_eq!(chats().await, [house.chat]);
}

#[tokio::test]
async fn whom_telegram_does_not_show_keeps_nobody_from_comparing_the_rest() {
    let house = House::with(json!({ "pool": 0 })).await;
    let asking = json!({ "chat_id": house.chat.get(), "creates_join_request": true });
    let link = house.as_bot("createChatInviteLink", asking).await["result"]["invite_link"].clone();
    let ann = house.person().await;
    assert_eq!(house.join(ann, link.as_str().unwrap()).await, "requested");
    links::Links::create(&house.account, &house.chat.into(), &links::Terms::open()).await.unwrap();
    let stage = async |word: &str, times: u32| {
        let method = "messages.getExportedChatInvites";
        let fault = json!({ "method": method, "kind": "4xx", "n": 400, "text": word, "times": times });
        house.control("faults", fault).await;
    };
    for (word, failed) in [("ADMIN_ID_INVALID", 0), ("SOMETHING_NEW", 1)] {
        // The bot's two lists, and then that of the chat's owner.
        stage("ADMIN_ID_INVALID", 2).await;
        stage(word, 1).await;
        let found = compared(&house).await;
        assert_eq!((found.failed.len(), found.waiting), (failed, 1), "{word}: {found:?}");
    }
    // Of a list of the bot's that broke off nobody can tell what it would have shown.
    stage("SOMETHING_NEW", 1).await;
    let report = house.reconcile_by(&house.account, &Wish::default()).await.unwrap();
    assert!(matches!(report.chats[0].outcome, Err(NotCompared::Telegram(_))), "{report:?}");
}

#[tokio::test]
async fn who_waits_is_told_of_and_written_down_once() {
    let house = House::with(json!({ "pool": 0 })).await;
    let asking = json!({ "chat_id": house.chat.get(), "creates_join_request": true });
    let link = house.as_bot("createChatInviteLink", asking).await["result"]["invite_link"].clone();
    let ann = house.person().await;
    house
        .forget_while_away(2 * DAY, async || {
            assert_eq!(house.join(ann, link.as_str().unwrap()).await, "requested");
        })
        .await;
    let found = compared(&house).await;
    assert_eq!((found.waiting, found.asked.iter().map(|it| it.get()).collect::<Vec<_>>()), (1, vec![ann]));
    let found = compared(&house).await;
    assert_eq!((found.waiting, found.asked.len()), (1, 0));
    let seen = house.number("select count(*) from sightings where what = 'asked'");
    assert_eq!(seen, 1);
}

#[tokio::test]
async fn a_chat_that_the_account_does_not_own_is_named_and_a_session_that_is_over_too() {
    let house = House::with(json!({ "pool": 0 })).await;
    let deputy = house.person().await;
    let office = json!({ "id": deputy, "rights": ["can_invite_users"] });
    house.control(&format!("chats/{}/bot", house.chat), office).await;
    let account = house.account_of(deputy).await;
    let report = house.reconcile_by(&account, &Wish::default()).await.unwrap();
    assert!(matches!(report.chats[0].outcome, Err(NotCompared::NotOwner)), "{report:?}");
    // What is their own, and who waits, is compared all the same.
    let (ann, ben) = (house.person().await, house.person().await);
    let made = links::Links::create(&account, &house.chat.into(), &links::Terms::open()).await.unwrap();
    let parser = house.links();
    let books = house.books(&account, &parser);
    let importing = Importing { chat: house.chat, dry_run: false, who: "maria" };
    admit_server::import(books, &made, importing).await.unwrap();
    assert_eq!(house.join(ann, made.url.as_str()).await, "joined");
    let asking = json!({ "chat_id": house.chat.get(), "creates_join_request": true });
    let asking = house.as_bot("createChatInviteLink", asking).await["result"]["invite_link"].clone();
    assert_eq!(house.join(ben, asking.as_str().unwrap()).await, "requested");
    let report = house.reconcile_by(&account, &Wish::default()).await.unwrap();
    let ChatReport { found, outcome, .. } = &report.chats[0];
    assert!(matches!(outcome, Err(NotCompared::NotOwner)), "{report:?}");
    assert_eq!((found.came.len(), found.waiting), (1, 1));
    let stranger = house.account_of(house.person().await).await;
    let report = house.reconcile_by(&stranger, &Wish::default()).await.unwrap();
    assert!(matches!(report.chats[0].outcome, Err(NotCompared::Telegram(_))), "{report:?}");
    house.control(&format!("people/{deputy}/logout"), json!({})).await;
    let mut report = Report::default();
    let over = house.reconcile_into(&mut report, &account, &Wish::default()).await;
    assert!(matches!(over, Err(CannotReconcile::SessionOver(_))), "{over:?}");
    assert!(matches!(report.chats[0].outcome, Err(NotCompared::BrokeOff)), "{report:?}");
}

#[tokio::test]
async fn every_night_the_service_compares_by_itself() {
    let house = House::with_account(json!({ "pool": 0 })).await;
    let reconciled = async |after: Option<UnixTime>| {
        eventually("the books were compared", async || {
            let at = house.store.reconciled_at().await.unwrap();
            at.filter(|at| Some(*at) > after)
        })
        .await
    };
    let first = reconciled(None).await;
    let marker = Code::new([7; 16]);
    let link = made_by_hand(&house, &marker.to_string()).await;
    let none: Value = house.as_bot("getMe", json!({})).await;
    assert!(none["ok"].as_bool().unwrap());
    house.advance(DAY).await;
    reconciled(Some(first)).await;
    assert!(is_dead(&house, &link).await);
    // One in which Telegram wants to rest is tried again afterwards, and not before.
    let second = house.store.reconciled_at().await.unwrap();
    let rest = json!({ "method": "messages.getExportedChatInvites", "kind": "429", "n": 7000 });
    house.control("faults", rest).await;
    house.advance(DAY).await;
    eventually("Telegram wants to rest", async || {
        house.ledger().await.contains("FLOOD_WAIT_7000").then_some(())
    })
    .await;
    // Whichever node looks, and whenever it was started.
    eventually("that is in the books", async || {
        let until = house.store.reconciling_rests_until().await.unwrap();
        until.filter(|until| until.get() > second.map_or(0, UnixTime::get) + 7000).map(drop)
    })
    .await;
    house.advance(7002).await;
    reconciled(second).await;
    assert!(!house.ledger().await.contains("\"early\""), "{}", house.ledger().await);
    // Between two nights, nobody is connected.
    eventually("the account is closed", async || (house.opened() == (4, 0)).then_some(())).await;
}
