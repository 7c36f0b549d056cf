//! A gate is looked at before it is opened, and what was looked at is what is opened.

use admit_server::{CannotPublish, Refusal};
use gate::Gate;
use links::{UnixTime, UserId};
use sandbox::{Sandbox, Seed};
use serde_json::json;
use store::{GateState, Keyring, SavedGate, Store};
use telegram::bot_api::{Settings as Road, Token};
use tokio::task::JoinSet;

const NOW: UnixTime = UnixTime::new(1_795_000_000);

/// A draft and a sandbox, with no service.
struct Desk {
    store: Store,
    road: Road,
    bot: UserId,
    gate: Gate,
    _running: JoinSet<()>,
    _data: tempfile::TempDir,
}

impl Desk {
    async fn new() -> Self {
        let settings = sandbox::Settings { seed: Some(Seed::Demo), ..sandbox::Settings::default() };
        let sandbox = Sandbox::start(settings).await.unwrap();
        let at = sandbox.announcement().clone();
        let mut running = JoinSet::new();
        running.spawn(async move { sandbox.run().await });
        let data = tempfile::tempdir().unwrap();
        let file = data.path().join("admit.db");
        let store = Store::open(file.to_str().unwrap(), Keyring::generate([7; 32])).await.unwrap();
        let road = Road { api_url: at.bot_api, ..Road::default() };
        let token = Token::new(at.token.as_deref().unwrap()).unwrap();
        let bot = admit_server::add_bot(&store, token, &road, "maria", NOW).await.unwrap();
        let gate = json!({
            "slug": "night-owls",
            "title": "Night Owls",
            "chats": [at.chat_id],
            "questions": [{ "ask": "Who hoots at night?", "answers": ["owl"] }],
        });
        let gate = serde_json::from_value(gate).unwrap();
        store.save_gate(&gate, bot, "maria", NOW).await.unwrap();
        Self { store, road, bot, gate, _running: running, _data: data }
    }

    async fn kept(&self) -> SavedGate {
        self.store.gate(&self.gate.slug).await.unwrap().unwrap()
    }

    async fn publish(&self, kept: &SavedGate) -> Result<(), CannotPublish> {
        admit_server::publish(&self.store, kept, &self.road, "maria", NOW).await
    }
}

#[tokio::test]
async fn what_was_not_looked_at_is_not_opened() {
    let desk = Desk::new().await;
    let looked_at = desk.kept().await;
    desk.store.save_gate(&desk.gate, desk.bot, "bo", NOW).await.unwrap();
    assert!(matches!(desk.publish(&looked_at).await, Err(CannotPublish::Changed)));
    assert_eq!(desk.kept().await.state, GateState::Draft);
    desk.publish(&desk.kept().await).await.unwrap();
    assert_eq!(desk.kept().await.state, GateState::Open);

    let Desk { store, road, bot, gate, .. } = &desk;
    let changed = admit_server::change_gate(store, &looked_at, gate, *bot, road, "maria", NOW).await;
    assert!(matches!(changed, Err(CannotPublish::Changed)));
    assert_eq!(desk.kept().await.revision, 2);
}

#[tokio::test]
async fn a_gate_without_its_bot_is_not_opened() {
    let desk = Desk::new().await;
    desk.store.forget_bot(desk.bot, "maria", NOW).await.unwrap();
    let refused = desk.publish(&desk.kept().await).await;
    assert!(
        matches!(&refused, Err(CannotPublish::Refused(why)) if *why == [Refusal::NoBot(desk.bot)]),
        "{refused:?}"
    );
}
