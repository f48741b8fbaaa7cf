//! A killed process loses at most the last moments of a recording.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use model::{RecordingFormat, Track};
use recording::Pause;

use crate::listening::{Ear, OPUS_EARS, assert_sides, listen, opusinfo, probed_ms};
use crate::studio::{Studio, Voice, duet, restart, wire};

/// Tells a child process where to record.
const VAULT: &str = "RECORDING_TEST_VAULT";
/// What the child says when everything is written.
const READY: &str = "recorder is ready to be killed";

/// Runs only as a child process of the test below.
#[tokio::test]
#[ignore = "the process that is killed; started by `a_killed_process_leaves_playable_files`"]
async fn child_that_is_killed() {
    let Some(vault) = std::env::var_os(VAULT) else { return };
    let studio = Studio::at(PathBuf::from(vault));
    let ogg = studio.open(RecordingFormat::OggOpus).await;
    let wav = studio.open(RecordingFormat::Wav).await;
    studio.play(duet(ogg, 6_000));
    studio.settle(ogg).await;
    studio.play(duet(wav, 6_000));
    studio.recorder.pause(wav, studio.moment(6_000)).await.unwrap();
    let later = wire(wav, Track::Caller, 8_000, 20, Voice::humming(900.0).sing(1_000));
    studio.play(later);
    studio.settle(ogg).await;
    println!("\n{READY}");
    std::thread::sleep(Duration::from_secs(60));
    panic!("nobody killed this process");
}

#[test]
fn a_killed_process_leaves_playable_files() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_is_killed", "--ignored", "--nocapture"])
        .env(VAULT, &vault)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines.map_while(Result::ok).any(|line| line == READY);
    assert_eq!(restart(vault.clone()), [], "what is being written is not adopted");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(ready, "the child failed before it was killed");

    let recovered = restart(vault.clone());
    assert_eq!(recovered.len(), 2);
    for found in &recovered {
        let manifest = &found.manifest;
        assert!(manifest.recovered && manifest.failed.is_none());
        let least = match manifest.format {
            RecordingFormat::OggOpus => 6_000 - 200 - 500,
            RecordingFormat::Wav => 9_000 - 200 - 500,
        };
        assert!(manifest.duration_ms >= least, "{manifest:?}");
        assert!(probed_ms(&found.file).abs_diff(manifest.duration_ms) <= 20);
        let ear = match manifest.format {
            RecordingFormat::OggOpus => {
                opusinfo(&found.file);
                OPUS_EARS[1]
            }
            RecordingFormat::Wav => {
                let pause = Pause { from_ms: 6_000, to_ms: manifest.duration_ms };
                assert_eq!(manifest.pauses, [pause], "the journal knew of the pause");
                Ear::FfmpegAuto
            }
        };
        assert_sides(&listen(ear, &found.file), 100, 5_200);
    }
    assert_eq!(restart(vault), [], "nothing is recovered twice");
}

#[tokio::test]
async fn a_recorder_dropped_without_a_close_leaves_a_recording_to_recover() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    studio.play(duet(id, 3_000));
    studio.settle(id).await;
    let vault = studio.vault.clone();
    drop(studio.recorder.clone());
    assert_eq!(restart(vault.clone()), [], "one handle is left, so it is still recorded");

    let folder = studio.end();
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut recovered = restart(vault.clone());
    while recovered.is_empty() {
        assert!(Instant::now() < deadline, "the recorder's thread did not end");
        recovered = restart(vault.clone());
    }
    assert_eq!(recovered[0].manifest.id, id);
    assert!(recovered[0].manifest.duration_ms >= 2_300);
    drop(folder);
}
