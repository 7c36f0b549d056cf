//! The library's end of the talk with Telegram: a task that connects, sends and hears. One that hangs or fell is given
//! up with all that waits in it, and another takes its place.

use super::token::tells_acceptance;
use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::storages::MemorySession;
use grammers_session::updates::UpdatesLike;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::{AbortHandle, Id};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// Where somebody asked and nobody is answered for so long, nobody listens any more: a network may go away without a
/// word. A chat's bot has ten seconds for whoever wants to join.
const SILENCE: Duration = Duration::from_secs(20);

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
    handle: AbortHandle,
    /// When something last came back, or, where somebody asked after that, when the first of them did.
    silent_since: Instant,
    is_asked: bool,
    /// Whether it ever brought an answer.
    stood: bool,
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
        let (task, sender) = self.sender();
        let mut answer = pin!(sender.raw_invoke_in_dc(dc_id, body));
        let mut until = Instant::now() + SILENCE;
        loop {
            if let Ok(answer) = timeout_at(deadline.min(until), &mut answer).await {
                self.heard(task, matches!(answer, Ok(_) | Err(InvocationError::Rpc(_))));
                return answer.map_err(NoAnswer::Failed);
            }
            match self.patience(task) {
                _ if Instant::now() >= deadline => return Err(NoAnswer::Late),
                Some(longer) => until = longer,
                None => return Err(NoAnswer::Silence),
            }
        }
    }

    /// Whether it ever brought an answer.
    pub(super) fn stood(&self) -> bool {
        self.task().stood
    }

    /// Nothing more will be asked of that data centre.
    pub(super) fn leave(&self, dc_id: i32) {
        self.task().sender.disconnect_from_dc(dc_id);
    }

    fn sender(&self) -> (Id, SenderPoolHandle) {
        let mut task = self.task();
        if task.handle.is_finished() {
            warn!("the library for MTProto fell; it is begun again");
            *task = self.begin();
        }
        if !task.is_asked {
            (task.is_asked, task.silent_since) = (true, Instant::now());
        }
        (task.handle.id(), task.sender.clone())
    }

    /// Notes that something came back; `stands`: from Telegram.
    fn heard(&self, task: Id, stands: bool) {
        let mut now = self.task();
        if now.handle.id() == task {
            (now.is_asked, now.silent_since) = (false, Instant::now());
            now.stood |= stands;
        }
    }

    /// Until when something may still come back. If that is over, what waits there is given up: by whoever finds it first.
    fn patience(&self, task: Id) -> Option<Instant> {
        let mut now = self.task();
        if now.handle.id() != task {
            return None;
        }
        let until = now.silent_since + SILENCE;
        if Instant::now() < until {
            return Some(until);
        }
        warn!("Telegram says nothing on this connection any more; it is given up");
        *now = self.begin();
        None
    }

    fn begin(&self) -> Task {
        Task::begin(Arc::clone(&self.storage), self.api_id, Arc::clone(&self.accepted))
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
        let handle = tokio::spawn(pool.runner.run()).abort_handle();
        let silent_since = Instant::now();
        Self { sender: pool.handle.thin, handle, silent_since, is_asked: false, stood: false }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

/// Of what Telegram tells unasked, only one thing is of use here.
async fn listen(mut told: mpsc::Receiver<UpdatesLike>, accepted: Arc<Notify>) {
    while let Some(told) = told.recv().await {
        if tells_acceptance(&told) {
            accepted.notify_one();
        }
    }
}
