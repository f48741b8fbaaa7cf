//! Parts that the WebSocket frames and the REST documents share.

use model::{
    CallId, Currency, Direction, Hint, LineId, Micros, MissedReason, Network, Phone, RecordingMode,
    Timestamp, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The WhatsApp user as an agent sees them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallerView {
    /// Profile name, username or number; always something to show.
    pub display: String,
    /// The number without plus sign, when Meta disclosed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// A call that rings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RingingCall {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub from: CallerView,
    /// The line that was called.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// When it started to ring.
    pub rang_at: Timestamp,
    /// When it will stop ringing unanswered.
    pub rings_until: Timestamp,
    /// Whether this agent may take it now.
    pub claimable: bool,
    /// Why not, when not claimable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_claimable: Option<PresenceReason>,
}

/// Why a ringing call cannot be taken by this agent now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceReason {
    /// The agent is on another call.
    OnCall,
    /// The device has not gone ready.
    NotReady,
    /// The agent is finishing up after a call.
    WrapUp,
}

/// What happens to a call's recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Nothing is recorded.
    Off,
    /// Both sides are recorded.
    On,
    /// Recording, but what is said now is not kept.
    Paused,
    /// The recording failed; the call goes on.
    Failed,
}

/// The call this device is talking on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActiveCall {
    /// The call.
    pub call: CallId,
    /// The WhatsApp user.
    pub from: CallerView,
    /// The line.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// Who placed the call.
    pub direction: Direction,
    /// When sound began to flow; absent while the claim is still being connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridged_at: Option<Timestamp>,
    /// Whether the agent is muted.
    pub muted: bool,
    /// The line's recording rule: with `on_demand` the agent sees a record button.
    pub recording_mode: RecordingMode,
    /// What the recorder does now.
    pub recording: RecordingState,
    /// What the agent should know about the sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// How the call sounds now; absent in its first seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNow>,
}

/// How a running call sounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QualityNow {
    /// That of the worse leg.
    pub verdict: Verdict,
    /// Whose network makes it so; absent when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// A call nobody took, for follow-up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissedCall {
    /// The call.
    pub call: CallId,
    /// Who called.
    pub from: CallerView,
    /// The line that was called.
    pub line: LineId,
    /// When the call arrived.
    pub at: Timestamp,
    /// Why nobody talked.
    pub reason: MissedReason,
    /// How long it rang, in milliseconds.
    pub rang_ms: i64,
}

/// The prepaid balance as people see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BalanceView {
    /// What can be spent, exactly.
    pub available_micros: Micros,
    /// The least balance that lets a call start, exactly.
    pub minimum_micros: Micros,
    /// The currency of both.
    pub currency: Currency,
    /// The balance with two decimals, truncated towards zero: `9.98`.
    pub display: String,
    /// True exactly when the gate is closed for want of money.
    pub top_up_required: bool,
}
