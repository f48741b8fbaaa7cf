//! Killed in the middle of its work, a process leaves a ledger that sums, with nothing lost,
//! nothing twice, and nothing held for ever.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::Pulses;
use model::CallId;
use store::{FinishAsk, Finished, Granted, Store};
use tokio::task::JoinSet;

use crate::both::{Where, on_both, reopen, world};
use crate::grants::{ask, available, finish};
use crate::world::{acme, call_id, new_call, noon, top_up};

/// How often a process is killed; a long run sets this variable.
const KILLS: &str = "RINGDOWN_LEDGER_KILLS";
const KILLS_SHORT: u32 = 4;
/// Calls at once in the process that is killed.
const CALLS: u128 = 20;
/// Set for the process that is to be killed: the folder, and the address of Postgres.
const FOLDER: &str = "RINGDOWN_TEST_FOLDER";
const ADDRESS: &str = "RINGDOWN_TEST_POSTGRES";
const ROUND: &str = "RINGDOWN_TEST_ROUND";
const CARD: &str = "Market,Currency,Rate\nIndia,USD,0.0060\n";

on_both!(h2_kill_9_loses_nothing_counts_nothing_twice_and_leaks_no_hold);

async fn h2_kill_9_loses_nothing_counts_nothing_twice_and_leaks_no_hold(place: Where) {
    let kills = std::env::var(KILLS).ok().and_then(|kills| kills.parse().ok());
    let (world, url) = world(place).await;
    world.store.post(&top_up(1_000_000_000, "start")).await.expect("a test value");
    let mut settled: BTreeMap<CallId, i64> = BTreeMap::new();
    for round in 0..kills.unwrap_or(KILLS_SHORT) {
        let acknowledged = run_and_kill(&world.directory, url.as_deref(), round);
        let store = reopen(&world.directory, url.as_deref()).await;
        // What was acknowledged is there, and once.
        for line in &acknowledged {
            let mut words = line.split(' ');
            let (what, call) =
                (words.next().expect("a test value"), words.next().expect("a test value"));
            let call: CallId = call.parse().expect("a test value");
            let number: i64 = words.next().expect("a test value").parse().expect("a test value");
            let lines = store.ledger_of(call).await.expect("a test value");
            let of = |kind: &str, account: &str| {
                let of_kind = lines.iter().filter(|line| line.kind == kind);
                let of_account = of_kind.filter(|line| line.account.starts_with(account));
                of_account
                    .map(|line| (line.memo.clone(), line.amount_micros.get()))
                    .collect::<Vec<_>>()
            };
            match what {
                "granted" => {
                    let slice = of("grant", "hold:").into_iter();
                    let slice = slice.filter(|(memo, _)| *memo == format!("slice {number}"));
                    assert_eq!(slice.count(), 1, "{line}");
                }
                "settled" => {
                    assert_eq!(of("settle", "revenue:").len(), 1, "{line}");
                    settled.insert(call, number);
                }
                other => panic!("{other}"),
            }
        }
        // What was under way is settled now, up to what is proven.
        let later = noon(3_600_000);
        loop {
            let holds = store.expired_holds(later).await.expect("a test value");
            if holds.is_empty() {
                break;
            }
            for hold in holds {
                let pulses = Pulses::from_talked(hold.proven);
                let one = FinishAsk { call: hold.call, pulses, month: None, at: later };
                let Finished::Now { charge, .. } = store.finish(one).await.expect("a test value")
                else {
                    panic!("{} was settled already", hold.call)
                };
                settled.insert(hold.call, charge.amount.get());
            }
        }
        let report = store.verify_ledger().await.expect("a test value");
        assert!(report.is_sound(), "{report:?}");
        // Some were settled without the killed process living to say so.
        let all = store.entries(&acme(), None, 1).await.expect("a test value");
        assert!(!all.is_empty());
        store.close().await;
    }
    let paid = 1_000_000_000 - available(&world.store).await;
    let known: i64 = settled.values().sum();
    assert!(paid >= known, "{paid} were paid, {known} are known");
    assert!(paid > 0, "the killed processes did something");
}

/// Runs this test binary as a process that works until it is killed; returns what it said to have
/// done.
fn run_and_kill(directory: &tempfile::TempDir, url: Option<&str>, round: u32) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().expect("a test value"));
    command.args(["--exact", "killed::works_until_it_is_killed", "--ignored", "--nocapture"]);
    command.env(FOLDER, directory.path()).env(ROUND, round.to_string());
    if let Some(url) = url {
        command.env(ADDRESS, url);
    }
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a test value");
    let mut lines = BufReader::new(child.stdout.take().expect("a test value")).lines();
    let mut said = Vec::new();
    // The moment differs from round to round: after so many acknowledgements.
    let target = 10 + (round * 37) % 90;
    while said.len() < target as usize {
        let Some(Ok(line)) = lines.next() else { break };
        said.extend(line.strip_prefix("did ").map(str::to_owned));
    }
    child.kill().expect("a test value");
    said.extend(
        lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("did ").map(str::to_owned)),
    );
    child.wait().expect("a test value");
    assert!(!said.is_empty(), "the process did nothing");
    // A line that was cut off says nothing.
    said.retain(|line| line.split(' ').count() == 4);
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "killed in the middle; started by `h2_kill_9_loses_nothing_counts_nothing_twice_and_leaks_no_hold`"]
async fn works_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let url = std::env::var(ADDRESS).ok();
    let round: u128 = std::env::var(ROUND).expect("a test value").parse().expect("a test value");
    let store = Store::open_in_with(folder.as_ref(), url.as_deref()).await.expect("a test value");
    let mut calls = JoinSet::new();
    for worker in 0..CALLS {
        calls.spawn(work(store.clone(), round * 100_000 + worker * 1_000));
    }
    calls.join_all().await;
}

#[expect(clippy::print_stdout, reason = "the parent reads what was done")]
async fn work(store: Store, first: u128) {
    for number in first..first + 1_000 {
        let call = call_id(number + 1_000_000);
        store.open_call(new_call(number + 1_000_000)).await.expect("a test value");
        for slice in 0..3 {
            let granted = store.grant(ask(call, slice, CARD)).await.expect("a test value");
            assert!(matches!(granted, Granted::Slice(_)), "{granted:?}");
            println!("did granted {call} {slice} .");
        }
        let settled = store.finish(finish(call, 25)).await.expect("a test value");
        let Finished::Now { charge, .. } = settled else { panic!("{settled:?}") };
        println!("did settled {call} {} .", charge.amount.get());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
