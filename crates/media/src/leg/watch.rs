//! What a leg notices about its peer apart from the path: keys that were pressed, and a caller who
//! says nothing. That a caller is silent and that a path is dead are two clocks, never one.

use std::time::{Duration, Instant};

use model::SilentCause;

use super::Leg;
use crate::dtmf::Key;
use crate::event::MediaEvent;
use crate::reception::Reception;
use crate::rtp;
use crate::turn::Turn;

/// Without RTP for so long, a caller counts as silent.
const SILENT_HINT: Duration = Duration::from_secs(10);
/// The path is fine while something authenticated came within this time: two consent checks and
/// their answers.
const CONSENT_FRESH: Duration = Duration::from_secs(6);
/// So long after a call was accepted, or bridged with an agent, something has to be heard. Meta's
/// side ends a call without media after 20 s.
pub(crate) const GUARD: Duration = Duration::from_secs(5);
/// When to look again while the path is in doubt.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// When sound is due on an accepted call, first from the caller and then from the agent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard {
    pub(super) caller_due: Option<Instant>,
    pub(super) agent_due: Option<Instant>,
}

impl Leg {
    /// Takes a verified telephone event.
    pub(super) fn press(&mut self, turn: &mut Turn<'_>, header: &rtp::Header, payload: &[u8]) {
        let (id, outbox) = (self.id, &mut *turn.outbox);
        let (ssrc, timestamp) = (header.ssrc, header.timestamp);
        self.presses.hear(turn.now, ssrc, timestamp, payload, &mut |key| {
            outbox.push_back(pressed(id, key));
        });
        self.stirred = true;
    }

    /// The caller is expected to be heard from now on.
    pub(super) fn expect_caller(&mut self, now: Instant) {
        self.hint_due = Some(now + SILENT_HINT);
        self.guard.caller_due = Some(now + GUARD);
        if self.route.bridged.is_some() {
            self.guard.agent_due = Some(now + GUARD);
        }
    }

    /// A bridge was made.
    pub(crate) fn expect_agent(&mut self, now: Instant) {
        if self.is_whatsapp() && self.route.may_speak {
            self.guard.agent_due = Some(now + GUARD);
        }
    }

    /// Whether the caller's and the agent's sound was due by now. Says so once.
    pub(crate) fn take_overdue(&mut self, now: Instant) -> (bool, bool) {
        let is_over = |due: &mut Option<Instant>| due.take_if(|at| *at <= now).is_some();
        (is_over(&mut self.guard.caller_due), is_over(&mut self.guard.agent_due))
    }

    /// Why the caller was not heard since the call was accepted; `None` when that is not so.
    pub(crate) fn why_unheard(&self) -> Option<SilentCause> {
        if self.path().is_none() {
            Some(SilentCause::EgressBlocked)
        } else if !self.is_up() {
            Some(SilentCause::DtlsNotStarted)
        } else {
            (self.count.rtp_in_at < self.spoke_at).then_some(SilentCause::CallerSendsNothing)
        }
    }

    /// Whether a packet has brought a deadline nearer. Says so once.
    pub(crate) const fn take_stirred(&mut self) -> bool {
        std::mem::replace(&mut self.stirred, false)
    }

    /// RTP came.
    pub(super) fn heard_again(&mut self, now: Instant) {
        if self.hint_due.is_none() && self.is_whatsapp() && self.route.may_speak {
            self.hint_due = Some(now + SILENT_HINT);
            self.stirred = true;
        }
    }

    /// Looks whether a key was let go unheard and whether the caller has become silent.
    pub(super) fn attend(&mut self, turn: &mut Turn<'_>) {
        let (id, outbox) = (self.id, &mut *turn.outbox);
        self.presses.expire(turn.now, &mut |key| outbox.push_back(pressed(id, key)));
        let jitter = self.reception.as_ref().map(Reception::jitter).unwrap_or_default();
        self.meter.look(turn.now, self.tally(), jitter);
        if self.hint_due.is_none_or(|at| at > turn.now) {
            return;
        }
        let quiet_since = self.count.rtp_in_at.max(self.spoke_at);
        let silent_at = quiet_since.unwrap_or(self.opened_at) + SILENT_HINT;
        self.hint_due = if silent_at > turn.now {
            Some(silent_at)
        } else if self.keys.is_some() && self.heard_within(turn.now, CONSENT_FRESH) {
            turn.outbox.push_back(MediaEvent::CallerSilent { leg: self.id });
            None
        } else {
            Some(turn.now + LOOK_AGAIN)
        };
    }

    /// When [`Self::attend`] is due.
    pub(super) fn next_watch(&self) -> Option<Instant> {
        let Guard { caller_due, agent_due } = self.guard;
        let all = [
            self.presses.next_timeout(),
            self.hint_due,
            self.meter.next_look(),
            caller_due,
            agent_due,
        ];
        all.into_iter().flatten().min()
    }
}

const fn pressed(leg: model::LegId, key: Key) -> MediaEvent {
    MediaEvent::Dtmf { leg, digit: key.digit, duration_ms: key.duration_ms }
}
