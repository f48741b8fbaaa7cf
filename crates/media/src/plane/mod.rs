//! The control plane's handle on the media plane.

mod desk;
mod places;

use std::net::SocketAddr;
use std::sync::Arc;

use model::{LegId, SdpText};
use tokio::sync::oneshot;

pub(crate) use desk::{Line, Origin};

use crate::command::{Answer, Command};
use crate::error::{MediaError, RestartError};
use crate::event::{LegStats, Tap};
use crate::hand_over::HandOver;
use crate::mix::Supervision;
use crate::quality::{LegQuality, LegSummary};
use crate::sdp::{Offer, Reach};
use crate::source::Source;
use desk::Desk;
use places::ShardId;

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

impl Totals {
    const fn plus(self, other: Self) -> Self {
        Self {
            datagrams: self.datagrams + other.datagrams,
            refused: self.refused + other.refused,
            forwarded: self.forwarded + other.forwarded,
            faults: self.faults + other.faults,
            events_lost: self.events_lost + other.events_lost,
        }
    }
}

/// An opened leg and the SDP answer that belongs to it.
#[derive(Clone, Debug)]
pub struct OpenedLeg {
    /// The leg.
    pub leg: LegId,
    /// The answer to the offer it was opened with.
    pub answer: SdpText,
}

/// A leg that waits for the other side's answer.
#[derive(Clone, Debug)]
pub struct OfferedLeg {
    /// The leg.
    pub leg: LegId,
    /// Our offer.
    pub offer: SdpText,
}

/// A handle on the media threads. Cheap to clone; they end when the last one is dropped.
#[derive(Clone)]
pub struct MediaPlane {
    desk: Arc<Desk>,
}

impl MediaPlane {
    pub(crate) fn new(lines: Vec<Line>, reach: Reach, origin: Origin) -> Self {
        Self { desk: Arc::new(Desk::new(lines, reach, origin)) }
    }

    /// Answers Meta's offer: full ICE in the controlling role, DTLS client. ICE checks leave at
    /// once and DTLS follows the first success; no RTP is sent before [`Self::speak`].
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an offer that cannot be answered, [`MediaError::NoFreePort`],
    /// [`MediaError::Full`], [`MediaError::Stopped`].
    pub async fn open_whatsapp_leg(&self, offer: &SdpText) -> Result<OpenedLeg, MediaError> {
        let offer = Offer::parse(offer.as_str(), self.desk.reach)?.with_candidates()?;
        let offer = Box::new(offer);
        self.open(|leg, answer| Command::OpenWhatsApp { leg, offer, answer }).await
    }

    /// Makes an offer for Meta, for a call that we place: full ICE in the controlling role, either
    /// DTLS role. Nothing is sent before [`Self::answered`]; [`Self::close`] ends the leg, with or
    /// without an answer.
    ///
    /// # Errors
    /// [`MediaError::NoFreePort`], [`MediaError::Full`], [`MediaError::Stopped`].
    pub async fn offer_whatsapp_leg(&self) -> Result<OfferedLeg, MediaError> {
        let offered = self.open(|leg, answer| Command::OfferWhatsApp { leg, answer }).await?;
        Ok(OfferedLeg { leg: offered.leg, offer: offered.answer })
    }

    /// Takes Meta's answer to our offer: ICE checks leave at once. We are the DTLS client unless
    /// the answer is `active`; the irregular `actpass` is taken for `passive`.
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an answer that is of no use, [`MediaError::NotOffered`] when the
    /// leg is answered already or closed.
    pub async fn answered(&self, leg: LegId, answer: &SdpText) -> Result<(), MediaError> {
        let answer = Offer::parse(answer.as_str(), self.desk.reach)?.with_candidates()?;
        let (done, applied) = oneshot::channel();
        let answer = Box::new(answer);
        self.desk.tell_of(leg, Command::AnswerWhatsApp { leg, answer, done }).await;
        applied.await.map_err(|_| MediaError::NotOffered { leg })?
    }

    /// Answers a browser's offer: ICE-lite, DTLS server, on a port all agents of a shard share.
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an offer that cannot be answered, [`MediaError::Full`],
    /// [`MediaError::Stopped`].
    pub async fn open_agent_leg(&self, offer: &SdpText) -> Result<OpenedLeg, MediaError> {
        let offer = Box::new(Offer::parse(offer.as_str(), self.desk.reach)?);
        self.open(|leg, answer| Command::OpenAgent { leg, offer, answer }).await
    }

    /// Restarts ICE of an agent leg, for a browser whose network has changed: new ufrag and
    /// password on both sides (RFC 8445 section 9), and everything else, DTLS and SRTP included,
    /// goes on. Returns the answer. Checks with the old credentials are answered until the first
    /// genuine one with the new.
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an offer that cannot be answered, [`MediaError::Restart`] for one
    /// that does not fit the leg, or when there is no such leg. The leg is as it was then.
    pub async fn restart_agent_leg(
        &self,
        leg: LegId,
        offer: &SdpText,
    ) -> Result<SdpText, MediaError> {
        let offer = Box::new(Offer::parse(offer.as_str(), self.desk.reach)?);
        let (answer, answered) = oneshot::channel();
        self.desk.tell_of(leg, Command::RestartAgent { leg, offer, answer }).await;
        answered.await.map_err(|_| RestartError::NoSuchLeg)?
    }

    /// The same on the thread where `near` is now, so that the new leg can supervise its call
    /// ([`Self::supervise`]). An agent leg stays there, on the port its browser knows, while the
    /// WhatsApp leg of a call moves to the agent's thread at [`Self::bridge`]: so open the leg near
    /// one of a call that is bridged already.
    ///
    /// # Errors
    /// Those of [`Self::open_agent_leg`], and [`MediaError::NotNear`] when `near` is not known
    /// (any more).
    pub async fn open_agent_leg_near(
        &self,
        offer: &SdpText,
        near: LegId,
    ) -> Result<OpenedLeg, MediaError> {
        let offer = Box::new(Offer::parse(offer.as_str(), self.desk.reach)?);
        let shard = self.desk.shard_of(near).await.ok_or(MediaError::NotNear { leg: near })?;
        let leg = self.desk.next_leg();
        self.open_on(shard, leg, |leg, answer| Command::OpenAgent { leg, offer, answer }).await
    }

    async fn open(
        &self,
        command: impl FnOnce(LegId, Answer) -> Command,
    ) -> Result<OpenedLeg, MediaError> {
        let leg = self.desk.next_leg();
        let shard = self.desk.shard_for(leg).await;
        self.open_on(shard, leg, command).await
    }

    async fn open_on(
        &self,
        shard: ShardId,
        leg: LegId,
        command: impl FnOnce(LegId, Answer) -> Command,
    ) -> Result<OpenedLeg, MediaError> {
        let (answer, opened) = oneshot::channel();
        self.desk.tell(shard, command(leg, answer)).await;
        let answer = opened.await.map_err(|_| MediaError::Stopped)??;
        self.desk.opened(leg, shard).await;
        Ok(OpenedLeg { leg, answer })
    }

    /// Whether one thread carries both legs: only then can two agent legs be bridged, or one
    /// supervise the call of the other.
    pub async fn are_near(&self, one: LegId, other: LegId) -> bool {
        let place = self.desk.shard_of(one).await;
        place.is_some() && place == self.desk.shard_of(other).await
    }

    /// Lets a WhatsApp leg send: silence every 20 ms unless bridged sound flows.
    pub async fn speak(&self, leg: LegId) {
        self.desk.tell_of(leg, Command::Speak(leg)).await;
    }

    /// Lets sound flow both ways. Replaces an earlier bridge of either leg. A WhatsApp leg comes to
    /// the shard of the agent's leg for it, unheard. Two agent legs (a consultation) stay where they
    /// are and must be near each other ([`Self::are_near`]).
    pub async fn bridge(&self, whatsapp: LegId, agent: LegId) {
        self.desk.bridge(whatsapp, agent).await;
    }

    /// Parts the leg from the one it is bridged with, which gets silence again.
    pub async fn unbridge(&self, leg: LegId) {
        self.desk.tell_of(leg, Command::Unbridge(leg)).await;
    }

    /// Drops what this leg says, neither forwarded nor recorded; the far leg hears silence.
    pub async fn mute(&self, leg: LegId, muted: bool) {
        self.desk.tell_of(leg, Command::Mute { leg, muted }).await;
    }

    /// Chooses what the leg hears while no bridged sound flows: at once, in place of what was
    /// chosen before. Until the first choice, and after a clip that plays once, a WhatsApp leg
    /// hears silence and an agent leg is sent nothing. A WhatsApp leg hears nothing at all before
    /// [`Self::speak`].
    pub async fn play(&self, leg: LegId, source: Source) {
        self.desk.tell_of(leg, Command::Play { leg, source }).await;
    }

    /// Starts (or with `None` ends) copying what this leg says to the recorder.
    pub async fn tap(&self, leg: LegId, tap: Option<Tap>) {
        self.desk.tell_of(leg, Command::Tap { leg, tap }).await;
    }

    /// Lets an agent leg supervise the call of a WhatsApp leg, or changes how it does. Both sides
    /// and the supervisor are decoded and mixed from then on; who hears no mix still hears the
    /// other side's own packets, not encoded anew. The supervisor's voice lags by 40 to 120 ms,
    /// what else is mixed as well, so that late packets still count. A muted supervisor is not
    /// heard. While the supervisor barges in, the agent's track of a recording gets what the
    /// caller hears: agent and supervisor.
    ///
    /// It ends with [`Self::unsupervise`], or by itself with
    /// [`crate::MediaEvent::SupervisionEnded`]. To supervise another call ends it too. One
    /// supervisor per call.
    ///
    /// # Errors
    /// [`MediaError::Supervise`] says what is in the way, the number of supervised calls of a
    /// thread among it; then nothing has changed. [`MediaError::Stopped`].
    pub async fn supervise(
        &self,
        supervisor: LegId,
        whatsapp: LegId,
        supervision: Supervision,
    ) -> Result<(), MediaError> {
        let (reply, begun) = oneshot::channel();
        let command = Command::Supervise { supervisor, whatsapp, how: supervision, reply };
        self.desk.supervise(supervisor, whatsapp, command).await?;
        Ok(begun.await.map_err(|_| MediaError::Stopped)??)
    }

    /// Ends what [`Self::supervise`] began. No event follows.
    pub async fn unsupervise(&self, supervisor: LegId) {
        self.desk.tell_of(supervisor, Command::Unsupervise(supervisor)).await;
    }

    /// Asks for [`crate::MediaEvent::FirstRtp`] again, as proof of life.
    pub async fn watch(&self, leg: LegId) {
        self.desk.tell_of(leg, Command::Watch(leg)).await;
    }

    /// Forgets how the leg was so far, so that [`Self::summary`] is about what follows: an agent's
    /// leg outlives its calls.
    pub async fn judge_anew(&self, leg: LegId) {
        self.desk.tell_of(leg, Command::JudgeAnew(leg)).await;
    }

    /// Ends and forgets a leg: RTCP BYE and close_notify as far as they can be sent, and its
    /// socket is freed. No event follows.
    pub async fn close(&self, leg: LegId) {
        self.desk.close(leg).await;
    }

    /// The counters of a leg; `None` when it is not known (any more).
    pub async fn stats(&self, leg: LegId) -> Option<LegStats> {
        let (reply, stats) = oneshot::channel();
        self.desk.tell_of(leg, Command::Stats { leg, reply }).await;
        stats.await.ok().flatten()
    }

    /// How the leg was in the last full second; `None` when it is not known, or not up for a
    /// second yet.
    pub async fn quality(&self, leg: LegId) -> Option<LegQuality> {
        let (reply, quality) = oneshot::channel();
        self.desk.tell_of(leg, Command::Quality { leg, reply }).await;
        quality.await.ok().flatten()
    }

    /// How the leg was until now, or until it went down; `None` when it is not known (any more).
    pub async fn summary(&self, leg: LegId) -> Option<LegSummary> {
        let (reply, summary) = oneshot::channel();
        self.desk.tell_of(leg, Command::Summary { leg, reply }).await;
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
        let all = self.desk.ask_all(Command::Totals).await?;
        Some(all.into_iter().fold(Totals::default(), Totals::plus))
    }

    /// Lets every live leg go for another process to go on with ([`crate::start_from`]): no peer is
    /// told, the sockets are closed, and the threads end. What is asked of this plane afterwards
    /// does nothing. From here on each millisecond until the successor has started is a
    /// millisecond without sound. The legs are lost if this is not awaited to its end.
    ///
    /// # Errors
    /// [`MediaError::Stopped`] when no thread is left, [`MediaError::Crypto`] when the
    /// certificate's key does not let itself be written; the legs are lost then.
    pub async fn hand_over(&self) -> Result<HandOver, MediaError> {
        self.desk.hand_over().await
    }

    /// The local addresses of the sockets that agent legs share, one per shard.
    pub fn agent_addresses(&self) -> Vec<SocketAddr> {
        self.desk.agent_addresses().collect()
    }
}
