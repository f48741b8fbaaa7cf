//! A rate card is read whole or not at all, and says what it changes.

use ledger::{Country, Market, differences, read_card, shipped_card};

const HEADER: &str = "Market,Currency,\"0 - 50,000\",\"> 50,000\"\n";

fn read(rows: &str) -> Result<ledger::RateCard, Vec<String>> {
    read_card(&format!("{HEADER}{rows}"), "2026-10-01".parse().expect("a test value"))
        .map_err(|bad| bad.iter().map(ToString::to_string).collect())
}

#[test]
fn every_bad_line_is_listed_with_its_number() {
    let bad = read(
        "India,USD,0.0053,0.0050\n\
         Atlantis,USD,0.01,0.01\n\
         India,usd,0.01,0.01\n\
         \n\
         Russia,USD,-0.01,-0.02\n\
         Russia,USD,0.0100001,0.01\n\
         Russia,USD,0.000001,0.000001\n\
         Russia,USD,n/a,0.01\n\
         Russia,USD,0.01,0.02\n\
         Russia,USD,0.01\n\
         Russia,USD,$1,0.01\n\
         Kenya,USD,0.01,0.01\n\
         India,USD,0.0053,0.0050\n",
    )
    .unwrap_err();
    let expected = [
        "line 3: `Atlantis` is no market of Meta's rate cards",
        "line 4: currency `usd`: a currency is three capital letters of ISO 4217, such as USD",
        "line 6: `-0.01`: a price must not be negative",
        "line 7: `0.0100001`: an amount is a plain decimal number with at most six decimals, such as 0.0103",
        "line 8: `0.000001`: a price per minute has at most five decimals, so that a pulse costs whole micros",
        "line 9: the first tier has no price",
        "line 10: `0.02` costs more than the tier before it",
        "line 11: 3 fields where the header has 4",
        "line 12: `$1`: an amount is a plain decimal number with at most six decimals, such as 0.0103",
        "line 13: `Kenya` is no market of Meta's rate cards",
        "line 14: India in USD stands here twice",
    ];
    assert_eq!(bad, expected);
}

#[test]
fn a_header_whose_tiers_do_not_join_is_refused() {
    for (header, why) in [
        ("Market,Currency", "line 1: the header has no volume tier"),
        ("Market,Rate", "line 1: the header has no column Currency"),
        (
            "Market,Currency,0 - 100,102 - 200,> 200",
            "line 1: the tier `102 - 200` should begin at 101 minutes",
        ),
        (
            "Market,Currency,0 - 100",
            "line 1: the last tier must have no end, such as `> 5,000,000`",
        ),
        ("Market,Currency,> 5,Rate", "line 1: the tier `> 5` should begin at 0 minutes"),
        (
            "Market,Currency,abc",
            "line 1: `abc` is no volume tier; expected minutes such as `0 - 50,000`",
        ),
        (
            "India,USD,0.1",
            "no header: a line that begins with Market, Currency and the volume tiers",
        ),
        ("", "no header: a line that begins with Market, Currency and the volume tiers"),
        ("Market,Currency,Rate", "no row with a price"),
    ] {
        let bad = read_card(header, "2026-10-01".parse().unwrap()).unwrap_err();
        let bad: Vec<String> = bad.iter().map(ToString::to_string).collect();
        assert_eq!(bad, [why], "{header}");
    }
}

#[test]
fn tiers_are_read_in_every_spelling() {
    for header in [
        "Market,Currency,\"0 - 50,000\",\"> 50,000\"",
        "market,CURRENCY,1-50000,50001+",
        "A title\n\nMarket,Currency,\"0 to 50,000\",\"50,001+\"",
        "\u{feff}Market,Currency,0 – 50000,>50000",
    ] {
        let card = read_card(
            &format!("{header}\r\nIndia,USD,0.0053,0.0050\r\n"),
            "2026-10-01".parse().unwrap(),
        );
        let card = card.unwrap_or_else(|bad| panic!("{header}: {bad:?}"));
        let steps = card.rows.values().next().unwrap();
        assert_eq!(
            steps.iter().map(|step| step.up_to_minutes).collect::<Vec<_>>(),
            [Some(50_000), None]
        );
    }
}

#[test]
fn a_dry_run_says_what_is_added_changed_and_gone() {
    let before =
        read("India,USD,0.0053,0.0050\nRussia,USD,0.02,0.019\nIndia,EUR,0.004,0.003\n").unwrap();
    let after = read("India,USD,0.0060,0.0050\nKuwait,USD,0.016,n/a\n").unwrap();
    let lines: Vec<_> =
        differences(Some(&before), &after).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "~ USD India: 0.0053 / 0.005 -> 0.006 / 0.005",
            "+ USD Kuwait: 0.016 / ?",
            "- USD Russia: 0.02 / 0.019"
        ],
    );
    assert!(differences(Some(&before), &before).is_empty());
}

#[test]
fn the_shipped_card_has_the_published_figures_and_no_others() {
    let (effective, text) = shipped_card().unwrap();
    let card = read_card(text, effective).unwrap();
    let names: Vec<_> = card.rows.keys().map(|key| key.market.name()).collect();
    assert_eq!(
        names,
        [
            "India",
            "Morocco",
            "Rest of Africa",
            "Rest of Central & Eastern Europe",
            "Saudi Arabia",
            "Ukraine",
            "United Arab Emirates"
        ],
    );
}

#[test]
fn a_country_within_a_region_is_no_market() {
    assert_eq!(Market::named("kuwait").map(Market::name), Some("Kuwait"));
    assert_eq!(Market::named("Türkiye").map(Market::name), Some("Turkey"));
    assert_eq!(Market::named("Kenya"), None);
    assert_eq!(Country::of_number("254712345678").map(Country::code), Some("KE"));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 5_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_file_of_others_panics_and_a_bad_line_names_itself(
        title in "[ -~]{0,20}", tiers in "[0-9,>+ -]{0,30}", rows in "[ -~\n\"]{0,120}",
    ) {
        let text = format!("{title}\nMarket,Currency,{tiers}\n{rows}");
        for text in [&text, &rows] {
            if let Err(bad) = read_card(text, "2026-10-01".parse().unwrap()) {
                let lines = text.lines().count() as u64;
                assert!(!bad.is_empty() && bad.iter().all(|one| one.line <= lines + 1), "{bad:?}");
            }
        }
    }
}
