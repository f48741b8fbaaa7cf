//! The gate compares the balance exactly: a micro-dollar short is short.

use serde_json::json;
use wire::agent::ServerEvent;

use crate::world::{PATIENCE, Setup, World, ended, rung};

#[tokio::test(flavor = "multi_thread")]
async fn a_balance_of_9_999999_is_closed_and_opens_by_a_top_up() {
    let world = World::with(Setup { balance_micros: 9_999_999, ..Setup::default() }).await;
    let balance = world.get("/v1/balance").await;
    assert_eq!(balance["display"], "9.99", "never shown larger than it is");
    assert_eq!(balance["top_up_required"], true);
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    ended(&phone).await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["disposition"], "rejected");
    assert_eq!(closed["missed"], "balance");
    assert_eq!(closed["end"]["cause"], "balance_too_low");
    assert_eq!(world.asked("reject", phone.wacid()), 1);
    let journal = closed["timeline"].to_string();
    assert!(journal.contains("turned_away"), "{journal}");

    let more = json!({ "amount_micros": 1, "idempotency_key": "one more" });
    world.post("/v1/balance/top-ups", more.clone()).await;
    world.post("/v1/balance/top-ups", more).await;
    let open =
        |e: &ServerEvent| matches!(e, ServerEvent::Balance { balance } if !balance.top_up_required);
    ana.wait_for("the open gate", open, PATIENCE).await.expect("live sockets hear of a top-up");
    let balance = world.get("/v1/balance").await;
    assert_eq!(balance["available_micros"], 10_000_000, "the same key adds once");
    world.ring(world.plan()).await;
    rung(&mut ana).await;
}
