//! An agent calls a contact: ringback until they pick up, sound both ways after, and every way in
//! which nothing comes of it.

use std::time::Duration;

use model::{CallId, DialBlocker, DialStage};
use sim::Says;
use sim::agent::Robot;
use sim::meta::{AnswerOrder, AnswerRole, Answers, Fault, Permit, PhoneState, SimCall};
use wire::agent::{ClientCommand, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, done, ended, events, hang_up, open, talking,
};

/// Whom the agents call: in India, for which the shipped rate card has a price.
pub(crate) const CONTACT: &str = "919812345678";
/// The ringing tone.
const RINGBACK_HZ: f64 = 425.0;

pub(crate) fn answers() -> Answers {
    Answers { says: Says::Tone(CALLER_HZ), ..Answers::default() }
}

/// The contact permits calls, and their phone does so.
pub(crate) fn phone_does(world: &World, answers: Answers) {
    world.meta.permit(CONTACT, Permit::Permanent);
    world.meta.answers(CONTACT, answers);
}

/// Dials and returns the call.
pub(crate) async fn dials(robot: &mut Robot) -> CallId {
    let id = robot.dial(CONTACT).await.expect("sent");
    let reply = robot
        .wait_for(
            "the reply",
            |event| match event {
                ServerEvent::Dialling { to, .. } | ServerEvent::DialRefused { to, .. } => *to == id,
                ServerEvent::Error { to, .. } => *to == Some(id),
                _ => false,
            },
            PATIENCE,
        )
        .await;
    match reply.expect("the daemon replies") {
        ServerEvent::Dialling { call, .. } => call,
        other => panic!("not dialled: {other:?}"),
    }
}

/// Why dialling is refused.
pub(crate) async fn blocked(robot: &mut Robot, to: &str) -> DialBlocker {
    let id = robot.dial(to).await.expect("sent");
    let is_reply = |event: &ServerEvent| match event {
        ServerEvent::Dialling { to, .. } | ServerEvent::DialRefused { to, .. } => *to == id,
        _ => false,
    };
    match robot.wait_for("the reply", is_reply, PATIENCE).await.expect("the daemon replies") {
        ServerEvent::DialRefused { blocker, message, .. } => {
            assert!(message.ends_with('.'), "a sentence: {message}");
            blocker
        }
        other => panic!("not refused: {other:?}"),
    }
}

/// The phone that the newest placed call rings.
pub(crate) async fn phone_of(world: &World) -> SimCall {
    let waiting = async {
        loop {
            if let Some(phone) = world.meta.dialled().pop() {
                return phone;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("Meta is asked to call")
}

/// Waits until the agent is told that the contact's phone rings.
async fn sees_it_ring(robot: &mut Robot) {
    let rings = |event: &ServerEvent| matches!(event, ServerEvent::CallUpdate { active } if active.dial == Some(DialStage::Ringing));
    robot.wait_for("the phone to ring", rings, PATIENCE).await.expect("the agent is told");
}

fn assert_no_violations(world: &World) {
    let violations = world.meta.violations();
    assert!(violations.is_empty(), "Meta would complain: {violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contact_picks_up_whichever_dtls_role_meta_takes() {
    for role in [AnswerRole::Active, AnswerRole::Passive, AnswerRole::ActPass] {
        let world = World::start().await;
        let mut ana = world.agent("ana").await;
        let acts_after = Some(Duration::from_millis(2_500));
        phone_does(&world, Answers { role, acts_after, ..answers() });
        let call = dials(&mut ana).await;
        sees_it_ring(&mut ana).await;
        hears_only("the agent", || ana.heard(), RINGBACK_HZ, AGENT_HZ).await;
        let phone = phone_of(&world).await;
        assert_eq!(phone.heard().packets, 0, "{role:?}: not a packet while it rings");

        open(&mut ana, call).await;
        talking(&phone).await;
        hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
        hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
        for on in [true, false] {
            done(&mut ana, ClientCommand::Hold { call, on }).await;
        }
        hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        hang_up(&mut ana, call).await;
        ended(&phone).await;

        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["direction"], "business_initiated", "{closed:#}");
        assert_eq!(closed["disposition"], "answered");
        assert_eq!(closed["claimed_by"], "ana");
        assert!(closed["missed"].is_null());
        let talked = closed["duration_ms"].as_i64().expect("a number");
        let rang = closed["ring_ms"].as_i64().expect("a number");
        assert!(rang >= 2_500 && talked >= 600, "rang {rang} ms, counted {talked} ms");
        // India, the first tier: one pulse of six seconds, and nothing for the time it rang.
        assert!(closed["billed_micros"].as_i64() > Some(0), "paid for: {closed:#}");
        assert!(closed["claim_to_audio_ms"].as_i64().is_some(), "{closed:#}");
        let order: Vec<_> = events(&closed)
            .into_iter()
            .filter(|name| {
                ["dialled", "contact_rings", "accepted", "bridged", "ended"].contains(name)
            })
            .collect();
        assert_eq!(order, ["dialled", "contact_rings", "accepted", "bridged", "ended"]);
        assert_eq!(world.asked("terminate", phone.wacid()), 1);
        assert_no_violations(&world);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_no_answer_is_lost_whatever_overtakes_the_response_of_connect() {
    for order in [AnswerOrder::BeforeResponse, AnswerOrder::AcceptedFirst] {
        for without_opaque in [false, true] {
            let world = World::start().await;
            let mut ana = world.agent("ana").await;
            phone_does(&world, Answers { order, without_opaque, ..answers() });
            let call = dials(&mut ana).await;
            open(&mut ana, call).await;
            let phone = phone_of(&world).await;
            hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
            hang_up(&mut ana, call).await;
            ended(&phone).await;
            let closed = world.closed(&call.to_string()).await;
            assert_eq!(closed["disposition"], "answered", "{order:?} {without_opaque}: {closed:#}");
            assert_eq!(world.meta.dialled().len(), 1);
            assert_no_violations(&world);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b5_a_response_that_never_comes_loses_no_answer() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, answers());
    world.meta.fail_next("connect", Fault::TimeOutButSucceed);
    let call = dials(&mut ana).await;
    open(&mut ana, call).await;
    let phone = phone_of(&world).await;
    hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    // Longer than the response is waited for: that it fails changes nothing, nor is Meta asked again.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(phone.state(), PhoneState::Talking);
    assert_eq!(world.meta.dialled().len(), 1, "one call rings one phone");
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    assert_eq!(world.closed(&call.to_string()).await["disposition"], "answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_everything_told_twice_makes_one_call() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut twice = answers();
    (twice.webhook.duplicate, twice.webhook.two_apps) = (true, true);
    phone_does(&world, twice);
    let call = dials(&mut ana).await;
    open(&mut ana, call).await;
    let phone = phone_of(&world).await;
    hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    for once in ["described", "contact_rings", "accepted", "bridged"] {
        let times = events(&closed).into_iter().filter(|name| *name == once).count();
        assert_eq!(times, 1, "{once}");
    }
    world.asked_at_last("terminate", phone.wacid(), 1).await;
    assert_no_violations(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn c11_a_call_that_comes_in_under_the_same_id_is_another_call() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, answers());
    let placed = dials(&mut ana).await;
    open(&mut ana, placed).await;
    let phone = phone_of(&world).await;

    // The same id, as an offer of somebody who calls in, and its hang-up.
    let inbound = |event: &str| {
        let mut call = serde_json::json!({
            "id": phone.wacid().as_str(), "from": "15550003333", "to": "15550001111",
            "event": event, "timestamp": unix_seconds().to_string(),
            "direction": "USER_INITIATED",
        });
        if event == "connect" {
            let fixture = include_bytes!("../fixtures/webhooks/connect_form_a.json");
            let fixture: serde_json::Value = serde_json::from_slice(fixture).expect("JSON");
            let session = fixture.pointer("/entry/0/changes/0/value/calls/0/session");
            call["session"] = session.expect("an offer").clone();
        }
        serde_json::to_vec(&serde_json::json!({
            "object": "whatsapp_business_account",
            "entry": [{ "id": "1", "changes": [{ "field": "calls", "value": {
                "messaging_product": "whatsapp",
                "metadata": { "display_phone_number": "15550001111",
                    "phone_number_id": crate::world::LINE },
                "calls": [call],
            }}]}],
        }))
        .expect("JSON")
    };
    for event in ["connect", "terminate"] {
        let body = inbound(event);
        let signature = world.meta.sign(&body);
        assert_eq!(world.meta.post_raw(body, Some(signature)).await, 200);
    }
    let other = world.newest_closed().await;
    assert_ne!(other["id"], placed.to_string(), "it is a call of its own");
    assert_eq!(other["direction"], "user_initiated");
    assert_eq!(other["end"]["cause"], "caller_hung_up", "{other:#}");

    hears_only("the contact", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    assert_eq!(phone.state(), PhoneState::Talking, "the hang-up was not this call's");
    phone.hang_up().await;
    let closed = world.closed(&placed.to_string()).await;
    assert_eq!(closed["disposition"], "answered");
    assert_eq!(closed["end"]["cause"], "caller_hung_up");
}

fn unix_seconds() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_it_and_nobody_here_has_missed_anything() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let short = Answers { acts_after: None, rings_for: Duration::from_secs(2), ..answers() };
    let declines = Answers { declines: true, ..answers() };
    for (phone, cause) in [(short, "no_answer"), (declines, "contact_declined")] {
        phone_does(&world, phone);
        let call = dials(&mut ana).await;
        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["end"]["cause"], cause, "{closed:#}");
        assert_eq!(closed["disposition"], "missed");
        assert_eq!((&closed["duration_ms"], &closed["billed_micros"]), (&0.into(), &0.into()));
        assert!(closed["missed"].is_null(), "they missed us: {closed:#}");
        let phone = phone_of(&world).await;
        assert_eq!(world.asked("terminate", phone.wacid()), 0, "Meta knows");
    }
    assert_eq!(world.get("/v1/follow-ups").await["items"], serde_json::json!([]));
    assert_no_violations(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_cancels_before_and_while_it_rings() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, Answers { acts_after: None, ..answers() });
    for rings in [true, false] {
        let call = dials(&mut ana).await;
        if rings {
            sees_it_ring(&mut ana).await;
        }
        hang_up(&mut ana, call).await;
        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["end"]["cause"], "agent_hung_up", "{closed:#}");
        assert_eq!(closed["disposition"], "missed");
        for phone in world.meta.dialled() {
            ended(&phone).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_refuses_has_a_reason_and_rings_no_phone() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, answers());
    for (code, http, cause) in [
        (138_006, 401, "not_permitted"),
        (138_001, 400, "contact_unreachable"),
        (138_003, 400, "contact_busy"),
        (138_012, 400, "limit_reached"),
        (138_013, 400, "line_not_allowed"),
        (138_014, 400, "line_not_allowed"),
        (138_008, 400, "carrier_refused"),
    ] {
        world.meta.permit(CONTACT, Permit::Permanent);
        world.meta.fail_next("connect", Fault::Error(code, http));
        let call = dials(&mut ana).await;
        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["end"]["cause"], cause, "{code}: {closed:#}");
        assert_eq!(world.meta.dialled().len(), 0, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_is_asked_before_meta() {
    let world = World::with(Setup { balance_micros: 9_999_999, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, answers());
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::Balance);
    assert_eq!(blocked(&mut ana, "+53 5 123 45 67").await, DialBlocker::ContactRegion);
    assert_eq!(blocked(&mut ana, "0170 1234567").await, DialBlocker::BadNumber);
    assert!(world.meta.requests().iter().all(|request| request.action != "connect"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_price_nobody_is_called_and_nothing_stays_in_the_books() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    // The shipped card has no price for Germany.
    let german = "4917012345678";
    world.meta.permit(german, Permit::Permanent);
    phone_does(&world, answers());
    assert_eq!(blocked(&mut ana, german).await, DialBlocker::NoRate);
    assert_eq!(world.get("/v1/calls").await["items"], serde_json::json!([]));
    // The agent is free for another call.
    dials(&mut ana).await;
    phone_of(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_while_it_rings_ends_the_call_at_meta() {
    let mut world = World::start().await;
    let mut ana = world.agent("ana").await;
    phone_does(&world, Answers { acts_after: None, ..answers() });
    let call = dials(&mut ana).await;
    sees_it_ring(&mut ana).await;
    let phone = phone_of(&world).await;
    world.kill();
    world.start_again().await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "restarted", "{closed:#}");
    assert_eq!(world.asked("terminate", phone.wacid()), 1);
}
