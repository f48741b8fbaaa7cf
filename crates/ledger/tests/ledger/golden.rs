//! Charges that were worked by hand come out to the micro.

use std::time::Duration;

use ledger::{Ask, Charge, Markup, Part, Pulses, RateBook, Zone, charge, read_card};
use model::{Currency, Direction, Micros, Timestamp};

const TABLE: &str = include_str!("../golden/charges.csv");
const ROWS_MIN: usize = 60;

fn book() -> RateBook {
    let read = |text: &str, day: &str| {
        read_card(text, day.parse().expect("a test value")).expect("a test value")
    };
    RateBook::new(vec![
        (2, read(include_str!("../golden/card-2026-10-01.csv"), "2026-10-01")),
        (1, read(include_str!("../golden/card-2026-01-01.csv"), "2026-01-01")),
    ])
}

#[test]
fn h10_h11_every_charge_of_the_golden_table_is_exact() {
    let book = book();
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(TABLE.as_bytes());
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let field = |index: usize| record.get(index).unwrap();
        let number = |index: usize| field(index).parse::<u64>().unwrap();
        let case = field(0);
        let direction = match field(2) {
            "out" => Direction::BusinessInitiated,
            _ => Direction::UserInitiated,
        };
        let at: Timestamp = serde_json::from_value(field(3).into()).unwrap();
        let snapshot = book.snapshot(Ask {
            number: Some(field(1)),
            direction,
            currency: Currency::new(field(5)).unwrap(),
            day: Zone::named(field(4)).unwrap().day(at),
            markup: Markup::new(u32::try_from(number(6)).unwrap()).unwrap(),
        });
        let pulses = Pulses::from_talked(Duration::from_millis(number(8)));
        rows += 1;
        // A call starts only where its first pulse has a price.
        let started =
            snapshot.and_then(|snapshot| snapshot.rate_after(number(7)).map(|_| snapshot));
        if let Some(refusal) = field(9).strip_prefix('!') {
            assert_eq!(started.unwrap_err().to_string(), refusal, "{case}");
            continue;
        }
        let snapshot = started.unwrap_or_else(|why| panic!("{case}: {why}"));
        assert_eq!(snapshot.market, field(9), "{case}");
        let expected = Charge {
            tier: u32::try_from(number(10)).unwrap(),
            pulses: Pulses::of(number(11)),
            amount: Micros::new(i64::try_from(number(12)).unwrap()),
        };
        let whole = charge(&[Part { pulses, snapshot: &snapshot }], number(7)).unwrap();
        assert_eq!(whole, expected, "{case}");
    }
    assert!(rows >= ROWS_MIN, "{rows} rows");
}
