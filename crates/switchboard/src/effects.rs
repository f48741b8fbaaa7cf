//! Carrying out what the rules command.

use std::time::Instant;

use call::{Command, Farewell, Input, Recording, Sound, StopWhy, Target};
use model::{DeviceId, Direction, EndReason, LegId, Timestamp};
use wire::agent::{RingEnd, ServerEvent};
use wire::{ActiveCall, QualityNow, RecordingState, RingingCall};

use crate::board::LegOwner;
use crate::meta::Verb;
use crate::owner::{ClaimTiming, Owner};
use crate::quality::LOOK_EVERY;
use crate::switchboard::Inner;

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
            Command::Release { target, why } => self.release(&target, why).await,
            Command::Speak => {
                if let Some(leg) = self.carrier_leg {
                    self.inner.doors.plane.speak(leg).await;
                }
            }
            Command::ListenToCaller => {
                if let Some(leg) = self.carrier_leg {
                    self.inner.doors.plane.watch(leg).await;
                }
            }
            Command::ListenToAgent(target) => {
                let leg = self.inner.board.lock().agent_leg(target.device);
                if let Some(leg) = leg {
                    self.inner.doors.plane.watch(leg).await;
                }
            }
            Command::Play(sound) => self.play(sound).await,
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
            Command::TellKey(target, key) => {
                self.inner.tell(target.device, ServerEvent::Key { call: self.id, key });
            }
            Command::StartRecording => self.start_recording().await,
            Command::PauseRecording => self.pause_recording().await,
            Command::ResumeRecording => self.resume_recording().await,
            Command::StopRecording => self.stop_recording().await,
            Command::Dismiss(target, reason) => self.dismiss(&target, reason).await,
            Command::CloseCarrierLeg => self.close_carrier_leg().await,
            Command::Judge => self.judge().await,
            Command::CloseBooks(reason) => self.close_books(reason),
        }
    }

    /// Answers Meta's offer and tells Meta, so that ICE and DTLS are up before anybody claims.
    async fn pre_accept(&mut self) {
        if self.carrier_leg.is_some() {
            // It was prepared while the hook was asked.
            self.ask_meta(Verb::PreAccept);
            return;
        }
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
            group: None,
            queue_position: None,
            transfer: None,
        }
    }

    fn quality_now(&self) -> Option<QualityNow> {
        let (verdict, network) = self.call.indicator()?;
        Some(QualityNow { verdict, network })
    }

    fn stop_ringing(&self, devices: &[DeviceId], why: &StopWhy) {
        for device in devices {
            self.inner.unring(self.id, *device);
            let (why, winner) = self.ring_end(*device, why);
            self.inner.tell(*device, ServerEvent::RingEnd { call: self.id, why, winner });
        }
    }

    /// Why ringing ended, as one device's agent sees it, and the name of the winner.
    fn ring_end(&self, device: DeviceId, why: &StopWhy) -> (RingEnd, Option<String>) {
        match why {
            StopWhy::Claimed { winner, .. } => {
                let board = self.inner.board.lock();
                let own = board.roster.agent_of(device) == Some(winner);
                let why =
                    if own { RingEnd::ClaimedByYouElsewhere } else { RingEnd::ClaimedElsewhere };
                (why, Some(board.name_of(winner)))
            }
            StopWhy::Declined => (RingEnd::Declined, None),
            StopWhy::CallerHungUp => (RingEnd::CallerHungUp, None),
            StopWhy::TimedOut => (RingEnd::TimedOut, None),
            // For a device that rings no more the call is over.
            StopWhy::DeviceGone | StopWhy::CallEnded => (RingEnd::CallEnded, None),
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
            muted_by_supervisor: false,
            held: false,
            reconnecting: false,
            transfer: None,
            consulted_by: None,
            supervised_by: None,
            recording_mode: self.line.recording,
            recording: recording_state(self.call.recording()),
            hint: self.call.hint(),
            quality: self.quality_now(),
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
            // The warm leg may have carried other calls.
            self.inner.doors.plane.judge_anew(leg).await;
            self.inner.doors.plane.watch(leg).await;
        }
        let why = RingEnd::ClaimedHere;
        self.inner.tell(target.device, ServerEvent::RingEnd { call: self.id, why, winner: None });
        let lease_ms = u64::try_from(self.inner.house.claim_lease.as_millis()).unwrap_or(u64::MAX);
        self.inner
            .tell(target.device, ServerEvent::ClaimWon { active: self.active_view(), lease_ms });
        self.inner.presence_changed(&target.agent);
    }

    /// The claim counts no more: neither its timing nor the end of ringing.
    async fn release(&mut self, target: &Target, why: &'static str) {
        self.timing = ClaimTiming::default();
        self.ring_ended = None;
        self.let_go(target).await;
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
        // An earlier call may have left it muted, and this one may have been muted since its claim.
        plane.mute(agent, self.call.muted()).await;
        plane.bridge(whatsapp, agent).await;
        self.tap_all(self.recording).await;
    }

    /// What the caller hears while no bridged sound flows.
    async fn play(&self, sound: Sound) {
        if let Some(leg) = self.carrier_leg {
            let source = self.inner.house.sounds.source(&self.line.id, sound);
            self.inner.doors.plane.play(leg, source).await;
        }
    }

    async fn unbridge(&mut self, target: &Target) {
        self.look_due = None;
        let agent_leg = self.inner.board.lock().agent_leg(target.device);
        if let Some(leg) = agent_leg {
            self.inner.doors.plane.tap(leg, None).await;
        }
        if let Some(leg) = self.carrier_leg {
            self.inner.doors.plane.unbridge(leg).await;
        }
    }

    fn open(&mut self, target: &Target) {
        self.look_due = Some(Instant::now() + LOOK_EVERY);
        self.bridged_at.get_or_insert_with(Timestamp::now);
        let active = self.active_view();
        self.inner.board.lock().active.insert(target.device, active.clone());
        self.inner.tell(target.device, ServerEvent::CallOpen { active });
    }

    fn update(&self, target: &Target) {
        let active = self.active_view();
        self.inner.board.lock().active.insert(target.device, active.clone());
        let update = ServerEvent::CallUpdate { active };
        self.inner.tell(target.device, update);
    }

    async fn dismiss(&mut self, target: &Target, reason: EndReason) {
        self.look_due = None;
        let leg = self.inner.board.lock().agent_leg(target.device);
        if let Some(leg) = leg {
            let summary = self.inner.doors.plane.summary(leg).await;
            if let Some(summary) = summary.filter(|_| self.call.was_bridged()) {
                self.keep_agent_summary(summary);
            }
            self.inner.quieten(leg).await;
        }
        self.let_go(target).await;
        let talked_ms =
            i64::try_from(self.call.talked(Instant::now()).as_millis()).unwrap_or(i64::MAX);
        self.inner.tell(target.device, ServerEvent::CallEnd { call: self.id, reason, talked_ms });
        self.inner.presence_changed(&target.agent);
    }

    /// Frees the agent, once nothing of this call is done to their leg any more: their next call
    /// may use it at once. A leg that is not wanted any more is closed.
    async fn let_go(&self, target: &Target) {
        let unwanted = {
            let mut board = self.inner.board.lock();
            board.active.remove(&target.device);
            board.roster.free(&target.agent, self.id);
            let wanted = board.roster.wants_calls(target.device);
            if wanted { None } else { board.remove_agent_leg(target.device) }
        };
        if let Some(leg) = unwanted {
            self.inner.doors.plane.close(leg).await;
        }
    }

    async fn close_carrier_leg(&mut self) {
        if let Some(leg) = self.carrier_leg {
            self.inner.board.lock().remove_leg(leg);
            self.carrier_summary = self.inner.doors.plane.finish(leg).await;
        }
    }
}

impl Inner {
    /// Leaves an agent's leg as a new call expects it: alone, unheard, unmuted.
    pub(crate) async fn quieten(&self, leg: LegId) {
        let plane = &self.doors.plane;
        plane.tap(leg, None).await;
        plane.unbridge(leg).await;
        plane.mute(leg, false).await;
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
