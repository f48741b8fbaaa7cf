//! How fast the ledger grants on one hot balance, reads a balance among many entries, and exports
//! CDRs. All with full durability, on SQLite in a folder of its own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ledger::{Ask, Markup, Pulses, RateBook, Snapshot, Zone, read_card};
use model::{
    CallId, Currency, Direction, LineId, Micros, Party, RecordingMode, Timestamp, TransactionId,
    Wacid, WorkspaceId,
};
use nix::sys::resource::{UsageWho, getrusage};
use serde::Serialize;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Executor};
use store::{GrantAsk, Granted, LineRow, NewCall, Store, Workspace};
use tokio::task::JoinSet;
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Grants in all.
    pub grants: u32,
    /// Calls that ask at the same time.
    pub concurrent: u32,
    /// Money lines among which a balance is read.
    pub entries: u32,
    /// CDRs that are exported.
    pub cdrs: u32,
    /// The daemon's program, which exports.
    pub daemon: std::path::PathBuf,
}

impl Plan {
    /// Some seconds, to see that everything works.
    pub fn shorten(&mut self) {
        (self.grants, self.entries, self.cdrs) = (4_000, 100_000, 20_000);
    }
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// Grants per second.
    pub grants_per_second: f64,
    /// Half of the grants were answered within this, in milliseconds.
    pub grant_p50_ms: f64,
    /// 99 of 100 grants were answered within this.
    pub grant_p99_ms: f64,
    /// Money lines among which a balance was read.
    pub entries: u32,
    /// 99 of 100 reads took at most this, in milliseconds.
    pub balance_p99_ms: f64,
    /// The same before those lines were there.
    pub balance_empty_p99_ms: f64,
    /// Exported CDRs.
    pub cdrs: u32,
    /// How long that took, in seconds.
    pub export_s: f64,
    /// The most memory that the exporting program had, in MiB.
    pub export_mib: f64,
}

impl Figures {
    /// The figures that miss what the ledger must do: 2,000 grants a second, 20 ms, an export
    /// of a million CDRs in 20 s within 100 MiB, and a balance that does not care for entries.
    pub fn misses(&self) -> Vec<String> {
        let mut misses = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                misses.push(what);
            }
        };
        must(self.grants_per_second >= 2_000.0, format!("{:.0} grants/s", self.grants_per_second));
        must(self.grant_p99_ms <= 20.0, format!("p99 of grants {:.1} ms", self.grant_p99_ms));
        let per_million = self.export_s * 1_000_000.0 / f64::from(self.cdrs.max(1));
        // Starting the program counts too, and little else in a short run.
        must(per_million <= 20.0 || self.export_s < 2.0, format!("{per_million:.1} s per million"));
        must(self.export_mib <= 100.0, format!("{:.0} MiB for an export", self.export_mib));
        let worse = self.balance_p99_ms > 5.0 * self.balance_empty_p99_ms + 2.0;
        must(!worse, format!("p99 of a balance {:.1} ms", self.balance_p99_ms));
        misses
    }
}

/// Measures everything.
///
/// # Errors
/// When something cannot be made, started or read.
pub fn run(plan: &Plan) -> Result<Figures, Failure> {
    let folder = std::env::temp_dir().join(format!("ringdown-bench-ledger-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(measure(plan, &folder));
    drop(runtime);
    std::fs::remove_dir_all(&folder)?;
    figures
}

async fn measure(plan: &Plan, folder: &Path) -> Result<Figures, Failure> {
    let store = Store::open_in(folder).await?;
    set_up(&store, plan.concurrent).await?;
    let balance_empty_p99_ms = p99(&mut balance_reads(&store).await?);
    let began = Instant::now();
    let mut waits = grants(&store, plan).await?;
    let seconds = began.elapsed().as_secs_f64();
    if !store.verify_ledger().await?.is_sound() {
        return Err("the ledger does not sum after the grants".into());
    }
    fill(folder, plan).await?;
    let balance_p99_ms = p99(&mut balance_reads(&store).await?);
    store.close().await;
    let (export_s, export_mib) = export(plan, folder)?;
    Ok(Figures {
        grants_per_second: f64::from(plan.grants) / seconds,
        grant_p50_ms: share(&mut waits, 0.50),
        grant_p99_ms: p99(&mut waits),
        entries: plan.entries,
        balance_p99_ms,
        balance_empty_p99_ms,
        cdrs: plan.cdrs,
        export_s,
        export_mib,
    })
}

fn workspace() -> Result<WorkspaceId, Failure> {
    Ok(WorkspaceId::new("default")?)
}

fn call(number: u32) -> CallId {
    CallId::from_uuid(Uuid::from_u128(u128::from(number) + 1))
}

async fn set_up(store: &Store, calls: u32) -> Result<(), Failure> {
    let (id, currency) = (workspace()?, Currency::USD);
    let minimum_balance = Micros::ZERO;
    let tenant = Workspace { id: id.clone(), name: "Bench".into(), currency, minimum_balance };
    store.ensure_workspace(&tenant).await?;
    let line = LineRow {
        id: LineId::new("1")?,
        workspace: id.clone(),
        name: "Bench".into(),
        inbound: true,
        recording: RecordingMode::Off,
        group: None,
    };
    store.ensure_line(&line).await?;
    for number in 0..calls {
        let new = NewCall {
            id: call(number),
            workspace: id.clone(),
            line: line.id.clone(),
            wacid: Wacid::new(format!("wacid.{number}"))?,
            direction: Direction::BusinessInitiated,
            party: Party::default(),
            arrived_at: Timestamp::now(),
        };
        store.open_call(new).await?;
    }
    let amount = Micros::from_units(1_000_000_000);
    let transaction = TransactionId::from_uuid(Uuid::now_v7());
    let money = ledger::top_up(&id, amount, currency, "bench", Timestamp::now(), transaction)?;
    store.post(&money).await?;
    Ok(())
}

fn snapshot() -> Result<Snapshot, Failure> {
    let day = "2026-01-01".parse()?;
    let card = read_card("Market,Currency,Rate\nIndia,USD,0.0060\n", day);
    let card = card.map_err(|_| "the card of the measurement cannot be read")?;
    let (currency, markup) = (Currency::USD, Markup::default());
    let direction = Direction::BusinessInitiated;
    let ask = Ask { number: Some("919876543210"), direction, currency, day, markup };
    Ok(RateBook::new(vec![(1, card)]).snapshot(ask)?)
}

/// Every call asks for slice after slice, all at once on one balance; returns how long each waited.
async fn grants(store: &Store, plan: &Plan) -> Result<Vec<f64>, Failure> {
    let (workspace, snapshot) = (workspace()?, snapshot()?);
    let month = Zone::utc().day(Timestamp::now()).month();
    let slices = plan.grants / plan.concurrent.max(1);
    let mut calls = JoinSet::new();
    for number in 0..plan.concurrent {
        let (store, workspace, snapshot) = (store.clone(), workspace.clone(), snapshot.clone());
        calls.spawn(async move {
            let mut waits = Vec::new();
            for slice in 0..slices {
                let ask = GrantAsk {
                    workspace: workspace.clone(),
                    currency: Currency::USD,
                    call: call(number),
                    slice,
                    pulses: Pulses::small(10),
                    snapshot: snapshot.clone(),
                    month,
                    talked: Duration::ZERO,
                    left: Duration::ZERO,
                    at: Timestamp::now(),
                };
                let began = Instant::now();
                let granted = store.grant(ask).await?;
                waits.push(began.elapsed().as_secs_f64() * 1_000.0);
                if !matches!(granted, Granted::Slice(_)) {
                    return Err::<_, Failure>("a grant was refused".into());
                }
            }
            Ok(waits)
        });
    }
    let mut all = Vec::new();
    while let Some(waits) = calls.join_next().await {
        all.extend(waits??);
    }
    Ok(all)
}

async fn balance_reads(store: &Store) -> Result<Vec<f64>, Failure> {
    let workspace = workspace()?;
    let mut waits = Vec::new();
    for _ in 0..2_000 {
        let began = Instant::now();
        store.balance(&workspace).await?;
        waits.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(waits)
}

/// Money lines and CDRs in bulk, past the store: how they came there is not measured.
async fn fill(folder: &Path, plan: &Plan) -> Result<(), Failure> {
    let options = SqliteConnectOptions::new().filename(folder.join("ringdown.db"));
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute("PRAGMA synchronous = OFF").await?;
    for sql in [
        "INSERT INTO ledger_transaction (id, kind, at, currency, call, memo, idempotency_key)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         SELECT printf('txn_%032x', i), 'top_up', i, 'USD', NULL, 'bench', printf('bench:%d', i) FROM n",
        "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         SELECT printf('txn_%032x', i), 0, 'external:default', -1 FROM n",
        "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         SELECT printf('txn_%032x', i), 1, 'prepaid:default', 1 FROM n",
    ] {
        sqlx::query(sql).bind(plan.entries / 2).execute(&mut connection).await?;
    }
    let change = "UPDATE ledger_account SET total = total + ?1 * CASE account
        WHEN 'prepaid:default' THEN 1 WHEN 'external:default' THEN -1 ELSE 0 END";
    sqlx::query(change).bind(plan.entries / 2).execute(&mut connection).await?;
    for sql in [
        "INSERT INTO call (id, workspace, line, wacid, direction, party, arrived_at, state)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         SELECT printf('call_ffffffff%024x', i), 'default', '1', printf('wacid.bulk.%d', i),
             'business_initiated', '{\"phone\":\"919876543210\"}', 1700000000000 + i, 'ended' FROM n",
        "INSERT INTO cdr (call, ended_at, disposition, end_side, end_cause, end_class, ring_ms,
             duration_ms, talked_s, pulses, billed)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
         SELECT printf('call_ffffffff%024x', i), 1700000060000 + i, 'answered', 'agent',
             'agent_hung_up', 'completed', 4000, 60000, 60, 10, 6000 FROM n",
    ] {
        sqlx::query(sql).bind(plan.cdrs).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(())
}

/// Has the daemon's program export every CDR; returns seconds and MiB.
fn export(plan: &Plan, folder: &Path) -> Result<(f64, f64), Failure> {
    let out = folder.join("cdrs.csv");
    let mut command = Command::new(&plan.daemon);
    command.args(["export", "cdr", "--from", "2020-01-01", "--to", "2030-01-01", "--output"]);
    command.arg(&out).env("RINGDOWN__STORE__PATH", folder.join("ringdown.db"));
    for (key, value) in [("APP_SECRET", "s"), ("VERIFY_TOKEN", "v"), ("ACCESS_TOKEN", "a")] {
        command.env(format!("RINGDOWN__WHATSAPP__{key}"), value);
    }
    let began = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status()?;
    let seconds = began.elapsed().as_secs_f64();
    let lines = std::fs::read(&out)?.iter().filter(|byte| **byte == b'\n').count();
    if !status.success() || lines != plan.cdrs as usize + 1 {
        return Err(format!("the export failed: {status}, {lines} lines").into());
    }
    let kib = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Ok((seconds, kib as f64 / 1_024.0))
}

fn p99(waits: &mut [f64]) -> f64 {
    share(waits, 0.99)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index from a share between 0 and 1"
)]
fn share(waits: &mut [f64], share: f64) -> f64 {
    waits.sort_by(f64::total_cmp);
    let at = (waits.len() as f64 * share) as usize;
    waits.get(at.min(waits.len().saturating_sub(1))).copied().unwrap_or(0.0)
}
