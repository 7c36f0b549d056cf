//! One of many: they come, answer, and are shown their link or their place.

use crate::fans::{Browser, between, shows_link};
use std::net::SocketAddr;
use std::time::Instant;

pub(crate) struct Fan {
    browser: Browser,
    cookie: String,
    pub(crate) shown: Shown,
    /// From their coming to what they were shown, in milliseconds.
    pub(crate) waited_ms: f64,
}

pub(crate) enum Shown {
    Link,
    /// In the queue.
    Place(u32),
}

impl Fan {
    pub(crate) async fn comes(at: SocketAddr) -> Self {
        let came = Instant::now();
        let mut browser = Browser::open(at).await;
        let cookie = browser.come_and_answer().await;
        let shown = read(browser.look(&cookie).await);
        Self { browser, cookie, shown, waited_ms: came.elapsed().as_secs_f64() * 1000.0 }
    }

    /// Their place now, if they are still in the queue.
    pub(crate) async fn looks_again(&mut self) -> Option<u32> {
        match read(self.browser.look(&self.cookie).await) {
            Shown::Link => None,
            Shown::Place(place) => Some(place),
        }
    }
}

fn read(page: &str) -> Shown {
    if shows_link(page) {
        return Shown::Link;
    }
    let place = between(page, "you are number ", " in the queue");
    Shown::Place(place.parse().expect("a place is a number"))
}
