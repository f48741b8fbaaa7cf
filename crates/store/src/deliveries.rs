//! What became of each event at each endpoint: at least once, one call's events in order.

use model::{EndpointId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use wire::events::{DeliveryState, DeliveryView, Envelope};

use crate::column::{Columns, word};
use crate::lists::page_size;
use crate::outbox::envelope_of;
use crate::{Store, StoreError};

/// Events that get their delivery in one write; calls write between two of these.
const FANNED_AT_ONCE: i64 = 500;

/// A delivery whose time has come.
#[derive(Clone, PartialEq, Debug)]
pub struct DueDelivery {
    /// What is told.
    pub event: Envelope,
    /// How often it was tried already.
    pub attempts: u32,
    /// Since when it waits to be delivered.
    pub queued_at: Timestamp,
}

/// What became of one attempt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// The event.
    pub event: i64,
    /// When it was tried.
    pub at: Timestamp,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// What comes now.
    pub next: Next,
}

/// What comes after an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Nothing: it is delivered.
    Delivered,
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up.
    Dead,
}

/// What came of asking for a delivery again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retried {
    /// It is tried anew, as if for the first time.
    Queued,
    /// It has not been given up, so there is nothing to ask for.
    NotDead,
    /// The endpoint is switched off.
    Disabled,
    /// There is no such delivery.
    Nowhere,
}

impl Store {
    /// Has a delivery that was given up tried anew. It does not overtake the events of its call
    /// that are under way.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn retry_delivery(
        &self,
        endpoint: EndpointId,
        event: i64,
        now: Timestamp,
    ) -> Result<Retried, StoreError> {
        const DOING: &str = "try a delivery again";
        let mut tx = self.begin_write(DOING).await?;
        let row = sqlx::query(
            "SELECT state, lane, enabled FROM delivery
                 JOIN delivery_endpoint ON delivery_endpoint.id = delivery.endpoint
             WHERE endpoint = ? AND event = ?",
        )
        .bind(endpoint.to_string())
        .bind(event)
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        let Some(row) = row else { return Ok(Retried::Nowhere) };
        let columns = Columns::of(&row, "delivery");
        let state: DeliveryState = columns.word("state")?;
        if state != DeliveryState::Dead {
            return Ok(Retried::NotDead);
        }
        if !columns.flag("enabled")? {
            return Ok(Retried::Disabled);
        }
        sqlx::query(
            "UPDATE delivery SET attempts = 0, queued_at = ?1, next_attempt_at = ?1,
                 state = CASE WHEN EXISTS (SELECT 1 FROM delivery AS other
                     WHERE other.endpoint = ?2 AND other.lane = ?4
                         AND other.state IN ('waiting', 'pending'))
                     THEN 'waiting' ELSE 'pending' END
             WHERE endpoint = ?2 AND event = ?3",
        )
        .bind(now.as_millis())
        .bind(endpoint.to_string())
        .bind(event)
        .bind(columns.text("lane")?)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(Retried::Queued)
    }

    /// Gives the events after an endpoint's cursor their deliveries, some hundred at once. Returns
    /// whether there may be more.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn fan_out(&self, id: EndpointId, now: Timestamp) -> Result<bool, StoreError> {
        const DOING: &str = "give events their deliveries";
        // Looked up beside the writer first: mostly there is nothing to write.
        let row = sqlx::query(
            "SELECT count(*) AS n, coalesce(max(id), 0) AS through FROM (SELECT outbox.id
                 FROM outbox JOIN delivery_endpoint AS endpoint
                     ON endpoint.workspace = outbox.workspace AND outbox.id > endpoint.cursor
                 WHERE endpoint.id = ? AND endpoint.enabled = 1 ORDER BY outbox.id LIMIT ?)",
        )
        .bind(id.to_string())
        .bind(FANNED_AT_ONCE)
        .fetch_one(self.readers())
        .await
        .map_err(StoreError::database(DOING))?;
        let columns = Columns::of(&row, "outbox");
        let (count, through) = (columns.integer("n")?, columns.integer("through")?);
        if count == 0 {
            return Ok(false);
        }
        let mut tx = self.begin_write(DOING).await?;
        // The first open event of a lane is tried; those behind it wait.
        sqlx::query(
            "INSERT INTO delivery (endpoint, event, lane, state, queued_at, next_attempt_at)
             SELECT endpoint.id, outbox.id, coalesce(outbox.call, ''),
                 CASE WHEN row_number() OVER
                         (PARTITION BY coalesce(outbox.call, '') ORDER BY outbox.id) > 1
                     OR EXISTS (SELECT 1 FROM delivery AS earlier
                         WHERE earlier.endpoint = endpoint.id
                             AND earlier.lane = coalesce(outbox.call, '')
                             AND earlier.state IN ('waiting', 'pending'))
                 THEN 'waiting' ELSE 'pending' END, ?1, ?1
             FROM outbox JOIN delivery_endpoint AS endpoint
                 ON endpoint.workspace = outbox.workspace AND outbox.id > endpoint.cursor
             WHERE endpoint.id = ?2 AND endpoint.enabled = 1 AND outbox.id <= ?3
                 AND (json_array_length(endpoint.types) = 0
                     OR outbox.type IN (SELECT value FROM json_each(endpoint.types)))",
        )
        .bind(now.as_millis())
        .bind(id.to_string())
        .bind(through)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        sqlx::query(
            "UPDATE delivery_endpoint SET cursor = max(cursor, ?) WHERE id = ? AND enabled = 1",
        )
        .bind(through)
        .bind(id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(count == FANNED_AT_ONCE)
    }

    /// The deliveries of an endpoint whose time has come, those due longest first, at most
    /// [`crate::PAGE_MAX`]; never two of one call.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn due_deliveries(
        &self,
        id: EndpointId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        sqlx::query(
            "SELECT outbox.id, outbox.workspace, outbox.call, outbox.at, outbox.type,
                 outbox.payload, attempts, queued_at
             FROM delivery JOIN outbox ON outbox.id = delivery.event
             WHERE endpoint = ? AND state = 'pending' AND next_attempt_at <= ?
             ORDER BY next_attempt_at, event LIMIT ?",
        )
        .bind(id.to_string())
        .bind(now.as_millis())
        .bind(page_size(limit))
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("look for due deliveries"))?
        .iter()
        .map(due_of)
        .collect()
    }

    /// When the next delivery of an endpoint is due after `now`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_delivery_at(
        &self,
        id: EndpointId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let row = sqlx::query(
            "SELECT min(next_attempt_at) AS next FROM delivery
             WHERE endpoint = ? AND state = 'pending' AND next_attempt_at > ?",
        )
        .bind(id.to_string())
        .bind(now.as_millis())
        .fetch_one(self.readers())
        .await
        .map_err(StoreError::database("look for the next delivery"))?;
        Columns::of(&row, "delivery").moment_if_any("next")
    }

    /// Notes what became of attempts, all or nothing. Behind an event that is done, the next of
    /// its call is tried.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_attempts(
        &self,
        id: EndpointId,
        attempts: &[Attempt],
    ) -> Result<(), StoreError> {
        const DOING: &str = "note what became of a delivery";
        let mut tx = self.begin_write(DOING).await?;
        for attempt in attempts {
            note_in(&mut tx, id, attempt).await?;
        }
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// The latest deliveries of an endpoint, newest event first, at most [`crate::PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn deliveries(
        &self,
        id: EndpointId,
        limit: u32,
    ) -> Result<Vec<DeliveryView>, StoreError> {
        sqlx::query(
            "SELECT event, type, state, attempts, last_attempt_at, next_attempt_at, status, error
             FROM delivery JOIN outbox ON outbox.id = delivery.event
             WHERE endpoint = ? ORDER BY event DESC LIMIT ?",
        )
        .bind(id.to_string())
        .bind(page_size(limit))
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the deliveries"))?
        .iter()
        .map(delivery_of)
        .collect()
    }
}

async fn note_in(
    connection: &mut SqliteConnection,
    id: EndpointId,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    const DOING: &str = "note what became of a delivery";
    let (state, next_at) = match attempt.next {
        Next::Delivered => (DeliveryState::Delivered, attempt.at),
        Next::Again(at) => (DeliveryState::Pending, at),
        Next::Dead => (DeliveryState::Dead, attempt.at),
    };
    let row = sqlx::query(
        "UPDATE delivery SET state = ?, attempts = attempts + 1, last_attempt_at = ?,
             next_attempt_at = ?, status = ?, error = ?
         WHERE endpoint = ? AND event = ? AND state = 'pending' RETURNING lane",
    )
    .bind(word(&state, "delivery.state")?)
    .bind(attempt.at.as_millis())
    .bind(next_at.as_millis())
    .bind(attempt.status)
    .bind(&attempt.error)
    .bind(id.to_string())
    .bind(attempt.event)
    .fetch_optional(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    match (row, attempt.next) {
        (Some(row), Next::Delivered | Next::Dead) => {
            let lane = Columns::of(&row, "delivery").text("lane")?;
            let endpoint = id.to_string();
            promote(connection, &endpoint, &lane, attempt.at).await
        }
        // It was pruned, or removed with its endpoint.
        (None, _) | (Some(_), Next::Again(_)) => Ok(()),
    }
}

/// Lets the first open event of a lane be tried.
pub(crate) async fn promote(
    connection: &mut SqliteConnection,
    endpoint: &str,
    lane: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE delivery SET state = 'pending', next_attempt_at = ?1
         WHERE endpoint = ?2 AND state = 'waiting' AND event =
             (SELECT min(event) FROM delivery WHERE endpoint = ?2 AND lane = ?3
                 AND state IN ('waiting', 'pending'))",
    )
    .bind(now.as_millis())
    .bind(endpoint)
    .bind(lane)
    .execute(connection)
    .await
    .map_err(StoreError::database("let the next delivery of a call be tried"))?;
    Ok(())
}

fn due_of(row: &SqliteRow) -> Result<DueDelivery, StoreError> {
    let columns = Columns::of(row, "delivery");
    Ok(DueDelivery {
        event: envelope_of(row)?,
        attempts: columns.count("attempts")?,
        queued_at: columns.moment("queued_at")?,
    })
}

fn delivery_of(row: &SqliteRow) -> Result<DeliveryView, StoreError> {
    let columns = Columns::of(row, "delivery");
    let state = columns.word("state")?;
    let next = columns.moment("next_attempt_at")?;
    let status = columns.integer_if_any("status")?.map(u16::try_from).transpose();
    Ok(DeliveryView {
        seq: columns.integer("event")?,
        name: columns.word("type")?,
        state,
        attempts: columns.count("attempts")?,
        last_attempt_at: columns.moment_if_any("last_attempt_at")?,
        next_attempt_at: matches!(state, DeliveryState::Pending).then_some(next),
        status: status.map_err(|_| StoreError::Corrupt { column: "delivery.status".to_owned() })?,
        error: columns.text_if_any("error")?,
    })
}
