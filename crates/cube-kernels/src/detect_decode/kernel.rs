//! Three kernels a level. Candidates are integers: the bits of their score, plus 1, which order as the scores do; 0 is none.

use cubecl::prelude::*;

use crate::float::{is_nan, sigmoid};
use crate::launch::WIDE;
use crate::reduce;

const CUBE: usize = WIDE as usize;
const NOBODY: u32 = u32::MAX;

/// A unit a logit: writes `[n, logits]`.
#[cube(launch)]
pub(crate) fn score(cls_scores: &[f32], keys: &mut [u32], logits: u32, score_thr: f32) {
    if ABSOLUTE_POS_X < logits {
        let at = (CUBE_POS_Y * logits + ABSOLUTE_POS_X) as usize;
        let score = sigmoid(cls_scores[at]);
        keys[at] = select(score > score_thr, u32::reinterpret(score) + 1, 0);
    }
}

/// A cube an image: writes the indices of its best `best` logits, in the order of the logits, to `[n, best]`, and `NOBODY` to what
/// is left.
#[cube(launch)]
pub(crate) fn select_best(keys: &[u32], chosen: &mut [u32], logits: u32, best: u32) {
    let mut counts = Shared::<[u32]>::new_slice(comptime!(CUBE));
    let mut ties = Shared::<[u32]>::new_slice(comptime!(CUBE));
    let image = CUBE_POS_X * logits;
    // The largest integer that `best` candidates reach, bit by bit.
    let mut least = 0u32;
    for step in 0..32u32 {
        let tried = least | (1u32 << (31 - step));
        let mut reached = 0u32;
        let mut at = UNIT_POS;
        while at < logits {
            reached += select(keys[(image + at) as usize] >= tried, 1, 0);
            at += CUBE_DIM;
        }
        reached = reduce::sum(&mut counts, reached, WIDE);
        least = select(reached >= best, tried, least);
    }
    least = u32::max(least, 1);
    // From here every unit minds a run of neighbouring logits.
    let run = logits.div_ceil(CUBE_DIM);
    let start = u32::min(UNIT_POS * run, logits);
    let end = u32::min(start + run, logits);
    let mut above = 0u32;
    let mut equal = 0u32;
    for at in start..end {
        let key = keys[(image + at) as usize];
        above += select(key > least, 1, 0);
        equal += select(key == least, 1, 0);
    }
    counts[UNIT_POS as usize] = above;
    ties[UNIT_POS as usize] = equal;
    sync_cube();
    above = 0;
    equal = 0;
    let mut all_above = 0u32;
    let mut all_equal = 0u32;
    for unit in 0..CUBE_DIM {
        above += select(unit < UNIT_POS, counts[unit as usize], 0);
        equal += select(unit < UNIT_POS, ties[unit as usize], 0);
        all_above += counts[unit as usize];
        all_equal += ties[unit as usize];
    }
    let places = best - u32::min(all_above, best);
    for at in start..end {
        let key = keys[(image + at) as usize];
        let place = above + u32::min(equal, places);
        if key > least {
            chosen[(CUBE_POS_X * best + place) as usize] = at;
            above += 1;
        } else if key == least {
            if equal < places {
                chosen[(CUBE_POS_X * best + place) as usize] = at;
            }
            equal += 1;
        }
    }
    let mut empty = all_above + u32::min(all_equal, places) + UNIT_POS;
    while empty < best {
        chosen[(CUBE_POS_X * best + empty) as usize] = comptime!(NOBODY);
        empty += CUBE_DIM;
    }
}

/// The level, and where its candidates go.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) width: u32,
    pub(crate) stride: u32,
    pub(crate) classes: u32,
    /// Logits of an image.
    pub(crate) logits: u32,
    /// Candidates of an image and this level.
    pub(crate) best: u32,
    /// Those of the levels before.
    pub(crate) before: u32,
    /// Places of an image.
    pub(crate) capacity: u32,
    /// Side of the detector's square.
    pub(crate) size: u32,
}

/// A unit a candidate: its box, cut to the detector's square and taken to the frame by `to_frame`, `[n, 2]`.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "a buffer for every column of boxes")]
pub(crate) fn gather(
    keys: &[u32],
    chosen: &[u32],
    bbox_preds: &[f32],
    to_frame: &[f32],
    corners: &mut [f32],
    scores: &mut [f32],
    labels: &mut [u32],
    live: &mut [u32],
    grid: Grid,
) {
    let place = ABSOLUTE_POS_X;
    let image = CUBE_POS_Y;
    if place < grid.best {
        let index = chosen[(image * grid.best + place) as usize];
        let out = image * grid.capacity + grid.before + place;
        let mut alive = 0u32;
        if index != comptime!(NOBODY) {
            let cell = index / grid.classes;
            let x = f32::cast_from((cell % grid.width) * grid.stride);
            let y = f32::cast_from((cell / grid.width) * grid.stride);
            let at = ((image * (grid.logits / grid.classes) + cell) * 4) as usize;
            let factor_x = to_frame[(image * 2) as usize];
            let factor_y = to_frame[(image * 2 + 1) as usize];
            let x1 = inside(x - bbox_preds[at], grid.size) * factor_x;
            let y1 = inside(y - bbox_preds[at + 1], grid.size) * factor_y;
            let x2 = inside(x + bbox_preds[at + 2], grid.size) * factor_x;
            let y2 = inside(y + bbox_preds[at + 3], grid.size) * factor_y;
            let mut number = true;
            for side in 0..4usize {
                number = number && !is_nan(bbox_preds[at + side]);
            }
            let corner = (out * 4) as usize;
            corners[corner] = x1;
            corners[corner + 1] = y1;
            corners[corner + 2] = x2;
            corners[corner + 3] = y2;
            scores[out as usize] = f32::reinterpret(keys[(image * grid.logits + index) as usize] - 1);
            labels[out as usize] = index % grid.classes;
            alive = select(number && x2 - x1 > 0.0 && y2 - y1 > 0.0, 1, 0);
        }
        live[out as usize] = alive;
    }
}

#[cube]
fn inside(corner: f32, size: u32) -> f32 {
    f32::max(f32::min(corner, f32::cast_from(size)), 0.0)
}
