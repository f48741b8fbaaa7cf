//! A program that subscribed is told a call's story in order, and can read it again.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{PATIENCE, Setup, World, answer, ended, hang_up, talking};

type Told = Arc<Mutex<Vec<Value>>>;

/// A receiver that refuses the first delivery of every event.
async fn receiver() -> (String, Told) {
    let told: Told = Arc::default();
    let ears = told.clone();
    let handler = move |body: String| {
        let event: Value = serde_json::from_str(&body).expect("an event");
        let mut told = ears.lock().expect("nobody panics with it");
        let known = told.contains(&event);
        told.push(event);
        let status = if known { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        std::future::ready(status)
    };
    let app = Router::new().route("/", post(handler));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("a bound address"));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talked_call_is_told_from_ring_to_recording_through_a_kill_of_the_daemon() {
    let mut world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let (url, told) = receiver().await;
    let added = world.post("/v1/endpoints", json!({ "url": url })).await;
    assert!(added["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    world.closed(&call.to_string()).await;
    world.kill();
    world.start_again().await;
    let deadline = Instant::now() + PATIENCE;
    let names = loop {
        let mut names: Vec<String> = told
            .lock()
            .unwrap()
            .iter()
            .filter(|event| event["call"] == call.to_string())
            .map(|event| event["type"].as_str().expect("a type").to_owned())
            .collect();
        names.dedup();
        if names.iter().any(|name| name == "recording.ready") && names.len() >= 4 {
            break names;
        }
        assert!(Instant::now() < deadline, "{names:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(names[..2], ["call.ringing", "call.answered"]);
    assert!(names.iter().any(|name| name == "call.ended"), "{names:?}");
    let replayed = world.get("/v1/events?after=0").await;
    let told = told.lock().unwrap().clone();
    let items = replayed["items"].as_array().expect("a list").clone();
    for event in items.iter().filter(|event| event["call"] == call.to_string()) {
        assert!(told.contains(event), "not told: {event}");
    }
}
