//! What a user gets: the labels of the recorded frames, from the clip's file to keypoints in frame pixels, against what
//! mmdet and mmpose together make of them.

use std::path::Path;
use std::sync::LazyLock;

use swingpose::prelude::*;
use swingpose_judge::compare::{CompareOptions, Comparison, compare_frames};

use super::recording::{FLIP, Frame, Person, Recording};
use super::{clip, weights};

/// How far our keypoints may be from mmpose's, all of them, sure or not: the median and the largest distance in pixels.
const MEDIAN_PX: f64 = 0.05;
const MAX_PX: f64 = 0.25;

/// Boxes overlap with theirs by more than this, and their scores differ by no more.
const BOX_IOU: f64 = 0.999;
const BOX_SCORE: f32 = 1e-4;

/// How far a keypoint's score may be from theirs: a crop of a box that differs in the last digits can differ in some pixels
/// by a level.
const KEYPOINT_SCORE: f32 = 1e-3;

/// Our labels without the flip test: what any other way to compute is held against.
pub(super) static PLAIN: LazyLock<Vec<FrameLabels>> =
    LazyLock::new(|| labels(&Recording::open(), [&weights("rtmdet"), &weights("vitpose")], false));

#[test]
fn labels_equal_mmposes_without_the_flip_test() {
    check(0, &PLAIN);
}

#[test]
fn labels_equal_mmposes_with_the_flip_test() {
    check(1, &labels(&Recording::open(), [&weights("rtmdet"), &weights("vitpose")], true));
}

/// The labels of the recorded frames, in the recording's order.
pub(super) fn labels(recording: &Recording, [detector, pose]: [&Path; 2], flip: bool) -> Vec<FrameLabels> {
    let label = |frame: &Frame| {
        let frames = FrameRange::new(frame.number, Some(frame.number + 1)).expect("one frame");
        let labeler = Labeler::builder(pose)
            .boxes(Boxes::Detected(detector.to_owned()))
            .options(LabelOptions { flip, frames, ..LabelOptions::default() })
            .device(DeviceChoice::Cpu)
            .precision(Some(Precision::Fp32))
            .build()
            .expect("the demo pair loads");
        let mut labels = labeler.label(clip(&frame.clip)).expect("a clip of the tests");
        labels.next().expect("the clip has this frame").expect("it is labeled")
    };
    recording.frames.iter().map(label).collect()
}

#[expect(clippy::print_stderr, reason = "seen with --nocapture")]
fn check(flip: usize, ours: &[FrameLabels]) {
    let theirs = recorded_labels(&Recording::open(), ours, flip);
    let comparison = compare(&theirs, ours);
    let px = comparison.keypoints.px.expect("there are people");
    let iou = comparison.box_iou.expect("there are people").min;
    let (boxes, keypoints) = score_differences(&theirs, ours);
    let (people, median, max) = (comparison.people, px.median, px.max);
    eprintln!("{}: {} people, {} keypoints: median {median:.5} px, max {max:.5} px", FLIP[flip], people.a, px.count);
    eprintln!("{}: box IoU {iou:.6}, scores of boxes {boxes:.1e}, of keypoints {keypoints:.1e}", FLIP[flip]);
    assert_eq!((people.missed, people.extra), (0, 0), "in frames {:?}", comparison.unmatched);
    assert!(iou > BOX_IOU, "box IoU {iou}");
    assert!(boxes <= BOX_SCORE && keypoints <= KEYPOINT_SCORE, "scores of boxes {boxes}, of keypoints {keypoints}");
    assert!(median <= MEDIAN_PX && max <= MAX_PX, "median {median} px, max {max} px: {:?}", comparison.worst);
}

fn compare(theirs: &[FrameLabels], ours: &[FrameLabels]) -> Comparison {
    let every_keypoint = CompareOptions { min_score: f32::NEG_INFINITY, ..CompareOptions::default() };
    let [theirs, ours] = [theirs, ours].map(|frames| frames.iter().cloned().map(Ok));
    compare_frames(theirs, ours, &every_keypoint).expect("the same frames")
}

/// The recording as labels, with our frames' times, of which it says nothing.
fn recorded_labels(recording: &Recording, ours: &[FrameLabels], flip: usize) -> Vec<FrameLabels> {
    let frames = recording.frames.iter().zip(ours);
    let labels = frames.map(|(recorded, ours)| {
        let people = recorded.people.iter().enumerate().map(|(number, person)| label(number, person, flip));
        FrameLabels { frame: FrameIndex(recorded.number), people: people.collect(), ..ours.clone() }
    });
    labels.collect()
}

fn label(number: usize, person: &Person, flip: usize) -> PersonLabel {
    let keypoints = &person.keypoints[flip];
    PersonLabel {
        person: number as u32,
        track: None,
        primary: false,
        origin: Origin::Detected,
        bounding_box: person.bounding_box.into(),
        box_score: person.score,
        keypoints: std::array::from_fn(|k| Keypoint::from(keypoints[k])),
    }
}

/// The largest differences of box scores and of keypoint scores, people taken by their rank.
fn score_differences(theirs: &[FrameLabels], ours: &[FrameLabels]) -> (f32, f32) {
    let people = |labels: &[FrameLabels]| labels.iter().flat_map(|frame| frame.people.clone()).collect::<Vec<_>>();
    let pairs: Vec<_> = people(theirs).into_iter().zip(people(ours)).collect();
    let largest = |differences: &mut dyn Iterator<Item = f32>| differences.map(f32::abs).fold(0.0, f32::max);
    let keypoints = |(one, other): &(PersonLabel, PersonLabel)| {
        std::array::from_fn::<_, 17, _>(|k| one.keypoints[k].score - other.keypoints[k].score)
    };
    let boxes = largest(&mut pairs.iter().map(|(one, other)| one.box_score - other.box_score));
    (boxes, largest(&mut pairs.iter().flat_map(keypoints)))
}
