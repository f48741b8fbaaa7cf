//! Money that is reserved for a running call: how much a slice takes, and what becomes of it.

use model::{CallId, Currency, Micros, Timestamp, TransactionId, WorkspaceId};

use crate::{
    Account, Charge, Draft, Entry, LedgerError, Pulses, Rate, Transaction, TransactionKind, cost,
};

/// How large a slice the balance allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GrantSize {
    /// The whole slice, and at least another one is left after it.
    Full(Pulses),
    /// All that can be paid: less than two slices, so that the end is known well before it comes.
    Last(Pulses),
    /// Not one pulse can be paid.
    Refused,
}

/// Sizes a grant. The last one takes in what would be too little for a slice of its own.
///
/// # Errors
/// [`LedgerError::Money`] when the price of two slices does not fit in 64 bits.
pub fn size_grant(available: Micros, rate: Rate, slice: Pulses) -> Result<GrantSize, LedgerError> {
    let two = cost(rate, slice)?.times(2)?;
    let per_pulse = rate.per_pulse().get();
    if available >= two {
        return Ok(GrantSize::Full(slice));
    }
    if per_pulse == 0 || available.get() < per_pulse {
        return Ok(GrantSize::Refused);
    }
    let pulses = u64::try_from(available.get() / per_pulse).unwrap_or(0);
    Ok(GrantSize::Last(Pulses::of(pulses)))
}

/// Reserves a slice, keyed `grant:<call>:<slice>` so that each is reserved once.
///
/// # Errors
/// [`LedgerError::IdempotencyKey`] never in practice: the key is ours.
pub fn grant(
    workspace: &WorkspaceId,
    call: CallId,
    slice: u32,
    amount: Micros,
    currency: Currency,
    at: Timestamp,
    id: TransactionId,
) -> Result<Transaction, LedgerError> {
    Transaction::new(Draft {
        id,
        kind: TransactionKind::Grant,
        at,
        currency,
        entries: vec![
            Entry::new(Account::Prepaid(workspace.clone()), amount.negated()),
            Entry::new(Account::Hold(call), amount),
        ],
        call: Some(call),
        memo: format!("slice {slice}"),
        idempotency_key: format!("grant:{call}:{slice}"),
    })
}

/// A call whose hold is to be dissolved.
#[derive(Clone, Copy, Debug)]
pub struct Finish<'a> {
    /// Who pays.
    pub workspace: &'a WorkspaceId,
    /// The call.
    pub call: CallId,
    /// The currency of the workspace.
    pub currency: Currency,
    /// What the hold has.
    pub held: Micros,
    /// What the call came to.
    pub charge: Charge,
    /// When.
    pub at: Timestamp,
}

/// Dissolves a hold: the charge goes to revenue, the rest back to the balance. `ids` names the two
/// movements, keyed `settle:<call>` and `release:<call>`. A call that came to nothing is settled
/// with lines of zero, so that finance sees it was metered.
///
/// # Errors
/// [`LedgerError::MoreThanHeld`].
pub fn finish(
    finish: Finish<'_>,
    ids: [TransactionId; 2],
) -> Result<Vec<Transaction>, LedgerError> {
    let Finish { workspace, call, currency, held, charge, at } = finish;
    if charge.amount > held {
        return Err(LedgerError::MoreThanHeld { amount: charge.amount, held });
    }
    let draft = |id, kind, to, amount: Micros, memo| Draft {
        id,
        kind,
        at,
        currency,
        entries: vec![Entry::new(Account::Hold(call), amount.negated()), Entry::new(to, amount)],
        call: Some(call),
        memo,
        idempotency_key: format!("{kind}:{call}"),
    };
    let rest = held.plus(charge.amount.negated())?;
    let memo = format!("{} pulses in volume tier {}", charge.pulses, charge.tier);
    let revenue = Account::Revenue(workspace.clone());
    let settled = draft(ids[0], TransactionKind::Settle, revenue, charge.amount, memo);
    let mut all = vec![Transaction::new(settled)?];
    if rest > Micros::ZERO {
        let prepaid = Account::Prepaid(workspace.clone());
        let back = "not used".to_owned();
        all.push(Transaction::new(draft(ids[1], TransactionKind::Release, prepaid, rest, back))?);
    }
    Ok(all)
}
