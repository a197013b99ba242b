//! Who is who in one frame: people of A and B paired by OKS, the most alike first.
//!
//! A pair is taken greedily, best first, from those that are alike enough and still free. Everything that decides is the same
//! with A and B exchanged: OKS counts the keypoints that either side is sure of, on the smaller of the two areas, and pairs
//! that tie are ordered by box IoU and then by the people's places in their frames.

use super::CompareOptions;
use crate::oks::{SquaredDistances, oks};
use swingpose_core::{Origin, PersonLabel};

/// A person of A and the same person in B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// The place in A's people.
    pub(super) a: usize,
    /// The place in B's people.
    pub(super) b: usize,
    /// How alike their poses are.
    pub(super) oks: f64,
    /// How much their boxes overlap; `None` where one of them is no person's box but the whole frame.
    pub(super) box_iou: Option<f64>,
}

/// The pairs of a frame, best first.
pub(super) fn pair(a: &[PersonLabel], b: &[PersonLabel], options: &CompareOptions) -> Vec<Pair> {
    let mut candidates = Vec::with_capacity(a.len() * b.len());
    for (i, one) in a.iter().enumerate() {
        for (j, other) in b.iter().enumerate() {
            let oks = similarity(one, other, options);
            if oks >= options.min_oks {
                candidates.push(Pair { a: i, b: j, oks, box_iou: box_iou(one, other) });
            }
        }
    }
    candidates.sort_by(|one, other| {
        let overlap = |pair: &Pair| pair.box_iou.unwrap_or(0.0);
        let places = |pair: &Pair| (pair.a.min(pair.b), pair.a.max(pair.b));
        (other.oks.total_cmp(&one.oks))
            .then(overlap(other).total_cmp(&overlap(one)))
            .then(places(one).cmp(&places(other)))
    });
    let (mut free_a, mut free_b) = (vec![true; a.len()], vec![true; b.len()]);
    candidates.retain(|pair| {
        let taken = free_a[pair.a] && free_b[pair.b];
        if taken {
            (free_a[pair.a], free_b[pair.b]) = (false, false);
        }
        taken
    });
    candidates
}

fn similarity(a: &PersonLabel, b: &PersonLabel, options: &CompareOptions) -> f64 {
    let sure = |k: usize| a.keypoints[k].score >= options.min_score || b.keypoints[k].score >= options.min_score;
    // A side without an area of its own is measured by the other's.
    let area = match (area(a), area(b)) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other).unwrap_or(0.0),
    };
    oks(&squared_distances(a, b), &std::array::from_fn(sure), area)
}

/// How far each keypoint of `b` is from that of `a`, squared; NaN or infinite where a coordinate is not finite.
pub(super) fn squared_distances(a: &PersonLabel, b: &PersonLabel) -> SquaredDistances {
    std::array::from_fn(|k| {
        let (one, other) = (a.keypoints[k].point, b.keypoints[k].point);
        let (dx, dy) = (f64::from(one.x) - f64::from(other.x), f64::from(one.y) - f64::from(other.y));
        dx * dx + dy * dy
    })
}

/// A person's area: that of the box, or, where the box is the whole frame, that of the box around the keypoints. `None`
/// where that has no inside.
fn area(person: &PersonLabel) -> Option<f64> {
    let [x1, y1, x2, y2] = if person.origin == Origin::WholeFrame { extent(person) } else { corners(person) };
    let area = (x2 - x1) * (y2 - y1);
    (x2 > x1 && y2 > y1 && area.is_finite()).then_some(area)
}

fn corners(person: &PersonLabel) -> [f64; 4] {
    <[f32; 4]>::from(person.bounding_box).map(f64::from)
}

/// The box around the keypoints that are somewhere.
fn extent(person: &PersonLabel) -> [f64; 4] {
    let points = person.keypoints.iter().map(|keypoint| [keypoint.point.x, keypoint.point.y].map(f64::from));
    points
        .filter(|[x, y]| x.is_finite() && y.is_finite())
        .fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |[x1, y1, x2, y2], [x, y]| {
            [x1.min(x), y1.min(y), x2.max(x), y2.max(y)]
        })
}

/// Intersection over union, 0 where there is none or a corner is not finite.
fn box_iou(a: &PersonLabel, b: &PersonLabel) -> Option<f64> {
    if a.origin == Origin::WholeFrame || b.origin == Origin::WholeFrame {
        return None;
    }
    if !a.bounding_box.is_proper() || !b.bounding_box.is_proper() {
        return Some(0.0);
    }
    let ([ax1, ay1, ax2, ay2], [bx1, by1, bx2, by2]) = (corners(a), corners(b));
    let intersection = (ax2.min(bx2) - ax1.max(bx1)).max(0.0) * (ay2.min(by2) - ay1.max(by1)).max(0.0);
    let union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - intersection;
    Some(intersection / union)
}
