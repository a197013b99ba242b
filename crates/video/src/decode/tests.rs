//! The decoders over the streams of `tests/media/decoders` (made by `tools/fixtures/decoders.sh`): exact, and careful with
//! damage.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::color::{Matrix, Range};
use crate::demux::{Format, Media, MediaFile};
use crate::frame::{Chroma, Planes};

/// A stream as its decoder takes it.
struct Stream {
    codec: Codec,
    /// In decode order, with pts.
    units: Vec<(i64, Vec<u8>)>,
    /// Of each frame, by pts.
    checksums: Vec<(i64, u32)>,
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/decoders").join(name)
}

fn stream(name: &str) -> Stream {
    let file = MediaFile::open(&path(name)).unwrap();
    let format = Format::of(&file.head().unwrap());
    let media = Media::read(file, format).unwrap();
    let units: Vec<(i64, Vec<u8>)> = media
        .track
        .samples
        .iter(0..media.track.samples.len())
        .map(|sample| {
            let mut unit = Vec::new();
            media.access_unit(&sample, &mut unit).unwrap();
            (sample.pts, unit)
        })
        .collect();
    let mut times: Vec<i64> = units.iter().map(|&(pts, _)| pts).collect();
    times.sort_unstable();
    let golden = fs::read_to_string(path(&format!("{name}.crc"))).unwrap();
    let sums = golden.lines().map(|line| u32::from_str_radix(line, 16).unwrap());
    let checksums: Vec<_> = times.iter().copied().zip(sums).collect();
    assert_eq!(checksums.len(), times.len(), "{name}");
    Stream { codec: media.track.codec.clone(), units, checksums }
}

fn checksum(picture: &Picture) -> u32 {
    let (width, height) = (picture.width(), picture.height());
    let chroma = picture.chroma().plane_size(width, height);
    let mut hasher = crc32fast::Hasher::new();
    for (plane, (columns, rows)) in [(width, height), chroma, chroma].into_iter().enumerate() {
        for row in 0..rows {
            match picture.planes() {
                Planes::U8(planes) => hasher.update(planes[plane].row(row, columns)),
                Planes::U16(planes) => {
                    let row = planes[plane].row(row, columns);
                    row.iter().for_each(|sample| hasher.update(&sample.to_le_bytes()));
                }
                Planes::Bgr(_) => panic!("a decoder gives planes"),
            }
        }
    }
    hasher.finalize()
}

/// Feeds `units` and flushes; the checksums of what comes out, by pts, and the errors.
fn run(decoder: &mut dyn Decoder, units: &[(i64, Vec<u8>)]) -> (Vec<(i64, u32)>, Vec<DecodeError>) {
    let (mut pictures, mut errors) = (Vec::new(), Vec::new());
    for (pts, unit) in units {
        errors.extend(decoder.decode(unit, *pts, &mut pictures).err());
    }
    errors.extend(decoder.flush(&mut pictures).err());
    let mut checksums: Vec<_> = pictures.iter().map(|(pts, picture)| (*pts, checksum(picture))).collect();
    checksums.sort_unstable();
    (checksums, errors)
}

fn open(codec: &Codec) -> Box<dyn Decoder> {
    decoder(codec, ColorDescription::default()).unwrap()
}

const EXACT: [&str; 21] = [
    "h264_baseline.mkv",
    "h264_cavlc_slices.mkv",
    "h264_short_slices.mkv",
    "h264_slices_shorten.mkv",
    "h264_temporal_direct.mkv",
    "h264_mbaff.mkv",
    "h264_mbaff_cavlc.mkv",
    "h264_high10.mkv",
    "h264_422_10.mkv",
    "h264_grey.mkv",
    "h264_small.mkv",
    "hevc_slices.mkv",
    "hevc_sub_layers.mkv",
    "hevc_10.mkv",
    "hevc_small.mkv",
    "av1_10.mkv",
    "av1_grey.mkv",
    "av1_444.mkv",
    "av1_odd.mkv",
    "vp9_10.mkv",
    "vp9_444.mkv",
];

/// The sync samples are the first unit of each stream and this one.
const SYNC: usize = 7;

#[test]
fn every_stream_decodes_to_the_samples_that_ffmpeg_has() {
    for name in EXACT.into_iter().chain(["vp9_odd.mkv", "vp9_small.mkv"]) {
        let stream = stream(name);
        let (checksums, errors) = run(&mut *open(&stream.codec), &stream.units);
        assert_eq!(errors, [], "{name}");
        assert_eq!(checksums, stream.checksums, "{name}");
    }
}

#[test]
fn a_reset_leaves_nothing_of_the_stream_before() {
    for name in ["h264_temporal_direct.mkv", "h264_mbaff.mkv", "hevc_sub_layers.mkv", "av1_10.mkv", "vp9_10.mkv"] {
        let stream = stream(name);
        let mut decoder = open(&stream.codec);
        let mut dropped = Vec::new();
        for (pts, unit) in &stream.units[..5] {
            decoder.decode(unit, *pts, &mut dropped).unwrap();
        }
        decoder.reset();
        assert_eq!(run(&mut *decoder, &stream.units), (stream.checksums.clone(), Vec::new()), "{name}");
        // A flush ends a stream as well.
        assert_eq!(run(&mut *decoder, &stream.units), (stream.checksums, Vec::new()), "{name}");
    }
}

#[test]
fn the_size_may_change_at_a_sync_sample() {
    for (large, small) in [
        ("h264_baseline.mkv", "h264_small.mkv"),
        ("hevc_slices.mkv", "hevc_small.mkv"),
        ("vp9_odd.mkv", "vp9_small.mkv"),
    ] {
        let (large, small) = (stream(large), stream(small));
        let later = 1_000_000;
        let moved = small.units.iter().map(|(pts, unit)| (pts + later, unit.clone()));
        let units: Vec<_> = large.units.iter().cloned().chain(moved).collect();
        let moved = small.checksums.iter().map(|(pts, sum)| (pts + later, *sum));
        let expected: Vec<_> = large.checksums.iter().copied().chain(moved).collect();
        assert_eq!(run(&mut *open(&large.codec), &units), (expected, Vec::new()), "{}", large.codec);
    }
}

/// What comes out of `units` is right, and as many pictures are missing as there are errors.
fn assert_noticed(stream: &Stream, units: &[(i64, Vec<u8>)], what: &str) {
    let (checksums, errors) = run(&mut *open(&stream.codec), units);
    for sum in &checksums {
        assert!(stream.checksums.contains(sum), "{what}: pts {} comes out wrong", sum.0);
    }
    assert!(!errors.is_empty(), "{what}: it went unnoticed");
    assert!(errors.iter().all(|error| matches!(error, DecodeError::Damaged { .. })), "{what}: {errors:?}");
    assert_eq!(checksums.len() + errors.len(), units.len(), "{what}: {errors:?}");
}

/// The streams of which the decoders notice whatever is missing. Arithmetic decoding has no such end: cut short, it goes on
/// in the zeros behind, and its pictures come out wrong.
const NOTICED: [&str; 7] = [
    "h264_baseline.mkv",
    "h264_cavlc_slices.mkv",
    "h264_mbaff_cavlc.mkv",
    "av1_10.mkv",
    "av1_grey.mkv",
    "av1_444.mkv",
    "av1_odd.mkv",
];

#[test]
fn nothing_that_needs_a_damaged_picture_comes_out() {
    for name in NOTICED {
        let stream = stream(name);
        for broken in 0..stream.units.len() {
            assert_noticed(&stream, &cut_in_half(&stream, broken), &format!("{name}: {broken} cut in half"));
        }
    }
}

#[test]
fn damage_stays_between_two_sync_samples() {
    // Left out: the first has a single sync sample, the others' pictures look back across theirs.
    let without = ["h264_slices_shorten.mkv", "hevc_sub_layers.mkv", "hevc_small.mkv"];
    for name in EXACT.into_iter().filter(|name| !without.contains(name)) {
        let stream = stream(name);
        for broken in 0..stream.units.len() {
            let (checksums, errors) = run(&mut *open(&stream.codec), &cut_in_half(&stream, broken));
            assert!(checksums.len() + errors.len() <= stream.units.len(), "{name}: {broken} cut, {errors:?}");
            let next_sync = stream.units.get(if broken < SYNC { SYNC } else { 2 * SYNC });
            let before: Vec<i64> = stream.units[..broken].iter().map(|unit| unit.0).collect();
            for sum in checksums {
                let outside = before.contains(&sum.0) || next_sync.is_some_and(|next| sum.0 >= next.0);
                assert!(!outside || stream.checksums.contains(&sum), "{name}: {broken} cut, pts {} is wrong", sum.0);
            }
        }
    }
}

fn cut_in_half(stream: &Stream, broken: usize) -> Vec<(i64, Vec<u8>)> {
    let mut units = stream.units.clone();
    let half = units[broken].1.len() / 2;
    units[broken].1.truncate(half);
    units
}

#[test]
fn nothing_that_needs_a_missing_slice_comes_out() {
    for name in ["h264_cavlc_slices.mkv", "h264_short_slices.mkv"] {
        let stream = stream(name);
        for broken in 0..stream.units.len() {
            let mut units = stream.units.clone();
            let last = memchr::memmem::rfind(&units[broken].1, &[0, 0, 1]).unwrap();
            units[broken].1.truncate(last);
            assert_noticed(&stream, &units, &format!("{name}: {broken} without its last slice"));
        }
    }
}

#[test]
fn decoding_goes_on_at_the_next_sync_sample() {
    for name in ["h264_baseline.mkv", "h264_high10.mkv", "hevc_10.mkv", "av1_odd.mkv", "vp9_444.mkv"] {
        let stream = stream(name);
        let mut units = stream.units.clone();
        units[1].1.truncate(6);
        let (checksums, _) = run(&mut *open(&stream.codec), &units);
        let later = &stream.checksums[7..];
        assert!(checksums.ends_with(later), "{name}: {} pictures", checksums.len());
    }
}

#[test]
fn a_stream_entered_between_sync_samples_gives_no_picture_before_one() {
    for name in ["h264_baseline.mkv", "hevc_10.mkv", "av1_odd.mkv", "vp9_444.mkv"] {
        let stream = stream(name);
        let (checksums, errors) = run(&mut *open(&stream.codec), &stream.units[1..]);
        assert_eq!(checksums, stream.checksums[7..], "{name}");
        assert_eq!(errors.len(), 6, "{name}");
    }
}

#[test]
fn an_unsupported_profile_is_named_and_gives_nothing() {
    for (name, words) in [
        ("h264_444.mkv", ["High 4:4:4 Predictive", "4:4:4 chroma"]),
        ("hevc_422.mkv", ["Format Range Extensions", "4:2:2"]),
    ] {
        let stream = stream(name);
        let (checksums, errors) = run(&mut *open(&stream.codec), &stream.units);
        assert_eq!(checksums, [], "{name}");
        let message = errors[0].to_string();
        assert!(matches!(errors[0], DecodeError::Unsupported { .. }), "{name}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{name}: {message}");
    }
}

#[test]
fn headers_tell_size_layout_depth_and_colour() {
    let limited = Some(Range::Limited);
    for (name, coded_size, size, chroma, bit_depth, color) in [
        ("h264_high10.mkv", (112, 64), (112, 64), Chroma::Yuv420, 10, (None, None)),
        ("h264_small.mkv", (64, 48), (64, 48), Chroma::Yuv420, 8, (None, None)),
        ("h264_422_10.mkv", (112, 64), (112, 64), Chroma::Yuv422, 10, (None, None)),
        ("h264_grey.mkv", (112, 64), (112, 64), Chroma::Mono, 8, (None, Some(Range::Full))),
        ("hevc_10.mkv", (112, 64), (112, 64), Chroma::Yuv420, 10, (None, limited)),
        ("hevc_422.mkv", (112, 64), (112, 64), Chroma::Yuv422, 8, (None, limited)),
        ("av1_10.mkv", (112, 64), (112, 64), Chroma::Yuv420, 10, (None, limited)),
        ("av1_444.mkv", (112, 64), (112, 64), Chroma::Yuv444, 8, (None, limited)),
        ("vp9_10.mkv", (112, 64), (112, 64), Chroma::Yuv420, 10, (None, limited)),
        ("vp9_odd.mkv", (113, 65), (113, 65), Chroma::Yuv420, 8, (Some(Matrix::Bt709), Some(Range::Full))),
    ] {
        let stream = stream(name);
        let (matrix, range) = color;
        let expected = StreamHeader { coded_size, size, chroma, bit_depth, matrix, range };
        assert_eq!(stream_header(&stream.codec, &stream.units[0].1), Some(expected), "{name}");
        assert_eq!(stream_header(&stream.codec, &stream.units[1].1), None, "{name}");
    }
}

#[test]
fn the_containers_colour_stands_in_for_the_streams() {
    let container = ColorDescription { matrix: Some(Matrix::Bt2020), range: Some(Range::Full) };
    for (name, matrix, range) in [
        ("h264_baseline.mkv", Matrix::Bt2020, Range::Full),
        ("hevc_10.mkv", Matrix::Bt2020, Range::Limited),
        ("av1_10.mkv", Matrix::Bt2020, Range::Limited),
        ("vp9_odd.mkv", Matrix::Bt709, Range::Full),
    ] {
        let stream = stream(name);
        let mut decoder = decoder(&stream.codec, container).unwrap();
        let mut pictures = Vec::new();
        decoder.decode(&stream.units[0].1, 0, &mut pictures).unwrap();
        decoder.flush(&mut pictures).unwrap();
        assert_eq!(pictures[0].1.color(), ColorSpec { matrix, range }, "{name}");
    }
}

#[test]
fn picture_files_have_no_decoder() {
    assert!(decoder(&Codec::Png, ColorDescription::default()).is_none());
    assert!(decoder(&Codec::Other("prores".to_owned()), ColorDescription::default()).is_none());
}

const CODECS: [Codec; 4] = [Codec::H264, Codec::Hevc, Codec::Av1, Codec::Vp9];

proptest! {
    #[test]
    fn headers_of_any_bytes_are_read_quietly(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for codec in CODECS {
            let _ = stream_header(&codec, &bytes);
            let _ = stream_header(&codec, &[&[0, 0, 1, 0x67], bytes.as_slice()].concat());
            let _ = stream_header(&codec, &[&[0, 0, 1, 0x42, 1], bytes.as_slice()].concat());
        }
    }

    #[test]
    fn headers_with_a_bit_turned_are_read_quietly(which in 0..EXACT.len(), at in 0..600_usize) {
        let stream = stream(EXACT[which]);
        let mut unit = stream.units[0].1.clone();
        if let Some(byte) = unit.get_mut(at / 8) {
            *byte ^= 1 << (at % 8);
        }
        if let Some(header) = stream_header(&stream.codec, &unit) {
            prop_assert!(header.size.0 <= header.coded_size.0 && header.size.1 <= header.coded_size.1);
            prop_assert!((8..=16).contains(&header.bit_depth));
        }
    }
}
