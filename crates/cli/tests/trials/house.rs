//! A sandbox that outlives the service, the service that dies and is started again, and the evidence of both.

use crate::auditor;
use crate::databases::Database;
use crate::evidence::{
    Books, Client, Evidence, Forgotten, Telegram, Terms, compared_at, found_in_lists, left_to_do,
    updates_heard,
};
use crate::wire::exchange;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const ADMIT: &str = env!("CARGO_BIN_EXE_admit");
pub(crate) const RIGHT: &str = "espresso";
/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// A service that was killed holds its bot for so long.
const LEASE_SECONDS: i64 = 31;
const SIGABRT: i32 = 6;

/// What a trial's gate says.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) quota: Option<i64>,
    pub(crate) pool: i64,
    pub(crate) life_seconds: i64,
    pub(crate) strangers_stay: bool,
    pub(crate) guesses_per_minute: u32,
    /// How many services stand on the books. Several need PostgreSQL.
    pub(crate) nodes: usize,
    /// How much they log.
    pub(crate) log: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            quota: None,
            pool: 20,
            life_seconds: 604_800,
            strangers_stay: false,
            guesses_per_minute: 100_000,
            nodes: 1,
            log: "info",
        }
    }
}

impl Rules {
    /// Two services on one PostgreSQL.
    pub(crate) fn for_two() -> Self {
        Self { nodes: 2, ..Self::default() }
    }
}

/// A small Telegram as a process, and whoever plays its people.
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) chat: i64,
    /// Where accounts speak to it.
    door: String,
    /// Logged in as whoever owns the chat.
    owners_key: String,
}

impl Sandbox {
    pub(crate) fn start() -> Self {
        let mut sandbox = Command::new(ADMIT);
        sandbox.args(["sandbox", "--seed", "demo", "--link-base", "own", "--json"]).stdout(Stdio::piped());
        let mut process = sandbox.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self {
            process,
            address: said["bot_api"].as_str().unwrap().to_owned(),
            token: said["token"].as_str().unwrap().to_owned(),
            chat: said["chat_id"].as_i64().unwrap(),
            door: said["mtproto"]["addr"].as_str().unwrap().to_owned(),
            owners_key: said["mtproto"]["admin"]["auth_key"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn control(&self, path: &str, body: &Value) -> Value {
        let kind = "content-type: application/json\r\n";
        let reply = exchange(&self.address, "POST", &format!("/control/{path}"), kind, &body.to_string());
        serde_json::from_str(&reply.unwrap().body).unwrap()
    }

    fn look(&self, path: &str) -> String {
        exchange(&self.address, "GET", &format!("/control/{path}"), "", "").unwrap().body
    }

    pub(crate) fn chat(&self) -> Value {
        serde_json::from_str(&self.look(&format!("chats/{}", self.chat))).unwrap()
    }

    pub(crate) fn ledger(&self) -> String {
        self.look("ledger?after=0")
    }

    pub(crate) fn person(&self) -> i64 {
        self.control("people", &json!({ "first_name": "Ann" }))["id"].as_i64().unwrap()
    }

    /// What became of a tap on a link: `joined`, `already`, `refused`.
    pub(crate) fn join(&self, person: i64, link: &str) -> String {
        let answer = self.control(&format!("people/{person}/join"), &json!({ "link": link }));
        answer["result"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    pub(crate) fn leave(&self, person: i64) {
        self.control(&format!("people/{person}/leave"), &json!({ "chat_id": self.chat }));
    }

    pub(crate) fn write_to_bot(&self, person: i64, text: &str) {
        let bot: i64 = self.token.split_once(':').unwrap().0.parse().unwrap();
        self.control(&format!("people/{person}/send"), &json!({ "bot": bot, "text": text }));
    }

    /// They press the button under what the bot wrote to them, as soon as it did.
    pub(crate) fn press_the_button(&self, person: i64) {
        let mut button = None;
        until("the bot asks", || {
            let inbox: Value = serde_json::from_str(&self.look(&format!("people/{person}/inbox"))).unwrap();
            button = inbox.as_array().unwrap().iter().find_map(|message| {
                let data = message["reply_markup"]["inline_keyboard"][0][0]["callback_data"].as_str()?;
                Some(json!({ "message_id": message["message_id"], "data": data }))
            });
            button.is_some()
        });
        self.control(&format!("people/{person}/press"), &button.unwrap());
    }

    /// The next call of the method goes wrong.
    pub(crate) fn fault(&self, method: &str, kind: &str) {
        self.control("faults", &json!({ "method": method, "kind": kind, "times": 1 }));
    }

    /// Somebody makes a link with the bot's token, and nobody else knows of it.
    pub(crate) fn make_link(&self, name: &str, expires_at: i64) -> String {
        let wanted =
            json!({ "chat_id": self.chat, "name": name, "member_limit": 1, "expire_date": expires_at });
        let (path, kind) =
            (format!("/bot{}/createChatInviteLink", self.token), "content-type: application/json\r\n");
        let answer = exchange(&self.address, "POST", &path, kind, &wanted.to_string()).unwrap().body;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["result"]["invite_link"].as_str().unwrap().to_owned()
    }

    /// The joins and leaves that wait for the bot. Nothing is taken from it: an offset this small confirms nothing. But
    /// whoever asks twice within seconds with the same one is made to wait, so each of us has one of their own.
    fn waiting(&self, offset: u32) -> Vec<Forgotten> {
        let path = format!("/bot{}/getUpdates?offset={offset}", self.token);
        let answer = exchange(&self.address, "POST", &path, "", "").unwrap().body;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let updates = answer["result"].as_array().unwrap_or_else(|| panic!("{answer}"));
        assert!(updates.len() < 100, "there are more than are told at a time");
        updates.iter().filter_map(Forgotten::read).collect()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A sandbox, a place for the books, and services now and then.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    data: tempfile::TempDir,
    pub(crate) books: Database,
    rules: Rules,
    nodes: Vec<Mutex<Node>>,
    ahead_seconds: AtomicI64,
    forgotten: Mutex<Vec<Forgotten>>,
    /// Services that start now look at Telegram's lists, too.
    has_account: AtomicBool,
}

impl Drop for House {
    fn drop(&mut self) {
        if thread::panicking() {
            #[allow(clippy::print_stderr, reason = "it is what a failed run is understood by")]
            {
                eprintln!("what was logged:\n{}", self.log());
            }
        }
    }
}

/// A service.
#[derive(Default)]
struct Node {
    process: Option<Child>,
    says: Option<BufReader<ChildStdout>>,
    /// Where it is, and will be again.
    address: Option<String>,
    /// How much it had logged before it was started.
    logged: usize,
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Node {
    /// Time passes for it.
    fn advance(&mut self, seconds: i64) {
        let Some(process) = &mut self.process else { return };
        writeln!(process.stdin.as_mut().unwrap(), "{seconds}").unwrap();
        let mut line = String::new();
        self.says.as_mut().unwrap().read_line(&mut line).unwrap();
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
}

impl House {
    /// A gate is open in it, and nothing runs yet but the sandbox.
    pub(crate) fn empty(rules: Rules) -> Self {
        let data = tempfile::tempdir().unwrap();
        let one = || Database::File(data.path().join("data/admit.db"));
        let house = Self {
            sandbox: Sandbox::start(),
            books: if rules.nodes > 1 { Database::postgres() } else { one() },
            nodes: (0..rules.nodes).map(|_| Mutex::default()).collect(),
            data,
            rules,
            ahead_seconds: AtomicI64::default(),
            forgotten: Mutex::default(),
            has_account: AtomicBool::default(),
        };
        fs::write(house.data.path().join("token"), &house.sandbox.token).unwrap();
        let file = house.data.path().join("night-owls.toml");
        fs::write(&file, house.gate()).unwrap();
        let ran = house.admit(&["gate", "apply", "--publish"]).arg(file).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        house
    }

    pub(crate) fn open(rules: Rules) -> Self {
        let house = Self::empty(rules);
        house.start();
        house
    }

    /// Whoever owns the chat logs in; services that start from now on compare their books with Telegram's every night.
    pub(crate) fn log_in(&self) {
        fs::write(self.data.path().join("key"), &self.sandbox.owners_key).unwrap();
        let mut login = self.admit(&["login", "--dc", "2", "--api-id", "12345", "--auth-key-file", "key"]);
        let ran = login.args(["--server", &self.sandbox.door]).output().unwrap();
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        self.has_account.store(true, Ordering::Relaxed);
    }

    /// The binary with nothing of our own environment.
    fn admit(&self, arguments: &[&str]) -> Command {
        let mut admit = Command::new(ADMIT);
        admit.args(arguments).env_clear().current_dir(self.data.path());
        admit.env("ADMIT_API_URL", &self.sandbox.address).env("ADMIT_BOT_TOKEN_FILE", "token");
        admit.env("ADMIT_DATA", "data").env("ADMIT_SESSION_FILE", "session").stdin(Stdio::null());
        if let Some(url) = self.books.url() {
            admit.env("DATABASE_URL", url);
        }
        admit
    }

    fn gate(&self) -> String {
        let Rules { quota, pool, life_seconds, strangers_stay, guesses_per_minute, .. } = &self.rules;
        let stranger = if *strangers_stay { "keep" } else { "remove" };
        let quota = quota.map(|quota| format!("quota = {quota}")).unwrap_or_default();
        format!(
            r#"
            slug = "night-owls"
            title = "Night Owls"
            chats = [{chat}]
            pool = {pool}
            link_life_seconds = {life_seconds}
            stranger = "{stranger}"
            {quota}

            [tries]
            most = 100
            first_wait_seconds = 0
            longest_wait_seconds = 0

            [guesses]
            per_minute = {guesses_per_minute}
            per_hour = 1000000

            [[questions]]
            ask = "What does our host drink at three in the morning?"
            answers = ["{RIGHT}"]
            "#,
            chat = self.sandbox.chat
        )
    }

    fn node(&self, node: usize) -> MutexGuard<'_, Node> {
        self.nodes[node].lock().unwrap()
    }

    /// Starts all that there may be.
    pub(crate) fn start(&self) {
        (0..self.nodes.len()).for_each(|node| self.start_node(node));
    }

    /// Starts, and waits until it knows that it was told all that happened before. Its clock may be a second behind.
    pub(crate) fn start_and_hear(&self) {
        let now = self.telegram().now - 1;
        self.start();
        until("everything is heard", || self.books.rows("heard_at", "from bots")[0][0].as_i64() >= Some(now));
    }

    pub(crate) fn start_node(&self, node: usize) {
        assert!(self.start_to_end_at(node, None), "it died before it was ready:\n{}", self.log());
    }

    /// Starts a service; says whether it was ready before it died.
    pub(crate) fn start_to_end_at(&self, node: usize, point: Option<&str>) -> bool {
        let log = self.log_file(node);
        let mut node = self.node(node);
        assert!(node.process.is_none(), "it runs");
        let listen = node.address.as_deref().map_or("127.0.0.1:0", |address| &address["http://".len()..]);
        let listen = listen.to_owned();
        let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
        node.logged = log.metadata().unwrap().len() as usize;
        let mut admit =
            self.admit(&["serve", "--listen", &listen, "--telegram-url", &self.sandbox.address, "--json"]);
        let ahead = self.ahead_seconds.load(Ordering::Relaxed).to_string();
        admit.env("ADMIT_LOG", self.rules.log).env("ADMIT_CLOCK_AHEAD", ahead);
        if let Some(point) = point {
            admit.env("ADMIT_END_AT", point);
        }
        admit.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        let mut process = admit.spawn().unwrap();
        let mut says = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        says.read_line(&mut line).unwrap();
        node.process = Some(process);
        node.says = Some(says);
        let said: Option<Value> = serde_json::from_str(&line).ok();
        let is_ready = said.is_some();
        if let Some(said) = said {
            node.address = Some(said["url"].as_str().unwrap().to_owned());
        }
        is_ready
    }

    /// They are spread over the nodes in turn.
    pub(crate) fn node_for(&self, turn: usize) -> usize {
        turn % self.nodes.len()
    }

    /// Where people reach the service, now or when it is back.
    pub(crate) fn address(&self) -> Option<String> {
        self.address_of(0)
    }

    pub(crate) fn address_of(&self, node: usize) -> Option<String> {
        self.node(node).address.clone()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        self.kill_node(0);
    }

    pub(crate) fn kill_node(&self, node: usize) {
        let mut process = self.node(node).process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// As an operator stops it.
    pub(crate) fn stop(&self) {
        let mut node = self.node(0);
        node.signal("-TERM");
        assert!(node.process.take().unwrap().wait().unwrap().success());
    }

    /// It does nothing any more, and does not know it.
    pub(crate) fn freeze(&self, node: usize) {
        self.node(node).signal("-STOP");
    }

    pub(crate) fn thaw(&self, node: usize) {
        self.node(node).signal("-CONT");
    }

    pub(crate) fn has_died(&self) -> bool {
        self.node(0).process.as_mut().expect("it was started").try_wait().unwrap().is_some()
    }

    /// Waits until it ended itself at its point.
    pub(crate) fn buried(&self) {
        until("the service ends at its point", || self.has_died());
        let mut process = self.node(0).process.take().unwrap();
        let status: ExitStatus = process.wait().unwrap();
        assert_eq!(status.signal(), Some(SIGABRT), "it ended in another way: {status}");
    }

    /// Time passes for all while nothing of ours runs; long enough that nobody holds the bot any more.
    pub(crate) fn sleep(&self, seconds: i64) {
        let seconds = seconds.max(LEASE_SECONDS);
        assert!(self.nodes.iter().all(|node| node.lock().unwrap().process.is_none()), "it would not notice");
        // Telegram forgets after a day, and nobody here waits until half a minute before that.
        if seconds == LEASE_SECONDS {
            return self.pass_time(seconds, &[]);
        }
        let waiting = self.sandbox.waiting(1);
        self.pass_time(seconds, &[]);
        let still = self.sandbox.waiting(2);
        if waiting == still {
            return;
        }
        let heard = updates_heard(&self.books);
        let is_lost = |one: &Forgotten| !still.contains(one) && !heard.contains(&one.update);
        self.forgotten.lock().unwrap().extend(waiting.into_iter().filter(is_lost));
    }

    /// Time passes for Telegram and for these nodes, and for whoever is started later.
    pub(crate) fn pass_time(&self, seconds: i64, nodes: &[usize]) {
        self.sandbox.control("clock/advance", &json!({ "seconds": seconds }));
        self.ahead_seconds.fetch_add(seconds, Ordering::Relaxed);
        nodes.iter().for_each(|node| self.node(*node).advance(seconds));
    }

    /// Whoever tended the bot is gone, and this node notices.
    pub(crate) fn take_over(&self, node: usize) {
        self.pass_time(LEASE_SECONDS, &[node]);
        until("another node tends the bot", || self.tends(node));
    }

    /// This node slept while time passed for the others for as long as it takes to take over.
    pub(crate) fn catch_up(&self, node: usize) {
        self.node(node).advance(LEASE_SECONDS);
    }

    /// Whether this node tends the bot, as far as it knows.
    pub(crate) fn tends(&self, node: usize) -> bool {
        let log = fs::read_to_string(self.log_file(node)).unwrap();
        let log = &log[self.node(node).logged..];
        let lines = |text: &str| log.matches(text).count();
        lines("tending this bot") > lines("another node tends this bot now")
    }

    pub(crate) fn start_later(&self) {
        self.sleep(LEASE_SECONDS);
        self.start();
    }

    /// What it logged in all its lives.
    pub(crate) fn log(&self) -> String {
        let logs =
            (0..self.nodes.len()).map(|node| fs::read_to_string(self.log_file(node)).unwrap_or_default());
        logs.collect()
    }

    fn log_file(&self, node: usize) -> PathBuf {
        self.data.path().join(format!("log{node}"))
    }

    pub(crate) fn keys(&self) -> String {
        fs::read_to_string(self.data.path().join("data/keys")).unwrap()
    }

    pub(crate) fn until_the_pool_is_full(&self) {
        until("the pool is full", || {
            let free = Books::read(&self.books).links.iter().filter(|link| link.state == "free").count();
            free as i64 == self.rules.pool
        });
    }

    /// How often Telegram was asked for anything but updates.
    pub(crate) fn calls(&self) -> usize {
        let ledger = self.sandbox.ledger();
        let calls = ledger.lines().filter(|line| line.contains("\"what\":\"call\""));
        calls.filter(|line| !line.contains("getUpdates")).count()
    }

    pub(crate) fn file(&self) -> PathBuf {
        let Database::File(file) = &self.books else { panic!("the books are no file") };
        file.clone()
    }

    /// How many came of whom a list told, and no update.
    pub(crate) fn found(&self) -> usize {
        found_in_lists(&self.books).len()
    }

    pub(crate) fn telegram(&self) -> Telegram {
        let now: Value = serde_json::from_str(&self.sandbox.look("clock")).unwrap();
        let forgotten = self.forgotten.lock().unwrap().clone();
        let (now, chat) = (now["now"].as_i64().unwrap(), self.sandbox.chat());
        Telegram::read(now, &chat, &self.sandbox.ledger(), forgotten, found_in_lists(&self.books))
    }

    /// Until everything that was begun is done. It may take long, but it may not stand still.
    pub(crate) fn settle(&self) {
        if self.has_account.load(Ordering::Relaxed) {
            let night = last_night(self.telegram().now);
            until("the books are compared", || compared_at(&self.books) >= Some(night));
        }
        let (mut deadline, mut before) = (Instant::now() + PATIENCE, String::new());
        loop {
            let Some(left) = left_to_do(&self.books, || self.telegram()) else { return };
            if left != before {
                (deadline, before) = (Instant::now() + PATIENCE, left);
            }
            assert!(Instant::now() < deadline, "it does not come to rest: {before}");
            thread::sleep(GLANCE);
        }
    }

    pub(crate) fn evidence(&self, clients: Vec<Client>) -> Evidence {
        let Rules { quota, life_seconds, strangers_stay, .. } = self.rules;
        Evidence {
            telegram: self.telegram(),
            books: Books::read(&self.books),
            clients,
            // As long as it is promised, and as long as it may lie in the pool before. A second passes in between.
            terms: Terms {
                quota,
                longest_life_seconds: life_seconds + life_seconds.max(86_400) + 1,
                strangers_stay,
                lists_are_read: self.has_account.load(Ordering::Relaxed),
            },
        }
    }

    #[track_caller]
    pub(crate) fn judge(&self, clients: Vec<Client>, run: &str) -> Evidence {
        let evidence = self.evidence(clients);
        auditor::expect_green(&evidence, run);
        evidence
    }
}

/// When the books were to be compared last: at three in the morning, in UTC.
fn last_night(now: i64) -> i64 {
    now - (now - 3 * 3600).rem_euclid(86_400)
}

/// Between two looks at something that is waited for.
const GLANCE: Duration = Duration::from_millis(5);

/// Waits for something to become true.
#[track_caller]
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited too long until {what}");
        thread::sleep(GLANCE);
    }
}
