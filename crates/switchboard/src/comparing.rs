//! Once a day: what Meta counted of yesterday's calls, beside what we did.

use std::collections::BTreeMap;

use ledger::{Country, Day, DayFigure, DayFigures, DayKey, Markup, compare_day, day_key};
use model::{Direction, Micros, Timestamp};
use store::{ItemKind, NewItem, StoreError};
use whatsapp::GraphError;

use crate::switchboard::Inner;

/// So long after midnight Meta's figures of the day before are taken as complete.
const SETTLES_AFTER_MS: i64 = 6 * 3_600_000;

/// Why a day could not be compared; it is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotCompared {
    /// Meta did not say.
    #[error("Meta's figures cannot be had: {0}")]
    Meta(#[from] GraphError),
    /// We do not know ours.
    #[error("our figures cannot be read: {0}")]
    Store(#[from] StoreError),
}

impl Inner {
    /// The day to compare now: yesterday, once Meta's figures have settled.
    pub(crate) fn day_to_compare(&self, now: Timestamp) -> Option<Day> {
        self.house.tariff.account.as_ref()?;
        let zone = &self.house.tariff.zone;
        let today = zone.day(now);
        let settled = zone.start_of(today).plus_millis(SETTLES_AFTER_MS) <= now;
        settled.then(|| zone.day(zone.start_of(today).plus_millis(-1)))
    }

    /// Compares a day, notes what differs, and returns how much did.
    pub(crate) async fn compare_with_analytics(&self, day: Day) -> Result<usize, NotCompared> {
        let tariff = &self.house.tariff;
        let Some(account) = &tariff.account else { return Ok(0) };
        let (from, to) = (tariff.zone.start_of(day), tariff.zone.start_of(day.next()));
        let points = self.doors.graph.call_analytics(account, from, to).await?;
        let mut theirs: BTreeMap<DayKey, DayFigures> = BTreeMap::new();
        for point in points.iter().filter(|point| from <= point.start && point.start < to) {
            let sum = theirs.entry(day_key(point.direction, &point.country)).or_default();
            sum.calls += point.count;
            sum.seconds += point.count.saturating_mul(point.average_s);
            sum.cost = added(sum.cost, point.cost);
        }
        let ours = self.own_figures(from, to).await?;
        let differences = compare_day(&ours, &theirs);
        for (key, figure, ours, theirs) in &differences {
            let direction = if key.0 { "business_initiated" } else { "user_initiated" };
            let item = NewItem {
                workspace: self.house.workspace.id.clone(),
                kind: match figure {
                    DayFigure::Calls => ItemKind::Count,
                    DayFigure::Seconds => ItemKind::Seconds,
                    DayFigure::Cost => ItemKind::Cost,
                },
                subject: format!("{day} {direction} {}", key.1),
                ours: *ours,
                theirs: *theirs,
                at: Timestamp::now(),
            };
            self.doors.store.note_difference(&item).await?;
        }
        tracing::info!(%day, groups = theirs.len(), differences = differences.len(), "compared a day with Meta");
        Ok(differences.len())
    }

    async fn own_figures(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<BTreeMap<DayKey, DayFigures>, StoreError> {
        let workspace = &self.house.workspace.id;
        // With a markup our prices are not Meta's.
        let comparable = self.house.tariff.markup == Markup::default();
        let mut figures: BTreeMap<DayKey, DayFigures> = BTreeMap::new();
        let mut after = None;
        loop {
            let (rows, next) =
                self.doors.store.export_cdrs(workspace, from, to, after.as_ref()).await?;
            for row in rows.iter().filter(|row| row.disposition == "answered") {
                let country = Country::of_number(&row.phone).map_or("", Country::code);
                let direction = match row.direction.as_str() {
                    "business_initiated" => Direction::BusinessInitiated,
                    _ => Direction::UserInitiated,
                };
                let sum = figures.entry(day_key(direction, country)).or_default();
                sum.calls += 1;
                sum.seconds += (row.duration_ms + 500) / 1_000;
                let cost = comparable.then(|| Micros::new(row.billed_micros));
                sum.cost = added(sum.cost, cost);
            }
            after = next;
            if after.is_none() {
                return Ok(figures);
            }
        }
    }
}

fn added(one: Option<Micros>, other: Option<Micros>) -> Option<Micros> {
    match (one, other) {
        (None, other) => other,
        (one, None) => one,
        (Some(one), Some(other)) => one.plus(other).ok(),
    }
}
