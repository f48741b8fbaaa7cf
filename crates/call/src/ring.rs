//! Who is being rung for one call, and who will be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use model::{AgentId, DeviceId};

use crate::choose::Wave;

/// One device of one agent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The person.
    pub agent: AgentId,
    /// The tab.
    pub device: DeviceId,
}

/// A device that rings.
#[derive(Clone, Debug)]
struct Alert {
    agent: AgentId,
    /// When the agent's turn is over; `None` means with the step.
    until: Option<Instant>,
}

/// From when, and until when if not to the end of the step.
type Time = (Instant, Option<Instant>);

/// A device that will ring.
#[derive(Clone, Debug)]
struct Planned {
    from: Instant,
    until: Option<Instant>,
    target: Target,
}

/// What the passing of time brought.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Devices that ring no more, because their agents' turns are over.
    pub(crate) stopped: Vec<DeviceId>,
    /// Agents whose ring is over.
    pub(crate) over: Vec<AgentId>,
    /// Devices that ring from now on.
    pub(crate) rings: Vec<Target>,
    /// Agents who ring from now on.
    pub(crate) rung: Vec<AgentId>,
}

/// The devices that ring, and the agents that shall not ring again.
#[derive(Clone, Debug, Default)]
pub(crate) struct RingList {
    ringing: BTreeMap<DeviceId, Alert>,
    planned: Vec<Planned>,
    /// Agents whose turn in this step is over.
    done: BTreeSet<AgentId>,
    /// Agents who declined or failed.
    silenced: BTreeSet<AgentId>,
    /// Agents who were rung: the call is theirs to take.
    invited: BTreeSet<AgentId>,
}

impl RingList {
    /// A new step begins, nobody rings.
    pub(crate) fn begin(&mut self) {
        self.ringing.clear();
        self.planned.clear();
        self.done.clear();
    }

    /// Everybody may be rung again.
    pub(crate) fn forgive(&mut self) {
        self.silenced.clear();
    }

    /// Everybody may be rung again, and nobody has been invited.
    pub(crate) fn forget(&mut self) {
        self.forgive();
        self.invited.clear();
    }

    /// Plans waves. Who rings or is planned already stays as they are; who comes later to agents
    /// that ring one after the other is put at the end.
    pub(crate) fn plan(&mut self, waves: &[Wave], started: Instant, at_end: bool, now: Instant) {
        let planned = self.planned.iter().map(|planned| planned.target.device);
        let mut known: BTreeSet<DeviceId> = self.ringing.keys().copied().chain(planned).collect();
        // Where one device of an agent rings, or will, so do the others.
        let mut times: BTreeMap<AgentId, Time> = self
            .planned
            .iter()
            .map(|planned| (planned.target.agent.clone(), (planned.from, planned.until)))
            .collect();
        times.extend(self.ringing.values().map(|alert| (alert.agent.clone(), (now, alert.until))));
        let mut last = times.values().filter_map(|(_, until)| *until).max();
        for wave in waves {
            let mut time: Time = (started + wave.from, wave.until.map(|until| started + until));
            if let (true, Some(until)) = (at_end, wave.until) {
                let from = last.unwrap_or(now).max(now);
                time = (from, Some(from + until.saturating_sub(wave.from)));
            }
            for target in &wave.targets {
                let is_out =
                    self.done.contains(&target.agent) || self.silenced.contains(&target.agent);
                if is_out || !known.insert(target.device) {
                    continue;
                }
                let (from, until) = *times.entry(target.agent.clone()).or_insert(time);
                last = last.max(until);
                self.planned.push(Planned { from, until, target: target.clone() });
            }
        }
        self.planned.sort_by_key(|planned| planned.from);
    }

    /// Moves on to `now`. When nobody rings the next ones need not wait for their time.
    pub(crate) fn advance(&mut self, now: Instant) -> Change {
        let mut change = Change::default();
        let over = |alert: &Alert| alert.until.is_some_and(|until| until <= now);
        let mut whose = BTreeSet::new();
        for (device, alert) in self.ringing.extract_if(.., |_, alert| over(alert)) {
            change.stopped.push(device);
            whose.insert(alert.agent);
        }
        change.over = whose.iter().cloned().collect();
        self.done.append(&mut whose);
        if self.ringing.is_empty()
            && let Some(wait) = self.planned.first().map(|first| first.from)
            && wait > now
        {
            let early = wait - now;
            for planned in &mut self.planned {
                planned.from -= early;
                planned.until = planned.until.map(|until| until - early);
            }
        }
        let mut ringing: BTreeSet<AgentId> =
            self.ringing.values().map(|alert| alert.agent.clone()).collect();
        for Planned { until, target, .. } in
            self.planned.extract_if(.., |planned| planned.from <= now)
        {
            let alert = Alert { agent: target.agent.clone(), until };
            self.ringing.insert(target.device, alert);
            if ringing.insert(target.agent.clone()) {
                change.rung.push(target.agent.clone());
            }
            change.rings.push(target);
        }
        self.invited.extend(change.rung.iter().cloned());
        change
    }

    /// When [`RingList::advance`] has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        let next = self.planned.first().map(|planned| planned.from);
        let turns = self.ringing.values().filter_map(|alert| alert.until);
        turns.chain(next).min()
    }

    /// Forgets one device. `Some(true)` when it rang and was the last one of its agent.
    pub(crate) fn remove(&mut self, device: DeviceId) -> Option<(AgentId, bool)> {
        self.planned.retain(|planned| planned.target.device != device);
        let agent = self.ringing.remove(&device)?.agent;
        let was_last = !self.rings(&agent);
        Some((agent, was_last))
    }

    /// Silences an agent for the rest of the call; returns the devices that rang.
    pub(crate) fn silence(&mut self, agent: &AgentId) -> Vec<DeviceId> {
        self.silenced.insert(agent.clone());
        self.invited.remove(agent);
        self.planned.retain(|planned| planned.target.agent != *agent);
        let theirs = self.ringing.extract_if(.., |_, alert| alert.agent == *agent);
        theirs.map(|(device, _)| device).collect()
    }

    /// Stops everything; returns the devices and the agents that rang.
    pub(crate) fn stop(&mut self) -> (Vec<DeviceId>, Vec<AgentId>) {
        let (devices, agents) = (self.devices(), self.agents());
        self.ringing.clear();
        self.planned.clear();
        (devices, agents)
    }

    /// Whether an agent declined or failed.
    pub(crate) fn is_silenced(&self, agent: &AgentId) -> bool {
        self.silenced.contains(agent)
    }

    /// Whether an agent may take the call.
    pub(crate) fn is_invited(&self, agent: &AgentId) -> bool {
        self.invited.contains(agent)
    }

    /// Whether an agent rings.
    pub(crate) fn rings(&self, agent: &AgentId) -> bool {
        self.ringing.values().any(|alert| alert.agent == *agent)
    }

    /// Whether a device rings.
    pub(crate) fn rings_on(&self, device: DeviceId) -> bool {
        self.ringing.contains_key(&device)
    }

    /// Nobody rings, and nobody is going to.
    pub(crate) fn is_idle(&self) -> bool {
        self.ringing.is_empty() && self.planned.is_empty()
    }

    /// Somebody's turn passed in this step.
    pub(crate) fn anybody_done(&self) -> bool {
        !self.done.is_empty()
    }

    fn devices(&self) -> Vec<DeviceId> {
        self.ringing.keys().copied().collect()
    }

    fn agents(&self) -> Vec<AgentId> {
        let agents: BTreeSet<&AgentId> = self.ringing.values().map(|alert| &alert.agent).collect();
        agents.into_iter().cloned().collect()
    }

    /// Every device that rings, with its agent.
    pub(crate) fn targets(&self) -> Vec<Target> {
        let ringing = self.ringing.iter();
        ringing
            .map(|(device, alert)| Target { agent: alert.agent.clone(), device: *device })
            .collect()
    }
}
