//! Calls that a business places: Meta calls the user's phone, and tells the business of each step.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::action::{Done, OPAQUE_CHARS_MAX};
use super::call::{Beginning, Call};
use super::graph::GraphError;
use super::plan::{AnswerOrder, AnswerRole, Answers};
use super::record::EndCause;
use super::world::World;
use super::{CallPlan, SimUser, answer, offer, phone, wacid, webhook};
use crate::peer::{Peer, PeerConfig, PeerKind};
use crate::voice::{Band, Voice};

/// Meta's description comes about a second after its HTTP answer; a tenth is enough to be after it.
const DESCRIBED_AFTER: Duration = Duration::from_millis(100);

/// Carries `connect` out.
pub(crate) async fn connect(
    world: &Arc<World>,
    line: &str,
    request: &Value,
) -> Result<Done, GraphError> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    let user = SimUser {
        phone: text("/to").map(str::to_owned),
        bsuid: text("/recipient").map(str::to_owned),
        name: String::new(),
    };
    let name = user.phone.clone().or_else(|| user.bsuid.clone());
    let name = name.ok_or_else(|| GraphError::invalid("to or recipient is missing"))?;
    let opaque = text("/biz_opaque_callback_data").map(str::to_owned);
    if opaque.as_ref().is_some_and(|text| text.chars().count() > OPAQUE_CHARS_MAX) {
        return Err(GraphError::invalid("biz_opaque_callback_data is longer than 512 characters"));
    }
    let is_talking = |call: &Arc<Call>| {
        let from = &call.plan.from;
        let theirs = from.phone.as_ref() == Some(&name) || from.bsuid.as_ref() == Some(&name);
        call.ended().is_none() && call.plan.line.as_str() == line && theirs
    };
    if world.calls().iter().any(is_talking) {
        return Err(GraphError::bad(138_003, "a call with this user is ongoing"));
    }
    world.permits().may_call(&name)?;
    if !world.has_room() {
        return Err(GraphError { http: 429, ..GraphError::bad(138_002, "too many calls at once") });
    }
    let sdp = offer_of(request)?;
    let answers = world.answers_of(&name);
    let order = answers.order;
    let call = begin(world, line, user, (sdp, opaque), answers).await?;
    let wacid = call.wacid.clone();
    let script = script(world.clone(), call);
    match order {
        AnswerOrder::BeforeResponse => script.await,
        AnswerOrder::Regular | AnswerOrder::AcceptedFirst => world.spawn(script),
    }
    Ok(Done::Placed(wacid))
}

/// The offer in `session`.
fn offer_of(request: &Value) -> Result<&str, GraphError> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    if text("/session/sdp_type") != Some("offer") {
        return Err(GraphError::invalid("session.sdp_type must be offer"));
    }
    let sdp = text("/session/sdp");
    let sdp = sdp.ok_or_else(|| GraphError::invalid("session.sdp is missing"))?;
    answer::judge(sdp)
        .map_err(|refusal| GraphError::bad(refusal.code, refusal.details.to_owned()))?;
    Ok(sdp)
}

async fn begin(
    world: &Arc<World>,
    line: &str,
    user: SimUser,
    (sdp, opaque): (&str, Option<String>),
    answers: Answers,
) -> Result<Arc<Call>, GraphError> {
    let failed = |error: crate::SimError| GraphError {
        http: 500,
        ..GraphError::bad(138_004, error.to_string())
    };
    let line = model::LineId::new(line).ok().and_then(|id| world.line(&id).cloned());
    let line = line.ok_or_else(|| GraphError::bad(33, "no such phone number"))?;
    let voice = Voice::new(&answers.says, Band::Phone).map_err(failed)?;
    let (ufrag, pwd) = offer::credentials();
    let is_dtls_client = answers.role == AnswerRole::Active;
    let kind = PeerKind::AnsweringRelay { ufrag, pwd, is_dtls_client };
    let config = PeerConfig { ip: world.config.media_ip, kind };
    let (peer, description) = Peer::answering(config, sdp).await.map_err(failed)?;
    let parts = offer::Parts::of(&description, peer.ssrc()).map_err(failed)?;
    let name = user.phone.as_ref().or(user.bsuid.as_ref());
    let wacid = wacid::fresh(name.map_or("unknown", String::as_str), &line.display_phone_number);
    let mut plan = CallPlan::new(line.id.clone(), user);
    plan.says = answers.says.clone();
    plan.hang_up_after_answer = answers.hang_up_after_answer;
    plan.webhook = answers.webhook;
    let call = Call::begin(Beginning {
        short: wacid::short_hash(&wacid),
        wacid,
        display_phone_number: line.display_phone_number,
        description: parts.write_answer(answers.role),
        peer,
        rings_for: answers.rings_after + answers.rings_for,
        plan,
        answers: Some(answers),
        opaque,
    });
    world.add_call(call.clone()).map_err(failed)?;
    world.spawn(phone::live(world.clone(), call.clone(), voice));
    Ok(call)
}

fn name_of(call: &Call) -> String {
    let SimUser { phone, bsuid, .. } = &call.plan.from;
    phone.clone().or_else(|| bsuid.clone()).unwrap_or_default()
}

/// The call is over and nobody picked up: one too many ends the permission.
pub(crate) async fn not_answered(world: Arc<World>, call: Arc<Call>) {
    let user = name_of(&call);
    let revoked = world.permits().unanswered(&user);
    if revoked {
        world.tell_revoked(call.plan.line.as_str(), &user).await;
    }
}

/// What the phone does, and what the business is told of it.
async fn script(world: Arc<World>, call: Arc<Call>) {
    let Some(answers) = call.answers.clone() else { return };
    let described_first = answers.order != AnswerOrder::AcceptedFirst;
    tokio::time::sleep(DESCRIBED_AFTER).await;
    if described_first {
        world.deliver(&call, "connect", webhook::answer(&call)).await;
    }
    tokio::time::sleep(answers.rings_after).await;
    if !call.ring() {
        return;
    }
    world.deliver(&call, "RINGING", webhook::status(&call, "RINGING")).await;
    let Some(after) = answers.acts_after else {
        return;
    };
    tokio::time::sleep(after).await;
    if call.ended().is_some() {
        return;
    }
    if answers.declines {
        world.deliver(&call, "REJECTED", webhook::status(&call, "REJECTED")).await;
        world.end(&call, EndCause::UserDeclined);
        return;
    }
    if call.talk_on() {
        world.permits().connected(&name_of(&call));
        world.deliver(&call, "ACCEPTED", webhook::status(&call, "ACCEPTED")).await;
    }
    if !described_first {
        tokio::time::sleep(DESCRIBED_AFTER).await;
        world.deliver(&call, "connect", webhook::answer(&call)).await;
    }
}
