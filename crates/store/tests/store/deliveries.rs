//! Each endpoint gets each event at least once, and the events of one call in their order.

use std::collections::{BTreeMap, BTreeSet};

use model::{CallId, EndpointId, Timestamp};
use proptest::prelude::*;
use store::{Attempt, ENDPOINTS_MAX, EndpointRow, Next, Retried, StoreError};
use uuid::Uuid;
use wire::events::EventName;

use crate::world::{World, acme, event, noon};

fn endpoint(types: Vec<EventName>) -> EndpointRow {
    EndpointRow {
        id: EndpointId::from_uuid(Uuid::now_v7()),
        workspace: acme(),
        url: "https://crm.example.com/events".to_owned(),
        secret: "whsec_x".to_owned(),
        previous_secret: None,
        types,
        enabled: true,
        disabled_why: None,
        created_at: noon(0),
    }
}

async fn told(world: &World, call: CallId, name: &str) {
    world.store.append(call, event(name, 1)).await.expect("a test value");
}

async fn due(world: &World, id: EndpointId, now: Timestamp) -> Vec<i64> {
    while world.store.fan_out(id, now).await.expect("a test value") {}
    let due = world.store.due_deliveries(id, now, 100).await.expect("a test value");
    due.into_iter().map(|due| due.event.seq).collect()
}

fn attempt(event: i64, at: Timestamp, next: Next) -> Attempt {
    Attempt { event, at, status: None, error: None, next }
}

#[tokio::test]
async fn an_endpoint_gets_what_happens_from_then_on_and_only_what_it_asked_for() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    told(&world, call, "ring_started").await;
    let (all, picky) = (endpoint(vec![]), endpoint(vec![EventName::CallAgentLost]));
    for endpoint in [&all, &picky] {
        world.store.add_endpoint(endpoint).await.expect("a test value");
    }
    told(&world, call, "bridged").await;
    told(&world, call, "agent_lost").await;
    assert_eq!(due(&world, all.id, noon(1)).await, [2]);
    assert_eq!(due(&world, picky.id, noon(1)).await, [3]);
    let states: Vec<_> = world.store.deliveries(all.id, 10).await.expect("a test value");
    assert_eq!(states.len(), 2, "{states:?}");
}

#[tokio::test]
async fn a_workspace_has_so_many_endpoints_and_no_more() {
    let world = World::new().await;
    for _ in 0..ENDPOINTS_MAX {
        world.store.add_endpoint(&endpoint(vec![])).await.expect("a test value");
    }
    let refused = world.store.add_endpoint(&endpoint(vec![])).await;
    assert!(matches!(refused, Err(StoreError::TooManyEndpoints { max: ENDPOINTS_MAX })));
}

#[tokio::test]
async fn a_removed_or_disabled_endpoint_gets_nothing_more() {
    let world = World::new().await;
    let (one, other) = (endpoint(vec![]), endpoint(vec![]));
    for endpoint in [&one, &other] {
        world.store.add_endpoint(endpoint).await.expect("a test value");
    }
    let call = world.open_call(1).await;
    told(&world, call, "bridged").await;
    assert_eq!(due(&world, one.id, noon(1)).await.len(), 1);
    assert!(world.store.remove_endpoint(&acme(), one.id).await.expect("a test value"));
    assert!(!world.store.remove_endpoint(&acme(), one.id).await.expect("a test value"));
    world.store.disable_endpoint(other.id, "gone").await.expect("a test value");
    told(&world, call, "agent_lost").await;
    for id in [one.id, other.id] {
        assert_eq!(due(&world, id, noon(1)).await, Vec::<i64>::new());
    }
    let left = world.store.endpoints(&acme()).await.expect("a test value");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].disabled_why.as_deref(), Some("gone"));
}

#[tokio::test]
async fn events_behind_one_that_was_never_delivered_do_not_wait_for_ever() {
    let world = World::new().await;
    let subscriber = endpoint(vec![]);
    world.store.add_endpoint(&subscriber).await.expect("a test value");
    let call = world.open_call(1).await;
    told(&world, call, "ring_started").await;
    let old = world.store.newest_event(&acme()).await.expect("a test value");
    let mut late = event("bridged", 1);
    late.at = Timestamp::from_millis(late.at.as_millis() + 1_000_000);
    let between = Timestamp::from_millis(late.at.as_millis() - 1);
    world.store.append(call, late).await.expect("a test value");
    assert_eq!(due(&world, subscriber.id, noon(1)).await, [old]);
    world.store.prune_events(between, noon(2)).await.expect("a test value");
    assert_eq!(due(&world, subscriber.id, noon(2)).await, [old + 1]);
}

/// What happens at an endpoint.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Something happens in one of five calls.
    Told(usize),
    /// The due delivery of this place is tried and ends so.
    Tried(usize, Fate),
    /// Time passes.
    Passed(i64),
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Taken,
    Refused(i64),
    GivenUp,
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        2 => Just(Fate::Taken),
        2 => (1_i64..50).prop_map(Fate::Refused),
        1 => Just(Fate::GivenUp),
    ];
    prop_oneof![
        3 => (0_usize..5).prop_map(Step::Told),
        4 => (0_usize..8, fate).prop_map(|(place, fate)| Step::Tried(place, fate)),
        1 => (1_i64..60).prop_map(Step::Passed),
    ]
}

/// The simplest right endpoint: a list for each call, of which only the first may be tried.
#[derive(Default)]
struct Model {
    lanes: BTreeMap<usize, Vec<(i64, i64)>>,
}

impl Model {
    fn due(&self, now: i64) -> BTreeSet<i64> {
        let first = self.lanes.values().filter_map(|lane| lane.first());
        first.filter(|(_, at)| *at <= now).map(|(event, _)| *event).collect()
    }

    fn tried(&mut self, event: i64, now: i64, fate: Fate) {
        for lane in
            self.lanes.values_mut().filter(|lane| lane.first().is_some_and(|e| e.0 == event))
        {
            match fate {
                Fate::Taken | Fate::GivenUp => {
                    lane.remove(0);
                    if let Some(next) = lane.first_mut() {
                        next.1 = now;
                    }
                }
                Fate::Refused(pause) => lane[0].1 = now + pause,
            }
        }
    }
}

async fn agrees(steps: Vec<Step>) {
    let world = World::new().await;
    let subscriber = endpoint(vec![]);
    world.store.add_endpoint(&subscriber).await.expect("a test value");
    let mut calls = Vec::new();
    for number in 1..=5 {
        calls.push(world.open_call(number).await);
    }
    let (mut model, mut clock) = (Model::default(), 0_i64);
    for step in steps {
        match step {
            Step::Told(lane) => {
                told(&world, calls[lane], "bridged").await;
                let event = world.store.newest_event(&acme()).await.expect("a test value");
                model.lanes.entry(lane).or_default().push((event, clock));
            }
            Step::Passed(time) => clock += time,
            Step::Tried(place, fate) => {
                let Some(event) = model.due(clock).into_iter().nth(place) else { continue };
                let now = Timestamp::from_millis(clock);
                let next = match fate {
                    Fate::Taken => Next::Delivered,
                    Fate::Refused(pause) => Next::Again(Timestamp::from_millis(clock + pause)),
                    Fate::GivenUp => Next::Dead,
                };
                let noted = [attempt(event, now, next)];
                world.store.note_attempts(subscriber.id, &noted).await.expect("a test value");
                model.tried(event, clock, fate);
            }
        }
        let now = Timestamp::from_millis(clock);
        let found: BTreeSet<i64> = due(&world, subscriber.id, now).await.into_iter().collect();
        assert_eq!(found, model.due(clock), "after {step:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_may_be_tried_is_what_the_simplest_model_says(steps in prop::collection::vec(step(), 1..40)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a test value")
            .block_on(agrees(steps));
    }
}

#[tokio::test]
async fn what_was_given_up_is_tried_again_by_hand_and_overtakes_nothing() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    let all = endpoint(vec![]);
    world.store.add_endpoint(&all).await.expect("a test value");
    told(&world, call, "ring_started").await;
    told(&world, call, "bridged").await;
    let [first] = due(&world, all.id, noon(1)).await[..] else { panic!("one at a time") };
    let retry = async |event| world.store.retry_delivery(all.id, event, noon(5)).await.unwrap();
    assert_eq!(retry(first).await, Retried::NotDead);
    assert_eq!(retry(9_999).await, Retried::Nowhere);
    let dead = attempt(first, noon(2), Next::Dead);
    world.store.note_attempts(all.id, &[dead]).await.expect("a test value");
    let second = due(&world, all.id, noon(2)).await[0];
    assert_eq!(retry(first).await, Retried::Queued);
    assert_eq!(due(&world, all.id, noon(6)).await, [second], "the one under way is not overtaken");
    let done = attempt(second, noon(7), Next::Delivered);
    world.store.note_attempts(all.id, &[done]).await.expect("a test value");
    assert_eq!(due(&world, all.id, noon(8)).await, [first], "and then it has its turn");
    let view = world.store.deliveries(all.id, 10).await.expect("a test value");
    assert_eq!(view.iter().find(|one| one.seq == first).map(|one| one.attempts), Some(0));
}
