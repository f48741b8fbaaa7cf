//! Events as they happen, for live views: server-sent events that can be resumed without a gap.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use model::{AgentId, Timestamp, WorkspaceId};
use serde::Deserialize;
use switchboard::LiveAgent;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, sleep, timeout_at};
use wire::events::{Envelope, EventName, VERSION};
use wire::rest::Problem;

use super::events::names_in;
use super::input::Asked;
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// Streams at one time. Each costs a task, a small buffer, and a look at the database per event.
pub(crate) const STREAMS_MAX: usize = 256;
/// Events that wait for one client. More are read from the outbox when there is room again.
const BUFFERED_MAX: usize = 64;
/// A client that takes nothing for so long is closed; it resumes where it was.
const SLOW_MAX: Duration = Duration::from_secs(5);
/// How often something is sent at least, so that proxies and clients know that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often presence is compared with what the client knows.
const PRESENCE_EVERY: Duration = Duration::from_secs(1);
/// After this a stream is closed and must be opened again, so that a revoked key ends.
const LIFE_MAX: Duration = Duration::from_secs(3_600);
/// Events read from the outbox at once.
const PAGE: u32 = 50;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Those after this number, for clients that cannot send `Last-Event-ID`; from now on unless
    /// one of the two is given.
    after: Option<i64>,
    /// Only these, with commas between: `call.ended,agent.presence`.
    r#type: Option<String>,
}

/// Events as they happen, as server-sent events: `id` is the number, `event` the type, `data` the
/// `Envelope`. With `Last-Event-ID` the stream goes on behind that event. A comment comes every
/// 15 s; a client that is too slow is closed and resumes. `agent.presence` has no number.
#[utoipa::path(
    get, path = "/v1/events/stream", tag = "events", operation_id = "stream_events",
    security(("api_key" = ["supervise"])),
    params(Wanted, ("Last-Event-ID" = Option<i64>, Header, description = "The last event seen")),
    responses(
        (status = 200, description = "The events", body = Envelope, content_type = "text/event-stream"),
        (status = 400, description = "A name or number that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Events after the last seen are not kept any more", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many streams are open", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn open(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(wanted): Asked<Wanted>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let names = names_in(wanted.r#type.as_deref())?;
    let permit = api.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::TooManyStreams)?;
    let workspace = holder.workspace;
    let after = match last_seen(&headers)?.or(wanted.after) {
        Some(after) => {
            // Refused here, while there is still a status to say it with.
            api.store.events_after(&workspace, Some(after), &[], 1).await?;
            after
        }
        None => api.store.newest_event(&workspace).await?,
    };
    let (events, queue) = mpsc::channel(BUFFERED_MAX);
    let pump = Pump { api, workspace, names, after, presence: BTreeMap::new(), events };
    tokio::spawn(pump.run(permit));
    let stream = futures_util::stream::unfold(queue, |mut queue| async move {
        let event: Event = queue.recv().await?;
        Some((Ok::<_, Infallible>(event), queue))
    });
    let beat = KeepAlive::new().interval(HEARTBEAT).text("beat");
    let mut response = Sse::new(stream).keep_alive(beat).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would otherwise hold events back until its buffer is full.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    let number = number.filter(|number| *number >= 0);
    let wrong = || ApiError::Invalid("Last-Event-ID must be the `id` of an event".to_owned());
    number.map(Some).ok_or_else(wrong)
}

/// The client is gone or too slow, or its time is over.
struct Over;

/// Carries one client's events from the outbox to its stream.
struct Pump {
    api: Api,
    workspace: WorkspaceId,
    names: Vec<EventName>,
    after: i64,
    /// What the client knows of each agent.
    presence: BTreeMap<AgentId, serde_json::Value>,
    events: mpsc::Sender<Event>,
}

impl Pump {
    async fn run(mut self, _permit: OwnedSemaphorePermit) {
        let ends = Instant::now() + LIFE_MAX;
        let mut news = self.api.store.news();
        // A client that is cut off before the first event then knows where to go on.
        if self.send(Event::default().id(self.after.to_string())).await.is_err() {
            return;
        }
        while Instant::now() < ends && !self.api.is_draining() {
            news.borrow_and_update();
            let (Ok(()), Ok(())) = (self.tell_events().await, self.tell_presence().await) else {
                return;
            };
            tokio::select! {
                () = self.events.closed() => return,
                _ = news.changed() => {}
                () = sleep(PRESENCE_EVERY) => {}
            }
        }
    }

    /// Everything in the outbox that the client has not seen.
    async fn tell_events(&mut self) -> Result<(), Over> {
        loop {
            let after = Some(self.after);
            let page = self.api.store.events_after(&self.workspace, after, &self.names, PAGE).await;
            let page = page.map_err(|error| {
                tracing::warn!(%error, "a stream of events was closed");
                Over
            })?;
            let full = page.items.len() == PAGE as usize;
            for event in &page.items {
                self.send(shown(event).ok_or(Over)?.id(event.seq.to_string())).await?;
            }
            self.after = page.next_after;
            if !full {
                return Ok(());
            }
        }
    }

    /// Whoever became ready, busy, away … since the last look; at first everybody.
    async fn tell_presence(&mut self) -> Result<(), Over> {
        let wanted = self.names.is_empty() || self.names.contains(&EventName::AgentPresence);
        let house = self.api.exchange.of(&self.workspace).filter(|_| wanted);
        let Some(house) = house else { return Ok(()) };
        let now: BTreeMap<_, _> =
            house.presences().iter().map(|live| (live.agent.clone(), seen(live))).collect();
        let left = self.presence.keys().filter(|agent| !now.contains_key(*agent));
        let left = left.map(|agent| (agent.clone(), offline(agent)));
        let changed = now.iter().filter(|(agent, seen)| self.presence.get(*agent) != Some(*seen));
        let changed = changed.map(|(agent, seen)| (agent.clone(), seen.clone()));
        let told: Vec<_> = left.chain(changed).collect();
        self.presence = now;
        for (_, data) in told {
            let at = Timestamp::now();
            let event = Envelope {
                v: VERSION,
                id: format!("presence_{}", uuid::Uuid::now_v7().simple()),
                workspace: self.workspace.clone(),
                seq: 0,
                at,
                name: EventName::AgentPresence,
                call: None,
                data,
            };
            self.send(shown(&event).ok_or(Over)?).await?;
        }
        Ok(())
    }

    async fn send(&self, event: Event) -> Result<(), Over> {
        let sent = timeout_at(Instant::now() + SLOW_MAX, self.events.send(event)).await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Over),
        }
    }
}

fn shown(event: &Envelope) -> Option<Event> {
    Event::default().event(event.name.as_str()).json_data(event).ok()
}

fn seen(live: &LiveAgent) -> serde_json::Value {
    serde_json::json!({
        "agent": live.agent,
        "presence": live.presence,
        "devices": live.devices,
        "on_call": live.on_call,
    })
}

fn offline(agent: &AgentId) -> serde_json::Value {
    serde_json::json!({
        "agent": agent,
        "presence": model::Presence::Offline,
        "devices": 0,
        "on_call": null,
    })
}
