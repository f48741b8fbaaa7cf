//! Running until told to stop: the first signal drains, the second cuts.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::wiring::Running;

/// How long live calls may go on after the first signal.
const DRAIN: Duration = Duration::from_secs(3_600);

/// Stop signals of a daemon.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Waits for a signal, lets live calls finish, and ends the rest at a second signal. Returns how
/// many calls were cut.
pub(crate) async fn until_stopped(running: Running) -> anyhow::Result<usize> {
    let mut signals = Signals::listen()?;
    signals.next().await;
    let live = running.exchange.live_calls();
    tracing::warn!(live, "stopping: no new calls; live ones may finish, a second signal cuts them");
    let mut cut = tokio::select! {
        cut = running.drain(DRAIN) => Some(cut),
        () = signals.next() => None,
    };
    if cut.is_none() {
        cut = Some(running.drain(Duration::ZERO).await);
    }
    running.stop().await;
    Ok(cut.unwrap_or_default())
}
