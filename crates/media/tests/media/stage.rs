//! A media plane with its events and taps, and ways to wait for what must happen.

use std::net::UdpSocket;
use std::num::NonZeroU16;
use std::time::Duration;

use media::{
    HandOver, MediaConfig, MediaEvent, MediaPlane, OpenedLeg, Started, TakenOver, TapReader,
};
use model::LegId;
use tokio::sync::mpsc;

use crate::far::{Far, Note, OPUS, Part};

/// Generous, because the machine may be busy; nothing waits this long when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Stage {
    pub(crate) plane: MediaPlane,
    pub(crate) taps: TapReader,
    pub(crate) events: mpsc::Receiver<MediaEvent>,
    seen: Vec<MediaEvent>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with_shards(NonZeroU16::MIN)
    }

    pub(crate) fn with_shards(shards: NonZeroU16) -> Self {
        Self::with(MediaConfig { shards, ..MediaConfig::default() })
    }

    pub(crate) fn with(config: MediaConfig) -> Self {
        let config = MediaConfig { allow_private_remotes: true, ..config };
        let Started { plane, events, taps } =
            media::start(config).expect("a media plane on loopback");
        Self { plane, taps, events, seen: Vec::new() }
    }

    /// Another plane goes on with all live legs, through the bytes that cross. Returns the legs
    /// that were lost too.
    pub(crate) async fn handed_over(self) -> (Self, Vec<LegId>) {
        let hand_over = self.plane.hand_over().await.expect("a running plane");
        let bytes = hand_over.to_json().expect("plain data");
        drop(self);
        let config = MediaConfig { allow_private_remotes: true, ..MediaConfig::default() };
        let hand_over = HandOver::from_json(&bytes).expect("what was written can be read");
        let TakenOver { started, dropped } =
            media::start_from(config, hand_over).expect("its ports are free again");
        let Started { plane, events, taps } = started;
        (Self { plane, taps, events, seen: Vec::new() }, dropped)
    }

    /// A far end that plays `part`, and the leg that answered it.
    pub(crate) async fn opened(&self, part: Part) -> (Far, OpenedLeg) {
        let far = Far::new(part).await;
        let opened = self.opened_for(&far, part).await;
        (far, opened)
    }

    /// The leg that answers a far end.
    pub(crate) async fn opened_for(&self, far: &Far, part: Part) -> OpenedLeg {
        let offer = far.offer().await;
        let opened = match part {
            Part::Meta => self.plane.open_whatsapp_leg(&offer).await,
            Part::Browser => self.plane.open_agent_leg(&offer).await,
        };
        opened.expect("an offer that can be answered")
    }

    /// The same, connected.
    pub(crate) async fn connected(&mut self, part: Part) -> (Far, LegId) {
        let (far, opened) = self.opened(part).await;
        far.answered(&opened.answer).await;
        let leg = opened.leg;
        self.until(|event| *event == MediaEvent::LegUp { leg }).await;
        (far, leg)
    }

    /// Waits for an event; what came before is kept.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&MediaEvent) -> bool) -> MediaEvent {
        if let Some(seen) = self.seen.iter().find(|event| wanted(event)) {
            return *seen;
        }
        let waiting = async {
            loop {
                let event = self.events.recv().await.expect("the plane lives");
                self.seen.push(event);
                if wanted(&event) {
                    return event;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        found.unwrap_or_else(|_| panic!("the event did not come; seen: {:#?}", self.seen))
    }

    /// Every event so far.
    pub(crate) fn seen(&mut self) -> &[MediaEvent] {
        while let Ok(event) = self.events.try_recv() {
            self.seen.push(event);
        }
        &self.seen
    }
}

/// For planes whose ports must still be free when they are handed over: the system gives these
/// ports to nobody by itself.
pub(crate) fn keepable(shards: NonZeroU16) -> MediaConfig {
    let is_free = |port: &u16| {
        let ports = *port..*port + shards.get();
        ports.into_iter().all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok())
    };
    let mut candidates = std::iter::repeat_with(|| rand::random_range(26_000..32_000));
    let agent_port = candidates.find(is_free).expect("an endless supply");
    MediaConfig {
        shards,
        agent_port,
        whatsapp_ports: 20_000..=25_999,
        allow_private_remotes: true,
        ..MediaConfig::default()
    }
}

/// Waits until `done` holds.
pub(crate) async fn eventually(what: &str, done: impl AsyncFn() -> bool) {
    let waiting = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(reached.is_ok(), "never happened: {what}");
}

/// Time for something that must not happen to happen.
pub(crate) async fn a_while() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// Keeps saying `words` until the other one has heard five of them.
pub(crate) async fn talk(from: &Far, to: &Far, words: &[u8]) {
    let enough = || to.heard().iter().filter(|note| note.payload == words).count() >= 5;
    eventually("the other side hears it", async || {
        from.say(OPUS, words).await;
        tokio::time::sleep(Duration::from_millis(15)).await;
        enough()
    })
    .await;
}

/// One source, numbers without a jump, time that only moves on.
pub(crate) fn assert_one_stream(notes: &[Note]) {
    for pair in notes.windows(2) {
        assert_eq!(pair[0].ssrc, pair[1].ssrc);
        assert_eq!(pair[0].sequence.wrapping_add(1), pair[1].sequence);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!(step > 0 && step < 48_000 * 10, "timestamp step {step}");
        assert_eq!(step % 960, 0, "whole frames");
    }
}
