//! A service on SQLite with one gate, a pool that lasts, and a sandbox behind it.

use crate::admit::Admit;
use crate::sandbox::Sandbox;
use crate::server::Server;
use gate::{Code, Gate};
use links::{ChatId, LinkHash, UnixTime, UserId};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};
use store::{GateState, Intent, Keyring, Store};

/// Links are put into the pool by so many at once, so that their commits are shared.
const MAKERS: usize = 1000;
const DAY: i64 = 86_400;

pub(crate) struct House {
    pub(crate) service: Server,
    pub(crate) at: SocketAddr,
    /// Seconds from its start to the line that says it is ready.
    pub(crate) ready_after: f64,
    _sandbox: Sandbox,
}

impl House {
    pub(crate) fn open(admit: &Admit, pool: usize) -> Self {
        let sandbox = Sandbox::start(admit);
        let data = admit.directory.path().join("data");
        fill(&data, &sandbox, pool);
        let mut command = admit.command(&format!("http://{}", sandbox.at));
        command.env("ADMIT_BOT_TOKEN", &sandbox.token).args(["serve", "--listen", "127.0.0.1:0", "--json"]);
        let began = Instant::now();
        let service = Server::start(command.arg("--data").arg(&data));
        let ready_after = began.elapsed().as_secs_f64();
        let said: serde_json::Value =
            serde_json::from_str(&service.said).expect("the service says where it is");
        let at = said["url"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
        Self { service, at: at.expect("the service listens at an address"), ready_after, _sandbox: sandbox }
    }
}

/// The rows of a gate and of links that lie ready for it, as the service would have written them.
fn fill(data: &Path, sandbox: &Sandbox, pool: usize) {
    std::fs::create_dir(data).expect("the directory of the bench can be written to");
    let keys = Keyring::generate([7; 32]);
    let key_file = data.join("keys");
    std::fs::write(&key_file, keys.write()).expect("the directory of the bench can be written to");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let owner_only = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&key_file, owner_only).expect("our own file");
    }
    let place = data.join("admit.db").display().to_string();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime needs nothing but threads");
    runtime.block_on(async {
        let store = Store::open(&place, keys).await.expect("a new database opens");
        let bot =
            sandbox.token.split(':').next().and_then(|id| id.parse().ok()).expect("a token has a number");
        let bot = UserId::new(bot).expect("it is that of a bot");
        let chat = ChatId::new(sandbox.chat).expect("it is that of a chat");
        make_pool(&store, bot, chat, pool).await;
    });
}

async fn make_pool(store: &Store, bot: UserId, chat: ChatId, pool: usize) {
    #[allow(clippy::disallowed_methods, reason = "the service compares it with the clock of the machine")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
    let now = UnixTime::new(i64::try_from(now.as_secs()).expect("it is before the sun is cold"));
    // Nothing is made while it is measured: the pool lasts, and is not filled up.
    let gate: Gate = serde_json::from_value(serde_json::json!({
        "slug": "night-owls",
        "title": "Night Owls",
        "chats": [chat.get()],
        "pool": 0,
        "questions": [{ "ask": "Who hoots at night?", "answers": ["owl"] }],
    }))
    .expect("the gate of the bench is a gate");
    let (id, _) = store.save_gate(&gate, bot, "bench", now).await.expect("the store writes");
    store.set_gate_state(&gate.slug, GateState::Open, "bench", now).await.expect("the store writes");
    let expires_at = UnixTime::new(now.get() + 30 * DAY);
    let next = Arc::new(AtomicU64::new(0));
    let makers: Vec<_> = (0..MAKERS)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= pool as u64 {
                        return;
                    }
                    let marker = Code::new(spread(number));
                    let intent = Intent { gate: id, chat, bot, marker, fence: 1, expires_at };
                    let link = store.intend(intent, now).await.expect("the store writes");
                    let hash = LinkHash::new(&format!("B{marker}")).expect("letters and digits are a hash");
                    store.made(link, &hash.url(), &hash, now).await.expect("the store writes");
                }
            })
        })
        .collect();
    for maker in makers {
        maker.await.expect("makers do not panic");
    }
}

/// Bytes that come in no order, as chance does: rows that come in order are cheaper to keep.
pub(crate) fn spread(number: u64) -> [u8; 16] {
    let spread = u128::from(number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    (spread ^ (spread >> 61)).to_be_bytes()
}
