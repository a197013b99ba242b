//! The gate shuts at each of its limits, and not before.

use super::*;
use swingpose_core::{BoundingBox, FrameIndex, Keypoint, Origin, PersonLabel};

/// Enough people that one joint is less than a thousandth of all.
const FRAMES: u64 = 100;

/// A person 200 pixels tall, in each of [`FRAMES`] frames.
fn labels() -> Vec<FrameLabels> {
    let person = PersonLabel {
        person: 0,
        track: None,
        primary: true,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(0.0, 0.0, 100.0, 200.0),
        box_score: 0.9,
        keypoints: std::array::from_fn(|k| Keypoint::from([5.0 * k as f32, 12.0 * k as f32, 0.9])),
    };
    let frame = |number| FrameLabels { frame: FrameIndex(number), pts: 0, time_s: 0.0, people: vec![person.clone()] };
    (0..FRAMES).map(frame).collect()
}

/// The labels with the first `joints` joints, over all frames in turn, moved.
fn moved(joints: usize, px: f32) -> Vec<FrameLabels> {
    let mut labels = labels();
    all_keypoints(&mut labels).take(joints).for_each(|keypoint| keypoint.point.y += px);
    labels
}

fn all_keypoints(labels: &mut [FrameLabels]) -> impl Iterator<Item = &mut Keypoint> {
    labels.iter_mut().flat_map(|frame| &mut frame.people).flat_map(|person| &mut person.keypoints)
}

/// The limits that `fast` is past.
fn limits(fast: &[FrameLabels]) -> Vec<&'static str> {
    match AccuracyGate::default().check(&labels(), fast) {
        Ok(_) => Vec::new(),
        Err(Refusal::TooFar { limits, .. }) => limits,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_same_labels_pass() {
    let accuracy = AccuracyGate::default().check(&labels(), &labels()).unwrap();
    let expected = Accuracy { joints: 1700, median_px: 0.0, p95_px: 0.0, max_px: 0.0, far_share: 0.0 };
    assert_eq!(accuracy, expected);
}

#[test]
fn the_median_is_held_to_its_limit() {
    assert!(limits(&moved(1700, 0.055)).is_empty());
    assert_eq!(limits(&moved(1700, 0.065)), ["median_px"]);
    assert!(limits(&moved(800, 0.065)).is_empty());
}

#[test]
fn the_95th_percentile_is_held_to_its_limit() {
    assert!(limits(&moved(100, 0.24)).is_empty());
    assert_eq!(limits(&moved(100, 0.26)), ["p95_px"]);
    assert!(limits(&moved(80, 4.9)).is_empty());
}

#[test]
fn fewer_than_a_thousandth_of_the_joints_are_far() {
    assert!(limits(&moved(1, 5.1)).is_empty());
    assert_eq!(limits(&moved(2, 5.1)), ["far_share"]);
    assert!(limits(&moved(2, 4.9)).is_empty());
    // Exactly the share is not fewer.
    let gate = AccuracyGate { far_share: 1.0 / 1700.0, ..AccuracyGate::default() };
    assert!(matches!(gate.check(&labels(), &moved(1, 5.1)), Err(Refusal::TooFar { .. })));
}

#[test]
fn joints_that_the_reference_is_not_sure_of_do_not_count() {
    let mut reference = labels();
    all_keypoints(&mut reference).take(20).for_each(|keypoint| keypoint.score = 0.3);
    let accuracy = AccuracyGate::default().check(&reference, &moved(20, 5.1)).unwrap();
    assert_eq!((accuracy.joints, accuracy.max_px), (1680, 0.0));
    all_keypoints(&mut reference).take(20).for_each(|keypoint| keypoint.score = 0.301);
    assert!(AccuracyGate::default().check(&reference, &moved(20, 5.1)).is_err());
}

#[test]
fn a_person_whom_one_side_lacks_is_far() {
    let mut fewer = labels();
    fewer[3].people.clear();
    assert_eq!(limits(&fewer), ["far_share"]);
    assert!(matches!(AccuracyGate::default().check(&fewer, &labels()), Err(Refusal::TooFar { .. })));
}

#[test]
fn what_cannot_be_measured_does_not_pass() {
    let (gate, mut nobody) = (AccuracyGate::default(), labels());
    nobody.iter_mut().for_each(|frame| frame.people.clear());
    assert!(matches!(gate.check(&nobody, &nobody), Err(Refusal::NothingMeasured)));
    assert!(matches!(gate.check(&labels(), &moved(1, f32::NAN)), Err(Refusal::NotFinite(1))));
    assert!(matches!(gate.check(&labels(), &labels()[1..]), Err(Refusal::Incomparable(_))));
}
