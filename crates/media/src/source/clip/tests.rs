use std::f32::consts::TAU;
use std::path::PathBuf;

use ogg::{PacketWriteEndInfo, PacketWriter};
use opus::{Bandwidth, Channels, Decoder, packet};

use super::*;

/// A file of this test in a folder that goes away with it.
fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn wav(
    rate: u32,
    channels: u16,
    samples: impl Iterator<Item = f32>,
) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = file("sound.wav", &[]);
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    for sample in samples {
        writer.write_sample((sample * 16_000.0) as i16).unwrap();
    }
    writer.finalize().unwrap();
    (folder, path)
}

fn ogg(channels: u8, packets: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = PacketWriter::new(Vec::new());
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend([0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0]);
    writer.write_packet(head, 7, PacketWriteEndInfo::EndPage, 0).unwrap();
    let tags = b"OpusTags\0\0\0\0\0\0\0\0".to_vec();
    writer.write_packet(tags, 7, PacketWriteEndInfo::EndPage, 0).unwrap();
    for (index, packet) in packets.iter().enumerate() {
        let end = if index + 1 == packets.len() {
            PacketWriteEndInfo::EndStream
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        let granule = 960 * (index as u64 + 1);
        writer.write_packet(packet.clone(), 7, end, granule).unwrap();
    }
    writer.into_inner()
}

/// What a phone hears.
fn decoded(clip: &Clip) -> Vec<i16> {
    let mut decoder = Decoder::new(RATE, Channels::Mono).unwrap();
    let mut pcm = Vec::new();
    for frame in clip.frames() {
        let mut room = [0; FRAME_SAMPLES];
        assert_eq!(decoder.decode(frame, &mut room, false).unwrap(), FRAME_SAMPLES);
        pcm.extend(room);
    }
    pcm
}

/// How much of a second's loudness lies at `hertz`: 1 for a pure tone.
fn share(pcm: &[i16], hertz: f32) -> f32 {
    let (mut re, mut im, mut all) = (0.0f64, 0.0, 0.0);
    for (n, sample) in pcm.iter().enumerate() {
        let (sample, angle) = (f64::from(*sample), f64::from(TAU * hertz) * n as f64 / 16_000.0);
        re += sample * angle.cos();
        im += sample * angle.sin();
        all += sample * sample;
    }
    (2.0 * (re * re + im * im) / (all.max(1.0) * pcm.len() as f64)) as f32
}

fn loudness(pcm: &[i16]) -> f64 {
    let power: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / pcm.len() as f64).sqrt()
}

fn assert_fit_for_phones(clip: &Clip) {
    for frame in clip.frames() {
        assert!(frame.len() <= 50, "20 kbit/s: {}", frame.len());
        assert_eq!(packet::get_nb_channels(frame).unwrap(), Channels::Mono);
        assert_eq!(packet::get_nb_samples(frame, 48_000).unwrap(), 960);
        let bandwidth = packet::get_bandwidth(frame).unwrap();
        assert!(!matches!(bandwidth, Bandwidth::Superwideband | Bandwidth::Fullband));
    }
}

#[test]
fn the_ringing_tones_have_their_pitch_and_cadence() {
    for (cadence, tones, on, off) in
        [(Cadence::Europe, &[425.0][..], 1, 4), (Cadence::NorthAmerica, &[440.0, 480.0], 2, 4)]
    {
        let clip = Clip::ringback(cadence).unwrap();
        assert_fit_for_phones(&clip);
        assert_eq!(clip.duration(), Duration::from_secs(on + off));
        let pcm = decoded(&clip);
        let sounding = &pcm[1_600..on as usize * 16_000 - 1_600];
        for tone in tones {
            assert!(share(sounding, *tone) > 0.9 / tones.len() as f32, "{tone} Hz");
        }
        let pause = &pcm[on as usize * 16_000 + 1_600..];
        assert!(loudness(sounding) > 1_000.0 && loudness(pause) < 10.0);
    }
}

#[test]
fn the_beep_and_the_hold_music_can_be_heard_and_do_not_clip() {
    let beep = Clip::beep().unwrap();
    assert_eq!(beep.duration(), Duration::from_millis(200));
    assert!(share(&decoded(&beep)[800..], 1_000.0) > 0.9);
    let hold = Clip::hold().unwrap();
    assert_fit_for_phones(&hold);
    assert_eq!(hold.duration(), Duration::from_secs(8));
    for second in decoded(&hold).chunks(16_000) {
        assert!((300.0..6_000.0).contains(&loudness(second)), "{}", loudness(second));
        assert!(second.iter().all(|sample| sample.unsigned_abs() < 30_000));
    }
}

#[test]
fn a_wav_file_of_any_usual_kind_is_heard_as_it_was() {
    for (rate, channels) in [(8_000, 1), (16_000, 1), (44_100, 2), (48_000, 2)] {
        let samples = (0..rate).flat_map(|n| {
            let sample = (TAU * 700.0 * n as f32 / rate as f32).sin();
            std::iter::repeat_n(sample, channels as usize)
        });
        let (_folder, path) = wav(rate, channels, samples);
        let clip = Clip::from_wav(&path).unwrap();
        assert_fit_for_phones(&clip);
        assert_eq!(clip.duration(), Duration::from_secs(1));
        let pcm = decoded(&clip);
        assert!(share(&pcm[1_600..14_400], 700.0) > 0.9, "{rate} Hz");
        assert!(loudness(&pcm[1_600..14_400]) > 8_000.0);
    }
}

#[test]
fn an_ogg_file_of_the_right_kind_is_taken_packet_by_packet() {
    let beep = Clip::beep().unwrap();
    let packets: Vec<_> = beep.frames().iter().map(|frame| frame.to_vec()).collect();
    let (_folder, path) = file("beep.opus", &ogg(1, &packets));
    let clip = Clip::from_ogg_opus(&path).unwrap();
    assert_eq!(clip.frames(), beep.frames());
}

#[test]
fn an_ogg_file_of_another_kind_is_encoded_anew() {
    let mut encoder = Encoder::new(48_000, Channels::Stereo, Application::Audio).unwrap();
    encoder.set_bitrate(Bitrate::Bits(96_000)).unwrap();
    let packets: Vec<_> = (0..50usize)
        .map(|frame| {
            let pcm: Vec<i16> = (0..1_920)
                .map(|n| {
                    let at = (frame * 960 + n / 2) as f32;
                    (12_000.0 * (TAU * 700.0 * at / 48_000.0).sin()) as i16
                })
                .collect();
            encoder.encode_vec(&pcm, 1_500).unwrap()
        })
        .collect();
    let (_folder, path) = file("music.opus", &ogg(2, &packets));
    let clip = Clip::from_ogg_opus(&path).unwrap();
    assert_fit_for_phones(&clip);
    assert_eq!(clip.frames().len(), 50, "one second less 6.5 ms of pre-skip");
    assert!(share(&decoded(&clip)[1_600..14_400], 700.0) > 0.9);
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let refused = |clip: Result<Clip, MediaError>| clip.err().map(|error| error.to_string());
    let (_folder, junk) = file("junk", b"RIFF is not all that a WAV file needs");
    for clip in [Clip::from_wav(&junk), Clip::from_ogg_opus(&junk)] {
        assert!(refused(clip).is_some_and(|why| why.contains("junk")));
    }
    assert!(refused(Clip::from_wav("no such file")).is_some());
    let (_folder, path) = wav(16_000, 3, std::iter::repeat_n(0.0, 30));
    assert!(refused(Clip::from_wav(&path)).is_some_and(|why| why.contains("3 channels")));
    let (_folder, path) = wav(16_000, 1, std::iter::empty());
    assert!(refused(Clip::from_wav(&path)).is_some_and(|why| why.contains("no sound")));
    let seconds = 601 * 8_000;
    let (_folder, path) = wav(8_000, 1, std::iter::repeat_n(0.0, seconds));
    assert!(refused(Clip::from_wav(&path)).is_some_and(|why| why.contains("10 minutes")));
    let (_folder, path) = file("vorbis.ogg", &ogg(3, &[vec![1]]));
    assert!(refused(Clip::from_ogg_opus(&path)).is_some_and(|why| why.contains("stereo")));
    let (_folder, path) = file("broken.opus", &ogg(2, &[vec![0xff; 9], vec![]]));
    assert!(refused(Clip::from_ogg_opus(&path)).is_some());
}
