//! Labels for this crate's tests: plain ones, and any that the types can hold.

use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use swingpose_core::provenance::{DeviceInfo, Input, Program, Provenance, Weights};
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel, Timebase};

/// A plain person.
pub(crate) fn person(number: u32) -> PersonLabel {
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(10.5, 20.0, 110.25, 220.0),
        box_score: 0.9,
        keypoints: std::array::from_fn(|k| {
            let k = k as f32;
            Keypoint::from([12.0 + 5.25 * k, 30.0 + 11.125 * k, 1.0 - k / 32.0])
        }),
    }
}

/// Frame `number` of a film of 59.94 frames a second, with `people` people.
pub(crate) fn frame(number: u64, people: u32) -> FrameLabels {
    let timebase = Timebase { num: 1001, den: 60_000 };
    let pts = number.cast_signed();
    FrameLabels {
        frame: FrameIndex(number),
        pts,
        time_s: timebase.seconds(pts),
        people: (0..people).map(person).collect(),
    }
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        program: Program { name: "swingpose".to_owned(), version: "0.1.0".to_owned(), commit: None },
        input: Input {
            name: "Abschlag 7 (Fluß) \u{26f3}\".mov".to_owned(),
            image_id: None,
            sha256: "ab".repeat(32),
            bytes: 123_456,
            size: (1080, 1920),
            codec: "hevc".to_owned(),
            rotation: 90,
            timebase: Timebase { num: 1001, den: 60_000 },
            frames: 0,
            lost_frames: 0,
            matrix: "bt709".to_owned(),
            range: "limited".to_owned(),
            bit_depth: 10,
        },
        detector: Some(Weights {
            architecture: "rtmdet-m".to_owned(),
            sha256: "cd".repeat(32),
            source_sha256: Some("ef".repeat(32)),
            demo: false,
        }),
        pose: Weights {
            architecture: "vitpose-h".to_owned(),
            sha256: "01".repeat(32),
            source_sha256: None,
            demo: true,
        },
        device: DeviceInfo {
            kind: "cpu".to_owned(),
            name: "8 cores".to_owned(),
            driver: None,
            precision: "fp32".to_owned(),
        },
        options: BTreeMap::from([("flip".to_owned(), "false".to_owned()), ("mode".to_owned(), "turbo".to_owned())]),
    }
}

/// Labels in which numbers are compared by their bits, so that NaN equals itself and -0 does not equal 0.
pub(crate) fn bits(frames: &[FrameLabels]) -> Vec<String> {
    let person = |p: &PersonLabel| {
        let corners = <[f32; 4]>::from(p.bounding_box).map(f32::to_bits);
        let keypoints = p.keypoints.map(|k| <[f32; 3]>::from(k).map(f32::to_bits));
        let head = (p.person, p.track, p.primary, p.origin, corners, p.box_score.to_bits());
        format!("{head:?} {keypoints:?}")
    };
    let frame = |f: &FrameLabels| {
        let people: Vec<String> = f.people.iter().map(person).collect();
        format!("{:?} {} {} {people:?}", f.frame, f.pts, f.time_s.to_bits())
    };
    frames.iter().map(frame).collect()
}

/// Any number, with those that break formats often among them.
fn number() -> impl Strategy<Value = f32> {
    let odd = [0.0, -0.0, f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE / 2.0, f32::MAX];
    prop_oneof![6 => any::<f32>(), 2 => -100.0_f32..2000.0, 2 => proptest::sample::select(odd.to_vec())]
}

fn any_person() -> impl Strategy<Value = PersonLabel> {
    let keypoint = [number(), number(), number()].prop_map(Keypoint::from);
    let keypoints = vec(keypoint, KEYPOINT_COUNT);
    let head = (any::<u32>(), any::<Option<u32>>(), any::<bool>(), proptest::sample::select(Origin::ALL.to_vec()));
    let corners = [number(), number(), number(), number()];
    (head, corners, number(), keypoints).prop_map(
        |((person, track, primary, origin), corners, box_score, keypoints)| PersonLabel {
            person,
            track,
            primary,
            origin,
            bounding_box: corners.into(),
            box_score,
            keypoints: keypoints.try_into().expect("as many as asked for"),
        },
    )
}

/// No, few or many frames in increasing order, with nobody, somebody or a crowd in each.
pub(crate) fn any_frames() -> impl Strategy<Value = Vec<FrameLabels>> {
    let people = prop_oneof![3 => vec(any_person(), 0..3), 1 => vec(any_person(), 40..60)];
    let frame = (0_u64..1 << 58, any::<i64>(), any::<f64>(), people);
    vec(frame, 0..24).prop_map(|mut frames| {
        frames.sort_by_key(|(number, ..)| *number);
        frames.dedup_by_key(|(number, ..)| *number);
        let labels = |(number, pts, time_s, people)| FrameLabels { frame: FrameIndex(number), pts, time_s, people };
        frames.into_iter().map(labels).collect()
    })
}
