//! Ready means truly ringable; what stands in the way is named.

use std::time::{Duration, Instant};

use call::{Habits, Readiness, Roster};
use model::{Blocker, CallId, Presence, Right, Rights, RingOutcome};
use uuid::Uuid;

use crate::stage::target;

fn ready(habits: Habits) -> Roster {
    let mut roster = Roster::new(habits);
    let ana = target("ana", 1);
    roster.join(ana.agent, ana.device);
    roster.want_calls(ana.device, true);
    roster.leg_is(ana.device, true);
    roster
}

fn call(n: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(n))
}

#[test]
fn each_thing_that_is_missing_keeps_a_device_from_ringing_and_is_named() {
    let ana = target("ana", 1);
    let fine = Readiness::default();
    for (readiness, blocker) in [
        (Readiness { socket: false, ..fine }, Blocker::SocketLost),
        (Readiness { microphone: false, ..fine }, Blocker::Microphone),
        (Readiness { audio: false, ..fine }, Blocker::AudioLocked),
        (Readiness { leader: false, ..fine }, Blocker::NotLeader),
    ] {
        let mut roster = ready(Habits::default());
        assert_eq!(
            (roster.presence(&ana.agent), roster.blockers(ana.device)),
            (Presence::Ready, vec![])
        );
        roster.readiness_is(ana.device, readiness);
        assert_eq!(roster.presence(&ana.agent), Presence::Away, "{blocker:?}");
        assert_eq!(roster.blockers(ana.device), [blocker]);
        assert_eq!(roster.targets(), []);
        roster.readiness_is(ana.device, fine);
        assert!(roster.ringable(ana.device));
    }
    let mut roster = ready(Habits::default());
    roster.leg_is(ana.device, false);
    assert_eq!(roster.blockers(ana.device), [Blocker::MediaDown]);
    roster.want_calls(ana.device, false);
    assert_eq!(roster.blockers(ana.device), [Blocker::Away]);
    let mut roster = ready(Habits::default());
    roster.allow(&ana.agent, Rights::NONE.with(Right::Dial));
    assert_eq!(roster.blockers(ana.device), [Blocker::NotAllowed]);
    assert_eq!(roster.presence(&ana.agent), Presence::Away);
}

#[test]
fn one_ready_device_of_several_makes_its_agent_ready() {
    let mut roster = ready(Habits::default());
    let second = target("ana", 2);
    roster.join(second.agent.clone(), second.device);
    assert_eq!(roster.presence(&second.agent), Presence::Ready);
    assert_eq!(roster.blockers(second.device), [Blocker::Away]);
    assert_eq!(roster.targets(), [target("ana", 1)]);
    roster.leave(target("ana", 1).device);
    assert_eq!(roster.presence(&second.agent), Presence::Away);
    roster.leave(second.device);
    assert_eq!(roster.presence(&second.agent), Presence::Offline);
}

#[test]
fn an_agent_finishes_up_after_a_talk_until_the_time_is_over_or_they_say_so() {
    let ana = target("ana", 1);
    let habits = Habits { wrap_up: Duration::from_secs(30), missed_max: 0 };
    let mut roster = ready(habits);
    let now = Instant::now();
    roster.occupy(&ana.agent, call(1)).expect("free");
    assert_eq!(roster.presence(&ana.agent), Presence::Busy);
    assert!(!roster.finish(&ana.agent, call(2), now), "another call's end is not theirs");
    assert!(roster.finish(&ana.agent, call(1), now));
    assert_eq!(roster.presence(&ana.agent), Presence::WrapUp);
    assert_eq!(roster.blockers(ana.device), [Blocker::WrapUp]);
    let due = now + Duration::from_secs(30);
    assert_eq!(roster.poll_timeout(), Some(due));
    assert_eq!(roster.handle_timeout(due - Duration::from_millis(1)), []);
    assert_eq!(roster.handle_timeout(due), std::slice::from_ref(&ana.agent));
    assert_eq!((roster.presence(&ana.agent), roster.poll_timeout()), (Presence::Ready, None));
    roster.occupy(&ana.agent, call(3)).expect("free");
    roster.finish(&ana.agent, call(3), due);
    assert!(roster.end_wrap_up(&ana.agent));
    assert!(!roster.end_wrap_up(&ana.agent));
    assert_eq!(roster.presence(&ana.agent), Presence::Ready);
    // A claim that came to nothing is no talk.
    roster.occupy(&ana.agent, call(4)).expect("free");
    roster.free(&ana.agent, call(4));
    assert_eq!(roster.presence(&ana.agent), Presence::Ready);
}

#[test]
fn who_lets_several_calls_ring_in_a_row_is_set_away_until_they_go_ready_again() {
    let ana = target("ana", 1);
    let mut roster = ready(Habits { missed_max: 3, ..Habits::default() });
    use RingOutcome::{CallerHungUp, Claimed, Declined, TakenByOther, Unanswered};
    for outcome in
        [Unanswered, Unanswered, Claimed, Unanswered, Unanswered, TakenByOther, CallerHungUp]
    {
        assert!(!roster.ring_ended(&ana.agent, outcome));
    }
    assert!(!roster.ring_ended(&ana.agent, Declined), "who declines is there");
    assert!(!roster.ring_ended(&ana.agent, Unanswered));
    assert!(!roster.ring_ended(&ana.agent, Unanswered));
    roster.occupy(&ana.agent, call(1)).expect("free");
    assert!(!roster.ring_ended(&ana.agent, Unanswered), "who talks cannot answer");
    roster.free(&ana.agent, call(1));
    assert!(roster.ring_ended(&ana.agent, Unanswered));
    assert_eq!(roster.presence(&ana.agent), Presence::Away);
    assert_eq!(roster.blockers(ana.device), [Blocker::MissedRings]);
    roster.want_calls(ana.device, true);
    assert_eq!(roster.presence(&ana.agent), Presence::Ready);
    let mut off = ready(Habits::default());
    assert!((0..100).all(|_| !off.ring_ended(&ana.agent, Unanswered)), "0 never does");
}

#[test]
fn an_agent_has_one_call_at_a_time_and_keeps_it_when_every_tab_is_closed() {
    let ana = target("ana", 1);
    let mut roster = ready(Habits::default());
    assert_eq!(roster.occupy(&ana.agent, call(1)), Ok(true));
    assert_eq!(roster.occupy(&ana.agent, call(1)), Ok(false));
    assert!(roster.occupy(&ana.agent, call(2)).is_err());
    roster.leave(ana.device);
    assert_eq!(roster.on_call(&ana.agent), Some(call(1)));
    assert_eq!(roster.agents().len(), 1);
    assert_eq!(roster.remove(&ana.agent), []);
    assert!(roster.free(&ana.agent, call(1)));
    assert_eq!(roster.agents(), []);
}

#[test]
fn d1_a_lost_socket_keeps_a_device_from_ringing_and_takes_no_call_away() {
    let ana = target("ana", 1);
    let mut roster = ready(Habits::default());
    roster.occupy(&ana.agent, call(1)).expect("free");
    roster.socket_is(ana.device, false);
    assert!(!roster.ringable(ana.device));
    assert_eq!(roster.on_call(&ana.agent), Some(call(1)));
    assert_eq!(roster.presence(&ana.agent), Presence::Busy);
    roster.socket_is(ana.device, true);
    assert!(roster.ringable(ana.device));
}
