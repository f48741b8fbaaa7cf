//! What the switchboard is given: the doors, and the rules of the house.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{LineId, RecordingFormat};
use store::{LineRow, Workspace};

use crate::bell::Bell;
use crate::sounds::Sounds;
use crate::till::Tariff;

/// The doors that effects go through.
#[derive(Clone)]
pub struct Doors {
    /// Meta.
    pub graph: whatsapp::Graph,
    /// ICE, DTLS, SRTP.
    pub plane: media::MediaPlane,
    /// Recordings.
    pub recorder: recording::Recorder,
    /// Facts.
    pub store: store::Store,
    /// Agents' devices.
    pub bell: Arc<dyn Bell>,
    /// Who is asked before a call rings, if anybody is.
    pub hook: Option<deliver::Hook>,
}

/// What the operator laid down.
#[derive(Clone, Debug)]
pub struct House {
    /// The tenant.
    pub workspace: Workspace,
    /// Its lines.
    pub lines: BTreeMap<LineId, LineRow>,
    /// Without configured lines every number of Meta's app is a line that takes calls and records
    /// nothing, so that the daemon works with secrets alone.
    pub any_line: bool,
    /// How long devices ring.
    pub ring_time: Duration,
    /// How long a winner may take to be heard.
    pub claim_lease: Duration,
    /// How long a talking agent whose media is lost may take to come back; zero ends the call.
    pub agent_grace: Duration,
    /// What follows when they did not come back: the call rings others, or ends.
    pub rings_after_grace: bool,
    /// How long whoever a call is sent on to rings before it comes back.
    pub transfer_ring: Duration,
    /// Finishing up, and who lets calls ring out.
    pub habits: call::Habits,
    /// From which age a connect is not answered any more.
    pub connect_age_max: Duration,
    /// The most calls at once, those of every workspace together.
    pub live_calls_max: usize,
    /// The container of new recordings.
    pub recording_format: RecordingFormat,
    /// What callers hear while no agent does.
    pub sounds: Sounds,
    /// The template that asks for permission outside the customer service window: name, language.
    pub permission_template: Option<(String, String)>,
    /// What calls cost, and how they are metered.
    pub tariff: Tariff,
}

/// Why a webhook could not be taken in. It must be answered with 503, so that Meta sends it again.
#[derive(Debug, thiserror::Error)]
pub enum SwitchboardError {
    /// Taking it in panicked.
    #[error("a fault inside Ringdown kept the webhook from being taken in; please report it")]
    Fault,
    /// The database did not take it.
    #[error("the webhook could not be stored: {0}")]
    Store(#[from] store::StoreError),
}
