//! The agent WebSocket, `/agent/v1`: one task per socket, from hello to goodbye.
//!
//! Within the task three loops run side by side: the reader judges frames, the writer empties the
//! outbox, and the orders are carried out one after the other. A slow order so never keeps
//! heartbeats from being heard, and an order that was read is finished even when the socket dies.
//!
//! A token opens a socket; it does not keep it open. One that expires while its socket lives cuts
//! nobody off mid-call, but the next socket, a resumed one too, needs a token that is valid then.

mod hello;
mod intake;
mod orders;
mod rights;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures_util::StreamExt as _;
use futures_util::stream::{SplitSink, SplitStream};
use switchboard::Switchboard;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;
use wire::agent::{FRAME_BYTES_MAX, SUBPROTOCOL};

use crate::Api;
use crate::error::ApiError;
use crate::hub::{Outbox, Session};
use crate::turn;
use intake::Intake;

/// Most sockets that may be open without having said hello. They cost a task each; a flood of
/// half-open ones must not crowd out agents.
pub(crate) const UNGREETED_MAX: usize = 1_024;

/// Frames up to this size are read and answered with `frame_too_large`; beyond, the socket is cut.
const FRAME_BYTES_CUT: usize = 4 * FRAME_BYTES_MAX;

/// Bytes read from a socket at once, and kept for it as long as it lives. Devices send a few hundred
/// bytes a minute; the WebSocket library's own 128 KiB would be most of what an idle device costs.
const READ_BYTES: usize = 4 * 1024;

/// Bytes gathered before they are written. Every frame is flushed by itself, so there is nothing
/// to gather.
const WRITE_BYTES: usize = 0;

/// Orders of one socket that may wait behind the one being carried out: more than a whole burst
/// of the rate limit.
const ORDERS_WAITING_MAX: usize = 64;

/// How long a closing socket may take to hear our last words before it is dropped.
const CLOSING_TIME_MAX: Duration = Duration::from_secs(1);

/// The reading half.
type Incoming = SplitStream<WebSocket>;
/// The writing half.
type Sink = SplitSink<WebSocket, Message>;
/// A greeted socket's place.
struct Place {
    /// The switchboard of the workspace that the token named: the only one it can reach.
    house: Switchboard,
    session: Arc<Session>,
    outbox: Arc<Outbox>,
}

/// `GET /agent/v1`. Origin and URL were checked by the gate; the token comes in `hello`.
pub(crate) async fn upgrade(
    State(api): State<Api>,
    asked: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let asked = asked.map_err(|rejection| ApiError::Upgrade(rejection.body_text()))?;
    if !asked.requested_protocols().any(|name| name == SUBPROTOCOL) {
        return Err(ApiError::Upgrade("it was not offered".to_owned()));
    }
    let permit = Arc::clone(&api.ungreeted).try_acquire_owned();
    let permit = permit.map_err(|_| ApiError::TooManySockets)?;
    let upgrade = asked
        .protocols([SUBPROTOCOL])
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(WRITE_BYTES)
        .max_frame_size(FRAME_BYTES_CUT)
        .max_message_size(FRAME_BYTES_CUT);
    Ok(upgrade.on_upgrade(async move |socket| {
        api.metrics.sockets.inc();
        let (place, why) = talk(&api, socket, permit).await;
        api.metrics.sockets.dec();
        api.metrics.socket_closed(why);
        if let Some(Place { house, session, outbox }) = place
            && api.hub.release(&session, &outbox, || lost(&house, &session)).await
        {
            house.device_left(session.device).await;
        }
    }))
}

/// A device's socket is gone. It may have come back on another one in this very moment.
fn lost(house: &Switchboard, session: &Session) {
    house.socket_lost(session.device);
    if session.is_attached() {
        house.socket_back(session.device);
    }
}

/// Serves a socket until it is closed; says whose it was and why it closed.
async fn talk(
    api: &Api,
    socket: WebSocket,
    permit: OwnedSemaphorePermit,
) -> (Option<Place>, &'static str) {
    let (mut sink, mut incoming) = socket.split();
    let mut intake = Intake::new();
    let greeted = hello::greet(api, &mut sink, &mut incoming, &mut intake).await;
    drop(permit);
    let place = match greeted {
        Ok(place) => place,
        Err(why) => {
            hear_out(&mut incoming).await;
            return (None, why);
        }
    };
    let Place { house, session, outbox } = &place;
    let (sender, receiver) = mpsc::channel(ORDERS_WAITING_MAX);
    let carrying_out = orders::carry_out(api, house, session, receiver);
    let conversation = async {
        let mut writing = std::pin::pin!(writer::write(sink, outbox));
        let reading = orders::read(api, session, outbox, &mut incoming, intake, sender);
        let why = tokio::select! {
            why = &mut writing => why,
            gone = reading => match gone {
                Some(why) => why,
                None => writing.await,
            },
            never = turn::renew(api, session.device, outbox) => match never {},
        };
        hear_out(&mut incoming).await;
        why
    };
    let (why, ()) = tokio::join!(conversation, carrying_out);
    (Some(place), why)
}

/// Reads on for a moment without listening: closing a socket with unread data would make the
/// peer's system throw away our last words.
async fn hear_out(incoming: &mut Incoming) {
    let until_closed = async { while let Some(Ok(_)) = incoming.next().await {} };
    // Late or not, the socket is dropped now.
    let _ = timeout(CLOSING_TIME_MAX, until_closed).await;
}
