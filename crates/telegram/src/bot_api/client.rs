//! One call: out, back, and again if that makes sense.

use super::error::{self, Broken, Said};
use super::methods::Method;
use super::settings::{BadSettings, Settings, Token};
use super::transport::{Answer, Letter, Transport, Trouble, is_time};
use super::types::ResponseParameters;
use crate::pace::{self, Effect, Ending, Holds, Step, Try};
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

/// Told when a call begins to wait because Telegram asked for it: which method, and how long.
pub type OnWait = Arc<dyn Fn(&str, Duration) + Send + Sync>;

/// A bot's connection to Telegram. Clones share the pool, and what Telegram asked to hold back.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    on_wait: Option<OnWait>,
}

struct Shared {
    transport: Transport,
    limit: Duration,
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
        match read::<IgnoredAny>(&self.body) {
            Reading::Result(_) => None,
            Reading::Said(said, parameters) => Some(match (said.code, parameters.retry_after) {
                (429, Some(seconds)) => held(Duration::from_secs(seconds.unsigned_abs())).1,
                _ => error::read(said, &parameters, right),
            }),
            Reading::Broken(why) => {
                let body = String::from_utf8_lossy(&self.body);
                Some(Error::because(Kind::BrokenAnswer, Broken::new(self.status, why, &body)))
            }
        }
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
        let shared = Shared { transport, limit: settings.limit.min(LONGEST_LIMIT), holds: Mutex::default() };
        Ok(Self { shared: Arc::new(shared), on_wait: None })
    }

    /// The same client, which tells when Telegram makes it wait.
    #[must_use]
    pub fn on_wait(self, tell: OnWait) -> Self {
        Self { on_wait: Some(tell), ..self }
    }

    /// Calls a method and reads its answer. Waits and tries again as the method's effect allows.
    pub async fn call<M: Method>(&self, method: &M) -> links::Result<M::Answer> {
        let json =
            serde_json::to_vec(method).map_err(|why| Error::because(Kind::BadValue("request"), why))?;
        let call = Call {
            method: M::NAME,
            chat: method.chat(),
            effect: M::EFFECT,
            right: M::RIGHT,
            letter: Letter::new(json),
            deadline: Instant::now() + self.shared.limit + method.patience(),
        };
        let answer = self.exchange(&call, Self::refuse_refusals).await?;
        let (ending, error) = match read(&answer.body) {
            Reading::Result(result) => return Ok(result),
            Reading::Said(said, parameters) => (Ending::Refused, self.refusal(&call, said, &parameters)),
            Reading::Broken(why) => (Ending::Garbled, self.broken(&answer, why)),
        };
        Err(if call.effect != Effect::Read && ending.leaves_doubt() { unknown(error) } else { error })
    }

    /// Calls a method by name and gives back the whole answer, whatever it says. Tries again only if nothing
    /// was sent. For methods newer than our types.
    ///
    /// `arguments` is a JSON object; Telegram reads a `null` in it as the text "null".
    pub async fn call_raw(&self, method: &str, arguments: &Value) -> links::Result<RawAnswer> {
        if method.is_empty() || !method.bytes().all(|each| each.is_ascii_alphanumeric()) {
            return Err(Error::new(Kind::BadValue("method name")));
        }
        let chat = named_chat(arguments);
        let call = Call {
            method,
            chat: chat.as_ref(),
            effect: Effect::New,
            right: Right::Administrator,
            letter: Letter::new(arguments.to_string().into()),
            deadline: Instant::now() + self.shared.limit,
        };
        let Answer { status, headers, body } = self.exchange(&call, |_, _, answer| Ok(answer)).await?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let headers =
            headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
        Ok(RawAnswer { status: status.as_u16(), headers, body: body.into() })
    }

    /// Sends until there is an answer that the `judge` lets pass, or until there is no sense in sending again.
    async fn exchange(&self, call: &Call<'_>, judge: Judge) -> links::Result<Answer> {
        let (mut failures, mut in_doubt) = (0, false);
        let mut course = Course { call, begun: Instant::now(), tries: 0, status: None };
        loop {
            let (ending, error) = match self.held(call) {
                Some(wait) => held(wait),
                None => match course
                    .tried(self.shared.transport.post(call.method, &call.letter, call.deadline).await)
                {
                    Ok(answer) => {
                        self.obey(call, &answer);
                        match judge(self, call, answer) {
                            Ok(answer) => return Ok(answer),
                            Err(refused) => refused,
                        }
                    }
                    Err(trouble) => report(trouble),
                },
            };
            if !matches!(ending, Ending::Held(_)) {
                failures += 1;
            }
            let left = call.deadline.saturating_duration_since(Instant::now());
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

    /// How long Telegram wants this call still held back.
    fn held(&self, call: &Call<'_>) -> Option<Duration> {
        let holds = self.shared.holds.lock().unwrap_or_else(PoisonError::into_inner);
        if holds.is_empty() {
            return None;
        }
        let now = Instant::now();
        holds.until(&call.held(), now).map(|until| until - now)
    }

    /// Notes that Telegram wants such calls held back, if it does.
    fn obey(&self, call: &Call<'_>, answer: &Answer) {
        if answer.status != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if let Some(wait) = retry_after(answer) {
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
    }

    /// Lets answers with a result pass, and names the others.
    fn refuse_refusals(&self, call: &Call<'_>, answer: Answer) -> Result<Answer, (Ending, Error)> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = match read::<IgnoredAny>(&answer.body) {
            Reading::Said(said, parameters) => self.refusal(call, said, &parameters),
            Reading::Result(_) => self.broken(&answer, "it is a result, with the status of an error"),
            Reading::Broken(why) => self.broken(&answer, why),
        };
        Err(match retry_after(&answer) {
            Some(wait) if answer.status == StatusCode::TOO_MANY_REQUESTS => held(wait),
            _ if answer.status == StatusCode::TOO_MANY_REQUESTS => (Ending::Throttled, error),
            _ if answer.status.is_server_error() => (Ending::Failed, error),
            _ => (Ending::Refused, error),
        })
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

type Judge = fn(&Client, &Call<'_>, Answer) -> Result<Answer, (Ending, Error)>;

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

fn report(Trouble { ending, source }: Trouble) -> (Ending, Error) {
    let kind = match ending {
        _ if is_time(&source) => Kind::OutOfTime,
        Ending::Garbled => Kind::BrokenAnswer,
        _ => Kind::Unreachable,
    };
    (ending, Error::because(kind, source))
}

fn unknown(why: Error) -> Error {
    Error::because(Kind::OutcomeUnknown, why)
}

/// The chat that raw arguments name, so that holds on it are shared with typed calls.
fn named_chat(arguments: &Value) -> Option<Chat> {
    match arguments.get("chat_id")? {
        Value::Number(number) => ChatId::new(number.as_i64()?).ok().map(Chat::Id),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// How long a throttling answer says to wait: its parameters say it, or else its header.
fn retry_after(answer: &Answer) -> Option<Duration> {
    let said = match read::<IgnoredAny>(&answer.body) {
        Reading::Said(_, parameters) => parameters.retry_after,
        _ => None,
    };
    let header = || answer.headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok();
    let seconds = said.or_else(header).filter(|seconds: &i64| *seconds > 0)?;
    // A deadline a century away would overflow the clock.
    Some(Duration::from_secs(seconds.unsigned_abs().min(u32::MAX.into())))
}

/// What a body says.
enum Reading<T> {
    Result(T),
    Said(Said, ResponseParameters),
    Broken(&'static str),
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
