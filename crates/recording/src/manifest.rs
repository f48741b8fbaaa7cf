//! The JSON beside a recording: what it is, what it lacks, and who asked for it.

use model::{AgentId, CallId, LineId, RecordingFormat, RecordingId, Timestamp, Track};
use serde::{Deserialize, Serialize};

/// The version this crate writes.
pub(crate) const VERSION: u32 = 1;
/// Gaps a manifest lists; a line that loses sound more often is broken in another way, and the
/// file must not grow with it. Later gaps lengthen the last one of their track.
const GAPS_MAX: usize = 10_000;

/// A stretch of one track without sound that should have been there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Gap {
    /// The track that lacks sound.
    pub track: Track,
    /// Start, in milliseconds from the start of the recording.
    pub from_ms: u64,
    /// End, in milliseconds from the start of the recording.
    pub to_ms: u64,
}

/// A stretch that was left out on purpose; both tracks are silent in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pause {
    /// Start, in milliseconds from the start of the recording.
    pub from_ms: u64,
    /// End, in milliseconds from the start of the recording.
    pub to_ms: u64,
}

/// What one track received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TrackFrames {
    /// Packets that found their place.
    pub received: u64,
    /// Stretches of 20 ms without sound, outside of pauses (loss or discontinuous transmission).
    pub concealed: u64,
    /// Packets left out: duplicate, too late, malformed, or from a pause.
    pub dropped: u64,
}

/// What both tracks received.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FrameCounts {
    /// The WhatsApp user's track.
    pub caller: TrackFrames,
    /// The agent's track.
    pub agent: TrackFrames,
}

/// Everything known about a finished recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The shape of this document.
    pub version: u32,
    /// The recording.
    pub id: RecordingId,
    /// The call it belongs to.
    pub call: CallId,
    /// The line of the call.
    pub line: LineId,
    /// The agent who was on the call when it started.
    pub agent: Option<AgentId>,
    /// The container.
    pub format: RecordingFormat,
    /// Name of the sound file, in the same folder as the manifest.
    pub file: String,
    /// Wall-clock start.
    pub started_at: Timestamp,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// Size of the sound file in bytes.
    pub bytes: u64,
    /// SHA-256 of the sound file, in hexadecimal.
    pub sha256: String,
    /// Which side is in which channel, left first.
    pub channels: [Track; 2],
    /// What is missing.
    pub gaps: Vec<Gap>,
    /// What was left out on purpose.
    pub pauses: Vec<Pause>,
    /// Who or what asked for the recording: `line policy` or an agent id.
    pub started_by: String,
    /// Whether it was put together after a crash.
    pub recovered: bool,
    /// Why writing stopped early, if it did; the rest is declared as a gap of both tracks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// What came in. After a crash, the last counts that reached the journal.
    pub frames: FrameCounts,
}

impl FrameCounts {
    pub(crate) fn track_mut(&mut self, track: Track) -> &mut TrackFrames {
        match track {
            Track::Caller => &mut self.caller,
            Track::Agent => &mut self.agent,
        }
    }
}

/// Adds a gap within the bound on their number.
pub(crate) fn push_gap(gaps: &mut Vec<Gap>, gap: Gap) {
    if gap.to_ms <= gap.from_ms {
        return;
    }
    if gaps.len() < GAPS_MAX {
        gaps.push(gap);
    } else if let Some(last) = gaps.iter_mut().rev().find(|known| known.track == gap.track) {
        last.to_ms = gap.to_ms;
    }
}

/// Cuts gaps and pauses off at the end of the file.
pub(crate) fn clip(gaps: &mut Vec<Gap>, pauses: &mut Vec<Pause>, duration_ms: u64) {
    gaps.retain_mut(|gap| {
        gap.to_ms = gap.to_ms.min(duration_ms);
        gap.from_ms < gap.to_ms
    });
    pauses.retain_mut(|pause| {
        pause.to_ms = pause.to_ms.min(duration_ms);
        pause.from_ms < pause.to_ms
    });
}
