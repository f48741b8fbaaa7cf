//! What a contact permits decides whether they are called: asking, every answer, and every limit.

use std::time::Duration;

use model::DialBlocker;
use sim::agent::Robot;
use sim::meta::{Answers, Fault, Permit, Reply};
use wire::agent::{ClientCommand, ServerEvent};
use wire::{PermitStatus, PermitView};

use crate::dials::{CONTACT, answers, blocked, dials, phone_of};
use crate::world::{PATIENCE, Setup, World, ended, hang_up, open, refused};

fn check() -> ClientCommand {
    ClientCommand::CheckContact { line: None, to: CONTACT.to_owned() }
}

fn ask() -> ClientCommand {
    ClientCommand::AskPermission { line: None, to: CONTACT.to_owned() }
}

/// What the daemon answers: what the contact permits, or the rule that is in the way.
async fn says(robot: &mut Robot, command: ClientCommand) -> Result<PermitView, DialBlocker> {
    let id = robot.command(command).await.expect("sent");
    let is_reply = |event: &ServerEvent| match event {
        ServerEvent::ContactChecked { to, .. } | ServerEvent::DialRefused { to, .. } => *to == id,
        _ => false,
    };
    match robot.wait_for("the reply", is_reply, PATIENCE).await.expect("the daemon replies") {
        ServerEvent::ContactChecked { permit, .. } => Ok(permit),
        ServerEvent::DialRefused { blocker, .. } => Err(blocker),
        other => panic!("not a reply: {other:?}"),
    }
}

/// Waits until the agent is told this of the contact.
async fn becomes(robot: &mut Robot, status: PermitStatus) {
    let is = |event: &ServerEvent| matches!(event, ServerEvent::PermitChanged { permit } if permit.status == status);
    robot.wait_for("the permission to change", is, PATIENCE).await.expect("the agent is told");
}

fn connects(world: &World) -> usize {
    world.meta.requests().iter().filter(|request| request.action == "connect").count()
}

async fn wrote(world: &World) {
    world.meta.write(CONTACT).await.expect("there is a line");
}

#[tokio::test(flavor = "multi_thread")]
async fn granted_when_asked_and_then_called() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.meta.answers(CONTACT, answers());
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::NoPermission);
    wrote(&world).await;
    let permit = says(&mut ana, check()).await.expect("a contact");
    assert_eq!(permit.status, PermitStatus::None);
    assert_eq!(permit.call_refused.map(|it| it.blocker), Some(DialBlocker::NoPermission));
    assert_eq!(permit.ask_refused, None);

    let asked = says(&mut ana, ask()).await.expect("asked");
    assert_eq!(asked.status, PermitStatus::Requested);
    assert_eq!(asked.ask_refused.map(|it| it.blocker), Some(DialBlocker::AskedToday));
    becomes(&mut ana, PermitStatus::Temporary).await;
    let permit = says(&mut ana, check()).await.expect("a contact");
    assert!(permit.until.is_some() && permit.call_refused.is_none(), "{permit:?}");

    let call = dials(&mut ana).await;
    open(&mut ana, call).await;
    hang_up(&mut ana, call).await;
    ended(&phone_of(&world).await).await;
    assert_eq!(world.closed(&call.to_string()).await["disposition"], "answered");
    assert_eq!(connects(&world), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn declined_and_not_asked_again() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let declines = Some((Duration::from_millis(200), Reply::Decline));
    world.meta.answers(CONTACT, Answers { to_request: declines, ..answers() });
    wrote(&world).await;
    says(&mut ana, ask()).await.expect("asked");
    becomes(&mut ana, PermitStatus::Declined).await;
    assert_eq!(says(&mut ana, ask()).await, Err(DialBlocker::DeclinedToday));
    let refused = says(&mut ana, check()).await.expect("a contact").ask_refused.expect("a rule");
    assert!(refused.not_before.is_some(), "the next time is named");
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::NoPermission);
    let messages = world.meta.requests().into_iter().filter(|it| it.action == "message");
    assert_eq!((messages.count(), connects(&world)), (1, 0), "Meta is not asked in vain");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_outside_the_window_but_by_a_template() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    assert_eq!(says(&mut ana, ask()).await, Err(DialBlocker::WindowClosed));
    let whatsapp = "permission_template = \"ask_to_call\"";
    let world = World::with(Setup { whatsapp, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    world.meta.answers(CONTACT, answers());
    assert!(says(&mut ana, ask()).await.is_ok());
    becomes(&mut ana, PermitStatus::Temporary).await;
    assert_eq!(says(&mut ana, ask()).await, Err(DialBlocker::AskedToday));
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_after_it_was_granted() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.meta.permit(CONTACT, Permit::Permanent);
    assert_eq!(says(&mut ana, check()).await.expect("a contact").call_refused, None);
    world.meta.revoke(CONTACT).await.expect("there is a line");
    becomes(&mut ana, PermitStatus::Revoked).await;
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::NoPermission);
    assert_eq!(connects(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_between_the_check_and_the_call() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.meta.permit(CONTACT, Permit::Permanent);
    world.meta.fail_next("connect", Fault::Error(138_006, 401));
    let call = dials(&mut ana).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "not_permitted", "{closed:#}");
    assert_eq!(closed["disposition"], "rejected");
    becomes(&mut ana, PermitStatus::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fourth_call_that_stays_unanswered_is_held_back_unless_forced() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let lets_ring =
        Answers { acts_after: None, rings_for: Duration::from_millis(400), ..answers() };
    world.meta.answers(CONTACT, lets_ring);
    world.meta.permit(CONTACT, Permit::Permanent);
    for unanswered in 1..=3 {
        let call = dials(&mut ana).await;
        assert_eq!(world.closed(&call.to_string()).await["end"]["cause"], "no_answer");
        let counted = |event: &ServerEvent| matches!(event, ServerEvent::PermitChanged { permit } if permit.unanswered == unanswered);
        ana.wait_for("the strike", counted, PATIENCE).await.expect("the agent is told");
    }
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::Streak);
    let force = ClientCommand::Dial { line: None, to: CONTACT.to_owned(), force: true };
    assert_eq!(refused(&mut ana, force.clone()).await, wire::agent::ErrorCode::Forbidden);
    assert_eq!(connects(&world), 3);

    let rights = serde_json::json!({ "name": "Eva", "rights": ["dial", "supervise"] });
    world.send(reqwest::Method::PUT, "/v1/agents/eva", rights).await;
    let mut eva = world.agent("eva").await;
    eva.speak(true);
    eva.command(force).await.expect("sent");
    becomes(&mut eva, PermitStatus::Revoked).await;
    assert_eq!(connects(&world), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn metas_refusals_to_ask_have_reasons() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    wrote(&world).await;
    for (code, http, blocker) in [
        (138_009, 400, DialBlocker::AskedToday),
        (138_014, 400, DialBlocker::Restricted),
        (138_017, 400, DialBlocker::AlreadyPermitted),
        (131_047, 400, DialBlocker::WindowClosed),
        (138_000, 401, DialBlocker::LineOff),
    ] {
        world.meta.fail_next("message", Fault::Error(code, http));
        assert_eq!(says(&mut ana, ask()).await, Err(blocker), "{code}");
    }
    world.meta.fail_next("call_permissions", Fault::Error(613, 429));
    assert_eq!(blocked(&mut ana, CONTACT).await, DialBlocker::Unknown);
}
