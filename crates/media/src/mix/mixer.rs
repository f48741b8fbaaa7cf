//! The sum of what the others say, once for each party that hears a mix.

use std::time::{Duration, Instant};

use opus::{Application, Bandwidth, Bitrate, Channels, Encoder};

use super::playout::{FRAME_SAMPLES, Playout, RATE};
use super::{Party, Supervision};

const FRAME: Duration = Duration::from_millis(20);
/// A delay of the thread beyond which missed frames are skipped instead of sent at once.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
/// What Meta asks an Opus sender for.
const BITS_PER_SECOND: i32 = 20_000;
/// Of 10: a third of the work of the highest, and at this rate nobody hears the difference.
const COMPLEXITY: i32 = 5;
/// Bytes of a frame: four times the mean, more than constrained VBR ever takes.
const FRAME_BYTES_MAX: usize = 200;
/// Of 2^15: -3 dB for each voice, so that two that talk at once at the usual level stay below full
/// scale. What is louder saturates.
const GAIN: i32 = 23_170;

/// The sound of one supervised call.
pub(crate) struct Mixer {
    supervision: Supervision,
    voices: [Playout; 3],
    pcm: Box<[[i16; FRAME_SAMPLES]; 3]>,
    /// One for each party that hears a mix.
    mixes: Vec<Mix>,
    due: Instant,
}

struct Mix {
    hearer: Party,
    encoder: Encoder,
    frame: [u8; FRAME_BYTES_MAX],
    length: usize,
}

impl Mixer {
    /// The first frame is due at once.
    ///
    /// # Errors
    /// When libopus has no memory.
    pub(crate) fn new(now: Instant, supervision: Supervision) -> Result<Self, opus::Error> {
        let mut mixer = Self {
            supervision,
            voices: [Playout::new()?, Playout::new()?, Playout::new()?],
            pcm: Box::new([[0; FRAME_SAMPLES]; 3]),
            mixes: Vec::new(),
            due: now,
        };
        mixer.choose(supervision)?;
        Ok(mixer)
    }

    pub(crate) const fn supervision(&self) -> Supervision {
        self.supervision
    }

    /// Changes who hears whom. What is heard already goes on unbroken. An error changes nothing.
    ///
    /// # Errors
    /// When libopus has no memory.
    pub(crate) fn choose(&mut self, supervision: Supervision) -> Result<(), opus::Error> {
        let mut made = Vec::new();
        for hearer in Party::ALL {
            let known = self.mixes.iter().any(|mix| mix.hearer == hearer);
            if supervision.is_mixed_for(hearer) && !known {
                made.push(Mix::new(hearer)?);
            }
        }
        self.mixes.retain(|mix| supervision.is_mixed_for(mix.hearer));
        self.mixes.append(&mut made);
        self.supervision = supervision;
        Ok(())
    }

    /// Takes what a party said, with its extended sequence number.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        speaker: Party,
        ssrc: u32,
        index: u64,
        payload: &[u8],
    ) {
        if self.supervision.needs(speaker) {
            self.voices[speaker.index()].hear(now, ssrc, index, payload);
        }
    }

    /// When the next frame is due.
    pub(crate) const fn due(&self) -> Instant {
        self.due
    }

    /// After a long delay, begins anew at `now` and says so: frames were left out.
    pub(crate) fn skip(&mut self, now: Instant) -> bool {
        let is_late = now.saturating_duration_since(self.due) > CATCH_UP_MAX;
        if is_late {
            self.due = now;
        }
        is_late
    }

    /// Makes the frames that are due.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.due += FRAME;
        for (voice, pcm) in self.voices.iter_mut().zip(self.pcm.iter_mut()) {
            voice.take(now, pcm);
        }
        for mix in &mut self.mixes {
            let others = Party::ALL
                .into_iter()
                .filter(|party| *party != mix.hearer && self.supervision.needs(*party));
            let mut sum = [0i32; FRAME_SAMPLES];
            for party in others {
                for (sum, sample) in sum.iter_mut().zip(&self.pcm[party.index()]) {
                    *sum += (i32::from(*sample) * GAIN) >> 15;
                }
            }
            mix.encode(&sum);
        }
    }

    /// The latest frames, and who hears them.
    pub(crate) fn frames(&self) -> impl Iterator<Item = (Party, &[u8])> {
        let frames = self.mixes.iter().map(|mix| (mix.hearer, &mix.frame[..mix.length]));
        frames.filter(|(_, frame)| !frame.is_empty())
    }
}

impl Mix {
    fn new(hearer: Party) -> Result<Self, opus::Error> {
        let mut encoder = Encoder::new(RATE, Channels::Mono, Application::Voip)?;
        encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
        encoder.set_vbr_constraint(true)?;
        encoder.set_max_bandwidth(Bandwidth::Wideband)?;
        encoder.set_complexity(COMPLEXITY)?;
        Ok(Self { hearer, encoder, frame: [0; FRAME_BYTES_MAX], length: 0 })
    }

    fn encode(&mut self, sum: &[i32; FRAME_SAMPLES]) {
        let clamped = |sample: i32| sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let pcm = sum.map(clamped);
        // Without a frame the leg's own source fills in.
        self.length = self.encoder.encode(&pcm, &mut self.frame).unwrap_or(0);
    }
}
