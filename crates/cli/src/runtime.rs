//! The one runtime of a command that talks to Telegram, and the signals that end it.

use crate::failure::{Failure, Stop};
use std::future::Future;

/// Runs the work on this thread, until it is done or a signal comes.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_unstopped(async {
        tokio::select! {
            biased;
            done = work => done,
            stop = stopped() => Err(Failure::Stopped(stop)),
        }
    })
}

/// Runs work that listens for signals itself.
pub(crate) fn run_unstopped<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // A question may be left that nobody answers any more.
    runtime.shutdown_background();
    done
}

/// Runs a service, which listens for signals itself, on all of the machine's processors.
pub(crate) fn serve<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work)
}

/// Ends when somebody wants us to stop. Listening begins with the first poll.
#[cfg(unix)]
pub(crate) async fn stopped() -> Stop {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the signals keep their deadly default.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Stop::Interrupted,
        _ = terminate.recv() => Stop::Terminated,
    }
}

/// Ends when somebody wants us to stop.
#[cfg(not(unix))]
pub(crate) async fn stopped() -> Stop {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Stop::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
