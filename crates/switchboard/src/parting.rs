//! How an agent leaves a call, and how the same agent goes on with it elsewhere.

use std::time::Instant;

use call::{LeftWhy, Target};
use model::EndReason;
use wire::agent::ServerEvent;

use crate::owner::{ClaimTiming, Owner};

/// What becomes of an agent whose device leaves a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// They talked: they finish up.
    FinishUp,
    /// Their claim came to nothing.
    BeFree,
    /// They have the call still, on another device.
    StayOnCall,
}

impl Owner {
    /// The claim counts no more: neither its timing nor the end of ringing.
    pub(crate) async fn release(&mut self, target: &Target, why: &'static str) {
        if !self.call.was_bridged() {
            self.timing = ClaimTiming::default();
            self.ring_ended = None;
        }
        self.let_go(target, Then::BeFree).await;
        let released = ServerEvent::ClaimReleased { call: self.id, reason: why.to_owned() };
        self.inner.tell(target.device, released);
        self.inner.became_free(&target.agent);
    }

    /// The call is over for its agent.
    pub(crate) async fn dismiss(&mut self, target: &Target, reason: EndReason) {
        self.look_due = None;
        self.quieten(target, self.call.was_bridged()).await;
        let then = if self.call.was_bridged() { Then::FinishUp } else { Then::BeFree };
        self.let_go(target, then).await;
        let talked_ms = self.talked_ms();
        self.inner.tell(target.device, ServerEvent::CallEnd { call: self.id, reason, talked_ms });
        self.after(target, then);
    }

    /// The call goes on without this device.
    pub(crate) async fn leave_call(&mut self, target: &Target, why: LeftWhy) {
        self.look_due = None;
        self.quieten(target, why != LeftWhy::ConsultationOver).await;
        let then = match why {
            LeftWhy::Transferred | LeftWhy::TakenOver | LeftWhy::GraceOver => Then::FinishUp,
            LeftWhy::ConsultationOver => Then::FinishUp,
            LeftWhy::ResumedElsewhere => Then::StayOnCall,
        };
        self.let_go(target, then).await;
        let now_with = self
            .call
            .holder()
            .filter(|holder| holder.device != target.device)
            .map(|holder| self.inner.board.lock().name_of(&holder.agent));
        let talked_ms = self.talked_ms();
        let why = told(why);
        self.inner
            .tell(target.device, ServerEvent::CallLeft { call: self.id, why, now_with, talked_ms });
        self.after(target, then);
    }

    /// The same agent goes on on this device.
    pub(crate) fn resume(&mut self, target: &Target) {
        let active = self.active_view(target);
        {
            let mut board = self.inner.board.lock();
            board.active.retain(|device, one| one.call != self.id || *device == target.device);
            board.active.insert(target.device, active.clone());
        }
        let lease_ms = u64::try_from(self.inner.house.claim_lease.as_millis()).unwrap_or(u64::MAX);
        self.inner.tell(target.device, ServerEvent::ClaimWon { active, lease_ms });
        self.inner.presence_changed(&target.agent);
    }

    /// Keeps how the leg was, and leaves it alone, unheard, unmuted.
    async fn quieten(&mut self, target: &Target, counts: bool) {
        let leg = self.inner.board.lock().agent_leg(target.device);
        let Some(leg) = leg else { return };
        let summary = self.inner.doors.plane.summary(leg).await;
        if let Some(summary) = summary.filter(|_| counts) {
            self.keep_agent_summary(summary);
        }
        self.inner.quieten(leg).await;
    }

    /// Frees the agent, once nothing of this call is done to their leg any more: their next call
    /// may use it at once. A leg that is not wanted any more is closed.
    async fn let_go(&self, target: &Target, then: Then) {
        let unwanted = {
            let mut board = self.inner.board.lock();
            board.active.remove(&target.device);
            board.renewals.remove(&target.device);
            board.connecting.remove(&target.device);
            match then {
                Then::FinishUp => {
                    board.roster.finish(&target.agent, self.id, Instant::now());
                    board.last_calls.insert(target.agent.clone(), self.id);
                }
                Then::BeFree => {
                    board.roster.free(&target.agent, self.id);
                }
                Then::StayOnCall => {}
            }
            let wanted = board.roster.wants_calls(target.device);
            if wanted { None } else { board.remove_agent_leg(target.device) }
        };
        if let Some(leg) = unwanted {
            self.inner.doors.plane.close(leg).await;
        }
    }

    fn after(&self, target: &Target, then: Then) {
        match then {
            Then::FinishUp | Then::BeFree => self.inner.let_go(&target.agent),
            Then::StayOnCall => {}
        }
    }

    fn talked_ms(&self) -> i64 {
        i64::try_from(self.call.talked(Instant::now()).as_millis()).unwrap_or(i64::MAX)
    }
}

const fn told(why: LeftWhy) -> wire::agent::LeftWhy {
    match why {
        LeftWhy::Transferred => wire::agent::LeftWhy::Transferred,
        LeftWhy::TakenOver => wire::agent::LeftWhy::TakenOver,
        LeftWhy::ConsultationOver => wire::agent::LeftWhy::ConsultationOver,
        LeftWhy::ResumedElsewhere => wire::agent::LeftWhy::ResumedElsewhere,
        LeftWhy::GraceOver => wire::agent::LeftWhy::GraceOver,
    }
}
