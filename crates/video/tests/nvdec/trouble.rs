//! What goes wrong: pictures that the chip leaves out, damaged files, streams that change, a driver that fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use swingpose_video::{PacketFile, SourceStats, VideoError, VideoSource};

use crate::footage::{Frame, clip, fail_to_map, is_real, leave_out};
use crate::sinks::Taking;
use crate::{Alone, on_cpu, options};

#[test]
fn what_the_chip_leaves_out_is_decoded_on_the_cpu_and_remarked() {
    if is_real() {
        println!("a real driver leaves out nothing on demand");
        return;
    }
    let alone = Alone::new();
    for name in ["h264_bframes.mp4", "h264_open_gop.mp4", "hevc10_open_gop.mp4", "h264_trimmed.mp4", "vp9.webm"] {
        let path = clip(&format!("clips/{name}"));
        let (expected, _) = on_cpu(&path, None);
        for every in [1, 2, 7, 40] {
            leave_out(every);
            let sink = Taking::default();
            let stats = alone.open(&path, None).unwrap().decode(2, &sink);
            assert_eq!((stats.decoded, stats.lost_frames()), (expected.len() as u64, 0), "{name}");
            let from_cpu = sink.from_cpu.lock().unwrap().clone();
            assert_eq!(from_cpu.contains(&0), every == 1, "{name}: what came before stands");
            let remarked = stats.notes.iter().any(|note| note.contains("were decoded on the CPU: "));
            assert_eq!(remarked, !from_cpu.is_empty(), "{name}: {:?}", stats.notes);
            assert!(remarked || every == 40, "{name}");
            assert!(sink.frames() == expected, "{name}, every {every}");
        }
    }
    alone.end();
}

/// A copy of a clip with some bytes of a sample changed, so many percent into its data.
fn damaged(name: &str, folder: &Path, percent: usize, change: fn(&mut [u8])) -> PathBuf {
    let mut bytes = fs::read(clip(name)).unwrap();
    let begins = bytes.windows(4).position(|window| window == b"mdat").unwrap() + 4;
    let place = begins + (bytes.len() - begins) * percent / 100;
    change(&mut bytes[place..place + 60]);
    let path = folder.join(Path::new(name).file_name().unwrap());
    fs::write(&path, bytes).unwrap();
    path
}

/// Decodes `path` on the chip, and checks that each frame is answered for once and losses are remarked.
fn on_chip(alone: &Alone, path: &Path, decoders: usize) -> (BTreeMap<u64, Frame>, SourceStats) {
    let video = alone.open(path, None).unwrap();
    let sink = Taking::default();
    let stats = video.decode(decoders, &sink);
    println!("{}: {} decoded, lost {:?}; {:?}", path.display(), stats.decoded, stats.lost, stats.notes);
    assert_eq!(stats.decoded + stats.lost_frames(), video.info().frame_count);
    assert_eq!(sink.lost.lock().unwrap().len() as u64, stats.lost_frames());
    assert!(stats.lost_frames() == 0 || !stats.notes.is_empty());
    (sink.frames(), stats)
}

const DAMAGED: [&str; 3] = ["clips/h264_bframes.mp4", "clips/h264_open_gop.mp4", "clips/hevc10_open_gop.mp4"];

#[test]
fn a_sample_that_cannot_be_read_costs_what_it_costs_the_cpu() {
    let alone = Alone::new();
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.mkv");
    let whole = fs::read(clip("clips/hevc10_open_gop.mkv")).unwrap();
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let zeros = |name, percent| damaged(name, folder.path(), percent, |bytes| bytes.fill(0));
    let zeroed = DAMAGED.into_iter().flat_map(|name| [1, 30, 55, 80].map(|percent| zeros(name, percent)));
    let mut lost = 0;
    // Each file is decoded before the next one takes its place.
    for path in [cut].into_iter().chain(zeroed) {
        let (frames, cpu) = on_cpu(&path, None);
        for decoders in [1, 3] {
            let (ours, stats) = on_chip(&alone, &path, decoders);
            assert!(ours == frames && stats.lost == cpu.lost, "{}: lost on the CPU: {:?}", path.display(), cpu.lost);
            lost += stats.lost_frames();
        }
    }
    assert!(lost > 0);
    alone.end();
}

#[test]
fn bytes_that_read_as_others_leave_no_frame_unanswered_for() {
    let alone = Alone::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, percent) in DAMAGED.into_iter().flat_map(|name| [1, 30, 55, 80].map(|percent| (name, percent))) {
        let path = damaged(name, folder.path(), percent, |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x5A));
        for decoders in [1, 3] {
            on_chip(&alone, &path, decoders);
        }
    }
    alone.end();
}

/// A Matroska file of VP9 frames, 20 ms each, the first of them `size` large; with whether decoding can start at each.
fn matroska((width, height): (u32, u32), frames: &[(Vec<u8>, bool)]) -> Vec<u8> {
    let element = |id: &[u8], body: &[u8]| {
        let size = (body.len() as u64 | 1 << 56).to_be_bytes();
        [id, &size, body].concat()
    };
    let number = |id: &[u8], value: u32| element(id, &value.to_be_bytes());
    let sides = [number(&[0xB0], width), number(&[0xBA], height)].concat();
    let track = [number(&[0xD7], 1), number(&[0x73, 0xC5], 1), number(&[0x83], 1), element(&[0x86], b"V_VP9")].concat();
    let track = [track, element(&[0xE0], &sides)].concat();
    let block = |(at, (frame, key)): (usize, &(Vec<u8>, bool))| {
        let time = (at as i16 * 20).to_be_bytes();
        let head = [0x81, time[0], time[1], if *key { 0x80 } else { 0 }];
        element(&[0xA3], &[&head[..], frame].concat())
    };
    let blocks = frames.iter().enumerate().map(block);
    let cluster: Vec<u8> = [number(&[0xE7], 0)].into_iter().chain(blocks).flatten().collect();
    let body = [
        element(&[0x15, 0x49, 0xA9, 0x66], &number(&[0x2A, 0xD7, 0xB1], 1_000_000)),
        element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &track)),
        element(&[0x1F, 0x43, 0xB6, 0x75], &cluster),
    ];
    let head = element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"matroska"));
    [head, element(&[0x18, 0x53, 0x80, 0x67], &body.concat())].concat()
}

#[test]
fn frames_of_another_size_are_decoded_on_the_cpu() {
    let alone = Alone::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two_sizes.mkv");
    let (first, second) = (clip("clips/vp9.webm"), clip("decoders/vp9_odd.mkv"));
    let frames_of = |path: &Path| {
        let file = PacketFile::open(path).unwrap();
        let (mut frame, samples) = (Vec::new(), file.chunks().into_iter().flat_map(|chunk| chunk.feed).flatten());
        samples
            .map(|number| file.read(number, &mut frame).map(|(_, key)| (frame.clone(), key)).unwrap())
            .collect::<Vec<_>>()
    };
    let (first_frames, second_frames) = (frames_of(&first), frames_of(&second));
    let frames = [&first_frames[..], &second_frames, &first_frames].concat();
    let size = VideoSource::open(&first, &options(None)).unwrap().info().size;
    fs::write(&path, matroska(size, &frames)).unwrap();
    let (expected, cpu) = on_cpu(&path, None);
    assert_eq!((expected.len(), cpu.lost_frames()), (frames.len(), 0));
    let changed = first_frames.len() as u64..(frames.len() - first_frames.len()) as u64;
    for decoders in [1, 3] {
        let sink = Taking::default();
        let stats = alone.open(&path, None).unwrap().decode(decoders, &sink);
        println!("{:?}", stats.notes);
        let from_cpu = sink.from_cpu.lock().unwrap().clone();
        // A short chunk is decoded with the one after it.
        assert_eq!(from_cpu.first(), Some(&changed.start));
        assert!(changed.clone().all(|frame| from_cpu.contains(&frame)), "{from_cpu:?} has not all of {changed:?}");
        assert!(!from_cpu.contains(&(frames.len() as u64 - 1)));
        // A real chip is not made for pictures as small as the second.
        let reasons = |note: &String| note.contains("headers change") || note.contains("does not decode");
        assert!(!stats.notes.is_empty() && stats.notes.iter().all(reasons), "{:?}", stats.notes);
        assert!(sink.frames() == expected);
    }
    alone.end();
}

#[test]
fn a_driver_that_fails_leaves_the_cpu_and_one_without_a_device_ends_it_all() {
    if is_real() {
        println!("a real driver fails on no demand");
        return;
    }
    let alone = Alone::new();
    let path = clip("clips/h264_bframes.mp4");
    let (expected, _) = on_cpu(&path, None);
    let video = alone.open(&path, None).unwrap();
    for decoders in [1, 4] {
        let (out_of_memory, illegal_address) = (2, 700);
        fail_to_map(out_of_memory);
        let sink = Taking::default();
        let stats = video.decode(decoders, &sink);
        assert_eq!(stats.notes.len(), 3, "{:?}", stats.notes);
        assert!(stats.notes[1].starts_with("frames 30..60 were decoded on the CPU: cuvidMapVideoFrame64"));
        assert!(sink.frames() == expected);
        fail_to_map(illegal_address);
        let sink = Taking::default();
        let stats = video.decode(decoders, &sink);
        assert_eq!((stats.decoded, stats.lost_frames()), (0, 0));
        let error = sink.ended.lock().unwrap().take().unwrap();
        assert!(matches!(&error, VideoError::Device { .. }) && !error.is_recoverable(), "{error}");
        assert!(error.to_string().contains("700"), "{error}");
    }
    drop(video);
    alone.end();
}
