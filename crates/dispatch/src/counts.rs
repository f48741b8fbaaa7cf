//! Numbers about deliveries for operators.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// What is counted about deliveries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    attempts: Family<Outcome, Counter>,
}

impl Counts {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "deliveries",
            "Attempts to deliver an event, by outcome: delivered, failed, dead, gone",
            self.attempts.clone(),
        );
    }

    pub(crate) fn attempt(&self, outcome: &'static str) {
        self.attempts.get_or_create(&Outcome { outcome }).inc();
    }
}
