//! The card that comes with Ringdown: the published figures that are known.

use crate::{Day, RateCard, card_csv};

/// The day from which the shipped card holds.
const EFFECTIVE: &str = "2026-10-01";
const CARD: &str = include_str!("../cards/meta-usd-2026-10-01.csv");

/// The shipped card. Markets it lacks are refused until a card of Meta's is imported.
pub fn shipped_card() -> Option<RateCard> {
    let effective: Day = EFFECTIVE.parse().ok()?;
    card_csv::read_card(CARD, effective).ok()
}
