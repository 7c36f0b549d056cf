//! People at a gate's page, at next to no cost on this side: a form, an answer, the page it leads to.

use crate::measure::cpu_of_process;
use crate::pool::ANSWER;
use futures_util::future::join_all;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const GATE: &str = "/g/night-owls";
const PASS: &str = "/g/night-owls/pass";

/// Connections that are kept, each with one person after the other.
pub(crate) struct Fans {
    browsers: Vec<Browser>,
}

/// What a fan was sent: the redirect, and the page it led to.
pub(crate) struct Sent {
    pub(crate) form_page: String,
    pub(crate) redirect: String,
    pub(crate) pass_page: String,
}

/// How answering went.
pub(crate) struct Answered {
    pub(crate) per_second: f64,
    /// The milliseconds that one in a hundred took longer than.
    pub(crate) p99: f64,
    /// What an answer cost the server, in microseconds; no number where the system does not tell.
    pub(crate) micros: f64,
}

/// One person's browser.
pub(crate) struct Browser {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

impl Fans {
    pub(crate) async fn come(at: SocketAddr, count: usize) -> Self {
        Self { browsers: join_all((0..count).map(|_| Browser::open(at))).await }
    }

    /// One fan, whose pages are kept.
    pub(crate) async fn one_by_hand(&mut self) -> Sent {
        let browser = &mut self.browsers[0];
        let form_page = browser.get(GATE, "").await.to_owned();
        let redirect = browser.post(between(&form_page, "name=\"form\" value=\"", "\"")).await.to_owned();
        let pass_page = browser.get(PASS, between(&redirect, "set-cookie: ", ";")).await.to_owned();
        Sent { form_page, redirect, pass_page }
    }

    /// So many answers by a server in this process. Opening the form is not counted: people read before they answer.
    pub(crate) async fn answer(&mut self, answers: usize, server: u32) -> Answered {
        let each = answers / self.browsers.len();
        let forms: Vec<Vec<String>> = join_all(self.browsers.iter_mut().map(async |browser| {
            let mut forms = Vec::with_capacity(each);
            for _ in 0..each {
                let page = browser.get(GATE, "").await;
                forms.push(between(page, "name=\"form\" value=\"", "\"").to_owned());
            }
            forms
        }))
        .await;
        let (cpu, began) = (cpu_of_process(server), Instant::now());
        let waits = join_all(self.browsers.iter_mut().zip(forms).map(async |(browser, forms)| {
            let mut waits = Vec::with_capacity(each);
            for form in forms {
                let sent = Instant::now();
                browser.pass(&form).await;
                waits.push(sent.elapsed().as_secs_f64() * 1000.0);
            }
            waits
        }))
        .await;
        let took = began.elapsed().as_secs_f64();
        let cpu = cpu_of_process(server).zip(cpu).map(|(after, before)| after - before);
        let mut waits = waits.concat();
        waits.sort_by(f64::total_cmp);
        let count = waits.len() as f64;
        Answered {
            per_second: count / took,
            p99: waits[waits.len() * 99 / 100],
            micros: cpu.map_or(f64::NAN, |cpu| cpu * 1e6 / count),
        }
    }
}

impl Browser {
    pub(crate) async fn open(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).await.expect("the server listens");
        stream.set_nodelay(true).expect("a socket can be told not to wait");
        Self { stream, host: at.to_string(), buffer: vec![0; 1 << 16] }
    }

    /// Somebody comes, answers right, and is led to their page. Answers the cookie by which they are known there.
    pub(crate) async fn come_and_answer(&mut self) -> String {
        let page = self.get(GATE, "").await;
        let form = between(page, "name=\"form\" value=\"", "\"").to_owned();
        self.answer(&form).await
    }

    /// The page of whoever has this cookie.
    pub(crate) async fn look(&mut self, cookie: &str) -> &str {
        self.get(PASS, cookie).await
    }

    /// A right answer, and the link it shows.
    async fn pass(&mut self, form: &str) {
        let cookie = self.answer(form).await;
        let page = self.look(&cookie).await;
        assert!(shows_link(page), "a pass shows its link: {page}");
    }

    async fn answer(&mut self, form: &str) -> String {
        let redirect = self.post(form).await;
        assert!(redirect.starts_with("HTTP/1.1 303 "), "a right answer leads on: {redirect}");
        between(redirect, "set-cookie: ", ";").to_owned()
    }

    async fn get(&mut self, path: &str, cookie: &str) -> &str {
        let host = &self.host;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
        self.exchange(&request).await
    }

    async fn post(&mut self, form: &str) -> &str {
        let body = format!("form={form}&answer={ANSWER}");
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "POST {GATE} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.exchange(&request).await
    }

    async fn exchange(&mut self, request: &str) -> &str {
        self.stream.write_all(request.as_bytes()).await.expect("the server reads");
        let mut read = 0;
        let end = loop {
            read += self.stream.read(&mut self.buffer[read..]).await.expect("the server answers");
            if let Some(end) = end_of_answer(&self.buffer[..read]) {
                break end;
            }
        };
        std::str::from_utf8(&self.buffer[..end]).expect("the answer is text")
    }
}

/// Where an answer ends, once it is whole.
fn end_of_answer(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head]).expect("headers are text");
    let length = text.split("content-length: ").nth(1).map_or(0, |rest| {
        let digits = rest.split("\r\n").next().unwrap_or_default();
        digits.parse().expect("a length is a number")
    });
    (read.len() >= head + length).then_some(head + length)
}

/// Whether a page shows its visitor's link.
pub(crate) fn shows_link(page: &str) -> bool {
    page.contains("data-invite href=")
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("no {after} after {before}")).0
}
