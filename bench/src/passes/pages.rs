//! The floor of pages: the service's own stack, answering what it once answered.

use crate::fans::Sent;
use crate::server::Server;
use axum::Router;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::get;
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::{Command, ExitCode};
use tokio::net::TcpListener;

/// Answers as they are sent again.
#[derive(Serialize, Deserialize)]
struct Pages {
    form: Page,
    redirect: Page,
    pass: Page,
}

#[derive(Clone, Serialize, Deserialize)]
struct Page {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// A server of these, in a process of its own.
pub(crate) fn start(directory: &Path, sent: &Sent) -> Server {
    let pages = Pages {
        form: Page::read(&sent.form_page),
        redirect: Page::read(&sent.redirect),
        pass: Page::read(&sent.pass_page),
    };
    let file = directory.join("pages.json");
    let json = serde_json::to_vec(&pages).expect("texts are JSON");
    std::fs::write(&file, json).expect("the directory of the bench can be written to");
    let ourselves = std::env::current_exe().expect("a running program has a path");
    Server::start(Command::new(ourselves).arg("pages").arg(file))
}

/// Serves until it is killed, after printing where.
pub(crate) fn serve(file: &str) -> ExitCode {
    let json = std::fs::read(file).expect("the bench wrote it");
    let Pages { form, redirect, pass } = serde_json::from_slice(&json).expect("the bench wrote it");
    let router = Router::new()
        .route("/g/{slug}", get(async move || form.answer()).post(async move |_: String| redirect.answer()))
        .route("/g/{slug}/pass", get(async move || pass.answer()));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime needs nothing but threads");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has free ports");
        println!("{}", listener.local_addr().expect("a bound listener has an address"));
        // Without it, it would only be slower.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.expect("it serves until it is killed");
    });
    ExitCode::SUCCESS
}

impl Page {
    fn read(answer: &str) -> Self {
        let (head, body) = answer.split_once("\r\n\r\n").expect("the bench read it whole");
        let (status, headers) = head.split_once("\r\n").expect("an answer has headers");
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = headers.lines().filter_map(|line| line.split_once(": "));
        let ours = headers.filter(|(name, _)| !matches!(*name, "content-length" | "date"));
        Self {
            status: status.expect("an answer has a status"),
            headers: ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            body: body.to_owned(),
        }
    }

    fn answer(&self) -> (StatusCode, HeaderMap, String) {
        let headers = self.headers.iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).expect("it was one");
            (name, value.try_into().expect("it was one"))
        });
        let status = StatusCode::from_u16(self.status).expect("it was one");
        (status, headers.collect(), self.body.clone())
    }
}
