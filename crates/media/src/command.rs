//! What the control plane asks of a shard.

use model::{LegId, SdpText};
use tokio::sync::oneshot;

use crate::error::MediaError;
use crate::event::{LegStats, Tap};
use crate::plane::Totals;
use crate::quality::{LegQuality, LegSummary};
use crate::sdp::Offer;
use crate::source::Source;

/// The answer to an offer, or why there is none.
pub(crate) type Answer = oneshot::Sender<Result<SdpText, MediaError>>;

pub(crate) enum Command {
    OpenWhatsApp { leg: LegId, offer: Box<Offer>, answer: Answer },
    OpenAgent { leg: LegId, offer: Box<Offer>, answer: Answer },
    Speak(LegId),
    Bridge { whatsapp: LegId, agent: LegId },
    Unbridge(LegId),
    Mute { leg: LegId, muted: bool },
    Tap { leg: LegId, tap: Option<Tap> },
    Watch(LegId),
    Play { leg: LegId, source: Source },
    Close(LegId),
    Stats { leg: LegId, reply: oneshot::Sender<Option<LegStats>> },
    Quality { leg: LegId, reply: oneshot::Sender<Option<LegQuality>> },
    Summary { leg: LegId, reply: oneshot::Sender<Option<LegSummary>> },
    Totals(oneshot::Sender<Totals>),
}
