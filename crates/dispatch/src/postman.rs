//! Delivers one endpoint's events, a few at a time and never two of one call.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use deliver::{Failure, pause_before};
use model::{EndpointId, Timestamp, WorkspaceId};
use store::{Attempt, DueDelivery, EndpointRow, Next, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::Inner;

/// Deliveries to one endpoint at the same time: enough to keep up over a slow line, few enough
/// not to flood a receiver that comes back.
const AT_ONCE_MAX: usize = 8;
/// Longest time without looking: another program may have written, too.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Events come in bursts; those of a moment are taken together.
const GATHER: Duration = Duration::from_millis(10);
/// Pause while the database fails.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

struct Postman {
    inner: Arc<Inner>,
    workspace: WorkspaceId,
    id: EndpointId,
    under_way: JoinSet<Attempt>,
    /// Events under way, or done but not noted yet.
    out: BTreeSet<i64>,
    done: Vec<Attempt>,
}

/// Delivers until the endpoint is removed or disabled, or the daemon stops.
pub(crate) async fn serve(
    inner: Arc<Inner>,
    workspace: WorkspaceId,
    id: EndpointId,
    stop: CancellationToken,
) {
    let mut news = inner.store.news();
    let (under_way, out, done) = (JoinSet::new(), BTreeSet::new(), Vec::new());
    let mut postman = Postman { inner, workspace, id, under_way, out, done };
    while !stop.is_cancelled() {
        news.borrow_and_update();
        match postman.round().await {
            Ok(Some(pause)) => postman.wait(pause, &mut news, &stop).await,
            Ok(None) => break,
            Err(error) => {
                tracing::error!(endpoint = %id, %error, "deliveries wait for the database");
                sleep(DATABASE_PAUSE).await;
            }
        }
    }
    postman.go_home().await;
}

impl Postman {
    /// Notes what is done and sends what is due. Returns how long there is nothing to do; `None`
    /// when the endpoint wants nothing more.
    async fn round(&mut self) -> Result<Option<Duration>, StoreError> {
        self.note().await?;
        let store = &self.inner.store;
        let endpoint = store.endpoint(&self.workspace, self.id).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.enabled) else {
            return Ok(None);
        };
        while store.fan_out(self.id, Timestamp::now()).await? {}
        let free = AT_ONCE_MAX - self.out.len();
        if free == 0 {
            return Ok(Some(LOOK_EVERY));
        }
        let now = Timestamp::now();
        // Those that are out may be due as well, and stand first.
        let due = store.due_deliveries(self.id, now, (2 * AT_ONCE_MAX) as u32).await?;
        for delivery in due {
            if self.out.len() < AT_ONCE_MAX && self.out.insert(delivery.event.seq) {
                let attempt = attempt(self.inner.clone(), endpoint.clone(), delivery);
                self.under_way.spawn(attempt);
            }
        }
        let next = store.next_delivery_at(self.id, now).await?;
        let pause = next.map_or(LOOK_EVERY, |next| {
            let left = next.millis_since(Timestamp::now()).max(1);
            Duration::from_millis(left.unsigned_abs()).min(LOOK_EVERY)
        });
        Ok(Some(pause))
    }

    /// Until a delivery is done, something is new, or the time is over.
    async fn wait(
        &mut self,
        pause: Duration,
        news: &mut watch::Receiver<u64>,
        stop: &CancellationToken,
    ) {
        tokio::select! {
            () = stop.cancelled() => {}
            Some(done) = self.under_way.join_next() => self.gather(done),
            _ = news.changed() => sleep(GATHER).await,
            () = sleep(pause) => {}
        }
        while let Some(done) = self.under_way.try_join_next() {
            self.gather(done);
        }
    }

    fn gather(&mut self, done: Result<Attempt, tokio::task::JoinError>) {
        match done {
            Ok(attempt) => self.done.push(attempt),
            // Its event stays out until the daemon starts again; nothing is lost.
            Err(error) => tracing::error!(endpoint = %self.id, %error, "a delivery broke down"),
        }
    }

    async fn note(&mut self) -> Result<(), StoreError> {
        if self.done.is_empty() {
            return Ok(());
        }
        self.inner.store.note_attempts(self.id, &self.done).await?;
        for attempt in self.done.drain(..) {
            self.out.remove(&attempt.event);
        }
        Ok(())
    }

    /// Waits for what is under way, so that as little as possible is sent twice.
    async fn go_home(mut self) {
        while let Some(done) = self.under_way.join_next().await {
            self.gather(done);
            if let Err(error) = self.note().await {
                tracing::error!(endpoint = %self.id, %error, "a delivery will be made again");
            }
        }
        let _ = self.note().await;
    }
}

/// One attempt, and what comes after it.
async fn attempt(inner: Arc<Inner>, endpoint: EndpointRow, due: DueDelivery) -> Attempt {
    let (event, seq) = (&due.event, due.event.seq);
    let sent = match serde_json::to_vec(event) {
        Ok(body) => inner.send(&endpoint, &event.id, body, Timestamp::now()).await,
        Err(_) => Err(Failure::Lost),
    };
    let at = Timestamp::now();
    let failure = match sent {
        Ok(status) => {
            inner.counts.attempt("delivered");
            return Attempt {
                event: seq,
                at,
                status: Some(status),
                error: None,
                next: Next::Delivered,
            };
        }
        Err(failure) => failure,
    };
    let next = if failure.is_gone() {
        inner.counts.attempt("gone");
        gone(&inner, &endpoint).await;
        Next::Dead
    } else {
        after(&inner, &endpoint, &due, at)
    };
    Attempt { event: seq, at, status: failure.status(), error: Some(failure.to_string()), next }
}

/// When a failed delivery is tried again, if it is.
fn after(inner: &Inner, endpoint: &EndpointRow, due: &DueDelivery, at: Timestamp) -> Next {
    let failures = due.attempts.saturating_add(1);
    let waited = at.millis_since(due.queued_at).max(0).unsigned_abs();
    let pause = pause_before(failures, Duration::from_millis(waited), rand::random());
    match pause {
        Some(pause) => {
            inner.counts.attempt("failed");
            tracing::debug!(endpoint = %endpoint.id, seq = due.event.seq, failures, "not delivered yet");
            Next::Again(at.plus_millis(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)))
        }
        None => {
            inner.counts.attempt("dead");
            tracing::warn!(
                endpoint = %endpoint.id, seq = due.event.seq, failures,
                "an event was given up after three days; it can be read from /v1/events"
            );
            Next::Dead
        }
    }
}

async fn gone(inner: &Inner, endpoint: &EndpointRow) {
    tracing::warn!(endpoint = %endpoint.id, "the endpoint answered 410 Gone and is disabled");
    if let Err(error) = inner.store.disable_endpoint(endpoint.id, "it answered 410 Gone").await {
        tracing::error!(endpoint = %endpoint.id, %error, "the endpoint cannot be disabled");
    }
}
