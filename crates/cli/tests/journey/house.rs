//! A sandbox run by the real binary, and the binary run against it. Whatever it prints is searched for the token.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

pub(crate) const ADMIT: &str = env!("CARGO_BIN_EXE_admit");

/// A sandbox with its demo chat, and a home directory for the binary.
pub(crate) struct House {
    sandbox: Child,
    pub(crate) address: String,
    pub(crate) token: String,
    pub(crate) chat: String,
    /// What opens the other door, and as whom.
    pub(crate) mtproto: Value,
    pub(crate) home: tempfile::TempDir,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl House {
    pub(crate) fn new() -> Self {
        let mut sandbox = Command::new(ADMIT)
            .args(["sandbox", "--seed", "demo", "--link-base", "own", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(sandbox.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let announced: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| announced[name].as_str().unwrap().to_owned();
        Self {
            sandbox,
            address: text("bot_api"),
            token: text("token"),
            chat: announced["chat_id"].to_string(),
            mtproto: announced["mtproto"].clone(),
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// Telegram is gone.
    pub(crate) fn close_telegram(&mut self) {
        self.sandbox.kill().unwrap();
        self.sandbox.wait().unwrap();
    }

    /// The binary with nothing of our own environment, and no token.
    pub(crate) fn bare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(ADMIT);
        command.args(arguments).env_clear().env("HOME", self.home.path()).env("ADMIT_API_URL", &self.address);
        command.current_dir(self.home.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.bare(arguments);
        command.env("ADMIT_BOT_TOKEN", &self.token);
        command
    }

    /// Runs the binary with the token of the house; `CHAT` among the arguments is the demo chat.
    pub(crate) fn admit(&self, line: &str) -> Ran {
        let line = line.replace("CHAT", &self.chat);
        let arguments: Vec<&str> = line.split(' ').collect();
        self.finish(&mut self.command(&arguments))
    }

    /// The owner of the demo chat logs in.
    pub(crate) fn log_in(&self) {
        self.log_in_with(self.mtproto["admin"]["auth_key"].as_str().unwrap(), "");
    }

    /// Whoever has this key logs in.
    pub(crate) fn log_in_with(&self, key: &str, more: &str) {
        self.write("key", key);
        let door = self.mtproto["addr"].as_str().unwrap();
        let line = format!("login --server {door} --dc 2 --api-id 12345 --auth-key-file key {more}");
        self.account(line.trim()).is(0, "Logged in as");
    }

    /// Runs the binary without the token, so that the account speaks.
    pub(crate) fn account(&self, line: &str) -> Ran {
        let line = line.replace("CHAT", &self.chat);
        let arguments: Vec<&str> = line.split(' ').collect();
        self.finish(&mut self.bare(&arguments))
    }

    /// What a run of the account with `--json` answered.
    pub(crate) fn account_json(&self, line: &str) -> Value {
        let ran = self.account(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Runs to the end, and sees to it that the token is not in what was said.
    pub(crate) fn finish(&self, command: &mut Command) -> Ran {
        self.look(command.output().unwrap())
    }

    /// Sends a signal to a run as soon as it says that it waits, for then it is known to listen.
    #[cfg(unix)]
    pub(crate) fn interrupt_the_wait(&self, mut child: Child, signal: &str) -> Ran {
        let mut said = String::new();
        BufReader::new(child.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert!(said.contains("asked to wait"), "{said}");
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        self.look(child.wait_with_output().unwrap())
    }

    pub(crate) fn look(&self, output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        let secret = self.token.split(':').nth(1).unwrap();
        assert!(
            !ran.out.contains(secret) && !ran.err.contains(secret),
            "the token was shown: {}{}",
            ran.out,
            ran.err
        );
        ran
    }

    /// What a run with `--json` answered.
    pub(crate) fn json(&self, line: &str) -> Value {
        let ran = self.admit(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{line}: {}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// A call of the control door.
    pub(crate) fn control(&self, call: &str, body: Value) -> Value {
        self.exchange("POST", &format!("/control/{call}"), &body.to_string())
    }

    /// A call of the Bot API, in the name of the house's bot, by a program that is not ours.
    pub(crate) fn bot_api(&self, method: &str, body: Value) -> Value {
        self.exchange("POST", &format!("/bot{}/{method}", self.token), &body.to_string())
    }

    pub(crate) fn chat(&self) -> Value {
        self.exchange("GET", &format!("/control/chats/{}", self.chat), "")
    }

    pub(crate) fn person(&self) -> i64 {
        self.control("people", json!({ "first_name": "Ann" }))["id"].as_i64().unwrap()
    }

    pub(crate) fn join(&self, person: i64, link: &str) -> String {
        let answer = self.control(&format!("people/{person}/join"), json!({ "link": link }));
        answer["result"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    pub(crate) fn fault(&self, method: &str, kind: &str, n: i64, times: u32) {
        self.control("faults", json!({ "method": method, "kind": kind, "n": n, "times": times }));
    }

    /// How many links of the chat there are that were not there at the beginning.
    pub(crate) fn links(&self) -> Vec<String> {
        let chat = self.chat();
        let links = chat["links"].as_array().unwrap().iter().filter(|link| link["is_primary"] == false);
        links.map(|link| link["invite_link"].as_str().unwrap().to_owned()).collect()
    }

    /// How many bytes of the ledger there are: it grows with every call that reached Telegram.
    pub(crate) fn ledger(&self) -> usize {
        self.raw("GET", "/control/ledger?after=0", "").len()
    }

    /// What reached Telegram since the ledger was so many bytes long.
    pub(crate) fn ledger_since(&self, bytes: usize) -> String {
        self.raw("GET", "/control/ledger?after=0", "").split_off(bytes)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn exchange(&self, verb: &str, path: &str, body: &str) -> Value {
        let answer = self.raw(verb, path, body);
        serde_json::from_str(&answer).unwrap_or_else(|why| panic!("{verb} {path}: {why}: {answer}"))
    }

    fn raw(&self, verb: &str, path: &str, body: &str) -> String {
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        write!(
            stream,
            "{verb} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl Ran {
    /// The code, and what must be among the words.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, words: &str) {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        let said = format!("{}{}", self.out, self.err);
        assert!(said.contains(words), "`{words}` is not in: {said}");
    }

    /// The error a program sees: its type and its code.
    #[track_caller]
    pub(crate) fn fails_as(&self, code: i32, kind: &str, word: &str) -> Value {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        let answer: Value =
            serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {}", self.out));
        assert_eq!(
            (answer["error"]["type"].as_str(), answer["error"]["code"].as_str()),
            (Some(kind), Some(word))
        );
        answer["error"].clone()
    }
}

/// The lines of a batch, as JSON.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
