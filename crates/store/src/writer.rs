//! One durable commit for all who wait: the thread that owns a connection and runs transitions on it.
//!
//! What waits when the thread is free goes into one transaction, and nobody is answered before it is on disk. If one
//! of them fails, all is taken back and each runs again in a transaction of its own; so a failure costs its neighbours
//! time and nothing else, and no savepoints are needed while all goes well.

use crate::connection::{Connection, Tx};
use crate::{Error, Result};
use std::sync::Mutex;
use tokio::sync::{mpsc, oneshot};

/// As many as fit into one transaction. Beyond it throughput no longer grew, and waits did.
const MOST_AT_ONCE: usize = 256;
/// How often one transition is tried that others keep getting in the way of.
const MOST_TRIES: u32 = 8;

/// A transition on its way.
pub(crate) trait Job: Send {
    /// Runs it; what comes of it is kept until it is durable.
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()>;
    /// Tells whoever waits how it ended.
    fn answer(self: Box<Self>, end: Result<()>);
}

pub(crate) type Queue = mpsc::Receiver<Box<dyn Job>>;

/// A closure as a job, and who waits for it.
pub(crate) fn job<T: Send + 'static>(
    work: impl Fn(&mut Tx<'_>) -> Result<T> + Send + 'static,
) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>) {
    let (answer, waiting) = oneshot::channel();
    (Box::new(Waiting { work, done: None, answer }), waiting)
}

struct Waiting<F, T> {
    work: F,
    done: Option<T>,
    answer: oneshot::Sender<Result<T>>,
}

impl<F: Fn(&mut Tx<'_>) -> Result<T> + Send, T: Send> Job for Waiting<F, T> {
    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.done = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, end: Result<()>) {
        let Self { done, answer, .. } = *self;
        // Whoever asked may have gone away; what was done is done.
        let _ = answer.send(end.and_then(|()| done.ok_or(Error::Closed)));
    }
}

/// Runs what comes, until the queue is closed or the disk fails.
pub(crate) fn write(mut db: Connection, queue: &Mutex<Queue>) {
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    loop {
        if wait(queue, &mut jobs, MOST_AT_ONCE) == 0 {
            return;
        }
        if jobs.len() > 1 && matches!(together(&mut db, &mut jobs), Next::Stop) {
            return close(queue);
        }
        for job in jobs.drain(..) {
            if matches!(alone(&mut db, job), Next::Stop) {
                return close(queue);
            }
        }
    }
}

/// Answers questions that change nothing, each by itself.
pub(crate) fn read(mut db: Connection, queue: &Mutex<Queue>) {
    let mut jobs = Vec::new();
    while wait(queue, &mut jobs, 1) > 0 {
        for mut job in jobs.drain(..) {
            let mut end = job.run(&mut Tx(&mut db));
            // A connection that was lost while nobody asked is noticed by the first who does; reading again is free.
            if matches!(end, Err(Error::Unavailable(_))) {
                end = job.run(&mut Tx(&mut db));
            }
            job.answer(end);
        }
    }
}

enum Next {
    Go,
    /// The disk failed. What a later start finds there nobody knows, so nothing more is promised.
    Stop,
}

/// Runs all in one transaction, and answers them. If one fails they are all left as they were.
fn together(db: &mut Connection, jobs: &mut Vec<Box<dyn Job>>) -> Next {
    if let Err(error) = db.begin() {
        // Nor would any of them get further alone.
        for job in jobs.drain(..) {
            job.answer(Err(Error::Unavailable(error.to_string().into())));
        }
        return Next::Go;
    }
    let ran = jobs.iter_mut().try_for_each(|job| job.run(&mut Tx(db)));
    match ran.and_then(|()| db.commit()) {
        Ok(()) => {
            for job in jobs.drain(..) {
                job.answer(Ok(()));
            }
            Next::Go
        }
        Err(Error::InDoubt(cause)) => {
            let cause = cause.to_string();
            for job in jobs.drain(..) {
                job.answer(Err(Error::InDoubt(cause.clone().into())));
            }
            after_doubt(db)
        }
        Err(error) => {
            tracing::debug!(error = %error, jobs = jobs.len(), "transitions run one by one after one of them failed");
            db.rollback();
            Next::Go
        }
    }
}

fn alone(db: &mut Connection, mut job: Box<dyn Job>) -> Next {
    let mut tries = 1;
    let end = loop {
        let end = db.begin().and_then(|()| job.run(&mut Tx(db))).and_then(|()| db.commit());
        match end {
            Ok(()) | Err(Error::InDoubt(_)) => break end,
            Err(error) => {
                db.rollback();
                if tries == MOST_TRIES || !is_passing(&error) {
                    break Err(error);
                }
                tries += 1;
            }
        }
    };
    let doubt = matches!(end, Err(Error::InDoubt(_)));
    job.answer(end);
    if doubt { after_doubt(db) } else { Next::Go }
}

/// Whether the next try may well succeed: somebody was in the way, and waiting for them is over.
fn is_passing(error: &Error) -> bool {
    match error {
        Error::Contended => true,
        Error::Unavailable(cause) => cause
            .downcast_ref::<sqlx::Error>()
            .and_then(sqlx::Error::as_database_error)
            .and_then(|refusal| refusal.code())
            .is_some_and(|code| code == "40001" || code == "40P01"),
        _ => false,
    }
}

fn after_doubt(db: &mut Connection) -> Next {
    db.rollback();
    match db {
        Connection::Sqlite(_) => {
            tracing::error!("the disk failed during a commit; nothing more is written until the next start");
            Next::Stop
        }
        Connection::Postgres(_) => Next::Go,
    }
}

/// The lock is held while waiting: whoever has it takes what comes, the others queue for the lock.
fn wait(queue: &Mutex<Queue>, jobs: &mut Vec<Box<dyn Job>>, most: usize) -> usize {
    queue.lock().expect("nothing panics while holding it").blocking_recv_many(jobs, most)
}

fn close(queue: &Mutex<Queue>) {
    let mut queue = queue.lock().expect("nothing panics while holding it");
    queue.close();
    while let Ok(job) = queue.try_recv() {
        job.answer(Err(Error::Closed));
    }
}
