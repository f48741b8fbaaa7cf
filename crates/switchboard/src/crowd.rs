//! Many devices at once: each rings once and none is forgotten; news go to those whom they concern.

use std::collections::BTreeSet;

use model::{AgentId, CallId, DeviceId, LineId, MissedReason, Right, Rights, Timestamp};
use uuid::Uuid;
use wire::agent::ServerEvent;
use wire::{CallerView, MissedCall};

use crate::missed::Concerned;
use crate::tests::{Trial, silent_meta};

/// More than a call's box holds, by far.
const DEVICES: usize = 3_000;

fn rung(trial: &Trial) -> Vec<DeviceId> {
    let told = trial.ears.told.lock();
    let rings = told.iter().filter(|(_, event)| matches!(event, ServerEvent::Ring { .. }));
    rings.map(|(device, _)| *device).collect()
}

#[tokio::test]
async fn every_device_of_a_flood_rings_once_and_goes_silent_once() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    trial.device("ana").await;
    trial.ringing("one").await;
    let devices: Vec<DeviceId> =
        (0..DEVICES).map(|_| DeviceId::from_uuid(Uuid::now_v7())).collect();
    {
        let mut board = trial.house.inner.board.lock();
        for (n, device) in devices.iter().enumerate() {
            board.roster.join(AgentId::new(format!("agent{n}")).unwrap(), *device);
            board.roster.want_calls(*device, true);
        }
    }
    for device in &devices {
        trial.house.inner.device_ringable(*device);
    }
    trial.until("all rings", || rung(&trial).len() > DEVICES).await;
    assert_eq!(rung(&trial).iter().collect::<BTreeSet<_>>().len(), DEVICES + 1, "each rang once");

    for device in &devices {
        trial.house.go_away(*device).await;
    }
    let silent = || {
        let told = trial.ears.told.lock();
        told.iter().filter(|(_, event)| matches!(event, ServerEvent::RingEnd { .. })).count()
    };
    trial.until("silence", || silent() >= DEVICES).await;
    assert_eq!(silent(), DEVICES);
}

fn missed() -> MissedCall {
    MissedCall {
        call: CallId::from_uuid(Uuid::now_v7()),
        from: CallerView { display: "Maria".to_owned(), phone: None },
        line: LineId::new("100").unwrap(),
        at: Timestamp::now(),
        reason: MissedReason::NobodyAnswered,
        rang_ms: 28_000,
        gave_up_after_ms: None,
        in_words: String::new(),
        rung: Vec::new(),
    }
}

#[tokio::test]
async fn missed_calls_are_told_together_and_only_to_those_whom_they_concern() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let (ana, ben, eve) =
        (trial.device("ana").await, trial.device("ben").await, trial.device("eve").await);
    trial.house.allow(&AgentId::new("ben").unwrap(), Rights::NONE.with(Right::Answer));
    trial.house.allow(&AgentId::new("ana").unwrap(), Rights::NONE.with(Right::Answer));
    trial.house.allow(&AgentId::new("eve").unwrap(), Rights::NONE.with(Right::Supervise));
    let of_ana = Concerned::Agents(BTreeSet::from([AgentId::new("ana").unwrap()]));
    let calls: Vec<CallId> = (0..120)
        .map(|_| {
            let missed = missed();
            let call = missed.call;
            trial.house.inner.tell_missed(missed, of_ana.clone());
            call
        })
        .collect();
    let frames = |of: DeviceId| -> Vec<Vec<CallId>> {
        let told = trial.ears.told.lock();
        told.iter()
            .filter(|(device, _)| *device == of)
            .filter_map(|(_, event)| {
                let ServerEvent::Missed { missed } = event else { return None };
                Some(missed.iter().map(|one| one.call).collect())
            })
            .collect()
    };
    trial.until("the news", || !frames(eve).is_empty()).await;
    assert_eq!(frames(ana), [calls[70..].to_vec()], "one frame, the latest fifty");
    assert_eq!(frames(eve), frames(ana), "who supervises is told of every call");
    assert_eq!(frames(ben), Vec::<Vec<CallId>>::new(), "it is no business of ben's");
}
