//! What a call costs: the price snapshot it started with, and the charge for what was talked.

use model::{Currency, Direction, Micros};
use serde::{Deserialize, Serialize};

use crate::card::{RateCard, RowKey, Step};
use crate::pulses::PULSES_PER_MINUTE;
use crate::{Country, Day, LedgerError, Market, Pulses, Rate, cost};

/// What a workspace's calls cost on top of the card, in hundredths of a percent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Markup(u32);

/// One whole in hundredths of a percent.
const WHOLE: u32 = 10_000;

impl Markup {
    /// Ten times the card: more is a slip of the finger.
    pub const MAX: u32 = 10 * WHOLE;

    /// From hundredths of a percent: 1,500 is 15 %. `None` beyond [`Markup::MAX`].
    pub const fn new(hundredths_of_percent: u32) -> Option<Self> {
        if hundredths_of_percent <= Self::MAX { Some(Self(hundredths_of_percent)) } else { None }
    }

    /// Hundredths of a percent.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// One step of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct PriceStep {
    /// The last pulse of the month that it covers; `None` without end.
    up_to: Option<u64>,
    /// What a pulse costs in micros, markup included; `None` when the card does not say.
    per_pulse: Option<i64>,
}

/// The prices a call is charged by, as they were when they were looked up. Later cards and edits
/// do not touch it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of the card; 0 when nothing had to be looked up.
    pub card: i64,
    /// The market's name; empty when nothing had to be looked up.
    pub market: String,
    /// The markup that is in the prices.
    pub markup: Markup,
    steps: Vec<PriceStep>,
}

impl Snapshot {
    /// A call that costs nothing.
    pub fn free() -> Self {
        Self {
            card: 0,
            market: String::new(),
            markup: Markup::default(),
            steps: vec![PriceStep { up_to: None, per_pulse: Some(0) }],
        }
    }

    fn of(card: i64, market: Market, steps: &[Step], markup: Markup) -> Self {
        let steps = steps
            .iter()
            .map(|step| PriceStep {
                up_to: step
                    .up_to_minutes
                    .map(|minutes| minutes.saturating_mul(PULSES_PER_MINUTE.unsigned_abs())),
                per_pulse: step.per_minute.map(|price| marked_up(price, markup)),
            })
            .collect();
        Self { card, market: market.name().to_owned(), markup, steps }
    }

    /// Whether no pulse ever costs anything.
    pub fn is_free(&self) -> bool {
        self.steps.iter().all(|step| step.per_pulse == Some(0))
    }

    /// The tier, from 1, in which the `pulse`-th pulse of the month lies, and its price.
    fn tier_of(&self, pulse: u64) -> Option<(u32, Option<i64>)> {
        (1_u32..)
            .zip(&self.steps)
            .find(|(_, step)| step.up_to.is_none_or(|last| pulse <= last))
            .map(|(tier, step)| (tier, step.per_pulse))
    }

    /// What a pulse costs a call that starts after so many pulses of the month: the most it will
    /// pay per pulse, because volume only lowers the price.
    ///
    /// # Errors
    /// [`NoRate::Tier`] when the card does not say.
    pub fn rate_after(&self, volume: u64) -> Result<Rate, NoRate> {
        let (tier, price) = self.tier_of(volume.saturating_add(1)).unwrap_or((0, None));
        price
            .map(|price| Rate::per_pulse_of(Micros::new(price)))
            .ok_or_else(|| NoRate::Tier { market: self.market.clone(), tier })
    }
}

/// The price of a pulse: a tenth of a minute, with the markup, rounded up to a whole micro here
/// and never again.
fn marked_up(per_minute: Micros, markup: Markup) -> i64 {
    let parts = i128::from(per_minute.get()) * i128::from(WHOLE + markup.get());
    let whole = i128::from(WHOLE) * i128::from(PULSES_PER_MINUTE);
    i64::try_from((parts + whole - 1) / whole).unwrap_or(i64::MAX)
}

/// Why a call has no price. Such a call is refused; a price is never guessed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRate {
    /// The number begins with no country's calling code.
    #[error("the number belongs to no country; check it")]
    Market,
    /// No card in this currency holds on the day.
    #[error("no rate card in {currency} holds on {day}; import one with `ringdown rates import`")]
    Card {
        /// The workspace's currency.
        currency: Currency,
        /// The day of the call.
        day: String,
    },
    /// The card has no price for the market.
    #[error("the rate card in {currency} has no price for {market}; import one that has")]
    Row {
        /// The market.
        market: String,
        /// The workspace's currency.
        currency: Currency,
    },
    /// The card has no price for the month's volume.
    #[error("the rate card has no price for {market} in volume tier {tier}; import one that has")]
    Tier {
        /// The market.
        market: String,
        /// The tier, from 1.
        tier: u32,
    },
}

/// A question for the price of a call.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The other side's number in international form, digits only; `None` when it is not known,
    /// as with users who hide it.
    pub number: Option<&'a str>,
    /// Who calls.
    pub direction: Direction,
    /// The workspace's currency.
    pub currency: Currency,
    /// The day in the account's time zone.
    pub day: Day,
    /// The workspace's markup.
    pub markup: Markup,
}

/// All cards, each under its number; a later number is a later import.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RateBook {
    cards: Vec<(i64, RateCard)>,
}

impl RateBook {
    /// A book of these cards, in any order.
    pub fn new(mut cards: Vec<(i64, RateCard)>) -> Self {
        cards.sort_by_key(|(number, card)| (card.effective, *number));
        Self { cards }
    }

    /// The card that holds on a day for a currency: the one that took effect last, and of several
    /// of one day the one imported last.
    pub fn on(&self, day: Day, currency: Currency) -> Option<(i64, &RateCard)> {
        let holds = |card: &RateCard| card.effective <= day && card.speaks(currency);
        self.cards.iter().rev().find(|(_, card)| holds(card)).map(|(number, card)| (*number, card))
    }

    /// Every card, by the day it takes effect.
    pub fn cards(&self) -> &[(i64, RateCard)] {
        &self.cards
    }

    /// The prices of a call. What a user's call costs is nothing unless a card says otherwise.
    ///
    /// # Errors
    /// [`NoRate`].
    pub fn snapshot(&self, ask: Ask<'_>) -> Result<Snapshot, NoRate> {
        let country = ask.number.and_then(Country::of_number);
        let card = self.on(ask.day, ask.currency);
        let found = country.zip(card).and_then(|(country, (number, card))| {
            let market = country.market(card.since_split());
            let key = RowKey::new(ask.currency, market, ask.direction);
            card.rows.get(&key).map(|steps| Snapshot::of(number, market, steps, ask.markup))
        });
        match (ask.direction, found) {
            (_, Some(snapshot)) => Ok(snapshot),
            (Direction::UserInitiated, None) => Ok(Snapshot::free()),
            (Direction::BusinessInitiated, None) => {
                let country = country.ok_or(NoRate::Market)?;
                let (_, card) = card.ok_or_else(|| NoRate::Card {
                    currency: ask.currency,
                    day: ask.day.to_string(),
                })?;
                let market = country.market(card.since_split()).name().to_owned();
                Err(NoRate::Row { market, currency: ask.currency })
            }
        }
    }
}

/// A piece of a call that was talked under one snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// How many pulses.
    pub pulses: Pulses,
    /// At which prices.
    pub snapshot: &'a Snapshot,
}

/// What a call came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Charge {
    /// Begun pulses.
    pub pulses: Pulses,
    /// The price.
    pub amount: Micros,
    /// The volume tier it was priced in, from 1.
    pub tier: u32,
}

/// Prices a call that follows on `volume` pulses of the month. A call that reaches into a higher
/// volume tier is priced there wholly. Where the card has no price for that tier, the last tier
/// that has one counts: the call began with a price and must end with one.
///
/// # Errors
/// [`LedgerError::Money`] when the sum does not fit in 64 bits.
pub fn charge(parts: &[Part<'_>], volume: u64) -> Result<Charge, LedgerError> {
    let all: u64 = parts.iter().map(|part| u64::from(part.pulses.get())).sum();
    let last = volume.saturating_add(all.max(1));
    let mut whole = Charge { pulses: Pulses::of(all), ..Charge::default() };
    for part in parts {
        let reached = part.snapshot.tier_of(last).map_or(0, |(tier, _)| tier);
        let (tier, price) = (1_u32..)
            .zip(&part.snapshot.steps)
            .take(reached as usize)
            .filter_map(|(tier, step)| Some((tier, step.per_pulse?)))
            .last()
            .unwrap_or((0, 0));
        let amount = cost(Rate::per_pulse_of(Micros::new(price)), part.pulses)?;
        whole.amount = whole.amount.plus(amount)?;
        whole.tier = tier;
    }
    Ok(whole)
}
