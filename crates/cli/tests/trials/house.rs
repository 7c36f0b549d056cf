//! A sandbox that outlives the service, the service that dies and is started again, and the evidence of both.

use crate::auditor;
use crate::evidence::{Books, Client, Evidence, Telegram, Terms, left_to_do};
use crate::service;
use crate::wire::exchange;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
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
}

impl Default for Rules {
    fn default() -> Self {
        Self { quota: None, pool: 20, life_seconds: 604_800 }
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
    process: Option<(Child, BufReader<ChildStdout>)>,
    /// Where it is, and will be again.
    address: Option<String>,
    ahead_seconds: i64,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((mut process, _)) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl House {
    /// Nothing runs in it yet but the sandbox.
    pub(crate) fn empty(rules: Rules) -> Self {
        Self {
            sandbox: Sandbox::start(),
            data: tempfile::tempdir().unwrap(),
            rules,
            running: Mutex::default(),
        }
    }

    pub(crate) fn open(rules: Rules) -> Self {
        let house = Self::empty(rules);
        house.start();
        house
    }

    fn gate(&self) -> String {
        let Rules { quota, pool, life_seconds } = &self.rules;
        let quota = quota.map(|quota| format!("quota = {quota}")).unwrap_or_default();
        format!(
            r#"
            slug = "night-owls"
            title = "Night Owls"
            chats = [{chat}]
            pool = {pool}
            link_life_seconds = {life_seconds}
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
        assert!(self.start_to_end_at(None), "it died before it was ready");
    }

    /// Starts the service; says whether it was ready before it died.
    pub(crate) fn start_to_end_at(&self, point: Option<&str>) -> bool {
        let mut running = self.running.lock().unwrap();
        assert!(running.process.is_none(), "it runs");
        let listen = running.address.as_deref().map_or("127.0.0.1:0", |address| &address["http://".len()..]);
        let orders = json!({
            "data": self.data.path(), "listen": listen, "api": self.sandbox.address,
            "token": self.sandbox.token, "gate": self.gate(), "ahead": running.ahead_seconds, "end_at": point,
        });
        let mut process = service::spawn(&orders);
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            match lines.read_line(&mut line).unwrap() {
                0 => break None,
                _ => {
                    if let Some(address) = line.trim().strip_prefix("ready ") {
                        break Some(address.to_owned());
                    }
                }
            }
        };
        running.process = Some((process, lines));
        let is_ready = address.is_some();
        running.address = address.or(running.address.take());
        is_ready
    }

    /// Where people reach the service, now or when it is back.
    pub(crate) fn address(&self) -> Option<String> {
        self.running.lock().unwrap().address.clone()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self) {
        let (mut process, _) = self.running.lock().unwrap().process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn has_died(&self) -> bool {
        let mut running = self.running.lock().unwrap();
        let (process, _) = running.process.as_mut().expect("it was started");
        process.try_wait().unwrap().is_some()
    }

    /// Waits until it ended itself at its point.
    pub(crate) fn buried(&self) {
        until("the service ends at its point", || self.has_died());
        let (mut process, _) = self.running.lock().unwrap().process.take().unwrap();
        let status: ExitStatus = process.wait().unwrap();
        assert_eq!(status.signal(), Some(SIGABRT), "it ended in another way: {status}");
    }

    /// Time passes for all while nothing of ours runs; long enough that nobody holds the bot any more.
    pub(crate) fn start_later(&self, seconds: i64) {
        let seconds = seconds.max(LEASE_SECONDS);
        self.sandbox.control("clock/advance", &json!({ "seconds": seconds }));
        self.running.lock().unwrap().ahead_seconds += seconds;
        self.start();
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.data.path().join("admit.db")
    }

    /// Until everything that was begun is done.
    pub(crate) fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let joins = self.sandbox.telegram().joins.len() as i64;
            let Some(left) = left_to_do(&self.file(), joins) else { return };
            assert!(Instant::now() < deadline, "it does not come to rest: {left}");
            thread::sleep(GLANCE);
        }
    }

    pub(crate) fn evidence(&self, clients: Vec<Client>) -> Evidence {
        let Rules { quota, life_seconds, .. } = self.rules;
        Evidence {
            telegram: self.sandbox.telegram(),
            books: Books::read(&self.file()),
            clients,
            // As long as it is promised, and as long as it may lie in the pool before. A second passes in between.
            terms: Terms { quota, longest_life_seconds: life_seconds + life_seconds.max(86_400) + 1 },
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
