//! The control plane's handle on the media plane.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mio::Waker;
use model::{LegId, SdpText};
use tokio::sync::{mpsc, oneshot};

use crate::command::{Answer, Command};
use crate::error::MediaError;
use crate::event::{LegStats, Tap};
use crate::quality::{LegQuality, LegSummary};
use crate::sdp::{Offer, Reach};
use crate::source::Source;

/// What the whole plane has seen since it started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Datagrams received.
    pub datagrams: u64,
    /// Datagrams of strangers: no leg, not genuine, or from an unproven address.
    pub refused: u64,
    /// RTP packets passed from one leg to another.
    pub forwarded: u64,
    /// Legs ended by a fault of ours.
    pub faults: u64,
    /// Events nobody took in time.
    pub events_lost: u64,
}

/// An opened leg and the SDP answer that belongs to it.
#[derive(Clone, Debug)]
pub struct OpenedLeg {
    /// The leg.
    pub leg: LegId,
    /// The answer to the offer it was opened with.
    pub answer: SdpText,
}

/// A handle on the media thread. Cheap to clone; the thread ends when the last one is dropped.
#[derive(Clone)]
pub struct MediaPlane {
    line: Arc<Line>,
}

/// The way to the thread. The sender is dropped before the thread is woken for the last time.
struct Line {
    commands: Option<mpsc::Sender<Command>>,
    waker: Arc<Waker>,
    reach: Reach,
    agent_address: SocketAddr,
    next_leg: AtomicU64,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.commands = None;
        // If waking fails, the thread finds out at its next look around.
        let _ = self.waker.wake();
    }
}

impl MediaPlane {
    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        waker: Arc<Waker>,
        reach: Reach,
        agent_address: SocketAddr,
    ) -> Self {
        Self {
            line: Arc::new(Line {
                commands: Some(commands),
                waker,
                reach,
                agent_address,
                next_leg: AtomicU64::new(1),
            }),
        }
    }

    /// Answers Meta's offer: full ICE in the controlling role, DTLS client. ICE checks leave at
    /// once and DTLS follows the first success; no RTP is sent before [`Self::speak`].
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an offer that cannot be answered, [`MediaError::NoFreePort`],
    /// [`MediaError::Full`], [`MediaError::Stopped`].
    pub async fn open_whatsapp_leg(&self, offer: &SdpText) -> Result<OpenedLeg, MediaError> {
        let offer = Offer::parse(offer.as_str(), self.line.reach)?.with_candidates()?;
        let offer = Box::new(offer);
        self.open(|leg, answer| Command::OpenWhatsApp { leg, offer, answer }).await
    }

    /// Answers a browser's offer: ICE-lite, DTLS server, on the port all agents share.
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an offer that cannot be answered, [`MediaError::Full`],
    /// [`MediaError::Stopped`].
    pub async fn open_agent_leg(&self, offer: &SdpText) -> Result<OpenedLeg, MediaError> {
        let offer = Box::new(Offer::parse(offer.as_str(), self.line.reach)?);
        self.open(|leg, answer| Command::OpenAgent { leg, offer, answer }).await
    }

    async fn open(
        &self,
        command: impl FnOnce(LegId, Answer) -> Command,
    ) -> Result<OpenedLeg, MediaError> {
        let leg = LegId(self.line.next_leg.fetch_add(1, Ordering::Relaxed));
        let (answer, opened) = oneshot::channel();
        self.ask(command(leg, answer)).await;
        let answer = opened.await.map_err(|_| MediaError::Stopped)??;
        Ok(OpenedLeg { leg, answer })
    }

    /// Lets a WhatsApp leg send: silence every 20 ms unless bridged sound flows.
    pub async fn speak(&self, leg: LegId) {
        self.ask(Command::Speak(leg)).await;
    }

    /// Lets sound flow both ways. Replaces an earlier bridge of either leg.
    pub async fn bridge(&self, whatsapp: LegId, agent: LegId) {
        self.ask(Command::Bridge { whatsapp, agent }).await;
    }

    /// Parts the leg from the one it is bridged with, which gets silence again.
    pub async fn unbridge(&self, leg: LegId) {
        self.ask(Command::Unbridge(leg)).await;
    }

    /// Drops what this leg says, neither forwarded nor recorded; the far leg hears silence.
    pub async fn mute(&self, leg: LegId, muted: bool) {
        self.ask(Command::Mute { leg, muted }).await;
    }

    /// Chooses what the leg hears while no bridged sound flows: at once, in place of what was
    /// chosen before. Until the first choice, and after a clip that plays once, a WhatsApp leg
    /// hears silence and an agent leg is sent nothing. A WhatsApp leg hears nothing at all before
    /// [`Self::speak`].
    pub async fn play(&self, leg: LegId, source: Source) {
        self.ask(Command::Play { leg, source }).await;
    }

    /// Starts (or with `None` ends) copying what this leg says to the recorder.
    pub async fn tap(&self, leg: LegId, tap: Option<Tap>) {
        self.ask(Command::Tap { leg, tap }).await;
    }

    /// Asks for [`crate::MediaEvent::FirstRtp`] again, as proof of life.
    pub async fn watch(&self, leg: LegId) {
        self.ask(Command::Watch(leg)).await;
    }

    /// Ends and forgets a leg: RTCP BYE and close_notify as far as they can be sent, and its
    /// socket is freed. No event follows.
    pub async fn close(&self, leg: LegId) {
        self.ask(Command::Close(leg)).await;
    }

    /// The counters of a leg; `None` when it is not known (any more).
    pub async fn stats(&self, leg: LegId) -> Option<LegStats> {
        let (reply, stats) = oneshot::channel();
        self.ask(Command::Stats { leg, reply }).await;
        stats.await.ok().flatten()
    }

    /// How the leg was in the last full second; `None` when it is not known, or not up for a
    /// second yet.
    pub async fn quality(&self, leg: LegId) -> Option<LegQuality> {
        let (reply, quality) = oneshot::channel();
        self.ask(Command::Quality { leg, reply }).await;
        quality.await.ok().flatten()
    }

    /// How the leg was until now, or until it went down; `None` when it is not known (any more).
    pub async fn summary(&self, leg: LegId) -> Option<LegSummary> {
        let (reply, summary) = oneshot::channel();
        self.ask(Command::Summary { leg, reply }).await;
        summary.await.ok().flatten()
    }

    /// [`Self::close`], with the last word on how the leg was.
    pub async fn finish(&self, leg: LegId) -> Option<LegSummary> {
        let summary = self.summary(leg).await;
        self.close(leg).await;
        summary
    }

    /// What the whole plane has seen; `None` when it has stopped.
    pub async fn totals(&self) -> Option<Totals> {
        let (reply, totals) = oneshot::channel();
        self.ask(Command::Totals(reply)).await;
        totals.await.ok()
    }

    /// The local address of the socket all agent legs share.
    pub fn agent_address(&self) -> SocketAddr {
        self.line.agent_address
    }

    /// Sends a command. A thread that is gone drops it, and with it the channel of the reply.
    async fn ask(&self, command: Command) {
        let Some(commands) = &self.line.commands else {
            return;
        };
        if commands.send(command).await.is_ok() {
            // A full wake-up counter means the thread is about to wake anyway.
            let _ = self.line.waker.wake();
        } else {
            tracing::error!("the media thread is gone; a command was dropped");
        }
    }
}
