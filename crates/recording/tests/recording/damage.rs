//! An Ogg file torn or damaged anywhere is repaired to its last whole page and plays.

use std::path::{Path, PathBuf};

use model::{RecordingFormat, RecordingId, Track};
use recording::{Gap, Recovered};

use crate::listening::{OPUS_EARS, assert_sides, listen, opusinfo, probed_ms, run};
use crate::studio::{Studio, duet, restart};

/// What a crash left of a recording of 6 s, all but the last moments on disk.
struct Leftover {
    id: RecordingId,
    day: PathBuf,
    sound: Vec<u8>,
    journal: Vec<u8>,
}

async fn leftover() -> Leftover {
    let studio = Studio::new();
    let new = studio.new_recording(RecordingFormat::OggOpus);
    let id = new.id;
    let file = recording::file_path(&studio.vault, id, new.started_at, new.format);
    studio.recorder.open(new).await.expect("a new id");
    studio.play(duet(id, 6_000));
    studio.settle(id).await;
    Leftover {
        id,
        day: file
            .parent()
            .and_then(|day| day.strip_prefix(&studio.vault).ok())
            .expect("files lie in the folder of a day")
            .to_owned(),
        sound: std::fs::read(file.with_extension("opus.part")).expect("the part"),
        journal: std::fs::read(file.with_extension("head.jsonl")).expect("the journal"),
    }
}

impl Leftover {
    /// Puts the leftover into a vault with `sound` as its file, and starts a recorder there.
    fn recover(&self, vault: &Path, sound: Option<&[u8]>) -> Vec<Recovered> {
        let folder = vault.join(&self.day);
        std::fs::create_dir_all(&folder).expect("a folder");
        if let Some(sound) = sound {
            std::fs::write(folder.join(format!("{}.opus.part", self.id)), sound).expect("a file");
        }
        std::fs::write(folder.join(format!("{}.head.jsonl", self.id)), &self.journal)
            .expect("a file");
        restart(vault.to_owned())
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_is_whole_again() {
    let leftover = leftover().await;
    let whole = leftover.sound.len();
    let cuts =
        (0..16).map(|n| n * whole / 16 + n % 7).chain([1, 27, 47, 100, 150, whole - 1, whole]);
    let mut longest = 0;
    for cut in cuts {
        let vault = tempfile::tempdir().unwrap();
        let recovered = leftover.recover(vault.path(), Some(&leftover.sound[..cut]));
        assert_eq!(recovered.len(), 1, "cut at {cut}");
        let Recovered { manifest, file } = &recovered[0];
        assert!(manifest.recovered);
        assert_eq!(manifest.bytes, std::fs::metadata(file).unwrap().len());
        // A page is 480 ms, so that is the most a cut may cost.
        let share = 6_000 * cut as u64 / whole as u64;
        assert!(manifest.duration_ms + 900 > share, "cut at {cut}: {}", manifest.duration_ms);
        let probed = probed_ms(file);
        assert!(probed.abs_diff(manifest.duration_ms) <= 20, "cut at {cut}: {probed}");
        opusinfo(file);
        if manifest.duration_ms > 400 {
            assert_sides(&listen(OPUS_EARS[1], file), 100, manifest.duration_ms - 20);
        }
        longest = longest.max(manifest.duration_ms);
        assert_eq!(restart(vault.path().to_owned()), [], "nothing is recovered twice");
    }
    assert!(longest >= 5_200, "{longest}");
}

#[tokio::test]
async fn a_damaged_page_costs_only_itself_and_is_declared() {
    let leftover = leftover().await;
    let mut sound = leftover.sound.clone();
    let middle = sound.len() / 2;
    sound[middle] ^= 0x10;
    let vault = tempfile::tempdir().unwrap();
    let recovered = leftover.recover(vault.path(), Some(&sound));
    let manifest = &recovered[0].manifest;
    assert!(manifest.duration_ms >= 5_200, "{}", manifest.duration_ms);
    let lost: Vec<&Gap> = manifest.gaps.iter().filter(|gap| gap.track == Track::Caller).collect();
    assert_eq!(lost.len(), 1, "{:?}", manifest.gaps);
    assert!((470..=490).contains(&(lost[0].to_ms - lost[0].from_ms)), "{lost:?}");
    // Players skip the damaged page with a warning.
    let path = recovered[0].file.to_str().unwrap();
    run("opusdec", &["--quiet", path, vault.path().join("out.wav").to_str().unwrap()]);
}

#[tokio::test]
async fn a_recording_that_never_reached_the_disk_becomes_an_empty_one() {
    let leftover = leftover().await;
    let vault = tempfile::tempdir().unwrap();
    let recovered = leftover.recover(vault.path(), None);
    assert_eq!(recovered.len(), 1);
    assert!(recovered[0].manifest.duration_ms < 20);
    opusinfo(&recovered[0].file);
}

#[tokio::test]
async fn a_crash_between_the_last_steps_is_finished_at_the_next_start() {
    let leftover = leftover().await;
    let vault = tempfile::tempdir().unwrap();
    let first = leftover.recover(vault.path(), Some(&leftover.sound));
    let manifest = first[0].file.with_extension("json");
    // Renamed, but without a manifest.
    std::fs::remove_file(&manifest).unwrap();
    let second = leftover.recover(vault.path(), None);
    assert_eq!(second[0].manifest, first[0].manifest);
    // Everything but the removal of the journal.
    let third = leftover.recover(vault.path(), None);
    assert_eq!(third[0].manifest, first[0].manifest);
    assert!(manifest.is_file());
}

#[tokio::test]
async fn nonsense_in_the_vault_does_not_keep_the_recorder_from_starting() {
    let leftover = leftover().await;
    let vault = tempfile::tempdir().unwrap();
    let folder = vault.path().join(&leftover.day);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("rec_x.head.jsonl"), b"{ not json").unwrap();
    std::fs::write(folder.join("rec_y.head.jsonl"), [0xFF; 40]).unwrap();
    std::fs::write(folder.join("rec_z.opus.part"), b"OggS").unwrap();
    std::fs::create_dir(folder.join("rec_d.head.jsonl")).unwrap();
    let recovered = leftover.recover(vault.path(), Some(&leftover.sound));
    assert_eq!(recovered.len(), 1, "the good one is still adopted");
    assert!(folder.join("rec_z.opus.part").is_file(), "and the rest is left alone");
}
