//! Calls whose task died: left behind by a crash of the daemon, or by a panic in one call.

use std::time::Duration;

use model::{CallId, Cause, Disposition, EndReason, Micros, MissedReason, Timestamp};
use store::{Cdr, StoreError, UnfinishedCall};
use wire::agent::ServerEvent;

use crate::arrival::Remains;
use crate::closing::millis;
use crate::switchboard::{Inner, Switchboard};

impl Switchboard {
    /// Ends every call that an earlier run left behind: at Meta, in the ledger up to the last
    /// proven moment, and with a CDR. Returns how many there were.
    ///
    /// # Errors
    /// When the database cannot list them.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let left = self.inner.doors.store.unfinished_calls().await?;
        let count = left.len();
        for call in left {
            self.inner.close_left_behind(call, Cause::Restarted).await;
        }
        Ok(count)
    }

    /// Lists recordings that the recorder repaired at its start.
    pub async fn list_recovered(&self, recovered: &[recording::Recovered]) {
        for recording in recovered {
            self.inner.list_recording(&recording.manifest).await;
        }
    }
}

impl Inner {
    async fn close_left_behind(&self, left: UnfinishedCall, cause: Cause) {
        let (graph, line, wacid) =
            (self.doors.graph.clone(), left.line.clone(), left.wacid.clone());
        self.tasks.spawn(async move {
            // It may be over at Meta already; then this is refused and that is fine.
            let _ = graph.terminate(&line, &wacid).await;
        });
        let talked_ms =
            left.accepted_at.map_or(0, |from| left.last_event_at.millis_since(from).max(0));
        let talked = Duration::from_millis(u64::try_from(talked_ms).unwrap_or(0));
        let reason = EndReason::of(cause, !talked.is_zero());
        let settlement = self.settle(left.id, talked, Timestamp::now());
        let cdr = Cdr {
            call: left.id,
            ended_at: left.last_event_at,
            disposition: Disposition::of(reason, !talked.is_zero()),
            end: reason,
            missed: MissedReason::of(cause, !talked.is_zero()),
            claimed_by: None,
            ring_ms: left.accepted_at.unwrap_or(left.last_event_at).millis_since(left.arrived_at),
            claim_to_audio_ms: None,
            duration_ms: millis(talked),
            talked_s: i64::try_from(talked.as_secs()).unwrap_or(i64::MAX),
            pulses: settlement.as_ref().map_or(0, |settled| settled.pulses.get()),
            billed: settlement.as_ref().map_or(Micros::ZERO, |settled| settled.amount),
            recording: None,
            meta_duration_s: None,
        };
        tracing::info!(call = %left.id, line = %left.line, ?cause, duration_ms = cdr.duration_ms, "call ended");
        let transactions = settlement.map(|settled| settled.transaction).into_iter().collect();
        self.books.close_call(cdr, transactions).await;
    }

    /// A call's task panicked: its agent is freed, its rings stop, Meta is told, the books close.
    pub(crate) async fn bury_the_fault(&self, id: CallId, remains: &Remains) {
        tracing::error!(call = %id, "a fault inside Ringdown ended this call; please report it");
        self.calls.remove(id);
        let (rung, talking, legs) = {
            let mut board = self.board.lock();
            let rung = board.rings.remove(&id).map(|entry| entry.devices).unwrap_or_default();
            let talking: Vec<_> = board
                .active
                .iter()
                .filter(|(_, active)| active.call == id)
                .map(|(device, _)| *device)
                .collect();
            for device in &talking {
                board.active.remove(device);
            }
            let agents: Vec<_> =
                board.roster.agents().into_iter().filter(|a| a.on_call == Some(id)).collect();
            for agent in agents {
                board.roster.free(&agent.agent, id);
            }
            (rung, talking, board.remove_call_legs(id))
        };
        for leg in legs {
            self.doors.plane.close(leg).await;
        }
        let reason = EndReason::of(Cause::InternalFault, false);
        for device in rung {
            let why = wire::agent::RingEnd::CallEnded;
            self.tell(device, ServerEvent::RingEnd { call: id, why, winner: None });
        }
        for device in talking {
            self.tell(device, ServerEvent::CallEnd { call: id, reason, talked_ms: 0 });
        }
        match self.doors.store.unfinished_calls().await {
            Ok(left) => {
                if let Some(call) = left.into_iter().find(|call| call.id == id) {
                    self.close_left_behind(call, Cause::InternalFault).await;
                }
            }
            Err(error) => {
                tracing::error!(call = %id, %error, "its CDR waits for the next start");
                let _ = self.doors.graph.terminate(&remains.line, &remains.wacid).await;
            }
        }
    }
}
