//! The gate for calls that we place: whether a contact may be called at all.

use model::{DialBlocker, DialRefusal, Party, Timestamp};

use crate::permit::{Allowance, Permit};

/// Calls that Meta lets one line place in 24 hours.
const PLACED_A_DAY_MAX: u32 = 10_000;
/// Country codes in which WhatsApp's business platform does not exist: Cuba, Iran, North Korea,
/// Syria. Meta's list also has regions without a code of their own.
const NO_CALLS_TO: [&str; 4] = ["53", "98", "850", "963"];

/// Whether a contact's number lies where nobody can be called.
pub fn is_out_of_reach(party: &Party) -> bool {
    let number = party.phone.as_ref().map(|phone| phone.digits());
    number.is_some_and(|number| NO_CALLS_TO.iter().any(|code| number.starts_with(code)))
}

/// What is known when an agent dials.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The house takes no new calls.
    pub draining: bool,
    /// Meta does not answer for the line.
    pub line_down: bool,
    /// Meta does not take the access token.
    pub needs_auth: bool,
    /// The exact balance reaches the workspace's minimum.
    pub balance_open: bool,
    /// Calls that are live now.
    pub live_calls: usize,
    /// The most calls that may be live.
    pub live_calls_max: usize,
    /// A call with this contact is live.
    pub call_running: bool,
    /// The contact's number lies where nobody can be called.
    pub out_of_reach: bool,
    /// Calls that the line has placed in 24 hours.
    pub placed_today: u32,
    /// What the contact permits, as Meta says now.
    pub permit: Permit,
    /// Meta's limits on calls with the contact.
    pub limits: Vec<Allowance>,
    /// The agent insists where that is theirs to decide.
    pub force: bool,
    /// The wall clock.
    pub now: Timestamp,
}

/// Lets a call out, or names the first rule that is in the way.
///
/// # Errors
/// The rule, with the moment from which on it may be different.
pub fn may_dial(outgoing: &Outgoing) -> Result<(), DialRefusal> {
    let rules = [
        (outgoing.draining, DialBlocker::ShutDown),
        (outgoing.line_down, DialBlocker::LineDown),
        (outgoing.needs_auth, DialBlocker::NeedsAuth),
        (outgoing.out_of_reach, DialBlocker::ContactRegion),
        (!outgoing.balance_open, DialBlocker::Balance),
        (outgoing.live_calls >= outgoing.live_calls_max, DialBlocker::AtCapacity),
        (outgoing.call_running, DialBlocker::CallRunning),
        (outgoing.placed_today >= PLACED_A_DAY_MAX, DialBlocker::DailyCap),
    ];
    match rules.into_iter().find(|(blocks, _)| *blocks) {
        Some((_, blocker)) => Err(DialRefusal::of(blocker)),
        None => outgoing.permit.may_call(&outgoing.limits, outgoing.force, outgoing.now),
    }
}

#[cfg(test)]
mod tests {
    use model::Phone;

    use super::*;
    use crate::permit::Reply;

    fn open() -> Outgoing {
        let now = Timestamp::from_millis(1_792_836_000_000);
        let mut permit = Permit::default();
        permit.replied(Reply::Granted { permanent: true, until: None }, now, now);
        Outgoing {
            draining: false,
            line_down: false,
            needs_auth: false,
            balance_open: true,
            live_calls: 9,
            live_calls_max: 10,
            call_running: false,
            out_of_reach: false,
            placed_today: PLACED_A_DAY_MAX - 1,
            permit,
            limits: vec![Allowance { max: 100, used: 99, room_at: None }],
            force: false,
            now,
        }
    }

    #[test]
    fn every_rule_alone_is_in_the_way() {
        assert_eq!(may_dial(&open()), Ok(()));
        let blocked = |change: fn(&mut Outgoing)| {
            let mut outgoing = open();
            change(&mut outgoing);
            may_dial(&outgoing).map_err(|refusal| refusal.blocker)
        };
        type Spoil = fn(&mut Outgoing);
        let cases: [(Spoil, DialBlocker); 10] = [
            (|it| it.draining = true, DialBlocker::ShutDown),
            (|it| it.line_down = true, DialBlocker::LineDown),
            (|it| it.needs_auth = true, DialBlocker::NeedsAuth),
            (|it| it.out_of_reach = true, DialBlocker::ContactRegion),
            (|it| it.balance_open = false, DialBlocker::Balance),
            (|it| it.live_calls = 10, DialBlocker::AtCapacity),
            (|it| it.call_running = true, DialBlocker::CallRunning),
            (|it| it.placed_today = PLACED_A_DAY_MAX, DialBlocker::DailyCap),
            (|it| it.permit = Permit::default(), DialBlocker::NoPermission),
            (|it| it.limits[0].used = 100, DialBlocker::CallLimit),
        ];
        for (change, blocker) in cases {
            assert_eq!(blocked(change), Err(blocker));
        }
    }

    #[test]
    fn some_countries_are_out_of_reach() {
        let to = |number: &str| Party { phone: Phone::new(number), ..Party::default() };
        for number in ["5351234567", "989121234567", "85021234567", "963931234567"] {
            assert!(is_out_of_reach(&to(number)), "{number}");
        }
        // Mexico, India, Hong Kong, Jordan begin alike.
        for number in ["5215512345678", "919812345678", "85251234567", "962791234567"] {
            assert!(!is_out_of_reach(&to(number)), "{number}");
        }
        assert!(!is_out_of_reach(&Party::default()));
    }
}
