//! A WAV recording is 48 kHz stereo with the same timeline.

use model::{RecordingFormat, Track};

use crate::listening::{Ear, amplitude, assert_sides, listen, probed_ms};
use crate::studio::{AGENT_HZ, CALLER_HZ, Studio, Voice, duet, restart, wire};

#[tokio::test]
async fn a_wav_recording_plays_each_side_in_its_channel() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::Wav).await;
    studio.play(duet(id, 3_000));
    let finished = studio.close(id, 3_007).await;
    let reader = hound::WavReader::open(&finished.file).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 48_000, 16));
    assert_eq!(reader.duration(), 3_007 * 48);
    assert_eq!(finished.manifest.duration_ms, 3_007);
    assert!(probed_ms(&finished.file).abs_diff(3_007) <= 1);
    assert_sides(&listen(Ear::FfmpegAuto, &finished.file), 100, 2_900);
}

#[tokio::test]
async fn lost_frames_are_concealed_and_long_frames_decoded() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::Wav).await;
    let mut caller = wire(id, Track::Caller, 0, 20, Voice::silk(CALLER_HZ).sing(3_000));
    let mut n = 0;
    caller.retain(|_| {
        n += 1;
        n % 20 != 7
    });
    let long = Voice { frame_ms: 60, ..Voice::silk(AGENT_HZ) };
    studio.play([caller, wire(id, Track::Agent, 0, 60, long.sing(3_000))].concat());
    let finished = studio.close(id, 3_000).await;
    assert_eq!(finished.manifest.frames.caller.concealed, 8);
    assert_eq!(finished.manifest.frames.agent.concealed, 0);
    let heard = listen(Ear::FfmpegAuto, &finished.file);
    assert!(amplitude(&heard.left, 200, 2_900, CALLER_HZ) > 0.2);
    assert!(amplitude(&heard.right, 200, 2_900, AGENT_HZ) > 0.2);
}

#[tokio::test]
async fn an_unfinished_wav_plays_as_it_is_and_is_repaired_at_any_length() {
    let studio = Studio::new();
    let new = studio.new_recording(RecordingFormat::Wav);
    let id = new.id;
    let file = recording::file_path(&studio.vault, id, new.started_at, new.format);
    studio.recorder.open(new).await.unwrap();
    studio.play(duet(id, 3_000));
    studio.settle(id).await;
    let part = file.with_extension("wav.part");
    let torn = std::fs::read(&part).unwrap();
    let journal = std::fs::read(file.with_extension("head.jsonl")).unwrap();
    // Readers that know nothing of our repair get all the sound there is.
    let scratch = tempfile::tempdir().unwrap();
    let copy = scratch.path().join("copy.wav");
    std::fs::write(&copy, &torn).unwrap();
    assert!(listen(Ear::FfmpegAuto, &copy).duration_ms() >= 2_000);

    let day = file.parent().unwrap().strip_prefix(&studio.vault).unwrap();
    for length in [0, 1, 30, 44, 45, 47, 48, 20_001, torn.len() / 2, torn.len() - 1, torn.len()] {
        let vault = tempfile::tempdir().unwrap();
        let folder = vault.path().join(day);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(part.file_name().unwrap()), &torn[..length]).unwrap();
        std::fs::write(folder.join(format!("{id}.head.jsonl")), &journal).unwrap();
        let recovered = restart(vault.path().to_owned());
        assert_eq!(recovered.len(), 1, "cut at {length}");
        let samples = (length.saturating_sub(44) / 4) as u32;
        let reader = hound::WavReader::open(&recovered[0].file).unwrap();
        assert_eq!(reader.duration(), samples, "cut at {length}");
        assert_eq!(recovered[0].manifest.duration_ms, u64::from(samples / 48));
        assert!(recovered[0].manifest.recovered);
    }
}
