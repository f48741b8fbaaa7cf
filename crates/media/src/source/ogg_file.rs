//! Reads an Ogg Opus file (RFC 7845), as it is when a phone may get its packets, else decoded and
//! encoded anew.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ogg::PacketReader;
use opus::{Bandwidth, Channels, Decoder, packet};

use super::clip::{BITS_PER_SECOND, Clip, FRAME_SAMPLES, FRAMES_MAX, RATE, encode, too_long};

/// Samples of the longest Opus packet, 120 ms, at [`RATE`].
const PACKET_SAMPLES_MAX: usize = 6 * FRAME_SAMPLES;
/// Packets read: those of the longest clip if each is only 2.5 ms.
const PACKETS_MAX: usize = 8 * FRAMES_MAX;
/// Samples at 48 kHz, the clock of granules and pre-skip, per sample at [`RATE`].
const GRANULE_STEP: u64 = 3;
/// Samples of 20 ms at 48 kHz.
const FRAME_48K: usize = 960;
/// What a file may say to drop in front without being decoded for it: one frame.
const PRE_SKIP_MAX: u16 = 960;

struct OpusFile {
    pre_skip: u16,
    gain: i16,
    packets: Vec<Vec<u8>>,
    /// Samples at 48 kHz that the file says it has, pre-skip included.
    granules: u64,
}

pub(super) fn read(path: &Path) -> Result<Clip, String> {
    let file = open(path)?;
    if file.is_fit_for_phones() {
        let frames = file.packets.into_iter().map(Vec::into_boxed_slice).collect();
        return Clip::from_frames(frames);
    }
    encode(&file.decoded()?)
}

fn open(path: &Path) -> Result<OpusFile, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut pages = PacketReader::new(BufReader::new(file));
    let mut next = || pages.read_packet().map_err(|error| error.to_string());
    let head = next()?.ok_or("it is empty")?;
    let (pre_skip, gain) = opus_head(&head.data)?;
    let serial = head.stream_serial();
    let mut file = OpusFile { pre_skip, gain, packets: Vec::new(), granules: 0 };
    let mut tags_seen = false;
    while let Some(page) = next()? {
        if page.stream_serial() != serial {
            continue;
        }
        if !tags_seen {
            tags_seen = true;
            continue;
        }
        if file.packets.len() == PACKETS_MAX {
            return Err(too_long());
        }
        file.granules = page.absgp_page();
        file.packets.push(page.data);
    }
    Ok(file)
}

/// Pre-skip and output gain of the identification header (RFC 7845 section 5.1).
fn opus_head(data: &[u8]) -> Result<(u16, i16), String> {
    let Some(rest) = data.strip_prefix(b"OpusHead") else {
        return Err("it is not Ogg Opus".to_owned());
    };
    let &[version, channels, skip_low, skip_high, _, _, _, _, gain_low, gain_high, family, ..] =
        rest
    else {
        return Err("its Opus header is cut off".to_owned());
    };
    if version >> 4 != 0 || family != 0 || !(1..=2).contains(&channels) {
        return Err("it is neither mono nor stereo Opus of version 1".to_owned());
    }
    Ok((u16::from_le_bytes([skip_low, skip_high]), i16::from_le_bytes([gain_low, gain_high])))
}

impl OpusFile {
    fn is_fit_for_phones(&self) -> bool {
        let bytes: usize = self.packets.iter().map(Vec::len).sum();
        let allowed = self.packets.len() * BITS_PER_SECOND as usize / 8 / 50;
        let fits = |data: &Vec<u8>| {
            packet::get_nb_channels(data).is_ok_and(|channels| channels == Channels::Mono)
                && packet::get_nb_frames(data).is_ok_and(|frames| frames == 1)
                && packet::get_nb_samples(data, 48_000).is_ok_and(|samples| samples == FRAME_48K)
                && packet::get_bandwidth(data).is_ok_and(is_narrow_enough)
        };
        self.gain == 0
            && self.pre_skip <= PRE_SKIP_MAX
            && bytes <= allowed
            && self.packets.iter().all(fits)
    }

    fn decoded(&self) -> Result<Vec<i16>, String> {
        let failed = |error: opus::Error| format!("its Opus cannot be decoded: {error}");
        let mut decoder = Decoder::new(RATE, Channels::Mono).map_err(failed)?;
        decoder.set_gain(self.gain.into()).map_err(failed)?;
        let mut pcm = Vec::new();
        let mut room = [0; PACKET_SAMPLES_MAX];
        for data in &self.packets {
            let samples = decoder.decode(data, &mut room, false).map_err(failed)?;
            pcm.extend_from_slice(&room[..samples]);
            if pcm.len() > FRAMES_MAX * FRAME_SAMPLES {
                return Err(too_long());
            }
        }
        // The end of the last packet may be padding.
        pcm.truncate(usize::try_from(self.granules / GRANULE_STEP).unwrap_or(usize::MAX));
        let skip = (usize::from(self.pre_skip) / GRANULE_STEP as usize).min(pcm.len());
        Ok(pcm.split_off(skip))
    }
}

const fn is_narrow_enough(bandwidth: Bandwidth) -> bool {
    match bandwidth {
        Bandwidth::Narrowband | Bandwidth::Mediumband | Bandwidth::Wideband => true,
        Bandwidth::Auto | Bandwidth::Superwideband | Bandwidth::Fullband => false,
    }
}
