//! A row of units a token, which it reads three times: for its mean, for its variance, and to write it.

use cubecl::prelude::*;

use crate::rows::{LANES, ROWS, across, places, sum};

/// Writes `tokens` rows; `channels` counts vectors.
#[cube(launch)]
pub(super) fn layer_norm<E: Float, N: Size>(
    x: &[Vector<E, N>],
    weight: &[Vector<f32, N>],
    bias: &[Vector<f32, N>],
    y: &mut [Vector<E, N>],
    tokens: u32,
    channels: u32,
    eps: f32,
) {
    let mut shared = places();
    let token = (CUBE_POS_Y * CUBE_COUNT_X + CUBE_POS_X) * comptime!(ROWS) + UNIT_POS_Y;
    // A row without a token repeats the last one and writes nothing.
    let first = u32::min(token, tokens - 1) * channels;
    let width = N::value();
    let count = f32::cast_from(channels * comptime!(width as u32));
    let mut own = Vector::<f32, N>::new(0.0);
    let mut at = UNIT_POS_X;
    while at < channels {
        own += Vector::cast_from(x[(first + at) as usize]);
        at += comptime!(LANES);
    }
    let mean = Vector::<f32, N>::new(sum(&mut shared, across::<N>(own)) / count);
    own = Vector::<f32, N>::new(0.0);
    at = UNIT_POS_X;
    while at < channels {
        let apart = Vector::<f32, N>::cast_from(x[(first + at) as usize]) - mean;
        own += apart * apart;
        at += comptime!(LANES);
    }
    let variance = sum(&mut shared, across::<N>(own)) / count;
    let scale = Vector::<f32, N>::new(1.0 / f32::sqrt(variance + eps));
    at = UNIT_POS_X;
    while at < channels && token < tokens {
        let apart = Vector::<f32, N>::cast_from(x[(first + at) as usize]) - mean;
        y[(first + at) as usize] = Vector::cast_from(apart * scale * weight[at as usize] + bias[at as usize]);
        at += comptime!(LANES);
    }
}
