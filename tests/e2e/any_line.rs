//! Without configured lines every number of the app takes calls, so that secrets alone are enough.

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, Setup, World, answer};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_on_a_line_nobody_configured_is_answered() {
    let world = World::with(Setup { configured_line: false, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered");
    assert_eq!(closed["recordings"], serde_json::json!([]));
}
