//! What Meta is asked and what it answers.

use std::time::Instant;

use model::{Cause, EndReason};

use crate::event::Event;
use crate::input::Outcome;
use crate::life::Call;
use crate::output::{Command, Farewell, StopWhy};
use crate::rules::{ACCEPT_WAIT, EVIDENCE_WAIT, HANG_UP_NEWS_WAIT, MEDIA_UP_WAIT, TONE_AFTER};
use crate::state::{Carrier, Dialling, State};

impl Call {
    pub(crate) fn ask_accept(&mut self, now: Instant) {
        self.carrier = Carrier::Accepting { overdue: now + ACCEPT_WAIT };
        self.event(Event::AcceptRequested {});
        self.command(Command::Accept);
    }

    pub(crate) fn pre_accept_answered(&mut self, outcome: Outcome, now: Instant) {
        if !matches!(self.carrier, Carrier::PreAccepting { .. })
            || matches!(self.state, State::Ending { .. } | State::Ended)
        {
            return self.ignored("pre_accept_answered");
        }
        match outcome {
            Outcome::Refused => return self.end(Cause::CarrierRefused, StopWhy::CallEnded, now),
            Outcome::Done => self.event(Event::PreAccepted {}),
            Outcome::Unclear => self.event(Event::PreAcceptUnclear {}),
        }
        self.carrier = Carrier::Prepared;
        // Somebody took the call meanwhile, or it waits without an agent.
        let is_wanted =
            matches!(self.state, State::Claimed(_) | State::Queued | State::Noticing { .. });
        if is_wanted {
            self.ask_accept(now);
        }
    }

    pub(crate) fn accept_answered(&mut self, outcome: Outcome, now: Instant) {
        if matches!(self.state, State::Ending { .. } | State::Ended) {
            // The call ended while accept was under way. If it worked after all, end it at Meta too.
            let was_asked = match self.carrier {
                Carrier::Accepting { .. } | Carrier::Unclear { .. } | Carrier::Accepted => true,
                Carrier::Offered
                | Carrier::PreAccepting { .. }
                | Carrier::Prepared
                | Carrier::Dialling(_) => false,
            };
            if was_asked && outcome != Outcome::Refused {
                self.command(Command::Farewell(Farewell::Terminate));
            }
            return;
        }
        if !matches!(self.carrier, Carrier::Accepting { .. }) {
            return self.ignored("accept_answered");
        }
        match outcome {
            Outcome::Done => self.accepted(now),
            Outcome::Refused => self.end(Cause::CarrierRefused, StopWhy::CallEnded, now),
            Outcome::Unclear => {
                self.carrier = Carrier::Unclear { overdue: now + EVIDENCE_WAIT };
                self.event(Event::AcceptUnclear {});
                self.start_sound(now);
                self.command(Command::ListenToCaller);
            }
        }
    }

    pub(crate) fn accepted(&mut self, now: Instant) {
        let sound_started = matches!(self.carrier, Carrier::Unclear { .. });
        self.carrier = Carrier::Accepted;
        self.accepted_at = Some(now);
        self.event(Event::Accepted {});
        if !sound_started {
            self.start_sound(now);
        }
        if !self.carrier_media_up {
            self.media_overdue = Some(now + MEDIA_UP_WAIT);
        }
        self.open_if_complete(now);
        self.notice_if_possible(now);
    }

    pub(crate) fn start_sound(&mut self, now: Instant) {
        self.command(Command::Speak);
        if let State::Claimed(claim) = &self.state {
            let (target, heard) = (claim.target.clone(), claim.heard);
            self.join(target);
            self.tone_due = (!heard).then_some(now + TONE_AFTER);
        }
        self.sound_without_agent();
    }

    pub(crate) fn carrier_media_is_up(&mut self, now: Instant) {
        if self.carrier_media_up || matches!(self.state, State::Ending { .. } | State::Ended) {
            return self.ignored("carrier_media_up");
        }
        self.carrier_media_up = true;
        self.media_overdue = None;
        self.event(Event::CarrierMediaUp {});
        self.open_if_complete(now);
        self.notice_if_possible(now);
    }

    /// The meter stops here; the webhook that says so is awaited a little.
    pub(crate) fn carrier_media_is_closed(&mut self, now: Instant) {
        match self.state {
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => {
                self.ended_at.get_or_insert(now);
                self.hang_up_news_overdue.get_or_insert(now + HANG_UP_NEWS_WAIT);
            }
            State::Ending { .. } | State::Ended => self.ignored("carrier_media_closed"),
        }
    }

    pub(crate) fn carrier_media_is_down(&mut self, now: Instant) {
        match self.state {
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => {
                let cause =
                    if self.carrier_media_up { Cause::MediaLost } else { Cause::MediaNeverUp };
                self.end(cause, StopWhy::CallEnded, now);
            }
            State::Ending { .. } | State::Ended => self.ignored("carrier_media_down"),
        }
    }

    /// Sound from the caller proves the path; after an unclear accept it proves that one too.
    pub(crate) fn caller_heard(&mut self, now: Instant) {
        if matches!(self.state, State::Ending { .. } | State::Ended) {
            return self.ignored("caller_heard");
        }
        if !self.carrier_media_up {
            self.carrier_media_is_up(now);
        }
        if matches!(self.carrier, Carrier::Unclear { .. }) {
            self.accepted(now);
        }
        self.caller_is_back();
    }

    /// Why the call is over when Meta, or its media, says no more than that it is.
    pub(crate) const fn cause_of_their_end(&self) -> Cause {
        match self.carrier {
            Carrier::Dialling(Dialling { picked_up: false, .. }) => Cause::NoAnswer,
            Carrier::Dialling(_)
            | Carrier::Offered
            | Carrier::PreAccepting { .. }
            | Carrier::Prepared
            | Carrier::Accepting { .. }
            | Carrier::Unclear { .. }
            | Carrier::Accepted => Cause::CallerHungUp,
        }
    }

    pub(crate) fn carrier_terminated(&mut self, media_failed: bool, now: Instant) {
        match self.state {
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => {
                let cause = match (media_failed, self.carrier_media_up) {
                    (false, _) => self.cause_of_their_end(),
                    (true, true) => Cause::MediaLost,
                    (true, false) => Cause::MediaNeverUp,
                };
                let reason = EndReason::of(cause, self.was_bridged());
                self.wind_down(reason, &StopWhy::CallerHungUp, now);
                self.close(reason, now);
            }
            State::Ending { .. } => self.farewell_answered(true, now),
            State::Ended => self.ignored("carrier_terminated"),
        }
    }
}
