//! What a call would cost.

use std::time::Duration;

use ledger::{Part, Pulses, charge};
use model::{Direction, Timestamp};
use store::StoreError;
use wire::rest::RateQuote;

use crate::switchboard::Switchboard;
use crate::till::Tariff;

impl Switchboard {
    /// What a call to a number (digits only) would cost now.
    ///
    /// # Errors
    /// [`StoreError::NoRate`] when no card has a price for it: such a call would be refused.
    pub async fn quote(&self, number: &str, seconds: u32) -> Result<RateQuote, StoreError> {
        let inner = &self.inner;
        let snapshot = inner
            .prices_for(Some(number), Direction::BusinessInitiated)
            .map_err(StoreError::NoRate)?;
        let month = inner.house.tariff.zone.day(Timestamp::now()).month();
        let workspace = &inner.house.workspace;
        let volume = inner.doors.store.volume(&workspace.id, &snapshot.market, month).await?;
        let rate = snapshot.rate_after(volume).map_err(StoreError::NoRate)?;
        let pulses = Pulses::from_talked(Duration::from_secs(seconds.into()));
        let charge = charge(&[Part { pulses, snapshot: &snapshot }], volume)?;
        Ok(RateQuote {
            market: snapshot.market,
            currency: workspace.currency,
            card: snapshot.card,
            volume_pulses: volume,
            tier: charge.tier,
            pulses: pulses.get(),
            per_pulse_micros: rate.per_pulse(),
            amount_micros: charge.amount,
            display: charge.amount.shown_in(workspace.currency),
        })
    }

    /// What calls of this workspace cost beyond the cards, and how they are metered.
    pub fn tariff(&self) -> &Tariff {
        &self.inner.house.tariff
    }
}
