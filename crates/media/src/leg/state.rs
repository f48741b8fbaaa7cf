//! A live leg as plain data: what another process needs to go on with it.

use std::time::{Duration, Instant};

use model::LegId;
use serde::{Deserialize, Serialize};

use super::{Codec, Counters, Guard, Ice, Leg, Route};
use crate::dtmf::{Presses, PressesState};
use crate::error::MediaError;
use crate::hand_over::Resumed;
use crate::ice::{Full, FullState, Lite};
use crate::identity::Identity;
use crate::quality::Meter;
use crate::reception::{Reception, ReceptionState};
use crate::sdp::Described;
use crate::source::{Player, PlayerState};
use crate::srtp::{Session, SessionState};
use crate::stream::{OutStream, StreamState};

/// A leg that is up. Holds keys and passwords, so it has no `Debug`.
#[derive(Serialize, Deserialize)]
pub(crate) struct LegState {
    pub(crate) id: LegId,
    pub(crate) ice: IceState,
    pub(crate) route: Route,
    fingerprint: [u8; 32],
    described: Described,
    codec: Codec,
    srtp: SessionState,
    stream: StreamState,
    reception: Option<ReceptionState>,
    meter: Meter,
    presses: PressesState,
    player: PlayerState,
    count: Counters,
    age: Ages,
    due: Dues,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum IceState {
    Full(FullState),
    Lite(Box<Lite>),
}

/// How long ago things were.
#[derive(Serialize, Deserialize)]
struct Ages {
    opened: Duration,
    alive: Duration,
    spoke: Option<Duration>,
    heard: Option<Duration>,
}

/// How soon things are due.
#[derive(Serialize, Deserialize)]
struct Dues {
    frame: Duration,
    report: Duration,
    hint: Option<Duration>,
    caller: Option<Duration>,
    agent: Option<Duration>,
}

impl Leg {
    /// `None` for a leg that is not up (any more): there is nothing to go on with.
    pub(crate) fn state(&self, now: Instant) -> Option<LegState> {
        let age = |at: Instant| now.saturating_duration_since(at);
        let due = |at: Instant| at.saturating_duration_since(now);
        let session = self.keys.as_ref().filter(|_| !self.ended && self.path().is_some())?;
        Some(LegState {
            id: self.id,
            ice: match &self.ice {
                Ice::Full(full) => IceState::Full(full.state()?),
                Ice::Lite(lite) => IceState::Lite(lite.clone()),
            },
            route: self.route,
            fingerprint: self.fingerprint,
            described: self.described,
            codec: self.codec,
            srtp: session.state(),
            stream: self.out.state(now),
            reception: self.reception.as_ref().map(|reception| reception.state(now)),
            meter: self.meter,
            presses: self.presses.state(now),
            player: self.player.state(),
            count: self.count,
            age: Ages {
                opened: age(self.opened_at),
                alive: age(self.alive_at),
                spoke: self.spoke_at.map(age),
                heard: self.count.rtp_in_at.map(age),
            },
            due: Dues {
                frame: due(self.frame_due),
                report: due(self.report_due),
                hint: self.hint_due.map(due),
                caller: self.guard.caller_due.map(due),
                agent: self.guard.agent_due.map(due),
            },
        })
    }

    /// Goes on with the leg of another process.
    ///
    /// # Errors
    /// [`MediaError::HandOver`] when no leg can have been like this, [`MediaError::Crypto`].
    pub(crate) fn restore(
        resumed: Resumed,
        identity: &Identity,
        state: LegState,
    ) -> Result<Self, MediaError> {
        let id = state.id;
        let odd =
            |what| MediaError::HandOver { why: format!("{what} of {id} contradict themselves") };
        let LegState { age, due, .. } = state;
        let ice = match state.ice {
            IceState::Full(full) => {
                Ice::Full(Box::new(Full::restore(resumed.now, identity, full)?))
            }
            IceState::Lite(lite) if lite.is_sound() => Ice::Lite(lite),
            IceState::Lite(_) => return Err(odd("the addresses")),
        };
        let reception = match &state.reception {
            None => None,
            Some(state) => {
                Some(Reception::restore(resumed, state).ok_or_else(|| odd("the counters"))?)
            }
        };
        let mut meter = state.meter;
        meter.start(resumed.now);
        let due_in = |left: Option<Duration>| left.map(|left| resumed.due(left));
        let patience = |age: Option<Duration>| age.map(|age| resumed.patience(age));
        Ok(Self {
            id,
            ice,
            dtls: None,
            fingerprint: state.fingerprint,
            described: state.described,
            codec: state.codec,
            keys: Some(Session::restore(state.srtp).ok_or_else(|| odd("the SRTP keys"))?),
            ended: false,
            route: state.route,
            out: OutStream::restore(resumed, &state.stream).ok_or_else(|| odd("the numbers"))?,
            reception,
            meter,
            presses: Presses::restore(resumed, &state.presses),
            guard: Guard { caller_due: due_in(due.caller), agent_due: due_in(due.agent) },
            stirred: false,
            hint_due: due_in(due.hint),
            spoke_at: patience(age.spoke),
            opened_at: resumed.instant(age.opened),
            setup_max: super::SETUP_MAX,
            alive_at: resumed.patience(age.alive),
            player: Player::restore(state.player),
            frame_due: resumed.due(due.frame),
            calm_until: resumed.now,
            report_due: resumed.due(due.report),
            count: Counters { rtp_in_at: patience(age.heard), ..state.count },
            #[cfg(test)]
            rigged: false,
        })
    }
}
