//! One call: out, back, and again if that makes sense.

use super::error::{self, Broken, Said};
use super::methods::Method;
use super::settings::{BadSettings, Settings, Token};
use super::transport::{Answer, Letter, Transport, Trouble, is_time};
use super::types::ResponseParameters;
use crate::common::unknown;
use crate::pace::{self, Effect, Ending, Holds, OnWait, Step, Try};
use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use links::{Chat, ChatId, Error, Kind, Right};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

/// Nobody waits longer, and the clock can still count it.
const LONGEST_LIMIT: Duration = Duration::from_secs(30 * 86_400);

const NO_SUCCESS: &str = "it is a result, with the status of an error";

/// A bot's connection to Telegram. Clones share the pool, and what Telegram asked to hold back.
///
/// What can be done with links is in the trait [`Links`](links::Links); every other method is a [`call`](Self::call).
///
/// ```no_run
/// # use links as admit_links;
/// use admit_links::{Chat, Links, Terms};
/// use admit_telegram::bot_api::methods::GetChatMemberCount;
/// use admit_telegram::bot_api::{Client, Settings, Token};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let token = Token::new(std::fs::read_to_string("token")?.trim())?;
/// let bot = Client::new(token, &Settings::default())?;
/// let garden: Chat = "@garden".parse()?;
/// let link = bot.create(&garden, &Terms::by_request()).await?;
/// let members = bot.call(&GetChatMemberCount { chat_id: &garden }).await?;
/// println!("{members} people are in; {} asks to let one more in", link.url);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    on_wait: Option<OnWait>,
}

struct Shared {
    transport: Transport,
    limit: Duration,
    longest_wait: Duration,
    /// Locked for a look or an insertion, never across an await.
    holds: Mutex<Holds<Held, Instant>>,
}

/// What Telegram holds back together: a method, in lower case, in one chat.
type Held = (String, Option<Chat>);

/// An answer as it came, whatever it says.
#[derive(Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// What the answer refuses, if it is a refusal, or that it cannot be understood. `right` is the one that
    /// the method needs, for refusals that name none.
    pub fn refusal(&self, right: Right) -> Option<Error> {
        let reading = read::<IgnoredAny>(&self.body);
        let header = self.headers.iter().find(|(name, _)| name == RETRY_AFTER.as_str());
        if let Some(wait) = reading.wait(self.status, header.map(|(_, value)| value.as_str())) {
            return Some(held(wait).1);
        }
        let why = match reading {
            Reading::Result(_) if (200..300).contains(&self.status) => return None,
            Reading::Said(said, parameters) => return Some(error::read(said, &parameters, right)),
            Reading::Result(_) => NO_SUCCESS,
            Reading::Broken(why) => why,
        };
        let body = String::from_utf8_lossy(&self.body);
        Some(Error::because(Kind::BrokenAnswer, Broken::new(self.status, why, &body)))
    }
}

/// An answer may hold a live link, so a debug print shows only its size.
impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawAnswer({}, {} bytes)", self.status, self.body.len())
    }
}

/// A call on its way.
struct Call<'a> {
    method: &'a str,
    chat: Option<&'a Chat>,
    effect: Effect,
    right: Right,
    letter: Arc<Letter>,
    deadline: Instant,
}

impl Client {
    /// A client for the bot of this token. Nothing is sent yet.
    pub fn new(token: Token, settings: &Settings) -> Result<Self, BadSettings> {
        let transport = Transport::new(token, settings)?;
        let shared = Shared {
            transport,
            limit: settings.limit,
            longest_wait: settings.longest_wait,
            holds: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared), on_wait: None })
    }

    /// The same client, which tells when Telegram makes it wait.
    #[must_use]
    pub fn on_wait(self, tell: OnWait) -> Self {
        Self { on_wait: Some(tell), ..self }
    }

    /// Calls a method and reads its answer. Waits and tries again as the method's effect allows.
    pub async fn call<M: Method>(&self, method: &M) -> links::Result<M::Answer> {
        self.call_until(self.deadline(method.patience()), method).await
    }

    /// The same, for a call that has to share its time limit with others.
    pub(super) async fn call_until<M: Method>(
        &self,
        deadline: Instant,
        method: &M,
    ) -> links::Result<M::Answer> {
        let json =
            serde_json::to_vec(method).map_err(|why| Error::because(Kind::BadValue("request"), why))?;
        let call = Call {
            method: M::NAME,
            chat: method.chat(),
            effect: M::EFFECT,
            right: M::RIGHT,
            letter: Letter::new(json),
            deadline,
        };
        self.exchange(&call, Self::result).await
    }

    /// Calls a method by name and gives back the whole answer, whatever it says, but without our token. Tries
    /// again only if nothing was sent. For methods newer than our types.
    ///
    /// `arguments` is a JSON object; Telegram reads a `null` in it as the text "null".
    pub async fn call_raw(&self, method: &str, arguments: &Value) -> links::Result<RawAnswer> {
        let chat = named_chat(arguments);
        let call = Call {
            method,
            chat: chat.as_ref(),
            effect: Effect::New,
            right: Right::Administrator,
            letter: Letter::new(arguments.to_string().into()),
            deadline: self.deadline(Duration::ZERO),
        };
        let Answer { status, headers, body } = self.exchange(&call, Self::whole).await?;
        let shown = |bytes: &[u8]| self.shared.transport.without_token(&String::from_utf8_lossy(bytes));
        let headers =
            headers.iter().map(|(name, value)| (name.to_string(), shown(value.as_bytes()))).collect();
        let body = if self.shared.transport.is_echoed(&body) { shown(&body).into() } else { body.into() };
        Ok(RawAnswer { status: status.as_u16(), headers, body })
    }

    /// Sends until the `judge` finds in an answer what was hoped for, or until there is no sense in sending again.
    async fn exchange<T>(&self, call: &Call<'_>, judge: Judge<T>) -> links::Result<T> {
        if call.method.is_empty() || !call.method.bytes().all(|each| each.is_ascii_alphanumeric()) {
            return Err(Error::new(Kind::BadValue("method name")));
        }
        let (mut failures, mut in_doubt) = (0, false);
        let mut course = Course { call, begun: Instant::now(), tries: 0, status: None };
        loop {
            let (ending, error) = match self.held(call) {
                Some(wait) => held(wait),
                None => match course
                    .tried(self.shared.transport.post(call.method, &call.letter, call.deadline).await)
                {
                    Ok(answer) => match judge(self, call, answer) {
                        Ok(hoped_for) => return Ok(hoped_for),
                        Err(refused) => refused,
                    },
                    Err(trouble) => report(call, trouble),
                },
            };
            if !matches!(ending, Ending::Held(_)) {
                failures += 1;
            }
            let mut left = call.deadline.saturating_duration_since(Instant::now());
            if matches!(ending, Ending::Held(_)) {
                left = left.min(self.shared.longest_wait);
            }
            let jitter = fastrand::Rng::new().f64();
            match pace::next(Try { effect: call.effect, ending, failures, in_doubt, left, jitter }) {
                Step::Again(wait) => {
                    if let (Ending::Held(_), Some(tell)) = (ending, &self.on_wait) {
                        tell(call.method, wait);
                    }
                    sleep(wait).await;
                }
                Step::Report => return Err(error),
                Step::ReportUnknown => return Err(unknown(error)),
            }
            in_doubt |= ending.leaves_doubt();
        }
    }

    /// When a call is over that starts now and may take so much longer than others.
    pub(super) fn deadline(&self, patience: Duration) -> Instant {
        Instant::now() + self.shared.limit.saturating_add(patience).min(LONGEST_LIMIT)
    }

    /// How long Telegram wants this call still held back.
    fn held(&self, call: &Call<'_>) -> Option<Duration> {
        let holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        if holds.is_empty() {
            return None;
        }
        let now = Instant::now();
        holds.until(&call.held(), now).map(|until| until - now)
    }

    /// Notes that Telegram wants such calls held back for so long.
    fn hold(&self, call: &Call<'_>, wait: Duration) {
        warn!(
            telegram.method = call.method,
            telegram.chat = call.chat.map(display),
            wait_seconds = wait.as_secs(),
            "Telegram asks to wait"
        );
        let now = Instant::now();
        let mut holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        holds.hold(call.held(), now + wait, now);
    }

    /// The result in an answer; without one, how the try ended and what to tell the caller.
    fn result<T: DeserializeOwned>(&self, call: &Call<'_>, answer: Answer) -> Result<T, (Ending, Error)> {
        let reading = match read(&answer.body) {
            Reading::Result(result) if answer.status.is_success() => return Ok(result),
            reading => reading,
        };
        let status = answer.status.as_u16();
        if let Some(wait) = reading.wait(status, answer.retry_after()) {
            self.hold(call, wait);
            return Err(held(wait));
        }
        let ending = match reading.code(status) {
            200..300 => Ending::Garbled,
            429 => Ending::Throttled,
            500.. => Ending::Failed,
            _ => Ending::Refused,
        };
        let error = match reading {
            Reading::Said(said, parameters) => self.refusal(call, said, &parameters),
            Reading::Result(_) => self.broken(&answer, NO_SUCCESS),
            Reading::Broken(why) => self.broken(&answer, why),
        };
        Err((ending, error))
    }

    /// An answer as it came. If it asks to wait, that holds for the calls after it.
    fn whole(&self, call: &Call<'_>, answer: Answer) -> Result<Answer, (Ending, Error)> {
        let reading = read::<IgnoredAny>(&answer.body);
        if let Some(wait) = reading.wait(answer.status.as_u16(), answer.retry_after()) {
            self.hold(call, wait);
        }
        Ok(answer)
    }

    fn refusal(&self, call: &Call<'_>, said: Said, parameters: &ResponseParameters) -> Error {
        let said = Said { text: self.shared.transport.without_token(&said.text), ..said };
        error::read(said, parameters, call.right)
    }

    fn broken(&self, answer: &Answer, why: &'static str) -> Error {
        let body = self.shared.transport.without_token(&String::from_utf8_lossy(&answer.body));
        Error::because(Kind::BrokenAnswer, Broken::new(answer.status.as_u16(), why, &body))
    }
}

type Judge<T> = fn(&Client, &Call<'_>, Answer) -> Result<T, (Ending, Error)>;

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

/// How a call goes, for the log. There it leaves one line when it ends, however it ends; without its arguments,
/// its address and its answer, for those have links, names and the token in them.
struct Course<'a> {
    call: &'a Call<'a>,
    begun: Instant,
    tries: u32,
    /// Of the last answer, if one came.
    status: Option<StatusCode>,
}

impl Course<'_> {
    fn tried(&mut self, answer: Result<Answer, Trouble>) -> Result<Answer, Trouble> {
        self.tries += 1;
        self.status = answer.as_ref().ok().map(|answer| answer.status);
        answer
    }
}

impl Drop for Course<'_> {
    fn drop(&mut self) {
        debug!(
            telegram.method = self.call.method,
            telegram.chat = self.call.chat.map(display),
            http.status = self.status.map(|status| status.as_u16()),
            tries = self.tries,
            elapsed_milliseconds = self.begun.elapsed().as_millis() as u64,
            "called Telegram"
        );
    }
}

impl Call<'_> {
    fn held(&self) -> Held {
        (self.method.to_ascii_lowercase(), self.chat.cloned())
    }
}

fn held(wait: Duration) -> (Ending, Error) {
    // Whoever waits the whole seconds we name has waited long enough.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    (Ending::Held(wait), Error::new(Kind::Wait { seconds }))
}

fn report(call: &Call<'_>, Trouble { ending, source }: Trouble) -> (Ending, Error) {
    let kind = match ending {
        // Telegram was reached; what is not known is what came of it.
        Ending::Lost if call.effect != Effect::Read => Kind::OutcomeUnknown,
        _ if is_time(&source) => Kind::OutOfTime,
        Ending::Garbled => Kind::BrokenAnswer,
        _ => Kind::Unreachable,
    };
    let error = Error::because(kind, source);
    (ending, if ending == Ending::Barred { error.lasting() } else { error })
}

/// The chat that raw arguments name, so that holds on it are shared with typed calls.
fn named_chat(arguments: &Value) -> Option<Chat> {
    match arguments.get("chat_id")? {
        Value::Number(number) => ChatId::new(number.as_i64()?).ok().map(Chat::Id),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// What a body says.
enum Reading<T> {
    Result(T),
    Said(Said, ResponseParameters),
    Broken(&'static str),
}

impl<T> Reading<T> {
    /// The code that counts. A success that refuses came through something that took Telegram's own status away.
    fn code(&self, status: u16) -> i32 {
        match self {
            Self::Said(said, _) if (200..300).contains(&status) => said.code,
            _ => status.into(),
        }
    }

    /// How long a throttling answer says to wait: its parameters say it, or else its header.
    fn wait(&self, status: u16, header: Option<&str>) -> Option<Duration> {
        if self.code(status) != 429 {
            return None;
        }
        let said = match self {
            Self::Said(_, parameters) => parameters.retry_after,
            _ => None,
        };
        let is_a_wait = |seconds: &i64| *seconds > 0;
        let seconds = said.filter(is_a_wait).or_else(|| header?.parse().ok().filter(is_a_wait))?;
        // A deadline a century away would overflow the clock.
        Some(Duration::from_secs(seconds.unsigned_abs().min(u32::MAX.into())))
    }
}

/// What Telegram puts around every answer.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Envelope<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<i32>,
    description: Option<String>,
    parameters: Option<ResponseParameters>,
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Reading<T> {
    match serde_json::from_slice(body) {
        Ok(Envelope { ok: true, result: Some(result), .. }) => Reading::Result(result),
        Ok(Envelope { ok: true, result: None, .. }) => Reading::Broken("it says `ok` without a result"),
        Ok(Envelope { error_code: Some(code), description, parameters, .. }) => {
            let said = Said { code, text: description.unwrap_or_default() };
            Reading::Said(said, parameters.unwrap_or_default())
        }
        Ok(_) => Reading::Broken("it refuses without a code"),
        Err(_) if body.is_empty() => Reading::Broken("it is empty"),
        Err(error) if error.is_data() => Reading::Broken("it is JSON of another shape"),
        Err(error) if error.is_eof() => Reading::Broken("it is JSON that breaks off"),
        Err(_) => Reading::Broken("it is not JSON"),
    }
}
