//! How a call sounded, to columns of its CDR and back.

use model::{CallQuality, LegQuality};
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use crate::StoreError;
use crate::column::{Columns, word};

type Insert<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds the verdict, the network, and the columns of both legs, in the order of the migration.
pub(crate) fn bind<'q>(
    insert: Insert<'q>,
    quality: Option<&CallQuality>,
) -> Result<Insert<'q>, StoreError> {
    let verdict = quality.map(|quality| word(&quality.verdict, "cdr.quality")).transpose()?;
    let network = quality.and_then(|quality| quality.network);
    let network = network.map(|network| word(&network, "cdr.network")).transpose()?;
    let insert = insert.bind(verdict).bind(network);
    let insert = bind_leg(insert, quality.and_then(|quality| quality.caller.as_ref()))?;
    bind_leg(insert, quality.and_then(|quality| quality.agent.as_ref()))
}

fn bind_leg<'q>(insert: Insert<'q>, leg: Option<&LegQuality>) -> Result<Insert<'q>, StoreError> {
    let verdict = leg.map(|leg| word(&leg.verdict, "cdr.verdict")).transpose()?;
    let worse = leg.and_then(|leg| leg.worse).map(|way| word(&way, "cdr.worse")).transpose()?;
    Ok(insert
        .bind(verdict)
        .bind(worse)
        .bind(leg.map(|leg| leg.mos_milli))
        .bind(leg.map(|leg| leg.loss_ppm))
        .bind(leg.map(|leg| leg.jitter_ms))
        .bind(leg.and_then(|leg| leg.rtt_ms)))
}

/// What a row with all these columns says.
pub(crate) fn read(columns: &Columns<'_>) -> Result<Option<CallQuality>, StoreError> {
    let Some(verdict) = columns.word_if_any("quality")? else {
        return Ok(None);
    };
    Ok(Some(CallQuality {
        verdict,
        network: columns.word_if_any("network")?,
        caller: read_leg(columns, &CALLER)?,
        agent: read_leg(columns, &AGENT)?,
    }))
}

/// The names of one leg's columns.
struct Names {
    verdict: &'static str,
    worse: &'static str,
    mos: &'static str,
    loss: &'static str,
    jitter: &'static str,
    rtt: &'static str,
}

const CALLER: Names = Names {
    verdict: "caller_verdict",
    worse: "caller_worse",
    mos: "caller_mos_milli",
    loss: "caller_loss_ppm",
    jitter: "caller_jitter_ms",
    rtt: "caller_rtt_ms",
};
const AGENT: Names = Names {
    verdict: "agent_verdict",
    worse: "agent_worse",
    mos: "agent_mos_milli",
    loss: "agent_loss_ppm",
    jitter: "agent_jitter_ms",
    rtt: "agent_rtt_ms",
};

fn read_leg(columns: &Columns<'_>, names: &Names) -> Result<Option<LegQuality>, StoreError> {
    let Some(verdict) = columns.word_if_any(names.verdict)? else {
        return Ok(None);
    };
    Ok(Some(LegQuality {
        verdict,
        worse: columns.word_if_any(names.worse)?,
        mos_milli: columns.count(names.mos)?,
        loss_ppm: columns.count(names.loss)?,
        jitter_ms: columns.count(names.jitter)?,
        rtt_ms: match columns.integer_if_any(names.rtt)? {
            Some(_) => Some(columns.count(names.rtt)?),
            None => None,
        },
    }))
}
