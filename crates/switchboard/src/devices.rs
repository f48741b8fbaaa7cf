//! What agents' devices ask for.

use std::time::Instant;

use call::{Input, Target};
use media::OpenedLeg;
use model::{AgentId, CallId, DeviceId, LegId, SdpText};
use wire::LineBrief;
use wire::agent::{ErrorCode, RecordAction, ServerEvent, Snapshot};

use crate::board::LegOwner;
use crate::owner::{self, Message};
use crate::refusal::Refusal;
use crate::switchboard::Switchboard;

/// Missed calls in a snapshot: what a person can take in at a glance.
const MISSED_SHOWN: u32 = 50;

impl Switchboard {
    /// A device connected. Returns what it needs to draw its page.
    pub async fn device_joined(&self, agent: AgentId, device: DeviceId) -> Snapshot {
        let workspace = &self.inner.house.workspace.id;
        let name = match self.inner.doors.store.agent(workspace, &agent).await {
            Ok(row) => row.map_or_else(|| agent.to_string(), |row| row.name),
            Err(_) => agent.to_string(),
        };
        {
            let mut board = self.inner.board.lock();
            board.names.insert(agent.clone(), name);
            board.roster.join(agent.clone(), device);
        }
        self.inner.presence_changed(&agent);
        self.inner.left_page_of(&agent, device).await;
        self.snapshot(device).await
    }

    /// A device's session is gone for good.
    pub async fn device_left(&self, device: DeviceId) {
        let leg = self.inner.board.lock().remove_agent_leg(device);
        if let Some(leg) = leg {
            // While the roster still knows whose call it carries.
            self.inner.finish_agent_leg(device, leg).await;
        }
        let agent = self.inner.board.lock().forget_device(device);
        self.inner.calls.device_gone(device, None);
        if let Some(agent) = agent {
            self.inner.presence_changed(&agent);
        }
    }

    /// The state of the house as a device's agent sees it.
    pub async fn snapshot(&self, device: DeviceId) -> Snapshot {
        let mut snapshot = self.inner.board.lock().snapshot(device);
        let workspace = &self.inner.house.workspace.id;
        snapshot.missed =
            self.inner.doors.store.missed(workspace, MISSED_SHOWN).await.unwrap_or_default();
        snapshot.outcomes = self.inner.doors.store.outcomes(workspace).await.unwrap_or_default();
        snapshot.balance = self.inner.balance().await;
        let brief =
            |line: &store::LineRow| LineBrief { line: line.id.clone(), name: line.name.clone() };
        snapshot.lines = self.inner.lines().await.unwrap_or_default().iter().map(brief).collect();
        snapshot
    }

    /// The agent wants calls: answers the device's media offer. The device can be rung once its
    /// leg is up, which it is told.
    ///
    /// # Errors
    /// When the offer cannot be answered, or the device's claim is being connected.
    pub async fn go_ready(&self, device: DeviceId, offer: SdpText) -> Result<SdpText, Refusal> {
        let renewal = self.inner.board.lock().renewals.get(&device).map(|renewal| renewal.near);
        if renewal.is_none() {
            if self.inner.board.lock().is_connecting(device) {
                return Err(Refusal::on_call());
            }
            if self.inner.board.lock().active.contains_key(&device) {
                // A page does that when its media failed; the call goes on with the new leg.
                self.inner.agent_leg_lost(device, "the device sets up its media anew").await;
            }
        }
        let plane = &self.inner.doors.plane;
        let opened = match renewal {
            Some(near) => plane.open_agent_leg_near(&offer, near).await,
            None => plane.open_agent_leg(&offer).await,
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let hint = "offer one audio track with Opus, ICE and a sha-256 fingerprint";
                return Err(Refusal::new(ErrorCode::BadOffer, error.to_string(), hint));
            }
        };
        let (unused, outcome) = self.seat_leg(device, opened);
        if let Some(leg) = unused {
            self.inner.doors.plane.close(leg).await;
        }
        outcome
    }

    /// The device's network has changed: restarts ICE of the leg it has, so that a call on it
    /// goes on unheard. Returns the answer.
    ///
    /// # Errors
    /// When the device has no leg, or the offer does not fit it.
    pub async fn restart_ice(&self, device: DeviceId, offer: SdpText) -> Result<SdpText, Refusal> {
        let leg = self.inner.board.lock().agent_leg(device).ok_or_else(Refusal::not_ready)?;
        let answer = self.inner.doors.plane.restart_agent_leg(leg, &offer).await;
        answer.map_err(|error| {
            tracing::debug!(%device, %leg, %error, "ICE was not restarted");
            let hint = "go ready with a new peer connection";
            Refusal::new(ErrorCode::BadOffer, error.to_string(), hint)
        })
    }

    /// Makes a leg the device's own. Returns the leg that is of no use now, too.
    fn seat_leg(
        &self,
        device: DeviceId,
        opened: OpenedLeg,
    ) -> (Option<LegId>, Result<SdpText, Refusal>) {
        let mut board = self.inner.board.lock();
        if board.is_connecting(device) && !board.renewals.contains_key(&device) {
            return (Some(opened.leg), Err(Refusal::on_call()));
        }
        if !board.roster.want_calls(device, true) {
            return (Some(opened.leg), Err(Refusal::internal("the device has left")));
        }
        board.roster.leg_is(device, false);
        if let Some(renewal) = board.renewals.get_mut(&device) {
            renewal.seated = Some(opened.leg);
        }
        let old = board.remove_agent_leg(device);
        board.add_leg(opened.leg, LegOwner::Device(device));
        (old, Ok(opened.answer))
    }

    /// The agent wants no calls on this device. Its leg is closed, at once or when the call that
    /// uses it is over.
    pub async fn go_away(&self, device: DeviceId) {
        let (agent, held, leg) = {
            let mut board = self.inner.board.lock();
            board.roster.want_calls(device, false);
            let held = board.active.get(&device).map(|active| active.call);
            let leg = if held.is_some() { None } else { board.remove_agent_leg(device) };
            (board.roster.agent_of(device).cloned(), held, leg)
        };
        if let Some(leg) = leg {
            self.inner.doors.plane.close(leg).await;
        }
        self.inner.calls.device_gone(device, held);
        if let Some(agent) = agent {
            self.inner.presence_changed(&agent);
        }
    }

    /// The device's microphone or peer connection failed.
    pub async fn media_failed(&self, device: DeviceId, reason: String) {
        tracing::debug!(%device, %reason, "a device reports that its media failed");
        self.inner.agent_leg_lost(device, "the device reports that its media failed").await;
    }

    /// A device takes a ringing call. `arrived` is when its frame was read.
    ///
    /// # Errors
    /// When the device is not ready, the agent is on another call, or somebody else won.
    pub async fn claim(
        &self,
        device: DeviceId,
        call: CallId,
        arrived: Instant,
    ) -> Result<(), Refusal> {
        let agent = self.agent_of(device)?;
        let mailbox = self.inner.calls.mailbox(call).ok_or_else(Refusal::no_such_call)?;
        let answer = owner::claim(&mailbox, Target { agent, device }, arrived).await;
        answer.unwrap_or_else(|| Err(Refusal::no_such_call()))
    }

    /// An agent does not want a call.
    ///
    /// # Errors
    /// When the call is not live or rings no more.
    pub async fn decline(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        let agent = self.agent_of(device)?;
        self.ask(call, Input::Decline { agent }).await
    }

    /// The agent ends the call on this device.
    ///
    /// # Errors
    /// When the device does not have the call.
    pub async fn hang_up(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        self.ask(call, Input::HangUp { device }).await
    }

    /// The agent mutes or unmutes themselves.
    ///
    /// # Errors
    /// When the device does not have the call.
    pub async fn mute(&self, device: DeviceId, call: CallId, on: bool) -> Result<(), Refusal> {
        self.ask(call, Input::Mute { device, on }).await
    }

    /// The agent tells the recorder what to do.
    ///
    /// # Errors
    /// When the device does not have the call, or the line's rule forbids it.
    pub async fn record(
        &self,
        device: DeviceId,
        call: CallId,
        action: RecordAction,
    ) -> Result<(), Refusal> {
        let input = match action {
            RecordAction::Start => Input::StartRecording { device },
            RecordAction::Pause => Input::PauseRecording { device },
            RecordAction::Resume => Input::ResumeRecording { device },
            RecordAction::Stop => Input::StopRecording { device },
        };
        self.ask(call, input).await
    }

    pub(crate) fn agent_of(&self, device: DeviceId) -> Result<AgentId, Refusal> {
        let board = self.inner.board.lock();
        board.roster.agent_of(device).cloned().ok_or_else(Refusal::not_ready)
    }

    pub(crate) async fn ask(&self, call: CallId, input: Input) -> Result<(), Refusal> {
        let mailbox = self.inner.calls.mailbox(call).ok_or_else(Refusal::no_such_call)?;
        let response = owner::ask(&mailbox, input).await;
        self.inner.answer(response)
    }
}

impl crate::switchboard::Inner {
    /// A page was left, and its agent has opened another one: the call does not wait until the
    /// media of the old one is missed.
    pub(crate) async fn left_page_of(&self, agent: &AgentId, here: DeviceId) {
        let old = self.board.lock().left_page(agent, here);
        if let Some(old) = old {
            self.agent_leg_lost(old, "its page was left").await;
        }
    }

    /// A device cannot be heard any more: it rings no more, and a call it holds is told.
    pub(crate) async fn agent_leg_lost(&self, device: DeviceId, why: &'static str) {
        let (agent, leg, renews) = {
            let mut board = self.board.lock();
            board.roster.leg_is(device, false);
            let leg = board.remove_agent_leg(device);
            // The old one makes room for the one we asked for; the new one may fail too.
            let renewal = board.renewals.get(&device);
            let renews = renewal.is_some_and(|renewal| renewal.seated != leg);
            if !renews {
                board.renewals.remove(&device);
            }
            (board.roster.agent_of(device).cloned(), leg, renews)
        };
        let Some(leg) = leg else { return };
        self.finish_agent_leg(device, leg).await;
        if renews {
            // Its successor is on its way, because we asked for it.
            return;
        }
        self.tell(device, ServerEvent::MediaState { up: false, reason: Some(why.to_owned()) });
        let held = {
            let board = self.board.lock();
            let on_call = agent.as_ref().and_then(|agent| board.roster.on_call(agent));
            on_call.or_else(|| board.part_on(device))
        };
        self.calls.device_gone(device, held);
        if let Some(call) = held {
            self.calls.post(call, Message::Input(Input::AgentLegFailed { device, why }));
        }
        let Some(agent) = agent else { return };
        self.presence_changed(&agent);
        let has_another = held.is_some() && !self.board.lock().roster.targets_of(&agent).is_empty();
        if has_another {
            // If its page is gone too, the call goes on there at once.
            self.doors.bell.doubt(device);
        }
    }

    /// Closes a device's leg; the call it carries, if any, learns how it was.
    async fn finish_agent_leg(&self, device: DeviceId, leg: LegId) {
        if let Some(summary) = self.doors.plane.finish(leg).await {
            self.tell_call_of(device, Message::AgentLegOver(device, summary));
        }
    }

    /// A device became ringable: whatever rings now rings there too.
    pub(crate) fn device_ringable(&self, device: DeviceId) {
        let agent = {
            let mut board = self.board.lock();
            board.roster.leg_is(device, true);
            board.roster.agent_of(device).cloned()
        };
        self.tell(device, ServerEvent::MediaState { up: true, reason: None });
        let Some(agent) = agent else { return };
        self.presence_changed(&agent);
        let part = {
            let mut board = self.board.lock();
            let part = board.supervised_on(device);
            board.renewals.remove(&device);
            part
        };
        if let Some(call) = part {
            self.calls.post(call, Message::LegRenewed(device));
        }
        self.can_ring(&agent, device);
    }

    /// Sends a media fact to the call that a device holds.
    pub(crate) fn tell_call_of(&self, device: DeviceId, message: Message) {
        let call = {
            let board = self.board.lock();
            board.roster.agent_of(device).and_then(|agent| board.roster.on_call(agent))
        };
        if let Some(call) = call {
            self.calls.post(call, message);
        }
    }
}
