//! A gate with links that lie ready for it, in the rows that the service would have written.

use gate::{Code, Gate};
use links::{ChatId, LinkHash, UnixTime, UserId};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use store::{GateState, Intent, Keyring, SavedGate, Store, Visitor};

/// The gate's name in addresses, and the answer it takes.
pub(crate) const SLUG: &str = "night-owls";
pub(crate) const ANSWER: &str = "owl";

/// Links are put into the pool by so many at once, so that their commits are shared.
const MAKERS: u64 = 1000;
const DAY: i64 = 86_400;

/// The keys of every database here.
pub(crate) fn keys() -> Keyring {
    Keyring::generate([7; 32])
}

/// The moment it is.
#[allow(clippy::disallowed_methods, reason = "the service compares it with the clock of the machine")]
pub(crate) fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    UnixTime::new(i64::try_from(now.as_secs()).expect("it is before the sun is cold"))
}

/// An open gate to a chat, which keeps a pool of so many links.
pub(crate) async fn open_gate(store: &Store, bot: UserId, chat: ChatId, pool: u32) -> SavedGate {
    let gate: Gate = serde_json::from_value(serde_json::json!({
        "slug": SLUG,
        "title": "Night Owls",
        "chats": [chat.get()],
        "pool": pool,
        "questions": [{ "ask": "Who hoots at night?", "answers": [ANSWER] }],
    }))
    .expect("the gate of the bench is a gate");
    store.save_gate(&gate, bot, "bench", now()).await.expect("the store writes");
    let draft = store.gate(&gate.slug).await.expect("the store reads").expect("it was just saved");
    store.set_gate_state(&draft, GateState::Open, "bench", now()).await.expect("the store writes");
    store.gate(&gate.slug).await.expect("the store reads").expect("it was saved a moment ago")
}

/// Puts so many links into the pool of a gate.
pub(crate) async fn fill(store: &Store, gate: &SavedGate, links: u64) {
    let next = Arc::new(AtomicU64::new(0));
    let (id, chat, bot) = (gate.id, gate.gate.chats[0], gate.bot);
    let expires_at = UnixTime::new(now().get() + 30 * DAY);
    let makers: Vec<_> = (0..MAKERS.min(links))
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= links {
                        return;
                    }
                    let marker = Code::new(spread(number));
                    let intent = Intent { gate: id, chat, bot, marker, fence: 1, expires_at };
                    let link = store.intend(intent, now()).await.expect("the store writes");
                    let hash = LinkHash::new(&format!("B{marker}")).expect("letters and digits are a hash");
                    store.made(link, &hash.url(), &hash, now()).await.expect("the store writes");
                }
            })
        })
        .collect();
    for maker in makers {
        maker.await.expect("makers do not panic");
    }
}

/// The visitor of this number.
pub(crate) fn visitor(number: u64) -> Visitor {
    Visitor::new(spread(number))
}

/// Bytes that come in no order, as chance does: rows that come in order are cheaper to keep.
pub(crate) fn spread(number: u64) -> [u8; 16] {
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (spread ^ (spread >> 61)).to_be_bytes()
}
