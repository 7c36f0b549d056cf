//! What is counted, as Prometheus reads it. No label names a person, a link or a gate.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// The counters, shared by all who count.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Arc<Registry>,
    pub(crate) answers: Family<Answered, Counter>,
    pub(crate) links: Family<Happened, Counter>,
    pub(crate) strangers: Family<Dealt, Counter>,
    pub(crate) updates: Counter,
    pub(crate) strays: Counter,
    pub(crate) refusals: Counter,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct Dealt {
    pub(crate) end: StrangerEnd,
}

/// What became of somebody who came by a link that was not theirs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub(crate) enum StrangerEnd {
    Removed,
    Kept,
    Gone,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct Answered {
    pub(crate) result: Answer,
}

/// How an answer was received.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub(crate) enum Answer {
    Right,
    Wrong,
    Held,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
pub(crate) struct Happened {
    pub(crate) event: LinkEvent,
}

/// What happened to a link.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, EncodeLabelValue)]
pub(crate) enum LinkEvent {
    Made,
    Refused,
    Lost,
    Revoked,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let (answers, links) =
            (Family::<Answered, Counter>::default(), Family::<Happened, Counter>::default());
        let strangers = Family::<Dealt, Counter>::default();
        let (updates, strays, refusals) = (Counter::default(), Counter::default(), Counter::default());
        let mut registry = Registry::with_prefix("admit");
        registry.register("gate_answers", "Answers to gates, by how they were received", answers.clone());
        registry.register("links", "What happened to links at Telegram", links.clone());
        let about = "People who came by a link that was not theirs, by what became of them";
        registry.register("strangers", about, strangers.clone());
        registry.register("updates", "Updates taken in from Telegram", updates.clone());
        let about = "Updates for bots that are not ours any more, which were let go";
        registry.register("stray_updates", about, strays.clone());
        let about =
            "Calls that Telegram refused for a reason we do not know, or answered with what cannot be read";
        registry.register("refusals", about, refusals.clone());
        Self { registry: Arc::new(registry), answers, links, strangers, updates, strays, refusals }
    }

    pub(crate) fn answered(&self, result: Answer) {
        self.answers.get_or_create(&Answered { result }).inc();
    }

    pub(crate) fn link(&self, event: LinkEvent) {
        self.links.get_or_create(&Happened { event }).inc();
    }

    pub(crate) fn stranger(&self, end: StrangerEnd) {
        self.strangers.get_or_create(&Dealt { end }).inc();
    }

    /// The page that Prometheus fetches.
    pub(crate) fn page(&self) -> String {
        let mut page = String::new();
        encode(&mut page, &self.registry).expect("memory takes every byte");
        page
    }
}
