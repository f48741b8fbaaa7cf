//! Events by cursor and as a stream: in order, without gaps or doubles, each workspace its own.

use std::time::Duration;

use model::{CallId, Direction, LineId, Party, Timestamp, Wacid};
use reqwest::{Method, Response};
use serde_json::Value;
use store::{NewCall, NewEvent};
use uuid::Uuid;

use crate::house::{House, LINE, OTHER_KEY, document, problem, workspace};

/// Longest wait for anything; reached only when a test fails.
const WAIT: Duration = Duration::from_secs(20);

async fn call(house: &House) -> CallId {
    let id = CallId::from_uuid(Uuid::now_v7());
    let new = NewCall {
        id,
        workspace: workspace(),
        line: LineId::new(LINE).expect("a test value"),
        wacid: Wacid::new(format!("wacid.{id}")).expect("a test value"),
        direction: Direction::UserInitiated,
        party: Party::default(),
        arrived_at: Timestamp::now(),
    };
    house.store.open_call(new).await.expect("a test value");
    id
}

async fn happens(house: &House, call: CallId, event: &str) {
    let (event, detail) = (event.to_owned(), serde_json::json!({}));
    let event = NewEvent { at: Timestamp::now(), offset_ms: 0, event, detail };
    house.store.append(call, event).await.expect("a test value");
}

/// The client end of a stream.
struct Stream {
    response: Response,
    text: String,
}

/// One event of a stream: `id`, `event`, `data`.
type Seen = (Option<i64>, String, Value);

impl Stream {
    async fn open(house: &House, query: &str, last: Option<i64>) -> Self {
        let path = format!("/v1/events/stream{query}");
        let mut request = house.keyed(Method::GET, &path).timeout(Duration::from_secs(60));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.expect("a test value");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; those that only carry an id are told by an empty name.
    async fn next(&mut self) -> Seen {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                let field = |name: &str| {
                    let mut lines = block.lines();
                    lines
                        .find_map(|line| line.strip_prefix(name))
                        .map(|text| text.trim().to_owned())
                };
                if block.lines().all(|line| line.starts_with(':')) {
                    continue;
                }
                let data =
                    field("data:").map(|text| serde_json::from_str(&text).expect("a test value"));
                let id = field("id:").map(|id| id.parse().expect("a test value"));
                return (id, field("event:").unwrap_or_default(), data.unwrap_or_default());
            }
            let chunk = tokio::time::timeout(WAIT, self.response.chunk());
            let chunk = chunk
                .await
                .expect("an event in time")
                .expect("a test value")
                .expect("an open stream");
            self.text.push_str(std::str::from_utf8(&chunk).expect("a test value"));
        }
    }
}

#[tokio::test]
async fn a_cursor_reads_on_where_it_was_and_names_pick() {
    let house = House::open().await;
    let one = call(&house).await;
    for event in ["ring_started", "bridged", "agent_lost", "agent_back"] {
        happens(&house, one, event).await;
    }
    let first = house.get("/v1/events?limit=3").await;
    assert_eq!(first["items"].as_array().expect("a test value").len(), 3);
    let after = first["next_after"].as_i64().expect("a test value");
    let rest = house.get(&format!("/v1/events?after={after}")).await;
    assert_eq!(rest["items"].as_array().expect("a test value").len(), 1);
    assert_eq!(rest["items"][0]["type"], "call.agent_back");
    assert_eq!(rest["items"][0]["call"], one.to_string());
    let picked = house.get("/v1/events?type=call.answered,call.agent_lost").await;
    assert_eq!(picked["items"].as_array().expect("a test value").len(), 2);
    let refused = problem(house.keyed(Method::GET, "/v1/events?type=call.exploded")).await;
    assert_eq!(refused, (400, "invalid".to_owned()));
}

#[tokio::test]
async fn a_cursor_older_than_what_is_kept_is_told_so() {
    let house = House::open().await;
    let one = call(&house).await;
    happens(&house, one, "bridged").await;
    let far = Timestamp::now().plus_millis(1_000);
    house.store.prune_events(far, far).await.expect("a test value");
    for path in ["/v1/events?after=0", "/v1/events/stream?after=0"] {
        let gone = problem(house.keyed(Method::GET, path)).await;
        assert_eq!(gone, (410, "events_gone".to_owned()), "{path}");
    }
    let page = house.get("/v1/events").await;
    assert_eq!(page["items"].as_array().expect("a test value").len(), 0);
}

#[tokio::test]
async fn a_stream_that_is_cut_again_and_again_goes_on_without_gaps_or_doubles() {
    let house = House::open().await;
    let one = call(&house).await;
    let (mut last, mut seen) = (None, Vec::new());
    let writer = async {
        for _ in 0..60 {
            happens(&house, one, "agent_lost").await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reader = async {
        while seen.len() < 60 {
            let mut stream = Stream::open(&house, "?type=call.agent_lost", last).await;
            // The first says where the stream begins, for who is cut off before an event comes.
            let begin = stream.next().await;
            assert_eq!(begin.1, "");
            last = last.or(begin.0);
            for _ in 0..7.min(60 - seen.len()) {
                let (id, name, data) = stream.next().await;
                assert_eq!((name.as_str(), data["seq"].as_i64()), ("call.agent_lost", id));
                last = id;
                seen.push(id.expect("a test value"));
            }
        }
    };
    // The reader is there first: a stream without a cursor begins now.
    tokio::join!(reader, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        writer.await;
    });
    let kept = house.get("/v1/events?limit=200").await;
    let kept: Vec<i64> = kept["items"]
        .as_array()
        .expect("a test value")
        .iter()
        .map(|event| event["seq"].as_i64().expect("a test value"))
        .collect();
    assert_eq!(seen, kept);
}

#[tokio::test]
async fn a_stream_shows_presence_as_it_changes() {
    let house = House::open().await;
    let mut stream = Stream::open(&house, "?type=agent.presence", None).await;
    stream.next().await;
    let device = house.device("ana").await;
    let (id, name, data) = stream.next().await;
    assert_eq!((id, name.as_str()), (None, "agent.presence"), "it has no number");
    assert_eq!(data["data"]["agent"], "ana");
    assert_eq!(data["data"]["devices"], 1);
    drop(device);
}

#[tokio::test]
async fn another_workspace_sees_none_of_it() {
    let house = House::open().await;
    let one = call(&house).await;
    happens(&house, one, "bridged").await;
    let theirs = |path: &str| house.request(Method::GET, path).bearer_auth(OTHER_KEY);
    let page = document(theirs("/v1/events?after=0")).await;
    assert_eq!(page["items"].as_array().expect("a test value").len(), 0);
    let mut response = theirs("/v1/events/stream?after=0").send().await.expect("a test value");
    happens(&house, one, "agent_lost").await;
    let _device = house.device("ana").await;
    let mut text = String::new();
    while let Ok(Ok(Some(chunk))) =
        tokio::time::timeout(Duration::from_millis(2_500), response.chunk()).await
    {
        text.push_str(std::str::from_utf8(&chunk).expect("a test value"));
    }
    assert!(text.contains("id: 0") && !text.contains("data"), "{text}");
    let refused =
        house.request(Method::GET, "/v1/events/stream").send().await.expect("a test value");
    assert_eq!(refused.status(), 401);
}
