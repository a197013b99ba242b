//! Between a GPU and its host go packets in and labels out, and nothing of a frame.
//!
//! A process labels 32 frames and another 96, in front of whose driver a library counts what is copied (`libcuda.c`). What the
//! second copied more is the traffic of 64 frames: what comes back must be their boxes and keypoints, as large as the batches they
//! are computed in, and what goes there tables of indices.

mod counting;
mod stand_in;

use std::fs;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

use swingpose::prelude::*;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_doctor::{Findings, Places, Ready};
use swingpose_models::RtmDetConfig;
use swingpose_models::checkpoint::WeightsFile;
use swingpose_models::vitpose::HEATMAP;

use crate::{clip, file, labels};
use counting::{Counting, Traffic};

/// Frames, and crops, of a batch.
const BATCH: NonZeroUsize = NonZeroUsize::new(32).unwrap();
/// Whole batches, of a clip of 100 frames.
const FRAMES: [usize; 2] = [BATCH.get(), 3 * BATCH.get()];
const CLIP: &str = "multi_cam01.mp4";
/// Bytes of a frame as the chip decodes it: NV12.
const FRAME: u64 = 1088 * 1920 * 3 / 2;
/// Corners, score and mask of a box; x, y and score of each keypoint.
const BOX: u64 = (4 + 1 + 1) * 4;
const POSE: u64 = KEYPOINT_COUNT as u64 * 3 * 4;
/// A copy may be of the whole buffer, which CubeCL aligns to this.
const ALIGNMENT: u64 = 512;
/// A batch of heatmaps in f16: the smallest thing between the two networks.
const HEATMAPS: u64 = (BATCH.get() * KEYPOINT_COUNT * HEATMAP[0] * HEATMAP[1] * 2) as u64;
/// What a frame's copies stay this many times below its own bytes in either direction.
const TIMES_BELOW: u64 = 200;

const FRAMES_ASKED_FOR: &str = "SWINGPOSE_TRAFFIC_FRAMES";
const PEOPLE: &str = "SWINGPOSE_TRAFFIC_PEOPLE";

#[test]
fn nothing_of_a_frame_crosses_between_host_and_device() {
    let counting = ready().and_then(|ready| Counting::before(&ready.driver));
    let counting = match counting {
        Ok(counting) => counting,
        Err(why) => return eprintln!("skipped: {why}"),
    };
    let [(_, fewer), (people, more)] = FRAMES.map(|frames| label(&counting, frames));
    let to_host = more.to_host.bytes - fewer.to_host.bytes;
    let to_device = more.to_device.bytes - fewer.to_device.bytes;
    let expected = labels_of(&people[FRAMES[0]..]);
    let frames = (FRAMES[1] - FRAMES[0]) as u64;
    let [least, most] = [expected.start(), expected.end()].map(|bytes| bytes / frames);
    eprintln!("bytes a frame to the host: {}, of boxes and keypoints {least} to {most}", to_host / frames);
    eprintln!("bytes a frame to the device: {}; a frame's own: {FRAME}", to_device / frames);
    eprintln!("the whole process with {} frames: {more:?}", FRAMES[1]);
    assert!(expected.contains(&to_host), "other things than labels come back: {to_host} bytes, not {expected:?}");
    assert!(to_host * TIMES_BELOW < FRAME * frames, "frames come back");
    assert!(to_device * TIMES_BELOW < FRAME * frames, "frames go to the device");
    assert!(more.to_host.largest < HEATMAPS, "heatmaps come back");
}

/// A GPU that decodes.
fn ready() -> Result<Ready, String> {
    let ready = Findings::look(&Places::of_this_machine()).gpu().map_err(|missing| missing.to_string())?;
    ready.nvdec().map_err(ToString::to_string)?;
    Ok(ready)
}

/// Labels so many frames in a process of their own: the people of each, and what was copied.
fn label(counting: &Counting, frames: usize) -> (Vec<u64>, Traffic) {
    let folder = tempfile::tempdir().unwrap();
    let people = folder.path().join("people");
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "traffic::frames_are_labeled_for_the_test_above", "--ignored", "--nocapture"]);
    program.env(FRAMES_ASKED_FOR, frames.to_string()).env(PEOPLE, &people);
    let (_, traffic) = counting.run(&mut program);
    let people = fs::read_to_string(&people).unwrap();
    let people: Vec<u64> = people.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(people.len(), frames);
    (people, traffic)
}

/// What the labels of frames with so many people take: at least these people's, at most those that full batches would have.
fn labels_of(people: &[u64]) -> RangeInclusive<u64> {
    let detector = WeightsFile::open(&file("weights/demo/rtmdet-demo.safetensors")).unwrap();
    let capacity = detector.config::<RtmDetConfig>().unwrap().test_cfg.max_per_img as u64;
    let boxes = people.len() as u64 * capacity * BOX;
    let batch = BATCH.get() as u64;
    let poses: u64 = people.iter().sum();
    let batches = || people.chunks(BATCH.get()).map(move |people| people.iter().sum::<u64>().div_ceil(batch));
    let reads: u64 = batches().map(|batches| 3 + batches).sum();
    let padded: u64 = batches().map(|batches| batches * batch).sum();
    boxes + poses * POSE..=boxes + padded * POSE + reads * ALIGNMENT
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn frames_are_labeled_for_the_test_above() {
    let Ok(frames) = std::env::var(FRAMES_ASKED_FOR) else { return };
    let options = LabelOptions { frames: format!("..{frames}").parse().unwrap(), ..LabelOptions::default() };
    let labeler = Labeler::builder(file("weights/demo/vitpose-demo.safetensors"))
        .boxes(crate::detected())
        .device("cuda:0".parse().unwrap())
        .options(options)
        .batch(BATCH)
        .build();
    let people = labels(&labeler.unwrap_or_else(|error| panic!("{error}")), &clip(CLIP));
    let people: Vec<String> = people.iter().map(|frame| frame.people.len().to_string()).collect();
    fs::write(Path::new(&std::env::var_os(PEOPLE).unwrap()), people.join("\n")).unwrap();
}
