//! Nobody talks a second that was not granted, and nobody is cut off without warning.

use std::time::{Duration, Instant};

use ledger::{Meter, MeterInput, MeterOutput, MeterRules, Pulses, Slice, Unreachable};

const MINUTE: Slice = Slice { pulses: pulses(10), is_last: false };

const fn pulses(count: u8) -> Pulses {
    Pulses::small(count)
}

fn last(count: u8) -> Slice {
    Slice { pulses: pulses(count), is_last: true }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A meter with a clock of its own.
struct Bench {
    meter: Meter,
    start: Instant,
    now: Instant,
}

impl Bench {
    fn of(rules: MeterRules, first: Slice) -> Self {
        let now = Instant::now();
        let mut meter = Meter::new(rules, first);
        assert_eq!(meter.poll_timeout(), None, "time runs from the answer");
        meter.handle(MeterInput::Answered, now);
        Self { meter, start: now, now }
    }

    fn new(first: Slice) -> Self {
        Self::of(MeterRules::default(), first)
    }

    fn tell(&mut self, input: MeterInput) {
        self.meter.handle(input, self.now);
    }

    /// Runs to a moment and returns what is to be done on the way, with the time since the answer.
    fn until(&mut self, end: Duration) -> Vec<(u128, MeterOutput)> {
        let end = self.start + end;
        let mut done = self.outputs();
        while let Some(due) = self.meter.poll_timeout().filter(|due| *due <= end) {
            assert!(due >= self.now || self.meter.left(self.now) > Duration::ZERO);
            self.now = self.now.max(due);
            self.meter.handle_timeout(self.now);
            let outputs = self.outputs();
            assert!(!outputs.is_empty() || self.meter.poll_timeout() != Some(due), "it spins");
            done.extend(outputs);
        }
        self.now = end;
        self.meter.handle_timeout(end);
        done.extend(self.outputs());
        done
    }

    fn outputs(&mut self) -> Vec<(u128, MeterOutput)> {
        let at = self.now.duration_since(self.start).as_millis();
        std::iter::from_fn(|| self.meter.poll_output()).map(|output| (at, output)).collect()
    }
}

const fn warn(seconds: u64) -> MeterOutput {
    MeterOutput::Warn { left: Duration::from_secs(seconds) }
}

#[test]
fn a_slice_is_renewed_when_20_s_are_left() {
    let mut bench = Bench::new(MINUTE);
    assert_eq!(bench.until(seconds(41)), [(40_000, MeterOutput::Ask { slice: 1 })]);
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    assert_eq!(bench.until(seconds(105)), [(100_000, MeterOutput::Ask { slice: 2 })]);
    assert_eq!(bench.meter.slices(), 2);
}

#[test]
fn h4_the_last_slice_warns_at_60_30_and_10_s_and_ends_at_zero() {
    let mut bench = Bench::new(last(19));
    // Every two seconds it asks whether money has come, once the time to renew is there.
    let mut done = Vec::new();
    for second in 1..=120 {
        done.extend(bench.until(seconds(second)));
        let asked = done.iter().rev().find_map(|(_, output)| match output {
            MeterOutput::Ask { slice } => Some(*slice),
            _ => None,
        });
        if let Some(slice) = asked {
            bench.tell(MeterInput::Refused { slice });
        }
    }
    done.retain(|(_, output)| !matches!(output, MeterOutput::Ask { .. }));
    let expected = [
        (54_000, warn(60)),
        (84_000, warn(30)),
        (104_000, warn(10)),
        (113_850, MeterOutput::CutOff),
    ];
    assert_eq!(done, expected);
    assert_eq!(bench.meter.poll_timeout(), None, "it is over");
}

#[test]
fn a_last_slice_that_is_short_is_one_warning_of_what_is_left() {
    let mut bench = Bench::new(MINUTE);
    bench.until(seconds(40));
    bench.tell(MeterInput::Granted { slice: 1, granted: last(1) });
    assert_eq!(bench.until(seconds(40)), [(40_000, warn(26))]);
}

#[test]
fn h5_a_top_up_lifts_the_last_slice() {
    let mut bench = Bench::new(last(10));
    assert_eq!(bench.until(seconds(35)), [(0, warn(60)), (30_000, warn(30))]);
    bench.tell(MeterInput::BalanceRose);
    assert_eq!(bench.outputs(), [(35_000, MeterOutput::Ask { slice: 1 })]);
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    assert_eq!(bench.outputs(), [(35_000, MeterOutput::Lifted)]);
    assert_eq!(bench.until(seconds(101)), [(100_000, MeterOutput::Ask { slice: 2 })]);
    // The next last slice warns from the beginning.
    bench.tell(MeterInput::Granted { slice: 2, granted: last(12) });
    assert_eq!(bench.until(seconds(140)), [(132_000, warn(60))]);
}

#[test]
fn h5_without_notice_a_top_up_is_found_within_2_s_once_renewal_is_due() {
    let mut bench = Bench::new(MINUTE);
    bench.until(seconds(40));
    bench.tell(MeterInput::Refused { slice: 1 });
    let done = bench.until(seconds(43));
    assert_eq!(done, [(40_000, warn(20)), (42_000, MeterOutput::Ask { slice: 1 })]);
}

#[test]
fn h7_a_silent_ledger_lets_the_call_go_on_to_the_end_of_its_grant() {
    let mut bench = Bench::new(MINUTE);
    assert_eq!(
        bench.until(seconds(60)),
        [
            (40_000, MeterOutput::Ask { slice: 1 }),
            (50_000, MeterOutput::LedgerUnreachable),
            (50_000, warn(10)),
            (59_850, MeterOutput::CutOff),
        ],
    );
}

#[test]
fn h7_an_answer_after_all_takes_everything_back() {
    let mut bench = Bench::new(MINUTE);
    bench.until(seconds(55));
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    assert_eq!(
        bench.until(seconds(101)),
        [(55_000, MeterOutput::Lifted), (100_000, MeterOutput::Ask { slice: 2 }),]
    );
}

#[test]
fn h7_a_ledger_that_fails_is_asked_again_every_2_s() {
    let mut bench = Bench::new(MINUTE);
    bench.until(seconds(40));
    bench.tell(MeterInput::Failed { slice: 1 });
    assert_eq!(
        bench.until(seconds(42)),
        [
            (40_000, MeterOutput::LedgerUnreachable),
            (40_000, warn(20)),
            (42_000, MeterOutput::Ask { slice: 1 })
        ],
    );
    bench.tell(MeterInput::Failed { slice: 1 });
    assert_eq!(bench.until(seconds(44)), [(44_000, MeterOutput::Ask { slice: 1 })]);
}

#[test]
fn h7_the_policy_terminate_ends_the_call_when_no_answer_comes() {
    let rules = MeterRules { unreachable: Unreachable::Terminate, ..MeterRules::default() };
    let mut bench = Bench::of(rules, MINUTE);
    let done = bench.until(seconds(60));
    assert_eq!(
        done[1..],
        [(50_000, MeterOutput::LedgerUnreachable), (50_000, MeterOutput::CutOff)]
    );
}

#[test]
fn h7_the_policy_unbilled_adds_its_time_once() {
    let unreachable = Unreachable::ContinueUnbilled(seconds(30));
    let rules = MeterRules { unreachable, ..MeterRules::default() };
    let mut bench = Bench::of(rules, MINUTE);
    let mut done = Vec::new();
    for second in 1..=100 {
        done.extend(bench.until(seconds(second)));
        bench.tell(MeterInput::Failed { slice: 1 });
    }
    assert_eq!(done.last(), Some(&(89_850, MeterOutput::CutOff)));
    assert_eq!(bench.meter.granted(), seconds(60), "the rest is nobody's cost");
}

#[test]
fn i2c_a_machine_that_slept_gives_no_free_minutes() {
    let mut bench = Bench::new(last(20));
    bench.until(seconds(10));
    bench.tell(MeterInput::Slept(seconds(40)));
    assert_eq!(bench.until(seconds(20)), [(20_000, warn(60))]);
    bench.tell(MeterInput::Slept(seconds(600)));
    assert_eq!(bench.outputs(), [(20_000, MeterOutput::CutOff)]);
    assert_eq!(bench.meter.talked(bench.now), seconds(660));
}

#[test]
fn an_answer_that_was_not_asked_for_changes_nothing() {
    let mut bench = Bench::new(MINUTE);
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    bench.tell(MeterInput::Granted { slice: 0, granted: MINUTE });
    bench.tell(MeterInput::Refused { slice: 5 });
    assert_eq!(bench.meter.granted(), seconds(60));
    bench.until(seconds(40));
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    bench.tell(MeterInput::Granted { slice: 1, granted: MINUTE });
    assert_eq!(bench.meter.granted(), seconds(120), "twice is once");
}
