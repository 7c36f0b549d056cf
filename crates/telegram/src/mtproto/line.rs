//! The library's end of the talk with Telegram: a task that connects, sends and hears. One that hangs or fell is given
//! up with all that waits in it, and another takes its place.

use super::token::tells_acceptance;
use futures_util::future::{Either, select};
use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::storages::MemorySession;
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::{Serializable as _, functions::Ping};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::warn;

/// Where somebody asked and nobody was answered for so long, it is asked whether anybody listens: a network may go away
/// without a word, and a method may take its time.
const SILENCE: Duration = Duration::from_secs(15);
/// So long that may take. A chat's bot has ten seconds for whoever wants to join.
const PONG: Duration = Duration::from_secs(5);

/// The way to Telegram.
pub(super) struct Line {
    storage: Arc<MemorySession>,
    api_id: i32,
    /// Rings when another device let this one in.
    accepted: Arc<Notify>,
    /// Locked for a look or a change, never across an await.
    task: Mutex<Task>,
}

/// The library at work. What waits in it ends with it.
struct Task {
    sender: SenderPoolHandle,
    pulse: watch::Sender<Pulse>,
    handle: AbortHandle,
}

/// What is heard of Telegram.
#[derive(Clone, Copy, Default)]
struct Pulse {
    /// Since when somebody waits and nothing came back, and from which data centre. It stays when they wait no more.
    silent: Option<(Instant, i32)>,
    /// Whether an answer ever came.
    stood: bool,
    /// Nobody listens any more.
    is_given_up: bool,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The library says so.
    Failed(InvocationError),
    /// Nothing came back for so long that the connection was given up.
    Silence,
    /// The time was over.
    Late,
}

impl Line {
    /// Nothing is connected before something is asked.
    pub(super) fn new(storage: Arc<MemorySession>, api_id: i32, accepted: Arc<Notify>) -> Self {
        let task = Mutex::new(Task::begin(Arc::clone(&storage), api_id, Arc::clone(&accepted)));
        Self { storage, api_id, accepted, task }
    }

    /// Asks a data centre. Without an answer until the deadline there is none.
    pub(super) async fn ask(
        &self,
        dc_id: i32,
        body: Vec<u8>,
        deadline: Instant,
    ) -> Result<Vec<u8>, NoAnswer> {
        let (sender, pulse) = self.at_work();
        let mut heard = pulse.subscribe();
        let mut answer = pin!(timeout_at(deadline, sender.raw_invoke_in_dc(dc_id, body)));
        loop {
            pulse.send_if_modified(|it| it.owes(dc_id));
            let others = pin!(async { drop(heard.wait_for(|it| it.silent.is_none()).await) });
            // Whoever waits still when others are answered waits from then on.
            let Either::Left((answer, _)) = select(&mut answer, others).await else { continue };
            let answer = answer.map_err(|_| NoAnswer::Late)?;
            if pulse.borrow().is_given_up {
                return answer.map_err(|_| NoAnswer::Silence);
            }
            pulse.send_modify(|it| it.hear(&answer));
            return answer.map_err(NoAnswer::Failed);
        }
    }

    /// Whether it ever brought an answer.
    pub(super) fn stood(&self) -> bool {
        self.task().pulse.borrow().stood
    }

    /// Nothing more will be asked of that data centre.
    pub(super) fn leave(&self, dc_id: i32) {
        self.task().sender.disconnect_from_dc(dc_id);
    }

    fn at_work(&self) -> (SenderPoolHandle, watch::Sender<Pulse>) {
        let mut task = self.task();
        let is_given_up = task.pulse.borrow().is_given_up;
        if is_given_up || task.handle.is_finished() {
            if !is_given_up {
                warn!("the library for MTProto fell; it is begun again");
            }
            *task = Task::begin(Arc::clone(&self.storage), self.api_id, Arc::clone(&self.accepted));
        }
        (task.sender.clone(), task.pulse.clone())
    }

    fn task(&self) -> MutexGuard<'_, Task> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    fn begin(storage: Arc<MemorySession>, api_id: i32, accepted: Arc<Notify>) -> Self {
        let parameters =
            ConnectionParams { retry_policy: Box::new(NoRetries), ..ConnectionParams::default() };
        let pool = SenderPool::with_configuration(storage, api_id, parameters);
        // It ends with what it listens to.
        tokio::spawn(listen(pool.updates, accepted));
        let (sender, pulse) = (pool.handle.thin, watch::Sender::default());
        let (runner, silence) = (pool.runner, silence(sender.clone(), pulse.clone()));
        let work = async move {
            select(pin!(runner.run()), pin!(silence)).await;
        };
        Self { sender, pulse, handle: tokio::spawn(work).abort_handle() }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

impl Pulse {
    /// Somebody waits. Tells whether that is news.
    fn owes(&mut self, dc_id: i32) -> bool {
        let was_silent = self.silent.is_some();
        self.silent.get_or_insert_with(|| (Instant::now(), dc_id));
        !was_silent
    }

    /// Something came back.
    fn hear(&mut self, answer: &Result<Vec<u8>, InvocationError>) {
        self.silent = None;
        self.stood |= matches!(answer, Ok(_) | Err(InvocationError::Rpc(_)));
    }
}

/// Ends when nobody listens any more.
async fn silence(sender: SenderPoolHandle, pulse: watch::Sender<Pulse>) {
    let mut heard = pulse.subscribe();
    loop {
        let silent = heard.wait_for(|it| it.silent.is_some()).await.ok().and_then(|it| it.silent);
        let Some((since, dc_id)) = silent else { return };
        if timeout_at(since + SILENCE, heard.wait_for(|it| it.silent.is_none())).await.is_ok() {
            continue;
        }
        let anybody_there = Ping { ping_id: 0 }.to_bytes();
        match timeout(PONG, sender.raw_invoke_in_dc(dc_id, anybody_there)).await {
            Ok(answer) => pulse.send_modify(|it| it.hear(&answer)),
            Err(_) => break,
        }
    }
    pulse.send_modify(|it| it.is_given_up = true);
    warn!("Telegram says nothing on this connection any more; it is given up");
}

/// Of what Telegram tells unasked, only one thing is of use here.
async fn listen(mut told: mpsc::Receiver<UpdatesLike>, accepted: Arc<Notify>) {
    while let Some(told) = told.recv().await {
        if tells_acceptance(&told) {
            accepted.notify_one();
        }
    }
}
