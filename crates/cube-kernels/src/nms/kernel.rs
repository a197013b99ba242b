//! `rank`: a unit a box. `suppress`: a cube an image, whose units each mind every 256th box of the order, so that whether a box is
//! still standing is known to the one unit that asks.
//! `clamp_to_picture`: a unit a kept person.

use cubecl::prelude::*;

use super::SPLIT_BOXES;
use crate::float::{is_nan, product};
use crate::launch::LINE;
use crate::reduce;

const CUBE: usize = LINE as usize;
const NOBODY: u32 = u32::MAX;

/// Writes to `order` the live boxes of each image by descending score, equal scores by position.
#[cube(launch)]
pub(crate) fn rank(scores: &[f32], live: &[u32], order: &mut [u32], capacity: u32) {
    let place = ABSOLUTE_POS_X;
    let image = CUBE_POS_Y * capacity;
    if place < capacity && live[(image + place) as usize] == 1 {
        let own = order_key(scores[(image + place) as usize]);
        let mut better = 0u32;
        for other in 0..capacity {
            if live[(image + other) as usize] == 1 {
                let key = order_key(scores[(image + other) as usize]);
                if key > own || (key == own && other < place) {
                    better += 1;
                }
            }
        }
        order[(image + better) as usize] = place;
    }
}

/// An integer that orders as IEEE's total order does.
#[cube]
fn order_key(score: f32) -> u32 {
    let bits = u32::reinterpret(score);
    select(bits >> 31 == 1, !bits, bits | 0x8000_0000)
}

/// What a box must be to take part, and what counts as its inside.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Terms {
    /// Boxes with a larger overlap are dropped.
    pub(crate) iou_threshold: f32,
    /// 1 if only boxes of class 0 with a score above `score_threshold` take part.
    pub(crate) people: u32,
    pub(crate) score_threshold: f32,
    /// Added to x2 and y2 before overlaps are measured.
    pub(crate) cover: f32,
}

/// Writes at most `limit` boxes an image, best first, and zeros in the places left.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a buffer for every column of boxes in and out")]
pub(crate) fn suppress(
    corners: &[f32],
    scores: &[f32],
    labels: &[u32],
    live: &[u32],
    order: &[u32],
    standing: &mut [u32],
    kept_corners: &mut [f32],
    kept_scores: &mut [f32],
    kept_labels: &mut [u32],
    kept_live: &mut [u32],
    terms: Terms,
    capacity: u32,
    limit: u32,
) {
    let mut numbers = Shared::<[f32]>::new_slice(comptime!(CUBE));
    let mut counts = Shared::<[u32]>::new_slice(comptime!(CUBE));
    let image = CUBE_POS_X * capacity;
    let own = extent(corners, live, image, capacity);
    let largest = reduce::largest(&mut numbers, own.largest, LINE);
    let boxes = reduce::sum(&mut counts, own.boxes, LINE);
    let negative = reduce::sum(&mut counts, own.negative, LINE);
    let apart = negative == 0 || boxes >= comptime!(SPLIT_BOXES);
    let mut rank = UNIT_POS;
    while rank < boxes {
        let at = image + order[(image + rank) as usize];
        let chosen = labels[at as usize] == 0 && scores[at as usize] > terms.score_threshold;
        standing[(image + rank) as usize] = select(terms.people == 0 || chosen, 1, 0);
        rank += CUBE_DIM;
    }
    let mut first = UNIT_POS;
    for round in 0..limit {
        while first < boxes && standing[(image + first) as usize] == 0 {
            first += CUBE_DIM;
        }
        let own = select(first < boxes, first, comptime!(NOBODY));
        let best = reduce::least(&mut counts, own, LINE);
        let kept = CUBE_POS_X * limit + round;
        if best == comptime!(NOBODY) {
            if UNIT_POS < 4 {
                kept_corners[(kept * 4 + UNIT_POS) as usize] = 0.0;
            }
            if UNIT_POS == 0 {
                kept_scores[kept as usize] = 0.0;
                kept_labels[kept as usize] = 0;
                kept_live[kept as usize] = 0;
            }
        } else {
            let at = image + order[(image + best) as usize];
            if UNIT_POS < 4 {
                kept_corners[(kept * 4 + UNIT_POS) as usize] = corners[(at * 4 + UNIT_POS) as usize];
            }
            if UNIT_POS == 0 {
                kept_scores[kept as usize] = scores[at as usize];
                kept_labels[kept as usize] = labels[at as usize];
                kept_live[kept as usize] = 1;
            }
            let label = select(terms.people == 1, 0, labels[at as usize]);
            let winner = moved(corners, at, label, largest, terms.cover);
            let mut other = first;
            while other < boxes {
                if standing[(image + other) as usize] == 1 {
                    let other_at = image + order[(image + other) as usize];
                    let other_label = select(terms.people == 1, 0, labels[other_at as usize]);
                    let rival = moved(corners, other_at, other_label, largest, terms.cover);
                    let meets = !apart || other_label == label;
                    if other == best || (meets && overlap(&winner, &rival) > terms.iou_threshold) {
                        standing[(image + other) as usize] = 0;
                    }
                }
                other += CUBE_DIM;
            }
        }
    }
}

/// What a unit sees of an image's boxes: their largest coordinate, whether one is negative, and how many there are.
#[derive(CubeType, Clone, Copy)]
struct Extent {
    largest: f32,
    negative: u32,
    boxes: u32,
}

#[cube]
fn extent(corners: &[f32], live: &[u32], image: u32, capacity: u32) -> Extent {
    let mut largest = f32::reinterpret(0xff80_0000u32 | (capacity >> 31));
    let mut negative = 0u32;
    let mut boxes = 0u32;
    let mut place = UNIT_POS;
    while place < capacity {
        if live[(image + place) as usize] == 1 {
            boxes += 1;
            for side in 0..4u32 {
                let corner = corners[((image + place) * 4 + side) as usize];
                if !is_nan(corner) {
                    largest = select(corner > largest, corner, largest);
                    negative = select(corner < 0.0, 1, negative);
                }
            }
        }
        place += CUBE_DIM;
    }
    Extent { largest, negative, boxes }
}

#[derive(CubeType, Clone, Copy)]
struct Corners {
    x1: f32,
    y1: f32,
    x2: f32,
    y2: f32,
}

/// A box moved apart from those of other classes.
#[cube]
fn moved(corners: &[f32], at: u32, label: u32, largest: f32, cover: f32) -> Corners {
    let by = product(f32::cast_from(label), largest + 1.0);
    let place = (at * 4) as usize;
    Corners {
        x1: corners[place] + by,
        y1: corners[place + 1] + by,
        x2: corners[place + 2] + cover + by,
        y2: corners[place + 3] + cover + by,
    }
}

/// Intersection over union; not above any threshold if either box holds a NaN.
#[cube]
fn overlap(a: &Corners, b: &Corners) -> f32 {
    let area_a = product(a.x2 - a.x1, a.y2 - a.y1);
    let area_b = product(b.x2 - b.x1, b.y2 - b.y1);
    let width = f32::min(a.x2, b.x2) - f32::max(a.x1, b.x1);
    let height = f32::min(a.y2, b.y2) - f32::max(a.y1, b.y1);
    let shared = product(select(width > 0.0, width, 0.0), select(height > 0.0, height, 0.0));
    let ratio = shared / (area_a + area_b - shared);
    select(is_nan(area_a) || is_nan(area_b) || is_nan(ratio), -1.0, ratio)
}

/// Cuts boxes to their pictures, `pictures` being `[n, 2]`; one without anything left in is none.
#[cube(launch)]
pub(crate) fn clamp_to_picture(pictures: &[f32], corners: &mut [f32], live: &mut [u32], capacity: u32) {
    let place = ABSOLUTE_POS_X;
    if place < capacity {
        let index = CUBE_POS_Y * capacity + place;
        let at = (index * 4) as usize;
        let width = pictures[(CUBE_POS_Y * 2) as usize];
        let height = pictures[(CUBE_POS_Y * 2 + 1) as usize];
        let x1 = f32::max(f32::min(corners[at], width), 0.0);
        let y1 = f32::max(f32::min(corners[at + 1], height), 0.0);
        let x2 = f32::max(f32::min(corners[at + 2], width), 0.0);
        let y2 = f32::max(f32::min(corners[at + 3], height), 0.0);
        corners[at] = x1;
        corners[at + 1] = y1;
        corners[at + 2] = x2;
        corners[at + 3] = y2;
        live[index as usize] = select(x2 > x1 && y2 > y1, live[index as usize], 0);
    }
}
