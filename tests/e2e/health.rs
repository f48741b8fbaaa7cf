//! The private listener tells machines whether the daemon lives, may be used, and what it counts.

use crate::world::{World, rung};

#[tokio::test(flavor = "multi_thread")]
async fn live_ready_and_metrics_are_answered_on_the_private_listener_only() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    assert_eq!(world.admin("/live").await, (200, "live\n".to_owned()));
    assert_eq!(world.admin("/ready").await, (200, "ready\n".to_owned()));
    world.ring(world.plan()).await;
    rung(&mut ana).await;
    let (status, metrics) = world.admin("/metrics").await;
    assert_eq!(status, 200);
    assert!(metrics.lines().any(|line| line.ends_with("calls_active 1")), "{metrics}");
    assert!(metrics.trim_end().ends_with("# EOF"), "{metrics}");
    let public = reqwest::get(world.url("/metrics")).await.expect("an answer");
    let body = public.text().await.expect("a body");
    assert!(!body.contains("calls_active"), "metrics are not for everybody");
}
