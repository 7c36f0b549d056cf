//! The sandbox as a person starts it: what it says, and that it is true.

use crate::house::ADMIT;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A sandbox and what it announced on stdout.
fn start(arguments: &[&str]) -> (Child, Value) {
    let mut sandbox = Command::new(ADMIT);
    sandbox.arg("sandbox").args(arguments).env_clear().stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut sandbox = sandbox.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(sandbox.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (sandbox, serde_json::from_str(&line).unwrap())
}

/// What it said besides.
fn end(mut sandbox: Child) -> String {
    sandbox.kill().unwrap();
    let mut said = String::new();
    sandbox.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    sandbox.wait().unwrap();
    said
}

#[cfg(unix)]
#[test]
fn its_lines_can_be_copied_into_a_shell() {
    let (mut sandbox, announced) = start(&["--seed", "demo", "--link-base", "own"]);
    // Read up to the line after which nothing more is to be copied.
    let mut said = String::new();
    let mut lines = BufReader::new(sandbox.stderr.as_mut().unwrap());
    while !said.contains("Open the link") {
        assert_ne!(lines.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let script: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert_eq!(script.len(), 3, "{said}");
    let shell = Command::new("/bin/sh").args(["-c", &script.join("\n")]).env_clear().output().unwrap();
    let made = String::from_utf8(shell.stdout).unwrap();
    assert!(made.starts_with(announced["people"].as_str().unwrap()), "{made}");
    assert!(made.contains("works once at a time, until "), "{made}");
    end(sandbox);
}

#[test]
fn programs_are_told_nothing_but_the_line() {
    for quiet in ["--json", "-q"] {
        let (sandbox, announced) = start(&["--seed", "demo", quiet]);
        // It answers when it has said whatever it says.
        let address = announced["bot_api"].as_str().unwrap().strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        assert!(stream.read(&mut [0; 16]).unwrap() > 0);
        assert_eq!(end(sandbox), "");
    }
}
