//! A call that costs something lasts as long as its money, and not a second longer.

use std::time::{Duration, Instant};

use model::{CallId, Timestamp};
use serde_json::{Value, json};
use sim::agent::Robot;
use sim::meta::SimCall;
use wire::agent::ServerEvent;

use crate::postgres;
use crate::world::{PATIENCE, Setup, World, answer, ended, events, hang_up, talking};

/// Six dollars a pulse: the 25 of a world pay for four, which are 24 s.
const CARD: &str = "Market,Currency,Direction,Rate\nNorth America,USD,user_initiated,60.00\n";

fn today() -> String {
    Timestamp::now().to_string()[..10].to_owned()
}

fn import(world: &World, card: &str, more: &[&str]) -> std::process::Output {
    let file = world.folder.path().join("card.csv");
    std::fs::write(&file, card).expect("a scratch folder");
    let (path, today) = (file.to_str().expect("a plain path"), today());
    let mut arguments = vec!["rates", "import", path, "--effective", &today];
    arguments.extend(more);
    world.command(&arguments)
}

/// Where the money of a journey is.
#[derive(Clone, Copy, Debug)]
enum Where {
    Sqlite,
    Postgres,
}

/// Makes one journey per database out of a function of the place.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(super::Where::Sqlite).await; })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name(super::Where::Postgres).await; })*
        }
    };
}

on_both!(
    h2_a_killed_daemon_settles_its_calls_at_the_next_start,
    h4_a_balance_that_is_exhausted_warns_the_agent_and_ends_the_call_at_zero,
    h5_a_top_up_lifts_the_warning_and_the_call_goes_on,
    a_call_that_nobody_answers_costs_nothing,
);

/// A daemon whose users' calls cost money.
async fn priced(place: Where) -> World {
    let postgres = match place {
        Where::Sqlite => None,
        Where::Postgres => Some(postgres::new_database().await),
    };
    let mut world = World::with(Setup { postgres, ..Setup::default() }).await;
    let imported = import(&world, CARD, &[]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    world.kill();
    world.start_again().await;
    world
}

async fn talk(world: &World) -> (Robot, SimCall, CallId, Instant) {
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    (ana, phone, call, Instant::now())
}

async fn warned(robot: &mut Robot) -> i64 {
    let is = |event: &ServerEvent| matches!(event, ServerEvent::CreditWarning { .. });
    match robot.wait_for("a warning", is, PATIENCE).await.expect("the agent is warned") {
        ServerEvent::CreditWarning { left_ms, .. } => left_ms,
        other => panic!("not a warning: {other:?}"),
    }
}

fn sums(world: &World) {
    let verified = world.command(&["ledger", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

async fn h4_a_balance_that_is_exhausted_warns_the_agent_and_ends_the_call_at_zero(place: Where) {
    let world = priced(place).await;
    let (mut ana, phone, call, _) = talk(&world).await;
    let first = warned(&mut ana).await;
    assert!((20_000..=24_000).contains(&first), "{first} ms are left");
    let last = warned(&mut ana).await;
    assert!((9_000..=10_000).contains(&last), "{last} ms are left");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "balance_exhausted", "{closed:#}");
    assert_eq!(closed["end"]["side"], "ringdown");
    assert_eq!(closed["disposition"], "answered");
    let duration = closed["duration_ms"].as_i64().expect("a duration");
    assert!((23_750..=24_000).contains(&duration), "cut at zero, within 250 ms: {duration} ms");
    assert_eq!(closed["billed_micros"], 24_000_000, "{closed:#}");
    let balance = world.get("/v1/balance").await;
    assert_eq!(balance["available_micros"], 1_000_000);
    assert_eq!(balance["top_up_required"], true);
    sums(&world);
}

async fn h5_a_top_up_lifts_the_warning_and_the_call_goes_on(place: Where) {
    let world = priced(place).await;
    let (mut ana, phone, call, began) = talk(&world).await;
    warned(&mut ana).await;
    warned(&mut ana).await;
    let more = json!({ "amount_micros": 10_000_000_000_i64, "idempotency_key": "more" });
    let topped_up = Instant::now();
    world.post("/v1/balance/top-ups", more).await;
    let lifted = |event: &ServerEvent| matches!(event, ServerEvent::CallUpdate { active } if active.credit_ends_at.is_none());
    ana.wait_for("the lifted warning", lifted, PATIENCE).await.expect("it is lifted");
    let took = topped_up.elapsed();
    assert!(took < Duration::from_secs(2), "{took:?}");
    tokio::time::sleep(Duration::from_secs(26).saturating_sub(began.elapsed())).await;
    assert!(phone.state().end().is_none(), "it goes on beyond the first money");
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_hung_up");
    let duration = closed["duration_ms"].as_i64().expect("a duration");
    let pulses = (duration + 5_999) / 6_000;
    assert_eq!(closed["billed_micros"], pulses * 6_000_000, "{closed:#}");
    let available = 25_000_000 + 10_000_000_000 - pulses * 6_000_000;
    assert_eq!(world.get("/v1/balance").await["available_micros"], available);
    sums(&world);
}

async fn a_call_that_nobody_answers_costs_nothing(place: Where) {
    let world = priced(place).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    crate::world::rung(&mut ana).await;
    assert_eq!(world.get("/v1/balance").await["available_micros"], 1_000_000, "reserved");
    phone.hang_up().await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["billed_micros"], 0);
    let entries = world.get("/v1/balance/entries").await;
    let kinds: Vec<&str> = entries["items"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|l| l["kind"].as_str().expect("a kind"))
        .collect();
    assert_eq!(kinds, ["release", "grant", "top_up"]);
    assert_eq!(world.get("/v1/balance").await["available_micros"], 25_000_000);
    sums(&world);
}

async fn h2_a_killed_daemon_settles_its_calls_at_the_next_start(place: Where) {
    let mut world = priced(place).await;
    let (_ana, _phone, call, _) = talk(&world).await;
    tokio::time::sleep(Duration::from_secs(7)).await;
    world.kill();
    world.start_again().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "restarted");
    let billed = closed["billed_micros"].as_i64().expect("a price");
    assert!((0..=12_000_000).contains(&billed), "at most what is proven: {closed:#}");
    assert_eq!(world.get("/v1/balance").await["available_micros"], 25_000_000 - billed);
    assert!(events(&closed).contains(&"accepted"), "{closed:#}");
    sums(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_statements_and_corrections_over_rest_and_the_command_line() {
    let world = World::start().await;
    let bad = import(&world, "Market,Currency,Rate\nAtlantis,USD,1\nIndia,USD,-1\n", &[]);
    assert!(!bad.status.success());
    let lines = String::from_utf8_lossy(&bad.stdout).into_owned();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("line 2: `Atlantis`") && lines.contains("line 3: `-1`"), "{lines}");
    let dry = import(&world, "Market,Currency,Rate\nIndia,USD,0.0060\n", &["--dry-run"]);
    let changes = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(changes.contains("~ USD India: 0.0053 / ? / ? / ? / ? / ? -> 0.006"), "{changes}");
    assert!(changes.contains("- USD Morocco"), "{changes}");
    let list = world.command(&["rates", "list"]);
    assert_eq!(String::from_utf8_lossy(&list.stdout).lines().count(), 1, "nothing was imported");

    let quote = world.get("/v1/rates/quote?to=%2B919876543210&seconds=56").await;
    assert_eq!((&quote["market"], &quote["pulses"]), (&json!("India"), &json!(10)));
    assert_eq!(quote["amount_micros"], 5_300, "{quote}");
    assert_eq!(refusal(&world, "/v1/rates/quote?to=5511912345678").await, (422, "no_rate".into()));
    assert_eq!(refusal(&world, "/v1/rates/quote?to=hello").await, (422, "no_rate".into()));

    let back = |micros: i64| json!({ "amount_micros": micros, "idempotency_key": "c1", "memo": "chargeback" });
    let after = world.post("/v1/balance/adjustments", back(-30_000_000)).await;
    assert_eq!(after["available_micros"], -5_000_000, "a person may lead below zero");
    world.post("/v1/balance/adjustments", back(-30_000_000)).await;
    for (body, expected) in [
        (back(-1), 409),
        (json!({ "amount_micros": 0, "idempotency_key": "z" }), 422),
        (json!({ "amount_micros": 1 }), 400),
        (json!({ "amount_micros": 1.5, "idempotency_key": "z" }), 400),
        (json!({ "amount_micros": "1", "idempotency_key": "z" }), 400),
        (json!({ "amount_micros": 9_223_372_036_854_775_807_i64, "idempotency_key": "" }), 422),
    ] {
        assert_eq!(status(&world, "/v1/balance/adjustments", &body).await, expected, "{body}");
    }
    let month = today()[..7].to_owned();
    let statement = world.get(&format!("/v1/statements/{month}")).await;
    assert_eq!(statement["closing_micros"], -5_000_000, "{statement}");
    assert_eq!(statement["closing_micros"], world.get("/v1/balance").await["available_micros"]);
    let csv = world.command(&["export", "statement", "--month", &month, "--format", "csv"]);
    let text = String::from_utf8_lossy(&csv.stdout).into_owned();
    assert!(text.contains(&format!("{month},closing,0,-5,USD")), "{text}");
    sums(&world);
}

#[tokio::test(flavor = "multi_thread")]
async fn h9_a_duration_that_meta_counts_otherwise_becomes_an_item_and_cdrs_are_exported() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    world.closed(&call.to_string()).await;
    let from = today();
    let to = (Timestamp::now().plus_millis(86_400_000)).to_string()[..10].to_owned();
    let export = |format: &str| {
        let output =
            world.command(&["export", "cdr", "--from", &from, "--to", &to, "--format", format]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let csv = export("csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert_eq!(lines[0], store::CdrRow::COLUMNS.join(","));
    let row: Value = serde_json::from_str(&export("jsonl")).expect("one JSON object");
    assert_eq!(row["call"], json!(call.to_string()));
    assert_eq!(row["phone"], "15550002222");
    let names: Vec<&String> = row.as_object().expect("an object").keys().collect();
    assert_eq!(names.len(), store::CdrRow::COLUMNS.len());
    let file = world.folder.path().join("cdrs.parquet");
    let path = file.to_str().expect("a plain path");
    let parquet =
        ["export", "cdr", "--from", &from, "--to", &to, "--format", "parquet", "--output", path];
    assert!(world.command(&parquet).status.success());
    let bytes = std::fs::read(&file).expect("a file");
    assert_eq!((&bytes[..4], &bytes[bytes.len() - 4..]), (&b"PAR1"[..], &b"PAR1"[..]));
    let empty = world.command(&["export", "cdr", "--from", "2020-01-01", "--to", "2020-01-02"]);
    assert_eq!(String::from_utf8_lossy(&empty.stdout).lines().count(), 1, "a header at least");
    // What Meta says later and wrongly is an item, and nothing else changes.
    late_terminate(&world, &phone, 60).await;
    let items = world.get("/v1/reconciliation?open=true").await;
    let item = items["items"][0].clone();
    assert_eq!((&item["kind"], &item["theirs"]), (&json!("call_duration"), &json!(60)), "{items}");
    assert_eq!(item["subject"], json!(call.to_string()));
    let resolve = format!("/v1/reconciliation/{}/resolve", item["id"].as_str().expect("an id"));
    world.post(&resolve, json!({})).await;
    let open = world.get("/v1/reconciliation?open=true").await;
    assert_eq!(open["items"].as_array().map(Vec::len), Some(0));
}

/// Meta's news of the end, late, with a duration of its own.
async fn late_terminate(world: &World, phone: &SimCall, duration: u32) {
    let fixture = include_str!("../fixtures/webhooks/terminate_answered.json");
    let mut body: Value = serde_json::from_str(fixture).expect("a fixture");
    let value = &mut body["entry"][0]["changes"][0]["value"];
    value["metadata"]["phone_number_id"] = json!(crate::world::LINE);
    let call = &mut value["calls"][0];
    call["id"] = json!(phone.wacid().as_str());
    call["duration"] = json!(duration);
    let body = body.to_string().into_bytes();
    let signature = world.meta.sign(&body);
    assert_eq!(world.meta.post_raw(body, Some(signature)).await, 200);
    tokio::time::sleep(Duration::from_millis(500)).await;
}

async fn status(world: &World, path: &str, body: &Value) -> u16 {
    world.answer_to(reqwest::Method::POST, path, body).await.0
}

async fn refusal(world: &World, path: &str) -> (u16, String) {
    let (status, problem) = world.answer_to(reqwest::Method::GET, path, &json!({})).await;
    (status, problem["type"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_injected_imbalance_is_found_by_the_command_and_by_the_metric() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let mut world = World::start().await;
    sums(&world);
    world.metric("ledger_findings 0").await;
    world.kill();
    let file = world.folder.path().join("ringdown.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut intruder = options.connect().await.expect("the file opens");
    let sql = "UPDATE ledger_account SET total = total + 1 WHERE account = 'prepaid:test'";
    sqlx::query(sql).execute(&mut intruder).await.expect("it is changed");
    intruder.close().await.expect("closed");
    let verified = world.command(&["ledger", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let said = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(said.starts_with("prepaid:test: the running total is 25000001 micros"), "{said}");
    world.start_again().await;
    world.metric("ledger_findings 1").await;
}
