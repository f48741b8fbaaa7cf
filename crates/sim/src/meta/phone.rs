//! The life of one phone: rings, talks, listens, loses patience.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::call::Call;
use super::record::{EndCause, PhoneState, ViolationKind};
use super::world::{World, is_ended};
use crate::voice::Voice;

/// One Opus frame.
const FRAME: Duration = Duration::from_millis(20);

/// Runs the phone until its call is over and its socket closed.
pub(crate) async fn live(world: Arc<World>, call: Arc<Call>, mut voice: Voice) {
    let mut states = call.watch();
    let mut tick = tokio::time::interval(FRAME);
    loop {
        tokio::select! {
            _ = states.wait_for(is_ended) => break,
            _ = tick.tick() => {}
        }
        note_violations(&world, &call);
        match call.state() {
            PhoneState::Calling | PhoneState::Ringing => wait(&world, &call),
            PhoneState::Talking => talk(&world, &call, &mut voice).await,
            PhoneState::Ended(_) => break,
        }
    }
    note_violations(&world, &call);
    call.peer.close().await;
    save(&world, &call).await;
}

/// Ringing: the user gives up, or Meta does.
fn wait(world: &Arc<World>, call: &Arc<Call>) {
    let now = Instant::now();
    let gives_up = call.plan.gives_up_after.map(|after| call.started + after);
    if gives_up.is_some_and(|at| now >= at) {
        world.end(call, EndCause::UserHungUp);
    } else if now >= call.ring_until {
        world.end(call, EndCause::RingTimeout);
    }
}

/// Talking: says its sound, and drops a call without media.
async fn talk(world: &Arc<World>, call: &Arc<Call>, voice: &mut Voice) {
    let Some(accepted) = call.accepted_at() else {
        return;
    };
    let done = call.plan.hang_up_after_answer;
    if done.is_some_and(|after| accepted.elapsed() >= after) {
        world.end(call, EndCause::UserHungUp);
        return;
    }
    if is_starved(world, call, accepted) {
        world.end(call, EndCause::NoMedia);
        return;
    }
    let has_heard = call.peer.hearing(|ear| ear.decoded > 0);
    let is_hushed = call.hushed.load(Ordering::Relaxed);
    if is_hushed || (!call.plan.sends_first && !has_heard) {
        call.peer.pause();
        return;
    }
    let sent = match voice.next_frame() {
        Ok(frame) => call.peer.send(frame).await,
        Err(error) => Err(error),
    };
    if let Err(error) = sent {
        tracing::debug!(call = %call.short, %error, "the phone could not send");
    }
}

/// No RTP at all since accept, or later no packet of any kind for half as long again.
fn is_starved(world: &World, call: &Call, accepted: Instant) -> bool {
    let patience = world.config.no_media_kill;
    let (last_rtp, last_packet) = call.peer.hearing(|ear| (ear.last_rtp, ear.last_packet));
    match (last_rtp, last_packet) {
        (None, _) | (_, None) => accepted.elapsed() >= patience,
        (Some(_), Some(last)) => last.elapsed() >= patience.mul_f32(1.5),
    }
}

fn note_violations(world: &World, call: &Call) {
    let (early, ssrcs, odd, garbage) =
        call.peer.hearing(|ear| (ear.early, ear.heard.ssrcs.len(), ear.odd_length, ear.garbage));
    let violated = |is_it: bool, kind, detail: String| {
        if is_it {
            world.violated(call, kind, detail);
        }
    };
    violated(early > 0, ViolationKind::MediaTooEarly, format!("{early} RTP packets before accept"));
    violated(ssrcs > 1, ViolationKind::SecondSsrc, format!("{ssrcs} SSRCs from the business"));
    violated(odd > 0, ViolationKind::WrongFrameLength, format!("{odd} packets that are not 20 ms"));
    violated(garbage > 0, ViolationKind::NotOpus, format!("{garbage} packets that do not decode"));
    let checks = call.peer.controlled_checks();
    violated(checks > 0, ViolationKind::IceRole, format!("{checks} checks with ICE-CONTROLLED"));
}

async fn save(world: &World, call: &Call) {
    let Some(folder) = &world.config.folder else {
        return;
    };
    let path = folder.join(format!("phone-{}.wav", call.short));
    let heard = call.peer.heard();
    let saved = tokio::task::spawn_blocking(move || heard.save_wav(&path)).await;
    match saved {
        Ok(Ok(())) => call.note("saved what it heard"),
        Ok(Err(error)) => tracing::warn!(call = %call.short, %error, "WAV not saved"),
        Err(error) => tracing::warn!(call = %call.short, %error, "WAV not saved"),
    }
}
