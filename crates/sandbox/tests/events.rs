//! What a bot hears, in our words: every kind of event, as the client reads what the sandbox tells.

mod util;

use links::{ChatId, Event, Right, Standing, Way};
use serde_json::json;
use telegram::bot_api::updates::{KINDS, event};
use telegram::bot_api::{Client, Settings, Token};
use util::Town;

const BOT: i64 = 7_000_000_001;

struct Ear {
    town: Town,
    client: Client,
    done: Option<i64>,
}

impl Ear {
    async fn open() -> Self {
        let town = Town::demo().await;
        let settings = Settings { api_url: town.at.bot_api.clone(), ..Settings::default() };
        let client = Client::new(Token::new(town.token()).unwrap(), &settings).unwrap();
        let mut ear = Self { town, client, done: None };
        // What happened while the town was made: the bot became administrator.
        let made = ear.hear().await;
        assert!(matches!(&made[..], [Event::RightsChanged { .. }]), "{made:?}");
        ear
    }

    /// What happened since.
    async fn hear(&mut self) -> Vec<Event> {
        let updates = self.client.updates(KINDS).after(self.done).await.unwrap();
        self.done = updates.last().map(|update| update.update_id);
        updates.iter().filter_map(event).collect()
    }

    async fn link(&self, terms: serde_json::Value) -> String {
        let mut terms = terms;
        terms["chat_id"] = self.town.chat().into();
        let made = self.town.bot("createChatInviteLink", terms).await.result();
        made["invite_link"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn joining_and_leaving() {
    let mut ear = Ear::open().await;
    let link = ear.link(json!({ "member_limit": 1 })).await;
    let ann = ear.town.person("Ann").await;
    ear.town.join(ann, &link).await;
    let heard = ear.hear().await;
    let [Event::Joined(joined)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((joined.person.id.get(), joined.by.get()), (ann, ann));
    let Way::Link(way) = &joined.way else { panic!("{joined:?}") };
    assert_eq!(way.url.as_str(), link);

    let gone = json!({ "chat_id": ear.town.chat(), "user_id": ann });
    ear.town.bot("banChatMember", gone).await.result();
    let heard = ear.hear().await;
    let [Event::Left(left)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!((left.person.id.get(), left.by.get(), left.banned), (ann, BOT, true));
}

#[tokio::test]
async fn asking_and_a_guards_query() {
    let mut ear = Ear::open().await;
    let link = ear.link(json!({ "creates_join_request": true })).await;
    let ann = ear.town.person("Ann").await;
    ear.town.join(ann, &link).await;
    let heard = ear.hear().await;
    let [Event::Asked(request)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(request.person.id.get(), ann);
    assert_eq!(request.link.as_ref().unwrap().url.as_str(), link);
    assert_eq!(request.write_to, Some(ChatId::new(ann).unwrap()));

    let guard = ear.town.control("bots", json!({ "username": "guard_bot", "guard": true })).await;
    let (id, token) = (guard["id"].as_i64().unwrap(), guard["token"].as_str().unwrap().to_owned());
    let chat = ear.town.chat();
    let rights = json!({ "id": id, "rights": ["can_invite_users"] });
    ear.town.control(&format!("chats/{chat}/bot"), rights).await;
    ear.town.control(&format!("chats/{chat}/guard"), json!({ "bot": id })).await;
    let bob = ear.town.person("Bob").await;
    let settings = Settings { api_url: ear.town.at.bot_api.clone(), ..Settings::default() };
    let client = Client::new(Token::new(&token).unwrap(), &settings).unwrap();
    let (_, heard) = tokio::join!(ear.town.join(bob, &link), async {
        let ear = client.updates(KINDS);
        let mut heard = ear.after(None).await.unwrap();
        while !heard.iter().any(|update| matches!(event(update), Some(Event::GuardQuery { .. }))) {
            heard = ear.after(heard.last().map(|update| update.update_id)).await.unwrap();
        }
        let query = heard.iter().find_map(|update| match event(update) {
            Some(Event::GuardQuery { query, request }) => Some((query, request)),
            _ => None,
        });
        let (query, request) = query.unwrap();
        let decline = json!({ "chat_join_request_query_id": query.0, "result": "decline" });
        assert_eq!(client.call_raw("answerChatJoinRequestQuery", &decline).await.unwrap().status, 200);
        request
    });
    assert_eq!(heard.person.id.get(), bob);
}

#[tokio::test]
async fn rights_lost_and_regained() {
    let mut ear = Ear::open().await;
    let chat = ear.town.chat();
    let become_ = async |body: serde_json::Value| ear.town.control(&format!("chats/{chat}/bot"), body).await;
    become_(json!({ "id": BOT, "rights": ["can_restrict_members"] })).await;
    become_(json!({ "id": BOT, "status": "kicked" })).await;
    become_(json!({ "id": BOT, "rights": ["can_invite_users"] })).await;
    let standings: Vec<_> = ear
        .hear()
        .await
        .into_iter()
        .filter_map(|event| match event {
            Event::RightsChanged { standing, .. } => Some(standing),
            _ => None,
        })
        .collect();
    assert_eq!(standings.len(), 3, "{standings:?}");
    assert!(!standings[0].may(Right::InviteUsers) && standings[0].may(Right::RestrictMembers));
    assert_eq!(standings[1], Standing::Banned);
    assert!(standings[2].may(Right::InviteUsers));
}

#[tokio::test]
async fn a_group_that_migrates() {
    let mut ear = Ear::open().await;
    let bots = json!([{ "id": BOT, "rights": ["can_invite_users"] }]);
    let group = ear.town.control("chats", json!({ "kind": "group", "title": "Old", "bots": bots })).await;
    let old = group["chat_id"].as_i64().unwrap();
    let new = ear.town.control(&format!("chats/{old}/migrate"), json!({})).await["chat_id"].as_i64().unwrap();
    let moved = Event::ChatMigrated { from: ChatId::new(old).unwrap(), to: ChatId::new(new).unwrap() };
    let heard = ear.hear().await;
    assert_eq!(heard.iter().filter(|event| **event == moved).count(), 2, "both chats say it: {heard:?}");
}
