//! The committed description of the API is the one the handlers give.

use std::path::Path;

use reqwest::Method;

use crate::house::{House, document};

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = api::openapi();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "docs/openapi.json is out of date; write it again with `UPDATE_OPENAPI=1 cargo test -p api`"
    );
}

#[tokio::test]
async fn the_daemon_serves_it_to_everybody() {
    let house = House::open().await;
    let served = document(house.request(Method::GET, "/openapi.json")).await;
    assert_eq!(served["openapi"], "3.1.0");
    let schemas = served["components"]["schemas"].as_object().unwrap();
    for name in ["ClientFrame", "ServerFrame", "CallDetail", "Problem", "BalanceView"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}
