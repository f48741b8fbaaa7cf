//! Joining a third leg to a call: a consulted agent, or a supervisor. Two agents' legs can only be
//! joined on one media thread, so a device whose leg lies elsewhere makes it anew near the call.

use call::{Input, SupervisionWhy, Target};
use media::{MediaError, SuperviseError, Supervision};
use model::{CallId, DeviceId, LegId, SupervisionMode};
use wire::agent::ServerEvent;

use crate::board::Renewal;
use crate::owner::{Message, Owner};
use crate::switchboard::Inner;

impl Owner {
    /// Lets the two agents hear each other. What they say is not the caller's, so it is not
    /// recorded.
    pub(crate) async fn consult(&mut self, first: &Target, second: &Target) {
        let legs = {
            let board = self.inner.board.lock();
            board.agent_leg(first.device).zip(board.agent_leg(second.device))
        };
        let Some((one, other)) = legs else {
            let why = "the device's media leg is gone";
            self.follow_ups.push(Input::AgentLegFailed { device: second.device, why });
            return;
        };
        let plane = &self.inner.doors.plane;
        if !plane.are_near(one, other).await {
            self.renew(second.device, one);
            return;
        }
        plane.watch(other).await;
        plane.mute(one, self.call.muted()).await;
        plane.mute(other, self.call.consulted_muted()).await;
        plane.bridge(one, other).await;
    }

    pub(crate) async fn unconsult(&self, first: &Target, second: &Target) {
        for device in [first.device, second.device] {
            let leg = self.inner.board.lock().agent_leg(device);
            if let Some(leg) = leg {
                self.inner.doors.plane.unbridge(leg).await;
            }
        }
    }

    /// Lets a supervisor take part, or changes how.
    pub(crate) async fn supervise(&mut self, supervisor: Target, mode: SupervisionMode) {
        let device = supervisor.device;
        let leg = self.inner.board.lock().agent_leg(device);
        let (Some(whatsapp), Some(leg)) = (self.carrier_leg, leg) else {
            let why = SupervisionWhy::MediaFailed;
            self.follow_ups.push(Input::SupervisionEnded { device, why });
            return;
        };
        let how = match mode {
            SupervisionMode::Listen => Supervision::Listen,
            SupervisionMode::Whisper => Supervision::Whisper,
            SupervisionMode::Barge => Supervision::Barge,
        };
        match self.inner.doors.plane.supervise(leg, whatsapp, how).await {
            Ok(()) => {
                self.inner.board.lock().supervising.insert(device, self.id);
                let call = self.id;
                self.inner.tell(device, ServerEvent::Supervising { call, mode });
            }
            Err(MediaError::Supervise(SuperviseError::Apart { .. })) => {
                self.renew(device, whatsapp)
            }
            Err(error) => {
                tracing::warn!(call = %self.id, %device, %error, "a call cannot be supervised");
                let why = why_not(&error);
                self.follow_ups.push(Input::SupervisionEnded { device, why });
            }
        }
    }

    pub(crate) async fn unsupervise(&self, supervisor: &Target, why: SupervisionWhy) {
        let device = supervisor.device;
        let leg = {
            let mut board = self.inner.board.lock();
            // Another call of theirs is not ours to touch.
            if board.renewals.get(&device).is_some_and(|renewal| renewal.call == self.id) {
                board.renewals.remove(&device);
            }
            let ours = board.supervising.get(&device) == Some(&self.id);
            if ours {
                board.supervising.remove(&device);
            }
            board.agent_leg(device).filter(|_| ours)
        };
        if let Some(leg) = leg {
            self.inner.doors.plane.unsupervise(leg).await;
        }
        let why = told(why);
        self.inner.tell(device, ServerEvent::SupervisionEnd { call: self.id, why });
    }

    /// Has a device make its media leg anew where the call is.
    fn renew(&self, device: DeviceId, near: LegId) {
        let renewal = Renewal { call: self.id, near, seated: None };
        self.inner.board.lock().renewals.insert(device, renewal);
        self.inner.tell(device, ServerEvent::RenewMedia {});
    }

    /// A device that was asked to has made its leg anew: what was wanted of it is done now.
    pub(crate) async fn leg_renewed(&mut self, device: DeviceId) {
        let consulted = self.call.consulted().filter(|target| target.device == device).cloned();
        if let (Some(first), Some(second)) = (self.call.holder().cloned(), consulted) {
            self.consult(&first, &second).await;
        }
        let supervision = self.call.supervision().filter(|(target, _)| target.device == device);
        if let Some((target, mode)) = supervision.map(|(target, mode)| (target.clone(), mode)) {
            self.supervise(target, mode).await;
        }
        // The caller became theirs while the leg was made.
        let holder = self.call.holder().filter(|target| target.device == device).cloned();
        if let Some(target) = holder.filter(|_| !self.call.held() && self.bridged_at.is_some()) {
            self.bridge(&target).await;
        }
    }
}

impl Inner {
    /// A device supervises one call at a time, and none while it has a call of its own.
    pub(crate) fn leave_other_supervision(&self, device: DeviceId, but: CallId) {
        let other = self.board.lock().supervised_on(device).filter(|call| *call != but);
        if let Some(call) = other {
            self.calls.post(call, Message::Input(Input::StopSupervising { device }));
        }
    }
}

const fn why_not(error: &MediaError) -> SupervisionWhy {
    let MediaError::Supervise(error) = error else { return SupervisionWhy::MediaFailed };
    match error {
        SuperviseError::TooMany { .. } => SupervisionWhy::Full,
        SuperviseError::NotBridged { .. } => SupervisionWhy::Parted,
        SuperviseError::Apart { .. }
        | SuperviseError::Gone { .. }
        | SuperviseError::NotFree { .. }
        | SuperviseError::Taken { .. }
        | SuperviseError::Codec { .. } => SupervisionWhy::MediaFailed,
    }
}

const fn told(why: SupervisionWhy) -> wire::agent::SupervisionEnd {
    match why {
        SupervisionWhy::Left => wire::agent::SupervisionEnd::Left,
        SupervisionWhy::CallEnded => wire::agent::SupervisionEnd::CallEnded,
        SupervisionWhy::Parted => wire::agent::SupervisionEnd::Parted,
        SupervisionWhy::TookOver => wire::agent::SupervisionEnd::TookOver,
        SupervisionWhy::MediaFailed => wire::agent::SupervisionEnd::MediaFailed,
        SupervisionWhy::Full => wire::agent::SupervisionEnd::Full,
    }
}
