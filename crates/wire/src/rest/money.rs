//! Money over REST: lines, corrections, price quotes, statements and differences to Meta.

use model::{Currency, Micros, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A correction by a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// What is added, in millionths of the currency's unit; negative to take away. It may lead
    /// below zero, and then no call starts and no running call gets more time.
    pub amount_micros: Micros,
    /// Repeating a key does nothing; the same key with another amount is refused.
    pub idempotency_key: String,
    /// Why, for the ledger. Never phone numbers.
    #[serde(default)]
    pub memo: String,
}

/// What a call would cost now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RateQuote {
    /// The market of the number, as Meta's rate cards call it; empty when the call is free.
    pub market: String,
    /// The currency.
    pub currency: Currency,
    /// The number of the rate card; 0 when the call is free.
    pub card: i64,
    /// Pulses settled for this market in this month so far.
    pub volume_pulses: u64,
    /// The volume tier the call would be priced in, from 1.
    pub tier: u32,
    /// Begun 6-second pulses.
    pub pulses: u32,
    /// What one pulse costs, markup included.
    pub per_pulse_micros: Micros,
    /// What the call would cost.
    pub amount_micros: Micros,
    /// The same for people, truncated.
    pub display: String,
}

/// A difference between our figures and Meta's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReconciliationItem {
    /// Its id.
    pub id: String,
    /// `call_duration`, `call_settled_short`, `call_beyond_grant`, `day_count`, `day_seconds`,
    /// `day_cost`.
    pub kind: String,
    /// The call, or `2026-11-27 business_initiated IN`.
    pub subject: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// Our figure.
    pub ours: i64,
    /// Meta's figure.
    pub theirs: i64,
    /// What the figures count: `seconds`, `pulses`, `calls`, `micros`.
    pub unit: String,
    /// When a person marked it as looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
}

/// What happened to a balance in a month. The opening balance and the lines sum to the closing one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Statement {
    /// The workspace's name.
    pub workspace: String,
    /// The month, `2026-11`.
    pub month: String,
    /// The time zone that the month is counted in.
    pub time_zone: String,
    /// The currency.
    pub currency: Currency,
    /// The balance when the month began.
    pub opening_micros: Micros,
    /// What each kind of transaction did.
    pub lines: Vec<StatementLine>,
    /// The balance when the month ended, or now.
    pub closing_micros: Micros,
}

/// One kind of transaction in a month.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StatementLine {
    /// `top_up`, `grant`, `settle`, `release`, `adjustment`, `refund`.
    pub kind: String,
    /// How many.
    pub entries: u64,
    /// What they sum to.
    pub sum_micros: Micros,
}
