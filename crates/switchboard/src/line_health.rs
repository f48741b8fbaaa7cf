//! Lines that Meta does not serve: their new calls are turned away at once, and a probe finds out
//! when they work again. Calls that are live go on; their sound does not pass through Graph.

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::{Cause, LineId};
use whatsapp::{Change, GraphError, LineHealth, Outage};

use crate::switchboard::Inner;

/// How often Meta is asked whether a line works again. A line must be open again within 5 s of
/// Meta's or the token's recovery, and a probe of a dead Meta is at most three requests.
pub(crate) const PROBE_EVERY: Duration = Duration::from_secs(3);

/// One line, and whether its probe is under way.
#[derive(Default)]
pub(crate) struct Watched {
    health: LineHealth,
    is_probed: bool,
}

impl Inner {
    /// Why a call of the line could not be answered at Meta, if it could not.
    pub(crate) fn outage_of(&self, line: &LineId) -> Option<Cause> {
        let outage = self.line_health.lock().get(line)?.health.outage()?;
        Some(match outage {
            Outage::Down => Cause::CarrierDown,
            Outage::NeedsAuth => Cause::NeedsAuth,
        })
    }

    /// Learns from what came of a verb.
    pub(crate) fn note_outcome<T>(self: &Arc<Self>, line: &LineId, result: &Result<T, GraphError>) {
        let (before, change, begins_to_probe) = {
            let mut lines = self.line_health.lock();
            let watched = lines.entry(line.clone()).or_default();
            let before = watched.health.outage();
            let change = watched.health.note(result);
            let begins = watched.health.outage().is_some() && !watched.is_probed;
            watched.is_probed |= begins;
            (before, change, begins)
        };
        if begins_to_probe {
            tokio::spawn(probe(Arc::downgrade(self), line.clone()));
        }
        match change {
            Change::Nothing => {}
            Change::Began(outage) => {
                if let Some(other) = before {
                    self.counts.line_unusable(word(other), false);
                }
                self.counts.line_unusable(word(outage), true);
                tell(line, outage);
            }
            Change::Over(outage) => {
                self.counts.line_unusable(word(outage), false);
                tracing::warn!(%line, why = word(outage), "Meta serves this line again");
            }
        }
    }

    /// Whether the line still has to be probed; when not, its probe ends.
    fn is_still_out(&self, line: &LineId) -> bool {
        let mut lines = self.line_health.lock();
        let Some(watched) = lines.get_mut(line) else { return false };
        watched.is_probed = watched.health.outage().is_some();
        watched.is_probed
    }
}

fn tell(line: &LineId, outage: Outage) {
    match outage {
        Outage::Down => tracing::error!(
            %line,
            "Meta does not answer for this line; its new calls are turned away until it does"
        ),
        Outage::NeedsAuth => tracing::error!(
            %line,
            "Meta does not take the access token for this line; its new calls are turned away \
             until it does; put a good token into whatsapp.access_token_file, or restart with one"
        ),
    }
}

/// Asks until the line works again.
async fn probe(inner: Weak<Inner>, line: LineId) {
    loop {
        tokio::time::sleep(PROBE_EVERY).await;
        let Some(inner) = inner.upgrade() else { return };
        if !inner.is_still_out(&line) {
            return;
        }
        let result = inner.doors.graph.probe(&line).await;
        inner.note_outcome(&line, &result);
    }
}

const fn word(outage: Outage) -> &'static str {
    match outage {
        Outage::Down => "down",
        Outage::NeedsAuth => "needs_auth",
    }
}
