//! A sandbox that outlives the service, the service that dies and is started again, and the evidence of both.

use crate::auditor;
use crate::evidence::{Books, Client, Evidence, Telegram, Terms, left_to_do};
use crate::wire::exchange;
use serde_json::{Value, json};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
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
    /// How much it logs.
    pub(crate) log: &'static str,
}

impl Default for Rules {
    fn default() -> Self {
        Self { quota: None, pool: 20, life_seconds: 604_800, strangers_stay: false, log: "info" }
    }
}

/// A small Telegram as a process, and whoever plays its people.
pub(crate) struct Sandbox {
    process: Child,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) chat: i64,
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

    /// The next call of the method goes wrong.
    pub(crate) fn fault(&self, method: &str, kind: &str) {
        self.control("faults", &json!({ "method": method, "kind": kind, "times": 1 }));
    }

    pub(crate) fn telegram(&self) -> Telegram {
        let now: Value = serde_json::from_str(&self.look("clock")).unwrap();
        Telegram::read(now["now"].as_i64().unwrap(), &self.chat(), &self.ledger())
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A sandbox, a place for the books, and a service now and then.
pub(crate) struct House {
    pub(crate) sandbox: Sandbox,
    data: tempfile::TempDir,
    rules: Rules,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    process: Option<Child>,
    /// Where it is, and will be again.
    address: Option<String>,
    ahead_seconds: i64,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl House {
    /// A gate is open in it, and nothing runs yet but the sandbox.
    pub(crate) fn empty(rules: Rules) -> Self {
        let house = Self {
            sandbox: Sandbox::start(),
            data: tempfile::tempdir().unwrap(),
            rules,
            running: Mutex::default(),
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

    /// The binary with nothing of our own environment.
    fn admit(&self, arguments: &[&str]) -> Command {
        let mut admit = Command::new(ADMIT);
        admit.args(arguments).env_clear().current_dir(self.data.path());
        admit.env("ADMIT_API_URL", &self.sandbox.address).env("ADMIT_BOT_TOKEN_FILE", "token");
        admit.env("ADMIT_DATA", "data").stdin(Stdio::null());
        admit
    }

    fn gate(&self) -> String {
        let Rules { quota, pool, life_seconds, strangers_stay, .. } = &self.rules;
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
            per_minute = 100000
            per_hour = 1000000

            [[questions]]
            ask = "What does our host drink at three in the morning?"
            answers = ["{RIGHT}"]
            "#,
            chat = self.sandbox.chat
        )
    }

    pub(crate) fn start(&self) {
        assert!(self.start_to_end_at(None), "it died before it was ready:\n{}", self.log());
    }

    /// Starts the service; says whether it was ready before it died.
    pub(crate) fn start_to_end_at(&self, point: Option<&str>) -> bool {
        let mut running = self.running.lock().unwrap();
        assert!(running.process.is_none(), "it runs");
        let listen = running.address.as_deref().map_or("127.0.0.1:0", |address| &address["http://".len()..]);
        let log = OpenOptions::new().create(true).append(true).open(self.data.path().join("log")).unwrap();
        let mut admit =
            self.admit(&["serve", "--listen", listen, "--telegram-url", &self.sandbox.address, "--json"]);
        admit.env("ADMIT_LOG", self.rules.log).env("ADMIT_CLOCK_AHEAD", running.ahead_seconds.to_string());
        if let Some(point) = point {
            admit.env("ADMIT_END_AT", point);
        }
        let mut process = admit.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        running.process = Some(process);
        let said: Option<Value> = serde_json::from_str(&line).ok();
        let is_ready = said.is_some();
        if let Some(said) = said {
            running.address = Some(said["url"].as_str().unwrap().to_owned());
        }
        is_ready
    }

    /// Where people reach the service, now or when it is back.
    pub(crate) fn address(&self) -> Option<String> {
        self.running.lock().unwrap().address.clone()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        let mut process = self.running.lock().unwrap().process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// As an operator stops it.
    pub(crate) fn stop(&self) {
        let mut process = self.running.lock().unwrap().process.take().expect("it runs");
        Command::new("kill").args(["-TERM", &process.id().to_string()]).status().unwrap();
        assert!(process.wait().unwrap().success());
    }

    pub(crate) fn has_died(&self) -> bool {
        let mut running = self.running.lock().unwrap();
        running.process.as_mut().expect("it was started").try_wait().unwrap().is_some()
    }

    /// Waits until it ended itself at its point.
    pub(crate) fn buried(&self) {
        until("the service ends at its point", || self.has_died());
        let mut process = self.running.lock().unwrap().process.take().unwrap();
        let status: ExitStatus = process.wait().unwrap();
        assert_eq!(status.signal(), Some(SIGABRT), "it ended in another way: {status}");
    }

    /// Time passes for all while nothing of ours runs; long enough that nobody holds the bot any more.
    pub(crate) fn sleep(&self, seconds: i64) {
        let seconds = seconds.max(LEASE_SECONDS);
        let mut running = self.running.lock().unwrap();
        assert!(running.process.is_none(), "it runs, and would not notice");
        self.sandbox.control("clock/advance", &json!({ "seconds": seconds }));
        running.ahead_seconds += seconds;
    }

    pub(crate) fn start_later(&self) {
        self.sleep(LEASE_SECONDS);
        self.start();
    }

    /// What it logged in all its lives.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("log")).unwrap()
    }

    pub(crate) fn keys(&self) -> String {
        fs::read_to_string(self.data.path().join("data/keys")).unwrap()
    }

    pub(crate) fn until_the_pool_is_full(&self) {
        until("the pool is full", || {
            let free = Books::read(&self.file()).links.iter().filter(|link| link.state == "free").count();
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
        self.data.path().join("data/admit.db")
    }

    /// Until everything that was begun is done.
    pub(crate) fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Some(left) = left_to_do(&self.file(), &self.sandbox.telegram()) else { return };
            assert!(Instant::now() < deadline, "it does not come to rest: {left}");
            thread::sleep(GLANCE);
        }
    }

    pub(crate) fn evidence(&self, clients: Vec<Client>) -> Evidence {
        let Rules { quota, life_seconds, strangers_stay, .. } = self.rules;
        Evidence {
            telegram: self.sandbox.telegram(),
            books: Books::read(&self.file()),
            clients,
            // As long as it is promised, and as long as it may lie in the pool before. A second passes in between.
            terms: Terms {
                quota,
                longest_life_seconds: life_seconds + life_seconds.max(86_400) + 1,
                strangers_stay,
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
