//! `sums`: a unit a vector of channels of a block of pixels. `gates`: a row of units a gate. `scale`: a unit a vector of `x`.

use cubecl::prelude::*;

use crate::launch::item;
use crate::rows::{LANES, ROWS, places, sum};

/// Writes `[n, blocks, c]`, `count` vectors: the sums of each `block` pixels. `channels` counts vectors.
#[cube(launch)]
pub(super) fn sums<E: Float, N: Size>(
    x: &[Vector<E, N>],
    sums: &mut [Vector<f32, N>],
    count: u32,
    pixels: u32,
    channels: u32,
    blocks: u32,
    block: u32,
) {
    let at = item();
    if at < count {
        let channel = at % channels;
        let first = at / channels % blocks * block;
        let image = at / channels / blocks;
        let mut sum = Vector::<f32, N>::new(0.0);
        let mut pixel = first;
        while pixel < pixels && pixel < first + block {
            sum += Vector::cast_from(x[((image * pixels + pixel) * channels + channel) as usize]);
            pixel += 1;
        }
        sums[at as usize] = sum;
    }
}

/// Writes `[n, c]`: `hardsigmoid(weight mean + bias)`. Every cube finishes the means of its image for itself.
#[cube(launch)]
pub(super) fn gates<E: Float>(
    sums: &[f32],
    weight: &[E],
    bias: &[f32],
    gates: &mut [f32],
    pixels: u32,
    blocks: u32,
    #[comptime] channels: usize,
) {
    let mut means = Shared::<[f32]>::new_slice(channels);
    let mut shared = places();
    let all = comptime!(channels as u32);
    let mut channel = UNIT_POS;
    while channel < all {
        let mut total = 0.0f32;
        let mut block = 0u32;
        while block < blocks {
            total += sums[((CUBE_POS_Y * blocks + block) * all + channel) as usize];
            block += 1;
        }
        means[channel as usize] = total / f32::cast_from(pixels);
        channel += CUBE_DIM;
    }
    sync_cube();
    let gate = CUBE_POS_X * comptime!(ROWS) + UNIT_POS_Y;
    // A row without a gate repeats the last one and writes nothing.
    let row = u32::min(gate, all - 1) * all;
    let mut own = 0.0f32;
    let mut input = UNIT_POS_X;
    while input < all {
        own += means[input as usize] * f32::cast_from(weight[(row + input) as usize]);
        input += comptime!(LANES);
    }
    let total = sum(&mut shared, own);
    if UNIT_POS_X == 0 && gate < all {
        let level = (total + bias[gate as usize]) / 6.0 + 0.5;
        // Not a clamp, which would lose a NaN.
        let above = select(level < 0.0, 0.0, level);
        gates[(CUBE_POS_Y * all + gate) as usize] = select(above > 1.0, 1.0, above);
    }
}

/// Writes `count` vectors of `x` times the gates of their channels; `channels` counts vectors.
#[cube(launch)]
pub(super) fn scale<E: Float, N: Size>(
    x: &[Vector<E, N>],
    gates: &[Vector<f32, N>],
    y: &mut [Vector<E, N>],
    count: u32,
    pixels: u32,
    channels: u32,
) {
    let at = item();
    if at < count {
        let image = at / channels / pixels;
        let gate = gates[(image * channels + at % channels) as usize];
        y[at as usize] = Vector::cast_from(Vector::<f32, N>::cast_from(x[at as usize]) * gate);
    }
}
