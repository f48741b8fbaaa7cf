//! Key presses as RFC 4733 telephone events: which packets are one press, and when it is over.

mod state;

use std::time::{Duration, Instant};

pub(crate) use state::PressesState;

/// Presses remembered, so that late packets are known for what they are. SRTP refuses anything
/// more than 64 packets late, which is about as many presses of four packets and a pause.
const RECENT: usize = 4;
/// A press whose end was lost is over when nothing came for so long. Senders repeat a held key at
/// least every 50 ms.
const PATIENCE: Duration = Duration::from_millis(500);
/// Units of the event clock, which is 8 kHz whatever the clock of the sound.
const UNITS_PER_MILLISECOND: u32 = 8;
/// The longest duration one packet can say; a longer press goes on in a new segment (section
/// 2.5.1.3).
const SEGMENT: u32 = 0xffff;
/// How far the RTP timestamp moves from one segment to the next: on the 48 kHz clock of the sound
/// as Meta counts, or on the event's own.
const SEGMENT_STEPS: [u32; 2] = [6 * SEGMENT, SEGMENT];
const END: u8 = 0x80;

/// A key that was pressed and let go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key {
    /// `0` to `9`, `*`, `#`, `A` to `D`.
    pub(crate) digit: char,
    pub(crate) duration_ms: u32,
}

/// Whether `later` is the timestamp of the segment behind the one at `earlier`.
pub(crate) fn is_next_segment(earlier: u32, later: u32) -> bool {
    SEGMENT_STEPS.contains(&later.wrapping_sub(earlier))
}

#[derive(Clone, Copy, Debug)]
struct Press {
    event: u8,
    /// Timestamps of the first and of the latest segment.
    first: u32,
    latest: u32,
    /// Units of the segments before the latest, and of the latest.
    before: u32,
    units: u32,
    heard_at: Instant,
    /// The last packet said that this is the end.
    ended: bool,
    told: bool,
}

/// The presses of one leg.
#[derive(Debug, Default)]
pub(crate) struct Presses {
    ssrc: Option<u32>,
    /// Oldest first.
    recent: [Option<Press>; RECENT],
    /// The newest timestamp that was forgotten; what is older has been told.
    forgotten: Option<u32>,
}

impl Presses {
    /// Takes the payload of a verified packet and hands out what is over now, in the order it was
    /// pressed.
    pub(crate) fn hear(
        &mut self,
        now: Instant,
        ssrc: u32,
        timestamp: u32,
        payload: &[u8],
        say: &mut dyn FnMut(Key),
    ) {
        let &[event, flags, high, low, ..] = payload else {
            return;
        };
        if digit(event).is_none() {
            return;
        }
        if self.ssrc != Some(ssrc) {
            self.tell_until(RECENT, say);
            *self = Self { ssrc: Some(ssrc), ..Self::default() };
        }
        let Some(at) = self.place(now, event, timestamp, say) else {
            return;
        };
        let Some(press) = &mut self.recent[at] else {
            return;
        };
        press.heard_at = now;
        if timestamp == press.latest {
            press.units = press.units.max(u16::from_be_bytes([high, low]).into());
            press.ended |= flags & END != 0;
        }
        if press.ended && !press.told {
            self.tell_until(at + 1, say);
        }
    }

    /// Hands out presses whose end was lost.
    pub(crate) fn expire(&mut self, now: Instant, say: &mut dyn FnMut(Key)) {
        let late = |press: &Press| !press.told && press.heard_at + PATIENCE <= now;
        if let Some(at) = self.recent.iter().rposition(|press| press.as_ref().is_some_and(late)) {
            self.tell_until(at + 1, say);
        }
    }

    /// When [`Self::expire`] is due.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let waiting = self.recent.iter().flatten().filter(|press| !press.told);
        waiting.map(|press| press.heard_at + PATIENCE).min()
    }

    /// Where the press of a packet is kept; `None` when it is too old to tell.
    fn place(
        &mut self,
        now: Instant,
        event: u8,
        timestamp: u32,
        say: &mut dyn FnMut(Key),
    ) -> Option<usize> {
        let is_it = |press: &Option<Press>| {
            press.as_ref().is_some_and(|press| press.event == event && press.covers(timestamp))
        };
        if let Some(at) = self.recent.iter().position(is_it) {
            return Some(at);
        }
        for (at, press) in self.recent.iter_mut().enumerate() {
            if let Some(press) = press
                && press.event == event
                && !press.ended
                && is_next_segment(press.latest, timestamp)
            {
                press.latest = timestamp;
                press.before += SEGMENT;
                press.units = 0;
                return Some(at);
            }
        }
        if self.forgotten.is_some_and(|forgotten| !is_after(timestamp, forgotten)) {
            return None;
        }
        if let [Some(oldest), .., Some(_)] = self.recent {
            self.tell_until(1, say);
            self.forgotten = Some(oldest.latest);
            self.recent[0] = None;
            self.recent.rotate_left(1);
        }
        let is_later = |slot: &Option<Press>| {
            slot.as_ref().is_none_or(|known| is_after(known.first, timestamp))
        };
        let at = self.recent.iter().position(is_later)?;
        self.recent[at..].rotate_right(1);
        self.recent[at] = Some(Press {
            event,
            first: timestamp,
            latest: timestamp,
            before: 0,
            units: 0,
            heard_at: now,
            ended: false,
            told: false,
        });
        Some(at)
    }

    /// Tells every press before `end` that was not told yet.
    fn tell_until(&mut self, end: usize, say: &mut dyn FnMut(Key)) {
        for press in self.recent[..end].iter_mut().flatten().filter(|press| !press.told) {
            press.told = true;
            if let Some(digit) = digit(press.event) {
                let duration_ms = (press.before + press.units) / UNITS_PER_MILLISECOND;
                say(Key { digit, duration_ms });
            }
        }
    }
}

impl Press {
    /// Whether one of its segments starts at `timestamp`, or lies around it.
    const fn covers(&self, timestamp: u32) -> bool {
        timestamp.wrapping_sub(self.first) <= self.latest.wrapping_sub(self.first)
    }
}

const fn is_after(one: u32, other: u32) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}

/// RFC 4733 section 3.2; the hook flash (16) is no key.
fn digit(event: u8) -> Option<char> {
    b"0123456789*#ABCD".get(usize::from(event)).copied().map(char::from)
}

#[cfg(test)]
mod tests;
