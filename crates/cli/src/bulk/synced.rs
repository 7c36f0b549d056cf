//! A file whose bytes reach the disk soon after they are written, without anybody waiting for it.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The file, and a thread that syncs it now and then, because a sync takes milliseconds.
#[derive(Debug)]
pub(super) struct Synced {
    file: File,
    /// Whether something was written since the last sync began.
    is_due: Arc<AtomicBool>,
    /// None once a sync failed.
    thread: Option<Thread>,
}

#[derive(Debug)]
struct Thread {
    /// It goes on for as long as this is held.
    going_on: Sender<Infallible>,
    handle: JoinHandle<io::Result<()>>,
}

impl Synced {
    /// What is written waits so long for company, and then for one sync.
    pub(super) fn every(pause: Duration, file: File) -> io::Result<Self> {
        let synced = file.try_clone()?;
        let is_due = Arc::new(AtomicBool::new(false));
        let due = Arc::clone(&is_due);
        let (going_on, ended) = channel();
        // The thread looks by itself: to wake it for every write would cost more than the write does.
        let handle = std::thread::Builder::new().name("sync".into()).spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(pause) {
                if due.swap(false, Ordering::Acquire) {
                    synced.sync_data()?;
                }
            }
            Ok(())
        })?;
        Ok(Self { file, is_due, thread: Some(Thread { going_on, handle }) })
    }

    /// Sees everything onto the disk, and ends the thread.
    pub(super) fn end(mut self) -> io::Result<File> {
        self.join()?;
        self.file.sync_data()?;
        Ok(self.file)
    }

    /// Ends the thread, and tells how syncing went. The system tells only once of what it lost, so after a failure
    /// no later sync is believed.
    fn join(&mut self) -> io::Result<()> {
        let Some(Thread { going_on, handle }) = self.thread.take() else {
            return Err(io::Error::other("the file could not be synced before"));
        };
        drop(going_on);
        handle.join().unwrap_or_else(|_| Err(io::Error::other("the syncing thread is gone")))
    }
}

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // It ends by itself only when a sync fails.
        if self.thread.as_ref().is_none_or(|thread| thread.handle.is_finished()) {
            self.join()?;
        }
        let written = self.file.write(bytes)?;
        self.is_due.store(true, Ordering::Release);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_there_at_once_and_synced_at_the_end() {
        let file = tempfile::tempfile().unwrap();
        let mut synced = Synced::every(Duration::from_secs(3600), file).unwrap();
        synced.write_all(b"one").unwrap();
        assert_eq!(synced.file.metadata().unwrap().len(), 3);
        // Does not wait for the pause to end.
        assert_eq!(synced.end().unwrap().metadata().unwrap().len(), 3);
    }

    /// A device that takes every byte and refuses to sync.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_sync_that_fails_is_told_to_the_next_who_writes_and_never_forgotten() {
        let null = || std::fs::OpenOptions::new().write(true).open("/dev/null").unwrap();
        let mut synced = Synced::every(Duration::from_millis(1), null()).unwrap();
        let refused = null().sync_data().unwrap_err().raw_os_error();
        let why = loop {
            if let Err(why) = synced.write_all(b"x") {
                break why;
            }
            std::thread::yield_now();
        };
        assert_eq!(why.raw_os_error(), refused);
        assert!(synced.write_all(b"x").is_err());
        assert!(synced.end().is_err());
    }
}
