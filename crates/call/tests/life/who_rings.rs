//! Who of a group rings when: at once, in turn, by tier, and whom the caller knows first.

use std::time::{Duration, Instant};

use call::{Habits, Roster, STEPS_MAX, Wave, Whom, choose, choose_newcomers, plan};
use model::{AgentId, CallId, GroupId, Member, Overflow, RingPolicy, Strategy};
use uuid::Uuid;

use crate::stage::target;

const NAMES: [&str; 3] = ["ana", "ben", "cleo"];

fn agent(name: &str) -> AgentId {
    AgentId::new(name).expect("a valid name")
}

fn call(n: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(n))
}

/// Three agents with a device each that can ring.
fn house() -> Roster {
    let mut roster = Roster::new(Habits::default());
    for (n, name) in (1..).zip(NAMES) {
        let target = target(name, n);
        roster.join(target.agent, target.device);
        roster.want_calls(target.device, true);
        roster.leg_is(target.device, true);
    }
    roster
}

fn members(tiers: [u8; 3]) -> Vec<Member> {
    NAMES.iter().zip(tiers).map(|(name, tier)| Member { agent: agent(name), tier }).collect()
}

/// Waves as seconds and names, to read.
fn read(waves: &[Wave]) -> Vec<(u64, Option<u64>, Vec<&str>)> {
    let names = |wave: &Wave| {
        let here = NAMES.into_iter();
        here.filter(|name| wave.targets.iter().any(|target| target.agent == agent(name))).collect()
    };
    waves
        .iter()
        .map(|wave| (wave.from.as_secs(), wave.until.map(|u| u.as_secs()), names(wave)))
        .collect()
}

#[test]
fn everybody_rings_at_once_those_on_a_call_included() {
    let mut roster = house();
    roster.occupy(&agent("ben"), call(1)).expect("free");
    let waves = choose(&roster, None, &RingPolicy::default(), None, None);
    assert_eq!(read(&waves), [(0, None, vec!["ana", "ben", "cleo"])]);
    roster.leave(target("ana", 1).device);
    let ours = members([0; 3]);
    let waves = choose(&roster, Some(&ours[..2]), &RingPolicy::default(), None, None);
    assert_eq!(read(&waves), [(0, None, vec!["ben"])], "members only, and only who is here");
    assert_eq!(choose(&roster, Some(&ours[..1]), &RingPolicy::default(), None, None), []);
}

#[test]
fn who_has_been_without_a_call_longest_rings_first_and_who_talks_is_skipped() {
    let policy = RingPolicy { strategy: Strategy::LongestIdle, ..RingPolicy::default() };
    let mut roster = house();
    let now = Instant::now();
    for (name, ago) in [("ana", 10), ("cleo", 70)] {
        roster.occupy(&agent(name), call(1)).expect("free");
        assert!(roster.finish(&agent(name), call(1), now + Duration::from_secs(100 - ago)));
    }
    let waves = choose(&roster, None, &policy, None, None);
    let expected =
        [(0, Some(10), vec!["ben"]), (10, Some(20), vec!["cleo"]), (20, Some(30), vec!["ana"])];
    assert_eq!(read(&waves), expected);
    roster.occupy(&agent("ben"), call(2)).expect("free");
    let waves = choose(&roster, None, &policy, None, None);
    assert_eq!(read(&waves), [(0, Some(10), vec!["cleo"]), (10, Some(20), vec!["ana"])]);
}

#[test]
fn round_robin_goes_on_after_whoever_was_first_last_time() {
    let policy =
        RingPolicy { strategy: Strategy::RoundRobin, turn_seconds: 5, ..RingPolicy::default() };
    let (roster, ours) = (house(), members([0; 3]));
    let mut last = None;
    let mut firsts = Vec::new();
    for _ in 0..4 {
        let waves = choose(&roster, Some(&ours), &policy, None, last.as_ref());
        assert_eq!(waves.len(), 3);
        last = waves.first().and_then(|wave| wave.targets.first()).map(|t| t.agent.clone());
        firsts.extend(last.clone());
    }
    assert_eq!(firsts, [agent("ana"), agent("ben"), agent("cleo"), agent("ana")]);
}

#[test]
fn each_further_tier_joins_after_the_delay() {
    let policy = RingPolicy { strategy: Strategy::Tiers, ..RingPolicy::default() };
    let waves = choose(&house(), Some(&members([1, 0, 1])), &policy, None, None);
    assert_eq!(read(&waves), [(0, None, vec!["ben"]), (8, None, vec!["ana", "cleo"])]);
}

#[test]
fn who_knows_the_caller_rings_alone_first_if_they_are_free() {
    let policy = RingPolicy { sticky_seconds: 6, ..RingPolicy::default() };
    let mut roster = house();
    let (cleo, nobody) = (agent("cleo"), agent("zoe"));
    let waves = choose(&roster, None, &policy, Some(&cleo), None);
    assert_eq!(read(&waves), [(0, None, vec!["cleo"]), (6, None, vec!["ana", "ben"])]);
    let waves = choose(&roster, None, &policy, Some(&nobody), None);
    assert_eq!(read(&waves), [(0, None, vec!["ana", "ben", "cleo"])]);
    roster.occupy(&cleo, call(1)).expect("free");
    let waves = choose(&roster, None, &policy, Some(&cleo), None);
    assert_eq!(read(&waves), [(0, None, vec!["ana", "ben", "cleo"])], "nobody waits for who talks");
}

#[test]
fn newcomers_ring_when_they_would_have_rung_and_nobody_else_is_looked_at() {
    let roster = house();
    let (ana, ben, cleo) = (agent("ana"), target("ben", 2), agent("cleo"));
    let of = |members: Option<&[Member]>, policy: &RingPolicy, sticky: Option<&AgentId>| {
        read(&choose_newcomers(&roster, members, policy, sticky, std::slice::from_ref(&ben)))
            .into_iter()
            .map(|(from, until, names)| (from, until, names.join(" ")))
            .collect::<Vec<_>>()
    };
    let all = RingPolicy::default();
    assert_eq!(of(None, &all, None), [(0, None, "ben".to_owned())]);
    let ours = members([0, 2, 0]);
    assert_eq!(of(Some(&ours[..1]), &all, None), [], "ben is not of this group");
    let tiers =
        RingPolicy { strategy: Strategy::Tiers, tier_delay_seconds: 5, ..RingPolicy::default() };
    assert_eq!(of(Some(&ours), &tiers, None), [(10, None, "ben".to_owned())]);
    let known = RingPolicy { sticky_seconds: 6, ..RingPolicy::default() };
    let after_cleo = [(0, None, "cleo".to_owned()), (6, None, "ben".to_owned())];
    assert_eq!(of(None, &known, Some(&cleo)), after_cleo, "whom the caller knows has precedence");
    let in_turn = RingPolicy { strategy: Strategy::LongestIdle, ..RingPolicy::default() };
    let turn = u64::from(in_turn.turn_seconds);
    assert_eq!(of(None, &in_turn, Some(&ana)), [(0, Some(turn), "ben".to_owned())]);
}

#[test]
fn a_plan_follows_overflows_but_never_in_a_circle_and_never_far() {
    let allowed = Duration::from_secs(28);
    let group = |n: usize| GroupId::new(format!("g{n}")).expect("a valid id");
    // Each group overflows into the next one, modulo `circle`.
    let chain = |circle: usize| {
        plan(Some(&group(0)), allowed, move |id| {
            let n: usize = id.as_str().trim_start_matches('g').parse().expect("a number");
            let overflow = Overflow::Group { group: group((n + 1) % circle) };
            Some((format!("Group {n}"), RingPolicy { overflow, ..RingPolicy::default() }))
        })
    };
    assert_eq!(chain(100).steps.len(), STEPS_MAX);
    let circle = chain(2);
    let whom: Vec<_> = circle.steps.iter().map(|step| step.whom.clone()).collect();
    assert_eq!(whom, [Whom::Group(group(0)), Whom::Group(group(1))]);
    let gone = plan(Some(&group(9)), allowed, |_| None);
    assert_eq!(gone.steps.len(), 1);
    assert_eq!(gone.steps[0].whom, Whom::Everybody, "a group that was deleted loses no call");
}
