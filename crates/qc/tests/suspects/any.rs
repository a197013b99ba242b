//! Labels of any numbers are checked: no panic, frames that exist, scores that JSON can hold.

use crate::pages::assert_sound;
use crate::swing::{Rate, checked, provenance, swing};
use proptest::collection::vec;
use proptest::prelude::*;
use swingpose_core::{FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel, Timebase};
use swingpose_qc::{Verdict, check_frames};

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![6 => -50.0_f32..1000.0, 2 => 0.0_f32..1.0, 1 => any::<f32>()]
}

fn person() -> impl Strategy<Value = PersonLabel> {
    let keypoints = proptest::array::uniform17([number(), number(), number()].prop_map(Keypoint::from));
    let head =
        (0..4_u32, proptest::option::of(0..3_u32), any::<bool>(), proptest::sample::select(Origin::ALL.to_vec()));
    (head, [number(), number(), number(), number()], keypoints).prop_map(
        |((person, track, primary, origin), corners, keypoints)| PersonLabel {
            person,
            track,
            primary,
            origin,
            bounding_box: corners.into(),
            box_score: 0.5,
            keypoints,
        },
    )
}

fn frames() -> impl Strategy<Value = Vec<FrameLabels>> {
    let pts = prop_oneof![8 => 0..4_i64, 1 => any::<i64>()];
    let frame = (1..3_u64, pts, prop_oneof![4 => Just(None), 1 => any::<f64>().prop_map(Some)], vec(person(), 0..4));
    vec(frame, 0..40).prop_map(|frames| {
        let (mut number, mut ticks) = (0_u64, 0_i64);
        let mut next = |(step, pts, time_s, people): (u64, i64, Option<f64>, _)| {
            number += step;
            ticks = ticks.wrapping_add(pts);
            FrameLabels { frame: FrameIndex(number), pts: ticks, time_s: time_s.unwrap_or(ticks as f64 / 60.0), people }
        };
        frames.into_iter().map(&mut next).collect()
    })
}

#[test]
fn a_timebase_that_cannot_be_fails_and_has_a_page() {
    for timebase in [Timebase { num: 0, den: 1 }, Timebase { num: 1, den: 0 }, Timebase { num: 0, den: 0 }] {
        let frames = swing(1.0, Rate::Even(30), true);
        let mut made = provenance(&frames);
        made.input.timebase = timebase;
        let report = check_frames(made, frames.into_iter().map(Ok), 20).unwrap();
        assert_ne!(report.verdict, Verdict::Pass, "{timebase:?}");
        assert_sound(&swingpose_qc::page::video(&report, Ok(&[])));
    }
}

proptest! {
    #[test]
    fn any_labels_are_checked(frames in frames()) {
        let numbers: Vec<u64> = frames.iter().map(|frame| frame.frame.0).collect();
        let report = checked(&frames);
        for finding in &report.findings {
            prop_assert!(finding.frames[0] <= finding.worst_frame && finding.worst_frame <= finding.frames[1], "{finding:?}");
            prop_assert!((1.0..=100.0).contains(&finding.score), "{finding:?}");
            prop_assert!(finding.frames.iter().all(|frame| numbers.contains(frame)), "{finding:?}");
        }
        prop_assert!(report.worst.len() <= 20);
        prop_assert!(serde_json::to_string(&report).is_ok());
        assert_sound(&swingpose_qc::page::video(&report, Err("no video")));
    }
}
