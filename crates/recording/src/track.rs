//! One track of an Ogg/Opus recording: which packet stands for each 20 ms, copied where it can be.

use smallvec::smallvec;

use crate::packet::{self, Frames, Framing, SILENCE, SLOT, Toc};
use crate::pcm::Recoder;
use crate::timeline::Placed;

/// How long a hole is extrapolated by the player's decoder before it is real silence. Opus sends
/// comfort noise updates every 400 ms during discontinuous transmission.
pub(crate) const CONCEAL_SLOTS_MAX: u64 = 25; // 500 ms

/// What a track has for one slot of 20 ms.
#[derive(Debug)]
pub(crate) struct SlotInput<'a> {
    /// The slot's first sample.
    pub(crate) start: u64,
    /// Frames that start in the slot, in order, with their positions.
    pub(crate) frames: &'a [(u64, Placed)],
    /// The frame that starts where the slot ends, if it is here already.
    pub(crate) next: Option<&'a Placed>,
    /// Nothing may be heard.
    pub(crate) paused: bool,
}

/// Chooses the packets of one track.
#[derive(Debug, Default)]
pub(crate) struct OggTrack {
    recoder: Option<Recoder>,
    /// What a concealed frame pretends to be.
    last: Option<Toc>,
    /// Slots without sound in a row.
    silent: u64,
}

impl OggTrack {
    /// Appends exactly one packet of 20 ms.
    pub(crate) fn packet(&mut self, input: &SlotInput<'_>, framing: Framing, out: &mut Vec<u8>) {
        if self.recoder.is_none() && input.frames.iter().any(|(_, frame)| must_recode(frame)) {
            match Recoder::new() {
                Ok(recoder) => self.recoder = Some(recoder),
                Err(error) => tracing::warn!(%error, "frames of 40 or 60 ms are left out"),
            }
        }
        if let Some(recoder) = &mut self.recoder {
            match recoder.packet(input).as_deref().map(packet::split) {
                Ok(Ok(parts)) => packet::compose(parts.toc, &parts.frames, framing, out),
                Ok(Err(packet::Malformed)) => silence(framing, out),
                Err(error) => {
                    tracing::debug!(%error, "a slot is left silent");
                    silence(framing, out);
                }
            }
            return;
        }
        self.copy(input, framing, out);
    }

    fn copy(&mut self, input: &SlotInput<'_>, framing: Framing, out: &mut Vec<u8>) {
        let first = input.frames.iter().map(|(_, frame)| frame.toc).find(|toc| !is_long(*toc));
        match first {
            Some(toc) if !input.paused => {
                let kept = side_by_side(toc, input);
                packet::compose(toc, &kept, framing, out);
                self.last = Some(toc);
                self.silent = 0;
            }
            _ => self.fill(input.paused, framing, out),
        }
    }

    /// A slot without sound.
    fn fill(&mut self, paused: bool, framing: Framing, out: &mut Vec<u8>) {
        self.silent = if paused { CONCEAL_SLOTS_MAX } else { self.silent.saturating_add(1) };
        match self.last {
            Some(toc) if !paused && self.silent <= CONCEAL_SLOTS_MAX => {
                packet::compose(toc.of_20_ms(), &[&[]], framing, out);
            }
            _ => silence(framing, out),
        }
    }
}

/// The frames of the same kind that fill the slot, empty where one is missing.
fn side_by_side<'a>(toc: Toc, input: &SlotInput<'a>) -> Frames<'a> {
    let length = toc.frame_samples();
    let mut kept: Frames<'_> = smallvec![&[][..]; (SLOT / length) as usize];
    for (position, frame) in input.frames {
        let place = kept.get_mut(((position - input.start) / length) as usize);
        if let Some(place) = place.filter(|_| frame.toc.kind() == toc.kind()) {
            *place = &frame.bytes;
        }
    }
    kept
}

fn is_long(toc: Toc) -> bool {
    toc.frame_samples() > SLOT
}

/// Whether a frame cannot be copied into a mono packet of 20 ms.
fn must_recode(frame: &Placed) -> bool {
    is_long(frame.toc)
}

fn silence(framing: Framing, out: &mut Vec<u8>) {
    packet::compose(SILENCE.0, &[SILENCE.1], framing, out);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pcm::{PcmTrack, SlotSamples};
    use crate::timeline::{Tapped, Timeline};

    /// Packets as a hostile or broken sender may number and time them.
    fn anything() -> impl Strategy<Value = Vec<(u64, u64, u32, Vec<u8>)>> {
        let near = |n: u32| (0..n).prop_map(u64::from);
        let packet = (
            near(48_000),
            prop_oneof![near(60), any::<u64>()],
            prop_oneof![(0u32..100).prop_map(|n| n * 480), any::<u32>()],
            (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..80))
                .prop_map(|(toc, body)| [&[toc], body.as_slice()].concat()),
        );
        proptest::collection::vec(packet, 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_slot_is_one_packet_of_20_ms_whatever_arrives(packets in anything()) {
            let mut timeline = Timeline::default();
            for (arrived, seq, rtp_timestamp, payload) in &packets {
                let (seq, payload) = (*seq, payload.as_slice());
                let tapped = Tapped { arrived: *arrived, seq, rtp_timestamp: *rtp_timestamp, payload };
                let _refused = timeline.accept(tapped, 0);
            }
            let mut track = OggTrack::default();
            let mut pcm = PcmTrack::new().unwrap();
            for slot in 0..70 {
                let start = slot * SLOT;
                let frames = timeline.take_until(start + SLOT);
                let next = timeline.at(start + SLOT);
                let input = SlotInput { start, frames: &frames, next, paused: slot == 30 };
                let mut packet = Vec::new();
                track.packet(&input, Framing::Plain, &mut packet);
                prop_assert_eq!(opus::packet::get_nb_samples(&packet, 48_000).unwrap(), 960);
                let mut samples: SlotSamples = [0; SLOT as usize];
                pcm.slot(&input, &mut samples);
            }
        }
    }
}
