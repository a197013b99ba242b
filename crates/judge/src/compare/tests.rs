//! Small cases counted by hand, and what must hold of any labels.

use super::*;
use proptest::prelude::*;
use std::path::Path;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{BoundingBox, FrameIndex, Keypoint, Origin, PersonLabel, Point};
use swingpose_labels::read;

/// A person in a box of 100 x 200 pixels whose upper left corner is at (`x`, 0), sure of every keypoint; the torso is 60
/// pixels long.
fn person(number: u32, x: f32) -> PersonLabel {
    let mut keypoints = std::array::from_fn(|k| Keypoint::from([x + 5.0 * k as f32, 10.0 * k as f32, 0.9]));
    for (k, y) in [(5, 40.0), (6, 40.0), (11, 100.0), (12, 100.0)] {
        keypoints[k] = Keypoint::from([x + 50.0, y, 0.9]);
    }
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(x, 0.0, x + 100.0, 200.0),
        box_score: 0.9,
        keypoints,
    }
}

fn frame(number: u64, people: Vec<PersonLabel>) -> FrameLabels {
    FrameLabels { frame: FrameIndex(number), pts: number.cast_signed(), time_s: number as f64, people }
}

fn compared(a: &[FrameLabels], b: &[FrameLabels]) -> Result<Comparison, CompareError> {
    compare_frames(a.iter().cloned().map(Ok), b.iter().cloned().map(Ok), &CompareOptions::default())
}

/// Moves one keypoint to the right.
fn moved(mut person: PersonLabel, keypoint: usize, px: f32) -> PersonLabel {
    person.keypoints[keypoint].point.x += px;
    person
}

#[test]
fn distances_are_in_pixels_and_in_lengths_of_the_torso() {
    let a = frame(0, vec![person(0, 0.0)]);
    let b = frame(0, vec![moved(person(0, 0.0), 9, 12.0)]);
    let comparison = compared(&[a], &[b]).unwrap();
    let wrist = comparison.keypoints.each[9];
    assert_eq!((wrist.keypoint, wrist.px.unwrap().max, wrist.torsos.unwrap().max), ("left_wrist", 12.0, 0.2));
    let all = comparison.keypoints.px.unwrap();
    assert_eq!((all.count, all.median, all.max), (17, 0.0, 12.0));
    assert_eq!((comparison.over_limit.count, comparison.keypoints.over_limit), (1, 1));
    assert_eq!(comparison.box_iou.unwrap().min, 1.0);
    let [worst] = comparison.worst.as_slice() else { panic!("{:?}", comparison.worst) };
    assert_eq!((worst.frame, worst.keypoint, worst.px), (FrameIndex(0), "left_wrist", 12.0));
}

#[test]
fn whoever_has_no_counterpart_is_missed_or_extra() {
    let a = [frame(0, vec![person(0, 0.0), person(1, 500.0)]), frame(4, vec![person(0, 0.0)])];
    let b = [frame(0, vec![person(0, 500.0)]), frame(4, vec![person(0, 0.0), person(1, 900.0), person(2, 500.0)])];
    let comparison = compared(&a, &b).unwrap();
    assert_eq!(comparison.people, People { a: 3, b: 4, matched: 2, missed: 1, extra: 2 });
    assert_eq!(comparison.unmatched, FrameList { count: 2, first: vec![FrameIndex(0), FrameIndex(4)] });
    assert_eq!(comparison.keypoints.px.unwrap().max, 0.0, "the people at 500 px are one person");
    assert_eq!(comparison.worst, [], "nothing has moved");
}

#[test]
fn the_most_alike_are_paired_first() {
    let a = frame(0, vec![person(0, 0.0), person(1, 8.0)]);
    let b = frame(0, vec![person(0, 9.0), person(1, 30.0)]);
    let pairs = pairing::pair(&a.people, &b.people, &CompareOptions { min_oks: 0.0, ..CompareOptions::default() });
    assert_eq!(pairs.iter().map(|pair| (pair.a, pair.b)).collect::<Vec<_>>(), [(1, 0), (0, 1)]);
}

#[test]
fn only_keypoints_that_the_reference_is_sure_of_are_measured() {
    let (mut one, mut other) = (person(0, 0.0), moved(moved(person(0, 0.0), 0, 50.0), 1, 50.0));
    one.keypoints[0].score = 0.1;
    other.keypoints[2].score = f32::NAN;
    let comparison = compared(&[frame(0, vec![one])], &[frame(0, vec![other])]).unwrap();
    let keypoints = &comparison.keypoints;
    assert_eq!((keypoints.px.unwrap().count, keypoints.lost, keypoints.gained), (16, 1, 1));
    assert_eq!((keypoints.each[0].px, keypoints.each[1].px.unwrap().max), (None, 50.0));
}

#[test]
fn without_a_torso_there_are_only_pixels() {
    let mut unsure = person(0, 0.0);
    unsure.keypoints[11].score = 0.0;
    let mut flat = person(0, 0.0);
    flat.keypoints.iter_mut().for_each(|keypoint| keypoint.point = Point::new(7.0, 7.0));
    for person in [unsure, flat] {
        let frames = [frame(0, vec![person])];
        let keypoints = compared(&frames, &frames).unwrap().keypoints;
        assert_eq!((keypoints.torsos, keypoints.without_torso), (None, 1));
        assert!(keypoints.px.is_some());
    }
}

#[test]
fn a_keypoint_that_is_nowhere_is_counted_and_passes_no_gate() {
    let mut nowhere = person(0, 0.0);
    nowhere.keypoints[3].point.y = f32::INFINITY;
    let comparison = compared(&[frame(2, vec![person(0, 0.0)])], &[frame(2, vec![nowhere])]).unwrap();
    assert_eq!((comparison.keypoints.not_finite, comparison.not_finite.first.as_slice()), (1, &[FrameIndex(2)][..]));
    assert_eq!(comparison.keypoints.px.unwrap().count, 16);
    let gate = Gate { max_px: 5.0, statistic: Statistic::Max, max_unmatched: 0 };
    assert_eq!(comparison.breaches(&gate), [Breach::NotFinite { keypoints: 1 }]);
}

#[test]
fn the_whole_frame_is_nobodys_box() {
    let mut fast = person(0, 0.0);
    (fast.origin, fast.bounding_box) = (Origin::WholeFrame, BoundingBox::new(0.0, 0.0, 1920.0, 1080.0));
    let frames = |person: &PersonLabel| [frame(0, vec![person.clone()])];
    for other in [person(0, 0.0), fast.clone()] {
        let comparison = compared(&frames(&fast), &frames(&other)).unwrap();
        assert_eq!((comparison.people.matched, comparison.box_iou), (1, None));
    }
    // Half a box to the side is another person, however large the frame.
    let comparison = compared(&frames(&fast), &frames(&person(0, 50.0))).unwrap();
    assert_eq!((comparison.people.missed, comparison.people.extra), (1, 1));
}

#[test]
fn a_gate_names_what_passes_it_by() {
    let a = [frame(0, vec![person(0, 0.0), person(1, 500.0)]), frame(1, vec![])];
    let b = [frame(0, vec![moved(person(0, 0.0), 9, 12.0)]), frame(1, vec![])];
    let comparison = compared(&a, &b).unwrap();
    let gate = Gate { max_px: 11.0, statistic: Statistic::Max, max_unmatched: 0 };
    let distance = Breach::Distance { statistic: Statistic::Max, px: 12.0, max_px: 11.0 };
    let unmatched = Breach::Unmatched { missed: 1, extra: 0, max_unmatched: 0 };
    assert_eq!(comparison.breaches(&gate), [distance, unmatched]);
    assert_eq!(comparison.breaches(&Gate { max_px: 12.0, ..gate }), [unmatched]);
    assert_eq!(comparison.breaches(&Gate { statistic: Statistic::Median, max_unmatched: 1, ..gate }), []);
}

#[test]
fn a_gate_is_not_passed_by_measuring_nothing() {
    let mut unsure = person(0, 0.0);
    unsure.keypoints.iter_mut().for_each(|keypoint| keypoint.score = 0.1);
    let frames = [frame(0, vec![unsure])];
    let gate = Gate { max_px: 1.0, statistic: Statistic::Max, max_unmatched: 0 };
    assert_eq!(compared(&frames, &frames).unwrap().breaches(&gate), [Breach::NothingMeasured]);
    let empty = [frame(0, vec![])];
    assert_eq!(compared(&empty, &empty).unwrap().breaches(&gate), []);
}

#[test]
fn frames_that_do_not_line_up_are_refused() {
    let frames = |numbers: &[u64]| numbers.iter().map(|&number| frame(number, vec![])).collect::<Vec<_>>();
    for (a, b, alone, side) in [
        (&[0, 1][..], &[0][..], 1, Side::A),
        (&[0], &[0, 1], 1, Side::B),
        (&[0, 2], &[0, 1, 2], 1, Side::B),
        (&[0, 1, 2], &[0, 2], 1, Side::A),
    ] {
        let error = compared(&frames(a), &frames(b)).unwrap_err();
        assert!(
            matches!(error, CompareError::Frames { frame, side: found } if (frame, found) == (alone, side)),
            "{error}"
        );
    }
    let late = FrameLabels { pts: 7, ..frame(1, vec![]) };
    let error = compared(&frames(&[1]), &[late]).unwrap_err();
    assert!(matches!(error, CompareError::Times { frame: 1, a: 1, b: 7 }), "{error}");
}

#[test]
fn labels_of_another_input_are_refused() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/labels/golden.poses.parquet");
    let open = || read(&golden).unwrap();
    assert_eq!(compare(open(), open(), &CompareOptions::default()).unwrap().frames, 4);
    let mut other = open();
    other.provenance.input.sha256 = "00".repeat(32);
    let error = compare(open(), other, &CompareOptions::default()).unwrap_err();
    assert!(matches!(error, CompareError::Inputs { .. }) && error.to_string().contains("one and the same"), "{error}");
    let mut turned = open();
    turned.provenance.input.size = (1920, 1080);
    let error = compare(open(), turned, &CompareOptions::default()).unwrap_err();
    assert!(matches!(error, CompareError::Sizes { .. }), "{error}");
}

#[test]
fn the_ten_worst_frames_are_told_worst_first() {
    let a: Vec<_> = (0..30).map(|number| frame(number, vec![person(0, 0.0)])).collect();
    let shift = |number: u64| (number * 7 % 30) as f32 / 2.0;
    let b: Vec<_> = (0..30).map(|number| frame(number, vec![moved(person(0, 0.0), 4, shift(number))])).collect();
    let comparison = compared(&a, &b).unwrap();
    let expected: Vec<f64> = (20..30).rev().map(|half| f64::from(half) / 2.0).collect();
    assert_eq!(comparison.worst.iter().map(|worst| worst.px).collect::<Vec<_>>(), expected);
    assert_eq!(comparison.over_limit.count, 19, "5.5 to 14.5 px");
}

fn any_person() -> impl Strategy<Value = PersonLabel> {
    let jitter = proptest::collection::vec((-30.0_f32..30.0, -30.0_f32..30.0, 0.0_f32..1.0), KEYPOINT_COUNT);
    (0.0_f32..300.0, jitter).prop_map(|(x, jitter)| {
        let mut person = person(0, x);
        for (keypoint, (dx, dy, score)) in person.keypoints.iter_mut().zip(jitter) {
            (keypoint.point.x, keypoint.point.y, keypoint.score) =
                (keypoint.point.x + dx, keypoint.point.y + dy, score);
        }
        person
    })
}

fn any_frames() -> impl Strategy<Value = Vec<FrameLabels>> {
    let people = proptest::collection::vec(any_person(), 0..5);
    proptest::collection::vec(people, 4).prop_map(|frames| (0..).zip(frames).map(|(n, p)| frame(n, p)).collect())
}

proptest! {
    #[test]
    fn labels_do_not_differ_from_themselves(frames in any_frames()) {
        let comparison = compared(&frames, &frames).unwrap();
        let people = comparison.people;
        prop_assert_eq!((people.a, people.matched, people.missed, people.extra), (people.b, people.a, 0, 0));
        prop_assert!(comparison.oks.is_none_or(|oks| oks.min == 1.0));
        prop_assert!(comparison.box_iou.is_none_or(|iou| iou.min == 1.0));
        prop_assert!(comparison.keypoints.px.is_none_or(|px| px.max == 0.0));
        prop_assert_eq!((comparison.over_limit.count, comparison.worst.len()), (0, 0));
    }

    #[test]
    fn exchanged_sides_find_the_same_pairs(a in any_frames(), b in any_frames()) {
        let (there, back) = (compared(&a, &b).unwrap(), compared(&b, &a).unwrap());
        prop_assert_eq!(there.people.matched, back.people.matched);
        prop_assert_eq!((there.people.missed, there.people.extra), (back.people.extra, back.people.missed));
        prop_assert_eq!((there.oks, there.box_iou), (back.oks, back.box_iou));
        prop_assert_eq!((there.keypoints.lost, there.keypoints.gained), (back.keypoints.gained, back.keypoints.lost));
    }
}
