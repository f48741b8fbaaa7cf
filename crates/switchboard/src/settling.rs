//! The end of a call in the ledger: what was reserved is settled or released, whatever happens.

use std::time::Duration;

use ledger::{Charge, Month, Pulses, Transaction};
use model::{CallId, Disposition, Timestamp};
use store::{FinishAsk, Finished, ItemKind, NewItem, StoreError};

use crate::switchboard::Inner;

/// Pauses between attempts while the ledger does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Attempts at the end of a call: an hour. The hold of a call that is not settled then is dissolved
/// by whoever looks for expired ones, up to what is proven.
pub(crate) const ATTEMPTS_MAX: u32 = 7_200;
/// Attempts while the daemon starts: ten seconds, because everybody waits for it.
pub(crate) const ATTEMPTS_AT_START: u32 = 20;
/// How far Meta's count of talked seconds may be from ours.
const DIFFERENCE_MAX_MS: i64 = 2_000;

/// The call could not be settled; its hold stays until it expires.
#[derive(Debug)]
pub(crate) struct NotSettled;

impl Inner {
    /// Settles a metered call; `None` when nothing was reserved for it.
    pub(crate) async fn finish(
        &self,
        call: CallId,
        pulses: Pulses,
        month: Option<Month>,
        (at, attempts): (Timestamp, u32),
    ) -> Result<Option<Charge>, NotSettled> {
        let ask = FinishAsk { call, pulses, month, at };
        let finished = self.insist(call, attempts, || self.doors.store.finish(ask)).await?;
        let (charge, kind) = match finished {
            Finished::Now { charge, .. } => (charge, ItemKind::Unbilled),
            Finished::Before(charge) => (charge, ItemKind::LateProof),
            Finished::NothingHeld => return Ok(None),
        };
        if pulses > charge.pulses {
            self.differs(kind, call, charge.pulses.get().into(), pulses.get().into());
        }
        Ok(Some(charge))
    }

    /// Moves the money of a call that reserved none, where the money is not with the CDR; returns
    /// what is still to be moved together with the CDR.
    pub(crate) async fn pay(
        &self,
        call: CallId,
        transactions: Vec<Transaction>,
    ) -> Vec<Transaction> {
        if !self.doors.store.keeps_money_elsewhere() {
            return transactions;
        }
        for transaction in &transactions {
            let post = || self.doors.store.post(transaction);
            // Its CDR is written all the same.
            let _ = self.insist(call, ATTEMPTS_MAX, post).await;
        }
        Vec::new()
    }

    /// Tries again while the ledger does not answer.
    async fn insist<T, F: Future<Output = Result<T, StoreError>>>(
        &self,
        call: CallId,
        attempts: u32,
        ask: impl Fn() -> F,
    ) -> Result<T, NotSettled> {
        for attempt in 1..=attempts {
            match ask().await {
                Ok(done) => return Ok(done),
                Err(error @ (StoreError::Database { .. } | StoreError::Contended { .. })) => {
                    if attempt == 1 || attempt % 120 == 0 {
                        tracing::error!(%call, %error, attempt, "a call cannot be settled; trying again");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    tracing::error!(%call, %error, "a call cannot be settled");
                    return Err(NotSettled);
                }
            }
        }
        Err(NotSettled)
    }

    /// Compares Meta's count of a call's talked seconds with ours.
    pub(crate) fn compare_duration(&self, call: CallId, ours_ms: i64, theirs_s: u32) {
        let theirs_ms = i64::from(theirs_s) * 1_000;
        if ours_ms.abs_diff(theirs_ms) > DIFFERENCE_MAX_MS.unsigned_abs() {
            self.differs(ItemKind::Duration, call, (ours_ms + 500) / 1_000, theirs_s.into());
        }
    }

    /// As [`Inner::compare_duration`], for a call whose books are closed.
    pub(crate) async fn compare_closed(&self, call: CallId, theirs_s: u32) {
        let known = self.doors.store.call(&self.house.workspace.id, call).await;
        let Ok(Some(known)) = known else { return };
        let talked = known.summary.disposition == Some(Disposition::Answered);
        if let Some(ours_ms) = known.summary.duration_ms.filter(|_| talked) {
            self.compare_duration(call, ours_ms, theirs_s);
        }
    }

    /// Notes a difference; nothing waits for it.
    fn differs(&self, kind: ItemKind, call: CallId, ours: i64, theirs: i64) {
        let workspace = self.house.workspace.id.clone();
        tracing::warn!(%call, kind = kind.as_str(), ours, theirs, "our figure is not Meta's");
        let item = NewItem {
            workspace,
            kind,
            subject: call.to_string(),
            ours,
            theirs,
            at: Timestamp::now(),
        };
        let store = self.doors.store.clone();
        self.tasks.spawn(async move {
            if let Err(error) = store.note_difference(&item).await {
                tracing::error!(subject = item.subject, %error, "a difference to Meta was not noted");
            }
        });
    }
}
