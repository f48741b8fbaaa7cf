//! Watches all that a call puts out, and fails as soon as one of its laws is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use call::{Call, Command, Event, Farewell, LeftWhy, Output, Phase, Sound, StopWhy, Target};
use model::{AgentId, DeviceId};

/// What must be true of a call whatever happens to it, kept apart from how the call does it.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    /// Devices that ring.
    ringing: BTreeMap<DeviceId, AgentId>,
    /// Agents whose ring has no outcome yet.
    rung: BTreeSet<AgentId>,
    /// Agents who are on the call, with the device.
    pub(crate) on_call: BTreeMap<AgentId, DeviceId>,
    bridged: Option<Target>,
    consulting: Option<(Target, Target)>,
    supervisor: Option<Target>,
    sound: Option<Sound>,
    notice: bool,
    speaks: bool,
    asked_accept: bool,
    pre_accepts: u32,
    pub(crate) accepts: u32,
    pub(crate) ends: u32,
    closings: u32,
    rung_since: Option<Instant>,
    rang: Duration,
}

impl Auditor {
    /// Takes one output.
    pub(crate) fn see(&mut self, output: &Output, now: Instant) {
        match output {
            Output::Event(event) => self.event(event, now),
            Output::Command(command) => self.command(command),
        }
    }

    fn event(&mut self, event: &Event, now: Instant) {
        let is_ignored = matches!(event, Event::Ignored { .. });
        assert!(self.ends == 0 || is_ignored, "{event:?} after the end");
        match event {
            Event::AgentsRung { agents } => {
                for agent in agents {
                    assert!(self.rung.insert(agent.clone()), "{agent} is rung twice at once");
                }
            }
            Event::AgentsRingEnded { agents, outcome } => {
                for agent in agents {
                    assert!(self.rung.remove(agent), "{agent} was not rung: {outcome:?}");
                }
            }
            Event::AcceptRequested {} => self.asked_accept = true,
            Event::Bridged { agent } => {
                let bridged = self.bridged.as_ref().map(|target| &target.agent);
                assert_eq!(bridged, Some(agent), "who talks must be joined");
            }
            Event::Ended { .. } => self.ends += 1,
            _ => {}
        }
        let rings = !self.rung.is_empty() && !self.asked_accept;
        match (self.rung_since, rings) {
            (None, true) => self.rung_since = Some(now),
            (Some(since), false) => {
                self.rang += now - since;
                self.rung_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }

    fn command(&mut self, command: &Command) {
        let closes = matches!(command, Command::CloseBooks(_));
        let is_over = self.ends > 0 && !closes;
        let is_farewell = matches!(command, Command::Farewell(Farewell::Terminate));
        assert!(!is_over || is_farewell, "{command:?} after the end");
        match command {
            Command::PreAccept => self.pre_accepts += 1,
            Command::Accept => self.accepts += 1,
            Command::Farewell(farewell) => {
                let expected =
                    if self.asked_accept { Farewell::Terminate } else { Farewell::Reject };
                assert_eq!(*farewell, expected);
            }
            Command::Ring(targets) => {
                for Target { agent, device } in targets {
                    assert!(self.rung.contains(agent), "{agent} rings without a word of it");
                    let twice = self.ringing.insert(*device, agent.clone());
                    assert_eq!(twice, None, "a device rings twice");
                }
            }
            Command::StopRinging { devices, why } => {
                for device in devices {
                    assert!(self.ringing.remove(device).is_some(), "it did not ring: {why:?}");
                }
                if let StopWhy::Claimed { winner, .. } = why {
                    assert!(self.on_call.contains_key(winner), "the winner does not know yet");
                }
            }
            Command::Confirm(target) => {
                self.ringing.remove(&target.device);
                let twice = self.on_call.insert(target.agent.clone(), target.device);
                assert_eq!(twice, None, "an agent takes a call they have");
            }
            Command::Resume(target) => {
                let had = self.on_call.insert(target.agent.clone(), target.device);
                assert!(had.is_some(), "another agent resumes the call");
            }
            Command::LeaveCall { why: LeftWhy::ResumedElsewhere, target } => {
                assert!(self.on_call.contains_key(&target.agent));
                assert_ne!(self.bridged.as_ref(), Some(target), "both devices talk");
            }
            Command::Release { target, .. }
            | Command::LeaveCall { target, .. }
            | Command::Dismiss(target, _) => {
                let ends = matches!(command, Command::Dismiss(..));
                assert!(
                    self.on_call.remove(&target.agent).is_some(),
                    "{target:?} was let go twice"
                );
                if ends {
                    (self.bridged, self.consulting) = (None, None);
                }
                assert_ne!(self.bridged.as_ref(), Some(target), "who is let go still talks");
            }
            Command::Bridge(target) => {
                let device = self.on_call.get(&target.agent);
                assert_eq!(device, Some(&target.device), "a stranger is joined");
                assert!(self.bridged.as_ref().is_none_or(|b| b == target), "two are joined");
                self.bridged = Some(target.clone());
            }
            Command::Unbridge(target) => assert_eq!(self.bridged.take().as_ref(), Some(target)),
            Command::Consult { first, second } => {
                assert!(self.consulting.is_none() && self.bridged.is_none());
                self.consulting = Some((first.clone(), second.clone()));
            }
            Command::Unconsult { first, second } => {
                assert_eq!(self.consulting.take(), Some((first.clone(), second.clone())));
            }
            Command::Supervise(target, _) => {
                assert!(self.supervisor.as_ref().is_none_or(|known| known == target));
                assert!(self.bridged.is_some(), "there is nothing to supervise");
                self.supervisor = Some(target.clone());
            }
            Command::Unsupervise(target, _) => {
                assert_eq!(self.supervisor.take().as_ref(), Some(target));
            }
            Command::Speak => self.speaks = true,
            Command::Play(sound) => (self.sound, self.notice) = (Some(*sound), false),
            Command::PlayNotice => self.notice = true,
            Command::CloseBooks(_) => self.closings += 1,
            _ => {}
        }
    }

    /// Between two inputs, when all outputs have been taken.
    pub(crate) fn check(&self, call: &Call, allowed: Duration) {
        assert!(self.accepts <= 1 && self.pre_accepts <= 1, "Meta is asked once");
        assert!(self.rang <= allowed, "it rang for {:?}", self.rang);
        assert_eq!(self.ends, self.closings);
        let rung: BTreeSet<AgentId> = self.ringing.values().cloned().collect();
        assert_eq!(rung, self.rung, "who rings and whom the journal says");
        let holder = call.holder().map(|target| (&target.agent, &target.device));
        let expected = holder.iter().count() + call.consulted().iter().count();
        assert_eq!(self.on_call.len(), expected, "{:?} in {:?}", self.on_call, call.phase());
        if let Some((agent, device)) = holder {
            assert_eq!(self.on_call.get(agent), Some(device));
        }
        let is_live = !matches!(call.phase(), Phase::Ending | Phase::Ended);
        if is_live && self.speaks {
            let is_played = matches!(self.sound, Some(Sound::Hold | Sound::Ringback));
            let is_sound = self.bridged.is_some() || is_played || self.notice;
            assert!(is_sound, "the caller hears nothing in {:?}", call.phase());
        }
        if !is_live {
            assert!(self.rung.is_empty() && self.supervisor.is_none() && self.bridged.is_none());
        }
        if call.phase() == Phase::Ended {
            assert_eq!((self.ends, call.poll_timeout()), (1, None), "a timer outlives its call");
        }
    }
}
