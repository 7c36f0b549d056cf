//! One call: out, back, and again if that makes sense.

use super::error::{self, Said};
use super::line::{Line, NoAnswer};
use super::peers::Peers;
use super::session::{Session, Settings};
use crate::common::{odd, unknown};
use crate::pace::{self, Effect, Ending, Holds, OnWait, Step, Try};
use grammers_session::storages::MemorySession;
use grammers_session::{Session as _, SessionData};
use grammers_tl_types::{
    Deserializable, Identifiable, RemoteCall, Serializable as _, functions, name_for_id,
};
use links::{ChatId, Error, Kind, Right};
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

/// Nobody waits longer, and the clock can still count it.
const LONGEST_LIMIT: Duration = Duration::from_secs(30 * 86_400);

/// From the nearest data centre to the account's own is one move; a second may happen while it is being moved itself.
pub(super) const MOST_MOVES: u32 = 2;

/// A person's account, connected. Clones share the connection, what Telegram asked to hold back, and whom the account
/// has met.
///
/// What can be done with links is in the trait [`Links`](links::Links).
///
/// ```no_run
/// # use links as admit_links;
/// use admit_links::{LinkFilter, Links};
/// use admit_telegram::mtproto::{Client, Session, Settings};
/// use futures_util::TryStreamExt;
///
/// # async fn run(session: Session) -> Result<(), Box<dyn std::error::Error>> {
/// let account = Client::connect(&session, &Settings::new(12345));
/// let (garden, revoked) = ("@garden".parse()?, LinkFilter { revoked: true, ..LinkFilter::default() });
/// let mut links = account.list(&garden, &revoked);
/// while let Some(link) = links.try_next().await? {
///     println!("{} let {:?} people in", link.url, link.uses);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    on_wait: Option<OnWait>,
}

struct Shared {
    api_id: i32,
    /// Where the account is at home, and the keys.
    storage: Arc<MemorySession>,
    /// As there, but cheap to ask.
    dc_id: AtomicI32,
    line: Line,
    limit: Duration,
    longest_wait: Duration,
    /// Locked for a look or an insertion, never across an await. So is the next.
    holds: Mutex<Holds<Held, Instant>>,
    peers: Mutex<Peers>,
    /// Telegram said that another device let this one in.
    accepted: Arc<Notify>,
}

/// What Telegram holds back together: a method in one chat.
type Held = (&'static str, Option<ChatId>);

/// What is to be known about a call beside what it says.
#[derive(Clone, Copy)]
pub(super) struct About {
    pub(super) chat: Option<ChatId>,
    pub(super) effect: Effect,
    /// The right that is missing when Telegram says that one is, but not which.
    pub(super) right: Right,
    pub(super) deadline: Instant,
}

impl Client {
    /// A client of this session. Nothing is sent yet. Its connection is made when it is needed, by the runtime this is
    /// called in, and ends with the last clone.
    pub fn connect(session: &Session, settings: &Settings) -> Self {
        Self::over(session.storage(), session.dc_id, settings)
    }

    /// A client that nobody is logged in with. It comes to a key with Telegram when it is first needed.
    pub fn begin(settings: &Settings) -> Self {
        let data = SessionData::default();
        let dc_id = data.home_dc;
        Self::over(data.into(), dc_id, settings)
    }

    fn over(storage: MemorySession, dc_id: i32, settings: &Settings) -> Self {
        let storage = Arc::new(storage);
        let accepted = Arc::default();
        let shared = Shared {
            api_id: settings.api_id,
            line: Line::new(Arc::clone(&storage), settings.api_id, Arc::clone(&accepted)),
            storage,
            dc_id: AtomicI32::new(dc_id),
            limit: settings.limit,
            longest_wait: settings.longest_wait,
            holds: Mutex::default(),
            peers: Mutex::default(),
            accepted,
        };
        Self { shared: Arc::new(shared), on_wait: None }
    }

    /// The same client, which tells when Telegram makes it wait.
    #[must_use]
    pub fn on_wait(self, tell: OnWait) -> Self {
        Self { on_wait: Some(tell), ..self }
    }

    /// Sends a request until it is answered, or until there is no sense in sending it again.
    pub(super) async fn call<R>(&self, about: About, request: &R) -> links::Result<R::Return>
    where
        R: RemoteCall + Identifiable + Sync,
    {
        let (name, body) = (name_for_id(R::CONSTRUCTOR_ID), request.to_bytes());
        let mut course = Course { name, chat: about.chat, begun: Instant::now(), tries: 0, code: None };
        let (mut failures, mut in_doubt, mut moves) = (0, false, 0);
        loop {
            let waits = self.held(name, about.chat);
            let (ending, error) = match waits {
                Some(wait) => held(wait),
                None if Instant::now() >= about.deadline => out_of_time(),
                None => match self.once(about, body.clone(), &mut course).await {
                    Ok(answer) => match R::Return::from_bytes(&answer) {
                        Ok(returned) => return Ok(returned),
                        Err(why) => (Ending::Garbled, Error::because(Kind::BrokenAnswer, why)),
                    },
                    Err(refused) => refused,
                },
            };
            // The account is at home elsewhere. Whoever is sent on and on is going nowhere.
            if let Some(dc_id) = error::sent_on_to(&error).filter(|_| moves < MOST_MOVES) {
                moves += 1;
                self.move_to(dc_id).await?;
                continue;
            }
            match ending {
                Ending::Held(wait) if waits.is_none() => self.hold(name, about.chat, wait),
                Ending::Held(_) => {}
                _ => failures += 1,
            }
            let mut left = about.deadline.saturating_duration_since(Instant::now());
            if matches!(ending, Ending::Held(_)) {
                left = left.min(self.shared.longest_wait);
            }
            let jitter = fastrand::Rng::new().f64();
            match pace::next(Try { effect: about.effect, ending, failures, in_doubt, left, jitter }) {
                Step::Again(wait) => {
                    if let (Ending::Held(_), Some(tell)) = (ending, &self.on_wait) {
                        tell(name, wait);
                    }
                    sleep(wait).await;
                }
                Step::Report => return Err(error),
                Step::ReportUnknown => return Err(unknown(error)),
            }
            in_doubt |= ending.leaves_doubt();
        }
    }

    /// The same, about a chat; where Telegram does not know it any more, it may have moved.
    pub(super) async fn of_chat<R>(&self, about: About, request: &R) -> links::Result<R::Return>
    where
        R: RemoteCall + Identifiable + Sync,
    {
        let why = match self.call(about, request).await {
            Err(why) if *why.kind() == Kind::ChatNotFound => why,
            other => return other,
        };
        let moved = match about.chat {
            Some(chat) => self.moved_to(about.deadline, chat).await,
            None => None,
        };
        Err(match moved {
            Some(to) => Error::because(Kind::ChatMoved { to }, why),
            None => why,
        })
    }

    async fn once(
        &self,
        about: About,
        body: Vec<u8>,
        course: &mut Course,
    ) -> Result<Vec<u8>, (Ending, Error)> {
        course.tries += 1;
        let ask = async |body| self.shared.line.ask(self.dc_id(), body, about.deadline).await;
        // What must not be sent twice is not sent to somebody of whom nothing was ever heard.
        if about.effect != Effect::Read && !self.shared.line.stood() {
            let anybody_there = functions::Ping { ping_id: 0 }.to_bytes();
            ask(anybody_there).await.map_err(|why| {
                let (ending, error) = no_answer(why, about.right);
                (error::unsent(ending), error)
            })?;
        }
        ask(body).await.map_err(|why| {
            let (ending, error) = no_answer(why, about.right);
            course.code = said(&error);
            (ending, error)
        })
    }

    /// The account is at home at another data centre, if that is one we know.
    pub(super) async fn move_to(&self, dc_id: i32) -> links::Result<()> {
        let Shared { storage, line, .. } = &*self.shared;
        if storage.dc_option(dc_id).map_err(odd)?.is_none() {
            return Err(error::invalid_dc());
        }
        storage.set_home_dc_id(dc_id).await.map_err(odd)?;
        let before = self.shared.dc_id.swap(dc_id, Ordering::Relaxed);
        // Somebody else may have moved there first, and be asking by now.
        if before != dc_id {
            line.leave(before);
        }
        Ok(())
    }

    /// Rings when another device let this one in.
    pub(super) fn accepted(&self) -> &Notify {
        &self.shared.accepted
    }

    /// When an operation is over that starts now.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.shared.limit.min(LONGEST_LIMIT)
    }

    pub(super) fn api_id(&self) -> i32 {
        self.shared.api_id
    }

    pub(super) fn dc_id(&self) -> i32 {
        self.shared.dc_id.load(Ordering::Relaxed)
    }

    pub(super) fn storage(&self) -> &MemorySession {
        &self.shared.storage
    }

    pub(super) fn peers(&self) -> MutexGuard<'_, Peers> {
        self.shared.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long Telegram wants such a call still held back.
    fn held(&self, name: &'static str, chat: Option<ChatId>) -> Option<Duration> {
        let holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        holds.until(&(name, chat), now).map(|until| until - now)
    }

    /// Notes that Telegram wants such calls held back for so long.
    fn hold(&self, name: &'static str, chat: Option<ChatId>, wait: Duration) {
        let chat_shown = chat.map(tracing::field::display);
        warn!(
            telegram.method = name,
            telegram.chat = chat_shown,
            wait_seconds = wait.as_secs(),
            "Telegram asks to wait"
        );
        let now = Instant::now();
        let mut holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        holds.hold((name, chat), now + wait, now);
    }
}

/// Whose account it is stays out of logs.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

fn held(wait: Duration) -> (Ending, Error) {
    // Whoever waits the whole seconds we name has waited long enough.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    (Ending::Held(wait), Error::new(Kind::Wait { seconds }))
}

fn no_answer(why: NoAnswer, right: Right) -> (Ending, Error) {
    match why {
        NoAnswer::Failed(why) => error::read(why, right),
        NoAnswer::Silence => {
            (Ending::Lost, Error::because(Kind::Unreachable, "nothing came back on the connection"))
        }
        NoAnswer::Late => (Ending::Lost, Error::new(Kind::OutOfTime)),
    }
}

/// Nothing is sent for whoever does not wait for it any more.
fn out_of_time() -> (Ending, Error) {
    (Ending::Barred, Error::new(Kind::OutOfTime))
}

fn said(error: &Error) -> Option<i32> {
    let source = std::error::Error::source(error)?;
    source.downcast_ref::<Said>().map(|said| said.code)
}

/// How a call goes, for the log. There it leaves one line when it ends, however it ends; without what it said, for that
/// has links and names in it.
struct Course {
    name: &'static str,
    chat: Option<ChatId>,
    begun: Instant,
    tries: u32,
    /// Telegram's number for the last refusal, if there was one.
    code: Option<i32>,
}

impl Drop for Course {
    fn drop(&mut self) {
        debug!(
            telegram.method = self.name,
            telegram.chat = self.chat.map(tracing::field::display),
            telegram.code = self.code,
            tries = self.tries,
            elapsed_milliseconds = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "called Telegram"
        );
    }
}
