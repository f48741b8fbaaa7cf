//! The accounts money moves between.

use std::fmt;
use std::str::FromStr;

use model::{CallId, WorkspaceId};

use crate::LedgerError;

/// One account. As text: `prepaid:acme`, `hold:call_…`, `revenue:acme`, `external:acme`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Account {
    /// What a workspace can spend.
    Prepaid(WorkspaceId),
    /// What is reserved for a running call.
    Hold(CallId),
    /// What a workspace's calls have earned us.
    Revenue(WorkspaceId),
    /// The outside world, where top-ups come from.
    External(WorkspaceId),
}

impl Account {
    /// The workspace the account belongs to; `None` for a hold, which belongs to a call.
    pub const fn workspace(&self) -> Option<&WorkspaceId> {
        match self {
            Self::Prepaid(workspace) | Self::Revenue(workspace) | Self::External(workspace) => {
                Some(workspace)
            }
            Self::Hold(_) => None,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepaid(workspace) => write!(f, "prepaid:{workspace}"),
            Self::Hold(call) => write!(f, "hold:{call}"),
            Self::Revenue(workspace) => write!(f, "revenue:{workspace}"),
            Self::External(workspace) => write!(f, "external:{workspace}"),
        }
    }
}

impl FromStr for Account {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let refused = || LedgerError::Account { text: text.to_owned() };
        // Only the first colon separates: a workspace id may contain more of them.
        let (kind, owner) = text.split_once(':').ok_or_else(refused)?;
        let workspace = || WorkspaceId::new(owner).map_err(|_| refused());
        match kind {
            "prepaid" => Ok(Self::Prepaid(workspace()?)),
            "hold" => Ok(Self::Hold(owner.parse().map_err(|_| refused())?)),
            "revenue" => Ok(Self::Revenue(workspace()?)),
            "external" => Ok(Self::External(workspace()?)),
            _ => Err(refused()),
        }
    }
}
