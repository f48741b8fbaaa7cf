//! The first frame: who is it, and do they go on or start anew.

use std::sync::Arc;

use model::{Timestamp, WorkspaceId};
use store::AgentRow;
use switchboard::Switchboard;
use tokio::time::{Duration, Instant};
use wire::agent::{
    ByeReason, ClientCommand, ErrorCode, HELLO_TIMEOUT_MS, Resume, ServerEvent, Snapshot,
};

use super::intake::{Heard, Intake, error_event};
use super::writer::{bye_name, say, say_bye};
use super::{Incoming, Place, Sink};
use crate::Api;
use crate::access::token::{self, Claims, TokenRefused};
use crate::hub::{DEVICES_PER_AGENT_MAX, Seat, Session, frame_text};
use crate::turn;

/// Waits for `hello` and seats the device. A token that does not open is not tried twice.
///
/// # Errors
/// Why the socket is to be dropped; what there was to say has been said.
pub(super) async fn greet(
    api: &Api,
    sink: &mut Sink,
    incoming: &mut Incoming,
    intake: &mut Intake,
) -> Result<Place, &'static str> {
    let due = Instant::now() + Duration::from_millis(HELLO_TIMEOUT_MS);
    loop {
        let patience = due.saturating_duration_since(Instant::now());
        let error = match intake.hear(incoming, patience, patience).await {
            Heard::Frame(frame, _) => match frame.command {
                ClientCommand::Hello { token, resume, .. } => {
                    api.metrics.frame("hello");
                    return admit(api, sink, frame.id, &token, resume).await;
                }
                ClientCommand::GoReady { .. }
                | ClientCommand::RestartIce { .. }
                | ClientCommand::GoAway {}
                | ClientCommand::MediaFailed { .. }
                | ClientCommand::Claim { .. }
                | ClientCommand::Dial { .. }
                | ClientCommand::CheckContact { .. }
                | ClientCommand::AskPermission { .. }
                | ClientCommand::Decline { .. }
                | ClientCommand::HangUp { .. }
                | ClientCommand::Mute { .. }
                | ClientCommand::Record { .. }
                | ClientCommand::Readiness { .. }
                | ClientCommand::EndWrapUp {}
                | ClientCommand::Hold { .. }
                | ClientCommand::ListColleagues {}
                | ClientCommand::Transfer { .. }
                | ClientCommand::CompleteTransfer { .. }
                | ClientCommand::CancelTransfer { .. }
                | ClientCommand::Annotate { .. }
                | ClientCommand::WatchCalls { .. }
                | ClientCommand::Supervise { .. }
                | ClientCommand::StopSupervising { .. }
                | ClientCommand::TakeOver { .. }
                | ClientCommand::MuteAgent { .. }
                | ClientCommand::EndCall { .. }
                | ClientCommand::Ping {} => {
                    let message = "nobody has said hello on this socket".to_owned();
                    error_event(Some(frame.id), ErrorCode::HelloExpected, message)
                }
            },
            Heard::Bad(error) => error,
            Heard::Broken(error) => {
                return Err(refuse(sink, &error, ByeReason::TooManyErrors).await);
            }
            Heard::Silence => {
                let message = format!("no hello within {HELLO_TIMEOUT_MS} ms");
                let error = error_event(None, ErrorCode::HelloExpected, message);
                return Err(refuse(sink, &error, ByeReason::Silent).await);
            }
            Heard::Gone(why) => return Err(why),
        };
        if intake.strike() {
            return Err(refuse(sink, &error, ByeReason::TooManyErrors).await);
        }
        say(sink, &error).await;
    }
}

async fn admit(
    api: &Api,
    sink: &mut Sink,
    id: u64,
    token: &str,
    resume: Option<Resume>,
) -> Result<Place, &'static str> {
    let is_served = |workspace: &WorkspaceId| api.exchange.of(workspace).is_some();
    let claims = token::verify(&api.token_key, is_served, token);
    let house = claims.as_ref().ok().and_then(|claims| api.exchange.of(&claims.ws));
    let (claims, house) = match (claims, house) {
        (Ok(claims), Some(house)) => (claims, house.clone()),
        (Err(refused @ (TokenRefused::Expired | TokenRefused::Invalid)), _) => {
            let error = error_event(Some(id), ErrorCode::Unauthorized, refused.to_string());
            return Err(refuse(sink, &error, ByeReason::TokenExpired).await);
        }
        (Ok(_), None) => {
            let refused = TokenRefused::Invalid.to_string();
            let error = error_event(Some(id), ErrorCode::Unauthorized, refused);
            return Err(refuse(sink, &error, ByeReason::TokenExpired).await);
        }
    };
    if let Err(refused) = token_holder(api, &claims, id).await {
        return Err(refuse(sink, &refused.0, refused.1).await);
    }
    let seat = api.hub.seat(&claims.ws, &claims.sub, resume.as_ref());
    // Read once more with the device seated: who is removed or changed after this is found by it.
    match token_holder(api, &claims, id).await {
        Ok(agent) => seated(api, house, sink, id, agent, seat).await,
        Err(refused) => {
            unseat(api, &house, seat, refused.1).await;
            Err(refuse(sink, &refused.0, refused.1).await)
        }
    }
}

/// Takes a device off its seat again. Where the agent is gone, so is the device; where the database
/// only did not answer, a device that was here before has lost nothing but a socket.
async fn unseat(api: &Api, house: &Switchboard, seat: Seat, why: ByeReason) {
    let lost = match seat {
        Seat::TooMany => return,
        Seat::Again(session, outbox) | Seat::Resumed(session, outbox)
            if why == ByeReason::ShutDown =>
        {
            (session, outbox)
        }
        Seat::New(session, _) | Seat::Again(session, _) | Seat::Resumed(session, _) => {
            if api.hub.take_out(&session) {
                house.device_signed_out(session.device).await;
            }
            return;
        }
    };
    let (hub, house) = (Arc::clone(&api.hub), house.clone());
    tokio::spawn(async move {
        let (session, outbox) = lost;
        let device = session.device;
        if hub.release(&session, &outbox, || house.socket_lost(device)).await {
            house.device_left(device).await;
        }
    });
}

/// The agent whom a token names, if they are still there.
///
/// # Errors
/// What to say instead of a welcome.
async fn token_holder(
    api: &Api,
    claims: &Claims,
    id: u64,
) -> Result<AgentRow, (ServerEvent, ByeReason)> {
    let refusal = |code, message: &str, bye| (error_event(Some(id), code, message.to_owned()), bye);
    match api.store.token_holder(&claims.ws, &claims.sub, claims.iat).await {
        Ok(Some(agent)) => Ok(agent),
        Ok(None) => {
            let message = "the token's agent does not exist any more";
            Err(refusal(ErrorCode::Unauthorized, message, ByeReason::TokenExpired))
        }
        Err(error) => {
            tracing::error!(%error, "an agent could not be looked up");
            let message = "the agent could not be looked up";
            Err(refusal(ErrorCode::Internal, message, ByeReason::ShutDown))
        }
    }
}

async fn seated(
    api: &Api,
    house: Switchboard,
    sink: &mut Sink,
    id: u64,
    agent: AgentRow,
    seat: Seat,
) -> Result<Place, &'static str> {
    match seat {
        Seat::New(session, outbox) => {
            tracing::info!(agent = %session.agent, device = %session.device, "a device joined");
            let rights = session.learn_rights(agent.rights);
            house.allow(&session.agent, rights);
            let snapshot = house.device_joined(session.agent.clone(), session.device).await;
            outbox.open(frame_text(0, &welcome(api, &session, agent, snapshot)));
            Ok(Place { house, session, outbox })
        }
        Seat::Again(session, outbox) => {
            tracing::info!(agent = %session.agent, device = %session.device, "a device came back late");
            house.device_starts_over(session.device);
            house.socket_back(session.device);
            let snapshot = house.snapshot(session.device).await;
            outbox.open(frame_text(0, &welcome(api, &session, agent, snapshot)));
            Ok(Place { house, session, outbox })
        }
        Seat::Resumed(session, outbox) => {
            tracing::debug!(agent = %session.agent, device = %session.device, "a device resumed");
            session.learn_rights(agent.rights);
            house.socket_back(session.device);
            // What it was given before may have expired while it was away.
            turn::hand_over(api, session.device, &outbox);
            Ok(Place { house, session, outbox })
        }
        Seat::TooMany => {
            let message = format!("this agent has {DEVICES_PER_AGENT_MAX} devices already");
            let error = error_event(Some(id), ErrorCode::NotAllowed, message);
            Err(refuse(sink, &error, ByeReason::TooManyErrors).await)
        }
    }
}

fn welcome(api: &Api, session: &Session, agent: AgentRow, snapshot: Snapshot) -> ServerEvent {
    let heartbeat = api.config.heartbeat.as_millis();
    ServerEvent::Welcome {
        session: session.id(),
        device: session.device,
        agent: session.agent.clone(),
        agent_name: agent.name,
        rights: session.learn_rights(agent.rights),
        heartbeat_ms: u64::try_from(heartbeat).unwrap_or(u64::MAX),
        server_time: Timestamp::now(),
        snapshot,
        ice_servers: turn::ice_servers(api, session.device),
    }
}

/// Says why and goodbye.
async fn refuse(sink: &mut Sink, error: &ServerEvent, why: ByeReason) -> &'static str {
    say(sink, error).await;
    say_bye(sink, why).await;
    bye_name(why)
}
