//! What becomes of an agent's devices when their rights change, or when they are removed.

use model::{AgentId, DeviceId, Right, Rights};

use crate::switchboard::Switchboard;

impl Switchboard {
    /// What an agent may do, as their token or the house says.
    pub fn allow(&self, agent: &AgentId, rights: Rights) {
        self.inner.board.lock().roster.allow(agent, rights);
    }

    /// An agent's rights were changed. Without the right to answer none of their devices rings any
    /// more; a call they are on goes on to its end.
    pub async fn rights_changed(&self, agent: &AgentId, rights: Rights) {
        self.allow(agent, rights);
        if !rights.allow(Right::Supervise) {
            self.stop_all_supervising(agent).await;
        }
        if rights.allow(Right::Answer) {
            return;
        }
        let devices = self.inner.board.lock().roster.devices_of(agent);
        for device in devices {
            self.go_away(device).await;
        }
    }

    /// What a supervisor sees and hears of others ends.
    async fn stop_all_supervising(&self, agent: &AgentId) {
        let supervised: Vec<_> = {
            let mut board = self.inner.board.lock();
            let devices = board.roster.devices_of(agent);
            board.watchers.retain(|device| !devices.contains(device));
            let calls = devices.into_iter().map(|device| (device, board.supervised_on(device)));
            calls.filter_map(|(device, call)| Some((device, call?))).collect()
        };
        for (device, call) in supervised {
            // A call that ended meanwhile is supervised by nobody.
            let _ = self.stop_supervising(device, call).await;
        }
    }

    /// A device's agent was removed: it is gone for good. It rings no more, and a call it has is
    /// kept as one whose agent's media is lost: the caller is not dropped for it.
    pub async fn device_signed_out(&self, device: DeviceId) {
        let inner = &self.inner;
        inner.board.lock().renewals.remove(&device);
        let held = inner.board.lock().active.get(&device).map(|active| active.call);
        inner.agent_leg_lost(device, "the agent was signed out").await;
        let agent = inner.board.lock().forget_device(device);
        inner.calls.device_gone(device, held);
        if let Some(agent) = agent {
            inner.presence_changed(&agent);
        }
    }
}
