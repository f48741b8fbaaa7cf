//! Carrying out what the rules command.

use std::path::Path;
use std::time::{Duration, Instant};

use call::{Command, Farewell, Input, Outcome, Recording, StopWhy, Target};
use media::Tap;
use model::{AgentId, DeviceId, Direction, EndReason, RecordingId, Timestamp, Track};
use recording::NewRecording;
use store::RecordingRow;
use uuid::Uuid;
use whatsapp::GraphError;
use wire::agent::{RingEnd, ServerEvent};
use wire::{ActiveCall, RecordingState, RingingCall};

use crate::board::LegOwner;
use crate::owner::{Message, Owner};
use crate::switchboard::Inner;

/// How long opening a recording may take before the call goes on without it.
const RECORDER_WAIT: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
enum Verb {
    PreAccept,
    Accept,
    Reject,
    Terminate,
}

impl Owner {
    pub(crate) async fn carry_out(&mut self, command: Command) {
        match command {
            Command::PreAccept => self.pre_accept().await,
            Command::Accept => self.ask_meta(Verb::Accept),
            Command::Farewell(Farewell::Reject) => self.ask_meta(Verb::Reject),
            Command::Farewell(Farewell::Terminate) => self.ask_meta(Verb::Terminate),
            Command::Ring(targets) => self.inner.ring(&self.ringing_view(), &targets),
            Command::StopRinging { devices, why } => self.stop_ringing(&devices, &why),
            Command::Confirm(target) => self.confirm(&target).await,
            Command::Release { target, why } => self.release(&target, why),
            Command::Speak => {
                if let Some(leg) = self.carrier_leg {
                    self.inner.doors.plane.speak(leg).await;
                }
            }
            Command::Bridge(target) => self.bridge(&target).await,
            Command::Unbridge(target) => self.unbridge(&target).await,
            Command::Open(target) => self.open(&target),
            Command::Mute(target, on) => {
                let leg = self.inner.board.lock().agent_leg(target.device);
                if let Some(leg) = leg {
                    self.inner.doors.plane.mute(leg, on).await;
                }
            }
            Command::Update(target) => self.update(&target),
            Command::StartRecording => self.start_recording().await,
            Command::PauseRecording => self.pause_recording().await,
            Command::ResumeRecording => self.resume_recording().await,
            Command::StopRecording => self.stop_recording().await,
            Command::Dismiss(target, reason) => self.dismiss(&target, reason).await,
            Command::CloseCarrierLeg => self.close_carrier_leg().await,
            Command::CloseBooks(reason) => self.close_books(reason).await,
        }
    }

    /// Answers Meta's offer and tells Meta, so that ICE and DTLS are up before anybody claims.
    async fn pre_accept(&mut self) {
        let Some(offer) = &self.offer else {
            self.follow_ups.push(Input::End { cause: model::Cause::BadOffer });
            return;
        };
        match self.inner.doors.plane.open_whatsapp_leg(offer).await {
            Ok(opened) => {
                self.inner.board.lock().add_leg(opened.leg, LegOwner::Call(self.id));
                self.carrier_leg = Some(opened.leg);
                self.answer = Some(opened.answer);
                self.ask_meta(Verb::PreAccept);
            }
            Err(error) => {
                tracing::warn!(call = %self.id, %error, "Meta's offer cannot be answered");
                self.follow_ups.push(Input::End { cause: model::Cause::BadOffer });
            }
        }
    }

    /// Sends a verb to Meta beside the call's task; its outcome comes back as an input.
    fn ask_meta(&self, verb: Verb) {
        let graph = self.inner.doors.graph.clone();
        let (line, wacid, id) = (self.line.id.clone(), self.wacid.clone(), self.id);
        let (answer, mailbox) = (self.answer.clone(), self.mailbox.clone());
        self.inner.tasks.spawn(async move {
            let result = match (verb, &answer) {
                (Verb::PreAccept, Some(sdp)) => graph.pre_accept(&line, &wacid, sdp).await,
                (Verb::Accept, Some(sdp)) => graph.accept(&line, &wacid, sdp).await,
                (Verb::Reject, _) => graph.reject(&line, &wacid).await,
                (Verb::Terminate, _) => graph.terminate(&line, &wacid).await,
                // Without an answer the call has been ended already.
                (Verb::PreAccept | Verb::Accept, None) => return,
            };
            let outcome = outcome_of(&result);
            if let Err(error) = &result {
                tracing::warn!(call = %id, %error, verb = verb.word(), "Meta did not do as asked");
            }
            let input = match verb {
                Verb::PreAccept => Input::PreAcceptAnswered(outcome),
                Verb::Accept => Input::AcceptAnswered(outcome),
                Verb::Reject | Verb::Terminate => Input::FarewellAnswered,
            };
            // The call may have ended meanwhile. An accept that worked too late is undone.
            if mailbox.send(Message::Input(input)).await.is_err()
                && matches!(verb, Verb::Accept)
                && outcome != Outcome::Refused
            {
                let _ = graph.terminate(&line, &wacid).await;
            }
        });
    }

    fn ringing_view(&self) -> RingingCall {
        let until = self.call.rings_until().unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now());
        RingingCall {
            call: self.id,
            from: self.caller.clone(),
            line: self.line.id.clone(),
            line_name: self.line.name.clone(),
            rang_at: self.arrived_at,
            rings_until: Timestamp::now().plus_millis(i64::try_from(left.as_millis()).unwrap_or(0)),
            claimable: true,
            not_claimable: None,
        }
    }

    fn stop_ringing(&self, devices: &[DeviceId], why: &StopWhy) {
        for device in devices {
            self.inner.unring(self.id, *device);
            let (why, winner) = {
                let board = self.inner.board.lock();
                let own = |winner: &AgentId| board.roster.agent_of(*device) == Some(winner);
                match why {
                    StopWhy::Claimed { winner, .. } if own(winner) => {
                        (RingEnd::ClaimedByYouElsewhere, Some(board.name_of(winner)))
                    }
                    StopWhy::Claimed { winner, .. } => {
                        (RingEnd::ClaimedElsewhere, Some(board.name_of(winner)))
                    }
                    StopWhy::Declined => (RingEnd::Declined, None),
                    StopWhy::CallerHungUp => (RingEnd::CallerHungUp, None),
                    StopWhy::TimedOut => (RingEnd::TimedOut, None),
                    StopWhy::CallEnded => (RingEnd::CallEnded, None),
                }
            };
            self.inner.tell(*device, ServerEvent::RingEnd { call: self.id, why, winner });
        }
    }

    fn active_view(&self) -> ActiveCall {
        ActiveCall {
            call: self.id,
            from: self.caller.clone(),
            line: self.line.id.clone(),
            line_name: self.line.name.clone(),
            direction: Direction::UserInitiated,
            bridged_at: self.bridged_at,
            muted: self.call.muted(),
            recording_mode: self.line.recording,
            recording: recording_state(self.call.recording()),
        }
    }

    /// The claim won: its sound is awaited, and the device is told.
    async fn confirm(&self, target: &Target) {
        self.inner.unring(self.id, target.device);
        let leg = {
            let mut board = self.inner.board.lock();
            board.active.insert(target.device, self.active_view());
            board.agent_leg(target.device)
        };
        if let Some(leg) = leg {
            self.inner.doors.plane.watch(leg).await;
        }
        let why = RingEnd::ClaimedHere;
        self.inner.tell(target.device, ServerEvent::RingEnd { call: self.id, why, winner: None });
        let lease_ms = u64::try_from(self.inner.house.claim_lease.as_millis()).unwrap_or(u64::MAX);
        self.inner
            .tell(target.device, ServerEvent::ClaimWon { active: self.active_view(), lease_ms });
    }

    fn release(&mut self, target: &Target, why: &'static str) {
        self.timing = Default::default();
        {
            let mut board = self.inner.board.lock();
            board.active.remove(&target.device);
            board.roster.free(&target.agent, self.id);
        }
        let released = ServerEvent::ClaimReleased { call: self.id, reason: why.to_owned() };
        self.inner.tell(target.device, released);
        self.inner.presence_changed(&target.agent);
    }

    async fn bridge(&mut self, target: &Target) {
        let agent_leg = self.inner.board.lock().agent_leg(target.device);
        let (Some(whatsapp), Some(agent)) = (self.carrier_leg, agent_leg) else {
            let why = "the device's media leg is gone";
            self.follow_ups.push(Input::AgentLegFailed { device: target.device, why });
            return;
        };
        let plane = &self.inner.doors.plane;
        plane.mute(agent, false).await;
        plane.bridge(whatsapp, agent).await;
        self.tap_all(self.recording).await;
    }

    async fn unbridge(&self, target: &Target) {
        let agent_leg = self.inner.board.lock().agent_leg(target.device);
        if let Some(leg) = agent_leg {
            self.inner.doors.plane.tap(leg, None).await;
        }
        if let Some(leg) = self.carrier_leg {
            self.inner.doors.plane.unbridge(leg).await;
        }
    }

    fn open(&mut self, target: &Target) {
        self.bridged_at.get_or_insert_with(Timestamp::now);
        let active = self.active_view();
        self.inner.board.lock().active.insert(target.device, active.clone());
        self.inner.tell(target.device, ServerEvent::CallOpen { active });
    }

    fn update(&self, target: &Target) {
        let active = self.active_view();
        self.inner.board.lock().active.insert(target.device, active.clone());
        let (muted, recording) = (active.muted, active.recording);
        self.inner.tell(target.device, ServerEvent::CallUpdate { call: self.id, muted, recording });
    }

    async fn dismiss(&self, target: &Target, reason: EndReason) {
        let leg = {
            let mut board = self.inner.board.lock();
            board.active.remove(&target.device);
            board.roster.free(&target.agent, self.id);
            board.agent_leg(target.device)
        };
        if let Some(leg) = leg {
            let plane = &self.inner.doors.plane;
            plane.tap(leg, None).await;
            plane.unbridge(leg).await;
            plane.mute(leg, false).await;
        }
        let talked_ms =
            i64::try_from(self.call.talked(Instant::now()).as_millis()).unwrap_or(i64::MAX);
        self.inner.tell(target.device, ServerEvent::CallEnd { call: self.id, reason, talked_ms });
        self.inner.presence_changed(&target.agent);
    }

    async fn close_carrier_leg(&mut self) {
        if let Some(leg) = self.carrier_leg {
            self.inner.board.lock().remove_leg(leg);
            self.inner.doors.plane.close(leg).await;
        }
    }

    async fn tap_all(&self, recording: Option<RecordingId>) {
        let holder = self.call.holder().map(|target| target.device);
        let agent_leg = holder.and_then(|device| self.inner.board.lock().agent_leg(device));
        for (leg, track) in [(self.carrier_leg, Track::Caller), (agent_leg, Track::Agent)] {
            if let Some(leg) = leg {
                let tap = recording.map(|recording| Tap { recording, track });
                self.inner.doors.plane.tap(leg, tap).await;
            }
        }
    }

    async fn start_recording(&mut self) {
        let id = RecordingId::from_uuid(Uuid::now_v7());
        let agent = self.call.holder().map(|target| target.agent.clone());
        let started_by = match (self.line.recording, &agent) {
            (model::RecordingMode::OnDemand, Some(agent)) => agent.to_string(),
            (model::RecordingMode::Off | model::RecordingMode::Always, _)
            | (model::RecordingMode::OnDemand, None) => "line policy".to_owned(),
        };
        let new = NewRecording {
            id,
            call: self.id,
            line: self.line.id.clone(),
            agent,
            format: self.inner.house.recording_format,
            started_by,
            started_at: Timestamp::now(),
            started: Instant::now(),
        };
        let opened = tokio::time::timeout(RECORDER_WAIT, self.inner.doors.recorder.open(new)).await;
        match opened {
            Ok(Ok(())) => {
                self.recording = Some(id);
                self.last_recording = Some(id);
                self.tap_all(Some(id)).await;
            }
            Ok(Err(error)) => self.recording_failed(&error.to_string()),
            Err(_) => self.recording_failed("the recorder did not answer in time"),
        }
    }

    fn recording_failed(&mut self, error: &str) {
        tracing::error!(call = %self.id, error, "the call goes on without its recording");
        self.recording = None;
        self.follow_ups.push(Input::RecordingFailed);
    }

    async fn pause_recording(&mut self) {
        let Some(id) = self.recording else { return };
        // Fail closed: without taps nothing more of the secret can reach the file.
        if let Err(error) = self.inner.doors.recorder.pause(id, Instant::now()).await {
            self.tap_all(None).await;
            self.recording_failed(&error.to_string());
        }
    }

    async fn resume_recording(&mut self) {
        let Some(id) = self.recording else { return };
        if let Err(error) = self.inner.doors.recorder.resume(id, Instant::now()).await {
            self.recording_failed(&error.to_string());
        }
    }

    /// Stops the recorder; the file is finished beside the call, and then listed.
    async fn stop_recording(&mut self) {
        let Some(id) = self.recording.take() else { return };
        let ended = Instant::now();
        self.tap_all(None).await;
        let (inner, call) = (self.inner.clone(), self.id);
        self.inner.tasks.spawn(async move { inner.finish_recording(id, call, ended).await });
    }
}

impl Inner {
    async fn finish_recording(&self, id: RecordingId, call: model::CallId, ended: Instant) {
        match self.doors.recorder.close(id, ended).await {
            Ok(finished) => self.list_recording(&finished.manifest).await,
            Err(error) => {
                tracing::error!(%call, recording = %id, %error, "the recording is not finished; the next start repairs it");
            }
        }
    }

    /// Writes a finished recording into the database.
    pub(crate) async fn list_recording(&self, manifest: &recording::Manifest) {
        let row = RecordingRow {
            id: manifest.id,
            call: manifest.call,
            format: manifest.format,
            started_at: manifest.started_at,
            duration_ms: i64::try_from(manifest.duration_ms).unwrap_or(i64::MAX),
            bytes: i64::try_from(manifest.bytes).unwrap_or(i64::MAX),
            sha256: manifest.sha256.clone(),
            path: path_in_vault(manifest),
            recovered: manifest.recovered,
        };
        if let Err(error) = self.doors.store.add_recording(row).await {
            tracing::error!(recording = %manifest.id, %error, "a finished recording is not listed; its manifest lies beside it");
        }
    }
}

fn path_in_vault(manifest: &recording::Manifest) -> String {
    let path =
        recording::file_path(Path::new(""), manifest.id, manifest.started_at, manifest.format);
    path.to_string_lossy().into_owned()
}

fn outcome_of(result: &Result<(), GraphError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(GraphError::Ambiguous { .. }) => Outcome::Unclear,
        Err(
            GraphError::Refused { .. } | GraphError::Unreachable { .. } | GraphError::Setup { .. },
        ) => Outcome::Refused,
    }
}

const fn recording_state(recording: Recording) -> RecordingState {
    match recording {
        Recording::Off => RecordingState::Off,
        Recording::On => RecordingState::On,
        Recording::Paused => RecordingState::Paused,
        Recording::Failed => RecordingState::Failed,
    }
}

impl Verb {
    const fn word(self) -> &'static str {
        match self {
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Terminate => "terminate",
        }
    }
}
