//! Meta's figures of an account's calls are asked for as its reference shows, and read exactly.

use model::{Direction, Micros, Timestamp};

use crate::meta::{Meta, Reply};

#[tokio::test]
async fn h9_a_days_figures_are_asked_for_by_direction_and_country() {
    let answer = r#"{"call_analytics":{"granularity":"DAILY","data_points":[
        {"start":1765958400,"end":1766044800,"cost":0.47795,"count":35,"average_duration":106,
         "direction":"BUSINESS_INITIATED","country":"IN"}]},"id":"102290129340398"}"#;
    let meta = Meta::start([
        Reply::Body(200, answer.to_owned()),
        Reply::refusal(400, 100, "no such account"),
        Reply::Body(200, "<html>".to_owned()),
    ])
    .await;
    let graph = meta.graph();
    let (from, to) =
        (Timestamp::from_seconds(1_765_958_400), Timestamp::from_seconds(1_766_044_800));
    let points = graph.call_analytics("102290129340398", from, to).await.unwrap();
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].direction, Direction::BusinessInitiated);
    assert_eq!(points[0].cost, Some(Micros::new(477_950)));
    let seen = &meta.seen()[0];
    assert_eq!((seen.method.as_str(), seen.uri.path()), ("GET", "/v23.0/102290129340398"));
    let query = seen.uri.query().unwrap();
    for part in ["start%281765958400%29", "end%281766044800%29", "DAILY", "direction%2Ccountry"] {
        assert!(query.contains(part), "{part} is not in {query}");
    }
    assert_eq!(seen.headers["authorization"], "Bearer EAAG-fixture-token");
    assert!(graph.call_analytics("102290129340398", from, to).await.is_err());
    assert!(graph.call_analytics("102290129340398", from, to).await.is_err());
}
