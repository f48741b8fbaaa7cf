//! How a call sounded is a stable part of its CDR, in lists, exports and news; old CDRs have none.

use model::{CallQuality, Cause};
use sqlx::{Connection, Row};
use store::Cdr;

use crate::world::{World, acme, ends_told, missed, noon, quality, talked};

#[tokio::test]
async fn what_is_written_is_read_again_everywhere() {
    let world = World::new().await;
    let store = &world.store;
    let only_caller = CallQuality { agent: None, network: None, ..quality() };
    for (number, quality) in [(1, Some(quality())), (2, Some(only_caller)), (3, None)] {
        let call = world.open_call(number).await;
        store.close_call(Cdr { quality, ..talked(call) }, Vec::new()).await.unwrap();
        let detail = store.call(&acme(), call).await.unwrap().unwrap();
        assert_eq!(detail.summary.quality, quality);
    }
    let exported = store.cdrs(&acme(), noon(0), noon(120_000)).await.unwrap();
    let all: Vec<_> = exported.iter().map(|cdr| cdr.quality).collect();
    assert_eq!(all, [Some(quality()), Some(only_caller), None]);
    let news = ends_told(store).await;
    assert_eq!(news[0].data["quality"]["agent"]["loss_ppm"], 84_000);
    assert!(news[2].data.get("quality").is_none());
}

#[tokio::test]
async fn columns_have_the_names_that_reports_rely_on() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.close_call(talked(call), Vec::new()).await.unwrap();
    let mut intruder = world.intruder().await;
    let row = sqlx::query(
        "SELECT quality, network, caller_verdict, caller_worse, caller_mos_milli, caller_rtt_ms,
             agent_verdict, agent_worse, agent_mos_milli, agent_loss_ppm, agent_jitter_ms,
             agent_rtt_ms FROM cdr",
    )
    .fetch_one(&mut intruder)
    .await
    .unwrap();
    let text = |at: usize| row.get::<Option<String>, _>(at);
    let number = |at: usize| row.get::<Option<i64>, _>(at);
    assert_eq!((text(0).as_deref(), text(1).as_deref()), (Some("poor"), Some("agent")));
    assert_eq!((text(2).as_deref(), text(3)), (Some("good"), None));
    assert_eq!((number(4), number(5)), (Some(4_210), Some(81)));
    assert_eq!((text(6).as_deref(), text(7).as_deref()), (Some("poor"), Some("uplink")));
    let figures = [8, 9, 10, 11].map(number);
    assert_eq!(figures, [Some(2_950), Some(84_000), Some(37), None]);
    intruder.close().await.unwrap();
}

#[tokio::test]
async fn a_cdr_of_an_earlier_version_has_no_quality() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.close_call(missed(call, Cause::NoAnswer), Vec::new()).await.unwrap();
    let listed = world.store.calls(&acme(), 1, None).await.unwrap();
    assert_eq!(listed.items[0].quality, None);
}
