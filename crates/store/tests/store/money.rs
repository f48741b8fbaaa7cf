//! The balance is the sum of the entries, whatever is posted by however many at once.

use ledger::{Account, Draft, Entry, Transaction, TransactionKind};
use model::{Currency, Micros, WorkspaceId};
use proptest::prelude::*;
use store::{Posted, Store, StoreError};
use tokio::task::JoinSet;

use crate::world::{World, acme, call_id, noon, open, settlement, top_up, transaction_id};

fn move_money(
    kind: TransactionKind,
    from: Account,
    to: Account,
    micros: i64,
    key: &str,
) -> Transaction {
    Transaction::new(Draft {
        id: transaction_id(),
        kind,
        at: noon(0),
        currency: Currency::USD,
        entries: vec![Entry::new(from, Micros::new(-micros)), Entry::new(to, Micros::new(micros))],
        call: None,
        memo: "test".to_owned(),
        idempotency_key: key.to_owned(),
    })
    .expect("two equal amounts cancel out")
}

fn adjustment(micros: i64, key: &str) -> Transaction {
    let (from, to) = (Account::External(acme()), Account::Prepaid(acme()));
    move_money(TransactionKind::Adjustment, from, to, micros, key)
}

async fn available(store: &Store) -> i64 {
    let balance = store.balance(&acme()).await;
    balance.expect("the workspace is set up").available_micros.get()
}

#[tokio::test]
async fn the_balance_is_exact_and_shown_truncated() {
    let world = World::new().await;
    let store = &world.store;
    let empty = store.balance(&acme()).await.unwrap();
    assert_eq!(empty.available_micros, Micros::ZERO);
    assert_eq!(empty.display, "0.00");
    assert!(empty.top_up_required);

    store.post(&top_up(9_999_999, "a")).await.unwrap();
    let short = store.balance(&acme()).await.unwrap();
    assert_eq!(short.display, "9.99");
    assert_eq!(short.minimum_micros, Micros::from_units(10));
    assert_eq!(short.currency, Currency::USD);
    assert!(short.top_up_required);

    store.post(&top_up(1, "b")).await.unwrap();
    let enough = store.balance(&acme()).await.unwrap();
    assert_eq!(enough.display, "10.00");
    assert!(!enough.top_up_required);

    let other = WorkspaceId::new("other").unwrap();
    let unknown = store.balance(&other).await;
    assert!(
        matches!(unknown, Err(StoreError::UnknownWorkspace { workspace }) if workspace == other)
    );
}

#[tokio::test]
async fn a_hundred_posts_at_once_count_each_key_once() {
    let world = World::new().await;
    let mut posts = JoinSet::new();
    for number in 0..100 {
        let store = world.store.clone();
        // 50 keys of their own, and 50 times the same one.
        let key = if number < 50 { number.to_string() } else { "same".to_owned() };
        posts.spawn(async move { store.post(&top_up(1_000, &key)).await.unwrap() });
    }
    let outcomes = posts.join_all().await;
    let new = outcomes.iter().filter(|posted| **posted == Posted::New);
    assert_eq!(new.count(), 51);
    assert_eq!(available(&world.store).await, 51_000);
    let report = world.store.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.entries, report.accounts), (102, 2));
}

#[tokio::test]
async fn a_key_used_for_other_money_is_an_error_and_not_a_silent_duplicate() {
    let world = World::new().await;
    world.store.post(&top_up(1_000, "k")).await.unwrap();
    let more = world.store.post(&top_up(2_000, "k")).await;
    assert!(matches!(more, Err(StoreError::IdempotencyKeyReused)));
    assert_eq!(available(&world.store).await, 1_000);
}

#[tokio::test]
async fn money_of_another_currency_or_of_nobody_is_refused() {
    let world = World::new().await;
    let euro = Currency::new("EUR").unwrap();
    let top_up_of = |workspace: &WorkspaceId, currency| {
        let amount = Micros::new(5);
        ledger::top_up(workspace, amount, currency, "k", noon(0), transaction_id()).unwrap()
    };
    let refused = world.store.post(&top_up_of(&acme(), euro)).await;
    assert!(matches!(refused, Err(StoreError::Currency { given, .. }) if given == euro));
    let other = WorkspaceId::new("other").unwrap();
    let refused = world.store.post(&top_up_of(&other, Currency::USD)).await;
    assert!(matches!(refused, Err(StoreError::UnknownWorkspace { .. })));
    let refused = world.store.post(&settlement(call_id(404), 0)).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    assert_eq!(world.store.verify_ledger().await.unwrap().entries, 0);
}

#[tokio::test]
async fn two_hundred_grants_at_once_never_reserve_more_than_there_is() {
    let world = World::new().await;
    world.store.post(&top_up(50_500, "start")).await.unwrap();
    // Half of them through another door to the same file, as a second process would.
    let beside = open(world.directory.path()).await;
    let mut grants = JoinSet::new();
    for number in 0..200 {
        let store = if number % 2 == 0 { &world.store } else { &beside }.clone();
        let hold = Account::Hold(call_id(number));
        let from = Account::Prepaid(acme());
        let key = format!("grant:{number}");
        let grant = move_money(TransactionKind::Grant, from, hold, 1_000, &key);
        grants.spawn(async move { store.post(&grant).await });
    }
    let (mut granted, mut refused) = (0, 0);
    for outcome in grants.join_all().await {
        match outcome {
            Ok(Posted::New) => granted += 1,
            Err(StoreError::BalanceTooLow) => refused += 1,
            Ok(Posted::Duplicate) | Err(_) => panic!("unexpected: {outcome:?}"),
        }
    }
    assert_eq!((granted, refused), (50, 150));
    assert_eq!(available(&world.store).await, 500);
    let report = world.store.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn a_sum_beyond_64_bits_is_refused_and_the_books_stay_sound() {
    let world = World::new().await;
    world.store.post(&adjustment(i64::MAX, "all")).await.unwrap();
    let refused = world.store.post(&adjustment(1, "one more")).await;
    assert!(matches!(refused, Err(StoreError::Database { .. })));
    assert_eq!(available(&world.store).await, i64::MAX);
    let report = world.store.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

/// What a random run does.
#[derive(Clone, Debug)]
enum Step {
    TopUp { micros: i64, key: u8 },
    Adjust { micros: i64, key: u8 },
    Grant { micros: i64, call: u8, key: u8 },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let micros = 1_i64..20_000_000;
    let key = 0_u8..12;
    let step = prop_oneof![
        4 => (micros.clone(), key.clone()).prop_map(|(micros, key)| Step::TopUp { micros, key }),
        2 => (-20_000_000_i64..20_000_000, key.clone())
            .prop_map(|(micros, key)| Step::Adjust { micros, key }),
        4 => (micros, 0_u8..3, key).prop_map(|(micros, call, key)| Step::Grant { micros, call, key }),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..25)
}

/// The books as a child would keep them: a list of keys and one number.
#[derive(Default)]
struct Model {
    keys: std::collections::BTreeMap<String, i64>,
    available: i64,
}

impl Model {
    fn expects(&mut self, key: String, change: i64, reserves: bool) -> &'static str {
        match self.keys.get(&key) {
            Some(known) if *known == change => "duplicate",
            Some(_) => "reused",
            None if reserves && self.available + change < 0 => "too low",
            None => {
                self.keys.insert(key, change);
                self.available += change;
                "new"
            }
        }
    }
}

fn outcome(posted: &Result<Posted, StoreError>) -> &'static str {
    match posted {
        Ok(Posted::New) => "new",
        Ok(Posted::Duplicate) => "duplicate",
        Err(StoreError::IdempotencyKeyReused) => "reused",
        Err(StoreError::BalanceTooLow) => "too low",
        Err(_) => "another error",
    }
}

async fn agrees_with_the_model(steps: Vec<Step>) {
    let World { mut store, directory } = World::new().await;
    let mut model = Model::default();
    for step in steps {
        let (transaction, key, change, reserves) = match step {
            Step::TopUp { micros, key } => {
                let name = format!("t{key}");
                (top_up(micros, &name), name, micros, false)
            }
            Step::Adjust { micros, key } => {
                let name = format!("a{key}");
                (adjustment(micros, &name), name, micros, false)
            }
            Step::Grant { micros, call, key } => {
                // The key says which call, as a real one would.
                let name = format!("g{call}-{key}");
                let hold = Account::Hold(call_id(u128::from(call)));
                let from = Account::Prepaid(acme());
                let grant = move_money(TransactionKind::Grant, from, hold, micros, &name);
                (grant, name, -micros, true)
            }
            Step::Reopen => {
                store.close().await;
                store = open(directory.path()).await;
                continue;
            }
        };
        let posted = store.post(&transaction).await;
        assert_eq!(outcome(&posted), model.expects(key, change, reserves));
        assert_eq!(available(&store).await, model.available);
    }
    let report = store.verify_ledger().await.expect("the file is sound");
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.entries, 2 * model.keys.len() as u64);
}

proptest! {
    // Every case writes a real file with real syncs, so there are few.
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_postings_agree_with_a_model(steps in steps()) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(agrees_with_the_model(steps));
    }
}
