//! Permission to call and to ask for it, under a clock of the test's own: windows, limits, expiries,
//! streaks, summer time, and a clock of Meta's that is wrong.

use call::{Allowance, Ask, Permission, Permit, Reply, STREAK_REVOKES};
use model::{DialBlocker, DialRefusal, Timestamp};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// 2026-10-24T10:00:00Z, the day before Europe's clocks go back.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_792_836_000_000 + millis)
}

fn temporary(until: i64) -> Reply {
    Reply::Granted { permanent: false, until: Some(at(until)) }
}

const PERMANENT: Reply = Reply::Granted { permanent: true, until: None };

/// A contact who wrote at the start.
fn wrote() -> Permit {
    let mut permit = Permit::default();
    permit.spoke(at(0), at(0));
    permit
}

fn refusal(blocker: DialBlocker, until: i64) -> Result<Ask, DialRefusal> {
    Err(DialRefusal::until(blocker, at(until)))
}

#[test]
fn every_reply_of_metas_leads_to_its_state() {
    let cases = [
        (
            "accepted for a while",
            temporary(7 * DAY),
            Permission::Temporary { until: Some(at(7 * DAY)) },
        ),
        ("accepted for ever", PERMANENT, Permission::Permanent),
        ("granted from the profile", PERMANENT, Permission::Permanent),
        ("declined", Reply::Declined, Permission::Declined),
        (
            "granted by calling us",
            temporary(7 * DAY),
            Permission::Temporary { until: Some(at(7 * DAY)) },
        ),
        ("revoked by WhatsApp", Reply::Revoked, Permission::Revoked),
    ];
    for (what, reply, expected) in cases {
        let mut permit = wrote();
        permit.was_asked(at(0));
        assert_eq!(permit.permission(at(1)), Permission::Requested);
        permit.replied(reply, at(MINUTE), at(MINUTE));
        assert_eq!(permit.permission(at(2 * MINUTE)), expected, "{what}");
    }
}

#[test]
fn a_permission_expires_by_the_clock_to_the_millisecond() {
    let mut permit = Permit::default();
    permit.replied(temporary(7 * DAY), at(0), at(0));
    assert!(permit.may_call(&[], false, at(7 * DAY - 1)).is_ok());
    let over = permit.may_call(&[], false, at(7 * DAY));
    assert_eq!(over, Err(DialRefusal::of(DialBlocker::NoPermission)));
    assert_eq!(permit.permission(at(7 * DAY)), Permission::None);
}

#[test]
fn replies_that_come_twice_or_out_of_order_change_nothing() {
    let mut permit = Permit::default();
    permit.replied(temporary(7 * DAY), at(HOUR), at(HOUR));
    permit.replied(Reply::Declined, at(0), at(2 * HOUR));
    assert!(permit.is_permitted(at(2 * HOUR)), "what was said before is old");
    permit.replied(Reply::Revoked, at(3 * HOUR), at(3 * HOUR));
    permit.replied(temporary(7 * DAY), at(HOUR), at(4 * HOUR));
    assert_eq!(permit.permission(at(5 * HOUR)), Permission::Revoked, "a redelivery gives nothing");
}

#[test]
fn a_clock_of_metas_that_is_ahead_does_not_outlive_what_comes_later() {
    let mut permit = Permit::default();
    permit.replied(temporary(7 * DAY), at(HOUR), at(0));
    permit.replied(Reply::Revoked, at(MINUTE), at(MINUTE));
    assert_eq!(permit.permission(at(2 * MINUTE)), Permission::Revoked);
    let mut permit = Permit::default();
    permit.spoke(at(5 * HOUR), at(0));
    assert_eq!(permit.window_until(at(0)), Some(at(DAY)), "no longer than from now");
}

#[test]
fn the_window_is_open_for_a_day_after_the_contact_spoke() {
    let cases = [
        (0, false, Ok(Ask::Freely)),
        (DAY - 1, false, Ok(Ask::Freely)),
        (DAY, false, Err(DialRefusal::of(DialBlocker::WindowClosed))),
        (DAY, true, Ok(Ask::ByTemplate)),
        (0, true, Ok(Ask::Freely)),
    ];
    for (when, template, expected) in cases {
        assert_eq!(wrote().may_ask(template, at(when)), expected, "{when} {template}");
    }
    // An earlier word does not shorten it.
    let mut permit = wrote();
    permit.spoke(at(-HOUR), at(MINUTE));
    assert_eq!(permit.may_ask(false, at(DAY - 1)), Ok(Ask::Freely));
    // A call that was connected opens it, too; a template alone does not.
    let mut permit = Permit::default();
    permit.was_asked(at(0));
    assert_eq!(permit.window_until(at(1)), None);
    permit.connected(at(HOUR));
    assert_eq!(permit.window_until(at(HOUR)), Some(at(HOUR + DAY)));
}

#[test]
fn one_request_a_day_and_two_a_week() {
    let mut permit = wrote();
    permit.was_asked(at(0));
    permit.spoke(at(DAY), at(DAY));
    assert_eq!(permit.may_ask(false, at(DAY - 1)), refusal(DialBlocker::AskedToday, DAY));
    assert_eq!(permit.may_ask(false, at(DAY)), Ok(Ask::Freely));
    permit.was_asked(at(DAY));
    // The stricter of both speaks: tomorrow it is the week that is in the way.
    assert_eq!(permit.may_ask(true, at(DAY + HOUR)), refusal(DialBlocker::AskedToday, 2 * DAY));
    assert_eq!(permit.may_ask(true, at(2 * DAY)), refusal(DialBlocker::AskedTwice, 7 * DAY));
    assert_eq!(permit.may_ask(true, at(7 * DAY - 1)), refusal(DialBlocker::AskedTwice, 7 * DAY));
    assert_eq!(permit.may_ask(true, at(7 * DAY)), Ok(Ask::ByTemplate));
    permit.was_asked(at(7 * DAY));
    // The second of the first week still counts with it.
    assert_eq!(permit.may_ask(true, at(8 * DAY)), Ok(Ask::ByTemplate), "the first is a week old");
}

#[test]
fn a_connected_call_gives_the_requests_back() {
    let mut permit = wrote();
    permit.was_asked(at(0));
    permit.was_asked(at(DAY));
    assert!(permit.may_ask(true, at(DAY + HOUR)).is_err());
    permit.connected(at(DAY + HOUR));
    assert_eq!(permit.may_ask(false, at(DAY + 2 * HOUR)), Ok(Ask::Freely));
}

#[test]
fn a_decline_blocks_the_next_request_for_a_day_although_there_was_a_call() {
    let mut permit = wrote();
    permit.was_asked(at(0));
    permit.replied(Reply::Declined, at(HOUR), at(HOUR));
    permit.connected(at(2 * HOUR));
    let blocked = refusal(DialBlocker::DeclinedToday, HOUR + DAY);
    assert_eq!(permit.may_ask(true, at(3 * HOUR)), blocked);
    assert_eq!(permit.may_ask(true, at(HOUR + DAY - 1)), blocked);
    assert_eq!(permit.may_ask(true, at(HOUR + DAY)), Ok(Ask::Freely));
}

#[test]
fn who_permits_for_ever_is_not_asked_and_who_permits_for_a_while_can_be() {
    let mut permit = wrote();
    permit.replied(PERMANENT, at(0), at(0));
    let already = Err(DialRefusal::of(DialBlocker::AlreadyPermitted));
    assert_eq!(permit.may_ask(true, at(HOUR)), already);
    let mut permit = wrote();
    permit.replied(temporary(7 * DAY), at(0), at(0));
    assert_eq!(permit.may_ask(false, at(HOUR)), Ok(Ask::Freely));
    permit.was_asked(at(HOUR));
    assert!(permit.is_permitted(at(2 * HOUR)), "asking takes nothing away");
}

#[test]
fn the_call_that_would_end_the_permission_is_held_back_unless_forced() {
    let mut permit = Permit::default();
    permit.replied(PERMANENT, at(0), at(0));
    for unanswered in 0..STREAK_REVOKES - 1 {
        assert_eq!(permit.unanswered(), unanswered);
        assert!(permit.may_call(&[], false, at(HOUR)).is_ok(), "{unanswered} unanswered");
        permit.did_not_answer();
    }
    let held = Err(DialRefusal::of(DialBlocker::Streak));
    assert_eq!(permit.may_call(&[], false, at(HOUR)), held);
    assert!(permit.may_call(&[], true, at(HOUR)).is_ok());
    permit.connected(at(HOUR));
    assert!(permit.may_call(&[], false, at(2 * HOUR)).is_ok(), "an answer begins anew");
    for _ in 0..STREAK_REVOKES {
        permit.did_not_answer();
    }
    permit.replied(Reply::Revoked, at(3 * HOUR), at(3 * HOUR));
    permit.replied(temporary(7 * DAY), at(4 * HOUR), at(4 * HOUR));
    assert!(permit.may_call(&[], false, at(5 * HOUR)).is_ok(), "so does a new permission");
}

#[test]
fn metas_limit_names_when_there_is_room() {
    let mut permit = Permit::default();
    permit.replied(PERMANENT, at(0), at(0));
    let limit = |used, room_at| Allowance { max: 100, used, room_at };
    assert!(permit.may_call(&[limit(99, None)], false, at(1)).is_ok());
    let full = permit.may_call(&[limit(1, None), limit(100, Some(at(HOUR)))], true, at(1));
    assert_eq!(full, Err(DialRefusal::until(DialBlocker::CallLimit, at(HOUR))));
}

#[test]
fn what_meta_says_when_asked_counts_and_keeps_why_there_is_none() {
    let mut permit = Permit::default();
    permit.replied(PERMANENT, at(0), at(0));
    permit.looked_up(Permission::None, at(HOUR));
    assert_eq!(permit.permission(at(HOUR)), Permission::None, "revoked without a word");
    permit.looked_up(Permission::Temporary { until: Some(at(DAY)) }, at(2 * HOUR));
    assert!(permit.is_permitted(at(3 * HOUR)));
    for reply in [Reply::Declined, Reply::Revoked] {
        let mut permit = Permit::default();
        permit.replied(reply, at(0), at(0));
        let before = permit.permission(at(1));
        permit.looked_up(Permission::None, at(HOUR));
        assert_eq!(permit.permission(at(HOUR)), before);
    }
    // Meta's moments are in whole seconds, by a clock that may be a little behind ours.
    let mut permit = Permit::default();
    permit.looked_up(Permission::Permanent, at(HOUR + 900));
    permit.replied(Reply::Revoked, at(HOUR - 5_000), at(HOUR + 950));
    assert_eq!(permit.permission(at(HOUR + 960)), Permission::Revoked);
    // A reply that was on its way meanwhile is older.
    let mut permit = Permit::default();
    permit.looked_up(Permission::Permanent, at(HOUR));
    permit.replied(Reply::Declined, at(0), at(HOUR));
    assert!(permit.is_permitted(at(HOUR)));
}

#[test]
fn a_night_of_25_hours_is_not_a_day() {
    // Asked at 10:00 UTC, 12:00 in Berlin; clocks go back that night. 24 hours later it is 11:00.
    let mut permit = wrote();
    permit.was_asked(at(0));
    let refused = permit.may_ask(true, at(23 * HOUR)).expect_err("it is not over");
    assert_eq!(
        refused.not_before.map(|until| until.to_string()),
        Some("2026-10-25T10:00:00.000Z".to_owned())
    );
}

#[test]
fn a_permit_reads_back_as_it_was_written_and_an_old_one_still_reads() {
    let mut permit = wrote();
    permit.was_asked(at(0));
    permit.replied(temporary(DAY), at(HOUR), at(HOUR));
    permit.did_not_answer();
    let text = serde_json::to_string(&permit).expect("plain data");
    assert_eq!(serde_json::from_str::<Permit>(&text).expect("its own"), permit);
    let bare = serde_json::from_str::<Permit>(r#"{"permission":{"is":"permanent"}}"#);
    assert!(bare.expect("the rest is optional").is_permitted(at(0)));
}
