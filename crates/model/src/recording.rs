//! Words of recording that several floors share.

use serde::{Deserialize, Serialize};

/// Whether calls of a line are recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingMode {
    /// Never; the record button does not exist.
    #[default]
    Off,
    /// The agent starts it once the call is answered.
    OnDemand,
    /// From the first bridged packet on.
    Always,
}

/// The container of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingFormat {
    /// Ogg/Opus, the frames as they were received, never transcoded.
    #[default]
    OggOpus,
    /// 48 kHz 16-bit PCM in WAV.
    Wav,
}

/// One side of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Track {
    /// The WhatsApp user: left channel.
    Caller,
    /// The agent: right channel.
    Agent,
}
