//! What can be seen of a call from outside.

use std::time::{Duration, Instant};

use model::{AgentId, Hint, Network, Verdict};

use crate::life::Call;
use crate::plan::Step;
use crate::ring::Target;
use crate::state::{Carrier, Phase, Recording, State};

impl Call {
    /// Where the call is.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Offered => Phase::Offered,
            State::Ringing => Phase::Ringing,
            State::Queued => Phase::Queued,
            State::Noticing { .. } => Phase::Noticing,
            State::Claimed(_) if matches!(self.carrier, Carrier::Dialling(_)) => Phase::Dialling,
            State::Claimed(_) => Phase::Accepting,
            State::Bridged(_) => Phase::Bridged,
            State::Reconnecting { .. } => Phase::Reconnecting,
            State::Ending { .. } => Phase::Ending,
            State::Ended => Phase::Ended,
        }
    }

    /// Whether a device that becomes ready means something to the call.
    pub fn looks_for_devices(&self) -> bool {
        self.is_ringing() || matches!(self.state, State::Reconnecting { .. })
    }

    /// Whether Meta accepted the call for us, or places it, or may have.
    pub const fn was_accepted(&self) -> bool {
        match self.carrier {
            Carrier::Offered | Carrier::PreAccepting { .. } | Carrier::Prepared => false,
            Carrier::Accepting { .. }
            | Carrier::Unclear { .. }
            | Carrier::Accepted
            | Carrier::Dialling(_) => true,
        }
    }

    /// The steps of the call's plan.
    pub fn steps(&self) -> &[Step] {
        &self.plan.steps
    }

    /// The device that has the call now.
    pub fn holder(&self) -> Option<&Target> {
        match &self.state {
            State::Claimed(claim) | State::Bridged(claim) | State::Reconnecting { claim, .. } => {
                Some(&claim.target)
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Ending { .. }
            | State::Ended => None,
        }
    }

    /// When devices stop ringing, while they ring.
    pub fn rings_until(&self) -> Option<Instant> {
        self.is_ringing().then_some(self.run.as_ref()?.ends)
    }

    /// The step that rings now.
    pub fn ringing_step(&self) -> Option<&Step> {
        self.rings_until().and(self.run.as_ref()).map(|run| &run.step)
    }

    /// Who rings now.
    pub fn rung(&self) -> Vec<Target> {
        self.ring.targets()
    }

    /// Who talked with the caller last.
    pub fn talker(&self) -> Option<&AgentId> {
        self.talkers.last()
    }

    /// Who talked with the caller, in this order; who did twice is there twice, unless nobody
    /// else talked in between.
    pub fn talkers(&self) -> &[AgentId] {
        &self.talkers
    }

    /// When it ended: the moment the meter stopped, not the one when Meta had been told.
    pub const fn ended_at(&self) -> Option<Instant> {
        self.ended_at
    }

    /// When the other side was reached: Meta's first acceptance.
    pub const fn accepted_at(&self) -> Option<Instant> {
        self.accepted_at
    }

    /// From Meta's acceptance to the end, by the monotonic clock; zero when never accepted.
    pub fn duration(&self, now: Instant) -> Duration {
        let until = self.ended_at.unwrap_or(now);
        self.accepted_at.map_or(Duration::ZERO, |from| until.saturating_duration_since(from))
    }

    /// How long sound flowed.
    pub fn talked(&self, now: Instant) -> Duration {
        let until = self.ended_at.unwrap_or(now);
        self.opened_at.map_or(Duration::ZERO, |from| until.saturating_duration_since(from))
    }

    /// Whether an agent and the caller talked.
    pub const fn was_bridged(&self) -> bool {
        self.opened_at.is_some()
    }

    /// What the agent should know about the call's sound.
    pub const fn hint(&self) -> Option<Hint> {
        self.hint
    }

    /// How the call sounds now, as the agent is shown it.
    pub const fn indicator(&self) -> Option<(Verdict, Option<Network>)> {
        self.indicator.shown()
    }

    /// Whether the agent is muted, by whomever.
    pub const fn muted(&self) -> bool {
        self.muted || self.muted_by_supervisor
    }

    /// Whether a supervisor muted the agent: only a supervisor unmutes.
    pub const fn muted_by_supervisor(&self) -> bool {
        self.muted_by_supervisor
    }

    /// Whether the caller is on hold.
    pub const fn held(&self) -> bool {
        self.held
    }

    /// How often the call has been won, or taken from somebody who did not come back.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// What the recorder does.
    pub const fn recording(&self) -> Recording {
        self.recording
    }
}
