//! Decoding on the chip against decoding on the CPU: the same frames, each once, whatever the driver does.
//!
//! The driver is a stand-in that decodes with libavcodec, or with `NVDEC_TEST_DRIVER=real` the machine's own;
//! `SWINGPOSE_ROOT` names the repository's root, where it is not in its place.

#![allow(clippy::unwrap_used, reason = "a test ends where its clip cannot be read")]
#![allow(clippy::print_stdout, reason = "what a real driver does is worth reading")]

#[path = "../../../nvdec/tests/footage/mod.rs"]
mod footage;
mod sinks;
mod trouble;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use footage::{Frame, clip, clips, context, fail_to_map, is_real, leave_out, live, of_cpu};
use nvdec::{Options, Pool};
use sinks::Taking;
use swingpose_video::{Choice, NvdecVideo, SourceOptions, SourceStats, VideoError, VideoSource};

/// Keeps the tests apart, as the stand-in's behaviour is set for all, and checks that nothing is left of each.
struct Alone(Arc<Pool>, MutexGuard<'static, ()>);

impl Alone {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_real() {
            leave_out(0);
            fail_to_map(0);
        }
        Self(Arc::new(Pool::new(context(), Options::default())), guard)
    }

    fn open(&self, path: &Path, frames: Option<Range<u64>>) -> Result<NvdecVideo, String> {
        match NvdecVideo::open(path, &options(frames), &self.0) {
            Ok(Choice::Nvdec(video)) => Ok(video),
            Ok(Choice::Cpu { why }) => Err(why),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    fn end(self) {
        let Self(pool, _guard) = self;
        assert_eq!(Arc::strong_count(&pool), 1);
        drop(pool);
        if !is_real() {
            assert_eq!(live(), [0; 8], "contexts, streams, events, locks, decoders, parsers, mapped surfaces, misuses");
        }
    }
}

fn options(frames: Option<Range<u64>>) -> SourceOptions {
    SourceOptions { threads: 2, frames }
}

/// What the CPU gives: frames by their numbers, and the stats.
fn on_cpu(path: &Path, frames: Option<Range<u64>>) -> (BTreeMap<u64, Frame>, SourceStats) {
    let mut source = VideoSource::open(path, &options(frames)).unwrap_or_else(|error| panic!("{error}"));
    let frames = source.by_ref().filter_map(Result::ok).map(|frame| (frame.index.0, of_cpu(&frame))).collect();
    (frames, source.stats().clone())
}

/// All videos of the test media, those of the decoders' corners too.
fn all_clips() -> Vec<PathBuf> {
    let corners = fs::read_dir(clip("decoders")).unwrap().map(|entry| entry.unwrap().path());
    let corners = corners.filter(|path| path.extension().is_some_and(|extension| extension == "mkv"));
    clips().into_iter().chain(corners).collect()
}

#[test]
fn every_clip_gives_the_frames_of_the_cpu_with_1_2_and_4_decoders() {
    let alone = Alone::new();
    let mut decoded = 0;
    for path in all_clips() {
        let name = path.display();
        let video = match alone.open(&path, None) {
            Ok(video) => video,
            Err(why) => {
                println!("{name}: {why}");
                continue;
            }
        };
        let (expected, cpu) = on_cpu(&path, None);
        assert_eq!(video.info(), VideoSource::open(&path, &options(None)).unwrap().info(), "{name}");
        for decoders in [1, 2, 4] {
            let sink = Taking::default();
            let stats = video.decode(decoders, &sink);
            let expected_stats = SourceStats { notes: stats.notes.clone(), ..cpu.clone() };
            assert_eq!(stats, expected_stats, "{name}");
            if is_real() {
                stats.notes.iter().for_each(|note| println!("{name}: {note}"));
            } else {
                assert!(sink.from_cpu.lock().unwrap().is_empty(), "{name}: {:?}", stats.notes);
                assert_eq!(stats.notes, cpu.notes, "{name}");
            }
            assert!(sink.frames() == expected, "{name}, {decoders} decoders");
        }
        decoded += 1;
    }
    assert!(decoded >= 20, "{decoded} clips decoded");
    alone.end();
}

#[test]
fn a_range_of_frames_is_that_part_of_all_frames() {
    let alone = Alone::new();
    for name in ["h264_bframes.mp4", "h264_open_gop.mp4", "hevc10_open_gop.mp4", "h264_trimmed.mp4", "vp9.webm"] {
        let path = clip(&format!("clips/{name}"));
        let (all, _) = on_cpu(&path, None);
        let count = all.len() as u64;
        for range in [0..1, 29..31, 37..42, 30..10_000, count - 1..count] {
            let video = alone.open(&path, Some(range.clone())).unwrap();
            let range = range.start..range.end.min(count);
            assert_eq!((video.wanted(), video.info().frame_count), (range.clone(), count), "{name}");
            let sink = Taking::default();
            let stats = video.decode(3, &sink);
            assert_eq!(stats.decoded, range.end - range.start, "{name}, {range:?}");
            let expected: BTreeMap<_, _> = all.range(range).map(|(&index, &frame)| (index, frame)).collect();
            assert!(sink.frames() == expected, "{name}");
        }
        let beyond = NvdecVideo::open(&path, &options(Some(count..count + 1)), &alone.0).err().unwrap();
        assert!(matches!(beyond, VideoError::NoSuchFrames { .. }), "{beyond}");
    }
    alone.end();
}

#[test]
fn what_the_chip_does_not_take_says_why() {
    let alone = Alone::new();
    let why = |name: &str| alone.open(&clip(name), None).err().unwrap_or_else(|| panic!("{name} is taken"));
    for (name, said) in [
        ("basketball1.png", "picture file"),
        ("README.md", "no MP4 or Matroska"),
        ("clips/refused_prores.mov", "prores"),
        ("clips/refused_h264_444.mp4", "H.264 4:4:4"),
        ("decoders/h264_422_10.mkv", "H.264 4:2:2"),
        ("decoders/h264_grey.mkv", "H.264 monochrome"),
    ] {
        assert!(why(name).contains(said), "{name}: {}", why(name));
    }
    if !is_real() {
        assert!(why("clips/av1.mp4").starts_with("AV1, 8-bit"), "{}", why("clips/av1.mp4"));
        assert!(why("decoders/h264_high10.mkv").contains("H.264, 10-bit"), "{}", why("decoders/h264_high10.mkv"));
    }
    let no_video = NvdecVideo::open(&clip("clips/refused_audio_only.m4a"), &options(None), &alone.0).err().unwrap();
    assert!(matches!(no_video, VideoError::NoVideoTrack { .. }), "{no_video}");
    let none = NvdecVideo::open(Path::new("there/is/no/such.mp4"), &options(None), &alone.0).err().unwrap();
    assert!(matches!(none, VideoError::Open { .. }), "{none}");
    alone.end();
}
