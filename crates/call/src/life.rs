//! The call machine: arrival, ringing, and the end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::{AgentId, Cause, DeviceId, EndReason, Hint, Network, Verdict};

use crate::event::Event;
use crate::input::{Input, Outcome, Refusal, Response};
use crate::output::{Command, Farewell, Output, Sound, StopWhy};
use crate::quality::Indicator;
use crate::ring::{RingList, Target};
use crate::rules::{END_WAIT, PRE_ACCEPT_WAIT, Rules, Timer};
use crate::state::{Carrier, Phase, Recording, State};

/// One call. Push inputs in, drain outputs, come back at the timeout.
#[derive(Debug)]
pub struct Call {
    pub(crate) rules: Rules,
    pub(crate) state: State,
    pub(crate) carrier: Carrier,
    pub(crate) carrier_media_up: bool,
    pub(crate) media_overdue: Option<Instant>,
    pub(crate) hang_up_news_overdue: Option<Instant>,
    pub(crate) ring: RingList,
    pub(crate) epoch: u32,
    pub(crate) accepted_at: Option<Instant>,
    pub(crate) opened_at: Option<Instant>,
    pub(crate) ended_at: Option<Instant>,
    pub(crate) talker: Option<AgentId>,
    pub(crate) muted: bool,
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
            ring: RingList::default(),
            epoch: 0,
            accepted_at: None,
            opened_at: None,
            ended_at: None,
            talker: None,
            muted: false,
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
            Input::Ring { targets } => self.start(&targets, now),
            Input::TurnAway { cause, tell_carrier } => self.turn_away(cause, tell_carrier, now),
            Input::DeviceReady { target } => self.device_ready(target),
            Input::DeviceGone { device } => self.device_gone(device, now),
            Input::Claim { target } => return self.claim(target, now),
            Input::Decline { agent } => return self.decline(&agent, now),
            Input::HangUp { device } => return self.hang_up(device, now),
            Input::End { cause } => return self.end_from_outside(cause, now),
            Input::Mute { device, on } => return self.mute(device, on),
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
            State::Offered | State::Bridged(_) | State::Ended => None,
            State::Ringing { ends } => Some((*ends, Timer::RingEnds)),
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
        };
        let by_media = self.media_overdue.map(|at| (at, Timer::MediaOverdue));
        let by_news = self.hang_up_news_overdue.map(|at| (at, Timer::HangUpNewsOverdue));
        let by_tone = self.tone_due.map(|at| (at, Timer::ToneDue));
        [by_state, by_carrier, by_media, by_news, by_tone].into_iter().flatten().min()
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
            Timer::RingEnds => self.end(Cause::NoAnswer, StopWhy::TimedOut, now),
            Timer::LeaseEnds => self.release_claim("not heard within the lease", now),
            Timer::PreAcceptOverdue => self.pre_accept_answered(Outcome::Unclear, now),
            Timer::AcceptOverdue | Timer::EvidenceOverdue => {
                self.end(Cause::AcceptUnresolved, StopWhy::CallEnded, now);
            }
            Timer::MediaOverdue => self.end(Cause::MediaNeverUp, StopWhy::CallEnded, now),
            Timer::HangUpNewsOverdue => self.end(Cause::CallerHungUp, StopWhy::CallerHungUp, now),
            Timer::ToneDue => self.tone_is_due(),
            Timer::GraceEnds => self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now),
            Timer::EndOverdue => self.farewell_answered(false, now),
        }
    }

    /// Where the call is.
    pub fn phase(&self) -> Phase {
        match self.state {
            State::Offered => Phase::Offered,
            State::Ringing { .. } => Phase::Ringing,
            State::Claimed(_) => Phase::Accepting,
            State::Bridged(_) => Phase::Bridged,
            State::Reconnecting { .. } => Phase::Reconnecting,
            State::Ending { .. } => Phase::Ending,
            State::Ended => Phase::Ended,
        }
    }

    /// The device that has the call now.
    pub fn holder(&self) -> Option<&Target> {
        match &self.state {
            State::Claimed(claim) | State::Bridged(claim) | State::Reconnecting { claim, .. } => {
                Some(&claim.target)
            }
            State::Offered | State::Ringing { .. } | State::Ending { .. } | State::Ended => None,
        }
    }

    /// When devices stop ringing, while they ring.
    pub fn rings_until(&self) -> Option<Instant> {
        match self.state {
            State::Ringing { ends } => Some(ends),
            State::Offered
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => None,
        }
    }

    /// Who rings now.
    pub fn rung(&self) -> Vec<Target> {
        self.ring.targets()
    }

    /// Who talked with the caller.
    pub const fn talker(&self) -> Option<&AgentId> {
        self.talker.as_ref()
    }

    /// When it ended: the moment the meter stopped, not the one when Meta had been told.
    pub const fn ended_at(&self) -> Option<Instant> {
        self.ended_at
    }

    /// From Meta's acceptance to the end, by the monotonic clock; zero when never accepted.
    pub fn duration(&self, now: Instant) -> Duration {
        let until = self.ended_at.unwrap_or(now);
        self.accepted_at.map_or(Duration::ZERO, |from| until.saturating_duration_since(from))
    }

    /// How long sound flowed.
    pub fn talked(&self, now: Instant) -> Duration {
        let until = self.ended_at.unwrap_or(now);
        self.opened_at.map_or(Duration::ZERO, |from| until.saturating_duration_since(from))
    }

    /// Whether an agent and the caller talked.
    pub const fn was_bridged(&self) -> bool {
        self.opened_at.is_some()
    }

    /// What the agent should know about the call's sound.
    pub const fn hint(&self) -> Option<Hint> {
        self.hint
    }

    /// How the call sounds now, as the agent is shown it.
    pub const fn indicator(&self) -> Option<(Verdict, Option<Network>)> {
        self.indicator.shown()
    }

    /// Whether the agent is muted.
    pub const fn muted(&self) -> bool {
        self.muted
    }

    /// What the recorder does.
    pub const fn recording(&self) -> Recording {
        self.recording
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

    fn start(&mut self, targets: &[Target], now: Instant) {
        if !matches!(self.state, State::Offered) {
            return self.ignored("ring");
        }
        for target in targets {
            self.ring.add(target);
        }
        if self.ring.is_empty() {
            return self.end(Cause::NobodyReady, StopWhy::CallEnded, now);
        }
        self.state = State::Ringing { ends: now + self.rules.ring_time };
        self.event(Event::RingStarted {
            agents: self.ring.agents(),
            devices: self.ring.devices().len(),
        });
        self.command(Command::Ring(self.ring.targets()));
        self.carrier = Carrier::PreAccepting { overdue: now + PRE_ACCEPT_WAIT };
        self.event(Event::PreAcceptRequested {});
        self.command(Command::PreAccept);
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

    fn device_ready(&mut self, target: Target) {
        match &self.state {
            State::Ringing { .. } => {
                if self.ring.add(&target) {
                    self.event(Event::RingJoined { agent: target.agent.clone() });
                    self.command(Command::Ring(vec![target]));
                }
            }
            // It rings if the winner gives the call back.
            State::Claimed(claim) if claim.target.device != target.device => {
                self.ring.add(&target);
            }
            State::Reconnecting { claim, .. } if claim.target == target => {
                self.agent_returns(target)
            }
            State::Offered
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => self.ignored("device_ready"),
        }
    }

    pub(crate) fn device_gone(&mut self, device: DeviceId, now: Instant) {
        let holds = self.holder().is_some_and(|target| target.device == device);
        if holds {
            return self.holder_left(now);
        }
        let rang = self.ring.remove(device) && matches!(self.state, State::Ringing { .. });
        if rang {
            let why = StopWhy::DeviceGone;
            self.command(Command::StopRinging { devices: vec![device], why });
        }
        if rang && self.ring.is_empty() {
            let cause = if self.ring.anybody_silenced() {
                Cause::DeclinedByAll
            } else {
                Cause::NobodyReady
            };
            self.end(cause, StopWhy::CallEnded, now);
        }
    }

    fn decline(&mut self, agent: &AgentId, now: Instant) -> Response {
        match self.state {
            State::Ringing { .. } => {
                let devices = self.ring.silence(agent);
                self.event(Event::Declined { agent: agent.clone() });
                self.command(Command::StopRinging { devices, why: StopWhy::Declined });
                if self.ring.is_empty() {
                    self.end(Cause::DeclinedByAll, StopWhy::CallEnded, now);
                }
                Response::Done
            }
            State::Offered | State::Claimed(_) | State::Bridged(_) | State::Reconnecting { .. } => {
                Response::Refused(Refusal::NotAllowed)
            }
            State::Ending { .. } | State::Ended => Response::Refused(Refusal::Over),
        }
    }

    fn end_from_outside(&mut self, cause: Cause, now: Instant) -> Response {
        match self.state {
            State::Offered
            | State::Ringing { .. }
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
            Carrier::Accepting { .. } | Carrier::Unclear { .. } | Carrier::Accepted => {
                Farewell::Terminate
            }
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
        self.stop_recording_at_end();
        self.command(Command::CloseCarrierLeg);
        if let Some(target) = self.holder().cloned() {
            self.command(Command::Dismiss(target, reason));
        }
        // While somebody holds the call the others have been told already.
        if matches!(self.state, State::Ringing { .. }) && !self.ring.is_empty() {
            self.command(Command::StopRinging { devices: self.ring.devices(), why: why.clone() });
        }
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
