//! Opus packets as containers of frames: taken apart and put together without touching the sound.
//!
//! RFC 6716 section 3 (table of contents byte, codes 0 to 3) and appendix B (self-delimiting).

use smallvec::{SmallVec, smallvec};

/// Samples of 20 ms at 48 kHz: one Ogg packet, the grid of every recording.
pub(crate) const SLOT: u64 = 960;
/// The longest frame, RFC 6716 section 3.2 \[R2\].
const FRAME_BYTES_MAX: usize = 1_275;
/// The longest packet is 120 ms, RFC 6716 section 3.2.5 \[R5\].
const PACKET_SAMPLES_MAX: u64 = 5_760;
/// 20 ms of digital silence: CELT, fullband, mono.
pub(crate) const SILENCE: (Toc, &[u8]) = (Toc(0xF8), &[0xFF, 0xFE]);

/// The first byte of a packet: coding mode, frame length, stereo, and how frames are packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Toc(u8);

impl Toc {
    /// Samples of one frame at 48 kHz: 120 to 2880.
    pub(crate) fn frame_samples(self) -> u64 {
        let config = usize::from(self.0 >> 3);
        match config {
            0..=11 => [480, 960, 1_920, 2_880][config % 4],
            12..=15 => [480, 960][config % 2],
            _ => [120, 240, 480, 960][config % 4],
        }
    }

    /// The same mode and bandwidth with one frame of 20 ms.
    pub(crate) fn of_20_ms(self) -> Self {
        let config = self.0 >> 3;
        let config = match config {
            0..=11 => (config & !3) | 1,
            12..=15 => config | 1,
            _ => config | 3,
        };
        Self((config << 3) | (self.0 & 0x04))
    }

    /// Mode, bandwidth, frame length and stereo, without the packing code: frames that agree in
    /// it may share a packet.
    pub(crate) fn kind(self) -> u8 {
        self.0 & 0xFC
    }
}

/// Why bytes are not an Opus packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

/// A packet taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Split<'a> {
    pub(crate) toc: Toc,
    /// Frames in order; an empty one is a frame that was not sent.
    pub(crate) frames: Frames<'a>,
}

/// Frames of a packet: nearly always one.
pub(crate) type Frames<'a> = SmallVec<[&'a [u8]; 2]>;

/// Takes a packet apart.
pub(crate) fn split(packet: &[u8]) -> Result<Split<'_>, Malformed> {
    let (&first, body) = packet.split_first().ok_or(Malformed)?;
    let toc = Toc(first);
    let frames = match first & 0x03 {
        0 => smallvec![body],
        1 => {
            if body.len() % 2 != 0 {
                return Err(Malformed);
            }
            let (one, two) = body.split_at(body.len() / 2);
            smallvec![one, two]
        }
        2 => {
            let (length, rest) = read_length(body)?;
            let (one, two) = rest.split_at_checked(length).ok_or(Malformed)?;
            smallvec![one, two]
        }
        _ => split_counted(toc, body)?,
    };
    if frames.iter().any(|frame| frame.len() > FRAME_BYTES_MAX) {
        return Err(Malformed);
    }
    Ok(Split { toc, frames })
}

/// Code 3: a counted number of frames, all of one length or each with its own.
fn split_counted(toc: Toc, body: &[u8]) -> Result<Frames<'_>, Malformed> {
    let (&head, mut rest) = body.split_first().ok_or(Malformed)?;
    let count = usize::from(head & 0x3F);
    if count == 0 || count as u64 * toc.frame_samples() > PACKET_SAMPLES_MAX {
        return Err(Malformed);
    }
    if head & 0x40 != 0 {
        rest = without_padding(rest)?;
    }
    let mut lengths = Vec::with_capacity(count);
    if head & 0x80 != 0 {
        for _ in 1..count {
            let (length, after) = read_length(rest)?;
            lengths.push(length);
            rest = after;
        }
        let last = rest.len().checked_sub(lengths.iter().sum()).ok_or(Malformed)?;
        lengths.push(last);
    } else {
        if rest.len() % count != 0 {
            return Err(Malformed);
        }
        lengths.resize(count, rest.len() / count);
    }
    let mut frames = Frames::with_capacity(count);
    for length in lengths {
        let (frame, after) = rest.split_at_checked(length).ok_or(Malformed)?;
        frames.push(frame);
        rest = after;
    }
    Ok(frames)
}

/// Reads the padding length in front and cuts that much off the end.
fn without_padding(mut rest: &[u8]) -> Result<&[u8], Malformed> {
    let mut padding = 0;
    loop {
        let (&byte, after) = rest.split_first().ok_or(Malformed)?;
        rest = after;
        if byte != 255 {
            padding += usize::from(byte);
            break;
        }
        padding += 254;
    }
    let kept = rest.len().checked_sub(padding).ok_or(Malformed)?;
    Ok(&rest[..kept])
}

/// Reads a frame length, RFC 6716 section 3.2.1.
fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), Malformed> {
    let (&first, rest) = bytes.split_first().ok_or(Malformed)?;
    if first < 252 {
        return Ok((usize::from(first), rest));
    }
    let (&second, rest) = rest.split_first().ok_or(Malformed)?;
    Ok((usize::from(second) * 4 + usize::from(first), rest))
}

fn write_length(length: usize, out: &mut Vec<u8>) {
    debug_assert!(length <= FRAME_BYTES_MAX, "frames come from `split`");
    if length < 252 {
        out.push(length as u8);
    } else {
        let first = 252 + (length & 3);
        out.push(first as u8);
        out.push(((length - first) / 4) as u8);
    }
}

/// How a packet says where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// It does not: the container does.
    Plain,
    /// It carries the length of its last frame, RFC 6716 appendix B.
    SelfDelimiting,
}

/// Appends a packet of frames that share one kind.
pub(crate) fn compose(toc: Toc, frames: &[&[u8]], framing: Framing, out: &mut Vec<u8>) {
    debug_assert!((1..=48).contains(&frames.len()), "a packet has 1 to 48 frames");
    if frames.len() == 1 {
        out.push(toc.kind());
    } else {
        out.push(toc.kind() | 0x03);
        out.push(0x80 | frames.len() as u8);
    }
    let counted = match framing {
        Framing::Plain => frames.len() - 1,
        Framing::SelfDelimiting => frames.len(),
    };
    for frame in &frames[..counted] {
        write_length(frame.len(), out);
    }
    for frame in frames {
        out.extend_from_slice(frame);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Kind, frames, and what follows.
    type Delimited<'a> = (u8, Vec<&'a [u8]>, &'a [u8]);

    /// Reads a packet in front of others, as a decoder of several streams does.
    fn split_delimited(bytes: &[u8]) -> Option<Delimited<'_>> {
        let (&toc, mut rest) = bytes.split_first()?;
        let count = match toc & 3 {
            0 => 1,
            3 => {
                let (&head, after) = rest.split_first()?;
                assert_eq!(head & 0xC0, 0x80, "own lengths, no padding");
                rest = after;
                usize::from(head & 0x3F)
            }
            code => panic!("code {code} is never written"),
        };
        let mut lengths = Vec::new();
        for _ in 0..count {
            let (length, after) = read_length(rest).ok()?;
            lengths.push(length);
            rest = after;
        }
        let mut frames = Vec::new();
        for length in lengths {
            let (frame, after) = rest.split_at_checked(length)?;
            frames.push(frame);
            rest = after;
        }
        Some((toc & 0xFC, frames, rest))
    }

    #[test]
    fn silence_is_the_known_packet() {
        let mut out = Vec::new();
        compose(SILENCE.0, &[SILENCE.1], Framing::Plain, &mut out);
        assert_eq!(out, [0xF8, 0xFF, 0xFE]);
        out.clear();
        compose(SILENCE.0, &[SILENCE.1], Framing::SelfDelimiting, &mut out);
        assert_eq!(out, [0xF8, 2, 0xFF, 0xFE]);
    }

    #[test]
    fn a_lost_frame_is_a_bare_byte() {
        let mut out = Vec::new();
        compose(Toc(0x0B), &[&[]], Framing::Plain, &mut out);
        compose(Toc(0x0B), &[&[]], Framing::SelfDelimiting, &mut out);
        assert_eq!(out, [0x08, 0x08, 0]);
    }

    #[test]
    fn frame_lengths_follow_the_table_of_configurations() {
        for (config, samples) in [
            (0, 480),
            (1, 960),
            (2, 1_920),
            (11, 2_880),
            (12, 480),
            (15, 960),
            (16, 120),
            (31, 960),
        ] {
            assert_eq!(Toc(config << 3).frame_samples(), samples, "configuration {config}");
        }
    }

    /// Packets that are likely to pass the first checks, and some that are not.
    fn packets() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            proptest::collection::vec(any::<u8>(), 0..4_000),
            (any::<u8>(), 0u8..4, 1u8..12, proptest::collection::vec(0u8..20, 0..300)).prop_map(
                |(toc, flags, count, body)| {
                    let mut packet = vec![toc | 3, (flags << 6) | count];
                    packet.extend(body);
                    packet
                }
            ),
        ]
    }

    proptest! {
        #[test]
        fn splitting_agrees_with_libopus(packet in packets()) {
            let ours = split(&packet);
            // libopus is not asked about nothing: its binding reads the first byte.
            let theirs = if packet.is_empty() { None } else { opus::packet::parse(&packet).ok() };
            match (ours, theirs) {
                (Ok(split), Some(parsed)) => prop_assert_eq!(split.frames.to_vec(), parsed.frames),
                (Err(Malformed), None) => {}
                (ours, theirs) => prop_assert!(false, "we say {:?}, libopus {:?}", ours, theirs),
            }
        }

        #[test]
        fn what_was_split_can_be_put_together(packet in packets(), tail in any::<[u8; 3]>()) {
            let Ok(parts) = split(&packet) else { return Ok(()) };
            let mut plain = Vec::new();
            compose(parts.toc, &parts.frames, Framing::Plain, &mut plain);
            let again = split(&plain).unwrap();
            prop_assert_eq!(again.toc.kind(), parts.toc.kind());
            prop_assert_eq!(&again.frames, &parts.frames);

            let mut delimited = Vec::new();
            compose(parts.toc, &parts.frames, Framing::SelfDelimiting, &mut delimited);
            delimited.extend(tail);
            let (kind, frames, rest) = split_delimited(&delimited).unwrap();
            prop_assert_eq!(kind, parts.toc.kind());
            prop_assert_eq!(frames, parts.frames.to_vec());
            prop_assert_eq!(rest, tail.as_slice());
        }

        #[test]
        fn a_packet_never_exceeds_120_ms(packet in packets()) {
            if let Ok(parts) = split(&packet) {
                prop_assert!(parts.frames.len() as u64 * parts.toc.frame_samples() <= 5_760);
            }
        }
    }
}
