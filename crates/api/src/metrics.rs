//! Numbers for operators. A value, not a global: several daemons may live in one test process.

use std::sync::Arc;

use model::Right;
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds in seconds; the budget for an acknowledged webhook is 50 ms.
const WEBHOOK_BUCKETS: [f64; 9] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

/// A reason from a fixed set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Why {
    why: &'static str,
}

/// A frame type and who sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct FrameKind {
    r#type: &'static str,
}

/// The metrics of this crate, and the registry they are shown from.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    pub(crate) webhook_seconds: Histogram,
    webhook_rejected: Family<Why, Counter>,
    pub(crate) webhook_ignored: Counter,
    pub(crate) webhook_set_aside: Counter,
    pub(crate) sockets: Gauge,
    frames: Family<FrameKind, Counter>,
    socket_closed: Family<Why, Counter>,
    calls_active: Gauge,
    forbidden: Family<Why, Counter>,
}

impl Metrics {
    /// Fresh metrics in a fresh registry.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Arc::new(Mutex::new(Registry::default())),
            webhook_seconds: Histogram::new(WEBHOOK_BUCKETS),
            webhook_rejected: Family::default(),
            webhook_ignored: Counter::default(),
            webhook_set_aside: Counter::default(),
            sockets: Gauge::default(),
            frames: Family::default(),
            socket_closed: Family::default(),
            calls_active: Gauge::default(),
            forbidden: Family::default(),
        };
        metrics.register(|registry| metrics.register_own(registry));
        metrics
    }

    /// Lets other parts of the daemon add theirs.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock());
    }

    /// Somebody asked for what they may not do.
    pub(crate) fn forbidden(&self, needs: Right) {
        self.forbidden.get_or_create(&Why { why: needs.as_str() }).inc();
    }

    fn register_own(&self, registry: &mut Registry) {
        let own = self.clone();
        registry.register(
            "webhook_seconds",
            "Time from a webhook's last byte to its answer",
            own.webhook_seconds,
        );
        registry.register(
            "webhook_rejected",
            "Webhooks that were refused, by reason",
            own.webhook_rejected,
        );
        registry.register(
            "webhook_ignored",
            "Parts of webhooks that mean nothing to us",
            own.webhook_ignored,
        );
        registry.register(
            "webhook_set_aside",
            "Webhooks that waited in a file because the database did not take them",
            own.webhook_set_aside,
        );
        registry.register(
            "forbidden",
            "Requests and commands that were refused for want of a right, by the right",
            own.forbidden,
        );
        registry.register("sockets", "Open agent sockets", own.sockets);
        registry.register("frames", "Frames received from devices", own.frames);
        registry.register(
            "socket_closed",
            "Agent sockets that were closed, by reason",
            own.socket_closed,
        );
        registry.register("calls_active", "Calls that have not ended", own.calls_active);
    }

    /// Counts a refused webhook.
    pub(crate) fn webhook_rejected(&self, why: &'static str) {
        self.webhook_rejected.get_or_create(&Why { why }).inc();
    }

    /// Counts a frame from a device.
    pub(crate) fn frame(&self, kind: &'static str) {
        self.frames.get_or_create(&FrameKind { r#type: kind }).inc();
    }

    /// Counts a closed socket.
    pub(crate) fn socket_closed(&self, why: &'static str) {
        self.socket_closed.get_or_create(&Why { why }).inc();
    }

    /// The OpenMetrics text, with the number of live calls as of now.
    pub(crate) fn encode(&self, live_calls: usize) -> Result<String, std::fmt::Error> {
        self.calls_active.set(i64::try_from(live_calls).unwrap_or(i64::MAX));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry.lock())?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
