//! Groups over REST: put, shown, refused by field, needed by others, chosen for a line.

use model::{GroupId, LineId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, LINE, OTHER_KEY, OTHER_LINE, answer, document, problem, workspace};

async fn put(house: &House, id: &str, body: Value) -> (u16, Value) {
    let request = house.keyed(Method::PUT, &format!("/v1/groups/{id}")).json(&body);
    let (status, body) = answer(request).await;
    (status.as_u16(), body)
}

fn to(group: &str) -> Value {
    json!({ "overflow": { "to": "group", "group": group } })
}

#[tokio::test]
async fn a_group_is_put_shown_replaced_and_removed() {
    let house = House::open().await;
    for agent in ["ana", "ben"] {
        house.token(agent).await;
    }
    let (status, made) = put(
        &house,
        "support",
        json!({
            "name": " Support ",
            "policy": { "strategy": "tiers", "ring_seconds": 20 },
            "members": [{ "agent": "ben", "tier": 1 }, { "agent": "ana" }],
        }),
    )
    .await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["name"], "Support");
    assert_eq!(made["policy"]["strategy"], "tiers");
    assert_eq!(made["policy"]["turn_seconds"], 10, "the rest has its defaults");
    assert_eq!(made["members"], json!([{"agent": "ana", "tier": 0}, {"agent": "ben", "tier": 1}]));
    assert_eq!(house.get("/v1/groups/support").await, made);
    assert_eq!(house.get("/v1/groups").await, json!([made]));
    let (_, replaced) = put(&house, "support", json!({ "name": "Support" })).await;
    assert_eq!(replaced["members"], json!([]));

    // Who is removed is in no group any more.
    put(&house, "support", json!({ "name": "Support", "members": [{ "agent": "ana" }] })).await;
    house.keyed(Method::DELETE, "/v1/agents/ana").send().await.unwrap();
    assert_eq!(house.get("/v1/groups/support").await["members"], json!([]));
    let switchboard = house.exchange.of(&workspace()).unwrap();
    let live = switchboard.group(&GroupId::new("support").unwrap()).unwrap();
    assert!(live.members.is_empty(), "the live one too");

    let removed = house.keyed(Method::DELETE, "/v1/groups/support").send().await.unwrap();
    assert_eq!(removed.status(), StatusCode::NO_CONTENT);
    for method in [Method::GET, Method::DELETE] {
        let gone = problem(house.keyed(method, "/v1/groups/support")).await;
        assert_eq!(gone, (404, "not_found".to_owned()));
    }
}

#[tokio::test]
async fn a_group_that_cannot_be_is_refused_by_its_field() {
    let house = House::open().await;
    house.token("ana").await;
    put(&house, "b", json!({ "name": "B" })).await;
    for (body, field) in [
        (json!({ "name": "" }), "name:"),
        (json!({ "name": "A", "members": [{ "agent": "nobody" }] }), "members[0].agent:"),
        (
            json!({ "name": "A", "members": [{ "agent": "ana" }, { "agent": "ana" }] }),
            "members[1].agent:",
        ),
        (json!({ "name": "A", "policy": { "ring_seconds": 0 } }), "policy.ring_seconds:"),
        (json!({ "name": "A", "policy": { "turn_seconds": 9999 } }), "policy.turn_seconds:"),
        (json!({ "name": "A", "policy": to("a") }), "policy.overflow.group:"),
        (json!({ "name": "A", "policy": to("nowhere") }), "policy.overflow.group:"),
        (
            json!({ "name": "A", "policy": { "overflow": { "to": "queue", "max_wait_seconds": 0 } } }),
            "policy.overflow.max_wait_seconds:",
        ),
        (json!({ "name": "A", "policy": { "ring_secnds": 9 } }), "ring_secnds"),
        (json!({ "name": "A", "memebrs": [] }), "memebrs"),
    ] {
        let (status, refused) = put(&house, "a", body.clone()).await;
        assert_eq!(status, 400, "{body} {refused}");
        assert!(refused["detail"].as_str().unwrap().contains(field), "{body} {refused}");
    }
    assert_eq!(house.get("/v1/groups").await.as_array().unwrap().len(), 1, "nothing was kept");
}

#[tokio::test]
async fn a_group_that_is_needed_stays_until_it_is_not() {
    let house = House::open().await;
    put(&house, "night", json!({ "name": "Night" })).await;
    put(&house, "day", json!({ "name": "Day", "policy": to("night") })).await;
    let line = format!("/v1/lines/{LINE}/group");
    let chosen = document(house.keyed(Method::PUT, &line).json(&json!({ "group": "day" }))).await;
    assert_eq!(chosen, json!({ "id": LINE, "name": "Support", "group": "day" }));
    let switchboard = house.exchange.of(&workspace()).unwrap();
    let line_id = LineId::new(LINE).unwrap();
    assert_eq!(switchboard.group_of(&line_id).unwrap().name, "Day", "the next call rings by it");
    for group in ["night", "day"] {
        let needed = problem(house.keyed(Method::DELETE, &format!("/v1/groups/{group}"))).await;
        assert_eq!(needed, (409, "in_use".to_owned()), "{group}");
    }
    document(house.keyed(Method::PUT, &line).json(&json!({ "group": null }))).await;
    assert!(switchboard.group_of(&line_id).is_none());
    for group in ["day", "night"] {
        let gone =
            house.keyed(Method::DELETE, &format!("/v1/groups/{group}")).send().await.unwrap();
        assert_eq!(gone.status(), StatusCode::NO_CONTENT, "{group}");
    }
    let nowhere = house.keyed(Method::PUT, &line).json(&json!({ "group": "nowhere" }));
    assert_eq!(problem(nowhere).await, (400, "invalid".to_owned()));
}

#[tokio::test]
async fn groups_and_lines_of_another_workspace_are_not_there() {
    let house = House::open().await;
    house.token("ana").await;
    put(&house, "support", json!({ "name": "Support", "members": [{ "agent": "ana" }] })).await;
    let others = |method, path: &str| house.request(method, path).bearer_auth(OTHER_KEY);
    assert_eq!(document(others(Method::GET, "/v1/groups")).await, json!([]));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(problem(others(method, "/v1/groups/support")).await.0, 404);
    }
    // Neither our agent nor our group can be put into theirs, nor can they choose for our line.
    let body = json!({ "name": "Theirs", "members": [{ "agent": "ana" }] });
    assert_eq!(problem(others(Method::PUT, "/v1/groups/theirs").json(&body)).await.0, 400);
    let body = json!({ "name": "Theirs", "policy": to("support") });
    assert_eq!(problem(others(Method::PUT, "/v1/groups/theirs").json(&body)).await.0, 400);
    let theirs = format!("/v1/lines/{OTHER_LINE}/group");
    let ours = format!("/v1/lines/{LINE}/group");
    let body = json!({ "group": "support" });
    assert_eq!(problem(others(Method::PUT, &theirs).json(&body)).await.0, 400);
    let none = json!({ "group": null });
    assert_eq!(problem(others(Method::PUT, &ours).json(&none)).await.0, 404);
    assert_eq!(answer(others(Method::PUT, &theirs).json(&none)).await.0, StatusCode::OK);
    assert_eq!(house.get("/v1/groups/support").await["name"], "Support");
}
