//! Balanced groups of entries. One that does not balance cannot be made.

use std::fmt;
use std::str::FromStr;

use model::{CallId, Currency, Micros, Timestamp, TransactionId};

use crate::{Account, LedgerError};

/// Longest accepted idempotency key: room for a caller's own key behind our prefix and a
/// workspace id, both of which are bounded too.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 2_048;

/// Why money moves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TransactionKind {
    /// Money comes in from outside.
    TopUp,
    /// A slice of paid time is reserved for a call.
    Grant,
    /// A call is paid.
    Settle,
    /// What a call did not use goes back.
    Release,
    /// A person corrects something.
    Adjustment,
    /// Money already earned goes back.
    Refund,
}

impl TransactionKind {
    /// The kind as it is stored and shown: `top_up`, `grant`, `settle`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Grant => "grant",
            Self::Settle => "settle",
            Self::Release => "release",
            Self::Adjustment => "adjustment",
            Self::Refund => "refund",
        }
    }
}

impl fmt::Display for TransactionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TransactionKind {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        match text {
            "top_up" => Ok(Self::TopUp),
            "grant" => Ok(Self::Grant),
            "settle" => Ok(Self::Settle),
            "release" => Ok(Self::Release),
            "adjustment" => Ok(Self::Adjustment),
            "refund" => Ok(Self::Refund),
            _ => Err(LedgerError::Kind { text: text.to_owned() }),
        }
    }
}

/// One money line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The account it changes.
    pub account: Account,
    /// What is added to the account; negative when taken from it.
    pub amount: Micros,
}

impl Entry {
    /// A line that adds `amount` to `account`.
    pub const fn new(account: Account, amount: Micros) -> Self {
        Self { account, amount }
    }
}

/// A transaction before it has been checked; see [`Transaction::new`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Draft {
    /// Its id.
    pub id: TransactionId,
    /// Why money moves.
    pub kind: TransactionKind,
    /// When.
    pub at: Timestamp,
    /// The currency of every entry.
    pub currency: Currency,
    /// The lines.
    pub entries: Vec<Entry>,
    /// The call it belongs to, if any.
    pub call: Option<CallId>,
    /// Details for people. Never phone numbers.
    pub memo: String,
    /// Posting twice with the same key moves money once.
    pub idempotency_key: String,
}

/// A group of at least two entries that sum to exactly zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction(Draft);

impl Transaction {
    /// Checks a draft.
    ///
    /// # Errors
    /// [`LedgerError::TooFewEntries`], [`LedgerError::Unbalanced`] or
    /// [`LedgerError::IdempotencyKey`].
    pub fn new(draft: Draft) -> Result<Self, LedgerError> {
        let count = draft.entries.len();
        if count < 2 {
            return Err(LedgerError::TooFewEntries { count });
        }
        let sum: i128 = draft.entries.iter().map(|entry| i128::from(entry.amount.get())).sum();
        if sum != 0 {
            return Err(LedgerError::Unbalanced { sum });
        }
        if !(1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&draft.idempotency_key.len()) {
            return Err(LedgerError::IdempotencyKey { max: IDEMPOTENCY_KEY_BYTES_MAX });
        }
        Ok(Self(draft))
    }

    /// Its id.
    pub const fn id(&self) -> TransactionId {
        self.0.id
    }

    /// Why money moves.
    pub const fn kind(&self) -> TransactionKind {
        self.0.kind
    }

    /// When.
    pub const fn at(&self) -> Timestamp {
        self.0.at
    }

    /// The currency of every entry.
    pub const fn currency(&self) -> Currency {
        self.0.currency
    }

    /// The lines, two or more, summing to zero.
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// The call it belongs to, if any.
    pub const fn call(&self) -> Option<CallId> {
        self.0.call
    }

    /// Details for people.
    pub fn memo(&self) -> &str {
        &self.0.memo
    }

    /// Posting twice with the same key moves money once.
    pub fn idempotency_key(&self) -> &str {
        &self.0.idempotency_key
    }
}
