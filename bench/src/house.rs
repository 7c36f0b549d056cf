//! A service on SQLite with one gate, a pool that lasts, and a sandbox behind it.

use crate::admit::Admit;
use crate::pool;
use crate::sandbox::Sandbox;
use crate::server::Server;
use links::{ChatId, UserId};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;
use store::Store;

pub(crate) struct House {
    pub(crate) service: Server,
    pub(crate) at: SocketAddr,
    /// Seconds from its start to the line that says it is ready.
    pub(crate) ready_after: f64,
    pub(crate) sandbox: Sandbox,
}

impl House {
    /// In a folder of its own, with a pool of so many links, of which the service keeps this many ready.
    pub(crate) fn open(admit: &Admit, name: &str, links: u64, keep: u32) -> Self {
        let sandbox = Sandbox::start(admit);
        let data = admit.directory.path().join(name);
        fill(&data, &sandbox, links, keep);
        let mut command = admit.command(&format!("http://{}", sandbox.at));
        command.env("ADMIT_BOT_TOKEN", &sandbox.token).args(["serve", "--listen", "127.0.0.1:0", "--json"]);
        let began = Instant::now();
        let service = Server::start(command.arg("--data").arg(&data));
        let ready_after = began.elapsed().as_secs_f64();
        let said: serde_json::Value =
            serde_json::from_str(&service.said).expect("the service says where it is");
        let at = said["url"].as_str().and_then(|url| url.strip_prefix("http://")?.parse().ok());
        Self { service, at: at.expect("the service listens at an address"), ready_after, sandbox }
    }
}

/// The rows of a gate and of links that lie ready for it, as the service would have written them.
fn fill(data: &Path, sandbox: &Sandbox, links: u64, keep: u32) {
    std::fs::create_dir(data).expect("the directory of the bench can be written to");
    let keys = pool::keys();
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
        let gate = pool::open_gate(&store, bot, chat, keep).await;
        pool::fill(&store, &gate, links).await;
    });
}
