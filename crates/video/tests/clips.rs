//! Whole clips through the public API against what ffprobe and FFmpeg say of them: which frames, when, which samples.
//!
//! The clips and their goldens are in `tests/media/clips`, made by `tools/fixtures/clips.sh`. With `SWINGPOSE_CLIPS` set to
//! a folder, every clip there that has a golden beside it is checked the same way.

#![allow(clippy::unwrap_used, reason = "a test ends where its clip cannot be read")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use swingpose_video::{DecodedFrame, Planes, SourceOptions, VideoError, VideoSource};

/// Where a composition offset in a fragment is negative, FFmpeg moves every time up by the largest of them. The times
/// written in the file are what is meant (ISO/IEC 14496-12 8.8.8.3), so this clip's golden is late by as much.
const LATE_IN_FFMPEG: (&str, i64) = ("h264_fragment_a_frame.mp4", 1024);

fn clips_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/media/clips")
}

fn clip(name: &str) -> PathBuf {
    clips_folder().join(name)
}

/// Every clip of `folder` that has a golden, with it.
fn clips_with_goldens(folder: &Path) -> Vec<(PathBuf, Value)> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|golden| (golden.with_extension(""), serde_json::from_slice(&fs::read(&golden).unwrap()).unwrap()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

fn options(threads: usize) -> SourceOptions {
    SourceOptions { threads, frames: None }
}

/// CRC-32 of the luma samples and of the chroma samples interleaved; deeper samples as little-endian words.
fn checksums(frame: &DecodedFrame) -> (u64, u64) {
    let picture = &frame.picture;
    let (width, height) = (picture.width(), picture.height());
    let (columns, rows) = picture.chroma().plane_size(width, height);
    let mut luma = crc32fast::Hasher::new();
    let mut chroma = crc32fast::Hasher::new();
    match picture.planes() {
        Planes::U8([y, cb, cr]) => {
            (0..height).for_each(|row| luma.update(y.row(row, width)));
            for row in 0..rows {
                let pairs = cb.row(row, columns).iter().zip(cr.row(row, columns));
                chroma.update(&pairs.flat_map(|(&cb, &cr)| [cb, cr]).collect::<Vec<u8>>());
            }
        }
        Planes::U16([y, cb, cr]) => {
            let bytes = |row: &[u16]| row.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<u8>>();
            (0..height).for_each(|row| luma.update(&bytes(y.row(row, width))));
            for row in 0..rows {
                let pairs = cb.row(row, columns).iter().zip(cr.row(row, columns));
                chroma.update(&bytes(&pairs.flat_map(|(&cb, &cr)| [cb, cr]).collect::<Vec<u16>>()));
            }
        }
        Planes::Bgr(_) => panic!("a video picture is not BGR"),
    }
    (luma.finalize().into(), chroma.finalize().into())
}

fn numbers<T: TryFrom<i64>>(golden: &Value, key: &str) -> Option<Vec<T>> {
    let values = golden[key].as_array()?.iter().map(|value| value.as_i64().and_then(|value| T::try_from(value).ok()));
    Some(values.map(|value| value.unwrap_or_else(|| panic!("{key} holds what it should not"))).collect())
}

fn check_against_golden(path: &Path, golden: &Value, threads: usize) {
    let name = path.display();
    let mut source = VideoSource::open(path, &options(threads)).unwrap_or_else(|error| panic!("{error}"));
    let info = source.info().clone();
    let late = if path.ends_with(LATE_IN_FFMPEG.0) { LATE_IN_FFMPEG.1 } else { 0 };
    let times: Vec<i64> = numbers(golden, "pts").unwrap().into_iter().map(|pts: i64| pts - late).collect();
    assert_eq!(info.codec.to_string(), golden["codec"], "{name}");
    assert_eq!(info.frame_count, times.len() as u64, "{name}: frames in the index");
    assert_eq!(vec![info.timebase.num, info.timebase.den], numbers::<u32>(golden, "timebase").unwrap(), "{name}");
    let size = info.rotation.turned(info.size);
    assert_eq!(vec![size.0, size.1], numbers::<u32>(golden, "size").unwrap(), "{name}: size before rotation");
    assert_eq!(u64::from(info.rotation.degrees()), golden["rotation"], "{name}: rotation");
    let (luma, chroma) = (numbers::<u64>(golden, "luma"), numbers::<u64>(golden, "chroma"));
    for (number, &pts) in times.iter().enumerate() {
        let frame = source.next().unwrap_or_else(|| panic!("{name} ends before frame {number}"));
        let frame = frame.unwrap_or_else(|error| panic!("frame {number}: {error}"));
        assert_eq!((frame.index.0, frame.pts), (number as u64, pts), "{name}");
        if let (Some(luma), Some(chroma)) = (&luma, &chroma) {
            assert_eq!(checksums(&frame), (luma[number], chroma[number]), "{name}: samples of frame {number}");
        }
    }
    assert!(source.next().is_none(), "{name} has more frames than its golden");
    assert_eq!(source.stats().decoded, times.len() as u64, "{name}");
    assert_eq!(source.stats().lost_frames(), 0, "{name}");
}

#[test]
fn every_clip_gives_the_frames_that_ffmpeg_gives_whatever_the_thread_count() {
    let clips = clips_with_goldens(&clips_folder());
    assert_eq!(clips.len(), 12, "a clip or a golden is missing");
    for (path, golden) in &clips {
        for threads in 1..=3 {
            check_against_golden(path, golden, threads);
        }
    }
}

#[test]
fn clips_of_the_folder_in_the_environment_match_their_goldens() {
    let Some(folder) = std::env::var_os("SWINGPOSE_CLIPS") else {
        // The clips of the repository are checked above; this is for larger ones that do not fit it.
        return;
    };
    let clips = clips_with_goldens(Path::new(&folder));
    assert!(!clips.is_empty(), "{} holds no golden", folder.display());
    for (path, golden) in &clips {
        check_against_golden(path, golden, 2);
    }
}

#[test]
fn a_range_of_frames_is_that_part_of_all_frames() {
    for name in ["h264_bframes.mp4", "h264_open_gop.mp4", "hevc10_open_gop.mp4", "h264_trimmed.mp4", "vp9.webm"] {
        let frames = |range| {
            let source = VideoSource::open(&clip(name), &SourceOptions { threads: 2, frames: range }).unwrap();
            source.map(Result::unwrap).collect::<Vec<_>>()
        };
        let all = frames(None);
        for (start, end) in [(0, 1), (29, 31), (37, 42), (30, 10_000)] {
            let part = frames(Some(start..end));
            let end = usize::try_from(end).unwrap().min(all.len());
            assert!(part == all[usize::try_from(start).unwrap()..end], "{name}: frames {start}..{end}");
        }
    }
}

#[test]
fn a_range_beyond_the_end_says_how_many_frames_there_are() {
    let range = SourceOptions { threads: 1, frames: Some(90..95) };
    let error = VideoSource::open(&clip("h264_bframes.mp4"), &range).err().unwrap();
    assert!(matches!(&error, VideoError::NoSuchFrames { count: 90, .. }), "{error}");
}

#[test]
fn a_source_can_be_dropped_before_its_end() {
    for threads in 1..=3 {
        let mut source = VideoSource::open(&clip("h264_bframes.mp4"), &options(threads)).unwrap();
        assert!(source.next().unwrap().is_ok());
    }
}

#[test]
fn what_cannot_be_decoded_says_why() {
    let refused = |name: &str| VideoSource::open(&clip(name), &options(1)).err().unwrap();
    let audio = refused("refused_audio_only.m4a");
    assert!(matches!(&audio, VideoError::NoVideoTrack { tracks, .. } if tracks == "audio"), "{audio}");
    assert!(audio.to_string().contains("refused_"), "{audio} names the file");
    assert!(!audio.is_recoverable());
}

#[cfg(feature = "ffmpeg")]
#[test]
fn ffmpeg_takes_what_no_decoder_of_ours_does() {
    for (name, bit_depth) in [("refused_prores.mov", 10), ("refused_h264_444.mp4", 8)] {
        let mut source = VideoSource::open(&clip(name), &options(2)).unwrap();
        assert_eq!(source.info().bit_depth, bit_depth, "{name}");
        let frames: Vec<_> = source.by_ref().map(Result::unwrap).collect();
        assert_eq!(frames.len() as u64, source.info().frame_count, "{name}");
        assert!(frames.is_sorted_by(|a, b| a.pts < b.pts && a.index < b.index), "{name}");
        assert_eq!(source.stats().notes, ["decoded by FFmpeg"], "{name}");
        let last = frames.len() as u64 - 1;
        let range = SourceOptions { threads: 1, frames: Some(last..last + 1) };
        let alone: Vec<_> = VideoSource::open(&clip(name), &range).unwrap().map(Result::unwrap).collect();
        assert_eq!(alone, frames[last as usize..], "{name}");
    }
}

#[cfg(not(feature = "ffmpeg"))]
#[test]
fn a_profile_without_decoder_is_named() {
    let error = VideoSource::open(&clip("refused_h264_444.mp4"), &options(1)).err().unwrap();
    assert!(matches!(&error, VideoError::Decoder { .. }), "{error}");
    assert!(error.to_string().contains("refused_"), "{error} names the file");
}

#[cfg(not(feature = "ffmpeg"))]
#[test]
fn a_codec_without_decoder_is_named() {
    let error = VideoSource::open(&clip("refused_prores.mov"), &options(1)).err().unwrap();
    let prores = swingpose_video::Codec::Other("prores".to_owned());
    assert!(matches!(&error, VideoError::NoDecoder { codec, .. } if *codec == prores), "{error}");
}

/// What a damaged copy of a clip gives: `(frames, lost frames)`, or the error of opening it.
fn damaged(name: &str, damage: impl FnOnce(&mut Vec<u8>)) -> Result<(u64, u64), VideoError> {
    let mut bytes = fs::read(clip(name)).unwrap();
    damage(&mut bytes);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    let mut source = VideoSource::open(&path, &options(2))?;
    let mut last = None;
    for item in source.by_ref() {
        match item {
            Ok(frame) => {
                assert!(last < Some(frame.index), "frames come in order");
                last = Some(frame.index);
            }
            Err(error) if error.is_recoverable() => {}
            Err(error) => return Err(error),
        }
    }
    Ok((source.stats().decoded, source.stats().lost_frames()))
}

/// Where the box of this type begins, that is, its size.
fn position_of(bytes: &[u8], kind: &[u8; 4]) -> usize {
    bytes.windows(4).position(|window| window == kind).unwrap() - 4
}

#[test]
fn a_file_cut_in_its_samples_gives_the_frames_before_the_cut() {
    // The fragments' index goes with their data; what was not recorded is not lost.
    let (decoded, lost) = damaged("h264_fragmented.mp4", |bytes| bytes.truncate(bytes.len() * 7 / 10)).unwrap();
    assert!(decoded >= 30 && decoded + lost <= 60, "{decoded} decoded, {lost} lost");
    let (decoded, lost) = damaged("hevc10_open_gop.mkv", |bytes| bytes.truncate(bytes.len() / 2)).unwrap();
    assert!(decoded >= 30 && lost <= 1, "{decoded} decoded, {lost} lost");
}

#[test]
fn a_file_cut_before_its_index_says_so() {
    let error = damaged("h264_bframes.mp4", |bytes| bytes.truncate(bytes.len() / 2)).unwrap_err();
    assert!(matches!(&error, VideoError::Truncated { .. }), "{error}");
    let error = damaged("h264_bframes.mp4", |bytes| bytes.truncate(bytes.len() - 5)).unwrap_err();
    assert!(matches!(&error, VideoError::Truncated { .. }), "{error}");
}

#[test]
fn damage_in_one_group_of_pictures_loses_no_frame_of_another() {
    let zero_a_sample = |bytes: &mut Vec<u8>| {
        let start = position_of(bytes, b"mdat") + 6000;
        bytes[start..start + 200].fill(0);
    };
    let (decoded, lost) = damaged("h264_bframes.mp4", zero_a_sample).unwrap();
    assert_eq!(decoded + lost, 90);
    assert!(lost > 0 && lost <= 30, "{lost} lost of the first 30");
}

#[test]
fn what_is_lost_does_not_depend_on_where_a_range_begins() {
    for name in ["h264_bframes.mp4", "h264_open_gop.mp4", "hevc10_open_gop.mp4"] {
        let mut bytes = fs::read(clip(name)).unwrap();
        for percent in [35, 55, 75] {
            let start = bytes.len() * percent / 100;
            bytes[start..start + 60].fill(0);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let frames = |start| {
            let range = SourceOptions { threads: 2, frames: Some(start..u64::MAX) };
            let given = VideoSource::open(&path, &range).unwrap().filter_map(Result::ok);
            given.map(|frame| (frame.index.0, checksums(&frame))).collect::<Vec<_>>()
        };
        let all = frames(0);
        assert!(all.len() < 90, "{name}: nothing is lost");
        for start in (1..90).step_by(4) {
            let expected: Vec<_> = all.iter().copied().filter(|(index, _)| *index >= start).collect();
            assert!(frames(start) == expected, "{name}: frames {start}..");
        }
    }
}

#[test]
fn absurd_tables_are_refused_without_the_memory_they_claim() {
    for table in [b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss"] {
        // Counts and values alike; a broken table is an error, or costs frames, or is told by the decoder.
        let outcome = damaged("h264_bframes.mp4", |bytes| {
            let start = position_of(bytes, table) + 12;
            bytes[start..start + 12].fill(0xFF);
        });
        if let Ok((decoded, lost)) = outcome {
            assert!(decoded + lost <= 90, "{}", table.escape_ascii());
        }
    }
}

#[test]
fn what_is_no_video_says_what_it_looks_like() {
    for (bytes, expected) in [
        (&b"frame,pts\n0,0\n1,512\n"[..], "it looks like text"),
        (&[0; 4096], "it begins with zeros"),
        (b"\x91\x12\x7F\x01\xFE\x33\x9A\x00\x55\xAA\x07\xC3\x11\xE0\x9D\x42", "no known format"),
        (b"RIFF\x10\0\0\0AVI LIST", "an AVI file"),
        (b"x", "it looks like text"),
    ] {
        let error = damaged("h264_bframes.mp4", |file| *file = bytes.to_vec()).unwrap_err();
        assert!(matches!(error, VideoError::UnknownFormat { .. }) && error.to_string().contains(expected), "{error}");
    }
    assert!(matches!(damaged("h264_bframes.mp4", Vec::clear), Err(VideoError::Empty { .. })));
    let missing = VideoSource::open(Path::new("there/is/no/such.mp4"), &options(1)).err().unwrap();
    assert!(matches!(missing, VideoError::Open { .. }), "{missing}");
}
