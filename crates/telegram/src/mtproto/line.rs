//! The library's end of the talk with Telegram: a task that connects, sends and hears. One that hangs or fell is given
//! up with all that waits in it, and another takes its place.

use super::token::tells_acceptance;
use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolHandle};
use grammers_session::storages::MemorySession;
use grammers_session::updates::UpdatesLike;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// Where nobody is answered for so long, and somebody asked, nobody listens any more: a network may go away without a
/// word.
const SILENCE: Duration = Duration::from_secs(10);

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
    begun_at: Instant,
    /// When it last brought an answer.
    heard_at: Option<Instant>,
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
    ) -> Option<Result<Vec<u8>, InvocationError>> {
        let asked_at = Instant::now();
        let sender = self.sender();
        let Ok(answer) = timeout_at(deadline, sender.raw_invoke_in_dc(dc_id, body)).await else {
            self.give_up_unless_heard_since(asked_at);
            return None;
        };
        if matches!(answer, Ok(_) | Err(InvocationError::Rpc(_))) {
            self.task().heard_at = Some(Instant::now());
        }
        Some(answer)
    }

    /// Whether it ever brought an answer: then there is a connection, and what fails may have been sent.
    pub(super) fn stood(&self) -> bool {
        self.task().heard_at.is_some()
    }

    /// Nothing more will be asked of that data centre.
    pub(super) fn leave(&self, dc_id: i32) {
        self.task().sender.disconnect_from_dc(dc_id);
    }

    fn sender(&self) -> SenderPoolHandle {
        let mut task = self.task();
        if task.handle.is_finished() {
            warn!("the library for MTProto fell; it is begun again");
            *task = self.begin();
        }
        task.sender.clone()
    }

    fn give_up_unless_heard_since(&self, asked_at: Instant) {
        let mut task = self.task();
        let is_silent = task.begun_at <= asked_at && task.heard_at.is_none_or(|at| at < asked_at);
        if is_silent && asked_at.elapsed() >= SILENCE {
            warn!("Telegram says nothing on this connection any more; it is given up");
            *task = self.begin();
        }
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
        Self { sender: pool.handle.thin, handle, begun_at: Instant::now(), heard_at: None }
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
