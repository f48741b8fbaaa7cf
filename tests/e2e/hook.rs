//! The operator's program is asked before a call rings; whatever it does, the call is dealt with.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use wire::agent::ServerEvent;

use crate::world::{PATIENCE, Setup, World, answer, ended, hang_up, talking};

/// What a hook was asked, with the moment.
type Asked = Arc<Mutex<Vec<(Instant, Value)>>>;

/// A hook that says this, or, with nothing to say, hangs.
async fn hook(says: Option<&'static str>) -> (String, Asked) {
    let asked: Asked = Arc::default();
    let ears = asked.clone();
    let handler = move |body: String| {
        let question = serde_json::from_str(&body).expect("a question");
        ears.lock().expect("nobody panics with it").push((Instant::now(), question));
        async move {
            match says {
                Some(words) => words,
                None => std::future::pending().await,
            }
        }
    };
    let app = Router::new().route("/", post(handler));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("a bound address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_rejects_turns_the_call_away_at_meta_before_anybody_rings() {
    let (url, asked) = hook(Some(r#"{"action":"reject"}"#)).await;
    let world = World::with(Setup { hook: Some(url), ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    ended(&phone).await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["end"]["cause"], "hook_rejected");
    assert_eq!(closed["missed"], "outside_policy");
    world.asked_at_last("reject", phone.wacid(), 1).await;
    assert_eq!(world.asked("pre_accept", phone.wacid()), 0);
    let question = asked.lock().unwrap()[0].1.clone();
    assert_eq!(question["from"]["display"], "Maria");
    assert_eq!(question["call"], closed["id"]);
    assert_eq!(question["line_name"], "Support");
    let missed = |event: &ServerEvent| match event {
        ServerEvent::Ring { .. } => panic!("it rang"),
        ServerEvent::Missed { .. } => true,
        _ => false,
    };
    ana.wait_for("the missed call", missed, PATIENCE).await.expect("told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_hangs_is_given_up_and_the_call_rings_as_configured() {
    let (url, asked) = hook(None).await;
    let world = World::with(Setup { hook: Some(url), ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let is_ring = |event: &ServerEvent| matches!(event, ServerEvent::Ring { .. });
    ana.wait_for("a ring", is_ring, PATIENCE).await.expect("the call rings");
    let (at, question) = asked.lock().unwrap()[0].clone();
    let took = at.elapsed();
    assert!(took < Duration::from_millis(1_600), "it rang after {took:?}");
    assert!(took > Duration::from_millis(1_300), "it was not waited for: {took:?}");
    let call = question["call"].as_str().expect("a call").parse().expect("a call id");
    ana.claim(call).await.expect("the claim is sent");
    talking(&phone).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    let journal = world.closed(&call.to_string()).await["timeline"].to_string();
    assert!(journal.contains("hook_asked") && journal.contains("too_slow"), "{journal}");
    world.metric("hook_before_ringing_total{outcome=\"too_slow\"} 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_can_name_the_contact_and_the_call_goes_on_as_ever() {
    let (url, _) = hook(Some(r#"{"action":"ring","contact_name":"Maria Silva (VIP)"}"#)).await;
    let world = World::with(Setup { hook: Some(url), ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let named = |event: &ServerEvent| matches!(event, ServerEvent::Ring { ringing } if ringing.from.display == "Maria Silva (VIP)");
    let ring = ana.wait_for("the name", named, PATIENCE).await.expect("the call rings");
    let ServerEvent::Ring { ringing } = ring else { panic!("not a ring") };
    ana.claim(ringing.call).await.expect("the claim is sent");
    talking(&phone).await;
    assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
    hang_up(&mut ana, ringing.call).await;
    ended(&phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_is_not_there_costs_nothing_but_its_answer() {
    let gone = Some("http://127.0.0.1:9/".to_owned());
    let world = World::with(Setup { hook: gone, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    world.metric("hook_before_ringing_total{outcome=\"unreachable\"} 1").await;
}
