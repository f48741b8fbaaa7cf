//! What the control plane asks of a shard and of its thread.

use model::{LegId, SdpText};
use tokio::sync::oneshot;

use crate::error::MediaError;
use crate::event::{LegStats, Tap};
use crate::leg::Leg;
use crate::mix::{SuperviseError, Supervision};
use crate::plane::Totals;
use crate::quality::{LegQuality, LegSummary};
use crate::sdp::Offer;
use crate::shard::ShardState;
use crate::socket::Own;
use crate::source::Source;

/// The answer to an offer, or why there is none.
pub(crate) type Answer = oneshot::Sender<Result<SdpText, MediaError>>;

/// Whether Meta's answer was of use.
pub(crate) type Applied = oneshot::Sender<Result<(), MediaError>>;

/// Whether a call is supervised now, or why not.
pub(crate) type Begun = oneshot::Sender<Result<(), SuperviseError>>;

/// What the thread of a shard is asked.
pub(crate) enum Order {
    /// Something of the shard alone.
    Obey(Command),
    /// To give up a WhatsApp leg; `None` when it is not known (any more).
    Release { leg: LegId, reply: oneshot::Sender<Option<Moving>> },
    /// To go on with a leg that another shard gave up.
    Adopt(Moving),
    /// To let all legs go for another process, and to end without a word to the peers. Answered
    /// when the sockets are closed.
    HandOver(oneshot::Sender<LetGo>),
}

/// What a shard had.
pub(crate) struct LetGo {
    pub(crate) state: ShardState,
    /// Legs that were not up.
    pub(crate) dropped: Vec<LegId>,
}

/// A WhatsApp leg between two shards.
pub(crate) struct Moving {
    pub(crate) leg: Box<Leg>,
    /// A leg that has ended has none.
    pub(crate) socket: Option<Own>,
}

pub(crate) enum Command {
    OpenWhatsApp { leg: LegId, offer: Box<Offer>, answer: Answer },
    OfferWhatsApp { leg: LegId, answer: Answer },
    AnswerWhatsApp { leg: LegId, answer: Box<Offer>, done: Applied },
    OpenAgent { leg: LegId, offer: Box<Offer>, answer: Answer },
    RestartAgent { leg: LegId, offer: Box<Offer>, answer: Answer },
    Speak(LegId),
    Bridge { whatsapp: LegId, agent: LegId },
    Unbridge(LegId),
    Mute { leg: LegId, muted: bool },
    Tap { leg: LegId, tap: Option<Tap> },
    Watch(LegId),
    JudgeAnew(LegId),
    Play { leg: LegId, source: Source },
    Supervise { supervisor: LegId, whatsapp: LegId, how: Supervision, reply: Begun },
    Unsupervise(LegId),
    Close(LegId),
    Stats { leg: LegId, reply: oneshot::Sender<Option<LegStats>> },
    Quality { leg: LegId, reply: oneshot::Sender<Option<LegQuality>> },
    Summary { leg: LegId, reply: oneshot::Sender<Option<LegSummary>> },
    Totals(oneshot::Sender<Totals>),
}
