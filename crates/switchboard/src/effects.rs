//! Carrying out what the rules command.

use std::time::Instant;

use call::{Command, Farewell, Input, Phase, Sound, StopWhy, Target};
use media::Source;
use model::{DeviceId, LegId, Timestamp};
use wire::agent::{RingEnd, ServerEvent};

use crate::board::LegOwner;
use crate::meta::Verb;
use crate::owner::Owner;
use crate::quality::LOOK_EVERY;
use crate::switchboard::Inner;

impl Owner {
    pub(crate) async fn carry_out(&mut self, command: Command) {
        match command {
            Command::PreAccept => self.pre_accept().await,
            Command::Accept => self.ask_meta(Verb::Accept),
            Command::Farewell(Farewell::Reject) => self.ask_meta(Verb::Reject),
            Command::Farewell(Farewell::Terminate) => self.terminate(),
            Command::Connect => self.connect().await,
            Command::RingBack(target, on) => self.ring_back(&target, on).await,
            Command::ChooseTargets { round, step, newcomers } => {
                self.choose_targets(round, &step, &newcomers);
            }
            Command::PlayNotice => self.play_notice().await,
            Command::LeaveCall { target, why } => self.leave_call(&target, why).await,
            Command::Resume(target) => self.resume(&target),
            Command::Consult { first, second } => self.consult(&first, &second).await,
            Command::Unconsult { first, second } => self.unconsult(&first, &second).await,
            Command::Supervise(target, mode) => self.supervise(target, mode).await,
            Command::Unsupervise(target, why) => self.unsupervise(&target, why).await,
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

    fn stop_ringing(&self, devices: &[DeviceId], why: &StopWhy) {
        let (own, others, winner) = {
            let mut board = self.inner.board.lock();
            board.unring(self.id, devices);
            match why {
                StopWhy::Claimed { winner, .. } => {
                    let is_own = |device: &DeviceId| board.roster.agent_of(*device) == Some(winner);
                    let (own, others) = devices.iter().copied().partition(is_own);
                    (own, others, Some(board.name_of(winner)))
                }
                StopWhy::Declined
                | StopWhy::CallerHungUp
                | StopWhy::TimedOut
                | StopWhy::DeviceGone
                | StopWhy::CallEnded => (Vec::new(), devices.to_vec(), None),
            }
        };
        let ended = |why| ServerEvent::RingEnd { call: self.id, why, winner: winner.clone() };
        if !own.is_empty() {
            self.inner.tell_all(&own, ended(RingEnd::ClaimedByYouElsewhere));
        }
        if !others.is_empty() {
            self.inner.tell_all(&others, ended(ring_end(why)));
        }
    }

    /// The claim won: its sound is awaited, and the device is told.
    async fn confirm(&self, target: &Target) {
        self.inner.unring(self.id, target.device);
        self.inner.leave_other_supervision(target.device, self.id);
        let active = self.active_view(target);
        let leg = {
            let mut board = self.inner.board.lock();
            board.active.insert(target.device, active.clone());
            board.connecting.insert(target.device);
            board.agent_leg(target.device)
        };
        if let Some(leg) = leg {
            // The warm leg may have carried other calls.
            self.inner.doors.plane.judge_anew(leg).await;
            // A consulted agent is listened for once the two are joined.
            if self.call.consulted() != Some(target) {
                self.inner.doors.plane.watch(leg).await;
            }
        }
        if self.call.dial_stage().is_none() {
            let (call, why) = (self.id, RingEnd::ClaimedHere);
            self.inner.tell(target.device, ServerEvent::RingEnd { call, why, winner: None });
        }
        let lease_ms = u64::try_from(self.inner.house.claim_lease.as_millis()).unwrap_or(u64::MAX);
        self.inner.tell(target.device, ServerEvent::ClaimWon { active, lease_ms });
        self.inner.presence_changed(&target.agent);
    }

    pub(crate) async fn bridge(&mut self, target: &Target) {
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
        if self.call.phase() == Phase::Bridged {
            self.look_due = Some(Instant::now() + LOOK_EVERY);
        }
    }

    async fn play_notice(&mut self) {
        let notice = self.inner.house.sounds.notice(&self.line.id);
        match (self.carrier_leg, notice) {
            (Some(leg), Some(clip)) => self.inner.doors.plane.play(leg, Source::Once(clip)).await,
            _ => self.follow_ups.push(Input::NoticeEnded),
        }
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
        let active = self.active_view(target);
        {
            let mut board = self.inner.board.lock();
            board.connecting.remove(&target.device);
            board.active.insert(target.device, active.clone());
        }
        self.inner.tell(target.device, ServerEvent::CallOpen { active });
        self.show_live();
    }

    pub(crate) fn update(&self, target: &Target) {
        let active = self.active_view(target);
        let before = self.inner.board.lock().active.insert(target.device, active.clone());
        // Who is listened to must not see that anything has happened.
        if before.as_ref() != Some(&active) {
            self.inner.tell(target.device, ServerEvent::CallUpdate { active });
        }
        self.show_live();
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
        plane.play(leg, Source::Nothing).await;
        plane.mute(leg, false).await;
    }
}

/// Why ringing ended, as everybody but the winner sees it.
const fn ring_end(why: &StopWhy) -> RingEnd {
    match why {
        StopWhy::Claimed { .. } => RingEnd::ClaimedElsewhere,
        StopWhy::Declined => RingEnd::Declined,
        StopWhy::CallerHungUp => RingEnd::CallerHungUp,
        StopWhy::TimedOut => RingEnd::TimedOut,
        // For a device that rings no more the call is over.
        StopWhy::DeviceGone | StopWhy::CallEnded => RingEnd::CallEnded,
    }
}
