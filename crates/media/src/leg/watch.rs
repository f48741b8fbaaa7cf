//! What a leg notices about its peer apart from the path: keys that were pressed, and a caller who
//! says nothing. That a caller is silent and that a path is dead are two clocks, never one.

use std::time::{Duration, Instant};

use super::Leg;
use crate::dtmf::Key;
use crate::event::MediaEvent;
use crate::rtp;
use crate::turn::Turn;

/// Without RTP for so long, a caller counts as silent.
const SILENT_HINT: Duration = Duration::from_secs(10);
/// The path is fine while something authenticated came within this time: two consent checks and
/// their answers.
const CONSENT_FRESH: Duration = Duration::from_secs(6);
/// When to look again while the path is in doubt.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Leg {
    /// Takes a verified telephone event.
    pub(super) fn press(&mut self, turn: &mut Turn<'_>, header: &rtp::Header, payload: &[u8]) {
        let (id, outbox) = (self.id, &mut *turn.outbox);
        let (ssrc, timestamp) = (header.ssrc, header.timestamp);
        self.presses.hear(turn.now, ssrc, timestamp, payload, &mut |key| {
            outbox.push_back(pressed(id, key));
        });
    }

    /// The caller is expected to be heard from now on.
    pub(super) fn expect_caller(&mut self, now: Instant) {
        self.hint_due = Some(now + SILENT_HINT);
    }

    /// RTP came.
    pub(super) fn heard_again(&mut self, now: Instant) {
        if self.hint_due.is_none() && self.is_whatsapp() && self.route.may_speak {
            self.hint_due = Some(now + SILENT_HINT);
        }
    }

    /// Looks whether a key was let go unheard and whether the caller has become silent.
    pub(super) fn attend(&mut self, turn: &mut Turn<'_>) {
        let (id, outbox) = (self.id, &mut *turn.outbox);
        self.presses.expire(turn.now, &mut |key| outbox.push_back(pressed(id, key)));
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
        self.presses.next_timeout().into_iter().chain(self.hint_due).min()
    }
}

const fn pressed(leg: model::LegId, key: Key) -> MediaEvent {
    MediaEvent::Dtmf { leg, digit: key.digit, duration_ms: key.duration_ms }
}
