//! What is known about devices right now: roster, media legs, rings, active calls.
//!
//! One lock, held for look-ups, small changes and putting news into devices' boxes, never across
//! an await.

use std::collections::{BTreeMap, BTreeSet};

use call::{Habits, Roster, Target};
use model::{AgentId, CallId, DeviceId, GroupId, LegId, Presence, RecordingId};
use wire::agent::Snapshot;
use wire::{ActiveCall, LiveCall, PresenceReason, RingingCall, SentOn};

use crate::lately::Lately;
use crate::presence::on_the_wall;
use crate::queue::Queue;

/// Whose leg it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LegOwner {
    /// An agent's device.
    Device(DeviceId),
    /// The WhatsApp side of a call.
    Call(CallId),
}

/// A call that rings, and where.
#[derive(Clone, Debug)]
pub(crate) struct RingEntry {
    /// As a free agent sees it.
    pub(crate) view: RingingCall,
    /// The devices that ring.
    pub(crate) devices: BTreeSet<DeviceId>,
}

/// A leg that a device is to make anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    /// For this call.
    pub(crate) call: CallId,
    /// On the media thread of this leg.
    pub(crate) near: LegId,
    /// The new leg, once the device has offered one.
    pub(crate) seated: Option<LegId>,
}

/// Agents whose names, and whose last calls, are remembered: twice the devices that a node is built
/// for. Who is forgotten goes by their id, and cannot write about a call that is long over.
const AGENTS_MAX: usize = 20_000;
/// Groups whose turn in a round-robin is remembered. One that is forgotten begins anew.
const TURNS_MAX: usize = 10_000;

/// The state behind the one lock.
pub(crate) struct Board {
    pub(crate) queue: Queue,
    pub(crate) roster: Roster,
    pub(crate) names: Lately<AgentId, String>,
    legs: BTreeMap<LegId, LegOwner>,
    agent_legs: BTreeMap<DeviceId, LegId>,
    pub(crate) rings: BTreeMap<CallId, RingEntry>,
    pub(crate) active: BTreeMap<DeviceId, ActiveCall>,
    /// The call that each agent left last: they may still write about it.
    pub(crate) last_calls: Lately<AgentId, CallId>,
    /// The call that each agent sent on and nobody has taken yet.
    pub(crate) sent_on: BTreeMap<AgentId, SentOn>,
    /// Who was rung first last time, by group; `None` is everybody.
    pub(crate) turns: Lately<Option<GroupId>, AgentId>,
    /// Devices that were asked to make their leg anew.
    pub(crate) renewals: BTreeMap<DeviceId, Renewal>,
    /// Devices whose claim is being connected: their leg must stay as it is.
    pub(crate) connecting: BTreeSet<DeviceId>,
    /// Devices that supervise, and which call.
    pub(crate) supervising: BTreeMap<DeviceId, CallId>,
    /// Devices that are told of live calls.
    pub(crate) watchers: BTreeSet<DeviceId>,
    /// Live calls as supervisors see them.
    pub(crate) live: BTreeMap<CallId, LiveCall>,
    /// Recordings that run.
    pub(crate) recordings: BTreeMap<CallId, RecordingId>,
}

/// What a call had on the board.
#[derive(Debug)]
pub(crate) struct Remnants {
    /// Devices that rang.
    pub(crate) rung: BTreeSet<DeviceId>,
    /// Devices that had the call, with their legs.
    pub(crate) talking: Vec<(DeviceId, Option<LegId>)>,
    /// Devices that supervised it, with their legs.
    pub(crate) supervisors: Vec<(DeviceId, Option<LegId>)>,
    /// Agents who were on it, free now.
    pub(crate) agents: Vec<AgentId>,
    /// The legs towards Meta.
    pub(crate) legs: Vec<LegId>,
    /// The recording that ran.
    pub(crate) recording: Option<RecordingId>,
}

impl Board {
    pub(crate) fn new(habits: Habits) -> Self {
        Self {
            queue: Queue::default(),
            roster: Roster::new(habits),
            names: Lately::new(AGENTS_MAX),
            legs: BTreeMap::new(),
            agent_legs: BTreeMap::new(),
            rings: BTreeMap::new(),
            active: BTreeMap::new(),
            last_calls: Lately::new(AGENTS_MAX),
            sent_on: BTreeMap::new(),
            turns: Lately::new(TURNS_MAX),
            renewals: BTreeMap::new(),
            connecting: BTreeSet::new(),
            supervising: BTreeMap::new(),
            watchers: BTreeSet::new(),
            live: BTreeMap::new(),
            recordings: BTreeMap::new(),
        }
    }

    pub(crate) fn name_of(&self, agent: &AgentId) -> String {
        self.names.get(agent).cloned().unwrap_or_else(|| agent.to_string())
    }

    pub(crate) fn add_leg(&mut self, leg: LegId, owner: LegOwner) -> Option<LegId> {
        self.legs.insert(leg, owner);
        match owner {
            LegOwner::Device(device) => self.agent_legs.insert(device, leg),
            LegOwner::Call(_) => None,
        }
    }

    pub(crate) fn owner_of(&self, leg: LegId) -> Option<LegOwner> {
        self.legs.get(&leg).copied()
    }

    pub(crate) fn agent_leg(&self, device: DeviceId) -> Option<LegId> {
        self.agent_legs.get(&device).copied()
    }

    /// Whether a claim of this device is being connected: its leg must stay as it is.
    pub(crate) fn is_connecting(&self, device: DeviceId) -> bool {
        self.connecting.contains(&device)
    }

    /// Forgets that devices ring for a call.
    pub(crate) fn unring(&mut self, call: CallId, devices: &[DeviceId]) {
        if let Some(entry) = self.rings.get_mut(&call) {
            for device in devices {
                entry.devices.remove(device);
            }
            if entry.devices.is_empty() {
                self.rings.remove(&call);
            }
        }
    }

    /// Forgets a leg. A device's current leg is forgotten only if it is this one.
    pub(crate) fn remove_leg(&mut self, leg: LegId) {
        if let Some(LegOwner::Device(device)) = self.legs.remove(&leg)
            && self.agent_legs.get(&device) == Some(&leg)
        {
            self.agent_legs.remove(&device);
        }
    }

    pub(crate) fn remove_agent_leg(&mut self, device: DeviceId) -> Option<LegId> {
        let leg = self.agent_legs.remove(&device)?;
        self.legs.remove(&leg);
        Some(leg)
    }

    /// Forgets everything about a call.
    pub(crate) fn remove_call(&mut self, call: CallId) -> Remnants {
        let on_it = |active: &ActiveCall| active.call == call;
        let talking: Vec<_> = self
            .active
            .iter()
            .filter(|(_, active)| on_it(active))
            .map(|(device, _)| (*device, self.agent_leg(*device)))
            .collect();
        self.active.retain(|_, active| !on_it(active));
        let agents = self.roster.agents_on(call);
        for agent in &agents {
            self.roster.free(agent, call);
        }
        self.renewals.retain(|_, renewal| renewal.call != call);
        self.sent_on.retain(|_, sent| sent.call != call);
        for (device, _) in &talking {
            self.connecting.remove(device);
        }
        let on_call = self.supervising.iter().filter(|(_, other)| **other == call);
        let supervisors: Vec<_> =
            on_call.map(|(device, _)| (*device, self.agent_leg(*device))).collect();
        self.supervising.retain(|_, other| *other != call);
        Remnants {
            supervisors,
            rung: self.rings.remove(&call).map(|entry| entry.devices).unwrap_or_default(),
            talking,
            agents,
            legs: self.remove_call_legs(call),
            recording: self.recordings.remove(&call),
        }
    }

    fn remove_call_legs(&mut self, call: CallId) -> Vec<LegId> {
        let legs: Vec<LegId> = self
            .legs
            .iter()
            .filter(|(_, owner)| **owner == LegOwner::Call(call))
            .map(|(leg, _)| *leg)
            .collect();
        for leg in &legs {
            self.legs.remove(leg);
        }
        legs
    }

    /// A ringing call as this agent may take it.
    pub(crate) fn ring_view(&self, view: &RingingCall, agent: &AgentId) -> RingingCall {
        let reason = self.not_claimable(agent);
        RingingCall { claimable: reason.is_none(), not_claimable: reason, ..view.clone() }
    }

    /// Devices by why their agents may not take a call now: there are few reasons, and those who
    /// have the same one are told the same.
    pub(crate) fn by_reason(
        &self,
        targets: &[Target],
    ) -> BTreeMap<Option<PresenceReason>, Vec<DeviceId>> {
        let mut devices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for target in targets {
            devices.entry(self.not_claimable(&target.agent)).or_default().push(target.device);
        }
        devices
    }

    /// Why this agent may not take a call now.
    pub(crate) fn not_claimable(&self, agent: &AgentId) -> Option<PresenceReason> {
        match self.roster.presence(agent) {
            Presence::Ready => None,
            Presence::Busy => Some(PresenceReason::OnCall),
            Presence::WrapUp => Some(PresenceReason::WrapUp),
            Presence::Offline | Presence::Away => Some(PresenceReason::NotReady),
        }
    }

    /// Calls that ring on a device, as its agent sees them.
    pub(crate) fn ringing_on(&self, device: DeviceId, agent: &AgentId) -> Vec<RingingCall> {
        self.rings
            .values()
            .filter(|entry| entry.devices.contains(&device))
            .map(|entry| self.ring_view(&entry.view, agent))
            .collect()
    }

    /// The call on a device. Where its agent has none, that is the one on a page they have left: it
    /// comes here as soon as the device is ready.
    fn active_on(&self, device: DeviceId, agent: &AgentId) -> Option<ActiveCall> {
        let own = self.active.get(&device).cloned();
        own.or_else(|| {
            let call = self.roster.on_call(agent)?;
            let left = |(other, one): &(&DeviceId, &ActiveCall)| {
                one.call == call
                    && one.consulted_by.is_none()
                    && (one.reconnecting || !self.roster.has_socket(**other))
            };
            let (_, active) = self.active.iter().find(left)?;
            Some(ActiveCall { reconnecting: true, ..active.clone() })
        })
    }

    /// The call that a device supervises, or is about to.
    pub(crate) fn supervised_on(&self, device: DeviceId) -> Option<CallId> {
        let renewed = self.renewals.get(&device).map(|renewal| renewal.call);
        self.supervising.get(&device).copied().or(renewed)
    }

    /// The call a device takes part in, as its agent or as a supervisor.
    pub(crate) fn part_on(&self, device: DeviceId) -> Option<CallId> {
        let active = self.active.get(&device).map(|active| active.call);
        active.or_else(|| self.supervised_on(device))
    }

    /// The device of a page that this agent has left with a call on it.
    pub(crate) fn left_page(&self, agent: &AgentId, here: DeviceId) -> Option<DeviceId> {
        let call = self.roster.on_call(agent)?;
        let left = |(device, one): &(&DeviceId, &ActiveCall)| {
            one.call == call
                && **device != here
                && self.roster.agent_of(**device).is_none_or(|owner| owner == agent)
                && !self.roster.has_socket(**device)
        };
        self.active.iter().find(left).map(|(device, _)| *device)
    }

    /// A device is gone for good; returns its agent.
    pub(crate) fn forget_device(&mut self, device: DeviceId) -> Option<AgentId> {
        self.watchers.remove(&device);
        self.renewals.remove(&device);
        self.connecting.remove(&device);
        self.roster.leave(device)
    }

    /// What a device needs to draw its page, but for what the store knows.
    pub(crate) fn snapshot(&self, device: DeviceId) -> Snapshot {
        let Some(agent) = self.roster.agent_of(device) else { return Snapshot::default() };
        Snapshot {
            presence: self.roster.presence(agent),
            blockers: self.roster.blockers(device),
            wrap_up_until: self.roster.wrap_up_until(agent).map(on_the_wall),
            ringing: self.ringing_on(device, agent),
            active: self.active_on(device, agent),
            last_call: self.last_calls.get(agent).copied(),
            sent_on: self.sent_on.get(agent).cloned(),
            ..Snapshot::default()
        }
    }
}
