//! How a call rings: step by step, and what happens when nobody of a step takes it.

use std::time::{Duration, Instant};

use model::{AgentId, Cause, DeviceId, GroupId, Overflow, RingOutcome, Strategy};

use crate::choose::Wave;
use crate::event::Event;
use crate::input::Response;
use crate::life::Call;
use crate::output::{Command, StopWhy, SupervisionWhy};
use crate::plan::{RingPlan, Step, Whom};
use crate::ring::Target;
use crate::rules::{PRE_ACCEPT_WAIT, Timer};
use crate::state::{Carrier, State};
use crate::transfer::Kind;

/// Why nobody took a call, what says least about the agents first.
const BLAME: [Cause; 4] =
    [Cause::NobodyReady, Cause::DeclinedByAll, Cause::AgentLegFailed, Cause::NoAnswer];

/// What a run of ringing is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// The call's plan; this is the step's place in it.
    Plan(usize),
    /// The call has been accepted and waits.
    Queue,
    /// A blind transfer.
    Transfer,
    /// A blind transfer that nobody took.
    Return,
    /// A warm transfer.
    Consult,
}

/// The step that rings.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) purpose: Purpose,
    /// Names the question who is there, so that a late answer to an earlier one means nothing.
    pub(crate) round: u32,
    pub(crate) step: Step,
    pub(crate) started: Instant,
    /// When this step ends.
    pub(crate) ends: Instant,
    /// When all steps of this purpose end.
    pub(crate) deadline: Instant,
    /// Who is there has been answered.
    pub(crate) chosen: bool,
}

impl Run {
    fn is_sequential(&self) -> bool {
        match self.step.policy.strategy {
            Strategy::All | Strategy::Tiers => false,
            Strategy::LongestIdle | Strategy::RoundRobin => true,
        }
    }
}

impl Call {
    pub(crate) fn start(&mut self, plan: RingPlan, now: Instant) {
        if !matches!(self.state, State::Offered) {
            return self.ignored("ring");
        }
        self.plan = plan;
        self.state = State::Ringing;
        self.ring_plan(0, now + self.plan.allowed, now);
    }

    /// Rings a step of the plan; without one the plan is at its end.
    pub(crate) fn ring_plan(&mut self, at: usize, deadline: Instant, now: Instant) {
        match self.plan.steps.get(at).cloned() {
            Some(step) if deadline > now => {
                self.begin(Purpose::Plan(at), step, deadline, now);
                self.ask_who();
            }
            Some(_) | None => self.overflow(now),
        }
    }

    pub(crate) fn begin(&mut self, purpose: Purpose, step: Step, deadline: Instant, now: Instant) {
        self.rounds += 1;
        self.ring.begin();
        let length = match purpose {
            Purpose::Plan(_) => Duration::from_secs(step.policy.ring_seconds.into()),
            Purpose::Queue | Purpose::Transfer | Purpose::Return | Purpose::Consult => {
                deadline.saturating_duration_since(now)
            }
        };
        let round = self.rounds;
        let ends = (now + length).min(deadline);
        if purpose != Purpose::Queue {
            self.event(Event::StepStarted { group: group_of(&step) });
        }
        self.run = Some(Run { purpose, round, step, started: now, ends, deadline, chosen: false });
    }

    pub(crate) fn ask_who(&mut self) {
        self.ask_about(Vec::new());
    }

    fn ask_about(&mut self, newcomers: Vec<Target>) {
        if let Some(run) = &self.run {
            let (round, step) = (run.round, run.step.clone());
            self.command(Command::ChooseTargets { round, step, newcomers });
        }
    }

    /// Devices ring, or are about to.
    pub(crate) fn is_ringing(&self) -> bool {
        match self.state {
            State::Ringing | State::Queued => true,
            State::Bridged(_) => self.is_asking(),
            State::Offered
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Reconnecting { .. }
            | State::Ending { .. }
            | State::Ended => false,
        }
    }

    pub(crate) fn chosen(&mut self, round: u32, waves: &[Wave], now: Instant) {
        let rings = self.is_ringing();
        let Some(run) = self.run.as_mut().filter(|run| rings && run.round == round) else {
            return self.ignored("chosen");
        };
        let first = !std::mem::replace(&mut run.chosen, true);
        let (run, at_end) = (run.clone(), !first && run.is_sequential());
        if run.purpose == Purpose::Queue {
            // Everybody rings for as long as the caller waits.
            let targets = waves.iter().flat_map(|wave| wave.targets.iter().cloned()).collect();
            let all = Wave { from: Duration::ZERO, until: None, targets };
            self.ring.plan(&[all], now, false, now);
        } else {
            self.ring.plan(waves, run.started, at_end, now);
        }
        self.ring_on(now);
        if first && !self.ring.is_idle() {
            self.prepare_carrier(now);
        }
        self.over_if_idle(now);
    }

    /// Asks Meta to prepare the path, once somebody is going to hear it.
    pub(crate) fn prepare_carrier(&mut self, now: Instant) {
        if self.carrier == Carrier::Offered {
            self.carrier = Carrier::PreAccepting { overdue: now + PRE_ACCEPT_WAIT };
            self.event(Event::PreAcceptRequested {});
            self.command(Command::PreAccept);
        }
    }

    /// Ends turns and begins others, as far as it is time.
    pub(crate) fn ring_on(&mut self, now: Instant) {
        let change = self.ring.advance(now);
        if !change.stopped.is_empty() {
            self.ring_ended(change.over, RingOutcome::Unanswered);
            self.command(Command::StopRinging { devices: change.stopped, why: StopWhy::TimedOut });
        }
        if !change.rung.is_empty() {
            let (agents, devices) = (change.rung.len(), change.rings.len());
            self.event(Event::RingStarted { agents, devices });
            self.event(Event::AgentsRung { agents: change.rung });
        }
        if !change.rings.is_empty() {
            self.command(Command::Ring(change.rings));
        }
    }

    pub(crate) fn wave_is_due(&mut self, now: Instant) {
        self.ring_on(now);
        self.over_if_idle(now);
    }

    fn ring_ended(&mut self, agents: Vec<AgentId>, outcome: RingOutcome) {
        if !agents.is_empty() {
            self.event(Event::AgentsRingEnded { agents, outcome });
        }
    }

    /// Stops whatever rings.
    pub(crate) fn stop_ringing(&mut self, why: StopWhy, outcome: RingOutcome) {
        let (devices, agents) = self.ring.stop();
        self.ring_ended(agents, outcome);
        if !devices.is_empty() {
            self.command(Command::StopRinging { devices, why });
        }
    }

    fn over_if_idle(&mut self, now: Instant) {
        let waits = self
            .run
            .as_ref()
            .is_none_or(|run| !run.chosen || run.purpose == Purpose::Queue || !self.ring.is_idle());
        if waits {
            return;
        }
        let cause = if self.ring.anybody_done() {
            Cause::NoAnswer
        } else if self.anybody_declined {
            Cause::DeclinedByAll
        } else {
            Cause::NobodyReady
        };
        self.step_over(cause, now);
    }

    /// The step's time has passed.
    pub(crate) fn step_timed_out(&mut self, now: Instant) {
        let cause = if self.ring.is_idle() { Cause::NobodyReady } else { Cause::NoAnswer };
        self.step_over(cause, now);
    }

    /// Nobody of this step took the call.
    pub(crate) fn step_over(&mut self, cause: Cause, now: Instant) {
        let Some(run) = self.run.take() else { return };
        if run.purpose != Purpose::Consult {
            self.blame(cause);
        }
        match run.purpose {
            Purpose::Plan(at) => {
                let next = at + 1;
                if next < self.plan.steps.len() && run.deadline > now {
                    self.stop_ringing(StopWhy::TimedOut, RingOutcome::Unanswered);
                }
                self.ring_plan(next, run.deadline, now);
            }
            Purpose::Queue => self.queue_is_over(now),
            Purpose::Transfer => self.return_to_sender(now),
            Purpose::Return => self.transfer_failed(now),
            Purpose::Consult => self.nobody_to_consult(cause),
        }
    }

    /// Remembers why nobody took the call; what says most about the agents counts.
    pub(crate) fn blame(&mut self, cause: Cause) {
        let weight = |cause| BLAME.iter().position(|known| *known == cause);
        if self.blamed.is_none_or(|blamed| weight(cause) > weight(blamed)) {
            self.blamed = Some(cause);
        }
    }

    /// The plan is at its end.
    pub(crate) fn overflow(&mut self, now: Instant) {
        let cause = self.blamed.unwrap_or(Cause::NobodyReady);
        match self.plan.overflow() {
            Overflow::Queue { max_wait_seconds } => {
                self.stop_ringing(StopWhy::TimedOut, RingOutcome::Unanswered);
                self.enter_queue(Duration::from_secs(max_wait_seconds.into()), now);
            }
            Overflow::Notice if self.rules.notice => self.begin_notice(cause, now),
            Overflow::Notice | Overflow::Reject | Overflow::Group { .. } => {
                self.end(cause, StopWhy::TimedOut, now);
            }
        }
    }

    /// The claim was given back: the step rings again. Meta's window counts until Meta was asked
    /// to accept. A call that somebody else had before rings by its plan again.
    pub(crate) fn ring_again(&mut self, failed: &AgentId, now: Instant) {
        let Some(run) = self.run.clone() else {
            self.ring.forget();
            self.ring.silence(failed);
            self.sent = None;
            self.state = State::Ringing;
            return self.ring_plan(0, now + self.plan.allowed, now);
        };
        let is_bound = match self.carrier {
            Carrier::Offered | Carrier::PreAccepting { .. } | Carrier::Prepared => true,
            Carrier::Accepting { .. }
            | Carrier::Unclear { .. }
            | Carrier::Accepted
            | Carrier::Dialling(_) => false,
        };
        match run.purpose {
            Purpose::Plan(at) => {
                let deadline = if is_bound { run.deadline } else { now + self.plan.allowed };
                self.state = State::Ringing;
                self.ring_plan(at, deadline, now);
            }
            Purpose::Queue => {
                self.state = State::Queued;
                self.begin(Purpose::Queue, run.step, run.deadline, now);
                self.ask_who();
            }
            Purpose::Transfer | Purpose::Return | Purpose::Consult => {
                self.state = State::Ringing;
                self.begin(run.purpose, run.step, run.deadline, now);
                self.ask_who();
            }
        }
    }

    pub(crate) fn devices_ready(&mut self, mut targets: Vec<Target>, now: Instant) {
        if self.is_ringing() {
            // Whether they belong to the step is for its group to say.
            let is_out = |target: &Target| {
                self.ring.rings_on(target.device) || self.ring.is_silenced(&target.agent)
            };
            targets.retain(|target| !is_out(target));
            if !targets.is_empty() {
                self.ask_about(targets);
            }
            return;
        }
        match &self.state {
            State::Reconnecting { claim, .. } => {
                let lost = claim.target.clone();
                targets.retain(|target| target.agent == lost.agent);
                // Of several the one they had is nearest.
                targets.sort_by_key(|target| target.device != lost.device);
                match targets.into_iter().next() {
                    Some(target) => self.holder_is_ready(target, now),
                    None => self.ignored("devices_ready"),
                }
            }
            // They are found if the winner gives the call back.
            State::Claimed(_) => {}
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Bridged(_)
            | State::Ending { .. }
            | State::Ended => self.ignored("devices_ready"),
        }
    }

    pub(crate) fn device_gone(&mut self, device: DeviceId, now: Instant) {
        if self.supervisor.as_ref().is_some_and(|(target, _)| target.device == device) {
            self.supervision_over(SupervisionWhy::MediaFailed);
        }
        if self.is_consulted_on(device) {
            return self.consultation_over();
        }
        if self.holder().is_some_and(|target| target.device == device) {
            return self.holder_left(now);
        }
        if let Some((agent, was_last)) = self.ring.remove(device) {
            if was_last {
                self.ring_ended(vec![agent], RingOutcome::Left);
            }
            let why = StopWhy::DeviceGone;
            self.command(Command::StopRinging { devices: vec![device], why });
        }
        if self.is_ringing() {
            self.wave_is_due(now);
        }
    }

    pub(crate) fn decline(&mut self, agent: &AgentId, now: Instant) -> Response {
        if !self.is_ringing() {
            return Response::Refused(self.over_or_not_allowed());
        }
        if self.ring.rings(agent) {
            self.anybody_declined = true;
            self.event(Event::Declined { agent: agent.clone() });
            let devices = self.ring.silence(agent);
            self.ring_ended(vec![agent.clone()], RingOutcome::Declined);
            self.command(Command::StopRinging { devices, why: StopWhy::Declined });
            self.wave_is_due(now);
        }
        Response::Done
    }

    /// An agent is not here any more.
    pub(crate) fn ring_no_more(&mut self, agent: &AgentId, now: Instant) {
        let devices = self.ring.silence(agent);
        if !devices.is_empty() {
            self.ring_ended(vec![agent.clone()], RingOutcome::Left);
            self.command(Command::StopRinging { devices, why: StopWhy::DeviceGone });
        }
        if self.is_ringing() {
            self.wave_is_due(now);
        }
    }

    /// When asking or a consultation that has not begun is over.
    pub(crate) fn consultation_due(&self) -> Option<(Instant, Timer)> {
        match &self.sent.as_ref()?.kind {
            Kind::Asking => Some((self.run.as_ref()?.ends, Timer::RingEnds)),
            Kind::Consulting(claim) => {
                (!claim.heard).then_some((claim.lease_ends, Timer::LeaseEnds))
            }
            Kind::Blind | Kind::Returned => None,
        }
    }

    /// The winner is known: the others are told.
    pub(crate) fn ring_is_won(&mut self, winner: &Target) -> Vec<DeviceId> {
        let (devices, agents) = self.ring.stop();
        let (won, lost): (Vec<_>, Vec<_>) =
            agents.into_iter().partition(|agent| *agent == winner.agent);
        self.ring_ended(won, RingOutcome::Claimed);
        self.ring_ended(lost, RingOutcome::TakenByOther);
        devices.into_iter().filter(|device| *device != winner.device).collect()
    }
}

pub(crate) fn group_of(step: &Step) -> Option<GroupId> {
    match &step.whom {
        Whom::Group(group) => Some(group.clone()),
        Whom::Everybody | Whom::Agent(_) => None,
    }
}
