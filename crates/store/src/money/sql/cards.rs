//! Rate cards, kept word for word.

use model::Timestamp;

use super::{Connection, integer, parsed, text};
use crate::StoreError;
use crate::money::CardRow;

/// Adds a card and returns its number.
pub(crate) async fn add_card(
    connection: &mut Connection,
    effective: &str,
    source: &str,
    body: &str,
    at: Timestamp,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO rate_card (number, effective, imported_at, source, body)
         SELECT coalesce(max(number), 0) + 1, $1, $2, $3, $4 FROM rate_card
         RETURNING number",
    )
    .bind(effective.to_owned())
    .bind(at.as_millis())
    .bind(source.to_owned())
    .bind(body.to_owned())
    .fetch_one(connection)
    .await
    .map_err(StoreError::database("import a rate card"))?;
    integer(&row, "number")
}

/// Every card, oldest import first.
pub(crate) async fn cards(connection: &mut Connection) -> Result<Vec<CardRow>, StoreError> {
    sqlx::query(
        "SELECT number, effective, imported_at, source, body FROM rate_card ORDER BY number",
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("list the rate cards"))?
    .iter()
    .map(|row| {
        Ok(CardRow {
            number: integer(row, "number")?,
            effective: parsed(row, "effective")?,
            imported_at: Timestamp::from_millis(integer(row, "imported_at")?),
            source: text(row, "source")?,
            body: text(row, "body")?,
        })
    })
    .collect()
}
