//! Groups and which of them rings for which line, in memory: the ring path asks no database.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{GroupId, LineId};
use store::{GroupRow, StoreError};

use crate::switchboard::Switchboard;

/// The groups of one workspace as they are now.
#[derive(Default)]
pub(crate) struct Groups {
    groups: BTreeMap<GroupId, Arc<GroupRow>>,
    lines: BTreeMap<LineId, GroupId>,
}

impl Groups {
    pub(crate) fn group(&self, id: &GroupId) -> Option<&Arc<GroupRow>> {
        self.groups.get(id)
    }

    pub(crate) fn group_of(&self, line: &LineId) -> Option<&Arc<GroupRow>> {
        self.lines.get(line).and_then(|id| self.group(id))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<GroupRow>> {
        self.groups.values()
    }
}

impl Switchboard {
    /// Reads the workspace's groups, and its lines' choice of them, into memory. To be called at
    /// the start and after every change. Calls that ring already ring on as they began.
    ///
    /// # Errors
    /// When they cannot be read; what was known before holds on.
    pub async fn groups_changed(&self) -> Result<(), StoreError> {
        let (workspace, store) = (&self.inner.house.workspace.id, &self.inner.doors.store);
        let groups: BTreeMap<_, _> = store
            .groups(workspace)
            .await?
            .into_iter()
            .map(|group| (group.id.clone(), Arc::new(group)))
            .collect();
        let mut lines = BTreeMap::new();
        for line in store.lines().await? {
            let Some(group) = line.group.filter(|_| line.workspace == *workspace) else { continue };
            if groups.contains_key(&group) {
                lines.insert(line.id, group);
            } else {
                tracing::warn!(line = %line.id, %group, "there is no such group: everybody of the \
                    workspace rings for this line; make the group or choose another one");
            }
        }
        *self.inner.groups.write() = Groups { groups, lines };
        Ok(())
    }

    /// A group.
    pub fn group(&self, id: &GroupId) -> Option<Arc<GroupRow>> {
        self.inner.groups.read().groups.get(id).cloned()
    }

    /// The group that rings for a line's calls; `None` when everybody does.
    pub fn group_of(&self, line: &LineId) -> Option<Arc<GroupRow>> {
        let groups = self.inner.groups.read();
        groups.lines.get(line).and_then(|id| groups.groups.get(id)).cloned()
    }
}
