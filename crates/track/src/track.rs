//! One person followed: how they were last seen, how fast they move, and how like somebody is to what is expected of them.
//!
//! The motion model is a constant velocity of the box's centre over the frames' own times; box and keypoints move along.
//! A velocity is that of the last `SETTLING_S` or so, since a box's centre shakes and the swing of an arm pulls at it.

use crate::wrists::Wrists;
use swingpose_core::skeleton::KEYPOINT_COUNT;
use swingpose_core::{BoundingBox, FramePx, Keypoint, PersonLabel};
use swingpose_judge::oks::oks;

/// Keypoints count when they score more than this, mmpose's own threshold for showing one.
pub const KEYPOINT_SCORE: f32 = 0.3;

/// The time constant of a velocity, in seconds.
const SETTLING_S: f64 = 0.15;

/// How far from where they are expected somebody may be, in diagonals of the box: where a box is drawn differs by this much
/// when an arm or half a body comes into it.
const REACH: f64 = 0.25;

/// How much further in every second since they were seen, and how far in all. A sprinter covers six body heights a second,
/// but not unexpectedly.
const REACH_PER_S: f64 = 2.0;
const MAX_REACH: f64 = 1.0;

/// Boxes that overlap by this much are of one person wherever their centres are.
const OVERLAP: f64 = 0.3;

/// The larger of two boxes of one person has at most so many times the other's diagonal.
const MAX_GROWTH: f64 = 2.0;

/// A person followed from frame to frame.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    pub(crate) number: u32,
    /// When they were last seen, in seconds.
    pub(crate) seen_s: f64,
    last: PersonLabel,
    /// Pixels a second.
    velocity: [f64; 2],
    pub(crate) wrists: Wrists,
}

impl Track {
    pub(crate) fn begin(number: u32, person: &PersonLabel, now_s: f64) -> Self {
        let mut wrists = Wrists::default();
        wrists.see(person, now_s);
        Self { number, seen_s: now_s, last: person.clone(), velocity: [0.0; 2], wrists }
    }

    /// Takes note of the person where they are at `now_s`.
    pub(crate) fn see(&mut self, person: &PersonLabel, now_s: f64) {
        let elapsed = now_s - self.seen_s;
        if elapsed > 0.0 {
            let (from, to) = (centre(self.last.bounding_box), centre(person.bounding_box));
            let weight = elapsed / (elapsed + SETTLING_S);
            self.velocity = [0, 1].map(|axis| {
                let velocity = (to[axis] - from[axis]) / elapsed;
                self.velocity[axis] + weight * (velocity - self.velocity[axis])
            });
        }
        self.seen_s = now_s;
        self.last = person.clone();
        self.wrists.see(person, now_s);
    }

    /// How like `person` is to this one at `now_s`, from 0 to 1; `None` where it cannot be them. Who was out of sight may have
    /// gone on or have stayed.
    pub(crate) fn likeness(&self, person: &PersonLabel, now_s: f64, in_sight: bool) -> Option<f64> {
        let elapsed = (now_s - self.seen_s).max(0.0);
        let reach = REACH_PER_S.mul_add(elapsed, REACH).min(MAX_REACH);
        let gone_on = likeness(&self.last, self.velocity.map(|velocity| velocity * elapsed), person, reach);
        if in_sight {
            return gone_on;
        }
        let stayed = likeness(&self.last, [0.0; 2], person, reach);
        gone_on.into_iter().chain(stayed).reduce(f64::max)
    }
}

/// The mean of how the boxes overlap, how alike the poses are, and how near the centres are, `seen` moved by `way` pixels.
fn likeness(seen: &PersonLabel, way: [f64; 2], person: &PersonLabel, reach: f64) -> Option<f64> {
    let (from, to) = (moved(seen.bounding_box, way), person.bounding_box);
    let [smaller, larger] = ordered(diagonal(from), diagonal(to));
    let ([from_x, from_y], [to_x, to_y]) = (centre(from), centre(to));
    let distance = (to_x - from_x).hypot(to_y - from_y) / larger;
    let overlap = f64::from(from.iou(to));
    let is_possible = larger <= MAX_GROWTH * smaller && (distance <= reach || overlap >= OVERLAP);
    is_possible.then(|| (overlap + pose_likeness(seen, way, person) + (1.0 - distance).max(0.0)) / 3.0)
}

/// The OKS of two poses over the keypoints that both are sure of.
fn pose_likeness(seen: &PersonLabel, way: [f64; 2], person: &PersonLabel) -> f64 {
    let pairs: [(Keypoint, Keypoint); KEYPOINT_COUNT] =
        std::array::from_fn(|keypoint| (seen.keypoints[keypoint], person.keypoints[keypoint]));
    let counted = pairs.map(|(one, other)| one.score > KEYPOINT_SCORE && other.score > KEYPOINT_SCORE);
    let distances = pairs.map(|(one, other)| {
        let x = f64::from(other.point.x) - f64::from(one.point.x) - way[0];
        let y = f64::from(other.point.y) - f64::from(one.point.y) - way[1];
        x * x + y * y
    });
    oks(&distances, &counted, f64::from(seen.bounding_box.area()))
}

/// The centre of a box, x and y in pixels.
pub(crate) fn centre(of: BoundingBox<FramePx>) -> [f64; 2] {
    [f64::midpoint(of.x1.into(), of.x2.into()), f64::midpoint(of.y1.into(), of.y2.into())]
}

/// The diagonal of a box in pixels.
pub(crate) fn diagonal(of: BoundingBox<FramePx>) -> f64 {
    f64::from(of.width()).hypot(f64::from(of.height()))
}

fn moved(from: BoundingBox<FramePx>, [x, y]: [f64; 2]) -> BoundingBox<FramePx> {
    let by = |value: f32, way: f64| (f64::from(value) + way) as f32;
    BoundingBox::new(by(from.x1, x), by(from.y1, y), by(from.x2, x), by(from.y2, y))
}

fn ordered(one: f64, other: f64) -> [f64; 2] {
    if one <= other { [one, other] } else { [other, one] }
}
