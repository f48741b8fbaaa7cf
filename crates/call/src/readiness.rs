//! Who can be rung, and what keeps the others from it: devices that are not ready, wrap-up, missed
//! rings.

use std::time::Instant;

use model::{AgentId, Blocker, CallId, DeviceId, Presence, Right, RingOutcome};

use crate::roster::{Agent, Roster};

/// What only the page, or its socket, can know about a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// The socket is alive.
    pub socket: bool,
    /// The browser gives the microphone.
    pub microphone: bool,
    /// The page may play sound.
    pub audio: bool,
    /// This tab is the one of its browser that rings.
    pub leader: bool,
}

/// Until the page says otherwise: going ready needs a microphone and a click.
impl Default for Readiness {
    fn default() -> Self {
        Self { socket: true, microphone: true, audio: true, leader: true }
    }
}

/// One connected device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device {
    /// The agent said *Go ready* here.
    pub(crate) wants_calls: bool,
    /// Its media leg works.
    pub(crate) leg_up: bool,
    pub(crate) readiness: Readiness,
}

impl Device {
    fn blockers(&self) -> impl Iterator<Item = Blocker> {
        let Readiness { socket, microphone, audio, leader } = self.readiness;
        [
            (!self.wants_calls, Blocker::Away),
            (!socket, Blocker::SocketLost),
            (!microphone, Blocker::Microphone),
            (!audio, Blocker::AudioLocked),
            (self.wants_calls && !self.leg_up, Blocker::MediaDown),
            (!leader, Blocker::NotLeader),
        ]
        .into_iter()
        .filter_map(|(blocks, blocker)| blocks.then_some(blocker))
    }
}

impl Agent {
    pub(crate) fn can_ring_on(&self, device: &Device) -> bool {
        !self.set_away && self.rights.allow(Right::Answer) && device.blockers().next().is_none()
    }
}

impl Roster {
    /// Whether this device can ring. It can while its agent talks or finishes up.
    pub fn ringable(&self, device: DeviceId) -> bool {
        self.device(device).is_some_and(|(agent, entry)| agent.can_ring_on(entry))
    }

    /// Whether a device's socket is alive.
    pub fn has_socket(&self, device: DeviceId) -> bool {
        self.device(device).is_some_and(|(_, entry)| entry.readiness.socket)
    }

    /// Why a device is not rung, or rings without that its agent may take the call; all reasons,
    /// those that the agent can mend first.
    pub fn blockers(&self, device: DeviceId) -> Vec<Blocker> {
        let Some((agent, entry)) = self.device(device) else { return vec![Blocker::SocketLost] };
        let mut blockers: Vec<Blocker> = entry.blockers().collect();
        let of_agent = [
            (agent.set_away, Blocker::MissedRings),
            (agent.on_call.is_some(), Blocker::OnCall),
            (agent.wrap_up_until.is_some(), Blocker::WrapUp),
            (!agent.rights.allow(Right::Answer), Blocker::NotAllowed),
        ];
        blockers.extend(of_agent.into_iter().filter_map(|(blocks, why)| blocks.then_some(why)));
        blockers
    }

    /// An agent's presence.
    pub fn presence(&self, agent: &AgentId) -> Presence {
        let Some(entry) = self.agents.get(agent) else { return Presence::Offline };
        if entry.on_call.is_some() {
            Presence::Busy
        } else if entry.devices.is_empty() {
            Presence::Offline
        } else if entry.wrap_up_until.is_some() {
            Presence::WrapUp
        } else if entry.devices.values().any(|device| entry.can_ring_on(device)) {
            Presence::Ready
        } else {
            Presence::Away
        }
    }

    /// A talk is over for this agent: gives them back if they are on this call, and lets them
    /// finish up. True when they were on it.
    pub fn finish(&mut self, agent: &AgentId, call: CallId, now: Instant) -> bool {
        let wrap_up = self.habits.wrap_up;
        if !self.free(agent, call) {
            return false;
        }
        if let Some(entry) = self.agents.get_mut(agent) {
            entry.idle_since = Some(now);
            entry.wrap_up_until = (!wrap_up.is_zero()).then_some(now + wrap_up);
        }
        true
    }

    /// Until when an agent finishes up.
    pub fn wrap_up_until(&self, agent: &AgentId) -> Option<Instant> {
        self.agents.get(agent)?.wrap_up_until
    }

    /// The agent is done with finishing up; true when they were at it.
    pub fn end_wrap_up(&mut self, agent: &AgentId) -> bool {
        self.agents.get_mut(agent).is_some_and(|entry| entry.wrap_up_until.take().is_some())
    }

    /// When the next agent is done with finishing up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.agents.values().filter_map(|entry| entry.wrap_up_until).min()
    }

    /// Ends every wrap-up that is due; returns whose.
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<AgentId> {
        let mut done = Vec::new();
        for (agent, entry) in &mut self.agents {
            if entry.wrap_up_until.is_some_and(|until| until <= now) {
                entry.wrap_up_until = None;
                done.push(agent.clone());
            }
        }
        done
    }

    /// An agent was rung, and this is what became of it. True when that sets them away.
    pub fn ring_ended(&mut self, agent: &AgentId, outcome: RingOutcome) -> bool {
        let missed_max = self.habits.missed_max;
        let Some(entry) = self.agents.get_mut(agent) else { return false };
        match outcome {
            // Who declines is there.
            RingOutcome::Claimed | RingOutcome::Declined => entry.missed = 0,
            // Who talks or finishes up cannot answer.
            RingOutcome::Unanswered if entry.on_call.is_none() && entry.wrap_up_until.is_none() => {
                entry.missed = entry.missed.saturating_add(1);
            }
            RingOutcome::Unanswered
            | RingOutcome::TakenByOther
            | RingOutcome::CallerHungUp
            | RingOutcome::Left
            | RingOutcome::CallEnded => {}
        }
        let sets_away = missed_max > 0 && entry.missed >= missed_max && !entry.set_away;
        entry.set_away |= sets_away;
        sets_away
    }
}
