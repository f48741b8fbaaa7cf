//! News about a call that nobody here knows yet wait for it, for a while and in a bounded place.

use std::time::{Duration, Instant};

use call::{EARLY_KEPT, EARLY_MAX, Early};

#[test]
fn b5_news_that_come_before_their_call_wait_for_it_and_are_joined_in_order() {
    let start = Instant::now();
    let mut early = Early::default();
    early.keep("ours", "connect", start);
    early.keep("theirs", "ringing", start);
    early.keep("ours", "ringing", start + Duration::from_secs(1));
    early.keep("ours", "accepted", start + Duration::from_secs(2));
    let joined = early.take(&"ours", start + Duration::from_secs(3));
    assert_eq!(joined, ["connect", "ringing", "accepted"]);
    assert!(early.take(&"ours", start + Duration::from_secs(3)).is_empty(), "joined once");
    assert_eq!(early.len(), 1, "others wait on");
}

#[test]
fn b5_news_wait_sixty_seconds_and_no_longer() {
    let start = Instant::now();
    let mut early = Early::default();
    early.keep("ours", "accepted", start);
    assert_eq!(early.clone().take(&"ours", start + EARLY_KEPT), ["accepted"]);
    let late = start + EARLY_KEPT + Duration::from_millis(1);
    assert!(early.take(&"ours", late).is_empty());
    assert!(early.is_empty(), "what is old is not kept");
}

#[test]
fn b5_a_flood_of_unknown_calls_takes_a_bounded_place() {
    let now = Instant::now();
    let mut early = Early::default();
    for call in 0..EARLY_MAX + 10 {
        early.keep(call, (), now);
    }
    assert_eq!(early.len(), EARLY_MAX);
    assert!(early.take(&9, now).is_empty(), "the oldest made room");
    assert_eq!(early.take(&10, now).len(), 1);
}
