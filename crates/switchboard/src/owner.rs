//! The task that owns one call: takes inputs one at a time, turns the crank, has effects done.

use std::sync::Arc;
use std::time::Instant;

use call::{Call, Input, Output, Phase, Response, Target};
use ledger::MeterInput;
use media::LegSummary;
use model::{
    AgentId, CallId, CallQuality, DeviceId, Direction, LegId, Party, Presence, RecordingId,
    SdpText, Timestamp, Wacid,
};
use store::{LineRow, NewEvent};
use tokio::sync::{mpsc, oneshot};
use whatsapp::GraphError;
use wire::CallerView;
use wire::rest::CallState;

use crate::moves::{Moves, Waiting};
use crate::placed::{News, Placed};
use crate::refusal::Refusal;
use crate::switchboard::Inner;
use crate::till::Till;
use crate::views::state_of;

/// What reaches a call's task.
#[derive(Debug)]
pub(crate) enum Message {
    /// Something happened.
    Input(Input),
    /// Somebody wants something and waits for the answer.
    Ask(Input, oneshot::Sender<Response>),
    /// A device claims; its frame was read at this moment.
    Claim(Target, Instant, oneshot::Sender<Result<(), Refusal>>),
    /// Who sent the call on wants it back.
    TakeBack(Target, oneshot::Sender<Result<(), Refusal>>),
    /// A supervisor becomes the call's agent.
    TakeOver(Target, oneshot::Sender<Result<(), Refusal>>),
    /// A device that was asked to has made its media leg anew.
    LegRenewed(DeviceId),
    /// A device's media leg is no more; this is how it was.
    AgentLegOver(DeviceId, LegSummary),
    /// The first packet went from one leg to the other.
    Forwarded {
        /// The leg that was heard.
        from: LegId,
        /// The leg that was sent to.
        to: LegId,
        /// When.
        at: Instant,
    },
    /// Graph answered our wish to call a contact.
    ConnectAnswered(Result<Wacid, GraphError>),
    /// Meta tells of a call that we place.
    News(Wacid, News),
    /// Something for the meter of a call that costs something.
    Meter(MeterInput),
    /// Meta says the call is over, and how long it counted.
    Terminated {
        /// Meta's own count of talked seconds.
        duration_s: Option<u32>,
        /// Meta names a failure of the media path as the reason.
        media_failed: bool,
    },
}

/// Asks a call and waits; `None` when the call is gone.
pub(crate) async fn ask(mailbox: &mpsc::Sender<Message>, input: Input) -> Option<Response> {
    let (reply, answer) = oneshot::channel();
    mailbox.send(Message::Ask(input, reply)).await.ok()?;
    answer.await.ok()
}

/// Claims a call and waits; `None` when the call is gone.
pub(crate) async fn claim(
    mailbox: &mpsc::Sender<Message>,
    target: Target,
    arrived: Instant,
) -> Option<Result<(), Refusal>> {
    let (reply, answer) = oneshot::channel();
    mailbox.send(Message::Claim(target, arrived, reply)).await.ok()?;
    answer.await.ok()
}

/// Takes a call back that was sent on, and waits; `None` when the call is gone.
pub(crate) async fn take_back(
    mailbox: &mpsc::Sender<Message>,
    target: Target,
) -> Option<Result<(), Refusal>> {
    let (reply, answer) = oneshot::channel();
    mailbox.send(Message::TakeBack(target, reply)).await.ok()?;
    answer.await.ok()
}

/// Takes a call over and waits; `None` when the call is gone.
pub(crate) async fn take_over(
    mailbox: &mpsc::Sender<Message>,
    target: Target,
) -> Option<Result<(), Refusal>> {
    let (reply, answer) = oneshot::channel();
    mailbox.send(Message::TakeOver(target, reply)).await.ok()?;
    answer.await.ok()
}

/// The winning claim's way to sound.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClaimTiming {
    pub(crate) arrived: Option<Instant>,
    pub(crate) to_caller: Option<Instant>,
    pub(crate) to_agent: Option<Instant>,
}

impl ClaimTiming {
    /// From the claim frame's arrival to the first packet in the later of the two directions.
    pub(crate) fn claim_to_audio_ms(&self) -> Option<i64> {
        let later = self.to_caller?.max(self.to_agent?);
        i64::try_from(later.saturating_duration_since(self.arrived?).as_millis()).ok()
    }
}

/// One live call with everything its effects need.
pub(crate) struct Owner {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: CallId,
    pub(crate) line: LineRow,
    /// Meta's id; a call that we place has none before Meta took it.
    pub(crate) wacid: Option<Wacid>,
    /// We place the call.
    pub(crate) placed: Option<Placed>,
    /// The WhatsApp user.
    pub(crate) party: Party,
    /// The same as agents see them.
    pub(crate) caller: CallerView,
    pub(crate) direction: Direction,
    pub(crate) offer: Option<SdpText>,
    pub(crate) answer: Option<SdpText>,
    pub(crate) carrier_leg: Option<LegId>,
    pub(crate) call: Call,
    pub(crate) arrived: Instant,
    pub(crate) arrived_at: Timestamp,
    pub(crate) ring_ended: Option<Instant>,
    pub(crate) bridged_at: Option<Timestamp>,
    pub(crate) timing: ClaimTiming,
    pub(crate) recording: Option<RecordingId>,
    pub(crate) last_recording: Option<RecordingId>,
    pub(crate) meta_duration_s: Option<u32>,
    /// When to look at the running call's quality again.
    pub(crate) look_due: Option<Instant>,
    pub(crate) carrier_summary: Option<LegSummary>,
    pub(crate) agent_summary: Option<LegSummary>,
    pub(crate) quality: Option<CallQuality>,
    /// The state that the store was told last.
    pub(crate) noted: Option<CallState>,
    /// Inputs that effects give back at once.
    pub(crate) follow_ups: Vec<Input>,
    pub(crate) mailbox: mpsc::Sender<Message>,
    /// Devices that come and go.
    pub(crate) moves: Arc<Moves>,
    /// Who spoke with the contact last, where that counts.
    pub(crate) sticky: Option<AgentId>,
    /// The last question who is there, of which every step asks several.
    pub(crate) round: Option<u32>,
    /// It stands in the queue.
    pub(crate) waits: bool,
    /// Who sent it on, while nobody has taken it.
    pub(crate) sent_by: Option<AgentId>,
    /// The meter of a call that costs something.
    pub(crate) till: Option<Till>,
}

impl Owner {
    /// Runs the call to its end. A panic in here ends this call only: the task's guard in
    /// [`crate::arrival`] closes what is left.
    pub(crate) async fn run(&mut self, first: Input, queue: &mut mpsc::Receiver<Message>) {
        self.take(first).await;
        while self.call.phase() != Phase::Ended {
            let due = self.call.poll_timeout().map(|(due, _)| due);
            let due = due.into_iter().chain(self.look_due).chain(self.meter_due()).min();
            let due = due.map(tokio::time::Instant::from_std);
            let message = tokio::select! {
                biased;
                message = queue.recv() => message,
                () = self.moves.changed() => {
                    self.devices_moved().await;
                    continue;
                }
                () = sleep_until(due) => None,
            };
            match message {
                Some(message) => self.message(message).await,
                None => self.time_passed(Instant::now()).await,
            }
        }
        self.inner.calls.remove(self.id);
        self.inner.placed.forget(self.id);
        queue.close();
        while let Some(message) = queue.recv().await {
            self.message(message).await;
        }
    }

    async fn time_passed(&mut self, now: Instant) {
        if self.look_due.is_some_and(|due| due <= now) {
            self.look().await;
        }
        if self.meter_due().is_some_and(|due| due <= now) {
            self.turn_meter(None).await;
        }
        self.call.handle_timeout(now);
        self.drain().await;
    }

    /// Takes in together which devices went and came meanwhile.
    async fn devices_moved(&mut self) {
        let Waiting { went, came } = self.moves.take();
        let now = Instant::now();
        for device in went {
            self.call.handle(Input::DeviceGone { device }, now);
        }
        if !came.is_empty() {
            let targets =
                came.into_iter().map(|(device, agent)| Target { agent, device }).collect();
            self.call.handle(Input::DevicesReady { targets }, now);
        }
        self.drain().await;
    }

    async fn message(&mut self, message: Message) {
        match message {
            Message::Input(input) => self.take(input).await,
            Message::Ask(input, reply) => {
                let response = self.call.handle(input, Instant::now());
                // Whoever asked may have gone; the call does not care.
                let _ = reply.send(response);
                self.drain().await;
            }
            Message::Claim(target, arrived, reply) => {
                let _ = reply.send(self.claim(target, arrived));
                self.drain().await;
            }
            Message::TakeBack(target, reply) => {
                self.inner.stop_wrapping_up(&target.agent);
                let input = Input::CancelTransfer { target: target.clone() };
                let _ = reply.send(self.seize(&target, input));
                self.drain().await;
            }
            Message::TakeOver(target, reply) => {
                let first = self.call.holder().is_none() && !self.call.was_bridged();
                let taken = self.seize(&target, Input::TakeOver { target: target.clone() });
                if first && taken.is_ok() {
                    self.ring_ended = Some(Instant::now());
                }
                let _ = reply.send(taken);
                self.drain().await;
            }
            Message::LegRenewed(device) => {
                self.leg_renewed(device).await;
                self.drain().await;
            }
            Message::Forwarded { from, to, at } => self.forwarded(from, to, at),
            Message::AgentLegOver(device, summary) => {
                let is_talking = self.call.phase() == Phase::Bridged
                    && self.call.holder().is_some_and(|target| target.device == device);
                if is_talking {
                    self.keep_agent_summary(summary);
                }
            }
            Message::ConnectAnswered(result) => self.connect_answered(result).await,
            Message::News(wacid, news) => self.news(wacid, news).await,
            Message::Meter(input) => {
                self.turn_meter(Some(input)).await;
                self.drain().await;
            }
            Message::Terminated { duration_s, media_failed } => {
                if self.call.phase() == Phase::Ended {
                    self.compare_with_meta(duration_s);
                }
                self.meta_duration_s = self.meta_duration_s.or(duration_s);
                self.take(Input::CarrierTerminated { media_failed }).await;
            }
        }
    }

    /// Takes or refuses a claim. Agents are put on a call and taken off it by the call's own task
    /// alone: so no tab of theirs frees an agent who talks in another.
    fn claim(&mut self, target: Target, arrived: Instant) -> Result<(), Refusal> {
        let first = self.call.holder().is_none() && !self.call.was_bridged();
        self.seize(&target, Input::Claim { target: target.clone() })?;
        if first {
            self.timing = ClaimTiming { arrived: Some(arrived), ..ClaimTiming::default() };
            self.ring_ended = Some(arrived);
        }
        Ok(())
    }

    fn seize(&mut self, target: &Target, input: Input) -> Result<(), Refusal> {
        let agent = target.agent.clone();
        let newly = {
            let mut board = self.inner.board.lock();
            if !board.roster.ringable(target.device) {
                return Err(Refusal::not_ready());
            }
            if board.roster.presence(&agent) == Presence::WrapUp {
                return Err(Refusal::finishing_up());
            }
            board.roster.occupy(&agent, self.id).map_err(|_| Refusal::on_call())?
        };
        match self.call.handle(input, Instant::now()) {
            Response::Done => Ok(()),
            Response::Refused(refusal) => {
                let mut board = self.inner.board.lock();
                if newly {
                    board.roster.free(&agent, self.id);
                }
                Err(Refusal::of(&refusal, |winner| board.name_of(winner)))
            }
        }
    }

    fn forwarded(&mut self, from: LegId, to: LegId, at: Instant) {
        // What an earlier winner's bridge passed on is not this claim's sound.
        if self.timing.arrived.is_none_or(|claimed| at < claimed) {
            return;
        }
        if self.carrier_leg == Some(to) {
            self.timing.to_caller.get_or_insert(at);
        } else if self.carrier_leg == Some(from) {
            self.timing.to_agent.get_or_insert(at);
        }
    }

    pub(crate) async fn take(&mut self, input: Input) {
        self.call.handle(input, Instant::now());
        self.drain().await;
    }

    /// Has every output done, those that follow from effects included.
    async fn drain(&mut self) {
        loop {
            self.moves.look(self.call.looks_for_devices());
            while let Some(output) = self.call.poll_output() {
                match output {
                    Output::Event(event) => self.journal(&event).await,
                    Output::Command(command) => self.carry_out(command).await,
                }
            }
            self.start_meter();
            if self.follow_ups.is_empty() {
                return;
            }
            for input in std::mem::take(&mut self.follow_ups) {
                self.call.handle(input, Instant::now());
            }
        }
    }

    pub(crate) async fn journal(&mut self, event: &call::Event) {
        if let call::Event::Ignored { input, phase } = event {
            tracing::debug!(call = %self.id, input, phase, "an input had no meaning and was ignored");
            return;
        }
        self.follow(event);
        let (name, detail) = named(event);
        let offset_ms = i64::try_from(self.arrived.elapsed().as_millis()).unwrap_or(i64::MAX);
        let new = NewEvent { at: Timestamp::now(), offset_ms, event: name, detail };
        if event.is_intent() {
            self.inner.books.intend(self.id, new).await;
        } else {
            self.inner.books.note(self.id, new);
        }
        let state = state_of(self.call.phase());
        if self.noted.replace(state) != Some(state) {
            self.inner.books.note_state(self.id, state);
        }
    }
}

/// An event's name and details, from its serialised form.
fn named(event: &call::Event) -> (String, serde_json::Value) {
    let mut value = serde_json::to_value(event).unwrap_or_default();
    let detail = value.get_mut("detail").map(serde_json::Value::take).unwrap_or_default();
    let name = value.get("event").and_then(serde_json::Value::as_str).unwrap_or("unnamed");
    (name.to_owned(), detail)
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
