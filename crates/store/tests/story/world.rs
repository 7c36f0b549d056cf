//! The people and places of the stories.

use admit_store::{
    By, Effect, GateState, Granted, Intent, LinkId, Made, PassId, SavedGate, Shown, Store, Update, Visitor,
};
use gate::{Code, Gate};
use links::{ChatId, LinkHash, UnixTime, UserId};

pub(crate) const NOW: UnixTime = UnixTime::new(1_790_000_000);

pub(crate) fn later(seconds: i64) -> UnixTime {
    UnixTime::new(NOW.get() + seconds)
}

pub(crate) fn bot() -> UserId {
    person(700)
}

pub(crate) fn chat() -> ChatId {
    ChatId::new(-1_001_234_567_890).unwrap()
}

pub(crate) fn person(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

pub(crate) fn visitor(number: u64) -> Visitor {
    Visitor::new(u128::from(number).to_be_bytes())
}

pub(crate) fn marker(number: u64) -> Code {
    Code::new(u128::from(number).to_be_bytes())
}

pub(crate) fn hash(number: u64) -> LinkHash {
    LinkHash::new(&format!("Hash{number:012}")).unwrap()
}

/// A gate of one question, with what a test wants to be otherwise.
pub(crate) fn definition(slug: &str, otherwise: serde_json::Value) -> Gate {
    let mut gate = serde_json::json!({
        "slug": slug,
        "title": "Night Owls",
        "chats": [chat().get()],
        "link_life_seconds": 3600,
        "questions": [{ "ask": "Who hoots at night?", "answers": ["an owl"] }],
    });
    gate.as_object_mut().unwrap().extend(otherwise.as_object().unwrap().clone());
    serde_json::from_value(gate).unwrap()
}

pub(crate) async fn open_gate(store: &Store, otherwise: serde_json::Value) -> SavedGate {
    let gate = definition("night-owls", otherwise);
    store.save_gate(&gate, bot(), "maria", NOW).await.unwrap();
    let draft = store.gate(&gate.slug).await.unwrap().unwrap();
    assert!(store.set_gate_state(&draft, GateState::Open, "maria", NOW).await.unwrap());
    store.gate(&gate.slug).await.unwrap().unwrap()
}

pub(crate) async fn intend(store: &Store, gate: &SavedGate, number: u64) -> LinkId {
    let (chat, bot, marker) = (gate.gate.chats[0], gate.bot, marker(number));
    let intent = Intent { gate: gate.id, chat, bot, marker, fence: 1, expires_at: later(86_400) };
    store.intend(intent, NOW).await.unwrap()
}

pub(crate) async fn make(store: &Store, gate: &SavedGate, number: u64) -> (LinkId, Made) {
    let link = intend(store, gate, number).await;
    (link, store.made(link, &hash(number).url(), &hash(number), NOW).await.unwrap())
}

/// A pass that is granted, and the number of the link it has.
pub(crate) async fn grant(store: &Store, gate: &SavedGate, who: u64, now: UnixTime) -> PassId {
    match store.grant(gate, visitor(who), now).await.unwrap() {
        Granted::Granted { pass, .. } => pass,
        other => panic!("{other:?}"),
    }
}

/// A pass of this person with the oldest link of the pool.
pub(crate) async fn pass_of(store: &Store, gate: &SavedGate, who: i64) -> PassId {
    let visitor = visitor(who.unsigned_abs());
    match store.grant_by_hand(gate, visitor, Some(person(who)), "maria", NOW).await.unwrap() {
        Granted::Granted { pass, .. } => pass,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn update(id: i64, effect: Effect) -> Update {
    Update { id, received_at: later(id), effect, errand: None }
}

pub(crate) fn joined(id: i64, who: i64, by: Option<u64>, at: i64) -> Update {
    let by = by.map_or_else(By::default, |number| By {
        marker: Some(marker(number)),
        creator: Some(bot()),
        link: Some((hash(number).url(), hash(number))),
    });
    update(id, Effect::Joined { chat: chat(), person: person(who), at: later(at), by })
}

pub(crate) fn left(id: i64, who: i64, at: i64) -> Update {
    update(id, Effect::Left { chat: chat(), person: person(who), at: later(at), banned: false })
}

/// A link that somebody else made, as Telegram shows it.
pub(crate) fn shown(number: u64) -> Shown {
    Shown {
        chat: chat(),
        url: hash(number).url(),
        hash: hash(number),
        name: Some("spring".to_owned()),
        creator: person(900),
        expires_at: None,
        uses: Some(0),
        is_revoked: false,
    }
}

/// Somebody came by such a link.
pub(crate) fn joined_by_foreign(id: i64, who: i64, number: u64, at: i64) -> Update {
    let by = By { marker: None, creator: Some(person(900)), link: Some((hash(number).url(), hash(number))) };
    update(id, Effect::Joined { chat: chat(), person: person(who), at: later(at), by })
}
