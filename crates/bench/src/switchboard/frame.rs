//! WebSocket frames (RFC 6455 section 5.2) as a client writes and reads them: as much as costs
//! next to nothing beside the daemon that is measured.

/// First byte of a whole text frame.
const TEXT: u8 = 0x81;
/// The opcode's bits, and a closing frame's.
const OPCODE: u8 = 0x0f;
const CLOSE: u8 = 0x8;
/// Second byte of a client's frame: it is masked.
const MASKED: u8 = 0x80;

/// A text frame under the mask of zeros, which leaves the text as it is.
pub(super) fn text(text: &str) -> Vec<u8> {
    let mut frame = vec![TEXT];
    match text.len() {
        short @ 0..=125 => frame.push(MASKED | short as u8),
        medium @ 126..=0xffff => {
            frame.push(MASKED | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(MASKED | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

/// What a server sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Read {
    /// The payload of a frame, and how many bytes the frame took.
    Frame(std::ops::Range<usize>, usize),
    /// The server closes.
    Close,
    /// The frame is not whole yet.
    More,
}

/// Reads the first frame of what a server sent.
pub(super) fn first(bytes: &[u8]) -> Read {
    let (Some(kind), Some(length)) = (bytes.first(), bytes.get(1)) else { return Read::More };
    if kind & OPCODE == CLOSE {
        return Read::Close;
    }
    let wide = |count: usize| {
        let digits = bytes.get(2..2 + count)?;
        Some(digits.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let (length, begin) = match length {
        126 => (wide(2), 4),
        127 => (wide(8), 10),
        short => (Some(usize::from(*short)), 2),
    };
    match length.map(|length| begin + length) {
        Some(end) if end <= bytes.len() => Read::Frame(begin..end, end),
        Some(_) | None => Read::More,
    }
}

/// The word behind `"name":"` in a frame of the daemon, whose words have no escapes.
pub(super) fn word<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let at = rest.find(name)?;
        let (before, behind) = (&rest[..at], &rest[at + name.len()..]);
        if before.ends_with('"')
            && let Some(value) = behind.strip_prefix("\":\"")
        {
            return value.split('"').next();
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_once_they_are_whole() {
        for length in [0_usize, 5, 125, 126, 300, 70_000] {
            let mut bytes = text(&"x".repeat(length));
            // As a server writes it: without the mask.
            bytes[1] &= !MASKED;
            let begin = bytes.len() - length;
            bytes.drain(begin - 4..begin);
            let begin = begin - 4;
            assert_eq!(first(&bytes[..bytes.len() - 1]), Read::More, "{length}");
            bytes.extend([TEXT, 0]);
            assert_eq!(first(&bytes), Read::Frame(begin..begin + length, begin + length));
        }
        assert_eq!(first(&[0x88, 2, 3, 0xe9]), Read::Close);
    }

    #[test]
    fn a_word_is_found_by_its_name_and_not_by_its_value() {
        let ring = r#"{"v":1,"seq":3,"type":"ring","ringing":{"name":"call","call":"0198"}}"#;
        assert_eq!(word(ring, "type"), Some("ring"));
        assert_eq!(word(ring, "call"), Some("0198"));
        assert_eq!(word(ring, "winner"), None);
    }
}
