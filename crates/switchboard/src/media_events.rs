//! Takes the media plane's reports to whom they concern.

use std::sync::Arc;

use call::{Input, SupervisionWhy};
use media::{LegDown, MediaEvent, SupervisionEnd};
use model::{LegId, PhoneKey};
use tokio::sync::mpsc;

use crate::board::LegOwner;
use crate::owner::Message;
use crate::switchboard::Inner;

/// Runs until the media plane stops. Waits for no call: it carries the news of all of them. Each
/// event goes to the house whose board has the leg, and to no other; a leg is on one board only.
/// Boards are asked in turn: a leg has a handful of events in its life.
pub(crate) async fn listen(houses: Vec<Arc<Inner>>, mut events: mpsc::Receiver<MediaEvent>) {
    while let Some(event) = events.recv().await {
        let leg = leg_of(&event);
        let owns = |house: &&Arc<Inner>| house.board.lock().owner_of(leg).is_some();
        if let Some(house) = houses.iter().find(owns) {
            house.media_event(event).await;
        }
    }
}

const fn leg_of(event: &MediaEvent) -> LegId {
    match event {
        MediaEvent::LegUp { leg }
        | MediaEvent::LegDown { leg, .. }
        | MediaEvent::FirstRtp { leg, .. }
        | MediaEvent::PlayEnded { leg }
        | MediaEvent::Dtmf { leg, .. }
        | MediaEvent::SilentCall { leg, .. }
        | MediaEvent::CallerSilent { leg }
        | MediaEvent::SupervisionEnded { supervisor: leg, .. }
        | MediaEvent::Forwarded { from: leg, .. } => *leg,
    }
}

impl Inner {
    async fn media_event(&self, event: MediaEvent) {
        let inner = self;
        match event {
            MediaEvent::LegUp { leg } => leg_up(inner, leg),
            MediaEvent::LegDown { leg, why } => leg_down(inner, leg, why).await,
            MediaEvent::FirstRtp { leg, .. } => first_rtp(inner, leg),
            MediaEvent::PlayEnded { leg } => tell_call(inner, leg, Input::NoticeEnded),
            MediaEvent::Dtmf { leg, digit, .. } => key_pressed(inner, leg, digit),
            MediaEvent::SilentCall { leg, cause } => {
                inner.counts.silent(cause);
                tell_call(inner, leg, Input::SilentCall { cause });
            }
            MediaEvent::CallerSilent { leg } => tell_call(inner, leg, Input::CallerSilent),
            MediaEvent::SupervisionEnded { supervisor, why, .. } => {
                supervision_ended(inner, supervisor, why);
            }
            MediaEvent::Forwarded { from, to, at } => {
                let owner = inner.board.lock().owner_of(from);
                let message = Message::Forwarded { from, to, at };
                match owner {
                    Some(LegOwner::Call(call)) => inner.calls.post(call, message),
                    Some(LegOwner::Device(device)) => inner.tell_call_of(device, message),
                    None => {}
                }
            }
        }
    }
}

fn leg_up(inner: &Inner, leg: LegId) {
    let owner = inner.board.lock().owner_of(leg);
    match owner {
        Some(LegOwner::Device(device)) => inner.device_ringable(device),
        Some(LegOwner::Call(call)) => {
            inner.calls.post(call, Message::Input(Input::CarrierMediaUp));
        }
        None => {}
    }
}

async fn leg_down(inner: &Inner, leg: LegId, why: LegDown) {
    let owner = inner.board.lock().owner_of(leg);
    match owner {
        Some(LegOwner::Device(device)) => inner.agent_leg_lost(device, words(why)).await,
        Some(LegOwner::Call(call)) => {
            tracing::debug!(%call, why = words(why), "the leg towards Meta is down");
            let input = match why {
                LegDown::ClosedByPeer => Input::CarrierMediaClosed,
                LegDown::IceFailed
                | LegDown::ConsentLost
                | LegDown::DtlsFailed
                | LegDown::FingerprintMismatch
                | LegDown::Fault => Input::CarrierMediaDown,
            };
            inner.calls.post(call, Message::Input(input));
        }
        None => {}
    }
}

/// Agents' keys are for the caller's side, which gets them with the sound.
fn key_pressed(inner: &Inner, leg: LegId, digit: char) {
    // Which key it was may be part of a card number, so nothing of it is logged.
    match PhoneKey::try_from(digit) {
        Ok(key) => tell_call(inner, leg, Input::Key { key }),
        Err(error) => tracing::debug!(%leg, %error, "a key press was ignored"),
    }
}

/// Sends what was noticed on a WhatsApp leg to its call.
fn tell_call(inner: &Inner, leg: LegId, input: Input) {
    let owner = inner.board.lock().owner_of(leg);
    match owner {
        Some(LegOwner::Call(call)) => inner.calls.post(call, Message::Input(input)),
        Some(LegOwner::Device(_)) | None => {}
    }
}

fn supervision_ended(inner: &Inner, supervisor: LegId, why: SupervisionEnd) {
    tracing::debug!(leg = %supervisor, why = why.as_str(), "supervision has ended");
    let device = match inner.board.lock().owner_of(supervisor) {
        Some(LegOwner::Device(device)) => device,
        Some(LegOwner::Call(_)) | None => return,
    };
    let call = inner.board.lock().supervising.get(&device).copied();
    let why = match why {
        SupervisionEnd::CallEnded => SupervisionWhy::CallEnded,
        SupervisionEnd::AgentGone | SupervisionEnd::Parted | SupervisionEnd::Moved => {
            SupervisionWhy::Parted
        }
        SupervisionEnd::SupervisorGone | SupervisionEnd::HandedOver | SupervisionEnd::Fault => {
            SupervisionWhy::MediaFailed
        }
    };
    if let Some(call) = call {
        inner.calls.post(call, Message::Input(Input::SupervisionEnded { device, why }));
    }
}

fn first_rtp(inner: &Inner, leg: LegId) {
    let owner = inner.board.lock().owner_of(leg);
    match owner {
        Some(LegOwner::Device(device)) => {
            inner.tell_call_of(device, Message::Input(Input::AgentHeard { device }));
        }
        Some(LegOwner::Call(call)) => {
            inner.calls.post(call, Message::Input(Input::CallerHeard));
        }
        None => {}
    }
}

const fn words(why: LegDown) -> &'static str {
    match why {
        LegDown::IceFailed => "no media path was found (is UDP blocked?)",
        LegDown::ConsentLost => "the media path was lost",
        LegDown::DtlsFailed => "the DTLS handshake failed",
        LegDown::FingerprintMismatch => "the certificate is not the one that was announced",
        LegDown::ClosedByPeer => "the device closed its media",
        LegDown::Fault => "a fault in the media plane",
    }
}
