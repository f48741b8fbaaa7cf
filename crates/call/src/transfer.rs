//! Sending a call on: at once, or after the two agents have talked.
//!
//! Blind: the first agent is let go and the caller hears ringing; when nobody takes the call it
//! comes back to the first agent. Warm: the caller is on hold and stays the first agent's until
//! the transfer is completed, or the first agent goes.

use std::time::Instant;

use model::{AgentId, Cause, DeviceId, RingOutcome, RingPolicy, TransferMode};

use crate::choose::Wave;
use crate::event::Event;
use crate::input::{Refusal, Response};
use crate::life::Call;
use crate::output::{Command, LeftWhy, Sound, StopWhy};
use crate::plan::{Step, Whom};
use crate::ring::Target;
use crate::ringing::Purpose;
use crate::state::{Claim, State};

/// A transfer that is under way, for those outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transfer {
    /// Who sends the call on.
    pub from: AgentId,
    /// Where.
    pub to: Step,
    /// How.
    pub mode: TransferMode,
    /// The two agents talk.
    pub consulting: bool,
    /// Nobody took it: it rings who sent it.
    pub returned: bool,
}

/// A transfer as the call remembers it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: AgentId,
    pub(crate) to: Step,
    pub(crate) kind: Kind,
    /// The consulted agent has muted themselves.
    pub(crate) muted: bool,
}

/// How far a transfer is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The first agent has gone.
    Blind,
    /// Nobody took it; it rings the first agent.
    Returned,
    /// The first agent waits for somebody to consult.
    Asking,
    /// Somebody took the consultation.
    Consulting(Claim),
}

impl Call {
    /// The transfer that is under way.
    pub fn transfer(&self) -> Option<Transfer> {
        let Sent { from, to, kind, .. } = self.sent.clone()?;
        let (mode, consulting, returned) = match kind {
            Kind::Blind => (TransferMode::Blind, false, false),
            Kind::Returned => (TransferMode::Blind, false, true),
            Kind::Asking => (TransferMode::Warm, false, false),
            Kind::Consulting(_) => (TransferMode::Warm, true, false),
        };
        Some(Transfer { from, to, mode, consulting, returned })
    }

    /// Who is consulted about the call.
    pub fn consulted(&self) -> Option<&Target> {
        match &self.sent.as_ref()?.kind {
            Kind::Consulting(claim) => Some(&claim.target),
            Kind::Blind | Kind::Returned | Kind::Asking => None,
        }
    }

    /// Whether the consulted agent has muted themselves.
    pub fn consulted_muted(&self) -> bool {
        self.consulted().is_some() && self.sent.as_ref().is_some_and(|sent| sent.muted)
    }

    /// Whether this agent sent the call on, and nobody has taken it yet.
    pub fn is_sent_on_by(&self, agent: &AgentId) -> bool {
        matches!(self.state, State::Ringing)
            && self.sent.as_ref().is_some_and(|sent| {
                sent.from == *agent && matches!(sent.kind, Kind::Blind | Kind::Returned)
            })
    }

    pub(crate) fn is_asking(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| matches!(sent.kind, Kind::Asking))
    }

    pub(crate) fn begin_transfer(
        &mut self,
        device: DeviceId,
        (to, waves): (Step, &[Wave]),
        mode: TransferMode,
        now: Instant,
    ) -> Response {
        let first = match self.talks_on(device) {
            Ok(first) => first,
            Err(refusal) => return Response::Refused(refusal),
        };
        if self.sent.is_some() {
            return Response::Refused(Refusal::NotAllowed);
        }
        let anybody = waves.iter().flat_map(|wave| &wave.targets);
        if anybody.filter(|target| target.agent != first.agent).count() == 0 {
            return Response::Refused(Refusal::NobodyThere);
        }
        let from = first.agent.clone();
        self.event(Event::TransferStarted { from: from.clone(), to: to.name.clone(), mode });
        self.part_supervisor();
        let (kind, purpose) = match mode {
            TransferMode::Blind => {
                self.let_go(first, LeftWhy::Transferred);
                (self.blamed, self.anybody_declined) = (None, false);
                self.play(Sound::Ringback);
                self.state = State::Ringing;
                (Kind::Blind, Purpose::Transfer)
            }
            TransferMode::Warm => {
                self.hold_caller();
                self.command(Command::Update(first));
                (Kind::Asking, Purpose::Consult)
            }
        };
        self.sent = Some(Sent { from: from.clone(), to: to.clone(), kind, muted: false });
        self.ring.forget();
        self.ring.silence(&from);
        self.begin(purpose, to, now + self.rules.transfer_ring, now);
        let round = self.rounds;
        self.chosen(round, waves, now);
        Response::Done
    }

    /// Nobody took a blind transfer: it comes back.
    pub(crate) fn return_to_sender(&mut self, now: Instant) {
        self.stop_ringing(StopWhy::TimedOut, RingOutcome::Unanswered);
        let Some(sent) = &mut self.sent else { return self.transfer_failed(now) };
        sent.kind = Kind::Returned;
        let from = sent.from.clone();
        self.event(Event::TransferReturned { to: from.clone() });
        self.ring.forget();
        let step =
            Step { whom: Whom::Agent(from), name: String::new(), policy: RingPolicy::default() };
        self.begin(Purpose::Return, step, now + self.rules.transfer_return, now);
        self.ask_who();
    }

    /// Not even who sent it took it back: the plan's overflow says what comes now.
    pub(crate) fn transfer_failed(&mut self, now: Instant) {
        self.stop_ringing(StopWhy::TimedOut, RingOutcome::Unanswered);
        self.sent = None;
        self.ring.forgive();
        self.overflow(now);
    }

    /// Somebody takes the consultation. The caller is still the first agent's.
    pub(crate) fn consult(&mut self, second: Target, now: Instant) {
        let Some(first) = self.holder().cloned() else { return };
        let claim = self.new_claim(second.clone(), now);
        let others = self.ring_is_won(&second);
        self.run = None;
        if let Some(sent) = &mut self.sent {
            sent.kind = Kind::Consulting(claim);
        }
        self.command(Command::Confirm(second.clone()));
        self.tell_losers(others, &second);
        self.command(Command::Consult { first: first.clone(), second });
        self.command(Command::Update(first));
    }

    pub(crate) fn consulted_is_heard(&mut self) {
        let Some(Sent { kind: Kind::Consulting(claim), .. }) = &mut self.sent else { return };
        if !std::mem::replace(&mut claim.heard, true) {
            let target = claim.target.clone();
            self.event(Event::Consulting { agent: target.agent.clone() });
            self.command(Command::Open(target));
        }
    }

    pub(crate) fn complete_transfer(&mut self, device: DeviceId, now: Instant) -> Response {
        if let Err(refusal) = self.talks_on(device) {
            return Response::Refused(refusal);
        }
        match self.sent.as_ref().map(|sent| &sent.kind) {
            Some(Kind::Consulting(claim)) if claim.heard => {
                self.hand_over(LeftWhy::Transferred, now);
                Response::Done
            }
            Some(Kind::Consulting(_) | Kind::Asking | Kind::Blind | Kind::Returned) | None => {
                Response::Refused(Refusal::NotAllowed)
            }
        }
    }

    pub(crate) fn cancel_transfer(&mut self, target: Target, now: Instant) -> Response {
        if self.is_sent_on_by(&target.agent) {
            self.take_back(target, now);
            return Response::Done;
        }
        match self.talks_on(target.device) {
            Ok(_) if self.sent.is_some() => {
                self.consultation_over();
                Response::Done
            }
            // The caller is theirs already: asking twice changes nothing.
            Ok(_) => Response::Done,
            Err(refusal) => Response::Refused(refusal),
        }
    }

    /// Who sent the call on has it again before anybody took it; whom it rings learns who has it.
    fn take_back(&mut self, target: Target, now: Instant) {
        self.event(Event::TransferCancelled { by: target.agent.clone() });
        (self.sent, self.run) = (None, None);
        self.win(target, now);
    }

    /// The caller goes from the first agent to the consulted one.
    pub(crate) fn hand_over(&mut self, why: LeftWhy, now: Instant) {
        let (Some(first), Some(sent)) = (self.holder().cloned(), self.sent.take()) else { return };
        let Kind::Consulting(claim) = sent.kind else { return };
        let second = claim.target.clone();
        self.event(Event::TransferCompleted {
            from: first.agent.clone(),
            to: second.agent.clone(),
        });
        self.command(Command::Unconsult { first: first.clone(), second: second.clone() });
        self.command(Command::LeaveCall { target: first, why });
        // Who muted themselves does not speak to the caller unawares.
        (self.held, self.muted, self.muted_by_supervisor) = (false, sent.muted, false);
        let heard = claim.heard;
        self.state = State::Claimed(claim);
        self.join(second);
        if heard {
            self.play(Sound::Silence);
        }
        self.open_if_complete(now);
    }

    /// The consultation comes to nothing: the first agent has the caller back.
    pub(crate) fn consultation_over(&mut self) {
        let Some(first) = self.stop_consulting() else { return };
        self.event(Event::ConsultationOver {});
        if matches!(self.state, State::Bridged(_)) {
            self.unhold_caller(&first);
        }
        self.command(Command::Update(first));
    }

    /// Ends asking and consulting, whatever becomes of the caller; returns the first agent.
    pub(crate) fn stop_consulting(&mut self) -> Option<Target> {
        let first = self.holder().cloned()?;
        let sent = self.sent.take()?;
        match sent.kind {
            Kind::Asking => {
                self.stop_ringing(StopWhy::CallEnded, RingOutcome::CallEnded);
                self.run = None;
            }
            Kind::Consulting(claim) => {
                let second = claim.target;
                self.command(Command::Unconsult { first: first.clone(), second: second.clone() });
                let why = LeftWhy::ConsultationOver;
                self.command(Command::LeaveCall { target: second, why });
            }
            Kind::Blind | Kind::Returned => {}
        }
        Some(first)
    }

    /// What happens to the consulted agent's device, if it is theirs.
    pub(crate) fn is_consulted_on(&self, device: DeviceId) -> bool {
        self.consulted().is_some_and(|target| target.device == device)
    }

    /// Parts an agent from the caller and lets them go.
    pub(crate) fn let_go(&mut self, target: Target, why: LeftWhy) {
        self.part();
        (self.held, self.muted, self.muted_by_supervisor) = (false, false, false);
        self.hint = None;
        self.indicator = Default::default();
        self.command(Command::LeaveCall { target, why });
    }

    pub(crate) fn talks_on(&self, device: DeviceId) -> Result<Target, Refusal> {
        let target = self.held_by(device)?;
        match self.state {
            State::Bridged(_) => Ok(target),
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => Err(Refusal::NotAllowed),
        }
    }

    /// What a warm transfer's ringing came to when nobody took it.
    pub(crate) fn nobody_to_consult(&mut self, cause: Cause) {
        self.event(Event::NobodyToConsult { cause });
        self.stop_ringing(StopWhy::TimedOut, RingOutcome::Unanswered);
        self.consultation_over();
    }
}
