//! `plan`: a cube a box, from its corners to where the crop's columns and rows lie in the frame, in 1/32 pixel.
//! `crop`: a unit a crop pixel, four frame pixels weighted in 1/32 of 1/32.

use cubecl::prelude::*;

use crate::float::round_half_even;
use crate::frame::kernel::{Bgr, Frame, frame_at, frame_height, frame_width, pixel};

/// Terms are rounded to 1/1024 of a pixel, then their sums to 1/32.
const TERM_SCALE: f32 = 1024.0;
/// Further than any frame reaches, and far from overflowing in sums.
const FAR: f64 = (1_u64 << 52) as f64;
/// A position outside of every frame, in 1/32 pixel.
const OUTSIDE: i32 = -(1 << 30);

/// Writes `[m, 4]` to `parts` and, for each crop, the positions of its `width` columns and `height` rows to `positions`.
#[cube(launch)]
pub(crate) fn plan(
    corners: &[f32],
    live: &[u32],
    parts: &mut [f32],
    positions: &mut [i32],
    width: u32,
    height: u32,
    padding: f32,
) {
    let index = CUBE_POS_X;
    let at = (index * 4) as usize;
    let aspect = f32::cast_from(width) / f32::cast_from(height);
    let grown_width = (corners[at + 2] - corners[at]) * padding;
    let grown_height = (corners[at + 3] - corners[at + 1]) * padding;
    let wide = grown_width > grown_height * aspect;
    let scale_x = select(wide, grown_width, grown_height * aspect);
    let scale_y = select(wide, grown_width / aspect, grown_height);
    let center_x = (corners[at + 2] + corners[at]) * 0.5;
    let center_y = (corners[at + 3] + corners[at + 1]) * 0.5;
    let x_to_crop = to_crop(center_x, scale_x, width);
    let y_to_crop = to_crop(center_y, scale_y, height);
    // In OpenCV's order, so that halves fall on the same side.
    let factor = 1.0 / (x_to_crop.0 * y_to_crop.0);
    let x_factor = y_to_crop.0 * factor;
    let y_factor = x_to_crop.0 * factor;
    let x_shift = -x_factor * x_to_crop.1;
    let y_shift = -y_factor * y_to_crop.1;
    let lit = live[index as usize] == 1 && is_number(x_factor, x_shift) && is_number(y_factor, y_shift);
    let mut place = UNIT_POS;
    while place < width + height {
        let mut position = comptime!(OUTSIDE).runtime();
        if lit {
            if place < width {
                position = column_position(place, x_factor, x_shift);
            } else {
                position = row_position(place - width, y_factor, y_shift);
            }
        }
        positions[(index * (width + height) + place) as usize] = position;
        place += CUBE_DIM;
    }
    if UNIT_POS == 0 {
        parts[at] = center_x;
        parts[at + 1] = center_y;
        parts[at + 2] = scale_x;
        parts[at + 3] = scale_y;
    }
}

/// The factor and shift from frame to crop along an axis, rounded to f32 as they are handed to OpenCV.
#[cube]
fn to_crop(center: f32, scale: f32, side: u32) -> (f64, f64) {
    let factor = f64::cast_from(side - 1) / f64::cast_from(scale);
    let shift = factor * (0.5 * f64::cast_from(scale) - f64::cast_from(center));
    (f64::cast_from(f32::cast_from(factor)), f64::cast_from(f32::cast_from(shift)))
}

#[cube]
fn is_number(factor: f64, shift: f64) -> bool {
    f64::abs(factor) < 1e300 && f64::abs(shift) < 1e300
}

/// OpenCV rounds a column's and the shift's part by themselves, and a row's with the shift.
#[cube]
fn column_position(place: u32, factor: f64, shift: f64) -> i32 {
    let scale = f64::new(comptime!(TERM_SCALE));
    position(fixed(factor * f64::cast_from(place) * scale) + fixed(shift * scale))
}

#[cube]
fn row_position(place: u32, factor: f64, shift: f64) -> i32 {
    position(fixed((factor * f64::cast_from(place) + shift) * f64::new(comptime!(TERM_SCALE))))
}

/// From 1/1024 of a pixel to 1/32, to the nearest.
#[cube]
fn position(sum: f64) -> i32 {
    let position = f64::floor((sum + 16.0) / 32.0);
    i32::cast_from(position.clamp(-1_073_741_824.0, 1_073_741_824.0))
}

#[cube]
fn fixed(term: f64) -> f64 {
    round_half_even(term.clamp(comptime!(-FAR), comptime!(FAR)))
}

/// Writes `[m, height, width, 3]`; crop `i` is cut of frame `owners[i]`.
#[cube(launch)]
pub(crate) fn crop<F: Float>(
    words: &[u32],
    fields: &[i32],
    owners: &[u32],
    positions: &[i32],
    out: &mut [F],
    width: u32,
    height: u32,
) {
    let column = ABSOLUTE_POS_X;
    let row = ABSOLUTE_POS_Y;
    if column < width && row < height {
        let frame = frame_at(fields, owners[CUBE_POS_Z as usize]);
        let plan = CUBE_POS_Z * (width + height);
        let x = positions[(plan + column) as usize];
        let y = positions[(plan + width + row) as usize];
        let a = pixel_or_black(words, &frame, x >> 5, y >> 5);
        let b = pixel_or_black(words, &frame, (x >> 5) + 1, y >> 5);
        let c = pixel_or_black(words, &frame, x >> 5, (y >> 5) + 1);
        let d = pixel_or_black(words, &frame, (x >> 5) + 1, (y >> 5) + 1);
        let blue = mixed(a.blue, b.blue, c.blue, d.blue, x & 31, y & 31);
        let green = mixed(a.green, b.green, c.green, d.green, x & 31, y & 31);
        let red = mixed(a.red, b.red, c.red, d.red, x & 31, y & 31);
        let at = (((CUBE_POS_Z * height + row) * width + column) * 3) as usize;
        out[at] = F::cast_from((f32::cast_from(red) - 123.675) / 58.395);
        out[at + 1] = F::cast_from((f32::cast_from(green) - 116.28) / 57.12);
        out[at + 2] = F::cast_from((f32::cast_from(blue) - 103.53) / 57.375);
    }
}

#[cube]
fn pixel_or_black(words: &[u32], frame: &Frame, x: i32, y: i32) -> Bgr {
    let mut found = Bgr { blue: 0i32.runtime(), green: 0i32.runtime(), red: 0i32.runtime() };
    if x >= 0 && x < frame_width(frame) && y >= 0 && y < frame_height(frame) {
        let inside = pixel(words, frame, x, y);
        found.blue = inside.blue;
        found.green = inside.green;
        found.red = inside.red;
    }
    found
}

/// Four levels, by the shares of the right and the lower ones in 1/32.
#[cube]
fn mixed(a: i32, b: i32, c: i32, d: i32, right: i32, lower: i32) -> i32 {
    let top = a * (32 - right) + b * right;
    let bottom = c * (32 - right) + d * right;
    (top * (32 - lower) + bottom * lower + 512) >> 10
}
