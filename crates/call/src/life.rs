//! The call machine: arrival, ringing, and the end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::{AgentId, Cause, EndReason, Hint, RingOutcome, SupervisionMode};

use crate::event::Event;
use crate::input::{Input, Outcome, Refusal, Response};
use crate::output::{Command, Farewell, Output, Sound, StopWhy, SupervisionWhy};
use crate::plan::RingPlan;
use crate::quality::Indicator;
use crate::ring::{RingList, Target};
use crate::ringing::Run;
use crate::rules::{END_WAIT, Rules, Timer};
use crate::state::{Carrier, Recording, State};
use crate::transfer::Sent;

/// One call. Push inputs in, drain outputs, come back at the timeout.
#[derive(Debug)]
pub struct Call {
    pub(crate) rules: Rules,
    pub(crate) state: State,
    pub(crate) carrier: Carrier,
    pub(crate) carrier_media_up: bool,
    pub(crate) media_overdue: Option<Instant>,
    pub(crate) hang_up_news_overdue: Option<Instant>,
    pub(crate) plan: RingPlan,
    pub(crate) ring: RingList,
    /// The step that rings, or did before the claim.
    pub(crate) run: Option<Run>,
    pub(crate) rounds: u32,
    pub(crate) anybody_declined: bool,
    /// Why nobody has taken the call so far.
    pub(crate) blamed: Option<Cause>,
    pub(crate) epoch: u32,
    pub(crate) accepted_at: Option<Instant>,
    pub(crate) opened_at: Option<Instant>,
    pub(crate) ended_at: Option<Instant>,
    pub(crate) talkers: Vec<AgentId>,
    /// By the agent.
    pub(crate) muted: bool,
    pub(crate) muted_by_supervisor: bool,
    /// The caller is parted from the agent who talks, on purpose.
    pub(crate) held: bool,
    /// Whose leg is joined with the caller's.
    pub(crate) joined: Option<Target>,
    pub(crate) sent: Option<Sent>,
    pub(crate) supervisor: Option<(Target, SupervisionMode)>,
    pub(crate) recording: Recording,
    /// When the caller gets a tone unless the winner is heard.
    pub(crate) tone_due: Option<Instant>,
    pub(crate) sound: Sound,
    pub(crate) hint: Option<Hint>,
    pub(crate) indicator: Indicator,
    pub(crate) keys: u32,
    outputs: VecDeque<Output>,
}

impl Call {
    /// A call that has just arrived.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Offered,
            carrier: Carrier::Offered,
            carrier_media_up: false,
            media_overdue: None,
            hang_up_news_overdue: None,
            plan: RingPlan { steps: Vec::new(), allowed: Duration::ZERO },
            ring: RingList::default(),
            run: None,
            rounds: 0,
            anybody_declined: false,
            blamed: None,
            epoch: 0,
            accepted_at: None,
            opened_at: None,
            ended_at: None,
            talkers: Vec::new(),
            muted: false,
            muted_by_supervisor: false,
            held: false,
            joined: None,
            sent: None,
            supervisor: None,
            recording: Recording::Off,
            tone_due: None,
            sound: Sound::Silence,
            hint: None,
            indicator: Indicator::default(),
            keys: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input. Drain [`Call::poll_output`] afterwards.
    pub fn handle(&mut self, input: Input, now: Instant) -> Response {
        match input {
            Input::Ring { plan } => self.start(plan, now),
            Input::Chosen { round, waves } => self.chosen(round, &waves, now),
            Input::Dial { target, plan } => self.dial(target, plan, now),
            Input::DialTaken => self.dial_taken(),
            Input::DialRefused { cause } => self.dial_refused(cause, now),
            Input::DialUnclear => self.dial_unclear(now),
            Input::DialDescribed => self.dial_described(now),
            Input::DialUndescribed => self.dial_undescribed(now),
            Input::ContactRings => self.contact_rings(),
            Input::ContactPickedUp => self.contact_picked_up(now),
            Input::ContactDeclined => self.contact_declined(now),
            Input::NoticeEnded => self.notice_ended(now),
            Input::TurnAway { cause, tell_carrier } => self.turn_away(cause, tell_carrier, now),
            Input::DevicesReady { targets } => self.devices_ready(targets, now),
            Input::DeviceGone { device } => self.device_gone(device, now),
            Input::Claim { target } => return self.claim(target, now),
            Input::Decline { agent } => return self.decline(&agent, now),
            Input::HangUp { device } => return self.hang_up(device, now),
            Input::End { cause } => return self.end_from_outside(cause, now),
            Input::Mute { device, on } => return self.mute(device, on),
            Input::Hold { device, on } => return self.hold(device, on),
            Input::Transfer { device, to, waves, mode } => {
                return self.begin_transfer(device, (to, &waves), mode, now);
            }
            Input::CompleteTransfer { device } => return self.complete_transfer(device, now),
            Input::CancelTransfer { target } => return self.cancel_transfer(target, now),
            Input::AgentRemoved { agent } => self.agent_removed(&agent, now),
            Input::Supervise { supervisor, mode } => return self.supervise(supervisor, mode),
            Input::StopSupervising { device } => return self.stop_supervising(device),
            Input::SupervisionEnded { device, why } => self.supervision_ended(device, why),
            Input::TakeOver { target } => return self.take_over(target, now),
            Input::MuteAgent { supervisor, on } => return self.mute_agent(supervisor, on),
            Input::EndBySupervisor { supervisor } => {
                return self.end_by_supervisor(supervisor, now);
            }
            Input::StartRecording { device } => return self.start_recording(device),
            Input::PauseRecording { device } => return self.pause_recording(device),
            Input::ResumeRecording { device } => return self.resume_recording(device),
            Input::StopRecording { device } => return self.stop_recording(device),
            Input::RecordingFailed => self.recording_failed(),
            Input::PreAcceptAnswered(outcome) => self.pre_accept_answered(outcome, now),
            Input::AcceptAnswered(outcome) => self.accept_answered(outcome, now),
            Input::FarewellAnswered { confirmed } => self.farewell_answered(confirmed, now),
            Input::CarrierTerminated { media_failed } => self.carrier_terminated(media_failed, now),
            Input::CarrierMediaUp => self.carrier_media_is_up(now),
            Input::CarrierMediaClosed => self.carrier_media_is_closed(now),
            Input::CarrierMediaDown => self.carrier_media_is_down(now),
            Input::CallerHeard => self.caller_heard(now),
            Input::AgentHeard { device } => self.agent_heard(device, now),
            Input::AgentLegFailed { device, why } => self.agent_leg_failed(device, why, now),
            Input::SilentCall { cause } => self.silent_call(cause),
            Input::CallerSilent => self.caller_silent(),
            Input::Key { key } => self.key_pressed(key),
            Input::QualityNow { verdict, network } => self.quality_now(verdict, network),
        }
        Response::Done
    }

    /// The next thing to do or to write down.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Call::handle_timeout`], and why.
    pub fn poll_timeout(&self) -> Option<(Instant, Timer)> {
        let by_state = match &self.state {
            State::Offered | State::Ended => None,
            State::Bridged(_) => self.consultation_due(),
            State::Ringing | State::Queued => {
                self.run.as_ref().map(|run| (run.ends, Timer::RingEnds))
            }
            State::Noticing { ends, .. } => Some((*ends, Timer::NoticeEnds)),
            State::Claimed(claim) => (!claim.heard).then_some((claim.lease_ends, Timer::LeaseEnds)),
            State::Reconnecting { ends, .. } => Some((*ends, Timer::GraceEnds)),
            State::Ending { ends, .. } => Some((*ends, Timer::EndOverdue)),
        };
        if matches!(self.state, State::Ending { .. } | State::Ended) {
            return by_state;
        }
        let by_carrier = match self.carrier {
            Carrier::Offered | Carrier::Prepared | Carrier::Accepted => None,
            Carrier::PreAccepting { overdue } => Some((overdue, Timer::PreAcceptOverdue)),
            Carrier::Accepting { overdue } => Some((overdue, Timer::AcceptOverdue)),
            Carrier::Unclear { overdue } => Some((overdue, Timer::EvidenceOverdue)),
            Carrier::Dialling(dialling) => Some(dialling.due()),
        };
        let by_wave = self.ring.due().map(|at| (at, Timer::WaveDue));
        let by_media = self.media_overdue.map(|at| (at, Timer::MediaOverdue));
        let by_news = self.hang_up_news_overdue.map(|at| (at, Timer::HangUpNewsOverdue));
        let by_tone = self.tone_due.map(|at| (at, Timer::ToneDue));
        [by_state, by_carrier, by_wave, by_media, by_news, by_tone].into_iter().flatten().min()
    }

    /// Acts on whatever is due. Call again until [`Call::poll_timeout`] lies in the future.
    pub fn handle_timeout(&mut self, now: Instant) {
        let Some((due, timer)) = self.poll_timeout() else {
            return;
        };
        if due > now {
            return;
        }
        match timer {
            Timer::WaveDue => self.wave_is_due(now),
            Timer::RingEnds => self.step_timed_out(now),
            Timer::NoticeEnds => self.notice_is_overdue(now),
            Timer::LeaseEnds => self.lease_is_over(now),
            Timer::PreAcceptOverdue => self.pre_accept_answered(Outcome::Unclear, now),
            Timer::AcceptOverdue | Timer::EvidenceOverdue => {
                self.end(Cause::AcceptUnresolved, StopWhy::CallEnded, now);
            }
            Timer::DialEnds => self.dial_ends(now),
            Timer::DialSignOverdue => {
                self.end(Cause::DialUnresolved, StopWhy::CallEnded, now);
            }
            Timer::MediaOverdue => self.end(Cause::MediaNeverUp, StopWhy::CallEnded, now),
            Timer::HangUpNewsOverdue => {
                self.end(self.cause_of_their_end(), StopWhy::CallerHungUp, now);
            }
            Timer::ToneDue => self.tone_is_due(),
            Timer::GraceEnds => self.grace_is_over(now),
            Timer::EndOverdue => self.farewell_answered(false, now),
        }
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(crate) fn command(&mut self, command: Command) {
        self.outputs.push_back(Output::Command(command));
    }

    pub(crate) fn ignored(&mut self, input: &'static str) {
        let phase = self.phase().word();
        self.event(Event::Ignored { input, phase });
    }

    fn turn_away(&mut self, cause: Cause, tell_carrier: bool, now: Instant) {
        if !matches!(self.state, State::Offered) {
            return self.ignored("turn_away");
        }
        self.event(Event::TurnedAway { cause });
        if tell_carrier {
            self.end(cause, StopWhy::CallEnded, now);
        } else {
            self.close(EndReason::of(cause, false), now);
        }
    }

    fn end_from_outside(&mut self, cause: Cause, now: Instant) -> Response {
        match self.state {
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => {
                self.end(cause, StopWhy::CallEnded, now);
                Response::Done
            }
            State::Ending { .. } | State::Ended => Response::Refused(Refusal::Over),
        }
    }

    /// Ends the call from our side: media stops at once, Meta is told, the books close after.
    pub(crate) fn end(&mut self, cause: Cause, why: StopWhy, now: Instant) {
        let reason = EndReason::of(cause, self.was_bridged());
        let farewell = match self.carrier {
            Carrier::Offered | Carrier::PreAccepting { .. } | Carrier::Prepared => Farewell::Reject,
            Carrier::Accepting { .. }
            | Carrier::Unclear { .. }
            | Carrier::Accepted
            | Carrier::Dialling(_) => Farewell::Terminate,
        };
        self.event(Event::EndRequested { reason });
        self.command(Command::Farewell(farewell));
        self.wind_down(reason, &why, now);
        self.state = State::Ending { reason, ends: now + END_WAIT };
    }

    pub(crate) fn wind_down(&mut self, reason: EndReason, why: &StopWhy, now: Instant) {
        self.ended_at.get_or_insert(now);
        self.media_overdue = None;
        self.hang_up_news_overdue = None;
        self.tone_due = None;
        self.stop_ring_back();
        self.stop_recording_at_end();
        self.supervision_over(SupervisionWhy::CallEnded);
        self.command(Command::CloseCarrierLeg);
        if let Some(second) = self.consulted().cloned() {
            self.command(Command::Dismiss(second, reason));
        }
        (self.sent, self.joined) = (None, None);
        if let Some(target) = self.holder().cloned() {
            self.command(Command::Dismiss(target, reason));
        }
        let outcome = match why {
            StopWhy::CallerHungUp => RingOutcome::CallerHungUp,
            StopWhy::TimedOut => RingOutcome::Unanswered,
            StopWhy::Claimed { .. }
            | StopWhy::Declined
            | StopWhy::DeviceGone
            | StopWhy::CallEnded => RingOutcome::CallEnded,
        };
        self.stop_ringing(why.clone(), outcome);
        self.run = None;
        if self.accepted_at.is_some() {
            self.command(Command::Judge);
        }
    }

    pub(crate) fn farewell_answered(&mut self, confirmed: bool, now: Instant) {
        if let State::Ending { reason, .. } = self.state {
            if !confirmed {
                self.event(Event::FarewellUnconfirmed {});
            }
            self.close(reason, now);
        }
    }

    pub(crate) fn close(&mut self, reason: EndReason, now: Instant) {
        self.ended_at.get_or_insert(now);
        self.state = State::Ended;
        self.event(Event::Ended { reason });
        self.command(Command::CloseBooks(reason));
    }
}
