//! Foreign ears: what other programs hear in our files.

use std::path::Path;
use std::process::{Command, Output};

use crate::studio::{AGENT_HZ, CALLER_HZ};

/// The decoders that a file is played with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ear {
    /// The decoder that ffmpeg wrote itself.
    FfmpegNative,
    /// ffmpeg around libopus.
    FfmpegLibopus,
    /// The reference player.
    Opusdec,
    /// Whatever ffmpeg chooses, for WAV.
    FfmpegAuto,
}

/// Every decoder of Ogg/Opus at hand.
pub(crate) const OPUS_EARS: [Ear; 3] = [Ear::FfmpegNative, Ear::FfmpegLibopus, Ear::Opusdec];

/// The two channels of a file at 48 kHz, full scale 1.
pub(crate) struct Heard {
    pub(crate) left: Vec<f32>,
    pub(crate) right: Vec<f32>,
}

impl Heard {
    pub(crate) fn duration_ms(&self) -> u64 {
        self.left.len() as u64 / 48
    }
}

/// Decodes a file with a foreign decoder.
pub(crate) fn listen(ear: Ear, file: &Path) -> Heard {
    let path = file.to_str().expect("scratch folders have plain names");
    let raw = ["-f", "s16le", "-ac", "2", "-ar", "48000", "-"];
    let decoder: &[&str] = match ear {
        Ear::FfmpegNative => &["-c:a", "opus"],
        Ear::FfmpegLibopus => &["-c:a", "libopus"],
        Ear::FfmpegAuto => &[],
        Ear::Opusdec => {
            let out = run("opusdec", &["--quiet", "--rate", "48000", path, "-"]);
            // opusdec writes raw samples to standard output.
            return channels(&out.stdout);
        }
    };
    let mut arguments = vec!["-v", "error"];
    arguments.extend(decoder);
    arguments.extend(["-i", path]);
    arguments.extend(raw);
    channels(&run("ffmpeg", &arguments).stdout)
}

fn channels(raw: &[u8]) -> Heard {
    let (pairs, rest) = raw.as_chunks::<4>();
    assert!(rest.is_empty(), "samples of two channels come in fours of bytes");
    let scale = |low, high| f32::from(i16::from_le_bytes([low, high])) / 32_768.0;
    Heard {
        left: pairs.iter().map(|b| scale(b[0], b[1])).collect(),
        right: pairs.iter().map(|b| scale(b[2], b[3])).collect(),
    }
}

/// Runs a tool that must succeed and have nothing to complain about.
pub(crate) fn run(tool: &str, arguments: &[&str]) -> Output {
    let out = Command::new(tool).args(arguments).output().unwrap_or_else(|error| {
        panic!("{tool} is needed to check recordings (packages ffmpeg and opus-tools): {error}")
    });
    let complaints = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{tool} {arguments:?} failed: {complaints}");
    if tool != "opusdec" {
        assert_eq!(complaints, "", "{tool} {arguments:?} complains");
    }
    out
}

/// Duration in milliseconds as the container declares it.
pub(crate) fn probed_ms(file: &Path) -> u64 {
    let path = file.to_str().expect("scratch folders have plain names");
    let arguments = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path];
    let text = String::from_utf8(run("ffprobe", &arguments).stdout).expect("ffprobe writes text");
    let seconds: f64 = text.trim().parse().unwrap_or_else(|_| panic!("no duration: {text:?}"));
    (seconds * 1_000.0).round() as u64
}

/// What opusinfo says; it fails on malformed streams.
pub(crate) fn opusinfo(file: &Path) -> String {
    let path = file.to_str().expect("scratch folders have plain names");
    let text = String::from_utf8_lossy(&run("opusinfo", &[path]).stdout).into_owned();
    for complaint in ["WARNING", "ERROR", "Negative", "unterminated", "hole"] {
        assert!(!text.contains(complaint), "opusinfo complains:\n{text}");
    }
    text
}

/// Amplitude of one frequency in a stretch of a channel (Goertzel).
pub(crate) fn amplitude(channel: &[f32], from_ms: u64, to_ms: u64, hz: f64) -> f64 {
    let samples = &channel[(from_ms * 48) as usize..(to_ms * 48) as usize];
    let omega = std::f64::consts::TAU * hz / 48_000.0;
    let coefficient = 2.0 * omega.cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        let now = f64::from(*sample) + coefficient * last - before;
        before = last;
        last = now;
    }
    let power = last * last + before * before - coefficient * last * before;
    2.0 * power.max(0.0).sqrt() / samples.len() as f64
}

/// The loudest sample of a stretch.
pub(crate) fn peak(channel: &[f32], from_ms: u64, to_ms: u64) -> f32 {
    channel[(from_ms * 48) as usize..(to_ms * 48) as usize]
        .iter()
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// When a channel becomes loud after `from_ms`.
pub(crate) fn onset_ms(channel: &[f32], from_ms: u64) -> u64 {
    let start = (from_ms * 48) as usize;
    let loud = channel[start..].iter().position(|sample| sample.abs() > 0.1);
    from_ms + loud.expect("the channel becomes loud") as u64 / 48
}

/// Left hums the caller's tone and right the agent's, neither the other's.
pub(crate) fn assert_sides(heard: &Heard, from_ms: u64, to_ms: u64) {
    for (side, channel, own, other) in
        [("left", &heard.left, CALLER_HZ, AGENT_HZ), ("right", &heard.right, AGENT_HZ, CALLER_HZ)]
    {
        let own = amplitude(channel, from_ms, to_ms, own);
        let other = amplitude(channel, from_ms, to_ms, other);
        assert!(own > 0.2, "{side} lacks its tone: {own:.3} at {from_ms}..{to_ms} ms");
        assert!(other < own / 30.0, "{side} hears the other side: {other:.4} beside {own:.3}");
    }
}
