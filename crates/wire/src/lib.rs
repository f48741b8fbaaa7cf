//! Every frame and document that crosses a socket we own, versioned.
//!
//! Floor 0. [`agent`] is the WebSocket protocol of agent devices (`/agent/v1`); [`rest`] holds
//! the documents of the REST API (`/v1`), [`events`] what is told to other programs. A change that an old client would misread needs a new
//! version.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod agent;
pub mod events;
pub mod rest;
mod view;

pub use view::{
    ActiveCall, BalanceView, CallerView, ColleagueView, GroupBrief, LineBrief, LiveCall,
    MissedCall, PermitStatus, PermitView, PresenceReason, QualityNow, RecordingState, RingingCall,
    RungAgent, SentOn, SupervisedBy, TransferFrom, TransferTo,
};
