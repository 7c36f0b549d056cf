//! Many calls at once on a chat that Telegram throttles again and again, and one chat beside it that goes on.

use crate::server::{client, read_request};
use admit_telegram::bot_api::methods::GetChatMemberCount;
use admit_telegram::bot_api::{Client, Settings};
use links::Chat;
use proptest::prelude::*;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::Instant;

const CALLS: usize = 50;
const THROTTLED: i64 = -1001;
const QUIET: i64 = -1002;

/// What Telegram does with one chat: so many calls pass, then the next is told to wait for so many seconds.
#[derive(Clone, Copy, Debug)]
struct Round {
    passes: usize,
    wait_seconds: u64,
}

/// Telegram, as far as the throttled chat is concerned.
struct Door {
    rounds: Vec<Round>,
    passed: usize,
    /// Since when it is shut, and until when.
    shut: Option<(Instant, Instant)>,
    /// Calls that came although the wait was named before.
    early: usize,
}

impl Door {
    /// For how many seconds a call that comes now must wait.
    fn knock(&mut self) -> Option<u64> {
        let now = Instant::now();
        if let Some((since, until)) = self.shut {
            if now < until {
                // What was on its way when the wait was named is not early.
                self.early += usize::from(now > since);
                return Some((until - now).as_secs_f64().ceil() as u64);
            }
            self.shut = None;
            self.passed = 0;
            self.rounds.rotate_left(1);
        }
        let Round { passes, wait_seconds } = self.rounds[0];
        if self.passed < passes {
            self.passed += 1;
            return None;
        }
        self.shut = Some((now, now + Duration::from_secs(wait_seconds)));
        Some(wait_seconds)
    }
}

async fn open(door: Arc<Mutex<Door>>) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let door = Arc::clone(&door);
            tokio::spawn(async move {
                let (reading, mut writing) = stream.split();
                let mut reading = BufReader::new(reading);
                while let Some(asked) = read_request(&mut reading).await {
                    let is_throttled = asked.body.contains(&THROTTLED.to_string());
                    let wait = if is_throttled { door.lock().unwrap().knock() } else { None };
                    let (status, body) = match wait {
                        None => (200, r#"{"ok":true,"result":12}"#.to_owned()),
                        Some(seconds) => (
                            429,
                            format!(
                                r#"{{"ok":false,"error_code":429,"parameters":{{"retry_after":{seconds}}}}}"#
                            ),
                        ),
                    };
                    let answer =
                        format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                    writing.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    client(&Settings { api_url, limit: Duration::from_secs(86_400), ..Settings::default() })
}

async fn count(client: &Client, chat: i64) -> u32 {
    let chat: Chat = chat.to_string().parse().unwrap();
    client.call(&GetChatMemberCount { chat_id: &chat }).await.unwrap()
}

/// What a call does as long as the clock stands still: it comes back, or begins to wait.
#[derive(Debug)]
enum Settled {
    Done,
    Waits(Duration),
}

async fn weather(rounds: Vec<Round>) -> Result<(), TestCaseError> {
    // A stopped clock leaps as long as nothing runs, unless something blocks.
    let (_blocks, blocked) = std::sync::mpsc::channel::<()>();
    tokio::task::spawn_blocking(move || blocked.recv());
    tokio::time::pause();

    let door = Arc::new(Mutex::new(Door { rounds: rounds.clone(), passed: 0, shut: None, early: 0 }));
    let (tell, mut told) = mpsc::unbounded_channel();
    let waits = tell.clone();
    let client = open(Arc::clone(&door)).await;
    let calling = client.clone().on_wait(Arc::new(move |_, wait| waits.send(Settled::Waits(wait)).unwrap()));
    let quiet = client.on_wait(Arc::new(|_, _| panic!("the other chat waits too")));
    for _ in 0..CALLS {
        let (calling, tell) = (calling.clone(), tell.clone());
        tokio::spawn(async move {
            count(&calling, THROTTLED).await;
            tell.send(Settled::Done).unwrap();
        });
    }

    let mut left = CALLS;
    for Round { passes, wait_seconds } in rounds.into_iter().cycle() {
        let mut done = 0;
        for _ in 0..left {
            match told.recv().await.unwrap() {
                Settled::Done => done += 1,
                Settled::Waits(wait) => prop_assert_eq!(wait, Duration::from_secs(wait_seconds)),
            }
        }
        prop_assert_eq!(done, passes.min(left));
        left -= done;
        if left == 0 {
            break;
        }
        // The other chat goes on while this one waits, and gives whoever cannot wait the time to come early.
        tokio::time::advance(Duration::from_millis(wait_seconds * 1_000 - 1)).await;
        for _ in 0..5 {
            prop_assert_eq!(count(&quiet, QUIET).await, 12);
        }
        prop_assert!(told.is_empty());
        // Timers round up to the next millisecond.
        tokio::time::advance(Duration::from_millis(2)).await;
    }
    prop_assert_eq!(door.lock().unwrap().early, 0);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_call_is_early_and_no_other_chat_waits(
        rounds in prop::collection::vec(
            (1usize..40, 1u64..120).prop_map(|(passes, wait_seconds)| Round { passes, wait_seconds }), 1..4)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(weather(rounds))?;
    }
}
