//! Who is being rung for one call, and who will be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

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

/// Devices that will ring, in the order in which they do.
type Planned = BTreeMap<(Instant, u64), (Target, Option<Instant>)>;

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

/// The devices that ring, and the agents that shall not ring again. Whatever concerns one device
/// or one agent is found by look-ups: ten thousand devices may come one by one.
#[derive(Clone, Debug, Default)]
pub(crate) struct RingList {
    ringing: BTreeMap<DeviceId, Alert>,
    /// Ringing devices whose turn ends before the step does.
    turns: BTreeSet<(Instant, DeviceId)>,
    planned: Planned,
    /// Where each planned device stands in the plan.
    places: BTreeMap<DeviceId, (Instant, u64)>,
    /// Devices planned in this step so far: keeps the order of those who ring at the same time.
    counted: u64,
    /// When the last turn of all ends.
    last_turn: Option<Instant>,
    /// The devices of each agent that ring or will.
    theirs: BTreeMap<AgentId, BTreeSet<DeviceId>>,
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
        self.clear();
        self.done.clear();
    }

    fn clear(&mut self) {
        self.ringing.clear();
        self.turns.clear();
        self.planned.clear();
        self.places.clear();
        self.theirs.clear();
        self.last_turn = None;
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
        for wave in waves {
            let mut time: Time = (started + wave.from, wave.until.map(|until| started + until));
            if let (true, Some(until)) = (at_end, wave.until) {
                let from = self.last_turn.unwrap_or(now).max(now);
                time = (from, Some(from + until.saturating_sub(wave.from)));
            }
            for target in &wave.targets {
                let is_out =
                    self.done.contains(&target.agent) || self.silenced.contains(&target.agent);
                if is_out || self.knows(target.device) {
                    continue;
                }
                // Where one device of an agent rings, or will, so do the others.
                let (from, until) = self.time_of(&target.agent, now).unwrap_or(time);
                self.last_turn = self.last_turn.max(until);
                self.put(target.clone(), from, until);
            }
        }
    }

    fn knows(&self, device: DeviceId) -> bool {
        self.ringing.contains_key(&device) || self.places.contains_key(&device)
    }

    fn time_of(&self, agent: &AgentId, now: Instant) -> Option<Time> {
        let devices = self.theirs.get(agent)?;
        let alert = devices.iter().find_map(|device| self.ringing.get(device));
        if let Some(alert) = alert {
            return Some((now, alert.until));
        }
        let place = devices.iter().find_map(|device| self.places.get(device))?;
        Some((place.0, self.planned.get(place)?.1))
    }

    fn put(&mut self, target: Target, from: Instant, until: Option<Instant>) {
        self.counted += 1;
        let place = (from, self.counted);
        self.theirs.entry(target.agent.clone()).or_default().insert(target.device);
        self.places.insert(target.device, place);
        self.planned.insert(place, (target, until));
    }

    /// Moves on to `now`. When nobody rings the next ones need not wait for their time.
    pub(crate) fn advance(&mut self, now: Instant) -> Change {
        let mut change = Change::default();
        let mut whose = BTreeSet::new();
        while let Some((until, device)) = self.turns.first().copied()
            && until <= now
        {
            if let Some(agent) = self.hush(device) {
                change.stopped.push(device);
                whose.insert(agent);
            }
        }
        change.over = whose.iter().cloned().collect();
        self.done.append(&mut whose);
        if self.ringing.is_empty()
            && let Some(wait) = self.planned.first_key_value().map(|((from, _), _)| *from)
            && wait > now
        {
            self.bring_forward(wait - now);
        }
        while let Some(next) = self.planned.first_entry()
            && next.key().0 <= now
        {
            let (target, until) = next.remove();
            self.places.remove(&target.device);
            let is_first = !self.rings(&target.agent);
            let alert = Alert { agent: target.agent.clone(), until };
            self.ringing.insert(target.device, alert);
            self.turns.extend(until.map(|until| (until, target.device)));
            if is_first {
                change.rung.push(target.agent.clone());
            }
            change.rings.push(target);
        }
        self.invited.extend(change.rung.iter().cloned());
        change
    }

    fn bring_forward(&mut self, early: Duration) {
        for ((from, count), (target, until)) in std::mem::take(&mut self.planned) {
            let place = (from - early, count);
            self.places.insert(target.device, place);
            self.planned.insert(place, (target, until.map(|until| until - early)));
        }
        self.last_turn = self.last_turn.map(|last| last - early);
    }

    /// When [`RingList::advance`] has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        let next = self.planned.first_key_value().map(|((from, _), _)| *from);
        let turn = self.turns.first().map(|(until, _)| *until);
        next.into_iter().chain(turn).min()
    }

    /// Takes a device off the list of those that ring; returns its agent if it rang.
    fn hush(&mut self, device: DeviceId) -> Option<AgentId> {
        let alert = self.ringing.remove(&device)?;
        if let Some(until) = alert.until {
            self.turns.remove(&(until, device));
        }
        self.forget_device(&alert.agent, device);
        Some(alert.agent)
    }

    fn unplan(&mut self, device: DeviceId) {
        if let Some(place) = self.places.remove(&device)
            && let Some((target, _)) = self.planned.remove(&place)
        {
            self.forget_device(&target.agent, device);
        }
    }

    fn forget_device(&mut self, agent: &AgentId, device: DeviceId) {
        if let Some(devices) = self.theirs.get_mut(agent) {
            devices.remove(&device);
            if devices.is_empty() {
                self.theirs.remove(agent);
            }
        }
    }

    /// Forgets one device. `Some(true)` when it rang and was the last one of its agent.
    pub(crate) fn remove(&mut self, device: DeviceId) -> Option<(AgentId, bool)> {
        self.unplan(device);
        let agent = self.hush(device)?;
        let was_last = !self.rings(&agent);
        Some((agent, was_last))
    }

    /// Silences an agent for the rest of the call; returns the devices that rang.
    pub(crate) fn silence(&mut self, agent: &AgentId) -> Vec<DeviceId> {
        self.silenced.insert(agent.clone());
        self.invited.remove(agent);
        let devices = self.theirs.get(agent).cloned().unwrap_or_default();
        devices
            .into_iter()
            .filter(|device| {
                self.unplan(*device);
                self.hush(*device).is_some()
            })
            .collect()
    }

    /// Stops everything; returns the devices and the agents that rang.
    pub(crate) fn stop(&mut self) -> (Vec<DeviceId>, Vec<AgentId>) {
        let (devices, agents) = (self.devices(), self.agents());
        self.clear();
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
        let devices = self.theirs.get(agent);
        devices.is_some_and(|all| all.iter().any(|device| self.ringing.contains_key(device)))
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
