//! Numbers about calls for operators. Every label has a fixed set of values.

use model::{CallQuality, LegQuality, SilentCause};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of opinion scores: those between poor, fair and good (3.1, 4.0) among them.
const MOS_BUCKETS: [f64; 9] = [1.5, 2.0, 2.6, 3.1, 3.6, 4.0, 4.2, 4.3, 4.5];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Leg {
    leg: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Judged {
    verdict: &'static str,
    network: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Why {
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// What is counted about calls.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    mos: Family<Leg, Histogram>,
    verdicts: Family<Judged, Counter>,
    silent: Family<Why, Counter>,
    unknown_line: Counter,
    repeated_connects: Counter,
    lines_unusable: Family<Why, Gauge>,
    hook: Family<Outcome, Counter>,
    ledger_findings: Gauge,
    ledger_entries: Gauge,
    ledger_verified: Counter,
    clock_ahead_ms: Gauge,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            mos: Family::new_with_constructor(|| Histogram::new(MOS_BUCKETS)),
            verdicts: Family::default(),
            silent: Family::default(),
            unknown_line: Counter::default(),
            repeated_connects: Counter::default(),
            lines_unusable: Family::default(),
            hook: Family::default(),
            ledger_findings: Gauge::default(),
            ledger_entries: Gauge::default(),
            ledger_verified: Counter::default(),
            clock_ahead_ms: Gauge::default(),
        }
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let own = self.clone();
        registry.register(
            "leg_mos",
            "Mean opinion score (E-model) of the legs of ended calls, their worse way",
            own.mos,
        );
        registry.register(
            "call_verdicts",
            "Ended calls by how they sounded and whose network spoilt them",
            own.verdicts,
        );
        registry.register(
            "silent_calls",
            "Accepted calls on which nothing was heard within 5 s, by cause",
            own.silent,
        );
        registry.register(
            "unknown_line_events",
            "Webhook events of lines that no workspace has; they were dropped",
            own.unknown_line,
        );
        registry.register(
            "repeated_connects",
            "Connects of calls that were known already, ended ones among them; they were ignored",
            own.repeated_connects,
        );
        registry.register(
            "lines_unusable",
            "Lines whose calls are turned away: Meta does not answer, or does not take the token",
            own.lines_unusable,
        );
        registry.register(
            "hook_before_ringing",
            "Questions before ringing, by outcome: ring, reject, or why the call rang as configured",
            own.hook,
        );
        registry.register(
            "ledger_findings",
            "Accounts, transactions and holds that did not add up at the last check; must be 0",
            own.ledger_findings,
        );
        registry.register(
            "ledger_entries",
            "Money lines that the last check of the ledger read",
            own.ledger_entries,
        );
        registry.register(
            "ledger_verifications",
            "Checks of the whole ledger; must go on growing",
            own.ledger_verified,
        );
        registry.register(
            "clock_ahead_ms",
            "Meta's clock less this machine's, in milliseconds; beyond 2000 either way check NTP",
            own.clock_ahead_ms,
        );
    }

    /// Meta's clock less ours, as its answers tell.
    pub(crate) fn clock_ahead(&self, millis: i64) {
        self.clock_ahead_ms.set(millis);
    }

    /// The whole ledger was checked.
    pub(crate) fn ledger_verified(&self, findings: usize, entries: u64) {
        self.ledger_findings.set(i64::try_from(findings).unwrap_or(i64::MAX));
        self.ledger_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.ledger_verified.inc();
    }

    /// The hook was asked before a call rang.
    pub(crate) fn hook(&self, outcome: &'static str) {
        self.hook.get_or_create(&Outcome { outcome }).inc();
    }

    /// A call ended.
    pub(crate) fn judged(&self, quality: &CallQuality) {
        let network = quality.network.map_or("none", model::Network::as_str);
        let judged = Judged { verdict: quality.verdict.as_str(), network };
        self.verdicts.get_or_create(&judged).inc();
        for (leg, quality) in [("whatsapp", quality.caller), ("agent", quality.agent)] {
            if let Some(LegQuality { mos_milli, .. }) = quality {
                let mos = f64::from(mos_milli) / 1_000.0;
                self.mos.get_or_create(&Leg { leg }).observe(mos);
            }
        }
    }

    /// An event of a line that is nobody's was dropped.
    pub(crate) fn unknown_line(&self) {
        self.unknown_line.inc();
    }

    /// A connect came again.
    pub(crate) fn repeated_connect(&self) {
        self.repeated_connects.inc();
    }

    /// A line became unusable, or usable again.
    pub(crate) fn line_unusable(&self, cause: &'static str, is: bool) {
        let gauge = self.lines_unusable.get_or_create(&Why { cause });
        if is {
            gauge.inc()
        } else {
            gauge.dec()
        };
    }

    /// A call is silent.
    pub(crate) fn silent(&self, cause: SilentCause) {
        self.silent.get_or_create(&Why { cause: cause.as_str() }).inc();
    }
}
