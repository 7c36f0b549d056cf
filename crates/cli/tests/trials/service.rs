//! The service as a process whose Telegram, end and clock the trials choose: this program itself, started to do nothing
//! else.

use links::{UnixTime, UserId};
use serde_json::Value;
use server::{Clock, Points, Service, Settings};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};
use store::{Keyring, Store};
use telegram::bot_api::{Settings as Road, Token};
use tokio::net::TcpListener;

const ORDERS: &str = "ADMIT_TRIAL";

/// Starts one; the line with its address comes when it is ready.
pub(crate) fn spawn(orders: &Value) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "service::stays_up_until_it_is_stopped", "--ignored", "--nocapture"])
        .env(ORDERS, orders.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "it is started by other trials"]
fn stays_up_until_it_is_stopped() {
    let Ok(orders) = env::var(ORDERS) else { return };
    let orders: Value = serde_json::from_str(&orders).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(serve(&orders));
}

async fn serve(orders: &Value) {
    let text = |name: &str| orders[name].as_str().unwrap_or_default().to_owned();
    let data = PathBuf::from(text("data"));
    let keys = keys(&data.join("keys"));
    let store = Store::open(&data.join("admit.db").display().to_string(), keys.clone()).await.unwrap();
    let clock = Clock::default();
    clock.advance(orders["ahead"].as_i64().unwrap());
    let road = Road { api_url: text("api"), ..Road::default() };
    let bot = server::add_bot(&store, Token::new(&text("token")).unwrap(), &road, "trial", clock.now());
    let bot: UserId = bot.await.unwrap();
    let now: UnixTime = clock.now();
    server::open_gate(&store, &toml::from_str(&text("gate")).unwrap(), bot, "trial", now).await.unwrap();
    let listener = TcpListener::bind(text("listen")).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let settings = Settings {
        public_url: url.clone(),
        telegram_url: text("api"),
        road,
        clock,
        points: match orders["end_at"].as_str() {
            Some(point) => Points::ending_at(point).expect("a point is a name and a number"),
            None => Points::default(),
        },
    };
    let service = Service::start(store, &keys, settings).await.unwrap();
    #[allow(clippy::print_stdout, reason = "whoever started it reads this line")]
    {
        println!("\nready {url}");
    }
    service.serve(listener, std::future::pending()).await;
}

fn keys(file: &Path) -> Keyring {
    if let Ok(text) = fs::read_to_string(file) {
        return Keyring::read(&text).unwrap();
    }
    let mut chance = [0; 32];
    getrandom::fill(&mut chance).unwrap();
    let keys = Keyring::generate(chance);
    fs::write(file, keys.write()).unwrap();
    keys
}
