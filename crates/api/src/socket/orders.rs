//! What a greeted device asks for: read, told apart, carried out, answered.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use model::{DeviceId, DialRefusal, Right, Timestamp};
use tokio::sync::mpsc::{Receiver, Sender};
use wire::agent::{ByeReason, ClientCommand, ClientFrame, ErrorCode, ServerEvent};

use super::intake::{Heard, Intake, error_event};
use super::{Incoming, rights};
use crate::Api;
use crate::hub::{Outbox, Seen, Session, frame_text};
use switchboard::{Bell as _, NotDialled, Refusal, Switchboard};

/// How long a device whose media is lost may take to answer a ping. Its network layer answers, not
/// its page: more than two seconds mean that the machine is asleep or the network gone.
const PROOF_OF_LIFE_MAX: Duration = Duration::from_secs(2);

/// A command that is to be carried out. It waits in a box: a queue has room for dozens of orders
/// from the start, and an idle socket should not pay for them.
#[derive(Debug)]
pub(super) struct Order {
    id: u64,
    command: ClientCommand,
    /// When the frame was read: claims are ordered and measured by it.
    arrived: Instant,
}

/// Reads frames until the socket is gone (says why) or goodbye is in the outbox (`None`).
pub(super) async fn read(
    api: &Api,
    session: &Session,
    outbox: &Outbox,
    incoming: &mut Incoming,
    mut intake: Intake,
    orders: Sender<Box<Order>>,
) -> Option<&'static str> {
    // Two and a half heartbeats: one may be late and one may be lost.
    let patience = api.config.heartbeat * 5 / 2;
    loop {
        let heard = tokio::select! {
            heard = intake.hear(incoming, patience, patience) => heard,
            () = outbox.doubted() => intake.hear(incoming, PROOF_OF_LIFE_MAX, patience).await,
        };
        let error = match heard {
            Heard::Frame(frame, arrived) => {
                api.metrics.frame(command_name(&frame.command));
                match take(session, outbox, &orders, frame, arrived) {
                    None => continue,
                    Some(error) => error,
                }
            }
            Heard::Bad(error) => {
                api.metrics.frame("bad");
                error
            }
            Heard::Broken(error) => {
                outbox.push(frame_text(0, &error));
                outbox.finish(ByeReason::TooManyErrors);
                return None;
            }
            Heard::Silence => {
                outbox.finish(ByeReason::Silent);
                return None;
            }
            Heard::Gone(why) => return Some(why),
        };
        outbox.push(frame_text(0, &error));
        if intake.strike() {
            outbox.finish(ByeReason::TooManyErrors);
            return None;
        }
    }
}

/// Answers a frame at once or lines it up. What it returns is a strike.
fn take(
    session: &Session,
    outbox: &Outbox,
    orders: &Sender<Box<Order>>,
    frame: ClientFrame,
    arrived: Instant,
) -> Option<ServerEvent> {
    let id = frame.id;
    match frame.command {
        ClientCommand::Hello { .. } => {
            let message = "hello was said already on this socket".to_owned();
            Some(error_event(Some(id), ErrorCode::HelloExpected, message))
        }
        ClientCommand::Ping {} => {
            let server_time = Timestamp::now();
            outbox.push(frame_text(0, &ServerEvent::Pong { to: id, server_time }));
            None
        }
        command @ (ClientCommand::GoReady { .. }
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
        | ClientCommand::EndCall { .. }) => match session.begin(id) {
            Seen::Answered(reply) => {
                outbox.push(frame_text(0, &reply));
                None
            }
            Seen::UnderWay => None,
            Seen::New => {
                let order = Box::new(Order { id, command, arrived });
                orders.try_send(order).err()?;
                let message = "too many commands wait already".to_owned();
                let error = error_event(Some(id), ErrorCode::TooFast, message);
                session.remember(id, error.clone());
                Some(error)
            }
        },
    }
}

/// Carries orders out one by one until no more can come.
pub(super) async fn carry_out(
    api: &Api,
    house: &Switchboard,
    session: &Arc<Session>,
    mut orders: Receiver<Box<Order>>,
) {
    while let Some(order) = orders.recv().await {
        let Order { id, command, arrived } = *order;
        if command == (ClientCommand::ListColleagues {}) {
            session.answer(id, house.colleagues(session.device, id));
            continue;
        }
        let done = AssertUnwindSafe(allowed(api, house, session, (id, command), arrived));
        let reply = match done.catch_unwind().await {
            Ok(Ok(reply)) => reply,
            Ok(Err(refusal)) => ServerEvent::Error {
                to: Some(id),
                code: refusal.code,
                message: refusal.message,
                hint: refusal.hint,
            },
            Err(_) => {
                tracing::error!(device = %session.device, "a command panicked");
                let message = "the command failed inside Ringdown".to_owned();
                error_event(Some(id), ErrorCode::Internal, message)
            }
        };
        session.answer(id, reply);
    }
}

/// Asks the switchboard for what the agent may ask for.
async fn allowed(
    api: &Api,
    house: &Switchboard,
    session: &Session,
    (id, command): (u64, ClientCommand),
    arrived: Instant,
) -> Result<ServerEvent, Refusal> {
    let needed = rights::needed(&command);
    if let Some(needs) = needed.first().copied()
        && !needed.iter().any(|right| session.allows(*right))
    {
        let (needs_name, name) = (needs.as_str(), command_name(&command));
        api.metrics.forbidden(needs);
        tracing::info!(device = %session.device, command = name, needs = needs_name, "refused");
        return Err(Refusal {
            code: ErrorCode::Forbidden,
            message: format!("this agent may not do that: the right `{needs_name}` is missing"),
            hint: "ask an administrator of the workspace for the right".to_owned(),
        });
    }
    if matches!(command, ClientCommand::Dial { force: true, .. })
        && !session.allows(Right::Supervise)
    {
        api.metrics.forbidden(Right::Supervise);
        return Err(Refusal {
            code: ErrorCode::Forbidden,
            message: "only who may supervise may risk a contact's permission".to_owned(),
            hint: "wait until the contact calls or writes, or ask a supervisor".to_owned(),
        });
    }
    if let Some(reply) = contact_order(house, session.device, id, &command).await {
        return reply;
    }
    ask(api, house, session.device, command, arrived).await?;
    Ok(ServerEvent::Done { to: id })
}

/// What concerns a contact outside a call, with a reply of its own; `None` for everything else.
async fn contact_order(
    house: &Switchboard,
    device: DeviceId,
    id: u64,
    command: &ClientCommand,
) -> Option<Result<ServerEvent, Refusal>> {
    let checked = |permit| ServerEvent::ContactChecked { to: id, permit };
    let done = if let ClientCommand::Dial { line, to, force } = command {
        let dialled = house.dial(device, line.clone(), to, *force).await;
        dialled.map(|call| ServerEvent::Dialling { to: id, call })
    } else if let ClientCommand::CheckContact { line, to } = command {
        house.check_contact(line.clone(), to).await.map(checked)
    } else if let ClientCommand::AskPermission { line, to } = command {
        house.ask_permission(device, line.clone(), to).await.map(checked)
    } else {
        return None;
    };
    Some(match done {
        Ok(reply) => Ok(reply),
        Err(NotDialled::Blocked(DialRefusal { blocker, not_before })) => {
            let message = blocker.words().to_owned();
            Ok(ServerEvent::DialRefused { to: id, blocker, message, not_before })
        }
        Err(NotDialled::Refused(refusal)) => Err(refusal),
    })
}

async fn ask(
    api: &Api,
    house: &Switchboard,
    device: DeviceId,
    command: ClientCommand,
    arrived: Instant,
) -> Result<(), Refusal> {
    match command {
        ClientCommand::GoReady { offer } => {
            let answer = house.go_ready(device, offer).await?;
            api.hub.tell(device, ServerEvent::MediaAnswer { answer });
            Ok(())
        }
        ClientCommand::RestartIce { offer } => {
            let answer = house.restart_ice(device, offer).await?;
            api.hub.tell(device, ServerEvent::MediaAnswer { answer });
            Ok(())
        }
        ClientCommand::GoAway {} => {
            house.go_away(device).await;
            Ok(())
        }
        ClientCommand::MediaFailed { reason } => {
            house.media_failed(device, reason).await;
            Ok(())
        }
        ClientCommand::Claim { call } => house.claim(device, call, arrived).await,
        ClientCommand::Decline { call } => house.decline(device, call).await,
        ClientCommand::HangUp { call } => house.hang_up(device, call).await,
        ClientCommand::Mute { call, on } => house.mute(device, call, on).await,
        ClientCommand::Record { call, action } => house.record(device, call, action).await,
        ClientCommand::Readiness { microphone, audio, leader } => {
            house.readiness(device, microphone, audio, leader);
            Ok(())
        }
        ClientCommand::EndWrapUp {} => {
            house.end_wrap_up(device);
            Ok(())
        }
        ClientCommand::Hold { call, on } => house.hold(device, call, on).await,
        ClientCommand::Transfer { call, to, mode } => house.transfer(device, call, to, mode).await,
        ClientCommand::CompleteTransfer { call } => house.complete_transfer(device, call).await,
        ClientCommand::CancelTransfer { call } => house.cancel_transfer(device, call).await,
        ClientCommand::Annotate { call, note, outcome } => {
            house.annotate(device, call, note, outcome).await
        }
        ClientCommand::WatchCalls { on } => {
            house.watch_calls(device, on);
            Ok(())
        }
        ClientCommand::Supervise { call, mode } => house.supervise(device, call, mode).await,
        ClientCommand::StopSupervising { call } => house.stop_supervising(device, call).await,
        ClientCommand::TakeOver { call } => house.take_over(device, call).await,
        ClientCommand::MuteAgent { call, on } => house.mute_agent(device, call, on).await,
        ClientCommand::EndCall { call } => house.end_by_supervisor(device, call).await,
        // These are answered elsewhere.
        ClientCommand::Hello { .. }
        | ClientCommand::Ping {}
        | ClientCommand::Dial { .. }
        | ClientCommand::CheckContact { .. }
        | ClientCommand::AskPermission { .. }
        | ClientCommand::ListColleagues {} => Ok(()),
    }
}

const fn command_name(command: &ClientCommand) -> &'static str {
    match command {
        ClientCommand::Hello { .. } => "hello",
        ClientCommand::GoReady { .. } => "go_ready",
        ClientCommand::RestartIce { .. } => "restart_ice",
        ClientCommand::GoAway {} => "go_away",
        ClientCommand::MediaFailed { .. } => "media_failed",
        ClientCommand::Claim { .. } => "claim",
        ClientCommand::Dial { .. } => "dial",
        ClientCommand::CheckContact { .. } => "check_contact",
        ClientCommand::AskPermission { .. } => "ask_permission",
        ClientCommand::Decline { .. } => "decline",
        ClientCommand::HangUp { .. } => "hang_up",
        ClientCommand::Mute { .. } => "mute",
        ClientCommand::Record { .. } => "record",
        ClientCommand::Readiness { .. } => "readiness",
        ClientCommand::EndWrapUp {} => "end_wrap_up",
        ClientCommand::Hold { .. } => "hold",
        ClientCommand::ListColleagues {} => "list_colleagues",
        ClientCommand::Transfer { .. } => "transfer",
        ClientCommand::CompleteTransfer { .. } => "complete_transfer",
        ClientCommand::CancelTransfer { .. } => "cancel_transfer",
        ClientCommand::Annotate { .. } => "annotate",
        ClientCommand::WatchCalls { .. } => "watch_calls",
        ClientCommand::Supervise { .. } => "supervise",
        ClientCommand::StopSupervising { .. } => "stop_supervising",
        ClientCommand::TakeOver { .. } => "take_over",
        ClientCommand::MuteAgent { .. } => "mute_agent",
        ClientCommand::EndCall { .. } => "end_call",
        ClientCommand::Ping {} => "ping",
    }
}
