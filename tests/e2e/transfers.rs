//! A call is sent on: at once, or after the two agents have talked; nobody there brings it back.

use model::{AgentId, CallId, GroupId, TransferMode, TransferTarget};
use sim::agent::Robot;
use wire::agent::{ClientCommand, ErrorCode, LeftWhy, ServerEvent};

use crate::hearing::{LATELY, hears_only};
use crate::music::{HOLD_HZ, RINGBACK_HZ, write_hold_music};
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, done, ended, events, open, refused, rung,
    talking,
};

const BEN_HZ: f64 = 1_300.0;

fn transfer(call: CallId, to: &str, mode: TransferMode) -> ClientCommand {
    let to = TransferTarget::Agent(AgentId::new(to).expect("an id"));
    ClientCommand::Transfer { call, to, mode }
}

async fn left(robot: &mut Robot, why: LeftWhy) {
    let is_left = |e: &ServerEvent| matches!(e, ServerEvent::CallLeft { why: w, .. } if *w == why);
    robot.wait_for("the parting", is_left, PATIENCE).await.expect("told");
}

/// The media leg is made anew when the daemon asks for it, as the SDK does.
async fn renew_if_asked(robot: &mut Robot) {
    let asked = |e: &ServerEvent| matches!(e, ServerEvent::RenewMedia {});
    let patience = std::time::Duration::from_millis(700);
    if robot.wait_for("a request for a new leg", asked, patience).await.is_ok() {
        robot.go_ready().await.expect("a new leg");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blind_transfer_rings_one_agent_and_the_same_recording_goes_on() {
    let world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    let mut eve = world.agent("eve").await;

    done(&mut ana, transfer(call, "ben", TransferMode::Blind)).await;
    left(&mut ana, LeftWhy::Transferred).await;
    assert_eq!(rung(&mut ben).await, call);
    hears_only("the caller", || phone.heard(), RINGBACK_HZ, AGENT_HZ).await;
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hears_only("the caller", || phone.heard(), BEN_HZ, RINGBACK_HZ).await;
    hears_only("ben", || ben.heard(), CALLER_HZ, BEN_HZ).await;
    assert_eq!(phone.heard().ssrcs.len(), 1, "one stream through all of it");
    let ring = |e: &ServerEvent| matches!(e, ServerEvent::Ring { .. });
    let short = std::time::Duration::from_millis(300);
    assert!(eve.wait_for("no ring", ring, short).await.is_err(), "only ben was meant");

    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ben");
    assert_eq!(closed["recordings"].as_array().map(Vec::len), Some(1), "one recording of it all");
    let events = events(&closed);
    assert!(events.contains(&"transfer_started"), "{events:?}");
    assert_eq!(world.asked("accept", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_a_group_rings_its_agents() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.group("billing", serde_json::json!({}), &[("ben", 0), ("cat", 0)]).await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    let mut cat = world.agent("cat").await;
    let to = TransferTarget::Group(GroupId::new("billing").expect("an id"));
    done(&mut ana, ClientCommand::Transfer { call, to, mode: TransferMode::Blind }).await;
    assert_eq!(rung(&mut ben).await, call);
    assert_eq!(rung(&mut cat).await, call);
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hears_only("the caller", || phone.heard(), BEN_HZ, AGENT_HZ).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_a_transfer_nobody_takes_comes_back_to_who_sent_it() {
    let setup = Setup { rules: "transfer_ring_seconds = 5", ..Setup::default() };
    let world = World::with(setup).await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    done(&mut ana, transfer(call, "ben", TransferMode::Blind)).await;
    rung(&mut ben).await;
    ben.decline(call).await.expect("sent");
    assert_eq!(rung(&mut ana).await, call, "it comes back");
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, RINGBACK_HZ).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_the_caller_hangs_up_while_the_transfer_rings() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    done(&mut ana, transfer(call, "ben", TransferMode::Blind)).await;
    rung(&mut ben).await;
    phone.hang_up().await;
    let is_over = |e: &ServerEvent| matches!(e, ServerEvent::RingEnd { .. });
    ben.wait_for("the end of the ring", is_over, PATIENCE).await.expect("told");
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "caller_hung_up");
    assert_eq!(closed["disposition"], "answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_refuses_the_transfer_and_the_call_stays() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    world.token("ben").await;
    let code = refused(&mut ana, transfer(call, "ben", TransferMode::Blind)).await;
    assert_eq!(code, ErrorCode::NobodyThere);
    hears_only("the caller", || phone.heard(), AGENT_HZ, RINGBACK_HZ).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_transfer_lets_the_agents_talk_first_and_then_hands_the_caller_over() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("hold.wav");
    write_hold_music(&file);
    let setup = Setup { hold_music: Some(file), recording: "always", ..Setup::default() };
    let world = World::with(setup).await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;

    done(&mut ana, transfer(call, "ben", TransferMode::Warm)).await;
    assert_eq!(rung(&mut ben).await, call);
    hears_only("the caller", || phone.heard(), HOLD_HZ, AGENT_HZ).await;
    ben.claim(call).await.expect("sent");
    renew_if_asked(&mut ben).await;
    hears_only("ana", || ana.heard(), BEN_HZ, CALLER_HZ).await;
    hears_only("ben", || ben.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the caller", || phone.heard(), HOLD_HZ, BEN_HZ).await;

    done(&mut ana, ClientCommand::CompleteTransfer { call }).await;
    left(&mut ana, LeftWhy::Transferred).await;
    hears_only("the caller", || phone.heard(), BEN_HZ, HOLD_HZ).await;
    hears_only("ben", || ben.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ben");
    assert_eq!(closed["recordings"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consultation_that_is_cancelled_brings_the_caller_back() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    done(&mut ana, transfer(call, "ben", TransferMode::Warm)).await;
    rung(&mut ben).await;
    ben.claim(call).await.expect("sent");
    renew_if_asked(&mut ben).await;
    hears_only("ana", || ana.heard(), BEN_HZ, CALLER_HZ).await;
    done(&mut ana, ClientCommand::CancelTransfer { call }).await;
    left(&mut ben, LeftWhy::ConsultationOver).await;
    hears_only("ana", || ana.heard(), CALLER_HZ, BEN_HZ).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, BEN_HZ).await;
    done(&mut ana, ClientCommand::HangUp { call }).await;
    ended(&phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blind_transfer_is_taken_back_while_it_rings() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    done(&mut ana, transfer(call, "ben", TransferMode::Blind)).await;
    assert_eq!(rung(&mut ben).await, call);
    let sent =
        |e: &ServerEvent| matches!(e, ServerEvent::SentOn { sent_on } if sent_on.to == "Ben");
    ana.wait_for("where it rings", sent, PATIENCE).await.expect("told");
    refused(&mut ben, ClientCommand::CancelTransfer { call }).await;
    ana.speak(true);
    done(&mut ana, ClientCommand::CancelTransfer { call }).await;
    open(&mut ana, call).await;
    let over = |e: &ServerEvent| matches!(e, ServerEvent::SentOnEnd { call: c } if *c == call);
    ana.wait_for("the end of it", over, PATIENCE).await.expect("told");
    let silent =
        |e: &ServerEvent| matches!(e, ServerEvent::RingEnd { winner: Some(w), .. } if w == "Ana");
    ben.wait_for("who has it", silent, PATIENCE).await.expect("told");
    hears_only("the caller", || phone.heard(), AGENT_HZ, RINGBACK_HZ).await;
    hears_only("ana", || ana.heard(), CALLER_HZ, BEN_HZ).await;
    refused(&mut ben, ClientCommand::Hold { call, on: true }).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert!(events(&closed).contains(&"transfer_cancelled"), "{closed:#}");
    assert_eq!(closed["claimed_by"], "ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consulted_agent_who_mutes_themselves_is_not_heard() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    done(&mut ana, transfer(call, "ben", TransferMode::Warm)).await;
    rung(&mut ben).await;
    ben.claim(call).await.expect("sent");
    renew_if_asked(&mut ben).await;
    hears_only("ana", || ana.heard(), BEN_HZ, CALLER_HZ).await;
    done(&mut ben, ClientCommand::Mute { call, on: true }).await;
    // What is under way still arrives; after that nothing comes, or silence.
    tokio::time::sleep(LATELY).await;
    let before = ana.heard().packets;
    tokio::time::sleep(LATELY).await;
    let after = ana.heard();
    let comes = after.packets - before;
    assert!(comes < 5 || !after.hears(BEN_HZ, LATELY), "{comes} packets with ben's voice");
    hears_only("ben", || ben.heard(), AGENT_HZ, CALLER_HZ).await;
    done(&mut ben, ClientCommand::Mute { call, on: false }).await;
    hears_only("ana", || ana.heard(), BEN_HZ, CALLER_HZ).await;
    done(&mut ana, ClientCommand::CancelTransfer { call }).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, BEN_HZ).await;
}
