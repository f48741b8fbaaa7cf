//! Two workspaces in one daemon: each has its calls, and the other's are not there.

use std::time::Duration;

use model::LineId;
use serde_json::json;
use wire::agent::{ClientCommand, ErrorCode, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, SECOND_LINE, Setup, World, open, rung, talking};

/// How long is listened for what must not come.
const QUIET: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
async fn t15_a_call_rings_in_its_own_workspace_only_and_both_talk_at_once() {
    let mut world = World::with(Setup { second_workspace: true, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;

    world.change_workspace().await;
    // The same name, another person.
    let mut namesake = world.agent("ana").await;
    let heard = namesake.wait_for("a ring", |e| matches!(e, ServerEvent::Ring { .. }), QUIET).await;
    assert!(heard.is_err(), "the call of the other workspace rang: {heard:?}");
    namesake.command(ClientCommand::Claim { call }).await.expect("sent");
    let refused = namesake
        .wait_for("a refusal", |e| matches!(e, ServerEvent::Error { .. }), PATIENCE)
        .await
        .expect("told");
    assert!(
        matches!(&refused, ServerEvent::Error { code: ErrorCode::NoSuchCall, .. }),
        "{refused:?}"
    );

    let mut plan = world.plan();
    plan.line = LineId::new(SECOND_LINE).expect("a line");
    let second_phone = world.ring(plan).await;
    let second = rung(&mut namesake).await;
    namesake.claim(second).await.expect("sent");
    open(&mut namesake, second).await;
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    for phone in [&phone, &second_phone] {
        talking(phone).await;
        hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    }
    for agent in [&ana, &namesake] {
        hears_only("the agent", || agent.heard(), CALLER_HZ, AGENT_HZ).await;
    }

    second_phone.hang_up().await;
    let closed = world.closed(&second.to_string()).await;
    assert_eq!(closed["line"], SECOND_LINE);
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed:#}");
    assert_eq!(world.get("/v1/balance").await["currency"], "EUR");
    assert_eq!(world.get("/v1/missed").await, json!([]));
    phone.hang_up().await;
}
