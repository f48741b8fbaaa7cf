//! Who is heard, told by tones: each party hums at a frequency of its own.

use std::f32::consts::TAU;

use opus::{Application, Bitrate, Channels, Decoder, Encoder};

const RATE: f32 = 48_000.0;
const FRAME_SAMPLES: usize = 960;
/// Samples of 100 ms: enough to tell tones 10 Hz apart.
pub(crate) const WINDOW: usize = 4_800;

/// Says one tone.
pub(crate) struct Talker {
    encoder: Encoder,
    hertz: f32,
    amplitude: f32,
    at: usize,
}

impl Talker {
    pub(crate) fn new(hertz: f32, amplitude: f32) -> Self {
        let mut encoder = Encoder::new(48_000, Channels::Mono, Application::Audio).expect("memory");
        encoder.set_bitrate(Bitrate::Bits(48_000)).expect("a rate it knows");
        Self { encoder, hertz, amplitude, at: 0 }
    }

    /// The next 20 ms.
    pub(crate) fn packet(&mut self) -> Vec<u8> {
        let pcm: Vec<i16> = (self.at..self.at + FRAME_SAMPLES)
            .map(|n| (self.amplitude * (TAU * (self.hertz * n as f32 / RATE).fract()).sin()) as i16)
            .collect();
        self.at += FRAME_SAMPLES;
        self.encoder.encode_vec(&pcm, 1_000).expect("20 ms")
    }
}

/// What is heard when these packets are played one after another.
pub(crate) fn decoded<T: AsRef<[u8]>>(packets: &[T]) -> Vec<i16> {
    let mut decoder = Decoder::new(48_000, Channels::Mono).expect("memory");
    let mut pcm = Vec::new();
    for packet in packets {
        let mut room = [0; 5_760];
        let samples = decoder.decode(packet.as_ref(), &mut room, false).expect("an Opus packet");
        pcm.extend(&room[..samples]);
    }
    pcm
}

/// The amplitude of the tone in each so many samples.
pub(crate) fn levels(pcm: &[i16], hertz: f32, samples: usize) -> Vec<f32> {
    let level = |window: &[i16]| {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in window.iter().enumerate() {
            let angle = TAU * (hertz * n as f32 / RATE).fract();
            re += f32::from(*sample) * angle.cos();
            im += f32::from(*sample) * angle.sin();
        }
        2.0 * f32::hypot(re, im) / samples as f32
    };
    pcm.chunks_exact(samples).map(level).collect()
}

/// The mean over 100 ms each.
pub(crate) fn level(pcm: &[i16], hertz: f32) -> f32 {
    let levels = levels(pcm, hertz, WINDOW);
    levels.iter().sum::<f32>() / levels.len() as f32
}
