//! A supervisor listens, whispers, barges in, takes over and ends calls; others may not.

use model::{CallId, SupervisionMode};
use sim::agent::Robot;
use wire::agent::{ClientCommand, ErrorCode, LeftWhy, ServerEvent, SupervisionEnd};

use crate::hearing::{hears_nothing, hears_only};
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, World, answer, done, ended, events, open, refused, talking,
};

const BOSS_HZ: f64 = 1_300.0;

/// Takes part, with a new media leg if the daemon asks for one.
async fn supervise(boss: &mut Robot, call: CallId, mode: SupervisionMode) {
    done(boss, ClientCommand::Supervise { call, mode }).await;
    let told = |e: &ServerEvent| {
        matches!(e, ServerEvent::RenewMedia {})
            || matches!(e, ServerEvent::Supervising { mode: m, .. } if *m == mode)
    };
    let event = boss.wait_for("supervision", told, PATIENCE).await.expect("told");
    if matches!(event, ServerEvent::RenewMedia {}) {
        boss.go_ready().await.expect("a new leg");
        boss.wait_for("supervision", told, PATIENCE).await.expect("told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_sees_listens_whispers_and_barges_in() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut boss = world.supervisor("boss", BOSS_HZ).await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    done(&mut boss, ClientCommand::WatchCalls { on: true }).await;
    let listed = |e: &ServerEvent| matches!(e, ServerEvent::LiveCalls { calls } if calls.iter().any(|live| live.call == call));
    boss.wait_for("the live list", listed, PATIENCE).await.expect("told");

    supervise(&mut boss, call, SupervisionMode::Listen).await;
    boss.speak(true);
    hears_only("the caller", || phone.heard(), AGENT_HZ, BOSS_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, BOSS_HZ).await;
    hears_only("the supervisor", || boss.heard(), CALLER_HZ, BOSS_HZ).await;
    hears_only("the supervisor", || boss.heard(), AGENT_HZ, BOSS_HZ).await;

    supervise(&mut boss, call, SupervisionMode::Whisper).await;
    hears_only("the agent", || ana.heard(), BOSS_HZ, AGENT_HZ).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, BOSS_HZ).await;
    let shown = |e: &ServerEvent| matches!(e, ServerEvent::CallUpdate { active } if active.supervised_by.is_some());
    ana.wait_for("the whisper shown", shown, PATIENCE).await.expect("told");

    supervise(&mut boss, call, SupervisionMode::Barge).await;
    hears_only("the caller", || phone.heard(), BOSS_HZ, CALLER_HZ).await;

    done(&mut boss, ClientCommand::StopSupervising { call }).await;
    let over = |e: &ServerEvent| {
        matches!(e, ServerEvent::SupervisionEnd { why: SupervisionEnd::Left, .. })
    };
    boss.wait_for("the end", over, PATIENCE).await.expect("told");
    hears_only("the caller", || phone.heard(), AGENT_HZ, BOSS_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    let events = events(&closed);
    for act in ["supervised", "supervision_ended"] {
        assert!(events.contains(&act), "no {act} in {events:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_mutes_the_agent_takes_the_call_over_and_ends_it() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut boss = world.supervisor("boss", BOSS_HZ).await;

    done(&mut boss, ClientCommand::MuteAgent { call, on: true }).await;
    hears_nothing("the caller", || phone.heard(), [AGENT_HZ, BOSS_HZ]).await;
    let code = refused(&mut ana, ClientCommand::Mute { call, on: false }).await;
    assert_eq!(code, ErrorCode::NotAllowed, "a supervisor's mute is a supervisor's to lift");
    done(&mut boss, ClientCommand::MuteAgent { call, on: false }).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, BOSS_HZ).await;

    boss.speak(true);
    done(&mut boss, ClientCommand::TakeOver { call }).await;
    open(&mut boss, call).await;
    let taken =
        |e: &ServerEvent| matches!(e, ServerEvent::CallLeft { why: LeftWhy::TakenOver, .. });
    ana.wait_for("the parting", taken, PATIENCE).await.expect("told");
    hears_only("the caller", || phone.heard(), BOSS_HZ, AGENT_HZ).await;
    hears_only("the supervisor", || boss.heard(), CALLER_HZ, BOSS_HZ).await;

    done(&mut boss, ClientCommand::EndCall { call }).await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "boss");
    assert_eq!(closed["end"]["cause"], "supervisor_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_nothing_of_it_happens() {
    let world = World::start().await;
    let (_ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent("ben").await;
    let mode = SupervisionMode::Listen;
    for command in [
        ClientCommand::WatchCalls { on: true },
        ClientCommand::Supervise { call, mode },
        ClientCommand::TakeOver { call },
        ClientCommand::MuteAgent { call, on: true },
        ClientCommand::EndCall { call },
    ] {
        assert_eq!(refused(&mut ben, command).await, ErrorCode::Forbidden);
    }
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
}
