//! All agents with their devices and presence.

use std::collections::{BTreeMap, BTreeSet};

use model::{AgentId, CallId, DeviceId, Presence};

use crate::ring::Target;

/// One connected device.
#[derive(Clone, Debug)]
struct Device {
    agent: AgentId,
    /// The agent said *Go ready* here.
    wants_calls: bool,
    /// Its media leg works.
    leg_up: bool,
}

/// Who is here and who can be rung. Offline agents are not listed.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    devices: BTreeMap<DeviceId, Device>,
    /// The same devices by agent: a ring asks for the presence of everybody.
    by_agent: BTreeMap<AgentId, BTreeSet<DeviceId>>,
    talking: BTreeMap<AgentId, CallId>,
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
    /// A device connected.
    pub fn join(&mut self, agent: AgentId, device: DeviceId) {
        self.by_agent.entry(agent.clone()).or_default().insert(device);
        self.devices.insert(device, Device { agent, wants_calls: false, leg_up: false });
    }

    /// A device is gone for good; returns its agent.
    pub fn leave(&mut self, device: DeviceId) -> Option<AgentId> {
        let agent = self.devices.remove(&device)?.agent;
        if let Some(devices) = self.by_agent.get_mut(&agent) {
            devices.remove(&device);
            if devices.is_empty() {
                self.by_agent.remove(&agent);
            }
        }
        Some(agent)
    }

    /// The agent wants calls on this device, or no longer; false for an unknown device.
    pub fn want_calls(&mut self, device: DeviceId, wants: bool) -> bool {
        match self.devices.get_mut(&device) {
            Some(entry) => {
                entry.wants_calls = wants;
                if !wants {
                    entry.leg_up = false;
                }
                true
            }
            None => false,
        }
    }

    /// The device's media leg came up or went down.
    pub fn leg_is(&mut self, device: DeviceId, up: bool) {
        if let Some(entry) = self.devices.get_mut(&device) {
            entry.leg_up = up;
        }
    }

    /// Whose device it is.
    pub fn agent_of(&self, device: DeviceId) -> Option<&AgentId> {
        self.devices.get(&device).map(|entry| &entry.agent)
    }

    /// Whether the agent wants calls on this device.
    pub fn wants_calls(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|entry| entry.wants_calls)
    }

    /// Whether this device can ring: wanted, and its media leg is up.
    pub fn ringable(&self, device: DeviceId) -> bool {
        self.devices.get(&device).is_some_and(|entry| entry.wants_calls && entry.leg_up)
    }

    /// Every device that can ring, those of talking agents included.
    pub fn targets(&self) -> Vec<Target> {
        self.devices
            .iter()
            .filter(|(_, entry)| entry.wants_calls && entry.leg_up)
            .map(|(device, entry)| Target { agent: entry.agent.clone(), device: *device })
            .collect()
    }

    /// Every device of an agent.
    pub fn devices_of(&self, agent: &AgentId) -> Vec<DeviceId> {
        self.by_agent.get(agent).into_iter().flatten().copied().collect()
    }

    /// Every connected device.
    pub fn devices(&self) -> Vec<DeviceId> {
        self.devices.keys().copied().collect()
    }

    /// Takes the agent for a call; true when they were free before, false when they are on this
    /// very call already.
    ///
    /// # Errors
    /// [`Occupied`] when they are on another call.
    pub fn occupy(&mut self, agent: &AgentId, call: CallId) -> Result<bool, Occupied> {
        match self.talking.get(agent) {
            Some(other) if *other != call => Err(Occupied(*other)),
            Some(_) => Ok(false),
            None => {
                self.talking.insert(agent.clone(), call);
                Ok(true)
            }
        }
    }

    /// Gives the agent back if they are on this call; true when they were.
    pub fn free(&mut self, agent: &AgentId, call: CallId) -> bool {
        if self.talking.get(agent) == Some(&call) {
            self.talking.remove(agent);
            true
        } else {
            false
        }
    }

    /// Everybody who is on a call.
    pub fn agents_on(&self, call: CallId) -> Vec<AgentId> {
        let on_it = self.talking.iter().filter(|(_, on)| **on == call);
        on_it.map(|(agent, _)| agent.clone()).collect()
    }

    /// The call an agent is on.
    pub fn on_call(&self, agent: &AgentId) -> Option<CallId> {
        self.talking.get(agent).copied()
    }

    /// An agent's presence.
    pub fn presence(&self, agent: &AgentId) -> Presence {
        if self.talking.contains_key(agent) {
            return Presence::Busy;
        }
        let mut presence = Presence::Offline;
        let devices = self.by_agent.get(agent).into_iter().flatten();
        for entry in devices.filter_map(|device| self.devices.get(device)) {
            if entry.wants_calls && entry.leg_up {
                return Presence::Ready;
            }
            presence = Presence::Away;
        }
        presence
    }

    /// Every agent who is connected or talking.
    pub fn agents(&self) -> Vec<LiveAgent> {
        let mut names: Vec<&AgentId> = self.by_agent.keys().chain(self.talking.keys()).collect();
        names.sort();
        names.dedup();
        names
            .into_iter()
            .map(|agent| LiveAgent {
                agent: agent.clone(),
                presence: self.presence(agent),
                devices: u32::try_from(self.devices_of(agent).len()).unwrap_or(u32::MAX),
                on_call: self.on_call(agent),
            })
            .collect()
    }
}
