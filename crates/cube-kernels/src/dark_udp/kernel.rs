//! `read`: a cube a map, blurred across in shared memory and down on the way out. `refine`: a unit a keypoint.

use cubecl::prelude::*;

use super::{REACH, WEIGHTS};
use crate::float::{fused, is_finite, is_nan, ln, nan_of};
use crate::launch::LINE;
use crate::reduce;

const CUBE: usize = LINE as usize;
/// What `read` leaves of a map: ten logarithms, the peak's value and its pixel.
pub(super) const RECORD: usize = 12;
/// Values are cut to this before the logarithm.
const FLOOR: f32 = 1e-3;
const CEILING: f32 = 50.0;
/// Added to the Hessian's diagonal: f32's epsilon.
const RIDGE: f32 = f32::EPSILON;

/// Writes `[m, k, RECORD]`. `mirror` names each keypoint's partner in the mirrored crop; `flipped` is read only where `flip`.
#[cube(launch)]
#[expect(clippy::too_many_arguments, reason = "the maps, their mirror images, and their sizes")]
pub(crate) fn read<E: Float>(
    heatmaps: &[E],
    flipped: &[E],
    mirror: &[u32],
    records: &mut [f32],
    keypoints: u32,
    height: u32,
    width: u32,
    #[comptime] area: usize,
    #[comptime] flip: bool,
) {
    let mut blurred = Shared::<[f32]>::new_slice(area);
    let mut values = Shared::<[f32]>::new_slice(comptime!(CUBE));
    let mut places = Shared::<[u32]>::new_slice(comptime!(CUBE));
    let pixels = height * width;
    let map = (CUBE_POS_Y * keypoints + CUBE_POS_X) * pixels;
    let other = (CUBE_POS_Y * keypoints + mirror[CUBE_POS_X as usize]) * pixels;
    // A unit without a pixel of its own repeats the first, which changes nothing.
    let first = select(UNIT_POS < pixels, UNIT_POS, 0);
    let mut best = value::<E>(heatmaps, flipped, map, other, first, width, flip);
    let mut best_at = first;
    let mut none = 0u32;
    let mut at = UNIT_POS;
    while at < pixels {
        let found = value::<E>(heatmaps, flipped, map, other, at, width, flip);
        none = select(is_nan(found), 1, none);
        if found > best {
            best = found;
            best_at = at;
        }
        let column = at % width;
        let mut sum = 0.0f32;
        #[unroll]
        for tap in 0..11u32 {
            let weight = weight(comptime!((tap as usize).abs_diff(REACH)));
            if column + tap >= comptime!(REACH as u32) && column + tap < width + comptime!(REACH as u32) {
                let near = at + tap - comptime!(REACH as u32);
                sum = fused(value::<E>(heatmaps, flipped, map, other, near, width, flip), weight, sum);
            }
        }
        blurred[at as usize] = sum;
        at += CUBE_DIM;
    }
    let peak = reduce::largest(&mut values, best, LINE);
    let peak_at = reduce::least(&mut places, select(best == peak, best_at, comptime!(u32::MAX)), LINE);
    none = reduce::sum(&mut places, none, LINE);
    let mut largest = blurred_down(&blurred, first, width, height);
    at = UNIT_POS;
    while at < pixels {
        let found = blurred_down(&blurred, at, width, height);
        largest = select(found > largest, found, largest);
        at += CUBE_DIM;
    }
    largest = reduce::largest(&mut values, largest, LINE);
    let record = (CUBE_POS_Y * keypoints + CUBE_POS_X) * comptime!(RECORD as u32);
    if UNIT_POS < 10 {
        let ratio = f32::cast_from(f64::cast_from(peak) / f64::cast_from(largest));
        let factor = select(peak == 0.0 && largest == 0.0, 1.0, ratio);
        let place = neighbour(UNIT_POS, peak_at, width, height);
        let level = blurred_down(&blurred, place, width, height) * factor;
        let cut = level.clamp(comptime!(FLOOR), comptime!(CEILING));
        records[(record + UNIT_POS) as usize] = ln(cut);
    }
    if UNIT_POS == 10 {
        records[(record + 10) as usize] = select(none > 0, nan_of(peak_at), peak);
        records[(record + 11) as usize] = f32::cast_from(peak_at);
    }
}

/// A pixel of the map, or of the mean of it and its mirror image.
#[cube]
fn value<E: Float>(
    heatmaps: &[E],
    flipped: &[E],
    map: u32,
    other: u32,
    at: u32,
    width: u32,
    #[comptime] flip: bool,
) -> f32 {
    let own = f32::cast_from(heatmaps[(map + at) as usize]);
    if flip {
        let column = at % width;
        let turned = at - column + (width - 1 - column);
        (own + f32::cast_from(flipped[(other + turned) as usize])) * 0.5
    } else {
        own
    }
}

#[cube]
fn weight(#[comptime] distance: usize) -> f32 {
    f32::new(comptime!(WEIGHTS[distance] as f32))
}

/// The blur's second half at one pixel: itself, then pairs of rows from near to far. Outside the map is zero.
#[cube]
fn blurred_down(across: &Shared<[f32]>, at: u32, width: u32, height: u32) -> f32 {
    let row = at / width;
    let mut sum = across[at as usize] * weight(0usize);
    #[unroll]
    for step in 1..6u32 {
        let weight = weight(comptime!(step as usize));
        let mut above = 0.0f32;
        let mut below = 0.0f32;
        if row >= step {
            above = across[(at - step * width) as usize];
        }
        if row + step < height {
            below = across[(at + step * width) as usize];
        }
        sum = fused(above + below, weight, sum);
    }
    sum
}

/// The pixels whose logarithms are kept: the peak, those left, right, above and below, above left and below right, all cut to the
/// map, then its first, and the ends of its last row.
#[cube]
fn neighbour(which: u32, peak: u32, width: u32, height: u32) -> u32 {
    let x = peak % width;
    let y = peak / width;
    let left = select(x > 0, x - 1, 0);
    let right = u32::min(x + 1, width - 1);
    let up = select(y > 0, y - 1, 0) * width;
    let down = u32::min(y + 1, height - 1) * width;
    let mut place = peak;
    if which == 1 {
        place = y * width + left;
    } else if which == 2 {
        place = y * width + right;
    } else if which == 3 {
        place = up + x;
    } else if which == 4 {
        place = down + x;
    } else if which == 5 {
        place = up + left;
    } else if which == 6 {
        place = down + right;
    } else if which == 7 {
        place = 0;
    } else if which == 8 {
        place = (height - 1) * width;
    } else if which == 9 {
        place = height * width - 1;
    }
    place
}

/// Writes `[m, k, 3]`: x and y in the frame's pixels, and the score. `parts` is `[m, 4]`.
#[cube(launch)]
pub(crate) fn refine(
    records: &[f32],
    parts: &[f32],
    keypoints: &mut [f32],
    all: u32,
    a_crop: u32,
    height: u32,
    width: u32,
) {
    if ABSOLUTE_POS_X < all {
        let crop = ABSOLUTE_POS_X / a_crop;
        let keypoint = ABSOLUTE_POS_X % a_crop;
        let own = (ABSOLUTE_POS_X * comptime!(RECORD as u32)) as usize;
        let previous = crop * a_crop + (keypoint + a_crop - 1) % a_crop;
        let before = (previous * comptime!(RECORD as u32)) as usize;
        let score = records[own + 10];
        let peak = u32::cast_from(records[own + 11]);
        let outside = score <= 0.0;
        // Around (-1, -1): one row up or one column left begins the previous map's last row or two.
        let corner = records[own + 7];
        let center = select(outside, corner, records[own]);
        let left = select(outside, records[before + 9], records[own + 1]);
        let right = select(outside, corner, records[own + 2]);
        let up = select(outside, records[before + 8], records[own + 3]);
        let down = select(outside, corner, records[own + 4]);
        let up_left = select(outside, records[before + 9], records[own + 5]);
        let down_right = select(outside, corner, records[own + 6]);
        // Differences in f32 and mmpose's order: on flat maps the last bits decide.
        let dx = f64::cast_from(0.5 * (right - left));
        let dy = f64::cast_from(0.5 * (down - up));
        let ridge = f64::new(comptime!(RIDGE));
        let dxx = f64::cast_from(right - 2.0 * center + left) + ridge;
        let dyy = f64::cast_from(down - 2.0 * center + up) + ridge;
        let mixed = down_right - right - down + center + center - left - up + up_left;
        let dxy = f64::cast_from(0.5 * mixed);
        let straight = dxx * dyy;
        let slanted = dxy * dxy;
        let determinant = select(straight == slanted, 1.0, straight - slanted);
        let step_x = select(straight == slanted, 0.0, (dxy * dy - dyy * dx) / determinant);
        let step_y = select(straight == slanted, 0.0, (dxy * dx - dxx * dy) / determinant);
        let x = f32::cast_from(select(outside, -1.0, f64::cast_from(peak % width)) + step_x);
        let y = f32::cast_from(select(outside, -1.0, f64::cast_from(peak / width)) + step_y);
        let part = (crop * 4) as usize;
        let at = (ABSOLUTE_POS_X * 3) as usize;
        let number = is_finite(score);
        let nan = nan_of(peak);
        keypoints[at] = select(number, to_frame(x, width, parts[part], parts[part + 2]), nan);
        keypoints[at + 1] = select(number, to_frame(y, height, parts[part + 1], parts[part + 3]), nan);
        keypoints[at + 2] = score;
    }
}

/// From the heatmap to the frame along an axis: the centres of the first and last cells lie on the edges of the part.
#[cube]
fn to_frame(point: f32, cells: u32, center: f32, scale: f32) -> f32 {
    let scale = f64::cast_from(scale);
    f32::cast_from(f64::cast_from(point) / f64::cast_from(cells - 1) * scale + f64::cast_from(center) - 0.5 * scale)
}
