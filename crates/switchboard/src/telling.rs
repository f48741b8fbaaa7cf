//! Telling devices what changed.

use model::{AgentId, CallId, DeviceId};
use wire::agent::ServerEvent;
use wire::{LiveCall, RingingCall, SentOn};

use crate::board::RingEntry;
use crate::presence::on_the_wall;
use crate::switchboard::Inner;

impl Inner {
    pub(crate) fn tell(&self, device: DeviceId, event: ServerEvent) {
        self.doors.bell.tell(device, event);
    }

    /// The same to many.
    pub(crate) fn tell_all(&self, devices: &[DeviceId], event: ServerEvent) {
        self.doors.bell.tell_all(devices, event);
    }

    /// An agent became busy, free, ready or away: their devices and their rings show it.
    pub(crate) fn presence_changed(&self, agent: &AgentId) {
        // Told under the lock: of two changes the later one must be told last.
        let board = self.board.lock();
        let (presence, reason) = (board.roster.presence(agent), board.not_claimable(agent));
        let wrap_up_until = board.roster.wrap_up_until(agent).map(on_the_wall);
        for device in board.roster.devices_of(agent) {
            let blockers = board.roster.blockers(device);
            self.tell(device, ServerEvent::Presence { presence, blockers, wrap_up_until });
            for (call, _) in board.rings.iter().filter(|(_, ring)| ring.devices.contains(&device)) {
                let (call, claimable, not_claimable) = (*call, reason.is_none(), reason);
                self.tell(device, ServerEvent::RingUpdate { call, claimable, not_claimable });
            }
        }
    }

    /// Rings devices and remembers that they ring.
    pub(crate) fn ring(&self, view: &RingingCall, targets: &[call::Target]) {
        // Told under the lock: of two words on who may take the call the later one must come last.
        let mut board = self.board.lock();
        let entry = board
            .rings
            .entry(view.call)
            .or_insert_with(|| RingEntry { view: view.clone(), devices: Default::default() });
        entry.view = view.clone();
        entry.devices.extend(targets.iter().map(|target| target.device));
        for (reason, devices) in board.by_reason(targets) {
            let (claimable, not_claimable) = (reason.is_none(), reason);
            let ringing = RingingCall { claimable, not_claimable, ..view.clone() };
            self.tell_all(&devices, ServerEvent::Ring { ringing });
        }
    }

    /// Tells the devices that ring for a call how it stands now: its place in the queue.
    pub(crate) fn ring_anew(&self, call: CallId) {
        // Told under the lock: the end of a ring must be told last.
        let mut board = self.board.lock();
        let queue_position = board.queue.position(call);
        if let Some(live) = board.live.get_mut(&call) {
            live.queue_position = queue_position;
        }
        let Some(entry) = board.rings.get_mut(&call) else { return };
        entry.view.queue_position = queue_position;
        let (view, devices) = (entry.view.clone(), entry.devices.clone());
        for device in devices {
            if let Some(agent) = board.roster.agent_of(device) {
                let ringing = board.ring_view(&view, agent);
                self.tell(device, ServerEvent::Ring { ringing });
            }
        }
    }

    /// An agent sent a call on, and it rings: on every device of theirs they can take it back.
    pub(crate) fn sent_on(&self, by: AgentId, sent_on: SentOn) {
        let mut board = self.board.lock();
        let devices = board.roster.devices_of(&by);
        board.sent_on.insert(by, sent_on.clone());
        self.tell_all(&devices, ServerEvent::SentOn { sent_on });
    }

    /// That call rings no more for whom it was sent to.
    pub(crate) fn sent_on_no_more(&self, by: &AgentId, call: CallId) {
        let mut board = self.board.lock();
        if board.sent_on.get(by).is_some_and(|sent| sent.call == call) {
            board.sent_on.remove(by);
        }
        let devices = board.roster.devices_of(by);
        self.tell_all(&devices, ServerEvent::SentOnEnd { call });
    }

    /// A live call as it is now: supervisors who watch see it, if anything of it has changed.
    pub(crate) fn call_live(&self, live: LiveCall) {
        // Told under the lock: of two changes the later one must be told last.
        let mut board = self.board.lock();
        if board.live.get(&live.call) == Some(&live) {
            return;
        }
        board.live.insert(live.call, live.clone());
        for device in &board.watchers {
            self.tell(*device, ServerEvent::LiveCall { live: live.clone() });
        }
    }

    /// A call is not live any more.
    pub(crate) fn call_not_live(&self, call: CallId) {
        let mut board = self.board.lock();
        if board.live.remove(&call).is_some() {
            for device in &board.watchers {
                self.tell(*device, ServerEvent::LiveCallEnd { call });
            }
        }
    }

    /// Forgets that a device rings for a call.
    pub(crate) fn unring(&self, call: CallId, device: DeviceId) {
        self.board.lock().unring(call, &[device]);
    }

    /// Tells every device the balance.
    pub(crate) async fn tell_balance(&self) {
        let Some(balance) = self.balance().await else { return };
        let devices = self.board.lock().roster.devices();
        self.tell_all(&devices, ServerEvent::Balance { balance });
    }
}
