//! The card that comes with Ringdown: the published figures that are known.

use crate::Day;

/// The day from which the shipped card holds.
const EFFECTIVE: &str = "2026-10-01";
const CARD: &str = include_str!("../cards/meta-usd-2026-10-01.csv");

/// The shipped card: from when it holds, and its text. Markets it lacks are refused until a card
/// of Meta's is imported.
pub fn shipped_card() -> Option<(Day, &'static str)> {
    Some((EFFECTIVE.parse().ok()?, CARD))
}
