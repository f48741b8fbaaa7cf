//! The end of a call in the ledger: what was reserved is settled or released, whatever happens.

use std::time::Duration;

use ledger::{Charge, Month, Pulses};
use model::{CallId, Disposition, Timestamp};
use store::{FinishAsk, Finished, ItemKind, NewItem, StoreError};

use crate::switchboard::Inner;

/// Pauses between attempts while the ledger does not answer.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// Attempts: an hour. The hold of a call that is not settled then is dissolved by whoever looks
/// for expired ones, up to what is proven.
const ATTEMPTS_MAX: u32 = 7_200;
/// How far Meta's count of talked seconds may be from ours.
const DIFFERENCE_MAX_MS: i64 = 2_000;

impl Inner {
    /// Settles a metered call; `None` when nothing was reserved for it.
    pub(crate) async fn finish(
        &self,
        call: CallId,
        pulses: Pulses,
        month: Option<Month>,
        at: Timestamp,
    ) -> Option<Charge> {
        let ask = FinishAsk { call, pulses, month, at };
        for attempt in 1..=ATTEMPTS_MAX {
            match self.doors.store.finish(ask).await {
                Ok(Finished::Now { charge, beyond }) => {
                    if beyond > Pulses::default() {
                        let (ours, theirs) = (charge.pulses, pulses);
                        self.differs(
                            ItemKind::Unbilled,
                            call,
                            ours.get().into(),
                            theirs.get().into(),
                        );
                    }
                    return Some(charge);
                }
                Ok(Finished::Before(charge)) => {
                    if pulses > charge.pulses {
                        let (ours, theirs) = (charge.pulses.get(), pulses.get());
                        self.differs(ItemKind::LateProof, call, ours.into(), theirs.into());
                    }
                    return Some(charge);
                }
                Ok(Finished::NothingHeld) => return None,
                Err(error @ (StoreError::Database { .. } | StoreError::Contended { .. })) => {
                    if attempt == 1 || attempt % 120 == 0 {
                        tracing::error!(%call, %error, attempt, "a call cannot be settled; trying again");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    tracing::error!(%call, %error, "a call cannot be settled; its hold stays until it expires");
                    return None;
                }
            }
        }
        None
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
