//! Rate cards: what a minute costs, per market, currency, direction and monthly volume.

use std::collections::BTreeMap;

use model::{Currency, Direction, Micros};

use crate::{Day, Market};

/// The day on which nine countries left their regions on Meta's cards, at unchanged rates.
const SPLIT: &str = "2026-10-01";

/// One step of a price list by volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The last minute of the month that it covers; `None` without end.
    pub up_to_minutes: Option<u64>,
    /// What a minute costs; `None` when the card does not say.
    pub per_minute: Option<Micros>,
}

/// What one row of a card is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct RowKey {
    /// The currency of the prices.
    pub currency: Currency,
    /// The market.
    pub market: Market,
    /// Whether the business called; cards rarely price calls of users.
    pub outbound: bool,
}

impl RowKey {
    /// The key of a call.
    pub const fn new(currency: Currency, market: Market, direction: Direction) -> Self {
        let outbound = match direction {
            Direction::BusinessInitiated => true,
            Direction::UserInitiated => false,
        };
        Self { currency, market, outbound }
    }
}

/// One dated card. It never changes; a correction is a new card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RateCard {
    /// The first day it holds, in the time zone of the account that is billed.
    pub effective: Day,
    /// Its rows, each with the steps of its prices by volume.
    pub rows: BTreeMap<RowKey, Vec<Step>>,
}

impl RateCard {
    /// Whether it prices anything in a currency.
    pub fn speaks(&self, currency: Currency) -> bool {
        self.rows.keys().any(|key| key.currency == currency)
    }

    /// Whether it took effect since nine countries have markets of their own.
    pub fn since_split(&self) -> bool {
        self.effective.to_string().as_str() >= SPLIT
    }

    /// The currencies it has rows in.
    pub fn currencies(&self) -> Vec<Currency> {
        let all: std::collections::BTreeSet<_> = self.rows.keys().map(|key| key.currency).collect();
        all.into_iter().collect()
    }
}

/// One difference between two cards, in the words of the dry run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    /// A row that was not there.
    Added(RowKey, Vec<Step>),
    /// A row that is there no longer.
    Removed(RowKey, Vec<Step>),
    /// A row whose prices differ: before and after.
    Changed(RowKey, Vec<Step>, Vec<Step>),
}

/// What a new card changes, row by row, against what holds so far. Only the currencies of the new
/// card are compared: a card in dollars says nothing about euros.
pub fn differences(before: Option<&RateCard>, after: &RateCard) -> Vec<Change> {
    let none = BTreeMap::new();
    let old = before.map_or(&none, |card| &card.rows);
    let mut changes = Vec::new();
    for (key, steps) in &after.rows {
        match old.get(key) {
            None => changes.push(Change::Added(*key, steps.clone())),
            Some(was) if was != steps => {
                changes.push(Change::Changed(*key, was.clone(), steps.clone()));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(key, _)| after.speaks(key.currency));
    for (key, steps) in gone.filter(|(key, _)| !after.rows.contains_key(key)) {
        changes.push(Change::Removed(*key, steps.clone()));
    }
    changes
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sign, key) = match self {
            Self::Added(key, _) => ('+', key),
            Self::Removed(key, _) => ('-', key),
            Self::Changed(key, ..) => ('~', key),
        };
        let way = if key.outbound { "" } else { " (user-initiated)" };
        write!(f, "{sign} {} {}{way}: ", key.currency, key.market)?;
        match self {
            Self::Added(_, steps) | Self::Removed(_, steps) => write_steps(f, steps),
            Self::Changed(_, before, after) => {
                write_steps(f, before)?;
                f.write_str(" -> ")?;
                write_steps(f, after)
            }
        }
    }
}

fn write_steps(f: &mut std::fmt::Formatter<'_>, steps: &[Step]) -> std::fmt::Result {
    for (position, step) in steps.iter().enumerate() {
        if position > 0 {
            f.write_str(" / ")?;
        }
        match step.per_minute {
            Some(price) => f.write_str(&price.as_decimal())?,
            None => f.write_str("?")?,
        }
    }
    Ok(())
}
