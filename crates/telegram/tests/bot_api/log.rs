//! What the log tells of a call, and what it never tells.

use crate::server::{CANARY, LINK, Reply, Server, client};
use admit_telegram::bot_api::Settings;
use admit_telegram::bot_api::methods::CreateChatInviteLink;
use links::Chat;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plays the replies to a creation, and gives back everything that was logged meanwhile.
async fn logged(replies: &[Reply], limit: Duration) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start(replies.to_vec()).await;
    let chat: Chat = "@garden".parse().unwrap();
    let create = CreateChatInviteLink {
        chat_id: &chat,
        name: Some("a name that nobody shall read"),
        expire_date: None,
        member_limit: None,
        creates_join_request: None,
    };
    let _ = client(&Settings { limit, ..server.settings() }).call(&create).await;
    let log = log.0.lock().unwrap().clone();
    String::from_utf8(log).unwrap()
}

/// The one line of ours, without its time and how long the call took.
fn course(log: &str) -> &str {
    let mut ours =
        log.lines().filter_map(|line| line.split_once("called Telegram ").map(|(_, fields)| fields));
    let fields = ours.next().unwrap_or_else(|| panic!("nothing of a call: {log}"));
    assert_eq!(ours.next(), None, "{log}");
    fields.split_once(" elapsed_milliseconds=").unwrap().0
}

#[tokio::test]
async fn a_call_is_one_line_and_a_wait_is_a_warning() {
    let whole = Duration::from_secs(30);
    let one = logged(&[Reply::ok(LINK)], whole).await;
    assert_eq!(
        course(&one),
        r#"telegram.method="createChatInviteLink" telegram.chat=@garden http.status=200 tries=1"#
    );
    let waited = logged(&[Reply::wait(60)], whole).await;
    let warning = waited.lines().find(|line| line.contains(" WARN ")).unwrap();
    assert!(warning.ends_with(
        r#"Telegram asks to wait telegram.method="createChatInviteLink" telegram.chat=@garden wait_seconds=60"#
    ));
    let refused = logged(&[Reply::no(400, "Bad Request: chat not found")], whole).await;
    assert!(course(&refused).ends_with("http.status=400 tries=1"), "{refused}");
    // Without an answer there is no status.
    let silent = logged(&[Reply::Silence], Duration::from_millis(50)).await;
    assert!(course(&silent).ends_with("telegram.chat=@garden tries=1"), "{silent}");
}

#[tokio::test]
async fn no_line_has_the_token_a_link_or_an_argument() {
    let (_, secret) = CANARY.split_once(':').unwrap();
    let echo = format!("<html>/bot{CANARY}/createChatInviteLink was not found");
    for reply in [Reply::ok(LINK), Reply::text(502, echo), Reply::hang_up(), Reply::Silence] {
        let log = logged(&[reply], Duration::from_millis(50)).await;
        assert!(log.contains("hyper_util"), "the pool's own lines are here too: {log}");
        for hidden in [secret, "Xy3kQ2LmN0o5ZjEy", "nobody shall read"] {
            assert!(!log.contains(hidden), "{log}");
        }
    }
}
