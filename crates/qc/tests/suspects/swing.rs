//! Labels of a swing that was never filmed: a golfer whose arms swing as fast as real ones, and somebody who stands by. Positions
//! are those of a smooth motion, with the noise that a good network has.

use std::collections::BTreeMap;
use swingpose_core::provenance::{DeviceInfo, Input, Program, Provenance, Weights};
use swingpose_core::{BoundingBox, FrameIndex, FrameLabels, Keypoint, Origin, PersonLabel, Timebase};
use swingpose_qc::{Report, check_frames};

const TIMEBASE: Timebase = Timebase { num: 1, den: 90_000 };
/// Standard deviation of the noise, in pixels: 0.2 % of the golfer's size.
const NOISE: f64 = 1.5;

/// How a video is timed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rate {
    /// So many frames a second.
    Even(u32),
    /// Steps between 25 and 42 ms, as a phone makes them in the evening.
    Phone,
}

/// A swing of `seconds`, of the golfer (the primary person) and, where asked for, a bystander.
pub(crate) fn swing(seconds: f64, rate: Rate, with_bystander: bool) -> Vec<FrameLabels> {
    let mut noise = Noise(7);
    let mut pts = 0_i64;
    let mut frames = Vec::new();
    while TIMEBASE.seconds(pts) < seconds {
        let time = TIMEBASE.seconds(pts);
        let mut people = vec![golfer(time, &mut noise)];
        if with_bystander {
            people.push(bystander(time, &mut noise));
        }
        frames.push(FrameLabels { frame: FrameIndex(frames.len() as u64), pts, time_s: time, people });
        pts += match rate {
            Rate::Even(frames_per_second) => 90_000 / i64::from(frames_per_second),
            Rate::Phone => 2250 + (noise.uniform() * 1530.0) as i64,
        };
    }
    frames
}

/// Where the arms point, in radians: up over the back shoulder, down and through at 15 rad/s, and still.
fn arm_angle(time: f64) -> f64 {
    let smooth = |from: f64, to: f64| {
        let share = ((time - from) / (to - from)).clamp(0.0, 1.0);
        share * share * share * (share * (6.0 * share - 15.0) + 10.0)
    };
    2.4 * smooth(0.4, 1.2) - 4.4 * smooth(1.3, 1.85)
}

fn golfer(time: f64, noise: &mut Noise) -> PersonLabel {
    let sway = 12.0 * (1.7 * time).sin();
    let angle = arm_angle(time);
    let (left_shoulder, right_shoulder) = ([600.0 + sway, 560.0], [450.0 + sway, 560.0]);
    let hand = |shoulder: [f64; 2], reach: f64| [shoulder[0] - reach * angle.sin(), shoulder[1] + reach * angle.cos()];
    let points = [
        [525.0 + sway, 450.0],
        [540.0 + sway, 435.0],
        [510.0 + sway, 435.0],
        [560.0 + sway, 445.0],
        [490.0 + sway, 445.0],
        left_shoulder,
        right_shoulder,
        hand(left_shoulder, 140.0),
        hand(right_shoulder, 140.0),
        hand(left_shoulder, 270.0),
        hand(right_shoulder, 270.0),
        [580.0 + 0.5 * sway, 830.0],
        [470.0 + 0.5 * sway, 830.0],
        [590.0 + 0.3 * sway, 1010.0],
        [460.0 + 0.3 * sway, 1010.0],
        [610.0, 1180.0],
        [440.0, 1180.0],
    ];
    person(0, points, noise)
}

fn bystander(time: f64, noise: &mut Noise) -> PersonLabel {
    let lean = 4.0 * (0.9 * time).sin();
    let points = std::array::from_fn(|keypoint| {
        let side = if keypoint % 2 == 1 { 30.0 } else { -30.0 };
        [1200.0 + side + lean, 300.0 + 28.0 * keypoint as f64]
    });
    person(1, points, noise)
}

fn person(number: u32, points: [[f64; 2]; 17], noise: &mut Noise) -> PersonLabel {
    let keypoints = points.map(|[x, y]| {
        let (dx, dy) = (NOISE * noise.normal(), NOISE * noise.normal());
        Keypoint::from([(x + dx) as f32, (y + dy) as f32, (0.9 + 0.03 * noise.normal()) as f32])
    });
    let sides = |of: fn(&Keypoint) -> f32| {
        keypoints
            .iter()
            .map(of)
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), side| (low.min(side), high.max(side)))
    };
    let ((left, right), (top, bottom)) = (sides(|keypoint| keypoint.point.x), sides(|keypoint| keypoint.point.y));
    PersonLabel {
        person: number,
        track: None,
        primary: number == 0,
        origin: Origin::Detected,
        bounding_box: BoundingBox::new(left - 30.0, top - 40.0, right + 30.0, bottom + 30.0),
        box_score: 0.9,
        keypoints,
    }
}

/// The same numbers at every run: a multiplicative generator, and a sum of uniform numbers for a normal one.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// `frames`, checked.
pub(crate) fn checked(frames: &[FrameLabels]) -> Report {
    check_frames(provenance(frames), frames.iter().cloned().map(Ok), 20).unwrap()
}

/// What would have made `frames`.
pub(crate) fn provenance(frames: &[FrameLabels]) -> Provenance {
    let weights = |architecture: &str| Weights {
        architecture: architecture.to_owned(),
        sha256: "cd".repeat(32),
        source_sha256: None,
        demo: false,
    };
    Provenance {
        program: Program { name: "swingpose".to_owned(), version: "0.1.0".to_owned(), commit: None },
        input: Input {
            name: "Abschlag <7> & \"Fluß\".mov".to_owned(),
            image_id: None,
            sha256: "ab".repeat(32),
            bytes: 1,
            size: (1400, 1920),
            codec: "hevc".to_owned(),
            rotation: 90,
            timebase: TIMEBASE,
            frames: frames.len() as u64,
            lost_frames: 0,
            matrix: "bt709".to_owned(),
            range: "limited".to_owned(),
            bit_depth: 10,
        },
        detector: Some(weights("rtmdet-m")),
        pose: weights("vitpose-h"),
        device: DeviceInfo {
            kind: "cpu".to_owned(),
            name: "8 cores".to_owned(),
            driver: None,
            precision: "fp32".to_owned(),
        },
        options: BTreeMap::from([("mode".to_owned(), "turbo".to_owned())]),
    }
}
