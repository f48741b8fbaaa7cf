//! Whatever is asked of the ledger, in whatever order and however often, it does what a model of
//! some dozen lines does; and a crash between any two commands changes nothing.

use std::collections::BTreeMap;

use model::{CallId, Currency, Micros};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{FinishAsk, Finished, Granted, Posted, StoreError};

use crate::both::{Where, on_both, reopen, world};
use crate::grants::{ask, available, finish};
use crate::world::{acme, call_id, noon, top_up, transaction_id};

const CARD: &str = "Market,Currency,Rate\nIndia,USD,0.0060\n";
const PULSE: i64 = 600;
const SLICE_PULSES: i64 = 10;
const CALLS: u8 = 4;

on_both!(random_commands_do_what_the_model_does);

#[derive(Clone, Debug)]
enum Command {
    TopUp { key: u8, pulses: i64 },
    Adjust { key: u8, pulses: i64 },
    Grant { call: u8, slice: u32 },
    Finish { call: u8, pulses: u64 },
    Crash,
}

fn commands() -> impl Strategy<Value = Vec<Command>> {
    let one = prop_oneof![
        1 => (0_u8..6, 1_i64..60).prop_map(|(key, pulses)| Command::TopUp { key, pulses }),
        1 => (0_u8..6, -40_i64..40).prop_map(|(key, pulses)| Command::Adjust { key, pulses }),
        6 => (0..CALLS, 0_u32..4).prop_map(|(call, slice)| Command::Grant { call, slice }),
        2 => (0..CALLS, 0_u64..50).prop_map(|(call, pulses)| Command::Finish { call, pulses }),
        1 => Just(Command::Crash),
    ];
    prop::collection::vec(one, 1..40)
}

/// What the ledger should do, in pulses' worth of money.
#[derive(Default)]
struct Model {
    available: i64,
    keys: BTreeMap<(bool, u8), i64>,
    grants: BTreeMap<(u8, u32), i64>,
    finished: BTreeMap<u8, i64>,
}

impl Model {
    /// `Some(true)` when it moves, `Some(false)` when it did before, `None` when it is refused.
    fn post(&mut self, is_top_up: bool, key: u8, pulses: i64) -> Option<bool> {
        if let Some(before) = self.keys.get(&(is_top_up, key)) {
            return (*before == pulses).then_some(false);
        }
        self.keys.insert((is_top_up, key), pulses);
        self.available += pulses;
        Some(true)
    }

    /// How many pulses, and whether they are the last; `None` when it is refused.
    fn grant(&mut self, call: u8, slice: u32) -> Option<i64> {
        if let Some(before) = self.grants.get(&(call, slice)) {
            return Some(*before);
        }
        if self.finished.contains_key(&call) || self.available < 1 {
            return None;
        }
        let full = self.available >= 2 * SLICE_PULSES;
        let pulses = if full { SLICE_PULSES } else { self.available };
        self.available -= pulses;
        self.grants.insert((call, slice), pulses);
        Some(pulses)
    }

    fn held(&self, call: u8) -> i64 {
        self.grants.iter().filter(|((of, _), _)| *of == call).map(|(_, pulses)| pulses).sum()
    }

    /// The charge; `None` when nothing was held.
    fn finish(&mut self, call: u8, pulses: i64) -> Option<i64> {
        if let Some(before) = self.finished.get(&call) {
            return Some(*before);
        }
        let has_grant = self.grants.keys().any(|(of, _)| *of == call);
        let held = self.held(call);
        let charge = pulses.min(held);
        has_grant.then(|| {
            self.finished.insert(call, charge);
            self.available += held - charge;
            charge
        })
    }
}

async fn random_commands_do_what_the_model_does(place: Where) {
    // A database per case: few cases on Postgres, where making one takes longest.
    let cases = if place == Where::Sqlite { 60 } else { 12 };
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let runtime = tokio::runtime::Handle::current();
    let run = move || {
        let mut runner = TestRunner::new(config);
        runner.run(&commands(), |commands| runtime.block_on(check(place, &commands)))
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("a test value")
        .unwrap_or_else(|why| panic!("{why}"));
}

async fn check(place: Where, commands: &[Command]) -> Result<(), TestCaseError> {
    let (mut world, url) = world(place).await;
    for call in 0..CALLS {
        world.open_call(call.into()).await;
    }
    let mut model = Model::default();
    for command in commands {
        match *command {
            Command::TopUp { key, pulses } => {
                let key_text = format!("{key}");
                let posted = world.store.post(&top_up(pulses * PULSE, &key_text)).await;
                prop_assert_eq!(moved(posted)?, model.post(true, key, pulses));
            }
            Command::Adjust { pulses: 0, .. } => {}
            Command::Adjust { key, pulses } => {
                let amount = Micros::new(pulses * PULSE);
                let (key_text, id) = (format!("{key}"), transaction_id());
                let one =
                    ledger::adjust(&acme(), amount, Currency::USD, &key_text, "", noon(0), id);
                let posted = world.store.post(&one.expect("a test value")).await;
                prop_assert_eq!(moved(posted)?, model.post(false, key, pulses));
            }
            Command::Grant { call, slice } => {
                let granted =
                    world.store.grant(ask(id(call), slice, CARD)).await.expect("a test value");
                let granted = match granted {
                    Granted::Slice(slice) => Some(i64::from(slice.pulses.get())),
                    Granted::Refused | Granted::Closed => None,
                };
                prop_assert_eq!(granted, model.grant(call, slice));
            }
            Command::Finish { call, pulses } => {
                let one = FinishAsk { at: noon(0), ..finish(id(call), pulses) };
                let charged = match world.store.finish(one).await.expect("a test value") {
                    Finished::Now { charge, .. } | Finished::Before(charge) => {
                        Some(charge.amount.get() / PULSE)
                    }
                    Finished::NothingHeld => None,
                };
                prop_assert_eq!(
                    charged,
                    model.finish(call, i64::try_from(pulses).expect("a test value"))
                );
            }
            Command::Crash => world.store = reopen(&world.directory, url.as_deref()).await,
        }
        prop_assert_eq!(available(&world.store).await, model.available * PULSE);
    }
    let report = world.store.verify_ledger().await.expect("a test value");
    prop_assert!(report.is_sound(), "{:?}", report);
    Ok(())
}

fn id(call: u8) -> CallId {
    call_id(call.into())
}

fn moved(posted: Result<Posted, StoreError>) -> Result<Option<bool>, TestCaseError> {
    match posted {
        Ok(Posted::New) => Ok(Some(true)),
        Ok(Posted::Duplicate) => Ok(Some(false)),
        Err(StoreError::IdempotencyKeyReused) => Ok(None),
        Err(other) => Err(TestCaseError::fail(other.to_string())),
    }
}
