//! What a request, a job and an update may reach.

use crate::Hearing;
use crate::bells::Bells;
use crate::bots::Bots;
use crate::clock::Clock;
use crate::error::{Trouble, chain};
use crate::metrics::Metrics;
use crate::points::Points;
use crate::sign::Signer;
use crate::visitor::Cookie;
use gate::Slug;
use links::Parser;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use store::{GateState, SavedGate, Store};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

/// Cheap to clone; everybody has the same.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) signer: Signer,
    pub(crate) cookie: Cookie,
    /// Where people reach us, without a slash at the end.
    pub(crate) public_url: String,
    /// Where people reach Telegram, without a slash at the end.
    pub(crate) telegram_url: String,
    /// How we hear of updates.
    pub(crate) hearing: Hearing,
    /// For how long people are remembered who hold no pass.
    pub(crate) keep_days: u32,
    pub(crate) bots: Bots,
    /// Reads links, those of a sandbox included.
    pub(crate) links: Parser,
    pub(crate) bells: Bells,
    pub(crate) metrics: Metrics,
    pub(crate) points: Points,
    pub(crate) published: RwLock<HashMap<Slug, SavedGate>>,
    /// What requests began and did not wait for.
    pub(crate) begun: Mutex<JoinSet<()>>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl App {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// Bytes that nobody can guess.
    pub(crate) fn chance<const N: usize>(&self) -> Result<[u8; N], Trouble> {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes)?;
        Ok(bytes)
    }

    /// What comes of this, if it is known by then. It goes on to its end though whoever asked has waited long enough or
    /// went away: of an answer that is under way Telegram may say what it wants held back, and nobody else would hear it.
    pub(crate) async fn within<T: Send + 'static>(
        &self,
        until: Instant,
        work: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<Option<T>, Trouble> {
        let (answer, known) = oneshot::channel();
        {
            let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
            while begun.try_join_next().is_some() {}
            begun.spawn(async move {
                if let Err(Err(why)) = answer.send(work.await) {
                    warn!(
                        error = chain(&why),
                        "what a request began could not be done, and nobody waits for it"
                    );
                }
            });
        }
        match timeout_at(until, known).await {
            Ok(Ok(done)) => done.map(Some),
            Ok(Err(_)) | Err(_) => Ok(None),
        }
    }

    /// Ends what requests began.
    pub(crate) async fn end_begun(&self) {
        let mut begun = std::mem::take(&mut *self.begun.lock().unwrap_or_else(PoisonError::into_inner));
        begun.shutdown().await;
    }

    /// A gate by the last part of its address, as it is now. Drafts are nobody's to see.
    pub(crate) async fn gate(&self, slug: &str) -> Result<Option<SavedGate>, Trouble> {
        let Ok(slug) = slug.parse::<Slug>() else { return Ok(None) };
        let Some(latest) = self.store.latest(&slug).await? else { return Ok(None) };
        if latest.state == GateState::Draft {
            return Ok(None);
        }
        let kept = self.kept(slug.as_str());
        let gate = match kept.filter(|kept| kept.id == latest.id && kept.revision == latest.revision) {
            Some(kept) if kept.state == latest.state => {
                return Ok(Some(SavedGate { issued: latest.issued, ..kept }));
            }
            Some(kept) => SavedGate { state: latest.state, issued: latest.issued, ..kept },
            None => match self.store.gate(&slug).await? {
                Some(saved) => saved,
                None => return Ok(None),
            },
        };
        let mut all = self.published.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(slug, gate.clone());
        Ok(Some(gate))
    }

    /// A gate as this node saw it last. It may have changed since: good enough while the database is away, and for whoever
    /// has its revision checked by what they read or write next.
    pub(crate) fn kept(&self, slug: &str) -> Option<SavedGate> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).get(slug).cloned()
    }
}
