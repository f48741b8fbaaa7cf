//! `pre_accept`, `accept`, `reject` and `terminate`, carried out on a call.

use std::sync::Arc;

use serde_json::Value;

use super::answer::{self, DtlsRole};
use super::call::Call;
use super::dialled;
use super::graph::GraphError;
use super::record::{EndCause, GraphRequest, PhoneState, ViolationKind};
use super::world::World;

/// Longest `biz_opaque_callback_data`.
pub(crate) const OPAQUE_CHARS_MAX: usize = 512;

/// The action was carried out.
#[derive(Debug)]
pub(crate) enum Done {
    /// There is no more to say.
    Success,
    /// The user is being called.
    Placed(model::Wacid),
}

/// Carries out the action of a request.
pub(crate) async fn perform(
    world: &Arc<World>,
    log: &GraphRequest,
    request: &Value,
) -> Result<Done, GraphError> {
    if request.get("messaging_product").and_then(Value::as_str) != Some("whatsapp") {
        return Err(GraphError::invalid("messaging_product must be whatsapp"));
    }
    if log.action == "connect" {
        return dialled::connect(world, &log.line, request).await;
    }
    let known = log.call_id.as_ref().and_then(|id| world.call(id));
    let call = known
        .filter(|call| call.plan.line.as_str() == log.line)
        .ok_or_else(|| GraphError::invalid("no such call on this phone number"))?;
    let _acting = call.acting.lock().await;
    call.note(format!("graph {}", log.action));
    match log.action.as_str() {
        "pre_accept" => pre_accept(world, &call, request).await,
        "accept" => accept(world, &call, request).await,
        "reject" => reject(world, &call),
        "terminate" => terminate(world, &call),
        other => Err(GraphError::invalid(format!("unknown action {other:?}"))),
    }
}

async fn pre_accept(
    world: &Arc<World>,
    call: &Arc<Call>,
    request: &Value,
) -> Result<Done, GraphError> {
    if call.state() != PhoneState::Calling {
        return Err(wrong_state(call));
    }
    let sdp = answer_of(request)?;
    apply(world, call, sdp).await?;
    if call.ring() { Ok(Done::Success) } else { Err(wrong_state(call)) }
}

async fn accept(world: &Arc<World>, call: &Arc<Call>, request: &Value) -> Result<Done, GraphError> {
    match call.state() {
        PhoneState::Calling | PhoneState::Ringing => {}
        PhoneState::Talking | PhoneState::Ended(_) => return Err(wrong_state(call)),
    }
    let opaque = request.get("biz_opaque_callback_data").and_then(Value::as_str);
    if opaque.is_some_and(|text| text.chars().count() > OPAQUE_CHARS_MAX) {
        return Err(GraphError::invalid("biz_opaque_callback_data is longer than 512 characters"));
    }
    let sdp = answer_of(request)?;
    match call.answer() {
        Some(pre_accepted) if pre_accepted != sdp => {
            return Err(GraphError::invalid(
                "the SDP of accept differs from the SDP of pre_accept",
            ));
        }
        Some(_) => {}
        None => apply(world, call, sdp).await?,
    }
    if call.talk(opaque.map(str::to_owned)) { Ok(Done::Success) } else { Err(wrong_state(call)) }
}

fn reject(world: &Arc<World>, call: &Arc<Call>) -> Result<Done, GraphError> {
    match call.state() {
        PhoneState::Calling | PhoneState::Ringing => end(world, call, EndCause::Rejected),
        PhoneState::Talking | PhoneState::Ended(_) => Err(wrong_state(call)),
    }
}

fn terminate(world: &Arc<World>, call: &Arc<Call>) -> Result<Done, GraphError> {
    end(world, call, EndCause::BusinessTerminated)
}

fn end(world: &Arc<World>, call: &Arc<Call>, cause: EndCause) -> Result<Done, GraphError> {
    if world.end(call, cause) { Ok(Done::Success) } else { Err(wrong_state(call)) }
}

/// The answer in `session`. Its type must be `answer`, whatever the parameter tables say.
fn answer_of(request: &Value) -> Result<&str, GraphError> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    if text("/session/sdp_type") != Some("answer") {
        return Err(GraphError::invalid("session.sdp_type must be answer"));
    }
    text("/session/sdp").ok_or_else(|| GraphError::invalid("session.sdp is missing"))
}

/// Checks the answer and starts ICE and DTLS with it.
async fn apply(world: &Arc<World>, call: &Arc<Call>, sdp: &str) -> Result<(), GraphError> {
    let role = answer::judge(sdp)
        .map_err(|refusal| GraphError::bad(refusal.code, refusal.details.to_owned()))?;
    match role {
        DtlsRole::Client => {
            call.peer.answered(sdp).await.map_err(|error| GraphError::invalid(error.to_string()))?
        }
        DtlsRole::Stalls => world.violated(
            call,
            ViolationKind::DtlsRole,
            "the answer is not setup:active; DTLS will not start".to_owned(),
        ),
    }
    call.set_answer(sdp);
    Ok(())
}

fn wrong_state(call: &Call) -> GraphError {
    GraphError::invalid(match call.state() {
        PhoneState::Calling => "the call waits for an answer",
        PhoneState::Ringing => "the call was pre-accepted already",
        PhoneState::Talking => "the call was accepted already",
        PhoneState::Ended(_) => "the call is over",
    })
}
