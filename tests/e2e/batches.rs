//! A webhook with many entries is read item by item: what is unknown costs its neighbours nothing.

use serde_json::{Value, json};

use crate::world::{LINE, World};

fn change(field: &str, calls: Value) -> Value {
    json!({ "field": field, "value": {
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001111", "phone_number_id": LINE },
        "calls": calls } })
}

fn call(wacid: &str, event: &str) -> Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    json!({ "id": wacid, "from": "15550002222", "event": event, "timestamp": now.to_string(),
        "direction": "USER_INITIATED", "session": { "sdp_type": "offer", "sdp": "<<SDP>>" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn b6_every_item_of_a_batch_is_handled_alone_and_the_unknown_is_counted() {
    let world = World::start().await;
    let _ana = world.agent("ana").await;
    let body = json!({ "object": "whatsapp_business_account", "entry": [
        "no entry at all",
        { "id": "1", "changes": [
            { "field": "account_update", "value": { "new": true } },
            change("calls", json!([call("wacid.QjYx", "connect"), call("wacid.QjYx", "sing"), 7])),
        ] },
        { "id": "2", "changes": [
            // This hang-up overtakes its connect within the same body.
            change("calls", json!([call("wacid.QjYy", "terminate")])),
            "no change at all",
            change("calls", json!([call("wacid.QjYy", "connect"), call("wacid.QjYz", "connect")])),
        ] },
        { "id": "3", "changes": [change("something_new", json!([call("wacid.QjY0", "connect")]))] },
    ] });
    let body = body.to_string().into_bytes();
    let signature = world.meta.sign(&body);
    assert_eq!(world.meta.post_raw(body, Some(signature)).await, 200);
    let listed = world.get("/v1/calls").await;
    let items = listed["items"].as_array().expect("a list");
    assert_eq!(items.len(), 3, "{listed:#}");
    let mut causes = Vec::new();
    for item in items {
        let closed = world.closed(item["id"].as_str().expect("an id")).await;
        causes.push(closed["end"]["cause"].as_str().expect("a cause").to_owned());
    }
    causes.sort();
    assert_eq!(causes, ["bad_offer", "bad_offer", "terminated_before_connect"]);
    // Two unknown fields, one unknown event, one call, one change and one entry that are none.
    world.metric("webhook_ignored_total 6").await;
}
