//! All agents with their devices and presence.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::{AgentId, CallId, DeviceId, Presence, Right, Rights};

use crate::readiness::{Device, Readiness};
use crate::ring::Target;

/// What the house lays down for its agents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Habits {
    /// How long an agent finishes up after a call; zero for not at all.
    pub wrap_up: Duration,
    /// After so many rings in a row that they let ring an agent is set away; 0 never does.
    pub missed_max: u32,
}

/// One person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Agent {
    pub(crate) devices: BTreeMap<DeviceId, Device>,
    pub(crate) rights: Rights,
    pub(crate) on_call: Option<CallId>,
    pub(crate) wrap_up_until: Option<Instant>,
    /// Since the last call; `None` when there was none.
    pub(crate) idle_since: Option<Instant>,
    /// Rings in a row that nobody answered.
    pub(crate) missed: u32,
    /// They let too many calls ring.
    pub(crate) set_away: bool,
}

/// Who is here and who can be rung.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    pub(crate) agents: BTreeMap<AgentId, Agent>,
    pub(crate) owners: BTreeMap<DeviceId, AgentId>,
    pub(crate) habits: Habits,
}

/// An agent as operators see them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveAgent {
    /// The person.
    pub agent: AgentId,
    /// Whether they can be rung.
    pub presence: Presence,
    /// Connected devices.
    pub devices: u32,
    /// The call they are on.
    pub on_call: Option<CallId>,
}

/// The agent is on another call.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the agent is on another call")]
pub struct Occupied(pub CallId);

impl Roster {
    /// Nobody is here yet.
    pub fn new(habits: Habits) -> Self {
        Self { habits, ..Self::default() }
    }

    /// A device connected.
    pub fn join(&mut self, agent: AgentId, device: DeviceId) {
        self.leave(device);
        self.owners.insert(device, agent.clone());
        self.agents.entry(agent).or_default().devices.insert(device, Device::default());
    }

    /// A device is gone for good; returns its agent.
    pub fn leave(&mut self, device: DeviceId) -> Option<AgentId> {
        let agent = self.owners.remove(&device)?;
        if let Some(entry) = self.agents.get_mut(&agent) {
            entry.devices.remove(&device);
        }
        Some(agent)
    }

    /// The agent was removed or signed out everywhere; returns the devices that were theirs. A
    /// call they are on keeps them until it is told.
    pub fn remove(&mut self, agent: &AgentId) -> Vec<DeviceId> {
        let devices = self.devices_of(agent);
        for device in &devices {
            self.leave(*device);
        }
        if self.on_call(agent).is_none() {
            self.agents.remove(agent);
        }
        devices
    }

    /// What an agent may do.
    pub fn allow(&mut self, agent: &AgentId, rights: Rights) {
        self.agents.entry(agent.clone()).or_default().rights = rights;
    }

    /// The agent wants calls on this device, or no longer; false for an unknown device.
    pub fn want_calls(&mut self, device: DeviceId, wants: bool) -> bool {
        let Some(agent) = self.owners.get(&device).and_then(|agent| self.agents.get_mut(agent))
        else {
            return false;
        };
        if wants {
            (agent.missed, agent.set_away) = (0, false);
        }
        if let Some(entry) = agent.devices.get_mut(&device) {
            entry.wants_calls = wants;
            entry.leg_up &= wants;
        }
        true
    }

    /// What the device's page says about itself.
    pub fn readiness_is(&mut self, device: DeviceId, readiness: Readiness) {
        if let Some(entry) = self.device_mut(device) {
            entry.readiness = readiness;
        }
    }

    /// The device's socket is alive, or lost for now.
    pub fn socket_is(&mut self, device: DeviceId, alive: bool) {
        if let Some(entry) = self.device_mut(device) {
            entry.readiness.socket = alive;
        }
    }

    /// The device's media leg came up or went down.
    pub fn leg_is(&mut self, device: DeviceId, up: bool) {
        if let Some(entry) = self.device_mut(device) {
            entry.leg_up = up;
        }
    }

    /// Whether the device's media leg is up.
    pub fn leg_is_up(&self, device: DeviceId) -> bool {
        self.device(device).is_some_and(|(_, entry)| entry.leg_up)
    }

    fn device_mut(&mut self, device: DeviceId) -> Option<&mut Device> {
        self.agents.get_mut(self.owners.get(&device)?)?.devices.get_mut(&device)
    }

    pub(crate) fn device(&self, device: DeviceId) -> Option<(&Agent, &Device)> {
        let agent = self.agents.get(self.owners.get(&device)?)?;
        Some((agent, agent.devices.get(&device)?))
    }

    /// Whose device it is.
    pub fn agent_of(&self, device: DeviceId) -> Option<&AgentId> {
        self.owners.get(&device)
    }

    /// Whether the agent wants calls on this device.
    pub fn wants_calls(&self, device: DeviceId) -> bool {
        self.device(device).is_some_and(|(_, entry)| entry.wants_calls)
    }

    /// Every device that can ring, those of talking agents included.
    pub fn targets(&self) -> Vec<Target> {
        self.agents.keys().flat_map(|agent| self.targets_of(agent)).collect()
    }

    /// Every device of an agent that can ring.
    pub fn targets_of(&self, agent: &AgentId) -> Vec<Target> {
        let Some(entry) = self.agents.get(agent) else { return Vec::new() };
        let ringable = entry.devices.iter().filter(|(_, device)| entry.can_ring_on(device));
        ringable.map(|(device, _)| Target { agent: agent.clone(), device: *device }).collect()
    }

    /// Agents with a device.
    pub fn connected(&self) -> impl Iterator<Item = &AgentId> {
        let here = self.agents.iter().filter(|(_, entry)| !entry.devices.is_empty());
        here.map(|(agent, _)| agent)
    }

    /// Every device of an agent.
    pub fn devices_of(&self, agent: &AgentId) -> Vec<DeviceId> {
        self.agents
            .get(agent)
            .map(|entry| entry.devices.keys().copied().collect())
            .unwrap_or_default()
    }

    /// Every connected device.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.owners.keys().copied().collect()
    }

    /// Takes the agent for a call; true when they were free before, false when they are on this
    /// very call already.
    ///
    /// # Errors
    /// [`Occupied`] when they are on another call.
    pub fn occupy(&mut self, agent: &AgentId, call: CallId) -> Result<bool, Occupied> {
        let entry = self.agents.entry(agent.clone()).or_default();
        match entry.on_call {
            Some(other) if other != call => Err(Occupied(other)),
            Some(_) => Ok(false),
            None => {
                entry.on_call = Some(call);
                Ok(true)
            }
        }
    }

    /// Gives the agent back if they are on this call; true when they were. For a claim that came
    /// to nothing; after a talk see [`Roster::finish`].
    pub fn free(&mut self, agent: &AgentId, call: CallId) -> bool {
        match self.agents.get_mut(agent) {
            Some(entry) if entry.on_call == Some(call) => {
                entry.on_call = None;
                true
            }
            Some(_) | None => false,
        }
    }

    /// The call an agent is on.
    pub fn on_call(&self, agent: &AgentId) -> Option<CallId> {
        self.agents.get(agent)?.on_call
    }

    /// Who is on a call: its agent, and whom they consult.
    pub fn agents_on(&self, call: CallId) -> Vec<AgentId> {
        let on_it = self.agents.iter().filter(|(_, entry)| entry.on_call == Some(call));
        on_it.map(|(agent, _)| agent.clone()).collect()
    }

    /// Since when the agent has been without a call; `None` when they had none yet.
    pub fn idle_since(&self, agent: &AgentId) -> Option<Instant> {
        self.agents.get(agent)?.idle_since
    }

    /// Whether an agent may do something.
    pub fn may(&self, agent: &AgentId, right: Right) -> bool {
        self.agents.get(agent).is_some_and(|entry| entry.rights.allow(right))
    }

    /// Every agent who is connected or talking.
    pub fn agents(&self) -> Vec<LiveAgent> {
        let here = self.agents.iter();
        here.filter(|(_, entry)| !entry.devices.is_empty() || entry.on_call.is_some())
            .map(|(agent, entry)| LiveAgent {
                agent: agent.clone(),
                presence: self.presence(agent),
                devices: u32::try_from(entry.devices.len()).unwrap_or(u32::MAX),
                on_call: entry.on_call,
            })
            .collect()
    }
}
