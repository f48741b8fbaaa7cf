//! The end of a call: CDR, money, one log line, and the news of it.

use std::time::Instant;

use ledger::{Rate, Settlement};
use model::{
    CallId, Direction, Disposition, EndReason, LegQuality, LineId, Micros, MissedReason, Network,
    Timestamp, TransactionId,
};
use store::Cdr;
use uuid::Uuid;
use wire::MissedCall;

use crate::owner::Owner;
use crate::settling::ATTEMPTS_MAX;
use crate::switchboard::Inner;

/// What inbound calls cost per minute: nothing, since 2025-05-01. Metered all the same.
const INBOUND_RATE: Micros = Micros::ZERO;

impl Owner {
    pub(crate) fn close_books(&mut self, reason: EndReason) {
        let now = Instant::now();
        let ended = self.call.ended_at().unwrap_or(now);
        let ring_ended = self.ring_ended.unwrap_or(ended);
        let duration = self.call.duration(now);
        let talked = self.call.was_bridged();
        let ended_at = Timestamp::now().plus_millis(-millis(now.saturating_duration_since(ended)));
        let till = self.till.take();
        let metered = till.map(|till| (till.pulses(duration, ended), till.month()));
        // A call that we place is paid for from the moment the contact picked up.
        let counts = talked || self.placed.is_some();
        let settlement = match metered {
            None if counts => self.inner.settle(self.id, duration, ended_at),
            None | Some(_) => None,
        };
        let cdr = Cdr {
            call: self.id,
            ended_at,
            disposition: Disposition::of(reason, talked),
            end: reason,
            missed: missed_reason(self.direction, reason, talked),
            claimed_by: self.call.talker().cloned(),
            ring_ms: millis(ring_ended.saturating_duration_since(self.arrived)),
            claim_to_audio_ms: self.timing.claim_to_audio_ms(),
            duration_ms: millis(duration),
            talked_s: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
            pulses: settlement.as_ref().map_or(0, |settled| settled.pulses.get()),
            billed: settlement.as_ref().map_or(Micros::ZERO, |settled| settled.amount),
            recording: self.last_recording,
            meta_duration_s: self.meta_duration_s,
            quality: self.quality,
            volume_tier: None,
            clock_jump_ms: Inner::clock_jump_ms(
                self.arrived_at,
                ended_at,
                ended.saturating_duration_since(self.arrived),
            ),
        };
        self.compare_with_meta(self.meta_duration_s);
        let missed = cdr.missed.map(|reason| MissedCall {
            call: self.id,
            from: self.caller.clone(),
            line: self.line.id.clone(),
            at: self.arrived_at,
            reason,
            rang_ms: cdr.ring_ms,
            gave_up_after_ms: MissedCall::gave_up_after(reason, cdr.ring_ms),
            in_words: MissedCall::words_for(reason, cdr.ring_ms),
            rung: Vec::new(),
        });
        let transactions: Vec<_> =
            settlement.map(|settled| settled.transaction).into_iter().collect();
        let outcome = self.outcome_for_permit(reason.cause);
        let party = self.party.clone();
        let concerned = self.concerned();
        let (inner, line, mut cdr) = (self.inner.clone(), self.line.id.clone(), cdr);
        // Beside the call: a database that is down must not keep a dead call in the house.
        self.inner.tasks.spawn(async move {
            if let Some((pulses, month)) = metered {
                let when = (cdr.ended_at, ATTEMPTS_MAX);
                let charge = inner.finish(cdr.call, pulses, Some(month), when).await;
                cdr.charge(charge.ok().flatten());
            }
            let transactions = inner.pay(cdr.call, transactions).await;
            log(&line, &cdr);
            inner.books.close_call(cdr, transactions).await;
            if let Some(outcome) = outcome {
                inner.call_was(&line, &party, outcome).await;
            }
            if let Some(missed) = missed {
                inner.tell_missed(inner.with_rings(missed).await, concerned);
            }
            inner.tell_balance().await;
        });
    }

    /// What Meta counted and what we did must agree, where somebody talked.
    pub(crate) fn compare_with_meta(&self, theirs_s: Option<u32>) {
        if let (Some(theirs), Some(_)) = (theirs_s, self.call.accepted_at()) {
            self.inner.compare_duration(
                self.id,
                millis(self.call.duration(Instant::now())),
                theirs,
            );
        }
    }
}

/// The one INFO line of a call. It names nobody outside.
fn log(line: &LineId, cdr: &Cdr) {
    let quality = cdr.quality.as_ref();
    let mos = |leg: Option<LegQuality>| leg.map(|leg| f64::from(leg.mos_milli) / 1_000.0);
    tracing::info!(
        call = %cdr.call,
        %line,
        disposition = ?cdr.disposition,
        side = ?cdr.end.side,
        cause = ?cdr.end.cause,
        class = ?cdr.end.class,
        agent = cdr.claimed_by.as_ref().map(tracing::field::display),
        ring_ms = cdr.ring_ms,
        claim_to_audio_ms = cdr.claim_to_audio_ms,
        duration_ms = cdr.duration_ms,
        pulses = cdr.pulses,
        billed_micros = cdr.billed.get(),
        quality = quality.map(|quality| quality.verdict.as_str()),
        network = quality.and_then(|quality| quality.network).map(Network::as_str),
        caller_mos = quality.and_then(|quality| mos(quality.caller)),
        agent_mos = quality.and_then(|quality| mos(quality.agent)),
        recording = cdr.recording.as_ref().map(tracing::field::display),
        "call ended"
    );
}

impl Inner {
    /// A missed call with who was rung and what each did, as far as the store tells.
    async fn with_rings(&self, missed: MissedCall) -> MissedCall {
        let stored = self.doors.store.missed_call(&self.house.workspace.id, missed.call).await;
        stored.ok().flatten().unwrap_or(missed)
    }

    /// The money of a call in which people talked; `None` when there was nothing to count.
    pub(crate) fn settle(
        &self,
        call: CallId,
        duration: std::time::Duration,
        at: Timestamp,
    ) -> Option<Settlement> {
        if duration.is_zero() {
            return None;
        }
        let workspace = &self.house.workspace;
        let rate = Rate::from_per_minute(INBOUND_RATE).ok()?;
        let id = TransactionId::from_uuid(Uuid::now_v7());
        match ledger::settle(&workspace.id, call, workspace.currency, rate, duration, at, id) {
            Ok(settlement) => Some(settlement),
            Err(error) => {
                tracing::error!(%call, %error, "the call could not be priced; its CDR says 0");
                None
            }
        }
    }
}

/// Why nobody here talked with a caller. A contact who did not answer us has missed us, not we
/// them.
pub(crate) const fn missed_reason(
    direction: Direction,
    reason: EndReason,
    talked: bool,
) -> Option<MissedReason> {
    match direction {
        Direction::UserInitiated => MissedReason::of(reason.cause, talked),
        Direction::BusinessInitiated => None,
    }
}

pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
