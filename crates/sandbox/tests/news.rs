//! What is told at the MTProto door: in answers, unasked to whoever listens, and to whoever asks what they missed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod util;

use grammers_tl_types::{enums, functions, types};
use serde_json::json;
use util::Town;
use util::app::App;

fn whole(updates: enums::Updates) -> types::Updates {
    match updates {
        enums::Updates::Updates(it) => it,
        other => panic!("{other:?}"),
    }
}

/// The one thing that was told.
fn only(updates: enums::Updates) -> enums::Update {
    let mut updates = whole(updates).updates;
    assert_eq!(updates.len(), 1, "{updates:?}");
    updates.remove(0)
}

/// How many wait, and who.
fn waiting(update: enums::Update) -> (i32, Vec<i64>) {
    match update {
        enums::Update::PendingJoinRequests(it) => (it.requests_pending, it.recent_requesters),
        other => panic!("{other:?}"),
    }
}

fn participant(update: enums::Update) -> types::UpdateChannelParticipant {
    match update {
        enums::Update::ChannelParticipant(it) => it,
        other => panic!("{other:?}"),
    }
}

/// The owner of the seeded chat, who listens.
async fn owner(town: &Town) -> App {
    let owner = App::of(town, town.at.mtproto.admin.as_ref().unwrap().user_id).await;
    owner.me().await.unwrap();
    owner
}

async fn bot(town: &Town) -> App {
    let app = App::logged_out(town).await;
    app.sign_in_bot(town.token()).await.unwrap();
    app.me().await.unwrap();
    app
}

/// A link of the owner's.
async fn link(town: &Town, owner: &App, request_needed: bool) -> String {
    let request = functions::messages::ExportChatInvite {
        legacy_revoke_permanent: false,
        request_needed,
        peer: peer(town, owner).await,
        expire_date: None,
        usage_limit: None,
        title: None,
        subscription_pricing: None,
    };
    match owner.call(request).await.unwrap() {
        enums::ExportedChatInvite::ChatInviteExported(it) => it.link,
        other => panic!("{other:?}"),
    }
}

async fn peer(town: &Town, app: &App) -> enums::InputPeer {
    let asked = functions::messages::GetDialogs {
        exclude_pinned: false,
        folder_id: None,
        offset_date: 0,
        offset_id: 0,
        offset_peer: enums::InputPeer::Empty,
        limit: 100,
        hash: 0,
    };
    let enums::messages::Dialogs::Slice(dialogs) = app.call(asked).await.unwrap() else { panic!() };
    let bare = -1_000_000_000_000 - town.chat();
    let here = dialogs.chats.into_iter().find_map(|chat| match chat {
        enums::Chat::Channel(it) if it.id == bare => it.access_hash,
        _ => None,
    });
    types::InputPeerChannel { channel_id: bare, access_hash: here.unwrap() }.into()
}

async fn state(app: &App) -> types::updates::State {
    let enums::updates::State::State(state) = app.call(functions::updates::GetState {}).await.unwrap();
    state
}

/// What was missed since this state.
async fn missed(app: &App, since: &types::updates::State) -> Vec<enums::Update> {
    let asked = functions::updates::GetDifference {
        pts: since.pts,
        pts_limit: None,
        pts_total_limit: None,
        date: since.date,
        qts: since.qts,
        qts_limit: None,
    };
    match app.call(asked).await.unwrap() {
        enums::updates::Difference::Empty(_) => Vec::new(),
        enums::updates::Difference::Difference(it) => it.other_updates,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_decides_hears_how_many_wait() {
    let town = Town::demo().await;
    let (one, other) = (owner(&town).await, owner(&town).await);
    let link = link(&town, &one, true).await;
    let ann = town.person("Ann").await;
    town.join(ann, &link).await;
    for app in [&one, &other] {
        let told = whole(app.told().await);
        assert!(
            matches!(&told.users[..], [enums::User::User(it)] if it.id == ann && it.access_hash.is_some())
        );
        assert_eq!(told.chats.len(), 1);
        assert_eq!(waiting(told.updates[0].clone()), (1, vec![ann]));
    }
    let bob = town.person("Bob").await;
    town.advance(1).await;
    town.join(bob, &link).await;
    assert_eq!(waiting(only(one.told().await)), (2, vec![bob, ann]), "newest first");
    assert_eq!(waiting(only(other.told().await)), (2, vec![bob, ann]));

    // Whoever decides is told in the answer, and the others unasked.
    let all = functions::messages::HideAllChatJoinRequests {
        approved: true,
        peer: peer(&town, &one).await,
        link: Some(link.clone()),
    };
    let answer = one.call(all).await.unwrap();
    assert_eq!(waiting(only(answer)), (0, vec![]));
    assert_eq!(waiting(only(one.told().await)), (0, vec![]), "grammers hands on what an answer tells");
    assert_eq!(waiting(only(other.told().await)), (0, vec![]));
    let cid = town.person("Cid").await;
    town.join(cid, &link).await;
    assert_eq!(waiting(only(one.told().await)), (1, vec![cid]), "nothing was told twice");
    // A request that is taken back waits no more.
    let chat = json!({ "chat_id": town.chat() });
    town.control(&format!("people/{cid}/withdraw"), chat).await;
    assert_eq!(waiting(only(one.told().await)), (0, vec![]));
}

#[tokio::test]
async fn administrators_without_the_right_and_strangers_hear_nothing_of_it() {
    let town = Town::demo().await;
    let owner = owner(&town).await;
    let link = link(&town, &owner, true).await;
    let ada = town.person("Ada").await;
    let rights = json!({ "id": ada, "rights": ["can_restrict_members"] });
    town.control(&format!("chats/{}/bot", town.chat()), rights).await;
    let ada = App::of(&town, ada).await;
    let since = state(&ada).await;
    let ann = town.person("Ann").await;
    town.join(ann, &link).await;
    assert_eq!(waiting(only(owner.told().await)), (1, vec![ann]));
    assert!(missed(&ada, &since).await.is_empty());
}

#[tokio::test]
async fn a_bot_hears_who_asks_who_comes_and_who_goes() {
    let town = Town::demo().await;
    let (owner, bot) = (owner(&town).await, bot(&town).await);
    assert_eq!(state(&bot).await.qts, 0);
    let link = link(&town, &owner, true).await;
    let ann = town.control("people", json!({ "first_name": "Ann", "bio": "I am Ann" })).await["id"].clone();
    let ann = ann.as_i64().unwrap();
    town.join(ann, &link).await;
    let enums::Update::BotChatInviteRequester(asked) = only(bot.told().await) else { panic!() };
    assert_eq!((asked.user_id, &*asked.about, asked.qts, asked.query_id), (ann, "I am Ann", 1, None));
    let enums::ExportedChatInvite::ChatInviteExported(by) = &asked.invite else { panic!() };
    // Of others' links bots see the beginning.
    assert_eq!(by.link, format!("{}...", &link[..link.len() - 8]));

    let decide = json!({ "user_id": ann, "approve": true });
    town.control(&format!("chats/{}/decide", town.chat()), decide).await;
    let came = participant(only(bot.told().await));
    let owner_id = town.at.mtproto.admin.as_ref().unwrap().user_id;
    assert_eq!((came.user_id, came.actor_id, came.qts), (ann, owner_id, 2));
    assert!(came.prev_participant.is_none() && came.invite.is_some());
    assert!(
        matches!(came.new_participant, Some(enums::ChannelParticipant::Participant(it)) if it.user_id == ann)
    );

    town.control(&format!("people/{ann}/leave"), json!({ "chat_id": town.chat() })).await;
    let left = participant(only(bot.told().await));
    assert!(left.prev_participant.is_some() && left.new_participant.is_none() && left.invite.is_none());
    town.control(&format!("chats/{}/ban", town.chat()), json!({ "user_id": ann })).await;
    let banned = participant(only(bot.told().await));
    assert!(matches!(banned.new_participant, Some(enums::ChannelParticipant::Banned(_))));
    // Its own office too.
    let rights = json!({ "id": 7_000_000_001i64, "rights": ["can_invite_users"] });
    town.control(&format!("chats/{}/bot", town.chat()), rights).await;
    let own = participant(only(bot.told().await));
    assert!(matches!(own.new_participant, Some(enums::ChannelParticipant::Admin(it)) if it.is_self));
    assert_eq!(own.qts, 5);

    // What was missed is counted from what is known.
    let now = state(&bot).await;
    assert_eq!(now.qts, 5);
    assert!(missed(&bot, &now).await.is_empty());
    let since = types::updates::State { qts: 3, ..now };
    let missed: Vec<_> = missed(&bot, &since).await.into_iter().map(participant).map(|it| it.qts).collect();
    assert_eq!(missed, [4, 5]);
}

#[tokio::test]
async fn a_bot_is_told_in_the_answer_what_it_did() {
    let town = Town::demo().await;
    let (owner, bot) = (owner(&town).await, bot(&town).await);
    let link = link(&town, &owner, true).await;
    let ann = town.person("Ann").await;
    town.join(ann, &link).await;
    bot.told().await;
    let channel_id = -1_000_000_000_000 - town.chat();
    let decide = functions::messages::HideChatJoinRequest {
        approved: true,
        peer: types::InputPeerChannel { channel_id, access_hash: 0 }.into(),
        user_id: types::InputUser { user_id: ann, access_hash: 0 }.into(),
    };
    let came = participant(only(bot.call(decide).await.unwrap()));
    assert_eq!((came.user_id, came.actor_id, came.qts), (ann, 7_000_000_001, 2));
}

#[tokio::test]
async fn in_a_basic_group_bots_hear_it_in_the_groups_words() {
    let town = Town::demo().await;
    let bot = bot(&town).await;
    let bots = json!([{ "id": 7_000_000_001i64, "rights": ["can_invite_users"] }]);
    let group = town.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots })).await;
    let enums::Update::ChatParticipant(own) = only(bot.told().await) else { panic!() };
    assert!(matches!(own.new_participant, Some(enums::ChatParticipant::Admin(_))));
    let link = town.bot("createChatInviteLink", json!({ "chat_id": group["chat_id"] })).await.result();
    let ann = town.person("Ann").await;
    town.join(ann, link["invite_link"].as_str().unwrap()).await;
    let enums::Update::ChatParticipant(came) = only(bot.told().await) else { panic!() };
    assert_eq!((came.chat_id, came.user_id), (-group["chat_id"].as_i64().unwrap(), ann));
    let enums::ExportedChatInvite::ChatInviteExported(by) = came.invite.unwrap() else { panic!() };
    assert_eq!(by.link, link["invite_link"], "its own link is shown whole");
}

#[tokio::test]
async fn whoever_joins_hears_of_it_on_every_device() {
    let town = Town::demo().await;
    let owner = owner(&town).await;
    let link = link(&town, &owner, false).await;
    let eve = town.person("Eve").await;
    let (phone, desk) = (App::of(&town, eve).await, App::of(&town, eve).await);
    desk.me().await.unwrap();
    let hash = link.split_once('+').unwrap().1.to_owned();
    let joined = phone.call(functions::messages::ImportChatInvite { hash }).await.unwrap();
    let enums::messages::ChatInviteJoinResult::Ok(joined) = joined else { panic!() };
    let bare = -1_000_000_000_000 - town.chat();
    let is_here =
        |update: &enums::Update| matches!(update, enums::Update::Channel(it) if it.channel_id == bare);
    let answer = whole(joined.updates);
    assert!(is_here(&answer.updates[0]) && answer.chats.len() == 1, "{answer:?}");
    let told = whole(desk.told().await);
    assert!(is_here(&told.updates[0]));
    assert!(matches!(&told.chats[0], enums::Chat::Channel(it) if !it.left));
    town.control(&format!("chats/{}/ban", town.chat()), json!({ "user_id": eve })).await;
    let told = whole(desk.told().await);
    assert!(is_here(&told.updates[0]) && matches!(told.chats[0], enums::Chat::ChannelForbidden(_)));
}

#[tokio::test]
async fn whoever_was_away_asks_what_they_missed() {
    let town = Town::demo().await;
    let owner = owner(&town).await;
    let link = link(&town, &owner, true).await;
    let since = state(&owner).await;
    town.advance(10).await;
    for name in ["Ann", "Bob"] {
        let person = town.person(name).await;
        town.join(person, &link).await;
    }
    let mut told = missed(&owner, &since).await;
    assert_eq!(told.len(), 1, "how it is now, once: {told:?}");
    assert_eq!(waiting(told.remove(0)).0, 2);
    town.advance(10).await;
    assert!(missed(&owner, &state(&owner).await).await.is_empty());
}

#[tokio::test]
async fn whoever_is_too_far_behind_is_told_so() {
    let town = Town::demo().await;
    let owner = owner(&town).await;
    let link = link(&town, &owner, true).await;
    for _ in 0..1001 {
        let person = town.person("Fan").await;
        town.join(person, &link).await;
    }
    let bot = bot(&town).await;
    let since = state(&bot).await;
    let all = functions::messages::HideAllChatJoinRequests {
        approved: true,
        peer: peer(&town, &owner).await,
        link: None,
    };
    owner.call(all).await.unwrap();
    assert!(matches!(bot.told().await, enums::Updates::TooLong));
    let missed: Vec<_> = missed(&bot, &since).await.into_iter().map(participant).map(|it| it.qts).collect();
    assert_eq!((missed.len(), missed[0], missed[999]), (1000, 2, 1001));
}

#[tokio::test]
async fn a_deleted_account_hears_nothing_more() {
    let town = Town::demo().await;
    let owner = owner(&town).await;
    let link = link(&town, &owner, true).await;
    let ada = town.person("Ada").await;
    let rights = json!({ "id": ada, "rights": ["can_invite_users"] });
    town.control(&format!("chats/{}/bot", town.chat()), rights).await;
    let app = App::of(&town, ada).await;
    app.me().await.unwrap();
    town.control(&format!("people/{ada}/delete"), json!({})).await;
    let person = town.person("Ann").await;
    town.join(person, &link).await;
    assert_eq!(waiting(only(owner.told().await)).0, 1);
    // An answer that comes after whatever was told before it.
    assert_eq!(app.me().await.unwrap_err(), "401 USER_DEACTIVATED");
    assert!(app.told_by_now().await.is_none());
}
