//! A terminal to type at, made by `script`, which every Debian has.

use crate::house::{House, Ran};
use std::io::{BufReader, Bytes, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A command at a terminal, and what stands there so far.
pub(crate) struct Terminal {
    child: Child,
    out: Bytes<BufReader<ChildStdout>>,
    said: Vec<u8>,
}

impl Terminal {
    /// Runs a shell's line in this house, without the token.
    pub(crate) fn begin(house: &House, line: &str, variables: &[(&str, &str)]) -> Self {
        // A terminal that goes on hiding what is typed says so.
        let line =
            format!("trap : INT; {line}; code=$?; stty -a | grep -q -e ' -echo ' && echo BLIND; exit $code");
        let mut command = Command::new("timeout");
        command.args(["30", "script", "-qec", &line, "/dev/null"]).env_clear().env("PATH", "/usr/bin:/bin");
        command.env("HOME", house.home.path()).env("ADMIT_API_URL", &house.address);
        command.envs(variables.iter().copied()).current_dir(house.home.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).bytes();
        Self { child, out, said: Vec::new() }
    }

    /// Reads on until these words stand there, and answers what is new.
    pub(crate) fn wait_for(&mut self, words: &str) -> String {
        let from = self.said.len();
        loop {
            let new = String::from_utf8_lossy(&self.said[from..]).into_owned();
            if new.contains(words) {
                return new;
            }
            let next = self.out.next().unwrap_or_else(|| panic!("`{words}` does not come: {new}"));
            self.said.push(next.unwrap());
        }
    }

    pub(crate) fn type_in(&mut self, answer: impl AsRef<[u8]>) {
        self.child.stdin.as_mut().unwrap().write_all(answer.as_ref()).unwrap();
    }

    pub(crate) fn end(mut self) -> Ran {
        self.said.extend(self.out.map(|byte| byte.unwrap()));
        let code = self.child.wait().unwrap().code();
        let ran = Ran { code, out: String::from_utf8_lossy(&self.said).into_owned(), err: String::new() };
        assert!(!ran.out.contains("BLIND"), "{}", ran.out);
        ran
    }
}
