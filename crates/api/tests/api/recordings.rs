//! A recording is downloaded whole or in parts, by its own workspace only.

use model::{CallId, Direction, LineId, Party, RecordingFormat, RecordingId, Timestamp, Wacid};
use reqwest::{Method, StatusCode};
use store::{NewCall, RecordingRow};
use uuid::Uuid;

use crate::house::{House, LINE, problem, workspace};

/// A recording in the store whose file holds `sound`, or no file.
async fn add_recording(
    house: &House,
    number: u128,
    format: RecordingFormat,
    path: &str,
    sound: Option<&[u8]>,
) -> RecordingId {
    let call = CallId::from_uuid(Uuid::from_u128(number));
    let new = NewCall {
        id: call,
        workspace: workspace(),
        line: LineId::new(LINE).expect("a line id"),
        wacid: Wacid::new(format!("wacid.{number}")).expect("a wacid"),
        direction: Direction::UserInitiated,
        party: Party::default(),
        arrived_at: Timestamp::from_millis(1),
    };
    house.store.open_call(new).await.expect("a kept call");
    let id = RecordingId::from_uuid(Uuid::from_u128(number));
    let row = RecordingRow {
        id,
        call,
        format,
        started_at: Timestamp::from_millis(1),
        duration_ms: 1_000,
        bytes: 10,
        sha256: "00".repeat(32),
        path: path.to_owned(),
        recovered: false,
    };
    house.store.add_recording(row).await.expect("a kept recording");
    if let Some(sound) = sound {
        let file = house.folder.path().join("vault").join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(file, sound).expect("a file");
    }
    id
}

#[tokio::test]
async fn a_player_gets_the_whole_or_the_part_it_asks_for() {
    let house = House::open().await;
    let sound = Some(&b"0123456789"[..]);
    let ogg = add_recording(&house, 1, RecordingFormat::OggOpus, "2026/01/a.ogg", sound).await;
    let wav = add_recording(&house, 2, RecordingFormat::Wav, "b.wav", sound).await;
    let known = house.get(&format!("/v1/recordings/{ogg}")).await;
    let download = known["download"].as_str().unwrap();
    let whole = house.keyed(Method::GET, download).send().await.unwrap();
    assert_eq!(whole.status(), StatusCode::OK);
    assert_eq!(whole.headers()["content-type"], "audio/ogg");
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["cache-control"], "private, no-store");
    assert_eq!(whole.bytes().await.unwrap(), "0123456789");
    let part = house.keyed(Method::GET, &format!("/v1/recordings/{wav}/audio"));
    let part = part.header("range", "bytes=2-5").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-type"], "audio/wav");
    assert_eq!(part.headers()["content-range"], "bytes 2-5/10");
    assert_eq!(part.bytes().await.unwrap(), "2345");
    let beyond = house.keyed(Method::GET, &format!("/v1/recordings/{wav}/audio"));
    let beyond = beyond.header("range", "bytes=50-").send().await.unwrap();
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn whatever_the_database_says_nothing_outside_the_vault_is_sent() {
    let house = House::open().await;
    let ogg = RecordingFormat::OggOpus;
    let absolute = house.folder.path().join("ringdown.db");
    let inside = Some(&b"sound"[..]);
    let fine = add_recording(&house, 1, ogg, "fine.ogg", inside).await;
    assert!(
        house
            .keyed(Method::GET, &format!("/v1/recordings/{fine}/audio"))
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    for (number, path) in [(2, "../ringdown.db"), (3, absolute.to_str().unwrap()), (4, "gone.ogg")]
    {
        let id = add_recording(&house, number, ogg, path, None).await;
        let request = house.keyed(Method::GET, &format!("/v1/recordings/{id}/audio"));
        assert_eq!(problem(request).await, (500, "vault".to_owned()), "{path}");
    }
}
