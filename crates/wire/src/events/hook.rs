//! What a subscriber is asked before a call rings, and may answer.

use model::{AgentId, Bsuid, CallId, GroupId, LineId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::view::CallerView;

/// A call is about to ring.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RingQuestion {
    /// The version of this document: 1.
    pub v: u32,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The call.
    pub call: CallId,
    /// The line it came in on.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// Who calls.
    pub from: CallerView,
    /// The caller's id of Meta's for this business, if Meta told one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Bsuid>,
    /// When the call arrived.
    pub arrived_at: Timestamp,
}

/// What to do with it. Everything else than these two words means: ring as configured.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum RingAnswer {
    /// Ring; what is left out stays as configured.
    Ring {
        /// The group to ring.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<GroupId>,
        /// The contact's name, as agents are to see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_name: Option<String>,
        /// Who is rung first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
    },
    /// Turn the call away.
    Reject {},
}
