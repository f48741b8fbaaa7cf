//! Who rings when: groups, turns, tiers, sticky agents, overflow, queues and notices.

use std::time::Duration;

use model::Presence;
use serde_json::json;
use sim::agent::Robot;
use wire::agent::{ClientCommand, ServerEvent};

use crate::hearing::hears_only;
use crate::music::{HOLD_HZ, write_hold_music};
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, ended, events, hang_up, open, rung,
    talking,
};

const SOON: Duration = Duration::from_millis(700);

async fn is_silent(robot: &mut Robot) -> bool {
    let ring = |e: &ServerEvent| matches!(e, ServerEvent::Ring { .. });
    robot.wait_for("a ring", ring, SOON).await.is_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_lines_group_rings_and_the_longest_idle_first() {
    let world = World::start().await;
    let policy = json!({ "strategy": "longest_idle", "turn_seconds": 2 });
    world.line_rings(policy, &[("ana", 0), ("ben", 0)]).await;
    let mut eve = world.agent("eve").await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    assert!(is_silent(&mut ben).await, "one after the other");
    assert_eq!(rung(&mut ben).await, call, "the next one's turn");
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hang_up(&mut ben, call).await;
    ended(&phone).await;
    assert!(is_silent(&mut eve).await, "not of the group");
    world.closed(&call.to_string()).await;

    let again = world.ring(world.plan()).await;
    rung(&mut ana).await;
    assert!(is_silent(&mut ben).await, "ben has just talked");
    again.hang_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_spoke_with_the_contact_last_rings_first() {
    let world = World::start().await;
    world.line_rings(json!({ "sticky_seconds": 3 }), &[("ana", 0), ("ben", 0)]).await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let first = rung(&mut ben).await;
    ben.claim(first).await.expect("sent");
    open(&mut ben, first).await;
    phone.hang_up().await;
    world.closed(&first.to_string()).await;
    rung(&mut ana).await;

    let _again = world.ring(world.plan()).await;
    let second = rung(&mut ben).await;
    assert!(is_silent(&mut ana).await, "ben alone at first");
    assert_eq!(rung(&mut ana).await, second, "and then everybody");
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_a_group_without_anybody_overflows_at_once_into_the_next() {
    let world = World::start().await;
    world.group("second", json!({}), &[("ben", 0)]).await;
    let policy = json!({ "overflow": { "to": "group", "group": "second" } });
    world.line_rings(policy, &[("ana", 0)]).await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ben).await;
    talking(&phone).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_caller_hears_music_and_the_first_free_agent_takes_them() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("hold.wav");
    write_hold_music(&file);
    let world = World::with(Setup { hold_music: Some(file), ..Setup::default() }).await;
    let policy =
        json!({ "ring_seconds": 5, "overflow": { "to": "queue", "max_wait_seconds": 60 } });
    world.line_rings(policy, &[("ana", 0)]).await;
    let phone = world.ring(world.plan()).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), HOLD_HZ, AGENT_HZ).await;
    let mut ana = world.agent("ana").await;
    let ring = |e: &ServerEvent| matches!(e, ServerEvent::Ring { ringing } if ringing.queue_position == Some(1));
    ana.wait_for("the queued call", ring, PATIENCE).await.expect("it rings");
    let ServerEvent::Welcome { .. } = ana.welcome() else { panic!("no welcome") };
    let call = world.newest().await["id"].as_str().expect("an id").parse().expect("a call");
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, HOLD_HZ).await;
    hears_only("ana", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert!(events(&closed).contains(&"queued"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a6_nobody_answers_and_the_caller_hears_the_lines_notice() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("notice.wav");
    write_hold_music(&file);
    let line = format!("notice = {:?}", file.display().to_string());
    let world = World::with(Setup { line, ..Setup::default() }).await;
    let policy = json!({ "ring_seconds": 5, "overflow": { "to": "notice" } });
    world.line_rings(policy, &[("ana", 0)]).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    hears_only("the caller", || phone.heard(), HOLD_HZ, AGENT_HZ).await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "missed");
    assert_eq!(closed["missed"], "nobody_answered");
    assert!(events(&closed).contains(&"notice_played"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lets_calls_ring_out_is_set_away_and_finishing_up_keeps_calls_off() {
    let rules = "missed_rings_max = 1\nwrap_up_seconds = 60";
    let world = World::with(Setup { rules, ring_seconds: 5, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    rung(&mut ana).await;
    let away = |e: &ServerEvent| {
        matches!(e, ServerEvent::Presence { presence: Presence::Away, blockers, .. }
            if blockers.contains(&model::Blocker::MissedRings))
    };
    ana.wait_for("being set away", away, PATIENCE).await.expect("told");
    ended(&phone).await;
    ana.go_ready().await.expect("ready again");
    let second = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&second).await;
    hang_up(&mut ana, call).await;
    let wrap_up = |e: &ServerEvent| {
        matches!(
            e,
            ServerEvent::Presence { presence: Presence::WrapUp, wrap_up_until: Some(_), .. }
        )
    };
    ana.wait_for("finishing up", wrap_up, PATIENCE).await.expect("told");
    ana.command(ClientCommand::EndWrapUp {}).await.expect("sent");
    let ready =
        |e: &ServerEvent| matches!(e, ServerEvent::Presence { presence: Presence::Ready, .. });
    ana.wait_for("being ready", ready, PATIENCE).await.expect("told");
}
