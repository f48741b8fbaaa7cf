//! Rate cards.

use ledger::{BadLine, Day, RateBook, read_card};
use model::Timestamp;

use super::CardRow;
use crate::money::base::{in_transaction, on_reader};
use crate::{Store, StoreError};

impl Store {
    /// Keeps a rate card, word for word. Whoever imports has read it before: a card that cannot be
    /// read is refused.
    ///
    /// # Errors
    /// [`StoreError::Card`] with its first bad line, or [`StoreError::Database`].
    pub async fn import_card(
        &self,
        effective: Day,
        source: &str,
        body: &str,
        at: Timestamp,
    ) -> Result<i64, StoreError> {
        read_card(body, effective).map_err(|bad| first(&bad))?;
        let effective = effective.to_string();
        in_transaction!(self, "import a rate card", |connection, sql, _moved| {
            sql::add_card(connection, &effective, source, body, at).await
        })
    }

    /// Every rate card, oldest import first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn rate_cards(&self) -> Result<Vec<CardRow>, StoreError> {
        on_reader!(self, "list the rate cards", |connection, sql| sql::cards(connection).await)
    }

    /// All rate cards as rules.
    ///
    /// # Errors
    /// [`StoreError::Card`] when one that is kept cannot be read, or [`StoreError::Database`].
    pub async fn rate_book(&self) -> Result<RateBook, StoreError> {
        let cards = self.rate_cards().await?.into_iter().map(|row| {
            let card = read_card(&row.body, row.effective).map_err(|bad| first(&bad))?;
            Ok((row.number, card))
        });
        Ok(RateBook::new(cards.collect::<Result<_, StoreError>>()?))
    }
}

fn first(bad: &[BadLine]) -> StoreError {
    StoreError::Card { what: bad.first().map(ToString::to_string).unwrap_or_default() }
}
