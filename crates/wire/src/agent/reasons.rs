//! Why rings and sockets end, and why commands are refused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a call no longer rings on a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RingEnd {
    /// Another agent took it.
    ClaimedElsewhere,
    /// The same agent took it on another device.
    ClaimedByYouElsewhere,
    /// This device's own claim is being connected.
    ClaimedHere,
    /// This agent declined.
    Declined,
    /// The caller hung up.
    CallerHungUp,
    /// The ring time passed.
    TimedOut,
    /// The call ended for another reason.
    CallEnded,
}

/// Why a call goes on without a device that had it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftWhy {
    /// It was sent on.
    Transferred,
    /// A supervisor took it over.
    TakenOver,
    /// The consultation is over.
    ConsultationOver,
    /// The same agent goes on with it on another device.
    ResumedElsewhere,
    /// The agent did not come back in time.
    GraceOver,
}

/// Why a supervisor takes part in a call no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionEnd {
    /// The supervisor left.
    Left,
    /// The call ended.
    CallEnded,
    /// Caller and agent are not joined any more (hold, transfer, a lost agent). Ask again then.
    Parted,
    /// The supervisor became the call's agent.
    TookOver,
    /// The supervisor's media failed.
    MediaFailed,
    /// As many calls as one thread can mix are supervised already.
    Full,
}

/// Why the server closes a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByeReason {
    /// The token expired or was revoked: get a new one and reconnect.
    TokenExpired,
    /// Three bad frames.
    TooManyErrors,
    /// No heartbeat.
    Silent,
    /// Frames were not read fast enough.
    Slow,
    /// The same session was resumed on another socket, or the agent went on elsewhere.
    Replaced,
    /// The agent was removed, or signed out.
    SignedOut,
    /// The daemon is stopping.
    ShutDown,
}

/// Stable error codes of the agent socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame is not JSON of this protocol.
    BadFrame,
    /// The frame is larger than allowed.
    FrameTooLarge,
    /// Frames come faster than allowed.
    TooFast,
    /// The version is not spoken here.
    Version,
    /// The token is missing, wrong or expired.
    Unauthorized,
    /// Hello must come first, and once.
    HelloExpected,
    /// The call does not exist or is not this agent's.
    NoSuchCall,
    /// Another agent has the call.
    AlreadyTaken,
    /// The same agent has it on another device.
    TakenByYouElsewhere,
    /// The call is over.
    CallEnded,
    /// The agent is on another call.
    OnCall,
    /// The device is not ready.
    NotReady,
    /// The media offer cannot be answered.
    BadOffer,
    /// The line's rule does not allow it, or it makes no sense now.
    NotAllowed,
    /// The agent lacks the right.
    Forbidden,
    /// Nobody there can be rung.
    NobodyThere,
    /// Something failed inside Ringdown.
    Internal,
}
