//! Why a movement of money is refused.

use model::{Micros, MoneyError};

/// Why a transaction, a rate or an account name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The entries do not cancel out.
    #[error(
        "the entries of a transaction must sum to 0, these sum to {sum} micros; \
         add the entry that is missing"
    )]
    Unbalanced {
        /// What they sum to, in micros.
        sum: i128,
    },
    /// One entry, or none, cannot move money between accounts.
    #[error("a transaction needs at least 2 entries, this one has {count}")]
    TooFewEntries {
        /// How many there are.
        count: usize,
    },
    /// Nothing would protect this transaction from being posted twice.
    #[error("a transaction needs an idempotency key of 1 to {max} bytes; choose one per movement")]
    IdempotencyKey {
        /// The longest accepted key, in bytes.
        max: usize,
    },
    /// A top-up that adds nothing or takes away.
    #[error("a top-up must be more than 0, this one is {amount:?}; use an adjustment to take away")]
    TopUpNotPositive {
        /// What was asked for.
        amount: Micros,
    },
    /// An adjustment that moves nothing, or the one amount that has no opposite.
    #[error("an adjustment must move money; give an amount above or below 0")]
    AdjustmentOfNothing,
    /// A rate below zero.
    #[error(
        "a rate must not be negative, this one is {per_minute:?} per minute; mend the rate card"
    )]
    NegativeRate {
        /// What the card said.
        per_minute: Micros,
    },
    /// A text that names no account.
    #[error(
        "`{text}` names no account; expected prepaid:<workspace>, revenue:<workspace>, \
         external:<workspace> or hold:<call>"
    )]
    Account {
        /// The text.
        text: String,
    },
    /// A text that names no kind of transaction.
    #[error(
        "`{text}` is no kind of transaction; expected top_up, grant, settle, release, \
         adjustment or refund"
    )]
    Kind {
        /// The text.
        text: String,
    },
    /// A text that names no time zone.
    #[error("`{name}` is no time zone; expected a name of the IANA database such as Asia/Kolkata")]
    Zone {
        /// The text.
        name: String,
    },
    /// A text that is no day.
    #[error("`{text}` is no day; expected a date such as 2026-10-01")]
    Day {
        /// The text.
        text: String,
    },
    /// A text that is no month.
    #[error("`{text}` is no month; expected one such as 2026-11")]
    Month {
        /// The text.
        text: String,
    },
    /// A call that would be charged more than was reserved for it.
    #[error("the call came to {amount:?}, but only {held:?} is reserved for it")]
    MoreThanHeld {
        /// The charge.
        amount: Micros,
        /// What the hold has.
        held: Micros,
    },
    /// A price that does not fit in 64 bits.
    #[error("the price of the call cannot be computed: {0}; check the rate card")]
    Money(#[from] MoneyError),
}
