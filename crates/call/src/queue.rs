//! A caller who was accepted without an agent: they wait with hold music, or hear the notice.

use std::time::{Duration, Instant};

use model::Cause;

use crate::event::Event;
use crate::life::Call;
use crate::output::{Command, Sound, StopWhy};
use crate::ringing::Purpose;
use crate::rules::{NOTICE_MAX, NOTICE_START_MAX};
use crate::state::{Carrier, State};

impl Call {
    /// Accepts the call, so that it may wait longer than Meta lets it ring.
    pub(crate) fn enter_queue(&mut self, max_wait: Duration, now: Instant) {
        let Some(step) = self.plan.steps.last().cloned() else {
            return self.end(Cause::NobodyReady, StopWhy::TimedOut, now);
        };
        self.state = State::Queued;
        self.event(Event::Queued {});
        self.accept_without_agent(now);
        self.begin(Purpose::Queue, step, now + max_wait, now);
        self.ask_who();
    }

    pub(crate) fn queue_is_over(&mut self, now: Instant) {
        self.stop_ringing(StopWhy::TimedOut, model::RingOutcome::Unanswered);
        if self.rules.notice {
            self.begin_notice(Cause::QueueTimedOut, now);
        } else {
            self.end(Cause::QueueTimedOut, StopWhy::TimedOut, now);
        }
    }

    /// The caller hears the notice, and then the call ends.
    pub(crate) fn begin_notice(&mut self, cause: Cause, now: Instant) {
        self.stop_ringing(StopWhy::TimedOut, model::RingOutcome::Unanswered);
        self.run = None;
        self.state = State::Noticing { cause, plays: false, ends: now + NOTICE_START_MAX };
        self.accept_without_agent(now);
        self.notice_if_possible(now);
    }

    fn accept_without_agent(&mut self, now: Instant) {
        self.prepare_carrier(now);
        match self.carrier {
            Carrier::Prepared => self.ask_accept(now),
            Carrier::Accepted | Carrier::Unclear { .. } => self.sound_without_agent(),
            // Goes on when Meta answers.
            Carrier::Offered
            | Carrier::PreAccepting { .. }
            | Carrier::Accepting { .. }
            | Carrier::Dialling(_) => {}
        }
    }

    /// What an accepted caller hears as long as nobody has taken the call.
    pub(crate) fn sound_without_agent(&mut self) {
        match self.state {
            State::Ringing => self.play(Sound::Ringback),
            State::Queued | State::Noticing { plays: false, .. } => self.play(Sound::Hold),
            State::Offered
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => {}
        }
    }

    /// The notice begins when it will be heard from its first word on.
    pub(crate) fn notice_if_possible(&mut self, now: Instant) {
        if self.carrier != Carrier::Accepted || !self.carrier_media_up {
            return;
        }
        if let State::Noticing { plays, ends, .. } = &mut self.state
            && !*plays
        {
            (*plays, *ends) = (true, now + NOTICE_MAX);
            self.sound = Sound::Silence;
            self.event(Event::NoticeStarted {});
            self.command(Command::PlayNotice);
        }
    }

    /// It did not begin, or it is too long.
    pub(crate) fn notice_is_overdue(&mut self, now: Instant) {
        if let State::Noticing { cause, .. } = self.state {
            self.end(cause, StopWhy::CallEnded, now);
        }
    }

    pub(crate) fn notice_ended(&mut self, now: Instant) {
        match self.state {
            State::Noticing { plays: true, cause, .. } => {
                self.event(Event::NoticePlayed {});
                self.end(cause, StopWhy::CallEnded, now);
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => self.ignored("notice_ended"),
        }
    }
}
