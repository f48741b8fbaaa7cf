//! Browser tests place and watch calls over HTTP.

use serde_json::{Value, json};

use super::business::Business;
use super::world::{World, action, call_of, eventually};

async fn get(world: &World, path: &str) -> Value {
    let url = format!("{}{path}", world.meta.graph_url());
    let response = world.http.get(url).send().await.expect("it answers");
    response.json().await.expect("it answers JSON")
}

#[tokio::test]
async fn a_call_is_placed_watched_and_hung_up_over_http() {
    let world = World::start(|_| {}).await;
    let url = format!("{}/sim/calls", world.meta.graph_url());
    let new = json!({ "says": "tone:440", "name": "Ben", "phone": "4915550003333" });
    let response = world.http.post(&url).json(&new).send().await.unwrap();
    let id = response.json::<Value>().await.unwrap()["id"].as_str().unwrap().to_owned();
    let webhook = world.webhook("connect", 0).await;
    let wacid = model::Wacid::new(call_of(&webhook.json)["id"].as_str().unwrap()).unwrap();
    let path = format!("/sim/calls/{id}");
    assert_eq!(get(&world, &path).await["state"], "calling");
    assert_eq!(get(&world, "/sim/calls").await["calls"][0]["id"], id);

    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    business.speak(true);
    let accept = action("accept", &wacid, Some(&answer));
    assert_eq!(world.graph(accept).await.0, 200);
    eventually("the business to hear it", || business.heard().packets > 50).await;
    let seen = get(&world, &path).await;
    assert_eq!(seen["state"], "talking");
    assert!(seen["heard"]["packets"].as_u64().unwrap() > 0);
    let (at_880, at_440) = (
        seen["heard"]["tones"]["880"].as_f64().unwrap(),
        seen["heard"]["tones"]["440"].as_f64().unwrap(),
    );
    assert!(at_880 > at_440 + 20.0, "{at_880} dB, {at_440} dB");
    assert_eq!(seen["violations"], json!([]));
    assert!(!seen.to_string().contains("4915550003333"));

    let hang_up = format!("{}{path}/hang_up", world.meta.graph_url());
    world.http.post(hang_up).send().await.unwrap();
    let seen = get(&world, &path).await;
    assert_eq!(seen["state"], "ended");
    assert_eq!(seen["ended"]["status"], "COMPLETED");
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_a_reason() {
    let world = World::start(|_| {}).await;
    let url = format!("{}/sim/calls", world.meta.graph_url());
    for (new, status) in [
        (json!({ "says": "music" }), 400),
        (json!({ "says": "wav:/nowhere.wav" }), 409),
        (json!({ "line": "7" }), 409),
        (json!({ "dance": true }), 422),
    ] {
        let response = world.http.post(&url).json(&new).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{new}");
    }
    let missing = format!("{url}/none");
    let response = world.http.get(missing).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 404);
    world.meta.shut_down().await;
}
