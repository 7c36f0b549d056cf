//! Who waits for something is woken by whoever did it; what is missed is found at the next look all the same.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// The bells of one process. Other nodes hear nothing of them, so nobody relies on them alone.
#[derive(Clone, Default)]
pub(crate) struct Bells {
    /// Somebody waits for a link, or took one from the pool.
    pub(crate) wanted: Bell,
    /// A link was made.
    pub(crate) made: Bell,
    /// A link is to be ended.
    pub(crate) ending: Bell,
    /// A link was ended.
    pub(crate) ended: Bell,
    /// Somebody may have come by a link unheard of.
    pub(crate) doubted: Bell,
    /// Somebody waits for what Telegram has to tell.
    pub(crate) news: Bell,
    /// Something is to be said.
    pub(crate) errand: Bell,
}

/// Rung by many, heard by all who listen.
#[derive(Clone)]
pub(crate) struct Bell(watch::Sender<()>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(()))
    }
}

impl Bell {
    pub(crate) fn ring(&self) {
        self.0.send_replace(());
    }

    /// Hears every ring from now on.
    pub(crate) fn listen(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

/// Somebody who listens. Several rings that were not waited for are heard as one.
pub(crate) struct Ear(watch::Receiver<()>);

impl Ear {
    /// Until the next ring.
    pub(crate) async fn rung(&mut self) {
        // Rung by everybody who has an `App`, and we have one.
        let _ = self.0.changed().await;
    }

    /// Until the next ring, or so long.
    pub(crate) async fn wait(&mut self, longest: Duration) {
        let _ = timeout(longest, self.0.changed()).await;
    }
}
