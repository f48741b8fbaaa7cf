//! Finding tones: in what phones and agents heard, and in files by way of foreign decoders.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sim::listen::{Heard, goertzel};

use crate::world::PATIENCE;

/// How much of the latest sound is looked at.
pub(crate) const LATELY: Duration = Duration::from_millis(500);

/// Waits until the latest sound holds one tone and not the other.
pub(crate) async fn hears_only(what: &str, heard: impl Fn() -> Heard, wanted: f64, other: f64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sound = heard();
        if sound.hears(wanted, LATELY) && !sound.hears(other, LATELY) {
            return;
        }
        let (level, wrong) = (sound.tone_db(wanted, LATELY), sound.tone_db(other, LATELY));
        assert!(
            Instant::now() < deadline,
            "{what} does not hear {wanted} Hz alone: {level:.0} dB, and {other} Hz at {wrong:.0} dB, {} packets",
            sound.packets
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the latest sound holds neither of two tones.
pub(crate) async fn hears_nothing(what: &str, heard: impl Fn() -> Heard, tones: [f64; 2]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sound = heard();
        if tones.iter().all(|tone| !sound.hears(*tone, LATELY)) {
            return;
        }
        assert!(Instant::now() < deadline, "{what} still hears a tone");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The levels of two tones in one channel of a file, decoded by ffmpeg.
pub(crate) fn levels(file: &Path, channel: usize, tones: [f64; 2]) -> [f64; 2] {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-f", "s16le", "-ar", "48000", "-ac", "2", "-"])
        .output()
        .expect("ffmpeg is installed (cargo xtask setup --tests)");
    assert!(!output.stdout.is_empty(), "ffmpeg: {}", String::from_utf8_lossy(&output.stderr));
    let pcm: Vec<i16> = output
        .stdout
        .chunks_exact(4)
        .map(|frame| i16::from_le_bytes([frame[channel * 2], frame[channel * 2 + 1]]))
        .collect();
    // The middle: neither the first packets nor the hang-up.
    let middle = &pcm[pcm.len() / 3..pcm.len() * 2 / 3];
    tones.map(|hz| goertzel(middle, 48_000, hz))
}

/// Asserts that a channel holds one tone, 20 dB above the other.
pub(crate) fn assert_channel(file: &Path, channel: usize, wanted: f64, other: f64) {
    let [level, wrong] = levels(file, channel, [wanted, other]);
    assert!(
        level > -30.0 && level > wrong + 20.0,
        "channel {channel} of {}: {wanted} Hz at {level:.0} dB, {other} Hz at {wrong:.0} dB",
        file.display()
    );
}

/// What ffprobe says: channels and duration in milliseconds.
pub(crate) fn probe(file: &Path) -> (u64, f64) {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=channels:format=duration", "-of", "json"])
        .arg(file)
        .output()
        .expect("ffprobe is installed (cargo xtask setup --tests)");
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("ffprobe speaks JSON");
    let channels = json["streams"][0]["channels"].as_u64().expect("channels");
    let seconds: f64 =
        json["format"]["duration"].as_str().expect("a duration").parse().expect("a number");
    (channels, seconds * 1_000.0)
}

/// Asserts that opusinfo finds nothing wrong.
pub(crate) fn assert_opusinfo_is_happy(file: &Path) {
    let output = Command::new("opusinfo")
        .arg(file)
        .output()
        .expect("opusinfo is installed (cargo xtask setup --tests)");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.status.success() && !text.to_lowercase().contains("warning"),
        "opusinfo: {text}"
    );
}
