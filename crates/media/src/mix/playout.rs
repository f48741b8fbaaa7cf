//! One party's voice as an even flow of samples: packets are put in order, wait a little for the
//! late ones, and what is lost is concealed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use opus::{Channels, Decoder};

use crate::opus_frame;

/// The rate of the mix.
pub(super) const RATE: u32 = 48_000;
/// Samples of 20 ms.
pub(super) const FRAME_SAMPLES: usize = 960;
/// How long the first packet after a silence waits, so that the next ones may be late by as much.
const DELAY: Duration = Duration::from_millis(40);
/// The most sound that waits. Late packets and a fast clock of the sender make the queue longer;
/// beyond this the oldest packet is dropped, because a conversation cannot lag more.
const DEPTH_MAX: Duration = Duration::from_millis(120);
/// The same in packets: 120 ms of the shortest that browsers send.
const PACKETS_MAX: usize = 12;
/// Frames concealed in a row. After 60 ms concealment is a buzz, and silence is better.
const CONCEALED_MAX: u32 = 3;
/// Samples of the longest Opus packet, 120 ms.
const DECODED_MAX: usize = 5_760;

pub(super) struct Playout {
    decoder: Decoder,
    ssrc: Option<u32>,
    /// By extended sequence number.
    waiting: BTreeMap<u64, Box<[u8]>>,
    /// The number to be decoded next; the time of earlier ones is over.
    next: u64,
    pace: Pace,
    /// Frames concealed in a row because nothing had come.
    starved: u32,
    /// Of those, the ones that were not made up for: their packets may turn out to be lost.
    owed: u32,
    /// Decoded and not yet taken: `pcm[from..to]`.
    pcm: Box<[i16; FRAME_SAMPLES + DECODED_MAX]>,
    from: usize,
    to: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pace {
    Silent,
    /// Packets gather until then.
    Gathering(Instant),
    Playing,
}

impl Playout {
    pub(super) fn new() -> Result<Self, opus::Error> {
        Ok(Self {
            decoder: Decoder::new(RATE, Channels::Mono)?,
            ssrc: None,
            waiting: BTreeMap::new(),
            next: 0,
            pace: Pace::Silent,
            starved: 0,
            owed: 0,
            pcm: Box::new([0; FRAME_SAMPLES + DECODED_MAX]),
            from: 0,
            to: 0,
        })
    }

    /// Takes a packet with its extended sequence number.
    pub(super) fn hear(&mut self, now: Instant, ssrc: u32, index: u64, payload: &[u8]) {
        if self.ssrc != Some(ssrc) {
            self.ssrc = Some(ssrc);
            self.waiting.clear();
            (self.next, self.owed, self.pace) = (0, 0, Pace::Silent);
        }
        if index < self.next {
            return;
        }
        self.waiting.insert(index, payload.into());
        while self.is_too_deep() {
            self.waiting.pop_first();
            self.owed = 0;
            if let Some(first) = self.waiting.first_key_value() {
                self.next = self.next.max(*first.0);
            }
        }
        if self.pace == Pace::Silent {
            self.pace = Pace::Gathering(now + DELAY);
        }
    }

    fn is_too_deep(&self) -> bool {
        let depth: Duration =
            self.waiting.values().map(|payload| opus_frame::duration(payload)).sum();
        self.waiting.len() > PACKETS_MAX || (self.waiting.len() > 1 && depth > DEPTH_MAX)
    }

    /// The next 20 ms; zeros while nothing is said.
    pub(super) fn take(&mut self, now: Instant, frame: &mut [i16; FRAME_SAMPLES]) {
        if let Pace::Gathering(until) = self.pace
            && until <= now
        {
            self.pace = Pace::Playing;
            self.owed = 0;
            if let Some(first) = self.waiting.first_key_value() {
                self.next = *first.0;
            }
        }
        while self.pace == Pace::Playing && self.to - self.from < FRAME_SAMPLES {
            self.refill();
        }
        let length = (self.to - self.from).min(FRAME_SAMPLES);
        frame[..length].copy_from_slice(&self.pcm[self.from..self.from + length]);
        frame[length..].fill(0);
        self.from += length;
    }

    /// Decodes what is next, conceals it, passes over it, or falls silent.
    fn refill(&mut self) {
        let Some((&first, _)) = self.waiting.first_key_value() else {
            if self.starved >= CONCEALED_MAX {
                self.pace = Pace::Silent;
                self.starved = 0;
            } else {
                self.decode(&[]);
                self.starved += 1;
                self.owed += 1;
            }
            return;
        };
        let missing = first.saturating_sub(self.next);
        if missing == 0 {
            if let Some((index, payload)) = self.waiting.pop_first() {
                self.next = index + 1;
                self.decode(&payload);
            }
            (self.starved, self.owed) = (0, 0);
        } else if self.owed > 0 {
            // Concealed already, while it might still have come.
            self.owed -= 1;
            self.next += 1;
        } else if missing > u64::from(CONCEALED_MAX) {
            self.next = first;
        } else {
            self.decode(&[]);
            self.next += 1;
        }
    }

    /// Adds the sound of a packet, or 20 ms of concealment for none or a broken one.
    fn decode(&mut self, payload: &[u8]) {
        self.pcm.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let room = &mut self.pcm[self.to..];
        let decoded = match payload {
            [] => Err(()),
            _ => self.decoder.decode(payload, &mut room[..DECODED_MAX], false).map_err(|_| ()),
        };
        let samples = decoded.unwrap_or_else(|()| {
            let room = &mut room[..FRAME_SAMPLES];
            if self.decoder.decode(&[], room, false).is_err() {
                room.fill(0);
            }
            FRAME_SAMPLES
        });
        self.to += samples;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flood_makes_the_queue_longer() {
        let now = Instant::now();
        let mut playout = Playout::new().unwrap();
        // No sound in the one, 20 ms in the other, 120 ms in the third.
        for (payload, most) in [(&[3][..], PACKETS_MAX), (&[0x48; 60], 6), (&[0x4b, 6, 1], 1)] {
            for index in 0..1_000 {
                playout.hear(now, payload.len() as u32, index * 3, payload);
            }
            assert_eq!(playout.waiting.len(), most);
        }
    }
}
