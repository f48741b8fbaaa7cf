//! The values that go into the ledger and come out of it.

use std::time::Duration;

use ledger::{
    Charge, Day, LedgerError, Month, Pulses, Slice, Snapshot, Transaction, TransactionKind,
};
use model::{CallId, Currency, Micros, Timestamp, TransactionId, WorkspaceId};
use uuid::Uuid;

/// What became of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posted {
    /// The money moved now.
    New,
    /// The same movement was posted before under this idempotency key; nothing was changed.
    Duplicate,
}

/// What a check of the whole ledger found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LedgerReport {
    /// Money lines read.
    pub entries: u64,
    /// Accounts compared.
    pub accounts: u64,
    /// Accounts whose running total is not the sum of their entries, with both figures.
    pub mismatches: Vec<String>,
    /// Transactions whose entries do not sum to 0, with what they sum to.
    pub unbalanced: Vec<String>,
    /// Settled calls that still hold money.
    pub leaked: Vec<String>,
}

impl LedgerReport {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.findings() == 0
    }

    /// How many things were found.
    pub fn findings(&self) -> usize {
        self.mismatches.len() + self.unbalanced.len() + self.leaked.len()
    }
}

/// A balance that moved.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) workspace: WorkspaceId,
    pub(crate) after: Micros,
    pub(crate) by: Micros,
    pub(crate) at: Timestamp,
    pub(crate) kind: TransactionKind,
}

impl Moved {
    pub(crate) fn before(&self) -> Micros {
        Micros::new(self.after.get().saturating_sub(self.by.get()))
    }

    /// Reserving happens every minute of every call.
    pub(crate) const fn is_routine(&self) -> bool {
        matches!(self.kind, TransactionKind::Grant)
    }
}

/// A question for one slice of paid time.
#[derive(Clone, Debug)]
pub struct GrantAsk {
    /// Who pays.
    pub workspace: WorkspaceId,
    /// The workspace's currency.
    pub currency: Currency,
    /// The call.
    pub call: CallId,
    /// The number of the slice, from 0.
    pub slice: u32,
    /// How long a full slice is.
    pub pulses: Pulses,
    /// The prices of this slice.
    pub snapshot: Snapshot,
    /// The month whose volume counts.
    pub month: Month,
    /// How long the call was talked so far: what can be proven should it vanish.
    pub talked: Duration,
    /// The time that earlier slices still pay for, ringing included before the answer.
    pub left: Duration,
    /// When.
    pub at: Timestamp,
}

impl GrantAsk {
    pub(crate) fn valid_until(&self, pulses: Pulses) -> Timestamp {
        let millis = (self.left + pulses.time()).as_millis();
        self.at.plus_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    pub(crate) fn transaction(&self, amount: Micros) -> Result<Transaction, LedgerError> {
        let id = transaction_id();
        let Self { workspace, call, slice, currency, at, .. } = self;
        ledger::grant(workspace, *call, *slice, amount, *currency, *at, id)
    }
}

/// What the ledger says to a [`GrantAsk`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Granted {
    /// This is reserved.
    Slice(Slice),
    /// The balance does not cover a pulse.
    Refused,
    /// The call is settled already.
    Closed,
}

/// A call that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FinishAsk {
    /// The call.
    pub call: CallId,
    /// The talked pulses.
    pub pulses: Pulses,
    /// The month it was answered in; that of its last grant when it is not known.
    pub month: Option<Month>,
    /// When.
    pub at: Timestamp,
}

/// What the end of a call came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finished {
    /// It is settled now.
    Now {
        /// The charge.
        charge: Charge,
        /// Pulses that were talked beyond every grant; nobody pays for them.
        beyond: Pulses,
    },
    /// It was settled before, at this charge.
    Before(Charge),
    /// Nothing was ever reserved for it.
    NothingHeld,
}

/// A hold whose call is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExpiredHold {
    /// The call.
    pub call: CallId,
    /// Who pays.
    pub workspace: WorkspaceId,
    /// How long it was certainly talked.
    pub proven: Duration,
}

/// What one kind of transaction did to a balance over a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KindSum {
    /// The kind.
    pub kind: TransactionKind,
    /// How many lines.
    pub entries: u64,
    /// What they sum to.
    pub sum: Micros,
}

/// A rate card as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CardRow {
    /// Its number; a later import has a larger one.
    pub number: i64,
    /// The first day it holds.
    pub effective: Day,
    /// When it was imported.
    pub imported_at: Timestamp,
    /// The name of the file it came from.
    pub source: String,
    /// The file, word for word.
    pub body: String,
}

/// What kind of difference there is between us and Meta.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ItemKind {
    /// A call's talked seconds.
    Duration,
    /// A call was talked longer than it was settled for, and the proof came late.
    LateProof,
    /// A call was talked beyond its grants.
    Unbilled,
    /// A day's number of calls.
    Count,
    /// A day's talked seconds.
    Seconds,
    /// A day's cost.
    Cost,
}

impl ItemKind {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duration => "call_duration",
            Self::LateProof => "call_settled_short",
            Self::Unbilled => "call_beyond_grant",
            Self::Count => "day_count",
            Self::Seconds => "day_seconds",
            Self::Cost => "day_cost",
        }
    }

    /// What its figures count.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Duration | Self::Seconds => "seconds",
            Self::LateProof | Self::Unbilled => "pulses",
            Self::Count => "calls",
            Self::Cost => "micros",
        }
    }
}

/// A difference that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewItem {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of what kind.
    pub kind: ItemKind,
    /// The call, or the day, direction and country.
    pub subject: String,
    /// Our figure.
    pub ours: i64,
    /// Meta's.
    pub theirs: i64,
    /// When it was found.
    pub at: Timestamp,
}

/// A new id for a movement of money.
pub(crate) fn transaction_id() -> TransactionId {
    TransactionId::from_uuid(Uuid::now_v7())
}
