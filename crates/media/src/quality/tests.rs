use super::*;

/// A meter that has looked at `seconds` of (expected, received, late) and reports (loss, jitter).
fn watched(seconds: &[(u64, u64, u64)], reports: &[u8]) -> Meter {
    let start = Instant::now();
    let mut meter = Meter::default();
    meter.start(start);
    let mut tally = Tally::default();
    for (n, (expected, received, late)) in (1..).zip(seconds) {
        tally.expected += expected;
        tally.received += received;
        tally.late += late;
        for _ in 0..*received {
            meter.hear(&[0x48; 40]);
        }
        if let Some(fraction_lost) = reports.get(n as usize - 1) {
            let block = Block {
                ssrc: 1,
                fraction_lost: *fraction_lost,
                lost: 0,
                highest: 0,
                jitter: 480,
                last_report: 1,
                since_report: 0,
            };
            meter.told(block, Some(Duration::from_millis(80)));
        }
        meter.look(start + PACE * n, tally, Duration::from_millis(5));
    }
    meter
}

#[test]
fn the_e_model_gives_the_known_scores() {
    // Worked out by hand from G.107: R = 93.2 - 0.024 d - 0.11 (d - 177.3) - Ie,eff.
    for (delay, loss, rating, expected) in [
        (0.0, 0.0, 88.2, 4.30),
        (100.0, 0.0, 85.8, 4.23),
        (277.3, 0.0, 70.5, 3.62),
        (0.0, 0.05, 70.2, 3.61),
        (0.0, 0.20, 43.2, 2.24),
    ] {
        let score = mos(delay, loss);
        assert!((score - expected).abs() < 0.02, "R {rating}: {score}");
    }
    assert!((mos(10_000.0, 1.0) - 1.0).abs() < 1e-6);
}

#[test]
fn a_second_says_what_was_lost_late_and_silent() {
    let meter = watched(&[(50, 50, 0), (50, 40, 5)], &[0, 64]);
    let second = meter.latest().unwrap();
    let inbound = second.inbound.unwrap();
    assert!((inbound.loss - 0.2).abs() < 1e-6 && (inbound.concealed - 0.3).abs() < 1e-6);
    assert_eq!(inbound.jitter, Duration::from_millis(5));
    assert!(inbound.mos < 2.5);
    assert!(second.silent < 1e-3, "what was lost is not silence");
    let outbound = second.outbound.unwrap();
    assert!((outbound.loss - 0.25).abs() < 1e-6);
    assert_eq!(outbound.jitter, Duration::from_millis(10));
    assert_eq!(second.round_trip, Some(Duration::from_millis(80)));
}

#[test]
fn a_second_without_packets_is_silence_and_no_verdict() {
    let mut meter = watched(&[(0, 0, 0); 3], &[]);
    let second = meter.latest().unwrap();
    assert_eq!((second.inbound, second.outbound, second.silent), (None, None, 1.0));
    assert_eq!(meter.summary().verdict, None);
    for _ in 0..50 {
        meter.hear(&[0xf8, 0xff, 0xfe]);
    }
    let now = meter.next_look().unwrap();
    meter.look(now, Tally { expected: 50, received: 50, late: 0 }, Duration::ZERO);
    let second = meter.latest().unwrap();
    assert_eq!(second.silent, 1.0, "silence frames are silence");
    assert!(second.inbound.unwrap().mos > 4.0);
    assert_eq!(meter.summary().verdict, Some(Verdict::Good));
}

#[test]
fn a_look_too_early_is_none() {
    let mut meter = watched(&[(50, 50, 0)], &[]);
    let before = meter.latest();
    let early = meter.next_look().unwrap() - Duration::from_millis(1);
    meter.look(early, Tally { expected: 99, received: 50, late: 0 }, Duration::ZERO);
    assert_eq!(meter.latest(), before);
}

#[test]
fn the_verdict_names_the_worse_network() {
    let good = (50, 50, 0);
    let (fair, bad) = ((50, 47, 0), (50, 35, 0));
    let verdict = |seconds: &[_], reports: &[u8]| {
        let summary = watched(seconds, reports).summary();
        (summary.verdict, summary.network)
    };
    assert_eq!(verdict(&[good; 20], &[0; 20]), (Some(Verdict::Good), None));
    assert_eq!(verdict(&[fair; 20], &[0; 20]), (Some(Verdict::Fair), Some(Network::Theirs)));
    assert_eq!(verdict(&[good; 20], &[80; 20]), (Some(Verdict::Poor), Some(Network::Ours)));
    assert_eq!(verdict(&[bad; 20], &[13; 20]), (Some(Verdict::Poor), Some(Network::Theirs)));
    assert_eq!(verdict(&[fair; 20], &[80; 20]), (Some(Verdict::Poor), Some(Network::Ours)));
    // A few bad seconds in a good minute are fair, many are poor.
    let mut minute = [good; 60];
    minute[..2].fill(bad);
    assert_eq!(verdict(&minute, &[]), (Some(Verdict::Good), None));
    minute[..6].fill(bad);
    assert_eq!(verdict(&minute, &[]), (Some(Verdict::Fair), Some(Network::Theirs)));
    minute[..13].fill(bad);
    assert_eq!(verdict(&minute, &[]), (Some(Verdict::Poor), Some(Network::Theirs)));
}

#[test]
fn the_summary_is_the_mean_of_the_seconds() {
    let summary = watched(&[(50, 50, 0), (50, 25, 0)], &[0, 128]).summary();
    assert_eq!(summary.seconds, 2);
    assert!((summary.inbound.unwrap().loss - 0.25).abs() < 1e-6);
    assert!((summary.outbound.unwrap().loss - 0.25).abs() < 1e-6);
    assert_eq!(summary.round_trip, Some(Duration::from_millis(80)));
}

#[test]
fn a_second_is_judged_by_its_worse_way() {
    let second =
        |reports: &[u8], received| watched(&[(50, received, 0)], reports).latest().unwrap();
    assert_eq!(second(&[0], 50).verdict(), Some((Verdict::Good, Network::Theirs)));
    assert_eq!(second(&[0], 30).verdict(), Some((Verdict::Poor, Network::Theirs)));
    assert_eq!(second(&[100], 50).verdict(), Some((Verdict::Poor, Network::Ours)));
    assert_eq!(LegQuality::default().verdict(), None);
}

#[test]
fn a_leg_that_is_judged_anew_forgets_its_earlier_calls() {
    let mut meter = watched(&[(50, 20, 0); 5], &[128; 5]);
    assert_eq!(meter.summary().verdict, Some(Verdict::Poor));
    meter.start_over();
    assert_eq!(meter.summary(), LegSummary::default());
    assert!(meter.latest().is_none());
    let tally = Tally { expected: 300, received: 150, ..Tally::default() };
    meter.look(meter.next_look().unwrap(), tally, Duration::ZERO);
    let summary = meter.summary();
    assert_eq!((summary.seconds, summary.verdict), (1, Some(Verdict::Good)), "50 of 50 since then");
}
