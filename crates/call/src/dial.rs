//! Calling a contact: Meta is asked with our offer, the contact's phone rings, they pick up. The
//! agent who dials has the call from the start, like a claim that waits for its other side.

use std::time::Instant;

use model::{Cause, DialStage, EndReason};

use crate::event::Event;
use crate::life::Call;
use crate::output::{Command, StopWhy};
use crate::plan::RingPlan;
use crate::ring::Target;
use crate::rules::{DIAL_SIGN_WAIT, MEDIA_UP_WAIT, Timer};
use crate::state::{Carrier, Claim, Dialling, State};

impl Dialling {
    /// When patience ends, and which.
    pub(crate) fn due(&self) -> (Instant, Timer) {
        match self.sign_due {
            Some(sign) if sign < self.ends => (sign, Timer::DialSignOverdue),
            Some(_) | None => (self.ends, Timer::DialEnds),
        }
    }

    const fn stage(&self) -> DialStage {
        match (self.picked_up, self.rings) {
            (true, _) => DialStage::PickedUp,
            (false, true) => DialStage::Ringing,
            (false, false) => DialStage::Calling,
        }
    }
}

impl Call {
    /// How far a call that we place is; `None` once it is connected, or over, and of others.
    pub fn dial_stage(&self) -> Option<DialStage> {
        let State::Claimed(_) = self.state else { return None };
        self.dialling().map(Dialling::stage)
    }

    const fn dialling(&self) -> Option<&Dialling> {
        match &self.carrier {
            Carrier::Dialling(dialling) => Some(dialling),
            Carrier::Offered
            | Carrier::PreAccepting { .. }
            | Carrier::Prepared
            | Carrier::Accepting { .. }
            | Carrier::Unclear { .. }
            | Carrier::Accepted => None,
        }
    }

    /// The dialling call, when it is not being ended.
    fn live_dialling(&mut self) -> Option<&mut Dialling> {
        let (State::Claimed(_), Carrier::Dialling(dialling)) = (&self.state, &mut self.carrier)
        else {
            return None;
        };
        Some(dialling)
    }

    pub(crate) fn dial(&mut self, target: Target, plan: RingPlan, now: Instant) {
        if !matches!(self.state, State::Offered) {
            return self.ignored("dial");
        }
        self.plan = plan;
        self.epoch += 1;
        let claim = Claim {
            target: target.clone(),
            lease_ends: now + self.rules.claim_lease,
            heard: false,
        };
        self.state = State::Claimed(claim);
        self.carrier = Carrier::Dialling(Dialling {
            ends: now + self.rules.dial_ring,
            sign_due: None,
            described: false,
            rings: false,
            picked_up: false,
            rings_back: false,
        });
        let Target { agent, device } = target.clone();
        self.event(Event::Dialled { agent, device, epoch: self.epoch });
        self.command(Command::Confirm(target));
        self.event(Event::ConnectRequested {});
        self.command(Command::Connect);
    }

    pub(crate) fn dial_taken(&mut self) {
        let Some(dialling) = self.live_dialling() else { return self.ignored("dial_taken") };
        dialling.sign_due = None;
        self.event(Event::Connecting {});
    }

    /// There is no call at Meta, so nothing to end there.
    pub(crate) fn dial_refused(&mut self, cause: Cause, now: Instant) {
        if matches!(self.state, State::Ending { .. }) {
            return self.farewell_answered(true, now);
        }
        if self.live_dialling().is_none() {
            return self.ignored("dial_refused");
        }
        self.over_at_meta(cause, now);
    }

    fn over_at_meta(&mut self, cause: Cause, now: Instant) {
        let reason = EndReason::of(cause, self.was_bridged());
        self.wind_down(reason, &StopWhy::CallEnded, now);
        self.close(reason, now);
    }

    pub(crate) fn dial_unclear(&mut self, now: Instant) {
        let Some(dialling) = self.live_dialling() else { return self.ignored("dial_unclear") };
        let has_sign = dialling.described || dialling.rings || dialling.picked_up;
        if !has_sign {
            dialling.sign_due = Some(now + DIAL_SIGN_WAIT);
        }
        self.event(Event::ConnectUnclear {});
    }

    pub(crate) fn dial_described(&mut self, now: Instant) {
        match self.live_dialling() {
            Some(dialling) if !dialling.described => {
                (dialling.described, dialling.sign_due) = (true, None);
                self.event(Event::Described {});
                self.ring_back();
                self.connect_if_complete(now);
            }
            Some(_) | None => self.ignored("dial_described"),
        }
    }

    pub(crate) fn dial_undescribed(&mut self, now: Instant) {
        match self.live_dialling() {
            Some(dialling) if !dialling.described => {
                self.end(Cause::BadOffer, StopWhy::CallEnded, now);
            }
            Some(_) | None => self.ignored("dial_undescribed"),
        }
    }

    pub(crate) fn contact_rings(&mut self) {
        match self.live_dialling() {
            Some(dialling) if !dialling.rings && !dialling.picked_up => {
                (dialling.rings, dialling.sign_due) = (true, None);
                self.event(Event::ContactRings {});
                self.ring_back();
                self.update_dialler();
            }
            Some(_) | None => self.ignored("contact_rings"),
        }
    }

    /// The meter runs from here, whether Meta's description has come or not.
    pub(crate) fn contact_picked_up(&mut self, now: Instant) {
        match self.live_dialling() {
            Some(dialling) if !dialling.picked_up => {
                (dialling.picked_up, dialling.sign_due) = (true, None);
                dialling.ends = now + MEDIA_UP_WAIT;
                self.accepted_at = Some(now);
                self.event(Event::Accepted {});
                self.stop_ring_back();
                self.update_dialler();
                self.connect_if_complete(now);
            }
            Some(_) | None => self.ignored("contact_picked_up"),
        }
    }

    pub(crate) fn contact_declined(&mut self, now: Instant) {
        match self.live_dialling() {
            Some(dialling) if !dialling.picked_up => {
                self.event(Event::ContactDeclined {});
                self.over_at_meta(Cause::ContactDeclined, now);
            }
            Some(_) | None => self.ignored("contact_declined"),
        }
    }

    /// Both that the contact picked up and where to send are known.
    fn connect_if_complete(&mut self, now: Instant) {
        let complete = |dialling: &&mut Dialling| dialling.described && dialling.picked_up;
        if self.live_dialling().filter(complete).is_none() {
            return;
        }
        self.carrier = Carrier::Accepted;
        self.start_sound(now);
        if !self.carrier_media_up {
            self.media_overdue = Some(now + MEDIA_UP_WAIT);
        }
        self.open_if_complete(now);
    }

    /// Nobody picked up, or where to send was never told.
    pub(crate) fn dial_ends(&mut self, now: Instant) {
        let picked_up = self.dialling().is_some_and(|dialling| dialling.picked_up);
        let (cause, why) = if picked_up {
            (Cause::MediaNeverUp, StopWhy::CallEnded)
        } else {
            (Cause::NoAnswer, StopWhy::TimedOut)
        };
        self.end(cause, why, now);
    }

    /// Meta is at work on the contact's phone: the agent hears it ring.
    fn ring_back(&mut self) {
        let Some(target) = self.holder().cloned() else { return };
        if let Some(dialling) = self.live_dialling()
            && !dialling.picked_up
            && !std::mem::replace(&mut dialling.rings_back, true)
        {
            self.command(Command::RingBack(target, true));
        }
    }

    pub(crate) fn stop_ring_back(&mut self) {
        let Some(target) = self.holder().cloned() else { return };
        if let Some(dialling) = self.live_dialling()
            && std::mem::replace(&mut dialling.rings_back, false)
        {
            self.command(Command::RingBack(target, false));
        }
    }

    fn update_dialler(&mut self) {
        if let Some(target) = self.holder().cloned() {
            self.command(Command::Update(target));
        }
    }
}
