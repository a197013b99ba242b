//! A unit an output pixel: four source pixels out of the planes, mixed across, then down, as OpenCV's `INTER_LINEAR` does on bytes.

use cubecl::prelude::*;

use crate::frame::kernel::{Frame, frame_at, pixel};

/// The two source pixels, along one axis, that an output pixel lies between, and how much of each, in 1/2048.
#[derive(CubeType, Clone, Copy)]
struct Tap {
    first: i32,
    second: i32,
    of_first: i32,
    of_second: i32,
}

/// Writes `[n, size, size, 3]`. `contents` holds, per frame, the upright picture's width and height and those inside the square.
#[cube(launch)]
pub(crate) fn letterbox<F: Float>(words: &[u32], fields: &[i32], contents: &[i32], out: &mut [F], size: u32) {
    let x = ABSOLUTE_POS_X;
    let y = ABSOLUTE_POS_Y;
    if x < size && y < size {
        let content = (CUBE_POS_Z * 4) as usize;
        let to_width = contents[content + 2];
        let to_height = contents[content + 3];
        let mut blue = 114i32;
        let mut green = 114i32;
        let mut red = 114i32;
        if i32::cast_from(x) < to_width && i32::cast_from(y) < to_height {
            let frame = frame_at(fields, CUBE_POS_Z);
            let across = tap(i32::cast_from(x), contents[content], to_width, true);
            let down = tap(i32::cast_from(y), contents[content + 1], to_height, false);
            let a = mixed_across(words, &frame, &across, down.first);
            let b = mixed_across(words, &frame, &across, down.second);
            blue = mixed_down(a.0, b.0, &down);
            green = mixed_down(a.1, b.1, &down);
            red = mixed_down(a.2, b.2, &down);
        }
        let at = (((CUBE_POS_Z * size + y) * size + x) * 3) as usize;
        out[at] = F::cast_from((f32::cast_from(blue) - 103.53) / 57.375);
        out[at + 1] = F::cast_from((f32::cast_from(green) - 116.28) / 57.12);
        out[at + 2] = F::cast_from((f32::cast_from(red) - 123.675) / 58.395);
    }
}

/// Where output `index` of `to` falls among `from` source pixels: `(index + 0.5) * from / to - 0.5`, rounded to f32 as OpenCV does.
#[cube]
fn tap(index: i32, from: i32, to: i32, #[comptime] column: bool) -> Tap {
    // The position in 1 / (2 to), exactly; it is never below -1.
    let position = (2 * index + 1) * from - to;
    let unit = 2 * to;
    let whole = select(position < 0, -1, position / unit);
    let beyond = f32::cast_from(position - whole * unit) / f32::cast_from(unit);
    let rounded = f32::cast_from(whole) + beyond;
    let cell = i32::cast_from(f32::floor(rounded));
    let mut fraction = rounded - f32::floor(rounded);
    if column {
        // Beyond the outermost centres a column is one source pixel; a row is the edge row twice.
        fraction = select(cell >= 0 && cell < from - 1, fraction, 0.0);
    }
    Tap {
        first: i32::max(i32::min(cell, from - 1), 0),
        second: i32::max(i32::min(cell + 1, from - 1), 0),
        of_first: weight(1.0 - fraction),
        of_second: weight(fraction),
    }
}

/// In 1/2048, halves to the even.
#[cube]
fn weight(share: f32) -> i32 {
    let scaled = share * 2048.0;
    let whole = f32::floor(scaled);
    let beyond = scaled - whole;
    let cell = i32::cast_from(whole);
    cell + select(beyond > 0.5 || (beyond == 0.5 && (cell & 1) == 1), 1, 0)
}

/// Blue, green and red of row `y` at an output column, in 1/128.
#[cube]
fn mixed_across(words: &[u32], frame: &Frame, across: &Tap, y: i32) -> (i32, i32, i32) {
    let a = pixel(words, frame, across.first, y);
    let b = pixel(words, frame, across.second, y);
    let blue = (a.blue * across.of_first + b.blue * across.of_second) >> 4;
    let green = (a.green * across.of_first + b.green * across.of_second) >> 4;
    let red = (a.red * across.of_first + b.red * across.of_second) >> 4;
    (blue, green, red)
}

#[cube]
fn mixed_down(first: i32, second: i32, down: &Tap) -> i32 {
    (((first * down.of_first) >> 16) + ((second * down.of_second) >> 16) + 2) >> 2
}
