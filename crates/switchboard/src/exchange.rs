//! Every workspace's switchboard over the same doors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use media::MediaEvent;
use model::{LineId, WorkspaceId};
use prometheus_client::registry::Registry as MetricsRegistry;
use store::StoreError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use whatsapp::Event;

use crate::counts::Counts;
use crate::house::{Doors, House, SwitchboardError};
use crate::media_events;
use crate::registry::Registry;
use crate::switchboard::Switchboard;

/// The switchboards of all workspaces. Cheap to clone.
///
/// It only finds the one that is meant, by the line of a webhook event or by the workspace that a
/// token or key proved; nothing in it knows a call, a device or a frame.
#[derive(Clone)]
pub struct Exchange {
    tenants: Arc<Tenants>,
}

struct Tenants {
    switchboards: BTreeMap<WorkspaceId, Switchboard>,
    lines: BTreeMap<LineId, WorkspaceId>,
    /// Whose the lines are that nobody configured.
    any_line: Option<WorkspaceId>,
    counts: Counts,
}

impl Exchange {
    /// Opens every house over the same doors and listens to the media plane.
    pub fn start(
        houses: Vec<House>,
        doors: Doors,
        media_events: mpsc::Receiver<MediaEvent>,
    ) -> Self {
        let (counts, live) = (Counts::new(), Arc::new(AtomicUsize::new(0)));
        let mut tenants = Tenants {
            switchboards: BTreeMap::new(),
            lines: BTreeMap::new(),
            any_line: None,
            counts: counts.clone(),
        };
        for house in houses {
            let workspace = house.workspace.id.clone();
            let lines = house.lines.keys().map(|line| (line.clone(), workspace.clone()));
            tenants.lines.extend(lines);
            if house.any_line {
                tenants.any_line = Some(workspace.clone());
            }
            let calls = Registry::counting(live.clone());
            let switchboard = Switchboard::open(house, doors.clone(), counts.clone(), calls);
            tenants.switchboards.insert(workspace, switchboard);
        }
        let houses = tenants.switchboards.values().map(|one| one.inner.clone()).collect();
        tokio::spawn(media_events::listen(houses, media_events));
        Self { tenants: Arc::new(tenants) }
    }

    /// The switchboard of a workspace; `None` when this daemon does not serve it.
    pub fn of(&self, workspace: &WorkspaceId) -> Option<&Switchboard> {
        self.tenants.switchboards.get(workspace)
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.tenants.counts
    }

    /// Every switchboard.
    pub fn all(&self) -> impl Iterator<Item = &Switchboard> {
        self.tenants.switchboards.values()
    }

    /// Takes one event of a verified webhook in. Returns once what matters of it is durable;
    /// delivering it again, or late, or before an earlier one, changes nothing. An event of a line
    /// that is nobody's is counted and dropped.
    ///
    /// # Errors
    /// When it could not be stored; answer 503 so that Meta sends it again.
    pub async fn receive(&self, event: Event) -> Result<(), SwitchboardError> {
        let line = line_of(&event);
        let tenants = &self.tenants;
        let workspace = tenants.lines.get(line).or(tenants.any_line.as_ref());
        match workspace.and_then(|workspace| self.of(workspace)) {
            Some(switchboard) => switchboard.receive(event).await,
            None => {
                tracing::debug!(%line, "an event of a line that is not ours was ignored");
                tenants.counts.unknown_line();
                Ok(())
            }
        }
    }

    /// Reads every workspace's groups into memory. To be called before events come.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read_groups(&self) -> Result<(), StoreError> {
        for switchboard in self.all() {
            switchboard.groups_changed().await?;
        }
        Ok(())
    }

    /// Adds what is counted about calls to what operators see.
    pub fn register_metrics(&self, registry: &mut MetricsRegistry) {
        self.tenants.counts.register(registry);
    }

    /// How many calls are live.
    pub fn live_calls(&self) -> usize {
        self.all().map(Switchboard::live_calls).sum()
    }

    /// Takes no new calls, lets live ones finish within `grace`, then ends the rest. Returns, once
    /// their books and recordings are closed, how many had to be cut.
    pub async fn shut_down(&self, grace: Duration) -> usize {
        let mut closing = JoinSet::new();
        for switchboard in self.all() {
            let switchboard = switchboard.clone();
            closing.spawn(async move { switchboard.shut_down(grace).await });
        }
        let mut cut = 0;
        while let Some(closed) = closing.join_next().await {
            cut += closed.unwrap_or_else(|error| {
                tracing::error!(%error, "a workspace was not closed; the next start finishes it");
                0
            });
        }
        cut
    }
}

const fn line_of(event: &Event) -> &LineId {
    match event {
        Event::Connect(connect) => &connect.line,
        Event::Terminate(terminate) => &terminate.line,
        Event::Status(status) => &status.line,
        Event::LineError(error) => &error.line,
        Event::PermissionReply(reply) => &reply.line,
        Event::Message(message) => &message.line,
    }
}
