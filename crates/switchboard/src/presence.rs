//! Who can be rung: what pages say about themselves, finishing up, and rings nobody answered.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use call::Readiness;
use model::{AgentId, DeviceId, RingOutcome, Timestamp};

use crate::switchboard::{Inner, Switchboard};

/// How long a lost socket may take to come back before the device rings no more: longer than a
/// proxy's reload, shorter than a caller notices.
const SOCKET_PATIENCE: Duration = Duration::from_millis(1_500);

impl Switchboard {
    /// What only the page can know about its device.
    pub fn readiness(&self, device: DeviceId, microphone: bool, audio: bool, leader: bool) {
        self.inner.change(device, |roster| {
            let socket = true;
            roster.readiness_is(device, Readiness { socket, microphone, audio, leader });
        });
    }

    /// The agent is done with finishing up.
    pub fn end_wrap_up(&self, device: DeviceId) {
        let agent = self.inner.board.lock().roster.agent_of(device).cloned();
        if let Some(agent) = agent {
            self.inner.stop_wrapping_up(&agent);
        }
    }

    /// The device's socket is lost; its session, its media and its call go on. It shows at once,
    /// and rings go elsewhere if it stays so.
    pub fn socket_lost(&self, device: DeviceId) {
        self.inner.board.lock().roster.socket_is(device, false);
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(SOCKET_PATIENCE).await;
            if let Some(inner) = inner.upgrade() {
                inner.weigh(device);
                inner.look_for_another_page(device).await;
            }
        });
    }

    /// The device has a socket again.
    pub fn socket_back(&self, device: DeviceId) {
        self.inner.change(device, |roster| roster.socket_is(device, true));
    }
}

impl Inner {
    /// A socket stays lost: where its agent has another page open by now, the old one was left.
    async fn look_for_another_page(&self, device: DeviceId) {
        let here = {
            let board = self.board.lock();
            let agent = board.roster.agent_of(device).cloned();
            agent.filter(|_| !board.roster.has_socket(device)).and_then(|agent| {
                let devices = board.roster.devices_of(&agent).into_iter();
                let other = devices.rev().find(|other| board.roster.has_socket(*other))?;
                Some((agent, other))
            })
        };
        if let Some((agent, other)) = here {
            self.left_page_of(&agent, other).await;
            self.weigh(other);
        }
    }

    /// Changes what is known about a device, and what follows from it.
    fn change(&self, device: DeviceId, change: impl FnOnce(&mut call::Roster)) {
        let (before, after) = {
            let mut board = self.board.lock();
            let before = board.roster.blockers(device);
            change(&mut board.roster);
            (before, board.roster.blockers(device))
        };
        if before != after {
            self.weigh(device);
        }
    }

    /// Tells the device's agent and the calls whether the device can be rung now.
    fn weigh(&self, device: DeviceId) {
        let (agent, ringable, held) = {
            let board = self.board.lock();
            let agent = board.roster.agent_of(device).cloned();
            (agent, board.roster.ringable(device), board.part_on(device))
        };
        let Some(agent) = agent else { return };
        if ringable {
            self.can_ring(&agent, device);
        } else {
            self.calls.device_gone(device, held);
        }
        self.presence_changed(&agent);
    }

    /// The agent is done with finishing up, if they were at it.
    pub(crate) fn stop_wrapping_up(&self, agent: &AgentId) {
        let ended = self.board.lock().roster.end_wrap_up(agent);
        if ended {
            self.became_free(agent);
        }
    }

    /// An agent is free again: what rings now rings for them too.
    pub(crate) fn became_free(&self, agent: &AgentId) {
        self.presence_changed(agent);
        let targets = self.board.lock().roster.targets_of(agent);
        for target in targets {
            self.can_ring(agent, target.device);
        }
    }

    /// Whatever rings now rings there too, and a call that waits for this agent goes on.
    pub(crate) fn can_ring(&self, agent: &AgentId, device: DeviceId) {
        self.calls.device_ready(&call::Target { agent: agent.clone(), device });
    }

    /// An agent has left a call: they finish up, or are free.
    pub(crate) fn let_go(&self, agent: &AgentId) {
        let wraps_up = self.board.lock().roster.wrap_up_until(agent).is_some();
        if wraps_up {
            self.presence_changed(agent);
            self.wrap_ups.notify_one();
        } else {
            self.became_free(agent);
        }
    }

    /// These agents were rung, and this is what became of it.
    pub(crate) fn rings_ended(&self, agents: &[AgentId], outcome: RingOutcome) {
        for agent in agents {
            let set_away = self.board.lock().roster.ring_ended(agent, outcome);
            if set_away {
                tracing::debug!(%agent, "an agent who let calls ring is set away");
                let devices: Vec<_> = {
                    let board = self.board.lock();
                    let devices = board.roster.devices_of(agent).into_iter();
                    devices.map(|device| (device, board.part_on(device))).collect()
                };
                for (device, part) in devices {
                    self.calls.device_gone(device, part);
                }
                self.presence_changed(agent);
            }
        }
    }
}

/// Ends every agent's finishing up when it is due, for as long as the house stands.
pub(crate) async fn end_wrap_ups(house: Weak<Inner>) {
    loop {
        let Some(inner) = house.upgrade() else { return };
        let done = inner.board.lock().roster.handle_timeout(Instant::now());
        for agent in done {
            inner.became_free(&agent);
        }
        let due = inner.board.lock().roster.poll_timeout();
        // The house may close meanwhile.
        let patience = Duration::from_secs(1);
        let wait = due.map_or(patience, |at| at.saturating_duration_since(Instant::now()));
        // Whoever begins to finish up meanwhile is seen at once.
        let _ = tokio::time::timeout(wait.min(patience), inner.wrap_ups.notified()).await;
    }
}

/// A moment as people read it.
pub(crate) fn on_the_wall(at: Instant) -> Timestamp {
    let left = at.saturating_duration_since(Instant::now());
    Timestamp::now().plus_millis(i64::try_from(left.as_millis()).unwrap_or(i64::MAX))
}
