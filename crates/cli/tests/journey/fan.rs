//! A gate as a fan's browser meets it.

use std::io::{Read, Write};
use std::net::TcpStream;

/// A gate at its address.
pub(crate) struct Gate {
    /// Where the service is.
    pub(crate) url: String,
    pub(crate) slug: &'static str,
}

impl Gate {
    pub(crate) fn ask(&self, verb: &str, path: &str, headers: &str, body: &str) -> String {
        exchange(&self.url, verb, &format!("/g/{}{path}", self.slug), headers, body)
    }

    /// The signed token of a fresh form.
    pub(crate) fn form(&self) -> String {
        let page = self.ask("GET", "", "", "");
        assert!(!page.to_lowercase().contains("set-cookie"), "looking leaves no cookie");
        between(&page, "name=\"form\" value=\"", "\"").to_owned()
    }

    pub(crate) fn send(&self, form: &str, answer: &str) -> String {
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        self.ask("POST", "", kind, &format!("form={form}&answer={answer}"))
    }

    /// The page of whoever has this cookie.
    pub(crate) fn pass(&self, cookie: &str) -> String {
        self.ask("GET", "/pass", &format!("cookie: {cookie}\r\n"), "")
    }

    /// The cookie and the link of whoever answers rightly.
    pub(crate) fn passed(&self, form: &str, answer: &str) -> (String, String) {
        let answer = self.send(form, answer);
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        assert_eq!(between(&answer, "location: ", "\r\n"), format!("/g/{}/pass", self.slug));
        let cookie = between(&answer, "set-cookie: ", ";").to_owned();
        let page = self.pass(&cookie);
        assert_eq!(page.matches("data-invite").count(), 1, "{page}");
        let link = between(&page, "data-invite href=\"", "\"").to_owned();
        (cookie, link)
    }
}

/// One request and all of its answer.
pub(crate) fn exchange(address: &str, verb: &str, path: &str, headers: &str, body: &str) -> String {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{verb} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What stands between two marks.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap().0
}
