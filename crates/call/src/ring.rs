//! Who is being rung for one call.

use std::collections::{BTreeMap, BTreeSet};

use model::{AgentId, DeviceId};

/// One device of one agent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Target {
    /// The person.
    pub agent: AgentId,
    /// The tab.
    pub device: DeviceId,
}

/// The devices that ring, and the agents that shall not ring again.
#[derive(Clone, Debug, Default)]
pub(crate) struct RingList {
    ringing: BTreeMap<DeviceId, AgentId>,
    silenced: BTreeSet<AgentId>,
}

impl RingList {
    /// Adds a device unless its agent declined or failed; true when it is new.
    pub(crate) fn add(&mut self, target: &Target) -> bool {
        !self.silenced.contains(&target.agent)
            && self.ringing.insert(target.device, target.agent.clone()).is_none()
    }

    /// Removes one device; true when it rang.
    pub(crate) fn remove(&mut self, device: DeviceId) -> bool {
        self.ringing.remove(&device).is_some()
    }

    /// Silences an agent for the rest of the call; returns the devices that rang.
    pub(crate) fn silence(&mut self, agent: &AgentId) -> Vec<DeviceId> {
        self.silenced.insert(agent.clone());
        let devices: Vec<DeviceId> = self
            .ringing
            .iter()
            .filter(|(_, owner)| *owner == agent)
            .map(|(device, _)| *device)
            .collect();
        for device in &devices {
            self.ringing.remove(device);
        }
        devices
    }

    /// Whether anybody declined or failed.
    pub(crate) fn anybody_silenced(&self) -> bool {
        !self.silenced.is_empty()
    }

    /// Nobody rings.
    pub(crate) fn is_empty(&self) -> bool {
        self.ringing.is_empty()
    }

    /// Every device that rings.
    pub(crate) fn devices(&self) -> Vec<DeviceId> {
        self.ringing.keys().copied().collect()
    }

    /// Every device that rings, with its agent.
    pub(crate) fn targets(&self) -> Vec<Target> {
        self.ringing
            .iter()
            .map(|(device, agent)| Target { agent: agent.clone(), device: *device })
            .collect()
    }

    /// How many people ring.
    pub(crate) fn agents(&self) -> usize {
        self.ringing.values().collect::<BTreeSet<_>>().len()
    }
}
