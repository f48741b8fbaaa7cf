//! One track as sound: decoded with concealment, and encoded again where frames cannot be copied.

use opus::{Application, Bitrate, Channels, Decoder, Encoder};

use crate::error::RecordingError;
use crate::packet::{self, Framing, SLOT};
use crate::timeline::Placed;
use crate::track::{CONCEAL_SLOTS_MAX, SlotInput};

/// The rate of everything here.
const RATE: u32 = 48_000;
/// The longest packet, 120 ms.
const DECODED_MAX: usize = 5_760;
/// What a re-encoded track costs: transparent for one voice.
const RECODE_BITS_PER_SECOND: i32 = 32_000;
/// No packet of 20 ms is longer (RFC 6716 section 3.2, one frame and its first byte).
const ENCODED_MAX: usize = 1_276;

/// The samples of one slot.
pub(crate) type SlotSamples = [i16; SLOT as usize];

/// Decodes one track slot by slot. Stereo packets are mixed down by libopus.
#[derive(Debug)]
pub(crate) struct PcmTrack {
    decoder: Decoder,
    /// Decoded samples that belong to later slots (frames longer than 20 ms).
    ahead: Vec<i16>,
    scratch: Vec<i16>,
    packet: Vec<u8>,
    /// Samples concealed in a row; nothing was heard yet when it is at its maximum.
    concealed: u64,
}

impl PcmTrack {
    pub(crate) fn new() -> Result<Self, RecordingError> {
        let decoder = Decoder::new(RATE, Channels::Mono)
            .map_err(|source| RecordingError::Codec { what: "start a decoder", source })?;
        Ok(Self {
            decoder,
            ahead: Vec::new(),
            scratch: vec![0; DECODED_MAX],
            packet: Vec::new(),
            concealed: CONCEAL_SLOTS_MAX * SLOT,
        })
    }

    /// The sound of one slot.
    pub(crate) fn slot(&mut self, input: &SlotInput<'_>, out: &mut SlotSamples) {
        if input.paused {
            self.forget();
            out.fill(0);
            return;
        }
        let mut filled = self.ahead.len().min(out.len());
        out[..filled].copy_from_slice(&self.ahead[..filled]);
        self.ahead.drain(..filled);
        for (position, frame) in input.frames {
            let offset = (position - input.start) as usize;
            if offset < filled {
                continue; // overlaps what was decoded already
            }
            self.conceal(&mut out[filled..offset], Some(frame));
            filled = offset;
            let samples = self.decode(frame);
            let here = samples.min(out.len() - offset);
            out[offset..offset + here].copy_from_slice(&self.scratch[..here]);
            self.ahead.extend_from_slice(&self.scratch[here..samples]);
            filled += here;
        }
        self.conceal(&mut out[filled..], input.next);
    }

    /// Decodes a frame into the scratch space; 0 when libopus cannot make sense of it.
    fn decode(&mut self, frame: &Placed) -> usize {
        self.packet.clear();
        packet::compose(frame.toc, &[&frame.bytes], Framing::Plain, &mut self.packet);
        match self.decoder.decode(&self.packet, &mut self.scratch, false) {
            Ok(samples) => {
                self.concealed = 0;
                samples
            }
            Err(error) => {
                tracing::debug!(%error, "a frame could not be decoded");
                0
            }
        }
    }

    /// Fills a hole: from the forward error correction in `next` if it has any, else by
    /// extrapolation, and after a while with silence.
    fn conceal(&mut self, hole: &mut [i16], next: Option<&Placed>) {
        if hole.is_empty() {
            return;
        }
        let heard_lately = self.concealed < CONCEAL_SLOTS_MAX * SLOT;
        self.concealed = self.concealed.saturating_add(hole.len() as u64);
        self.packet.clear();
        if let Some(next) = next {
            packet::compose(next.toc, &[&next.bytes], Framing::Plain, &mut self.packet);
        }
        let repaired = heard_lately
            && self
                .decoder
                .decode(&self.packet, hole, next.is_some())
                .is_ok_and(|samples| samples == hole.len());
        if !repaired {
            hole.fill(0);
        }
    }

    /// Starts anew, so that nothing from before can sound.
    fn forget(&mut self) {
        self.ahead.clear();
        self.concealed = CONCEAL_SLOTS_MAX * SLOT;
        if let Err(error) = self.decoder.reset_state() {
            tracing::debug!(%error, "a decoder could not be reset");
        }
    }
}

/// Decodes and encodes a track whose frames do not fit into 20 ms.
#[derive(Debug)]
pub(crate) struct Recoder {
    pcm: PcmTrack,
    encoder: Encoder,
}

impl Recoder {
    pub(crate) fn new() -> Result<Self, RecordingError> {
        let start = || -> Result<Encoder, opus::Error> {
            let mut encoder = Encoder::new(RATE, Channels::Mono, Application::Voip)?;
            encoder.set_bitrate(Bitrate::Bits(RECODE_BITS_PER_SECOND))?;
            Ok(encoder)
        };
        let encoder =
            start().map_err(|source| RecordingError::Codec { what: "start an encoder", source })?;
        Ok(Self { pcm: PcmTrack::new()?, encoder })
    }

    /// One packet of one 20 ms frame.
    pub(crate) fn packet(&mut self, input: &SlotInput<'_>) -> Result<Vec<u8>, RecordingError> {
        let mut samples: SlotSamples = [0; SLOT as usize];
        self.pcm.slot(input, &mut samples);
        self.encoder
            .encode_vec(&samples, ENCODED_MAX)
            .map_err(|source| RecordingError::Codec { what: "encode a frame", source })
    }
}
