//! The end of a call: its CDR, its money and the news of it, all or nothing.

use model::{
    AgentId, CallId, CallQuality, Disposition, EndReason, Micros, MissedReason, RecordingId,
    Timestamp, WorkspaceId,
};
use sqlx::SqliteConnection;
use wire::events::EventName;
use wire::rest::CallState;

use crate::column::{json, word};
use crate::contacts::{contact_of_call, remember_talk};
use crate::follow_ups::{can_be_missed, miss, talk};
use crate::lists::{summary_in, workspace_of};
use crate::money::{Base, post_and_tell};
use crate::outbox::{News, queue};
use crate::story::{Story, story_of};
use crate::{Store, StoreError, quality};

/// The one-row summary of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cdr {
    /// The call.
    pub call: CallId,
    /// When it ended, on the wall clock.
    pub ended_at: Timestamp,
    /// How it counted.
    pub disposition: Disposition,
    /// Who ended it and why.
    pub end: EndReason,
    /// Why nobody talked; `None` when somebody did.
    pub missed: Option<MissedReason>,
    /// Who talked.
    pub claimed_by: Option<AgentId>,
    /// From arrival to claim or to the end of ringing, in milliseconds.
    pub ring_ms: i64,
    /// From claim to sound in both directions, in milliseconds.
    pub claim_to_audio_ms: Option<i64>,
    /// From accepted to ended by the monotonic clock, in milliseconds; 0 when never accepted.
    pub duration_ms: i64,
    /// The same in whole seconds, as people count it.
    pub talked_s: i64,
    /// Begun 6-second pulses.
    pub pulses: u32,
    /// What it cost.
    pub billed: Micros,
    /// Its recording.
    pub recording: Option<RecordingId>,
    /// Meta's own count of the talked seconds, to compare with ours.
    pub meta_duration_s: Option<u32>,
    /// How it sounded; `None` when nobody was heard.
    pub quality: Option<CallQuality>,
    /// The volume tier of a call that cost something, from 1.
    pub volume_tier: Option<u32>,
    /// How far the wall clock jumped during the call, in milliseconds; 0 when it did not.
    pub clock_jump_ms: i64,
}

impl Cdr {
    /// Writes down what a metered call came to; without a charge nothing was reserved.
    pub fn charge(&mut self, charge: Option<ledger::Charge>) {
        let Some(charge) = charge else { return };
        self.pulses = charge.pulses.get();
        self.billed = charge.amount;
        self.volume_tier = Some(charge.tier);
    }
}

/// What became of a close.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Closed {
    /// The call is closed now.
    New,
    /// It was closed before; nothing was changed.
    AlreadyClosed,
}

impl Store {
    /// Closes a call: CDR, ended state, money and the outbox row are committed together or not at
    /// all; where the money is in Postgres, it moves before, once. Closing it again changes nothing, whatever the second CDR says.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`], or what [`Store::post`] says about a transaction.
    pub async fn close_call(
        &self,
        cdr: Cdr,
        transactions: Vec<ledger::Transaction>,
    ) -> Result<Closed, StoreError> {
        const DOING: &str = "close a call";
        let (here, elsewhere) = match self.base() {
            Base::Here => (transactions, Vec::new()),
            Base::Postgres(_) => (Vec::new(), transactions),
        };
        // Money that is elsewhere moves first: closing again then finds it moved.
        for transaction in &elsewhere {
            self.post(transaction).await?;
        }
        let mut tx = self.begin_write(DOING).await?;
        let Some(workspace) = workspace_of(&mut *tx, cdr.call).await? else {
            return Err(StoreError::UnknownCall { call: cdr.call });
        };
        let story =
            story_of(&mut tx, cdr.call, cdr.ring_ms.saturating_add(cdr.duration_ms)).await?;
        if !insert(&mut tx, &cdr, &story).await? {
            return Ok(Closed::AlreadyClosed);
        }
        note_end(&mut tx, &workspace, &cdr, &story).await?;
        for transaction in &here {
            post_and_tell(&mut tx, transaction).await?;
        }
        let summary = summary_in(&mut *tx, &workspace, cdr.call)
            .await?
            .ok_or(StoreError::UnknownCall { call: cdr.call })?;
        let data = serde_json::to_value(&summary)
            .map_err(|_| StoreError::Encode { column: "outbox.payload" })?;
        let told = |name, data| News {
            workspace: &workspace,
            at: cdr.ended_at,
            name,
            call: Some(cdr.call),
            data,
        };
        if cdr.missed.is_some() {
            queue(&mut tx, told(EventName::CallMissed, data.clone())).await?;
        }
        queue(&mut tx, told(EventName::CallEnded, data)).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(Closed::New)
    }
}

/// Moves the call to its end, and says what that means for its contact: who talked last, and what
/// is to be followed up.
async fn note_end(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    cdr: &Cdr,
    story: &Story,
) -> Result<(), StoreError> {
    let (contact, direction) = contact_of_call(connection, cdr.call).await?;
    let missed = cdr.missed.filter(|_| can_be_missed(direction));
    sqlx::query("UPDATE call SET state = ?, was_missed = ? WHERE id = ?")
        .bind(word(&CallState::Ended, "call.state")?)
        .bind(missed.is_some())
        .bind(cdr.call.to_string())
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database("close a call"))?;
    let Some(contact) = contact else { return Ok(()) };
    if let Some(reason) = missed {
        miss(connection, workspace, contact, cdr, reason).await?;
    }
    let talked = cdr.disposition == Disposition::Answered;
    let talker = story.talkers.last().or(cdr.claimed_by.as_ref()).filter(|_| talked);
    if let Some(talker) = talker {
        remember_talk(connection, contact, cdr, talker).await?;
        talk(connection, contact, cdr, talker).await?;
    }
    Ok(())
}

/// Writes the CDR unless there is one; says whether it wrote.
async fn insert(
    connection: &mut SqliteConnection,
    cdr: &Cdr,
    story: &Story,
) -> Result<bool, StoreError> {
    let missed = match &cdr.missed {
        Some(reason) => Some(word(reason, "cdr.missed")?),
        None => None,
    };
    let insert = sqlx::query(
        "INSERT INTO cdr (call, ended_at, disposition, end_side, end_cause, end_class, missed,
             claimed_by, ring_ms, claim_to_audio_ms, duration_ms, talked_s, pulses, billed,
             recording, meta_duration_s, quality, network,
             caller_verdict, caller_worse, caller_mos_milli, caller_loss_ppm, caller_jitter_ms,
             caller_rtt_ms,
             agent_verdict, agent_worse, agent_mos_milli, agent_loss_ppm, agent_jitter_ms,
             agent_rtt_ms, talkers, rung, volume_tier, clock_jump_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
             ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (call) DO NOTHING",
    )
    .bind(cdr.call.to_string())
    .bind(cdr.ended_at.as_millis())
    .bind(word(&cdr.disposition, "cdr.disposition")?)
    .bind(word(&cdr.end.side, "cdr.end_side")?)
    .bind(word(&cdr.end.cause, "cdr.end_cause")?)
    .bind(word(&cdr.end.class, "cdr.end_class")?)
    .bind(missed)
    .bind(cdr.claimed_by.as_ref().map(AgentId::as_str))
    .bind(cdr.ring_ms)
    .bind(cdr.claim_to_audio_ms)
    .bind(cdr.duration_ms)
    .bind(cdr.talked_s)
    .bind(cdr.pulses)
    .bind(cdr.billed.get())
    .bind(cdr.recording.map(|recording| recording.to_string()))
    .bind(cdr.meta_duration_s);
    let done = quality::bind(insert, cdr.quality.as_ref())?
        .bind(json(&story.talkers, "cdr.talkers")?)
        .bind(json(&story.rung, "cdr.rung")?)
        .bind(cdr.volume_tier)
        .bind(cdr.clock_jump_ms)
        .execute(connection)
        .await
        .map_err(StoreError::database("write a CDR"))?;
    Ok(done.rows_affected() > 0)
}
