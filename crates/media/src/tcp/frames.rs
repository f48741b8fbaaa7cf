//! Datagrams in a stream, each behind its length (RFC 4571 section 2).

use crate::turn::DATAGRAM_MAX;

/// Bytes of a length.
pub(super) const PREFIX: usize = 2;
/// Two whole frames: one that is complete and one that is arriving.
const BUFFER: usize = 2 * (PREFIX + DATAGRAM_MAX);

/// A length that no datagram of ours has: the stream cannot be followed any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooLong;

/// What has arrived and is not taken yet.
pub(super) struct Frames {
    buffer: Box<[u8; BUFFER]>,
    start: usize,
    end: usize,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { buffer: Box::new([0; BUFFER]), start: 0, end: 0 }
    }

    /// Where the next bytes of the stream go. Never empty once every whole frame was taken.
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// So many bytes were put into the room.
    pub(super) fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(BUFFER);
    }

    /// Takes the next whole frame. Empty ones say nothing and are passed over.
    pub(super) fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        loop {
            let here = &self.buffer[self.start..self.end];
            let Some((prefix, behind)) = here.split_first_chunk::<PREFIX>() else {
                return Ok(None);
            };
            let length = usize::from(u16::from_be_bytes(*prefix));
            if length > DATAGRAM_MAX {
                return Err(TooLong);
            }
            if behind.len() < length {
                return Ok(None);
            }
            let first = self.start + PREFIX;
            self.start = first + length;
            if length > 0 {
                return Ok(Some(&self.buffer[first..first + length]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds a stream in pieces of this size and collects the frames.
    fn read(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>, TooLong> {
        let (mut frames, mut taken) = (Frames::new(), Vec::new());
        for mut bytes in stream.chunks(piece) {
            while !bytes.is_empty() {
                let room = frames.room();
                let fits = room.len().min(bytes.len());
                assert!(fits > 0, "a buffer whose frames were taken has room");
                room[..fits].copy_from_slice(&bytes[..fits]);
                frames.filled(fits);
                bytes = &bytes[fits..];
                while let Some(frame) = frames.next()? {
                    taken.push(frame.to_vec());
                }
            }
        }
        Ok(taken)
    }

    fn framed(datagrams: &[Vec<u8>]) -> Vec<u8> {
        let prefixed = |datagram: &Vec<u8>| {
            let length = u16::try_from(datagram.len()).unwrap();
            [&length.to_be_bytes()[..], datagram].concat()
        };
        datagrams.iter().flat_map(prefixed).collect()
    }

    #[test]
    fn frames_come_out_whole_however_the_stream_is_cut() {
        let datagrams: Vec<Vec<u8>> = [1, 2, 200, DATAGRAM_MAX, 3, DATAGRAM_MAX, DATAGRAM_MAX, 7]
            .iter()
            .enumerate()
            .map(|(number, length)| vec![number as u8; *length])
            .collect();
        let stream = framed(&datagrams);
        for piece in [1, 2, 3, 5, 1_000, 5_000, stream.len()] {
            assert_eq!(read(&stream, piece).unwrap(), datagrams, "pieces of {piece}");
        }
    }

    #[test]
    fn empty_frames_are_passed_over_and_a_length_that_lies_ends_it() {
        let stream = [&[0; 5_000][..], &[0, 2, 7, 8]].concat();
        assert_eq!(read(&stream, 999).unwrap(), [[7, 8]]);
        let longest = u16::try_from(DATAGRAM_MAX).unwrap();
        for length in [longest + 1, u16::MAX] {
            assert_eq!(read(&length.to_be_bytes(), 1), Err(TooLong));
        }
    }
}
