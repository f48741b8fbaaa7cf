//! Calls whose task died: left behind by a crash of the daemon, or by a panic in one call.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::Pulses;
use model::{
    AgentId, CallId, Cause, Direction, Disposition, EndReason, Micros, RecordingId, Timestamp,
};
use recording::Recovered;
use store::{Cdr, StoreError, UnfinishedCall};
use wire::agent::{RingEnd, ServerEvent};
use wire::rest::{CallState, TimelineEvent};

use crate::arrival::Remains;
use crate::closing::{millis, missed_reason};
use crate::exchange::Exchange;
use crate::meta::{HANG_UP_KEPT_FOR, HangUp};
use crate::settling::{ATTEMPTS_AT_START, NotSettled};
use crate::switchboard::Inner;

/// What shows how long a call went on after its last journalled event.
#[derive(Clone, Copy, Debug, Default)]
struct Proof {
    /// It was still live then.
    live_at: Option<Timestamp>,
    recording: Option<RecordingId>,
}

/// What the journal tells about a call nobody can ask any more.
#[derive(Debug, Default)]
struct Story {
    /// Who talked with the caller.
    talker: Option<AgentId>,
    /// From arrival to the last claim, in milliseconds.
    claimed_after_ms: Option<i64>,
}

impl Exchange {
    /// Ends every call that an earlier run left behind: at Meta, in the ledger up to the last
    /// proven moment, and with a CDR. Lists the recordings that the recorder repaired at its
    /// start. Returns how many calls there were.
    ///
    /// # Errors
    /// When the database cannot list them.
    pub async fn recover(&self, recovered: &[Recovered]) -> Result<usize, StoreError> {
        let Some(any) = self.all().next() else { return Ok(0) };
        for recording in recovered {
            any.inner.list_recording(&recording.manifest).await;
        }
        let left = any.inner.doors.store.unfinished_calls().await?;
        let count = left.len();
        for call in left {
            let Some(house) = self.of(&call.workspace) else {
                tracing::error!(call = %call.id, workspace = %call.workspace, "a call of a \
                    workspace that is not configured any more stays unfinished; configure the \
                    workspace and start once to close its books");
                continue;
            };
            let proof = proof_in(recovered, call.id);
            house.inner.close_left_behind(call, Cause::Restarted, proof).await;
        }
        self.see_to_kept_hang_ups().await?;
        Ok(count)
    }

    /// Tells Meta of the ends that an earlier run could not tell it.
    async fn see_to_kept_hang_ups(&self) -> Result<(), StoreError> {
        let Some(any) = self.all().next() else { return Ok(()) };
        let kept_ms = i64::try_from(HANG_UP_KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let after = Timestamp::now().plus_millis(-kept_ms);
        for kept in any.inner.doors.store.kept_hang_ups(after).await? {
            let Some(house) = self.of(&kept.workspace) else { continue };
            let inner = house.inner.clone();
            let hang_up = HangUp { call: kept.call, line: kept.line, wacid: kept.wacid };
            house.inner.tasks.spawn(async move { inner.see_to_the_end(&hang_up, true).await });
        }
        Ok(())
    }
}

/// A recording proves that its call was live until its end.
fn proof_in(recovered: &[Recovered], call: CallId) -> Proof {
    let of_call = recovered.iter().map(|one| &one.manifest).filter(|one| one.call == call);
    let last = of_call.max_by_key(|manifest| manifest.started_at.as_millis());
    Proof {
        live_at: last.map(|manifest| {
            let duration_ms = i64::try_from(manifest.duration_ms).unwrap_or(0);
            manifest.started_at.plus_millis(duration_ms)
        }),
        recording: last.map(|manifest| manifest.id),
    }
}

impl Story {
    fn of(timeline: &[TimelineEvent]) -> Self {
        let last = |name: &str| timeline.iter().rev().find(|event| event.event == name);
        let talker = last("bridged").and_then(|event| event.detail.get("agent"));
        Self {
            talker: talker.and_then(|agent| serde_json::from_value(agent.clone()).ok()),
            claimed_after_ms: last("claim_won").map(|event| event.offset_ms),
        }
    }
}

impl Inner {
    async fn close_left_behind(self: &Arc<Self>, left: UnfinishedCall, cause: Cause, proof: Proof) {
        self.end_at_meta(&left);
        let story = match self.doors.store.call(&left.workspace, left.id).await {
            Ok(detail) => detail.map(|detail| Story::of(&detail.timeline)).unwrap_or_default(),
            Err(error) => {
                tracing::error!(call = %left.id, %error, "the journal of a call cannot be read");
                Story::default()
            }
        };
        let ended_at = match proof.live_at {
            Some(live_at) if live_at.millis_since(left.last_event_at) > 0 => live_at,
            Some(_) | None => left.last_event_at,
        };
        let duration_ms = left.accepted_at.map_or(0, |from| ended_at.millis_since(from).max(0));
        let duration = Duration::from_millis(u64::try_from(duration_ms).unwrap_or(0));
        let talked = story.talker.is_some();
        let reason = EndReason::of(cause, talked);
        let counts = talked || left.direction == Direction::BusinessInitiated;
        let pulses = Pulses::from_talked(duration);
        // Money that was reserved is settled; who talked for nothing is counted all the same.
        let charge = self.finish(left.id, pulses, None, (ended_at, ATTEMPTS_AT_START)).await;
        let settlement = match charge {
            Ok(None) if counts => self.settle(left.id, duration, ended_at),
            Ok(None | Some(_)) | Err(NotSettled) => None,
        };
        let ring_ms = ended_at.millis_since(left.arrived_at);
        let mut cdr = Cdr {
            call: left.id,
            ended_at,
            disposition: Disposition::of(reason, talked),
            end: reason,
            missed: missed_reason(left.direction, reason, talked),
            claimed_by: story.talker,
            ring_ms: story.claimed_after_ms.unwrap_or(ring_ms),
            claim_to_audio_ms: None,
            duration_ms: millis(duration),
            talked_s: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            pulses: settlement.as_ref().map_or(0, |settled| settled.pulses.get()),
            billed: settlement.as_ref().map_or(Micros::ZERO, |settled| settled.amount),
            recording: proof.recording,
            meta_duration_s: None,
            // It was with the task that died.
            quality: None,
            volume_tier: None,
            clock_jump_ms: 0,
        };
        cdr.charge(charge.ok().flatten());
        tracing::info!(call = %left.id, line = %left.line, ?cause, duration_ms = cdr.duration_ms, "call ended");
        let transactions = settlement.map(|settled| settled.transaction).into_iter().collect();
        self.books.close_call(cdr, transactions).await;
    }

    /// It may be over at Meta already; then this is refused and that is fine.
    fn end_at_meta(self: &Arc<Self>, left: &UnfinishedCall) {
        // Should Meta have placed a call that it never named, its webhooks bring that to an end.
        let Some(wacid) = left.wacid.clone() else { return };
        let inner = self.clone();
        let hang_up = HangUp { call: left.id, line: left.line.clone(), wacid };
        let never_accepted = match left.state {
            CallState::Offered | CallState::Ringing => left.accepted_at.is_none(),
            CallState::Queued
            | CallState::Dialling
            | CallState::Accepting
            | CallState::Bridged
            | CallState::Reconnecting
            | CallState::Ending
            | CallState::Ended => false,
        };
        let may_reject = never_accepted && left.direction == Direction::UserInitiated;
        if !may_reject {
            self.books.keep_hang_up(left.id);
        }
        self.tasks.spawn(async move {
            if may_reject {
                // Unheard, it rings out at Meta.
                let _ = inner.doors.graph.reject(&hang_up.line, &hang_up.wacid).await;
            } else {
                inner.see_to_the_end(&hang_up, true).await;
            }
        });
    }

    /// A call's task panicked: its agent is freed, its rings stop, its recording is finished, Meta
    /// is told, the books close.
    pub(crate) async fn bury_the_fault(self: &Arc<Self>, id: CallId, remains: &Remains) {
        tracing::error!(call = %id, "a fault inside Ringdown ended this call; please report it");
        let (died, died_at) = (Instant::now(), Timestamp::now());
        self.calls.remove(id);
        self.placed.forget(id);
        self.call_not_live(id);
        self.leave_queue(id);
        let remnants = self.board.lock().remove_call(id);
        for (device, leg) in remnants.supervisors {
            if let Some(leg) = leg {
                self.doors.plane.unsupervise(leg).await;
            }
            let why = wire::agent::SupervisionEnd::CallEnded;
            self.tell(device, ServerEvent::SupervisionEnd { call: id, why });
        }
        for leg in remnants.legs {
            self.doors.plane.close(leg).await;
        }
        for leg in remnants.talking.iter().filter_map(|(_, leg)| *leg) {
            self.quieten(leg).await;
        }
        for device in remnants.rung {
            let why = RingEnd::CallEnded;
            self.tell(device, ServerEvent::RingEnd { call: id, why, winner: None });
        }
        let reason = EndReason::of(Cause::InternalFault, false);
        for (device, _) in remnants.talking {
            self.tell(device, ServerEvent::CallEnd { call: id, reason, talked_ms: 0 });
        }
        for agent in &remnants.agents {
            self.became_free(agent);
        }
        if let Some(recording) = remnants.recording {
            self.finish_recording(recording, id, died).await;
        }
        let proof = Proof { live_at: Some(died_at), recording: remnants.recording };
        match self.doors.store.unfinished_calls().await {
            Ok(left) => {
                if let Some(call) = left.into_iter().find(|call| call.id == id) {
                    self.close_left_behind(call, Cause::InternalFault, proof).await;
                }
            }
            Err(error) => {
                tracing::error!(call = %id, %error, "its CDR waits for the next start");
                if let Some(wacid) = &remains.wacid {
                    let _ = self.doors.graph.terminate(&remains.line, wacid).await;
                }
            }
        }
    }
}
