//! Ids, numbers, money and time as values that cannot be wrong.
//!
//! Floor 0: no IO, no clock, no randomness. Everything above speaks in these words
//! (one noun per thing); `ARCHITECTURE.md` holds the vocabulary.
#![warn(clippy::wildcard_enum_match_arm)]

mod agent;
mod call;
mod contact;
mod currency;
mod dial;
mod group;
mod id;
mod money;
mod party;
mod quality;
mod recording;
mod text;
mod time;

pub use agent::{Blocker, Right, Rights, SupervisionMode};
pub use call::{
    Cause, Class, DialStage, Direction, Disposition, EndReason, MissedReason, Presence, Side,
};
pub use contact::{ContactKey, NotAContactKey};
pub use currency::Currency;
pub use dial::{DialBlocker, DialRefusal};
pub use group::{
    Member, Overflow, RingOutcome, RingPolicy, Strategy, TransferMode, TransferTarget,
};
pub use id::{
    AgentId, CallId, DeviceId, EndpointId, FollowUpId, GroupId, IdError, LegId, LineId,
    RecordingId, SessionId, TransactionId, Wacid, WorkspaceId,
};
pub use money::{Micros, MoneyError};
pub use party::{Bsuid, Party, Phone};
pub use quality::{
    CallQuality, Hint, LegQuality, Network, NotAPhoneKey, PhoneKey, SilentCause, Verdict, Way,
};
pub use recording::{RecordingFormat, RecordingMode, Track};
pub use text::SdpText;
pub use time::Timestamp;
